defmodule Vllm.Bridge.Connection.Sending do
  @moduledoc false
  # The requests of streaming calls, which callers send in parts.
  #
  # A part is accepted at once. Its sender is told when enough of it has been sent that there is room for
  # the next one. So a caller that waits for this has at most one part and the room here.

  alias Vllm.Bridge.Connection.{Call, Links, Socket, State, StreamCall}
  alias Vllm.Bridge.HTTP2.Client

  # Bytes of a request that may wait for the server's window before its sender has to wait.
  @room 1024 * 1024

  @doc """
  Takes a part of the request of the call `ref`; `last?` ends it. `waiter` is the alias that is told when
  there is room for more, nil for nobody.
  """
  @spec data(State.t(), reference(), reference() | nil, [binary()], last? :: boolean()) ::
          State.t()
  def data(state, ref, waiter, data, last?) do
    case state.calls do
      %{^ref => :waiting} ->
        State.update_waiting(state, ref, &StreamCall.keep_unsent(&1, waiter, data, last?))

      %{^ref => {socket, stream}} when socket != :ended ->
        send_part(state, socket, stream, {waiter, data, last?})

      _ended_or_unknown ->
        answer(waiter, {:error, {:closed, :ended}})
        state
    end
  end

  @doc "A call got its socket: sends what it was given before."
  @spec start(State.t(), Call.t() | StreamCall.t()) :: State.t()
  def start(state, %StreamCall{unsent: [_ | _] = unsent} = call) do
    {socket, stream} = Map.fetch!(state.calls, call.ref)
    state = put_in(state.links[socket].streams[stream], %{call | unsent: []})
    unsent |> Enum.reverse() |> Enum.reduce(state, &send_part(&2, socket, stream, &1))
  end

  def start(state, _call), do: state

  defp send_part(state, socket, stream, {waiter, data, last?}) do
    link = Map.fetch!(state.links, socket)
    call = Map.fetch!(link.streams, stream)

    if call.half_closed? do
      answer(waiter, {:error, {:protocol, :half_closed}})
      state
    else
      {client, out} = Client.stream_data(link.client, stream, data, last?)
      call = StreamCall.sent(call, waiter, IO.iodata_length(data), last?)
      senders = if waiter, do: [stream | link.senders], else: link.senders
      streams = Map.put(link.streams, stream, call)
      link = %{link | client: client, streams: streams, senders: senders}
      state |> Links.put(socket, link, out) |> tell(socket)
    end
  end

  defp answer(nil, _answer), do: :ok
  defp answer(waiter, answer), do: send(waiter, {waiter, answer})

  @doc "Tells the process that waits for room on a socket and has it now."
  @spec tell(State.t(), Socket.t()) :: State.t()
  def tell(state, socket) do
    case state.links do
      %{^socket => %{senders: [_ | _] = senders} = link} ->
        {streams, senders} = Enum.reduce(senders, {link.streams, []}, &tell_one(&1, &2, link))
        link = %{link | streams: streams, senders: senders}
        %{state | links: Map.put(state.links, socket, link)}

      _nobody_waits ->
        state
    end
  end

  defp tell_one(stream, {streams, senders}, link) do
    case streams do
      %{^stream => call} ->
        if Client.pending_size(link.client, stream) > @room,
          do: {streams, [stream | senders]},
          else: {Map.put(streams, stream, StreamCall.tell_senders(call, :ok)), senders}

      _ended ->
        {streams, senders}
    end
  end
end
