defmodule Vllm.Bridge.HTTP2.FrameTest do
  use ExUnit.Case, async: true

  alias Vllm.Bridge.HTTP2.Frame

  @max 16_384

  defp encode(frame), do: frame |> Frame.encode() |> IO.iodata_to_binary()
  defp decode(bytes), do: Frame.decode(bytes, @max)

  defp raw(type, flags, stream, payload),
    do: <<byte_size(payload)::24, type, flags, stream::32, payload::binary>>

  @frames [
    {:data, 1, false, "hello", 5},
    {:data, 1, true, "", 0},
    {:headers, 3, true, false, nil, "block"},
    {:headers, 3, false, true, {true, 1, 256}, "block"},
    {:priority, 5, {false, 3, 1}},
    {:rst_stream, 7, :cancel},
    {:rst_stream, 7, 0xFFFF},
    {:settings, :ack},
    {:settings, []},
    {:settings, [header_table_size: 0, enable_push: 0, max_concurrent_streams: 5]},
    {:settings, [{:initial_window_size, 0x7FFFFFFF}, {:max_frame_size, 16_384}, {0xFF, 1}]},
    {:push_promise, 1, 2, true, "block"},
    {:ping, false, "12345678"},
    {:ping, true, "12345678"},
    {:goaway, 9, :enhance_your_calm, "debug"},
    {:window_update, 0, 1},
    {:window_update, 9, 0x7FFFFFFF},
    {:continuation, 3, true, "block"}
  ]

  for frame <- @frames do
    test "#{inspect(frame)} survives" do
      frame = unquote(Macro.escape(frame))
      bytes = encode(frame)
      assert decode(bytes <> "rest") == {:ok, frame, "rest"}

      for size <- 0..(byte_size(bytes) - 1) do
        assert {:more, needed} = decode(binary_part(bytes, 0, size))
        assert needed in (size + 1)..byte_size(bytes)
      end
    end
  end

  test "the bytes of a frame" do
    assert encode({:window_update, 1, 65_536}) == <<4::24, 8, 0, 1::32, 65_536::32>>
    assert encode({:headers, 1, true, true, nil, "x"}) == <<1::24, 1, 5, 1::32, "x">>
  end

  test "the reserved bit of a stream's number is ignored" do
    assert {:ok, {:rst_stream, 1, :cancel}, ""} = decode(raw(3, 0, 0x80000001, <<8::32>>))
  end

  test "padding is removed, and counted for DATA" do
    assert {:ok, {:data, 1, false, "abc", 7}, ""} = decode(raw(0, 0x8, 1, <<3, "abc", 0::24>>))
    assert {:ok, {:data, 1, true, "", 3}, ""} = decode(raw(0, 0x9, 1, <<2, 0::16>>))

    assert {:ok, {:headers, 1, false, true, {false, 3, 16}, "b"}, ""} =
             decode(raw(1, 0x2C, 1, <<1, 3::32, 15, "b", 0>>))

    assert {:ok, {:push_promise, 1, 2, true, "b"}, ""} =
             decode(raw(5, 0xC, 1, <<1, 2::32, "b", 0>>))
  end

  test "an unknown type is no error" do
    assert {:ok, {:unknown, 0x42, 5}, "x"} = decode(raw(0x42, 0xFF, 5, "payload") <> "x")
  end

  for {what, type, flags, stream, payload, code} <- [
        {"DATA on stream 0", 0, 0, 0, "", :protocol_error},
        {"HEADERS on stream 0", 1, 4, 0, "", :protocol_error},
        {"PRIORITY on stream 0", 2, 0, 0, <<0::40>>, :protocol_error},
        {"RST_STREAM on stream 0", 3, 0, 0, <<0::32>>, :protocol_error},
        {"RST_STREAM of 3 bytes", 3, 0, 1, <<0::24>>, :frame_size_error},
        {"SETTINGS on a stream", 4, 0, 1, "", :protocol_error},
        {"SETTINGS ack with a payload", 4, 1, 0, <<0::48>>, :frame_size_error},
        {"SETTINGS of 5 bytes", 4, 0, 0, <<0::40>>, :frame_size_error},
        {"SETTINGS with ENABLE_PUSH 2", 4, 0, 0, <<2::16, 2::32>>, :protocol_error},
        {"SETTINGS with a window of 2^31", 4, 0, 0, <<4::16, 0x80000000::32>>,
         :flow_control_error},
        {"SETTINGS with a small MAX_FRAME_SIZE", 4, 0, 0, <<5::16, 16_383::32>>, :protocol_error},
        {"SETTINGS with a large MAX_FRAME_SIZE", 4, 0, 0, <<5::16, 0x1000000::32>>,
         :protocol_error},
        {"PUSH_PROMISE on stream 0", 5, 4, 0, <<2::32>>, :protocol_error},
        {"PUSH_PROMISE of 3 bytes", 5, 4, 1, <<0::24>>, :frame_size_error},
        {"PING on a stream", 6, 0, 1, <<0::64>>, :protocol_error},
        {"PING of 7 bytes", 6, 0, 0, <<0::56>>, :frame_size_error},
        {"GOAWAY on a stream", 7, 0, 1, <<0::64>>, :protocol_error},
        {"GOAWAY of 7 bytes", 7, 0, 0, <<0::56>>, :frame_size_error},
        {"WINDOW_UPDATE of 3 bytes", 8, 0, 0, <<0::24>>, :frame_size_error},
        {"WINDOW_UPDATE of 0 for the connection", 8, 0, 0, <<0::32>>, :protocol_error},
        {"CONTINUATION on stream 0", 9, 4, 0, "", :protocol_error},
        {"DATA with too much padding", 0, 8, 1, <<5, "abcd">>, :protocol_error},
        {"DATA without its padding's length", 0, 8, 1, "", :protocol_error},
        {"HEADERS with too much padding", 1, 12, 1, <<2, "a">>, :protocol_error},
        {"HEADERS too short for its priority", 1, 0x24, 1, <<0::32>>, :frame_size_error}
      ] do
    test "#{what} is a connection error" do
      bytes = raw(unquote(type), unquote(flags), unquote(stream), unquote(payload))
      assert {:connection_error, unquote(code), message} = decode(bytes)
      assert is_binary(message)
    end
  end

  test "what is wrong with one stream only is a stream error" do
    assert {:stream_error, 1, :frame_size_error, _, "x"} = decode(raw(2, 0, 1, <<0::32>>) <> "x")
    assert {:stream_error, 1, :protocol_error, _, "x"} = decode(raw(8, 0, 1, <<0::32>>) <> "x")
  end

  test "a frame over the limit is refused before its payload is there" do
    assert {:more, _} = decode(<<@max::24, 0, 0, 1::32>>)
    assert {:connection_error, :frame_size_error, _} = decode(<<@max + 1::24, 0, 0, 1::32>>)
  end
end
