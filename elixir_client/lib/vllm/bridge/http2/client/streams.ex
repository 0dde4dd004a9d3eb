defmodule Vllm.Bridge.HTTP2.Client.Streams do
  @moduledoc false
  # How streams begin and end, [RFC 9113 section 5.1](https://www.rfc-editor.org/rfc/rfc9113#section-5.1).
  #
  # A stream begins at once or, beyond the server's `SETTINGS_MAX_CONCURRENT_STREAMS`, when another one
  # ends: therefore every end goes through here.

  alias Vllm.Bridge.HTTP2.Client
  alias Vllm.Bridge.HTTP2.Client.{SendQueue, State}
  alias Vllm.Bridge.HTTP2.{Frame, Hpack}

  # -- begin -------------------------------------------------------------------------------------

  @doc "Begins a new stream, or has it wait behind those that wait already."
  @spec start(State.t(), State.id(), State.stream()) :: {State.t(), iodata()}
  def start(state, id, stream) do
    if state.active < state.peer.max_concurrent_streams and :queue.is_empty(state.waiting) do
      open(state, id, stream)
    else
      state = State.put_stream(state, id, stream)
      {%{state | waiting: :queue.in(id, state.waiting)}, []}
    end
  end

  @doc "Begins the streams that wait, as far as the server allows."
  @spec open_waiting(State.t(), iodata()) :: {State.t(), iodata()}
  def open_waiting(state, out) do
    if state.active < state.peer.max_concurrent_streams do
      case :queue.out(state.waiting) do
        {{:value, id}, waiting} ->
          state = %{state | waiting: waiting}

          case state.streams do
            %{^id => stream} ->
              {state, opened} = open(state, id, stream)
              open_waiting(state, [out | opened])

            _cancelled ->
              open_waiting(state, out)
          end

        {:empty, _} ->
          {state, out}
      end
    else
      {state, out}
    end
  end

  defp open(state, id, stream) do
    {encoder, block} = Hpack.encode(state.encoder, fields(stream))
    last? = stream.finish? and stream.pending_size == 0

    stream = %{
      stream
      | fields: nil,
        sent_all?: last?,
        send_window: state.peer.initial_window_size,
        receive_window: state.options.window_size
    }

    state = %{state | encoder: encoder, active: state.active + 1}
    headers = header_frames(id, last?, block, state.peer.max_frame_size)

    if last?,
      do: {State.put_stream(state, id, stream), headers},
      else: SendQueue.send_stream(state, id, stream, headers)
  end

  defp fields(%{fields: make}) when is_function(make, 0), do: make.()
  defp fields(%{fields: fields}), do: fields

  defp header_frames(id, last?, block, max) do
    if IO.iodata_length(block) <= max do
      Frame.encode({:headers, id, last?, true, nil, block})
    else
      <<first::binary-size(max), rest::binary>> = IO.iodata_to_binary(block)
      [Frame.encode({:headers, id, last?, false, nil, first}) | continuations(id, rest, max)]
    end
  end

  defp continuations(id, block, max) do
    case block do
      <<part::binary-size(max), rest::binary>> when rest != "" ->
        [Frame.encode({:continuation, id, false, part}) | continuations(id, rest, max)]

      _ ->
        Frame.encode({:continuation, id, true, block})
    end
  end

  # -- end ---------------------------------------------------------------------------------------

  @doc "Gives a stream up; no event of it follows."
  @spec cancel(State.t(), State.id(), Frame.code()) :: {State.t(), iodata()}
  def cancel(state, id, code) do
    case state.streams do
      %{^id => %{fields: nil}} ->
        open_waiting(State.remove_stream(state, id), Frame.encode({:rst_stream, id, code}))

      %{^id => _waiting} ->
        {State.remove_stream(state, id), []}

      _ ->
        {state, []}
    end
  end

  @doc """
  The answer is complete.

  A server may answer before it has read the whole request: there is nobody left to read the rest.
  """
  @spec finish(State.t(), State.id(), State.stream(), iodata(), [Client.event()]) :: State.step()
  def finish(state, id, %{sent_all?: true}, out, events),
    do: end_stream(state, id, out, [{:done, id} | events])

  def finish(state, id, _stream, out, events) do
    out = [out | Frame.encode({:rst_stream, id, :no_error})]
    end_stream(state, id, out, [{:done, id} | events])
  end

  @doc "The server gave an open stream up."
  @spec reset(State.t(), State.id(), Frame.code(), iodata(), [Client.event()]) :: State.step()
  def reset(state, id, :refused_stream, out, events),
    do: end_stream(state, id, out, [{:unprocessed, id, :refused_stream} | events])

  def reset(state, id, code, out, events),
    do: end_stream(state, id, out, [{:reset, id, code} | events])

  @doc "The server broke a rule on a stream: resets it, if it is still open."
  @spec fail(State.t(), State.id(), Frame.code(), String.t(), iodata(), [Client.event()]) ::
          State.step()
  def fail(state, id, code, message, out, events) do
    case state.streams do
      %{^id => %{fields: nil}} ->
        out = [out | Frame.encode({:rst_stream, id, code})]
        end_stream(state, id, out, [{:stream_error, id, code, message} | events])

      _ ->
        {state, out, events}
    end
  end

  @doc """
  The server goes away: drops and returns the streams it will not look at (section 6.8).

  A second GOAWAY may only lower the number of the last one that it does.
  """
  @spec go_away(State.t(), Frame.stream(), Frame.code()) :: {State.t(), [State.id()]}
  def go_away(state, last, code) do
    last = if state.goaway, do: min(last, elem(state.goaway, 0)), else: last
    lost = for {id, stream} <- state.streams, id > last or stream.fields != nil, do: id

    {Enum.reduce(lost, %{state | goaway: {last, code}}, &State.remove_stream(&2, &1)), lost}
  end

  defp end_stream(state, id, out, events) do
    {state, out} = open_waiting(State.remove_stream(state, id), out)
    {state, out, events}
  end
end
