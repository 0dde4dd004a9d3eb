defmodule Vllm.Bridge.Connection do
  @moduledoc """
  One gRPC connection to a rank or to the pool: `unary/4` makes a call on it, `server_stream/4` one
  that is answered with a stream of messages.

      {:ok, conn} = Vllm.Bridge.Connection.start_link(endpoint: "unix:/run/vllm/rank0.sock")
      {:ok, response} = Vllm.Bridge.Connection.unary(conn, "/package.Service/Method", request)

      {:ok, stream} = Vllm.Bridge.Connection.server_stream(conn, "/package.Service/Events", request)
      {:ok, message} = Vllm.Bridge.Connection.next(stream)

  The connection opens with the first call and again with the first call after it was lost. While it
  cannot be opened, calls fail at once with `{:connect, reason}`. Calls of any number of processes
  share it.

  ## What a failure tells

  Every failure says whether the call may have run, see `t:Vllm.Bridge.Connection.Reason.t/0`.
  `format_reason/1` makes a sentence of it.

  ## How it works

  The caller's process does what can be done there: message prefix, metadata, waiting, deadline. The
  deadline is the caller's `receive`, which holds whatever the server or the connection's process
  does. That process, `Vllm.Bridge.Connection.Owner`, owns the socket and a
  `Vllm.Bridge.HTTP2.Client`.

  When the server says that it goes away, calls it accepted go on where they are and new ones open a
  new connection beside it.
  """

  alias Vllm.Bridge.Connection.{Grpc, Owner, Reason, Tls}
  alias Vllm.Bridge.Endpoint

  # `receive` takes no longer timeout (49 days).
  @max_timeout 0xFFFFFFFF

  @type conn :: GenServer.server()
  @type metadata :: [{name :: binary(), value :: binary()}]

  @typedoc "Why a call failed and whether it may have run."
  @type reason :: Reason.t()

  @typedoc "A streaming call; only the process that made it reads it, and its end cancels it."
  @opaque stream :: %{conn: pid(), ref: reference(), deadline: integer() | nil}

  @doc """
  Starts a connection; it opens with the first call.

  Options:

    * `:endpoint` - `"unix:/path"`, `"host:port"` or `"[::1]:port"`, required
    * `:token` - sent as `authorization: Bearer ...` with every call
    * `:tls` - `true` or options, see `Vllm.Bridge.Connection.Tls`; in the clear when absent
    * `:name` - registers the process
    * `:connect_timeout` - milliseconds for connecting, and again for the server's first frame, 5,000
    * `:max_receive_bytes` - largest response message, 2 GiB

  An endpoint or TLS options that cannot be used are `{:error, message}`.
  """
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, String.t()}
  def start_link(opts) do
    with {:ok, endpoint} <- Endpoint.parse(Keyword.get(opts, :endpoint)),
         {:ok, tls} <- Tls.options(Keyword.get(opts, :tls), endpoint) do
      Owner.start_link(endpoint, Keyword.put(opts, :tls, tls))
    end
  end

  @doc "A connection as a supervisor's child; `opts` are those of `start_link/1`."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts), do: %{id: __MODULE__, start: {__MODULE__, :start_link, [opts]}}

  @doc """
  Calls the method at `path` with an encoded request; returns the encoded response.

  Never exits or raises. A caller that dies cancels its call. Options:

    * `:timeout` - milliseconds or `:infinity` (default). Travels as `grpc-timeout`; the caller is
      answered by then also when the server is silent
    * `:metadata` - pairs of binaries. Values of names ending in `-bin` may be any bytes, others
      printable ASCII
  """
  @spec unary(conn(), path :: binary(), request :: iodata(), keyword()) ::
          {:ok, response :: binary()} | {:error, reason()}
  def unary(conn, path, request, opts \\ []) do
    with {:ok, request, wait} <- prepare(path, request, opts),
         do: call(whereis(conn), request, wait)
  end

  @doc """
  Begins a call that is answered with a stream of messages, to be read with `next/1` or
  `request_next/1`. Returns at once; what goes wrong is told by the first of these.

  The server sends no more than one flow-control window (16 MiB) ahead of the reader. The stream ends
  when it was read to its end, with `cancel/1`, or with the calling process. Options as of `unary/4`;
  `:timeout` bounds the whole stream.
  """
  @spec server_stream(conn(), path :: binary(), request :: iodata(), keyword()) ::
          {:ok, stream()} | {:error, reason()}
  def server_stream(conn, path, request, opts \\ []) do
    with {:ok, {_, _, _, deadline} = request, _wait} <- prepare(path, request, opts),
         pid when is_pid(pid) <- whereis(conn) do
      stream = %{conn: pid, ref: make_ref(), deadline: deadline}
      send(pid, {:stream, stream.ref, self(), request})
      {:ok, stream}
    else
      {:error, reason} -> {:error, reason}
      _nobody -> {:error, {:closed, :noproc}}
    end
  end

  @doc "Waits until the server has accepted a stream: its answer began, whether or not with a message."
  @spec await_open(stream()) :: :ok | {:error, reason()}
  def await_open(stream), do: await(stream, request_open(stream))

  @doc "As `await_open/1` without waiting: answered with `{ref, :ok}` or an error, as `request_next/1`."
  @spec request_open(stream()) :: ref :: reference()
  def request_open(stream), do: ask(stream, :open)

  @doc """
  The next message of a stream; `:done` at its end. After `:done` or an error the stream is gone.
  """
  @spec next(stream()) :: {:ok, binary()} | :done | {:error, reason()}
  def next(stream), do: await(stream, request_next(stream))

  @doc """
  Asks for the next message of a stream without waiting: the caller gets `{ref, answer}` with an answer
  of `next/1`, or `{:DOWN, ref, :process, pid, reason}` when the connection's process ends. Nobody
  keeps the stream's deadline then but the server.
  """
  @spec request_next(stream()) :: ref :: reference()
  def request_next(stream), do: ask(stream, :next)

  @doc "Gives a stream up. One that has ended is passed over."
  @spec cancel(stream()) :: :ok
  def cancel(stream) do
    send(stream.conn, {:cancel, stream.ref})
    :ok
  end

  defp ask(stream, what) do
    ref = :erlang.monitor(:process, stream.conn, alias: :reply_demonitor)
    send(stream.conn, {:wait, stream.ref, what, ref})
    ref
  end

  defp await(stream, ref) do
    receive do
      {^ref, answer} -> answer
      {:DOWN, ^ref, _, _, reason} -> {:error, {:closed, reason}}
    after
      left(stream.deadline) ->
        :erlang.demonitor(ref, [:flush])
        cancel(stream)

        receive do
          {^ref, answer} -> answer
        after
          0 -> {:error, :deadline_exceeded}
        end
    end
  end

  defp left(nil), do: :infinity

  defp left(deadline),
    do: (deadline - System.monotonic_time(:millisecond)) |> max(0) |> min(@max_timeout)

  defp prepare(path, request, opts) do
    with {:ok, deadline, wait} <- deadline(Keyword.get(opts, :timeout, :infinity)),
         :ok <- check_path(path),
         {:ok, metadata} <- Grpc.encode_metadata(Keyword.get(opts, :metadata, [])),
         {:ok, body} <- Grpc.frame(request) do
      {:ok, {path, body, metadata, deadline}, wait}
    else
      {:error, reason} -> {:error, {:protocol, reason}}
    end
  end

  defp call(nil, _request, _wait), do: {:error, {:closed, :noproc}}

  defp call(conn, request, wait) do
    # An alias: an answer that comes after we stopped waiting is dropped by the runtime.
    ref = :erlang.monitor(:process, conn, alias: :reply_demonitor)
    send(conn, {:unary, ref, self(), request})

    receive do
      {^ref, answer} -> answer
      {:DOWN, ^ref, _, _, reason} -> {:error, {:closed, reason}}
    after
      wait ->
        :erlang.demonitor(ref, [:flush])
        send(conn, {:cancel, ref})

        receive do
          {^ref, answer} -> answer
        after
          0 -> {:error, :deadline_exceeded}
        end
    end
  end

  defp whereis(conn) do
    GenServer.whereis(conn)
  rescue
    # What is neither a process nor a name: nobody there.
    _ -> nil
  end

  defp deadline(:infinity), do: {:ok, nil, :infinity}

  defp deadline(timeout) when is_integer(timeout) and timeout >= 0 do
    wait = if timeout > @max_timeout, do: :infinity, else: timeout
    {:ok, System.monotonic_time(:millisecond) + timeout, wait}
  end

  defp deadline(timeout), do: {:error, {:invalid_timeout, timeout}}

  defp check_path(<<"/", _::binary>>), do: :ok
  defp check_path(path), do: {:error, {:invalid_path, path}}

  @doc "Closes the connection; calls in flight fail with `{:closed, :closed_here}`."
  @spec close(conn()) :: :ok
  def close(conn) do
    GenServer.stop(conn)
  catch
    :exit, _ -> :ok
  end

  @doc "Says what happened and what to do next."
  @spec format_reason(reason()) :: String.t()
  defdelegate format_reason(reason), to: Reason, as: :format
end
