defmodule Vllm.Bridge.Connection.Calls do
  @moduledoc """
  The calls of a connection, from the caller's request to the one answer that each of them gets.

  A call waits for a socket, or is a stream on one. Whatever ends it takes it out of the tables, ends
  the monitor of its caller and, if it was large, asks for a garbage collection.
  """

  alias Vllm.Bridge.Connection.{Call, Grpc, Links, Reason, State}
  alias Vllm.Bridge.HTTP2.Client

  # Bytes of a request or response after which we collect garbage: the process's heap is too small
  # to do it soon by itself, and references in it would keep a message of a gigabyte alive.
  @large 1024 * 1024

  @doc "Takes a call; `ref` is the caller's alias, to which the answer goes."
  @spec take(State.t(), reference(), pid(), State.request()) :: State.t()
  def take(state, ref, caller, {_path, body, _metadata, _deadline} = request) do
    # The tag makes the caller's end arrive as {{:caller_down, ref}, ...}.
    monitor = :erlang.monitor(:process, caller, tag: {:caller_down, ref})
    large? = IO.iodata_length(body) > @large
    call = %Call{ref: ref, monitor: monitor, max_size: state.max_receive_bytes, large?: large?}
    start(state, call, request)
  end

  @doc "Starts the calls that waited for a socket, in their order."
  @spec start_waiting(State.t()) :: State.t()
  def start_waiting(state) do
    waiting = Enum.reverse(state.waiting)

    Enum.reduce(waiting, %{state | waiting: []}, fn {call, request}, state ->
      start(state, call, request)
    end)
  end

  defp start(%{current: nil} = state, call, request) do
    state = %{state | waiting: [{call, request} | state.waiting]}
    Links.connect(%{state | calls: Map.put(state.calls, call.ref, :waiting)})
  end

  defp start(%{current: socket} = state, call, {path, body, metadata, deadline} = request) do
    link = Map.fetch!(state.links, socket)

    fields =
      Grpc.fields(path, state.authority) ++ timeout(deadline, state.authorization.() ++ metadata)

    case Client.request(link.client, fields, body) do
      {:ok, client, stream, out} ->
        link = %{link | client: client, streams: Map.put(link.streams, stream, call)}
        calls = Map.put(state.calls, call.ref, {socket, stream})
        Links.put(%{state | calls: calls}, socket, link, out)

      {:error, _client, {:headers_too_large, _size, _limit} = reason} ->
        answer(call, {:error, {:protocol, reason}})
        %{state | calls: Map.delete(state.calls, call.ref)}

      {:error, _client, _reason} ->
        # Out of stream numbers, or going away: this call is the first of the next connection.
        state |> Links.retire(socket) |> start(call, request)
    end
  end

  defp timeout(nil, fields), do: fields

  defp timeout(deadline, fields),
    do: [Grpc.timeout(deadline - System.monotonic_time(:millisecond)) | fields]

  @doc "Gives a call up whose caller needs no answer any more."
  @spec cancel(State.t(), reference()) :: State.t()
  def cancel(state, ref) do
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

  @doc "Part of an answer arrived: `update` adds it, or says why the call is given up."
  @spec update(
          State.t(),
          :gen_tcp.socket(),
          Client.stream(),
          (Call.t() -> {:ok, Call.t()} | {:error, Reason.t()})
        ) :: State.t()
  def update(state, socket, stream, update) do
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

  @doc "A stream ended: answers with what arrived (`:result`), or with an error."
  @spec finish(State.t(), :gen_tcp.socket(), Client.stream(), :result | {:error, Reason.t()}) ::
          State.t()
  def finish(state, socket, stream, result) do
    case state.links do
      %{^socket => %{streams: %{^stream => call}} = link} ->
        answer(call, if(result == :result, do: Call.result(call), else: result))
        link = %{link | streams: Map.delete(link.streams, stream)}
        links = Map.put(state.links, socket, link)
        %{state | links: links, calls: Map.delete(state.calls, call.ref)}

      _gone ->
        state
    end
  end

  @doc "Fails the calls that wait for a socket."
  @spec fail_waiting(State.t(), Reason.t()) :: State.t()
  def fail_waiting(state, reason) do
    for {call, _} <- state.waiting, do: answer(call, {:error, reason})
    refs = for {call, _} <- state.waiting, do: call.ref
    %{state | waiting: [], calls: Map.drop(state.calls, refs)}
  end

  @doc "Fails the calls on a socket; those that were never sent are `:unprocessed`."
  @spec fail_all(State.t(), :gen_tcp.socket(), {:closed | :protocol, term()}) :: State.t()
  def fail_all(state, socket, {_, why} = reason) do
    %{client: client, streams: streams} = link = Map.fetch!(state.links, socket)

    for {stream, call} <- streams do
      reason = if Client.sent?(client, stream), do: reason, else: {:unprocessed, why}
      answer(call, {:error, reason})
    end

    refs = for {_, call} <- streams, do: call.ref
    links = Map.put(state.links, socket, %{link | streams: %{}})
    %{state | links: links, calls: Map.drop(state.calls, refs)}
  end

  # Gives up a stream whose caller needs no answer, or has another one than the server's.
  defp drop(state, socket, stream) do
    link = Map.fetch!(state.links, socket)
    {call, streams} = Map.pop!(link.streams, stream)
    {client, out} = Client.cancel(link.client, stream)
    release(call)

    %{state | calls: Map.delete(state.calls, call.ref)}
    |> Links.put(socket, %{link | client: client, streams: streams}, out)
    |> Links.close_if_retired(socket)
  end

  defp answer(call, answer) do
    send(call.ref, {call.ref, answer})
    release(call)
  end

  defp release(call) do
    Process.demonitor(call.monitor)
    if call.large? or call.size > @large, do: send(self(), :collect_garbage)
  end
end
