defmodule Vllm.Bridge.HTTP2.Client.SendQueue do
  @moduledoc false
  # The bodies we send, within the server's flow-control windows,
  # [RFC 9113 section 5.2](https://www.rfc-editor.org/rfc/rfc9113#section-5.2).
  #
  # What no window has room for stays with its stream. Streams that could go on stand in line and take
  # turns, so that a large request does not hold up a small one.

  alias Vllm.Bridge.HTTP2.Client.State
  alias Vllm.Bridge.HTTP2.Frame

  # How much one stream may send before the next one has its turn.
  @quantum 65_536

  @doc "Adds `data` to a stream's body; `finish?` ends it. Binaries in it are not copied."
  @spec add(State.stream(), iodata(), finish? :: boolean()) :: State.stream()
  def add(stream, data, finish?) do
    {pending, size} =
      Enum.reduce(:erlang.iolist_to_iovec(data), {stream.pending, 0}, fn binary,
                                                                         {pending, size} ->
        {:queue.in(binary, pending), size + byte_size(binary)}
      end)

    %{stream | pending: pending, pending_size: stream.pending_size + size, finish?: finish?}
  end

  @doc "Puts an open stream into the table and sends what the windows allow, its data first."
  @spec send_stream(State.t(), State.id(), State.stream(), iodata()) :: {State.t(), iodata()}
  def send_stream(state, id, stream, out) do
    {state, out} = send_share(state, id, stream, out)
    send_more(state, out)
  end

  @doc "Goes on with the streams in line while the connection's window is open."
  @spec send_more(State.t(), iodata()) :: {State.t(), iodata()}
  def send_more(%{send_window: window} = state, out) when window <= 0, do: {state, out}

  def send_more(state, out) do
    case :queue.out(state.sending) do
      {{:value, id}, sending} ->
        state = %{state | sending: sending}

        case state.streams do
          %{^id => stream} -> send_stream(state, id, %{stream | sending?: false}, out)
          _gone -> send_more(state, out)
        end

      {:empty, _} ->
        {state, out}
    end
  end

  @doc "Moves an open stream's window by `delta`; a stream that can send stands in line then."
  @spec move_window(State.t(), State.id(), State.stream(), integer()) :: State.t()
  def move_window(state, id, stream, delta),
    do: enqueue(state, id, %{stream | send_window: stream.send_window + delta})

  # Puts the stream back and, when it could send, in line.
  defp enqueue(state, id, stream) do
    if stream.pending_size > 0 and stream.send_window > 0 and not stream.sending? do
      state = State.put_stream(state, id, %{stream | sending?: true})
      %{state | sending: :queue.in(id, state.sending)}
    else
      State.put_stream(state, id, stream)
    end
  end

  # Sends one stream's share of what the windows allow. It stays in `sending` while it could go on.
  defp send_share(state, id, stream, out) do
    room = stream.send_window |> min(state.send_window) |> min(@quantum)
    share = min(stream.pending_size, max(room, 0))
    state = %{state | send_window: state.send_window - share}
    {stream, out} = data_frames(stream, id, share, state.peer.max_frame_size, out)

    {enqueue(state, id, stream), out}
  end

  # An empty body still has to end.
  defp data_frames(
         %{pending_size: 0, finish?: true, sent_all?: false} = stream,
         id,
         0,
         _max,
         out
       ),
       do: {%{stream | sent_all?: true}, [out | Frame.encode({:data, id, true, [], 0})]}

  defp data_frames(stream, _id, 0, _max, out), do: {stream, out}

  defp data_frames(stream, id, share, max, out) do
    size = min(share, max)
    {data, pending} = take(stream.pending, size, [])
    left = stream.pending_size - size
    last? = left == 0 and stream.finish?
    out = [out | Frame.encode({:data, id, last?, data, size})]

    stream = %{
      stream
      | pending: pending,
        pending_size: left,
        send_window: stream.send_window - size,
        sent_all?: last?
    }

    if share > size, do: data_frames(stream, id, share - size, max, out), else: {stream, out}
  end

  defp take(pending, size, taken) do
    {{:value, binary}, pending} = :queue.out(pending)

    case binary do
      <<part::binary-size(size), rest::binary>> when rest != "" ->
        {:lists.reverse(taken, [part]), :queue.in_r(rest, pending)}

      _ when byte_size(binary) == size ->
        {:lists.reverse(taken, [binary]), pending}

      _ ->
        take(pending, size - byte_size(binary), [binary | taken])
    end
  end
end
