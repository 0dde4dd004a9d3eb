defmodule Vllm.Bridge.Connection do
  @schema [
    connect_timeout: [
      type: :timeout,
      default: 5_000,
      doc: "Milliseconds for connecting, and again for the server's first frame."
    ],
    max_receive_bytes: [
      type: :positive,
      default: 2 * 1024 * 1024 * 1024,
      doc: "Largest response message."
    ],
    backoff: [
      type: :milliseconds,
      default: 50,
      doc: "Milliseconds before the second attempt to connect, doubled with each one that fails."
    ],
    max_backoff: [type: :milliseconds, default: 1_000, doc: "The longest these become."],
    keepalive: [
      type: :timeout,
      doc:
        "Milliseconds of silence, with calls in flight, after which the server is asked for a sign of " <>
          "life. Two minutes when absent, and never on a unix socket. Servers refuse to be asked too often."
    ],
    keepalive_timeout: [
      type: :timeout,
      default: 20_000,
      doc:
        "Milliseconds it has for that, before the connection is closed; with `:infinity` it never is."
    ],
    keepalive_without_calls: [
      type: :boolean,
      default: false,
      doc: "Asks also without calls in flight. Many servers refuse that."
    ]
  ]

  @moduledoc since: "0.1.0"
  @moduledoc """
  One gRPC connection to a rank or to the pool: `unary/4` makes a call on it, `server_stream/4`,
  `client_stream/4` and `bidi_stream/3` those with streams of messages.

      {:ok, conn} = Vllm.Bridge.Connection.start_link(endpoint: "unix:/run/vllm/rank0.sock")
      {:ok, response} = Vllm.Bridge.Connection.unary(conn, "/package.Service/Method", request)

      {:ok, stream} = Vllm.Bridge.Connection.server_stream(conn, "/package.Service/Events", request)
      {:ok, message} = Vllm.Bridge.Connection.next(stream)

  The connection opens with the first call and again with the first call after it was lost. Calls of
  any number of processes share it.

  A call that finds the connection closed waits for one attempt to open it. If that fails, so does the
  call, with `{:connect, reason}`. Attempts are repeated after a growing pause of up to one second. A call
  in a pause waits for its end, or fails at once if its deadline is sooner.

  ## Limits of the server

  A server limits the number of streams at a time; more calls wait. Their deadline goes on meanwhile, and
  the server is told what is left of it.

  ## What a failure tells

  Every failure says whether the call may have run, see `t:reason/0`.
  `format_reason/1` makes a sentence of it.
  """

  # The caller's process does as much as it can: message prefix, metadata, waiting, deadline. The deadline
  # is the caller's `receive`, so it holds whatever the server or the connection's process does. That
  # process, `Vllm.Bridge.Connection.Owner`, owns the socket and a `Vllm.Bridge.HTTP2.Client`.
  #
  # When the server goes away, accepted calls go on where they are, and new calls open another connection.

  alias Vllm.Bridge.Connection.{Grpc, Owner, Reason, Stream, Tls}
  alias Vllm.Bridge.Endpoint
  alias Vllm.{Deadline, Error, Options}

  @type conn :: GenServer.server()
  @type metadata :: [{name :: binary(), value :: binary()}]

  @typedoc """
  Why a call failed. Whether it ran:

    * `:status` - the server says; code and message are gRPC's
    * `:deadline_exceeded` - unknown; our timer ended, the stream was cancelled
    * `:connect` - no: nothing was sent
    * `:unprocessed` - no: the server never looked at it, or it was never sent
    * `:closed` - unknown: the connection or the stream was lost while the call was in flight
    * `:protocol` - unknown, except for what is refused before sending
      (`:invalid_metadata`, `:invalid_path`, `:invalid_timeout`, `:unknown_option`, `:request_too_large`,
      `:headers_too_large`)
  """
  @type reason ::
          {:status, code :: 0..16, message :: binary(), trailers :: metadata()}
          | :deadline_exceeded
          | {:connect, term()}
          | {:unprocessed, term()}
          | {:closed, term()}
          | {:protocol, term()}

  @typedoc "A streaming call; only the process that made it uses it, and its end cancels it."
  @opaque stream :: Stream.t()

  @doc since: "0.1.0"
  @doc """
  Starts a connection; it opens with the first call.

  Options:

    * `:endpoint` - `"unix:/path"`, `"host:port"` or `"[::1]:port"`, required
    * `:token` - sent as `authorization: Bearer ...` with every call
    * `:tls` - `true` or options, see `Vllm.Bridge`, TLS; in the clear when absent
    * `:name` - registers the process
  #{Options.docs(@schema)}

  Refused options are a `Vllm.Error`, reason `"invalid_option"`.
  """
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, Error.t()}
  def start_link(opts) do
    {name, opts} = Keyword.split(opts, [:name])
    {own, opts} = Keyword.split(opts, [:endpoint, :token, :tls])

    with {:ok, endpoint} <- Endpoint.parse(own[:endpoint]),
         {:ok, tls} <- Tls.options(own[:tls], endpoint),
         {:ok, options} <- Options.validate(opts, @schema, "connection") do
      Owner.start_link(endpoint, Map.merge(options, %{token: own[:token], tls: tls}), name)
    else
      {:error, problem} -> {:error, Options.invalid(problem)}
    end
  end

  @doc false
  @spec schema() :: Options.schema()
  def schema, do: @schema

  @doc since: "0.1.0"
  @doc "A connection as a supervisor's child; `opts` are those of `start_link/1`."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts), do: %{id: __MODULE__, start: {__MODULE__, :start_link, [opts]}}

  @doc since: "0.1.0"
  @doc """
  Calls the method at `path` with an encoded request; returns the encoded response.

  Never exits or raises. A caller that dies cancels its call. Options:

    * `:timeout` - milliseconds or `:infinity` (default). Travels as `grpc-timeout`; the caller is
      answered by then also when the server is silent
    * `:metadata` - pairs of binaries. Values of names ending in `-bin` may be any bytes, others
      printable ASCII
    * `:reply_metadata` - `true` for the metadata of the answer too, which makes that
      `{:ok, response, %{headers: pairs, trailers: pairs}}`
    * `:on_sent` - a function without arguments, called in the calling process once the request is on its
      way, behind those that were sent before
  """
  @spec unary(conn(), path :: binary(), request :: iodata(), keyword()) ::
          {:ok, response :: binary()}
          | {:ok, response :: binary(), %{headers: metadata(), trailers: metadata()}}
          | {:error, reason()}
  def unary(conn, path, request, opts \\ []) do
    with {:ok, request} <- prepare(path, request, opts),
         do: call(whereis(conn), request, Keyword.get(opts, :on_sent))
  end

  @doc since: "0.1.0"
  @doc """
  Begins a call whose answer is a stream of messages; read them with `next/1` or `request_next/1`. Returns
  at once: the first of these reports a failure.

  The server sends no more than one flow-control window (16 MiB) ahead of the reader. The stream ends
  when it was read to its end, with `cancel/1`, or with the calling process.

  Options as of `unary/4`. `:timeout` bounds the whole stream. With `:reply_metadata`, `await_open/1`
  returns `{:ok, headers}` and the end of the stream is `{:done, trailers}`.
  """
  @spec server_stream(conn(), path :: binary(), request :: iodata(), keyword()) ::
          {:ok, stream()} | {:error, reason()}
  def server_stream(conn, path, request, opts \\ []) do
    with {:ok, request} <- prepare(path, request, opts), do: open(conn, request)
  end

  @doc since: "0.1.0"
  @doc """
  Calls a method that takes a stream of messages and answers with one; returns that.

  `messages` is any enumerable of encoded messages. It is read as fast as the server takes them: no
  more than a MiB waits here beyond the server's flow-control window. If the server answers earlier, the
  rest is not read. If `messages` raises, the call is cancelled and this function raises.

  Options are `:timeout` and `:metadata` as of `unary/4`. The time bounds the whole call; what
  `messages` waits for by itself is not interrupted.
  """
  @spec client_stream(conn(), path :: binary(), messages :: Enumerable.t(), keyword()) ::
          {:ok, response :: binary()} | {:error, reason()}
  def client_stream(conn, path, messages, opts \\ []) do
    with :ok <- known(opts, [:timeout, :metadata]),
         {:ok, stream} <- bidi_stream(conn, path, opts) do
      Stream.exchange(stream, messages)
    else
      {:error, {:unknown_option, _key, _known} = reason} -> {:error, {:protocol, reason}}
      {:error, reason} -> {:error, reason}
    end
  end

  @doc since: "0.1.0"
  @doc """
  Begins a call with streams of messages in both directions. Send with `send_message/2` and `half_close/1`;
  read with `next/1`. Options as of `server_stream/4`.

      {:ok, stream} = Connection.bidi_stream(conn, "/package.Service/Talk", timeout: 5_000)
      :ok = Connection.send_message(stream, request)
      {:ok, answer} = Connection.next(stream)
      :ok = Connection.half_close(stream)
      :done = Connection.next(stream)

  Only the calling process uses the stream, whose end cancels it.
  """
  @spec bidi_stream(conn(), path :: binary(), keyword()) :: {:ok, stream()} | {:error, reason()}
  def bidi_stream(conn, path, opts \\ []) do
    with {:ok, request} <- prepare(path, :stream, opts), do: open(conn, request)
  end

  defp open(conn, request) do
    case whereis(conn) do
      pid when is_pid(pid) -> {:ok, Stream.open(pid, request)}
      _nobody -> {:error, {:closed, :noproc}}
    end
  end

  @doc since: "0.1.0"
  @doc """
  Sends one more message of a `bidi_stream/3` and waits while more than a MiB of it waits for the
  server. The message is kept until the connection is open and the stream has its turn.

  `{:error, {:closed, :ended}}` when the server has ended the stream: `next/1` says how.
  """
  @spec send_message(stream(), iodata()) :: :ok | {:error, reason()}
  defdelegate send_message(stream, message), to: Stream, as: :write

  @doc since: "0.1.0"
  @doc """
  Sends as `send_message/2` does without waiting: the caller gets `{ref, answer}` once there is room for
  the next message, with an answer of that function, or `{:DOWN, ref, :process, pid, reason}`. After
  `cancel/1` it may get neither. Messages that are sent before the answer queue up in this BEAM.
  """
  @spec request_send(stream(), iodata()) :: {:ok, reference()} | {:error, reason()}
  defdelegate request_send(stream, message), to: Stream, as: :request_write

  @doc since: "0.1.0"
  @doc "Says that no more messages follow; the server's go on. On an ended stream it does nothing."
  @spec half_close(stream()) :: :ok
  defdelegate half_close(stream), to: Stream

  @doc since: "0.1.0"
  @doc "Waits until the server has accepted a stream: the answer has begun, with a message or without."
  @spec await_open(stream()) :: :ok | {:ok, headers :: metadata()} | {:error, reason()}
  def await_open(stream), do: Stream.read(stream, :open)

  @doc since: "0.1.0"
  @doc "As `await_open/1` without waiting: answered with `{ref, :ok}` or an error, as `request_next/1`."
  @spec request_open(stream()) :: ref :: reference()
  def request_open(stream), do: Stream.request_read(stream, :open)

  @doc since: "0.1.0"
  @doc """
  The next message of a stream; `:done` at its end. After `:done` or an error the stream is gone.
  """
  @spec next(stream()) ::
          {:ok, binary()} | :done | {:done, trailers :: metadata()} | {:error, reason()}
  def next(stream), do: Stream.read(stream, :next)

  @doc since: "0.1.0"
  @doc """
  Asks for the next message of a stream without waiting: the caller gets `{ref, answer}` with an answer
  of `next/1`, or `{:DOWN, ref, :process, pid, reason}` when the connection's process ends. Nobody
  keeps the stream's deadline then but the server.
  """
  @spec request_next(stream()) :: ref :: reference()
  def request_next(stream), do: Stream.request_read(stream, :next)

  @doc since: "0.1.0"
  @doc "Cancels a stream. On an ended stream it does nothing."
  @spec cancel(stream()) :: :ok
  defdelegate cancel(stream), to: Stream

  @options_of_calls [:timeout, :metadata, :reply_metadata, :on_sent]

  defp prepare(path, request, opts) do
    with :ok <- known(opts, @options_of_calls),
         {:ok, deadline} <- deadline(Keyword.get(opts, :timeout, :infinity)),
         :ok <- check_path(path),
         {:ok, metadata} <- Grpc.encode_metadata(Keyword.get(opts, :metadata, [])),
         {:ok, body} <- body(request) do
      {:ok, {path, body, metadata, deadline, Keyword.get(opts, :reply_metadata, false)}}
    else
      {:error, reason} -> {:error, {:protocol, reason}}
    end
  end

  defp known([], _options), do: :ok

  defp known([{key, _value} | rest], options) do
    if key in options, do: known(rest, options), else: {:error, {:unknown_option, key, options}}
  end

  defp body(:stream), do: {:ok, :stream}
  defp body(request), do: Grpc.frame(request)

  defp call(nil, _request, _on_sent), do: {:error, {:closed, :noproc}}

  defp call(conn, {_path, _body, _metadata, deadline, _full?} = request, on_sent) do
    # An alias: an answer that comes after we stopped waiting is dropped by the runtime.
    ref = :erlang.monitor(:process, conn, alias: :reply_demonitor)
    send(conn, {:unary, ref, self(), request})
    if on_sent, do: on_sent.()
    Stream.await(conn, ref, ref, deadline)
  end

  defp whereis(conn) do
    GenServer.whereis(conn)
  rescue
    # Neither a process nor a name.
    _ -> nil
  end

  defp deadline(timeout) when timeout == :infinity or (is_integer(timeout) and timeout >= 0),
    do: {:ok, Deadline.new(timeout)}

  defp deadline(timeout), do: {:error, {:invalid_timeout, timeout}}

  defp check_path(<<"/", _::binary>>), do: :ok
  defp check_path(path), do: {:error, {:invalid_path, path}}

  @doc since: "0.1.0"
  @doc "Closes the connection; calls in flight fail with `{:closed, :closed_here}`."
  @spec close(conn()) :: :ok
  def close(conn) do
    GenServer.stop(conn)
  catch
    :exit, _ -> :ok
  end

  @doc since: "0.1.0"
  @doc "Says what happened and what to do next."
  @spec format_reason(reason()) :: String.t()
  defdelegate format_reason(reason), to: Reason, as: :format
end
