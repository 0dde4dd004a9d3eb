defmodule Vllm.Bridge.Connection do
  @moduledoc """
  One gRPC connection to a rank or to the pool: `unary/4` makes a call on it.

      {:ok, conn} = Vllm.Bridge.Connection.start_link(endpoint: "unix:/run/vllm/rank0.sock")
      {:ok, response} = Vllm.Bridge.Connection.unary(conn, "/package.Service/Method", request)

  The connection opens with the first call and again with the first call after it was lost. While it
  cannot be opened, calls fail at once with `{:connect, reason}`. Calls of any number of processes
  share it.

  ## What a failure tells

  Every failure says whether the call may have run, see `t:reason/0`. `format_reason/1` makes a
  sentence of it.

  ## How it works

  The caller's process does what can be done there: message prefix, metadata, waiting, deadline. This
  process owns the socket and a `Vllm.Bridge.HTTP2.Client`. Output is collected while messages are
  waiting and written when the mailbox is empty, so that many callers share a write; the deadline is
  the caller's `receive`, which holds whatever this process or the server does.

  When the server says that it goes away, calls it accepted go on where they are and new ones open a
  new connection beside it.
  """

  use GenServer

  alias Vllm.Bridge.Connection.{Call, Grpc, Socket}
  alias Vllm.Bridge.Endpoint
  alias Vllm.Bridge.HTTP2.Client

  # Reads before the driver waits for us. Bounds the mailbox against a peer that floods; what a
  # correct peer may send is bounded by the flow-control window.
  @reads 100

  # Calls answered or started before collected output is written although more messages wait.
  @max_collected 32

  # Bytes of a request or response after which we collect garbage: this process's heap is too small
  # to do it soon by itself, and references in it would keep a message of a gigabyte alive.
  @large 1024 * 1024

  # `receive` takes no longer timeout (49 days).
  @max_timeout 0xFFFFFFFF

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
      (`:invalid_metadata`, `:invalid_path`, `:invalid_timeout`, `:request_too_large`)
  """
  @type reason ::
          {:status, code :: 0..16, message :: binary(), trailers :: metadata()}
          | :deadline_exceeded
          | {:connect, term()}
          | {:unprocessed, term()}
          | {:closed, term()}
          | {:protocol, term()}

  @doc """
  Starts a connection; it opens with the first call.

  Options:

    * `:endpoint` - `"unix:/path"`, `"host:port"` or `"[::1]:port"`, required
    * `:token` - sent as `authorization: Bearer ...` with every call
    * `:name` - registers the process
    * `:connect_timeout` - milliseconds for connecting, and again for the server's first frame, 5,000
    * `:max_receive_bytes` - largest response message, 2 GiB

  An endpoint that cannot be read is `{:error, message}`.
  """
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, String.t()}
  def start_link(opts) do
    with {:ok, endpoint} <- Endpoint.parse(Keyword.get(opts, :endpoint)) do
      GenServer.start_link(__MODULE__, {endpoint, opts}, Keyword.take(opts, [:name]))
    end
  end

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
    timeout = Keyword.get(opts, :timeout, :infinity)

    with {:ok, deadline, wait} <- deadline(timeout),
         :ok <- check_path(path),
         {:ok, metadata} <- Grpc.encode_metadata(Keyword.get(opts, :metadata, [])),
         {:ok, body} <- Grpc.frame(request) do
      call(whereis(conn), {path, body, metadata, deadline}, wait)
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
  def format_reason({:status, code, message, _trailers}),
    do: "the server answered with #{status_name(code)}: #{text(message)}"

  def format_reason(:deadline_exceeded) do
    "no answer before the deadline; the call was cancelled but may have run. " <>
      "Give it a longer timeout, or ask the pool what the rank is doing"
  end

  def format_reason({:connect, reason}) do
    "cannot connect: #{posix(reason)}. Nothing was sent. " <>
      "Check that the server runs and listens on this endpoint, then call again"
  end

  def format_reason({:unprocessed, reason}) do
    "the server did not process the call (#{detail(reason)}). It is safe to call again"
  end

  def format_reason({:closed, :noproc}),
    do: "the connection's process is not running. Start it, or look up why it stopped"

  def format_reason({:closed, reason}) do
    "the connection was lost during the call (#{detail(reason)}). The call may have run: " <>
      "call again only if running twice does no harm"
  end

  def format_reason({:protocol, {:http_status, status}}) do
    "the server answered with HTTP status #{status} instead of gRPC. " <>
      "Check the endpoint and what stands between (a proxy?)"
  end

  def format_reason({:protocol, {:content_type, type}}) do
    "the server answered with content type #{inspect(type)} instead of application/grpc. " <>
      "Check the endpoint"
  end

  def format_reason({:protocol, {:message_too_large, size, limit}}) do
    "the response has #{size} bytes, the limit is #{limit}. " <>
      "Raise max_receive_bytes, or ask for a reference instead of the value"
  end

  def format_reason({:protocol, {:request_too_large, size}}) do
    "the request has #{size} bytes, gRPC allows 4294967295. Nothing was sent. Send it in parts"
  end

  def format_reason({:protocol, {:invalid_metadata, name}}) do
    "the metadata #{inspect(name)} cannot be sent: a name is lower case ASCII and not reserved, a value " <>
      "is printable ASCII unless the name ends in -bin. Nothing was sent"
  end

  def format_reason({:protocol, {:invalid_path, path}}),
    do:
      "#{inspect(path)} is not a method's path. Nothing was sent. Use \"/package.Service/Method\""

  def format_reason({:protocol, {:invalid_timeout, timeout}}) do
    "#{inspect(timeout)} is not a timeout. Nothing was sent. Use milliseconds or :infinity"
  end

  def format_reason({:protocol, {:connection_error, code, message}}) do
    "the peer broke HTTP/2 (#{code}): #{text(message)}. The connection was closed. " <>
      "Check that the endpoint is a gRPC server's"
  end

  def format_reason({:protocol, {:stream_error, code, message}}),
    do: "the answer broke HTTP/2 (#{code}): #{text(message)}. The server has a fault"

  def format_reason({:protocol, reason}),
    do: "the answer is no answer to a unary gRPC call (#{detail(reason)}). The server has a fault"

  @statuses {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
             "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
             "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
             "UNAUTHENTICATED"}

  defp status_name(code) when code in 0..16, do: elem(@statuses, code)
  defp status_name(code), do: "status #{inspect(code)}"

  defp text(""), do: "(no message)"
  defp text(text), do: if(String.valid?(text), do: text, else: inspect(text))

  defp detail(reason) when is_atom(reason), do: posix(reason)
  defp detail({:goaway, code}), do: "it is going away, #{inspect(code)}"
  defp detail({:reset, code}), do: "the stream was reset, #{inspect(code)}"
  defp detail(reason), do: inspect(reason)

  defp posix(:closed), do: "closed by the server"
  defp posix(:closed_here), do: "closed by this side"
  defp posix(:timeout), do: "timed out"

  defp posix(reason) when is_atom(reason) do
    case :inet.format_error(reason) do
      'unknown POSIX error' ++ _ -> to_string(reason)
      text -> "#{text} (#{reason})"
    end
  end

  defp posix(reason), do: inspect(reason)

  # -- the process -------------------------------------------------------------------------------

  # calls: ref -> :waiting or {socket, stream}
  # links: socket -> %{client, streams: stream -> Call, out}
  # attempt: nil, {:connecting, monitor} or {:opening, socket, timer}; at most one
  # current: the socket new calls go to
  # waiting: calls for when the attempt succeeds, latest first
  # dirty: sockets with output to write; collected counts what made it

  @impl GenServer
  def init({endpoint, opts}) do
    token = Keyword.get(opts, :token)
    authorization = if token, do: [{"authorization", "Bearer " <> token, :never_index}], else: []

    {:ok,
     %{
       endpoint: endpoint,
       authority: Endpoint.authority(endpoint),
       # A function, so that no log or crash report shows it.
       authorization: fn -> authorization end,
       connect_timeout: Keyword.get(opts, :connect_timeout, 5_000),
       max_receive_bytes: Keyword.get(opts, :max_receive_bytes, 2 * 1024 * 1024 * 1024),
       calls: %{},
       links: %{},
       attempt: nil,
       current: nil,
       waiting: [],
       dirty: [],
       collected: 0
     }}
  end

  @impl GenServer
  def handle_info({:tcp, socket, bytes}, state), do: state |> received(socket, bytes) |> collect()

  def handle_info({:unary, ref, caller, {_path, body, _metadata, _deadline} = request}, state) do
    # The tag makes the caller's end arrive as {{:caller_down, ref}, ...}.
    monitor = :erlang.monitor(:process, caller, tag: {:caller_down, ref})
    large? = IO.iodata_length(body) > @large
    call = %Call{ref: ref, monitor: monitor, max_size: state.max_receive_bytes, large?: large?}
    state |> start(call, request) |> collect()
  end

  def handle_info(:timeout, state), do: {:noreply, write(state)}

  def handle_info(:collect_garbage, state) do
    :erlang.garbage_collect()
    collect(state)
  end

  def handle_info({:tcp_passive, socket}, state) do
    # An error here comes again as :tcp_closed or :tcp_error.
    _ = :inet.setopts(socket, active: @reads)
    collect(state)
  end

  def handle_info({:cancel, ref}, state), do: state |> cancel(ref) |> collect()

  def handle_info({{:caller_down, ref}, _monitor, :process, _pid, _reason}, state),
    do: state |> cancel(ref) |> collect()

  def handle_info({:tcp_closed, socket}, state), do: state |> lost(socket, :closed) |> collect()

  def handle_info({:tcp_error, socket, reason}, state),
    do: state |> lost(socket, reason) |> collect()

  def handle_info(
        {:DOWN, monitor, :process, _, result},
        %{attempt: {:connecting, monitor}} = state
      ) do
    case result do
      {:connected, socket} -> state |> open(socket) |> collect()
      {:not_connected, reason} -> state |> connect_failed({:connect, reason}) |> collect()
      crash -> state |> connect_failed({:connect, crash}) |> collect()
    end
  end

  def handle_info({:open_timeout, socket}, %{attempt: {:opening, socket, _}} = state),
    do: state |> lost(socket, :timeout) |> collect()

  def handle_info(_other, state), do: collect(state)

  @impl GenServer
  def terminate(_reason, state) do
    # Whoever waits without a connection was never sent.
    fail_waiting(state, {:unprocessed, :closed_here})

    for {socket, link} <- state.links do
      fail_calls(link, {:closed, :closed_here})
      _ = :gen_tcp.send(socket, [link.out | Client.close(link.client)])
      :gen_tcp.close(socket)
    end
  end

  # OTP 25's callback, for which Elixir 1.14 has no @impl. Requests may hold secrets and gigabytes.
  @doc false
  def format_status(status) do
    status
    |> Map.replace(:state, :hidden)
    |> Map.replace(:message, :hidden)
    |> Map.replace(:log, [])
  end

  # -- calls -------------------------------------------------------------------------------------

  defp start(%{current: nil} = state, call, request) do
    state = %{state | waiting: [{call, request} | state.waiting]}
    connect(%{state | calls: Map.put(state.calls, call.ref, :waiting)})
  end

  defp start(%{current: socket} = state, call, {path, body, metadata, deadline} = request) do
    link = Map.fetch!(state.links, socket)

    fields =
      Grpc.fields(path, state.authority) ++ timeout(deadline, state.authorization.() ++ metadata)

    case Client.request(link.client, fields, body) do
      {:ok, client, stream, out} ->
        link = %{link | client: client, streams: Map.put(link.streams, stream, call)}
        calls = Map.put(state.calls, call.ref, {socket, stream})
        put_link(%{state | calls: calls}, socket, link, out)

      {:error, _client, _reason} ->
        # Out of stream numbers, or going away: this call is the first of the next connection.
        state |> retire(socket) |> start(call, request)
    end
  end

  defp timeout(nil, fields), do: fields

  defp timeout(deadline, fields),
    do: [Grpc.timeout(deadline - System.monotonic_time(:millisecond)) | fields]

  defp cancel(state, ref) do
    case Map.pop(state.calls, ref) do
      {nil, _} ->
        state

      {:waiting, calls} ->
        {waiting, rest} = Enum.split_with(state.waiting, fn {call, _} -> call.ref != ref end)
        for {call, _} <- rest, do: Process.demonitor(call.monitor)
        %{state | calls: calls, waiting: waiting}

      {{socket, stream}, _} ->
        drop(state, socket, stream)
    end
  end

  # Gives up a call whose caller needs no answer any more.
  defp drop(state, socket, stream) do
    link = Map.fetch!(state.links, socket)
    {call, streams} = Map.pop!(link.streams, stream)
    {client, out} = Client.cancel(link.client, stream)
    Process.demonitor(call.monitor)
    if call.large? or call.size > @large, do: send(self(), :collect_garbage)

    %{state | calls: Map.delete(state.calls, call.ref)}
    |> put_link(socket, %{link | client: client, streams: streams}, out)
    |> close_if_retired(socket)
  end

  defp answer(call, answer) do
    Process.demonitor(call.monitor)
    send(call.ref, {call.ref, answer})
    if call.large? or call.size > @large, do: send(self(), :collect_garbage)
  end

  # -- events ------------------------------------------------------------------------------------

  defp received(state, socket, bytes) do
    case state.links do
      %{^socket => link} ->
        {client, out, events} = Client.handle_bytes(link.client, bytes)
        state = put_link(state, socket, %{link | client: client}, out)
        events |> Enum.reduce(state, &event(&1, &2, socket)) |> close_if_retired(socket)

      _closed ->
        state
    end
  end

  defp event({:headers, stream, fields}, state, socket),
    do: update(state, socket, stream, &Call.headers(&1, fields))

  defp event({:data, stream, data}, state, socket),
    do: update(state, socket, stream, &Call.data(&1, data))

  defp event({:trailers, stream, fields}, state, socket),
    do: update(state, socket, stream, &{:ok, Call.trailers(&1, fields)})

  defp event({:done, stream}, state, socket), do: finish(state, socket, stream, &Call.result/1)

  defp event({:reset, stream, code}, state, socket),
    do: finish(state, socket, stream, {:error, {:closed, {:reset, code}}})

  defp event({:unprocessed, stream, reason}, state, socket),
    do: finish(state, socket, stream, {:error, {:unprocessed, reason}})

  defp event({:stream_error, stream, code, message}, state, socket),
    do: finish(state, socket, stream, {:error, {:protocol, {:stream_error, code, message}}})

  defp event({:goaway, _code, _debug}, state, socket), do: retire(state, socket)

  defp event({:connection_error, code, message}, state, socket),
    do: state |> write() |> lost(socket, {:connection_error, code, message})

  defp event(:ready, %{attempt: {:opening, socket, timer}} = state, socket) do
    Process.cancel_timer(timer)
    waiting = Enum.reverse(state.waiting)
    state = %{state | attempt: nil, current: socket, waiting: []}
    Enum.reduce(waiting, state, fn {call, request}, state -> start(state, call, request) end)
  end

  defp event(:ready, state, _socket), do: state

  defp update(state, socket, stream, update) do
    case state.links do
      %{^socket => %{streams: %{^stream => call}} = link} ->
        case update.(call) do
          {:ok, call} ->
            link = %{link | streams: Map.put(link.streams, stream, call)}
            %{state | links: Map.put(state.links, socket, link)}

          {:error, _reason} = error ->
            state = drop(state, socket, stream)
            answer(call, error)
            state
        end

      _gone ->
        state
    end
  end

  defp finish(state, socket, stream, result) do
    case state.links do
      %{^socket => %{streams: %{^stream => call}} = link} ->
        answer(call, if(is_function(result), do: result.(call), else: result))
        link = %{link | streams: Map.delete(link.streams, stream)}
        links = Map.put(state.links, socket, link)
        %{state | links: links, calls: Map.delete(state.calls, call.ref)}

      _gone ->
        state
    end
  end

  # -- connecting and closing --------------------------------------------------------------------

  defp connect(%{attempt: nil} = state) do
    {_pid, monitor} = Socket.start_connect(state.endpoint, state.connect_timeout, self())
    %{state | attempt: {:connecting, monitor}}
  end

  defp connect(state), do: state

  defp open(state, socket) do
    {client, out} = Client.new()
    timer = Process.send_after(self(), {:open_timeout, socket}, state.connect_timeout)
    link = %{client: client, streams: %{}, out: []}
    state = put_link(%{state | attempt: {:opening, socket, timer}}, socket, link, out)

    case :inet.setopts(socket, active: @reads) do
      :ok -> state
      {:error, reason} -> lost(state, socket, reason)
    end
  end

  defp connect_failed(state, reason) do
    state = fail_waiting(state, reason)
    %{state | attempt: nil}
  end

  defp fail_waiting(state, reason) do
    for {call, _} <- state.waiting, do: answer(call, {:error, reason})

    calls =
      Enum.reduce(state.waiting, state.calls, fn {call, _}, calls ->
        Map.delete(calls, call.ref)
      end)

    %{state | waiting: [], calls: calls}
  end

  defp fail_calls(link, {_, why} = reason) do
    for {stream, call} <- link.streams do
      reason = if Client.sent?(link.client, stream), do: reason, else: {:unprocessed, why}
      answer(call, {:error, reason})
    end
  end

  # No new calls go there; it closes when the last one is done.
  defp retire(%{current: socket} = state, socket), do: %{state | current: nil}
  defp retire(state, _socket), do: state

  defp close_if_retired(state, socket) do
    case state do
      %{current: ^socket} ->
        state

      %{attempt: {:opening, ^socket, _}} ->
        state

      %{links: %{^socket => %{streams: streams}}} when streams == %{} ->
        close_link(write(state), socket)

      _ ->
        state
    end
  end

  defp lost(%{attempt: {:opening, socket, timer}} = state, socket, reason) do
    Process.cancel_timer(timer)
    state |> close_link(socket) |> connect_failed(classify(:connect, reason))
  end

  defp lost(state, socket, reason) do
    case state.links do
      %{^socket => link} ->
        fail_calls(link, classify(:closed, reason))

        calls =
          Enum.reduce(link.streams, state.calls, fn {_, call}, calls ->
            Map.delete(calls, call.ref)
          end)

        %{state | calls: calls} |> retire(socket) |> close_link(socket)

      _ ->
        state
    end
  end

  defp classify(_kind, {:connection_error, _, _} = reason), do: {:protocol, reason}
  defp classify(kind, reason), do: {kind, reason}

  defp close_link(state, socket) do
    :gen_tcp.close(socket)
    %{state | links: Map.delete(state.links, socket), dirty: List.delete(state.dirty, socket)}
  end

  # -- writing -----------------------------------------------------------------------------------

  defp put_link(state, socket, link, []), do: %{state | links: Map.put(state.links, socket, link)}

  defp put_link(state, socket, link, out) do
    dirty = if link.out == [], do: [socket | state.dirty], else: state.dirty
    link = %{link | out: [link.out | out]}

    %{
      state
      | links: Map.put(state.links, socket, link),
        dirty: dirty,
        collected: state.collected + 1
    }
  end

  # With output to write, a timeout of 0 calls us back as soon as no message waits.
  defp collect(%{dirty: []} = state), do: {:noreply, state}
  defp collect(%{collected: n} = state) when n >= @max_collected, do: {:noreply, write(state)}
  defp collect(state), do: {:noreply, state, 0}

  defp write(%{dirty: []} = state), do: state

  defp write(%{dirty: sockets} = state) do
    links =
      Enum.reduce(sockets, state.links, fn socket, links ->
        link = Map.fetch!(links, socket)

        # Handled like the driver's own message, behind what has already arrived.
        with {:error, reason} <- :gen_tcp.send(socket, link.out),
             do: send(self(), {:tcp_error, socket, reason})

        Map.put(links, socket, %{link | out: []})
      end)

    %{state | links: links, dirty: [], collected: 0}
  end
end
