defmodule Vllm.Bridge.Connection.Calls do
  @moduledoc false
  # The calls of a connection, from the caller's request to the one answer that each of them gets.
  #
  # A call waits for a socket, or is a stream on one. Whatever ends it takes it out of the tables, ends
  # the monitor of its caller and, if it was large, asks for a garbage collection. A streaming call that
  # ended stays until its caller has taken its messages and its end.

  alias Vllm.Bridge.Connection.{
    Call,
    Grpc,
    Keepalive,
    Links,
    Reason,
    Sending,
    Socket,
    State,
    StreamCall
  }

  alias Vllm.Bridge.HTTP2.{Client, Hpack}

  # Bytes of a request or response after which we collect garbage: the process's heap is too small
  # to do it soon by itself, and references in it would keep a message of a gigabyte alive.
  @large 1024 * 1024

  @doc """
  Takes a call. Of a unary one (`Call`), `ref` is the caller's alias, to which the answer goes; of a
  streaming one (`StreamCall`) only its name.
  """
  @spec take(State.t(), Call | StreamCall, reference(), pid(), State.request()) :: State.t()
  def take(state, kind, ref, caller, {_path, body, _metadata, _deadline, full?} = request) do
    # The tag makes the caller's end arrive as {{:caller_down, ref}, ...}.
    monitor = :erlang.monitor(:process, caller, tag: {:caller_down, ref})
    call = new(kind, body, ref: ref, monitor: monitor, max_size: state.max_receive_bytes)
    start(state, %{call | full?: full?}, request)
  end

  defp new(StreamCall, :stream, fields), do: struct!(StreamCall, fields)

  defp new(StreamCall, body, fields),
    do: %{struct!(StreamCall, fields) | large?: large?(body), half_closed?: true}

  defp new(Call, body, fields), do: %{struct!(Call, fields) | large?: large?(body)}

  defp large?(body), do: IO.iodata_length(body) > @large

  @doc """
  Somebody waits for the headers (`:open`) or the next message (`:next`) of a streaming call;
  `waiter` is the alias that is told.
  """
  @spec wait(State.t(), reference(), :open | :next, reference()) :: State.t()
  def wait(state, ref, what, waiter) do
    case state.calls do
      %{^ref => :waiting} ->
        State.update_waiting(state, ref, &waits(&1, what, waiter))

      %{^ref => {:ended, call}} ->
        keep(state, waits(call, what, waiter))

      %{^ref => {socket, stream}} ->
        update(state, socket, stream, &{:ok, waits(&1, what, waiter)})

      _unknown ->
        send(waiter, {waiter, {:error, {:closed, :ended}}})
        state
    end
  end

  # One process reads a stream: a second waiter is a mistake of its, told to the first.
  defp waits(call, what, waiter) do
    with {_what, before} <- call.waiter,
         do: send(before, {before, {:error, {:protocol, :concurrent_reads}}})

    %{call | waiter: {what, waiter}}
  end

  @doc "Starts the calls that waited for a socket, in their order."
  @spec start_waiting(State.t()) :: State.t()
  def start_waiting(state) do
    waiting = Enum.reverse(state.waiting)

    Enum.reduce(waiting, %{state | waiting: []}, fn {call, request}, state ->
      start(state, call, request)
    end)
  end

  # The next attempt would come too late for it.
  defp start(%{current: nil, attempt: {:paused, until, reason}} = state, call, request)
       when is_integer(elem(request, 3)) and elem(request, 3) < until,
       do: conclude(state, call, {:error, reason})

  defp start(%{current: nil} = state, call, request) do
    state = %{state | waiting: [{call, request} | state.waiting]}
    Links.connect(%{state | calls: Map.put(state.calls, call.ref, :waiting)})
  end

  defp start(%{current: socket} = state, call, request) do
    {path, body, metadata, deadline, _full?} = request
    link = Map.fetch!(state.links, socket)
    fixed = Grpc.fields(path, state.scheme, state.authority)
    more = state.authorization.() ++ metadata

    # Made when they go out: the server gets the rest of the deadline at that time.
    fields = fn -> fixed ++ timeout(deadline, more) end
    windows = if is_struct(call, StreamCall), do: :manual, else: :auto

    case Client.request(link.client, fields, body, windows: windows) do
      {:ok, client, stream, out} ->
        link = %{link | client: client, streams: Map.put(link.streams, stream, call)}
        link = Keepalive.call_began(link, socket, state)
        calls = Map.put(state.calls, call.ref, {socket, stream})
        %{state | calls: calls} |> Links.put(socket, link, out) |> Sending.start(call)

      {:error, _client, {:headers_too_large, _size, _limit} = reason} ->
        conclude(state, call, {:error, {:protocol, reason}})

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

      {{:ended, call}, calls} ->
        release(call)
        %{state | calls: calls}

      {:waiting, calls} ->
        {waiting, rest} = Enum.split_with(state.waiting, fn {call, _} -> call.ref != ref end)
        for {call, _} <- rest, do: Process.demonitor(call.monitor)
        %{state | calls: calls, waiting: waiting}

      {{socket, stream}, _} ->
        call = state.links |> Map.fetch!(socket) |> Map.fetch!(:streams) |> Map.fetch!(stream)
        release(call)
        %{detach(state, socket, stream) | calls: Map.delete(state.calls, ref)}
    end
  end

  @doc "The headers of an answer arrived."
  @spec headers(State.t(), Socket.t(), Client.stream(), [Hpack.field()]) :: State.t()
  def headers(state, socket, stream, fields),
    do: update(state, socket, stream, fn %kind{} = call -> kind.headers(call, fields) end)

  @doc "Part of an answer's body arrived."
  @spec data(State.t(), Socket.t(), Client.stream(), binary()) :: State.t()
  def data(state, socket, stream, data),
    do: update(state, socket, stream, fn %kind{} = call -> kind.data(call, data) end)

  @doc "The trailers of an answer arrived."
  @spec trailers(State.t(), Socket.t(), Client.stream(), [Hpack.field()]) :: State.t()
  def trailers(state, socket, stream, fields),
    do: update(state, socket, stream, fn %kind{} = call -> {:ok, kind.trailers(call, fields)} end)

  # Changes a call that is a stream on a socket; an error gives it up.
  defp update(state, socket, stream, update) do
    case state.links do
      %{^socket => %{streams: %{^stream => call}} = link} ->
        case update.(call) do
          {:ok, call} -> updated(state, socket, stream, link, call)
          {:error, _reason} = error -> give_up(state, socket, stream, call, error)
        end

      _gone ->
        state
    end
  end

  defp updated(state, socket, stream, link, %Call{} = call) do
    link = %{link | streams: Map.put(link.streams, stream, call)}
    %{state | links: Map.put(state.links, socket, link)}
  end

  # Tells the process that waits for a part of a streaming answer, if it is there.
  defp updated(state, socket, stream, link, %StreamCall{} = call) do
    case StreamCall.step(call) do
      {call, give_back, answer} ->
        with {waiter, told, _last?} <- answer, do: send(waiter, {waiter, told})
        {client, out} = Client.give_back(link.client, stream, give_back)
        link = %{link | client: client, streams: Map.put(link.streams, stream, call)}
        Links.put(state, socket, link, out)

      {:error, _reason} = error ->
        give_up(state, socket, stream, call, error)
    end
  end

  @doc "A stream ended: answers with what arrived (`:result`), or with an error."
  @spec finish(State.t(), Socket.t(), Client.stream(), :result | {:error, Reason.t()}) ::
          State.t()
  def finish(state, socket, stream, result) do
    case state.links do
      %{^socket => %{streams: %{^stream => call}} = link} ->
        link = %{link | streams: Map.delete(link.streams, stream)}
        conclude(%{state | links: Map.put(state.links, socket, link)}, call, result)

      _gone ->
        state
    end
  end

  @doc "Fails the calls that wait for a socket."
  @spec fail_waiting(State.t(), Reason.t()) :: State.t()
  def fail_waiting(state, reason) do
    Enum.reduce(state.waiting, %{state | waiting: []}, fn {call, _request}, state ->
      conclude(state, call, {:error, reason})
    end)
  end

  @doc "Fails the calls on a socket; those that were never sent are `:unprocessed`."
  @spec fail_all(State.t(), Socket.t(), {:closed | :protocol, term()}) :: State.t()
  def fail_all(state, socket, {_, why} = reason) do
    %{client: client, streams: streams} = link = Map.fetch!(state.links, socket)

    state = %{state | links: Map.put(state.links, socket, %{link | streams: %{}})}

    Enum.reduce(streams, state, fn {stream, call}, state ->
      reason = if Client.sent?(client, stream), do: reason, else: {:unprocessed, why}
      conclude(state, call, {:error, reason})
    end)
  end

  # Abandons a stream whose call is answered without the server.
  defp give_up(state, socket, stream, call, error),
    do: state |> detach(socket, stream) |> conclude(call, error)

  # A call is no stream any more: answers it, or keeps what its reader has not taken.
  defp conclude(state, %Call{} = call, result) do
    answer = if result == :result, do: Call.result(call), else: result
    send(call.ref, {call.ref, answer})
    release(call)
    %{state | calls: Map.delete(state.calls, call.ref)}
  end

  defp conclude(state, %StreamCall{} = call, result),
    do: keep(state, call |> StreamCall.ended(result) |> StreamCall.tell_senders(:ended))

  defp keep(state, call) do
    case StreamCall.step(call) do
      {call, _give_back, {waiter, answer, true}} ->
        send(waiter, {waiter, answer})
        release(call)
        %{state | calls: Map.delete(state.calls, call.ref)}

      {call, _give_back, answer} ->
        with {waiter, told, false} <- answer, do: send(waiter, {waiter, told})
        %{state | calls: Map.put(state.calls, call.ref, {:ended, call})}

      {:error, _reason} = error ->
        keep(state, StreamCall.broken(call, error))
    end
  end

  # Ends a stream that is still open.
  defp detach(state, socket, stream) do
    link = Map.fetch!(state.links, socket)
    {client, out} = Client.cancel(link.client, stream)
    link = %{link | client: client, streams: Map.delete(link.streams, stream)}

    state |> Links.put(socket, link, out) |> Links.close_if_retired(socket)
  end

  defp release(call) do
    Process.demonitor(call.monitor)
    if call.large? or call.size > @large, do: send(self(), :collect_garbage)
  end
end
