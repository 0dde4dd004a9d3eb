defmodule Vllm.Bridge.HTTP2.Client.Input do
  @moduledoc false
  # The bytes of a connection, in pieces of any size, cut into frames; which frame may come when; and
  # the end of a connection whose server breaks that.

  alias Vllm.Bridge.HTTP2.Client
  alias Vllm.Bridge.HTTP2.Client.{Handlers, State, Streams}
  alias Vllm.Bridge.HTTP2.Frame

  @doc "Takes the next bytes; events are in their order."
  @spec bytes(State.t(), binary()) :: {State.t(), iodata(), [Client.event()]}
  def bytes(%{phase: :failed} = state, _bytes), do: {state, [], []}

  def bytes(%{partial: []} = state, bytes), do: frames(state, bytes, [], [])

  def bytes(state, bytes) do
    # Joined once per frame: appending each read to one binary would copy a large frame many times.
    partial = [bytes | state.partial]
    size = state.partial_size + byte_size(bytes)

    if size < state.needed do
      {%{state | partial: partial, partial_size: size}, [], []}
    else
      bytes = partial |> :lists.reverse() |> IO.iodata_to_binary()
      frames(%{state | partial: []}, bytes, [], [])
    end
  end

  defp frames(%{phase: :preface} = state, "HTTP/" <> _, out, events),
    do: fail(state, out, events, :protocol_error, "the server answered with HTTP/1")

  # A TLS alert or handshake: 21 or 22, then the version (RFC 8446 section 5.1).
  defp frames(%{phase: :preface} = state, <<type, 3, _::binary>>, out, events)
       when type in [21, 22],
       do: fail(state, out, events, :protocol_error, "the server speaks TLS")

  defp frames(state, bytes, out, events) do
    case Frame.decode(bytes, state.options.max_frame_size) do
      {:ok, frame, rest} ->
        case expected(state, frame) do
          :ok -> state |> Handlers.frame(frame, out, events) |> next(state, rest, out, events)
          error -> next(error, state, rest, out, events)
        end

      {:more, _} when bytes == "" ->
        {state, out, :lists.reverse(events)}

      {:more, needed} ->
        # Copied when little of a large read is left, so that it does not stay alive.
        bytes = if byte_size(bytes) < 1024, do: :binary.copy(bytes), else: bytes
        state = %{state | partial: [bytes], partial_size: byte_size(bytes), needed: needed}
        {state, out, :lists.reverse(events)}

      {:stream_error, id, code, message, rest} ->
        case expected(state, :broken) do
          :ok ->
            state
            |> Streams.fail(id, code, message, out, events)
            |> next(state, rest, out, events)

          error ->
            next(error, state, rest, out, events)
        end

      {:connection_error, code, message} ->
        fail(state, out, events, code, message)
    end
  end

  defp next({:connection_error, code, message}, state, _rest, out, events),
    do: fail(state, out, events, code, message)

  defp next({state, out, events}, _state, rest, _out, _events),
    do: frames(state, rest, out, events)

  defp fail(state, out, events, code, message) do
    goaway = Frame.encode({:goaway, 0, code, message})
    events = [{:connection_error, code, message} | events]
    {%{state | phase: :failed, partial: []}, [out, goaway], :lists.reverse(events)}
  end

  # Section 3.4: SETTINGS first. Section 6.10: nothing between the frames of a field list.
  defp expected(%{phase: :open, block: nil}, {:continuation, id, _, _}),
    do: {:connection_error, :protocol_error, "CONTINUATION of nothing on stream #{id}"}

  defp expected(%{phase: :open, block: nil}, _frame), do: :ok
  defp expected(%{block: %{id: id}}, {:continuation, id, _, _}), do: :ok

  defp expected(%{block: %{id: id}}, _frame),
    do:
      {:connection_error, :protocol_error, "something between the header frames of stream #{id}"}

  defp expected(%{phase: :preface}, {:settings, settings}) when settings != :ack, do: :ok

  defp expected(%{phase: :preface}, _frame),
    do: {:connection_error, :protocol_error, "the server's first frame is not SETTINGS"}
end
