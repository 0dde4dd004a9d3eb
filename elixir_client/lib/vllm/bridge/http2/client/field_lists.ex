defmodule Vllm.Bridge.HTTP2.Client.FieldLists do
  @moduledoc false
  # The field lists a server sends: collects a header block from HEADERS and CONTINUATION, decodes it,
  # and makes the response's headers or trailers of it,
  # [RFC 9113 section 8.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.1).

  alias Vllm.Bridge.HTTP2.Client
  alias Vllm.Bridge.HTTP2.Client.{State, Streams}
  alias Vllm.Bridge.HTTP2.{Headers, Hpack}

  # A field list's frames: with a server's smallest frame size of 16 KiB, a list of the default
  # limit of 256 KiB needs 16. Without a limit, empty CONTINUATION frames cost us time for ever
  # (CVE-2024-27316 and its siblings).
  @max_frames 64

  @doc "A HEADERS frame."
  @spec headers(State.t(), State.id(), boolean(), boolean(), binary(), iodata(), [Client.event()]) ::
          State.step() | State.violation()
  def headers(state, id, end_stream?, true, fragment, out, events),
    do: decode(state, id, end_stream?, fragment, out, events)

  def headers(state, id, end_stream?, false, fragment, out, events) do
    block = %{id: id, end_stream?: end_stream?, parts: [], size: 0, frames: 0}
    collect(state, block, false, fragment, out, events)
  end

  @doc "A CONTINUATION frame of the block that is being collected."
  @spec continuation(State.t(), boolean(), binary(), iodata(), [Client.event()]) ::
          State.step() | State.violation()
  def continuation(state, end_headers?, fragment, out, events),
    do: collect(%{state | block: nil}, state.block, end_headers?, fragment, out, events)

  defp collect(state, block, end_headers?, fragment, out, events) do
    block = %{
      block
      | parts: [block.parts | fragment],
        size: block.size + byte_size(fragment),
        frames: block.frames + 1
    }

    cond do
      block.size > state.options.max_header_list_size ->
        {:connection_error, :enhance_your_calm, "a compressed field list of #{block.size} bytes"}

      block.frames > @max_frames ->
        {:connection_error, :enhance_your_calm, "a field list in over #{@max_frames} frames"}

      end_headers? ->
        bytes = IO.iodata_to_binary(block.parts)
        decode(state, block.id, block.end_stream?, bytes, out, events)

      true ->
        {%{state | block: block}, out, events}
    end
  end

  # Decoded even when the stream is gone: the table is the connection's.
  defp decode(state, id, end_stream?, bytes, out, events) do
    case Hpack.decode(state.decoder, bytes, state.options.max_header_list_size) do
      {:ok, decoder, fields} ->
        state = %{state | decoder: decoder}

        case state.streams do
          %{^id => stream} -> decoded(state, id, stream, end_stream?, fields, out, events)
          _ -> {state, out, events}
        end

      {:too_large, decoder} ->
        message = "a field list of over #{state.options.max_header_list_size} bytes"
        Streams.fail(%{state | decoder: decoder}, id, :enhance_your_calm, message, out, events)

      {:error, message} ->
        {:connection_error, :compression_error, message}
    end
  end

  defp decoded(state, id, %{answer: :headers} = stream, end_stream?, fields, out, events) do
    case Headers.response(fields) do
      :response when end_stream? ->
        Streams.finish(state, id, stream, out, [{:headers, id, fields} | events])

      :response ->
        state = State.put_stream(state, id, %{stream | answer: :data})
        {state, out, [{:headers, id, fields} | events]}

      :informational when end_stream? ->
        broken(state, id, "an informational response ends the stream", out, events)

      :informational ->
        {state, out, events}

      {:error, message} ->
        broken(state, id, message, out, events)
    end
  end

  defp decoded(state, id, stream, true, fields, out, events) do
    case Headers.trailers(fields) do
      :ok -> Streams.finish(state, id, stream, out, [{:trailers, id, fields} | events])
      {:error, message} -> broken(state, id, message, out, events)
    end
  end

  defp decoded(state, id, _stream, false, _fields, out, events),
    do: broken(state, id, "trailers that do not end the stream", out, events)

  defp broken(state, id, message, out, events),
    do: Streams.fail(state, id, :protocol_error, message, out, events)
end
