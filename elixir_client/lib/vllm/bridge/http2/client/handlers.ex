defmodule Vllm.Bridge.HTTP2.Client.Handlers do
  @moduledoc false
  # What each frame a server sends does to the connection,
  # [RFC 9113 section 6](https://www.rfc-editor.org/rfc/rfc9113#section-6): one clause per type.
  #
  # Whether a frame may come at this point is `Vllm.Bridge.HTTP2.Client.Input`'s to check.

  alias Vllm.Bridge.HTTP2.Client
  alias Vllm.Bridge.HTTP2.Client.{FieldLists, SendQueue, Settings, State, Streams}
  alias Vllm.Bridge.HTTP2.Frame

  @max_window Frame.max_window()

  @doc "Takes one frame; adds to `out` what to write and to `events` what happened."
  @spec frame(State.t(), Frame.t(), iodata(), [Client.event()]) ::
          State.step() | State.violation()
  def frame(state, {:data, id, end_stream?, data, size}, out, events) do
    {state, out} = count_received(state, size, out)

    case state do
      %{receive_window: window} when window < 0 ->
        {:connection_error, :flow_control_error, "the server overran the connection's window"}

      %{streams: %{^id => %{fields: nil} = stream}} ->
        data(state, id, stream, end_stream?, data, size, out, events)

      _ ->
        gone(state, id, "DATA", out, events)
    end
  end

  def frame(state, {:headers, id, end_stream?, end_headers?, _priority, fragment}, out, events) do
    if State.used?(state, id),
      do: FieldLists.headers(state, id, end_stream?, end_headers?, fragment, out, events),
      else: gone(state, id, "HEADERS", out, events)
  end

  def frame(state, {:continuation, _id, end_headers?, fragment}, out, events),
    do: FieldLists.continuation(state, end_headers?, fragment, out, events)

  def frame(state, {:rst_stream, id, code}, out, events) do
    case state.streams do
      %{^id => %{fields: nil}} -> Streams.reset(state, id, code, out, events)
      _ -> gone(state, id, "RST_STREAM", out, events)
    end
  end

  def frame(state, {:settings, :ack}, out, events), do: {state, out, events}

  def frame(state, {:settings, settings}, out, events) do
    events = if state.phase == :preface, do: [:ready | events], else: events

    case Settings.received(settings, %{state | phase: :open}) do
      {:connection_error, _, _} = error ->
        error

      state ->
        {state, out} = SendQueue.send_more(state, [out | Frame.encode({:settings, :ack})])
        {state, out} = Streams.open_waiting(state, out)
        {state, out, events}
    end
  end

  def frame(_state, {:push_promise, _, _, _, _}, _out, _events),
    do: {:connection_error, :protocol_error, "PUSH_PROMISE although we disabled push"}

  def frame(state, {:ping, false, opaque}, out, events),
    do: {state, [out | Frame.encode({:ping, true, opaque})], events}

  def frame(state, {:ping, true, _opaque}, out, events), do: {state, out, events}

  def frame(state, {:goaway, last, code, debug}, out, events) do
    {state, lost} = Streams.go_away(state, last, code)
    unprocessed = lost |> Enum.sort(:desc) |> Enum.map(&{:unprocessed, &1, {:goaway, code}})
    {state, out, unprocessed ++ [{:goaway, code, debug} | events]}
  end

  def frame(%{send_window: window}, {:window_update, 0, increment}, _out, _events)
      when window + increment > @max_window,
      do: {:connection_error, :flow_control_error, "the connection's window exceeds 2^31 - 1"}

  def frame(state, {:window_update, 0, increment}, out, events) do
    state = %{state | send_window: state.send_window + increment}
    {state, out} = SendQueue.send_more(state, out)
    {state, out, events}
  end

  def frame(state, {:window_update, id, increment}, out, events) do
    case state.streams do
      %{^id => %{fields: nil, send_window: window}} when window + increment > @max_window ->
        message = "the stream's window exceeds 2^31 - 1"
        Streams.fail(state, id, :flow_control_error, message, out, events)

      %{^id => %{fields: nil} = stream} ->
        state = SendQueue.move_window(state, id, stream, increment)
        {state, out} = SendQueue.send_more(state, out)
        {state, out, events}

      _ ->
        gone(state, id, "WINDOW_UPDATE", out, events)
    end
  end

  # PRIORITY is deprecated (section 5.3.2); unknown types are ignored (section 5.5).
  def frame(state, _frame, out, events), do: {state, out, events}

  # A frame of a stream that ended or that we cancelled may have been on its way (section 5.1).
  defp gone(state, id, name, out, events) do
    if State.used?(state, id),
      do: {state, out, events},
      else: {:connection_error, :protocol_error, "#{name} on stream #{id}, which nobody opened"}
  end

  # -- DATA and the windows we grant -------------------------------------------------------------

  defp data(state, id, %{answer: :headers}, _end_stream?, _data, _size, out, events),
    do: Streams.fail(state, id, :protocol_error, "DATA before HEADERS", out, events)

  defp data(state, id, %{receive_window: window}, _, _data, size, out, events)
       when size > window do
    message = "the server overran the window"
    Streams.fail(state, id, :flow_control_error, message, out, events)
  end

  defp data(state, id, stream, end_stream?, data, size, out, events) do
    events = if data == "", do: events, else: [{:data, id, data} | events]

    if end_stream? do
      Streams.finish(state, id, stream, out, events)
    else
      # No reader takes padding: of a manual stream, only padding is given back here.
      read = if stream.manual?, do: size - byte_size(data), else: size
      stream = %{stream | receive_window: stream.receive_window - size}
      {state, update} = give_back(state, id, stream, read)
      {state, if(update == [], do: out, else: [out | update]), events}
    end
  end

  @doc "Opens a stream's window by `size`, told in batches of half a window: a frame per 8 MiB."
  @spec give_back(State.t(), State.id(), State.stream(), non_neg_integer()) ::
          {State.t(), iodata()}
  def give_back(state, id, stream, size) do
    owed = stream.owed + size

    if owed * 2 < state.options.window_size do
      {State.put_stream(state, id, %{stream | owed: owed}), []}
    else
      stream = %{stream | owed: 0, receive_window: stream.receive_window + owed}
      {State.put_stream(state, id, stream), window_update(id, owed)}
    end
  end

  defp count_received(state, size, out) do
    full = max(state.options.window_size, State.default_window())
    window = state.receive_window - size

    if window * 2 > full or window < 0,
      do: {%{state | receive_window: window}, out},
      else: {%{state | receive_window: full}, [out | window_update(0, full - window)]}
  end

  defp window_update(_id, 0), do: []
  defp window_update(id, increment), do: Frame.encode({:window_update, id, increment})
end
