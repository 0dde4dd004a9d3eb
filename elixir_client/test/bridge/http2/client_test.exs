Code.require_file("../../support_h2/peer.exs", __DIR__)

defmodule Vllm.Bridge.HTTP2.ClientTest do
  use ExUnit.Case, async: true

  import Vllm.Bridge.HTTP2.Peer

  alias Vllm.Bridge.HTTP2.{Client, Frame, Hpack}

  @fields [{":method", "POST"}, {":path", "/a"}]

  defp request(client, body \\ nil) do
    {:ok, client, id, out} = Client.request(client, @fields, body)
    {client, id, frames(out)}
  end

  defp feed(client, frames) do
    {client, out, events} = Client.handle_bytes(client, bytes(frames))
    {client, frames(out), events}
  end

  defp assert_connection_error(client, frames, code) do
    {client, out, events} = feed(client, frames)
    assert {:connection_error, ^code, message} = List.last(events)
    assert is_binary(message)
    assert {:goaway, 0, ^code, _} = List.last(out)
    assert Client.handle_bytes(client, "more") == {client, [], []}
    assert {:error, _, :failed} = Client.request(client, @fields)
    refute Client.accepts?(client)
  end

  # The frames of DATA as {bytes, end_stream?}.
  defp sent(frames), do: for({:data, _, last?, data, _} <- frames, do: {byte_size(data), last?})

  describe "opening" do
    test "the preface, settings and a large connection window" do
      {_client, out} = Client.new()

      assert [:preface, {:settings, settings}, {:window_update, 0, increment}] = frames(out)
      assert settings[:enable_push] == 0
      assert settings[:initial_window_size] == 16 * 1024 * 1024
      assert increment == 16 * 1024 * 1024 - 65_535
    end

    test "the server's settings are acknowledged" do
      {client, _} = Client.new()
      assert {client, [{:settings, :ack}], [:ready]} = feed(client, [{:settings, []}])
      assert {_, [{:settings, :ack}], []} = feed(client, [{:settings, []}])
    end

    test "anything else first is an error" do
      {client, _} = Client.new()
      assert_connection_error(client, [{:ping, false, "12345678"}], :protocol_error)
      assert_connection_error(client, [{:settings, :ack}], :protocol_error)
      assert_connection_error(client, [{:window_update, 3, 1}], :protocol_error)
      assert_connection_error(client, ["HTTP/1.1 400 Bad Request\r\n\r\n"], :protocol_error)
      assert_connection_error(client, ["SSH-2.0-OpenSSH_9.2\r\n"], :frame_size_error)
    end
  end

  describe "requests" do
    test "without a body end with HEADERS" do
      {_, 1, [{:headers, 1, true, true, nil, block}]} = request(connected())
      assert {:ok, _, @fields} = Hpack.decode(Hpack.new(), block)
    end

    test "with a body that fits are HEADERS and one DATA" do
      {client, 1, frames} = request(connected(), ["he", ["llo"]])
      assert [{:headers, 1, false, true, nil, _}, {:data, 1, true, "hello", 5}] = frames
      assert {_, 3, [{:headers, 3, _, _, _, block} | _]} = request(client, "")
      assert byte_size(block) == 2
    end

    test "with an empty body end with HEADERS" do
      {_, 1, frames} = request(connected(), "")
      assert [{:headers, 1, true, true, nil, _}] = frames
    end

    test "a block over the peer's frame size goes on in CONTINUATION" do
      value = String.duplicate("v", 40_000)
      fields = [{"k", value, :no_index}]
      {:ok, _, 1, out} = Client.request(connected(), fields, nil)

      assert [
               {:headers, 1, true, false, nil, a},
               {:continuation, 1, false, b},
               {:continuation, 1, true, c}
             ] = frames(out)

      assert Enum.map([a, b], &byte_size/1) == [16_384, 16_384]
      assert {:ok, _, [{"k", ^value}]} = Hpack.decode(Hpack.new(), a <> b <> c)
    end

    test "stop when the stream numbers are used up" do
      client = %{connected() | next_stream: 0x7FFFFFFF}
      {client, 0x7FFFFFFF, _} = request(client)
      assert {:error, _, :exhausted} = Client.request(client, @fields)
      refute Client.accepts?(client)
    end
  end

  describe "responses" do
    setup do
      {client, 1, _} = request(connected(), "x")
      %{client: client}
    end

    test "headers, data, trailers, done", %{client: client} do
      frames = [
        response(1),
        {:data, 1, false, "abc", 3},
        headers(1, [{"grpc-status", "0"}], true)
      ]

      assert {client, [], events} = feed(client, frames)

      assert events == [
               {:headers, 1, [{":status", "200"}]},
               {:data, 1, "abc"},
               {:trailers, 1, [{"grpc-status", "0"}]},
               {:done, 1}
             ]

      assert client.active == 0
      assert client.streams == %{}
    end

    test "arrive in any pieces", %{client: client} do
      bytes =
        bytes([response(1), {:data, 1, false, "abc", 3}, headers(1, [{"grpc-status", "0"}], true)])

      for size <- [1, 2, 3, 7, 11] do
        parts = for <<part::binary-size(size) <- bytes>>, do: part
        rest = binary_part(bytes, length(parts) * size, rem(byte_size(bytes), size))

        {_, events} =
          Enum.reduce(parts ++ [rest], {client, []}, fn part, {client, events} ->
            {client, _, new} = Client.handle_bytes(client, part)
            {client, events ++ new}
          end)

        assert [{:headers, 1, _}, {:data, 1, "abc"}, {:trailers, 1, _}, {:done, 1}] = events
      end
    end

    test "headers alone, and data that ends the stream", %{client: client} do
      assert {_, _, [{:headers, 1, _}, {:done, 1}]} =
               feed(client, [headers(1, [{":status", "200"}], true)])

      assert {_, _, [{:headers, 1, _}, {:data, 1, "a"}, {:done, 1}]} =
               feed(client, [response(1), {:data, 1, true, "a", 1}])

      assert {_, _, [{:headers, 1, _}, {:done, 1}]} =
               feed(client, [response(1), {:data, 1, true, "", 0}])
    end

    test "an informational one before is skipped", %{client: client} do
      frames = [headers(1, [{":status", "100"}]), response(1)]
      assert {_, _, [{:headers, 1, [{":status", "200"}]}]} = feed(client, frames)
    end

    test "a field list in CONTINUATION frames", %{client: client} do
      <<a, b, rest::binary>> = block([{":status", "200"}, {"a", "b"}])

      frames = [
        {:headers, 1, false, false, nil, <<a>>},
        {:continuation, 1, false, <<b>>},
        {:continuation, 1, true, rest}
      ]

      assert {client, [], [{:headers, 1, [{":status", "200"}, {"a", "b"}]}]} =
               feed(client, frames)

      assert client.block == nil
    end

    test "one before the request is sent resets the stream, so that the server can forget it" do
      {client, 1, _} = request(connected(), :stream)
      frames = [headers(1, [{":status", "200"}], true)]
      assert {client, [{:rst_stream, 1, :no_error}], [_, {:done, 1}]} = feed(client, frames)
      assert Client.stream_data(client, 1, "late", true) == {client, []}
    end

    for {what, fields} <- [
          {"no status", [{"a", "b"}]},
          {"a status that is no number", [{":status", "abc"}]},
          {"a status of four digits", [{":status", "2000"}]},
          {"two statuses", [{":status", "200"}, {":status", "200"}]},
          {"a pseudo field of requests", [{":status", "200"}, {":path", "/"}]},
          {"upper case", [{":status", "200"}, {"Name", "b"}]},
          {"a space in a name", [{":status", "200"}, {"na me", "b"}]},
          {"an empty name", [{":status", "200"}, {"", "b"}]},
          {"a field of HTTP/1 connections", [{":status", "200"}, {"connection", "close"}]}
        ] do
      test "with #{what} are stream errors", %{client: client} do
        assert {_, [{:rst_stream, 1, :protocol_error}], [{:stream_error, 1, :protocol_error, _}]} =
                 feed(client, [headers(1, unquote(fields))])
      end
    end

    test "out of order are stream errors", %{client: client} do
      for frames <- [
            [{:data, 1, false, "a", 1}],
            [response(1), response(1)],
            [response(1), headers(1, [{":status", "200"}], true)],
            [headers(1, [{":status", "100"}], true)]
          ] do
        {client, out, events} = feed(client, frames)
        assert List.last(out) == {:rst_stream, 1, :protocol_error}
        assert {:stream_error, 1, :protocol_error, _} = List.last(events)
        assert client.active == 0
      end
    end
  end

  describe "header lists" do
    test "with frames of something else between are connection errors" do
      {client, 1, _} = request(connected())
      start = {:headers, 1, false, false, nil, block([{":status", "200"}])}

      for other <- [
            {:ping, false, "12345678"},
            {:data, 1, false, "", 0},
            {:continuation, 3, true, ""},
            <<4::24, 2, 0, 1::32, 0::32>>
          ],
          do: assert_connection_error(client, [start, other], :protocol_error)

      assert_connection_error(client, [{:continuation, 1, true, ""}], :protocol_error)
    end

    test "that do not decode are connection errors" do
      {client, 1, _} = request(connected())
      frames = [{:headers, 1, false, true, nil, <<0xFF, 0xFF>>}]
      assert_connection_error(client, frames, :compression_error)
    end

    test "that are too long are stream errors, and the next one is decoded" do
      client = connected([], max_header_list_size: 1000)
      {client, 1, _} = request(client)
      {client, 3, _} = request(client)
      block = <<0x88, 0x40, 1, "a", 1, "b">>
      long = block([{"long", String.duplicate("x", 990)}])
      long = block <> long

      assert {client, [{:rst_stream, 1, :enhance_your_calm}], [{:stream_error, 1, _, _}]} =
               feed(client, [{:headers, 1, true, true, nil, long}])

      assert {_, [], [{:headers, 3, [{":status", "200"}, {"a", "b"}]}, {:done, 3}]} =
               feed(client, [{:headers, 3, true, true, nil, <<0x88, 0xBE>>}])
    end

    test "in too many frames, or too many bytes, are connection errors" do
      {client, 1, _} = request(connected())
      start = {:headers, 1, false, false, nil, ""}
      empty = List.duplicate({:continuation, 1, false, ""}, 64)
      assert_connection_error(client, [start | empty], :enhance_your_calm)

      large = List.duplicate({:continuation, 1, false, :binary.copy("x", 16_000)}, 20)
      assert_connection_error(client, [start | large], :enhance_your_calm)
    end

    test "of cancelled and finished streams still update the table" do
      {client, 1, _} = request(connected())
      {client, 3, _} = request(client)
      {client, out} = Client.cancel(client, 1)
      assert frames(out) == [{:rst_stream, 1, :cancel}]

      block = <<0x88, 0x40, 1, "a", 1, "b">>
      assert {client, [], []} = feed(client, [{:headers, 1, false, true, nil, block}])

      assert {client, [], [{:headers, 3, [{":status", "200"}, {"a", "b"}]}, {:done, 3}]} =
               feed(client, [{:headers, 3, true, true, nil, <<0x88, 0xBE>>}])

      assert {_, [], []} = feed(client, [{:headers, 3, true, true, nil, <<0x88, 0xBE>>}])
    end
  end

  describe "frames of streams that are gone" do
    setup do
      {client, 1, _} = request(connected())
      {client, _} = Client.cancel(client, 1)
      %{client: client}
    end

    test "are ignored, but count for the connection's window", %{client: client} do
      window = client.receive_window

      frames = [
        {:data, 1, true, "abc", 3},
        {:rst_stream, 1, :cancel},
        {:window_update, 1, 5},
        {:priority, 1, {false, 0, 16}},
        {:unknown, 0x42, 1}
      ]

      frames =
        Enum.map(frames, &if(elem(&1, 0) == :unknown, do: <<0::24, 0x42, 0, 1::32>>, else: &1))

      assert {client, [], []} = feed(client, frames)
      assert client.receive_window == window - 3
    end

    test "that never were are connection errors", %{client: client} do
      for id <- [2, 3] do
        assert_connection_error(client, [{:data, id, true, "", 0}], :protocol_error)
        assert_connection_error(client, [{:rst_stream, id, :cancel}], :protocol_error)
        assert_connection_error(client, [{:window_update, id, 1}], :protocol_error)
        assert_connection_error(client, [headers(id, [{":status", "200"}])], :protocol_error)
      end
    end
  end

  describe "what we send" do
    test "keeps within the stream's window and goes on with WINDOW_UPDATE" do
      client = connected(initial_window_size: 10)
      {client, 1, frames} = request(client, "0123456789abcde")
      assert sent(frames) == [{10, false}]
      assert Client.pending_size(client, 1) == 5

      assert {client, frames, []} = feed(client, [{:window_update, 1, 2}])
      assert sent(frames) == [{2, false}]
      assert {client, frames, []} = feed(client, [{:window_update, 1, 100}])
      assert frames == [{:data, 1, true, "cde", 3}]
      assert Client.pending_size(client, 1) == 0
    end

    test "keeps within the connection's window, streams taking turns" do
      client = connected(initial_window_size: 1_000_000)
      {client, 1, frames} = request(client, :binary.copy("a", 300_000))
      assert Enum.sum(for {size, _} <- sent(frames), do: size) == 65_535
      assert Enum.all?(sent(frames), fn {size, _} -> size <= 16_384 end)
      {client, 3, frames} = request(client, :binary.copy("b", 300_000))
      assert sent(frames) == []

      {client, frames, []} = feed(client, [{:window_update, 0, 4 * 65_536}])
      per_stream = Enum.group_by(frames, &elem(&1, 1), &elem(&1, 4))
      assert Enum.sum(per_stream[1]) == 2 * 65_536
      assert Enum.sum(per_stream[3]) == 2 * 65_536

      {client, frames, []} = feed(client, [{:window_update, 0, 1_000_000}])
      assert for({:data, id, true, _, _} <- frames, do: id) |> Enum.sort() == [1, 3]
      assert client.send_window == 65_535 + 4 * 65_536 + 1_000_000 - 600_000
    end

    test "respects the frame size the server asked for" do
      client = connected(max_frame_size: 32_768, initial_window_size: 100_000)
      {_, 1, frames} = request(client, :binary.copy("a", 40_000))
      assert sent(frames) == [{32_768, false}, {7232, true}]
    end

    test "a smaller initial window makes a stream's window negative" do
      client = connected(initial_window_size: 10)
      {client, 1, _} = request(client, "0123456789abc")
      {client, [{:settings, :ack}], []} = feed(client, [{:settings, [initial_window_size: 5]}])
      assert {client, [], []} = feed(client, [{:window_update, 1, 5}])
      assert {client, [{:data, 1, false, "a", 1}], []} = feed(client, [{:window_update, 1, 1}])

      assert {_, [{:settings, :ack}, {:data, 1, true, "bc", 2}], []} =
               feed(client, [{:settings, [initial_window_size: 100]}])
    end

    test "windows over 2^31 - 1 are errors of what they belong to" do
      {client, 1, _} = request(connected(), :stream)
      full = {:window_update, 1, Frame.max_window()}

      assert {_, [{:rst_stream, 1, :flow_control_error}], [{:stream_error, 1, _, _}]} =
               feed(client, [full])

      frames = [{:window_update, 0, Frame.max_window()}]
      assert_connection_error(client, frames, :flow_control_error)

      frames = [{:window_update, 1, 1000}, {:settings, [initial_window_size: Frame.max_window()]}]
      assert_connection_error(client, frames, :flow_control_error)
    end

    test "a body in parts" do
      {client, 1, [{:headers, 1, false, true, nil, _}]} = request(connected(), :stream)
      {client, out} = Client.stream_data(client, 1, "a")
      assert frames(out) == [{:data, 1, false, "a", 1}]
      {client, out} = Client.stream_data(client, 1, ["b", "c"], true)
      assert frames(out) == [{:data, 1, true, "bc", 2}]
      assert {client, []} == Client.stream_data(client, 1, "d", true)

      {client, 3, _} = request(client, :stream)
      {_, out} = Client.stream_data(client, 3, "", true)
      assert frames(out) == [{:data, 3, true, "", 0}]
    end

    test "nothing more of a stream that was cancelled or reset" do
      client = connected(initial_window_size: 10)
      {client, 1, _} = request(client, "0123456789abc")
      {client, 3, _} = request(client, "0123456789abc")
      {client, _} = Client.cancel(client, 1)

      assert {client, [], [{:reset, 3, :internal_error}]} =
               feed(client, [{:rst_stream, 3, :internal_error}])

      frames = [{:window_update, 1, 9}, {:window_update, 3, 9}, {:window_update, 0, 9}]
      assert {client, [], []} = feed(client, frames)
      assert client.active == 0
    end
  end

  describe "what we receive" do
    test "is replenished in batches" do
      client = connected([], window_size: 100_000)
      {client, 1, _} = request(client)
      data = {:data, 1, false, :binary.copy("x", 10_000), 10_000}
      {client, [], _} = feed(client, [response(1) | List.duplicate(data, 4)])
      {client, frames, [_]} = feed(client, [data])
      assert Enum.sort(frames) == [{:window_update, 0, 50_000}, {:window_update, 1, 50_000}]
      assert client.receive_window == 100_000
    end

    test "of a manual stream, is replenished as it is given back" do
      client = connected([], window_size: 100_000)
      {:ok, client, 1, _} = Client.request(client, @fields, nil, windows: :manual)
      data = {:data, 1, false, :binary.copy("x", 10_000), 10_000}
      {client, frames, _} = feed(client, [response(1) | List.duplicate(data, 9)])
      # The connection's window is everybody's.
      assert frames == [{:window_update, 0, 50_000}]

      assert {client, []} = Client.give_back(client, 1, 49_999)
      assert {client, out} = Client.give_back(client, 1, 1)
      assert frames(out) == [{:window_update, 1, 50_000}]

      {client, _, [_]} = feed(client, [data])
      assert {client, []} = Client.give_back(client, 3, 100_000)
      {client, _} = Client.cancel(client, 1)
      assert {_client, []} = Client.give_back(client, 1, 100_000)
    end

    test "of a manual stream, padding is given back at once" do
      client = connected([], window_size: 4)
      {:ok, client, 1, _} = Client.request(client, @fields, nil, windows: :manual)
      # Three bytes of padding, its length included.
      padded = <<4::24, 0, 8, 1::32, 2, "a", 0, 0>>
      assert {_client, frames, [_, {:data, 1, "a"}]} = feed(client, [response(1), padded])
      assert {:window_update, 1, 3} in frames
    end

    test "fields that are made when they are sent" do
      client = connected(max_concurrent_streams: 1)
      {client, 1, _} = request(client)
      test = self()

      make = fn ->
        send(test, :made)
        [{":path", "/made"}]
      end

      {:ok, client, 3, out} = Client.request(client, make)
      assert frames(out) == []
      # Once for its size, once for the wire.
      assert_received :made
      refute_received :made
      {_client, out} = Client.cancel(client, 1)
      assert_received :made
      assert [{:rst_stream, 1, :cancel}, {:headers, 3, true, true, nil, _}] = frames(out)
    end

    test "padding counts" do
      client = connected([], window_size: 70_000)
      {client, 1, _} = request(client)
      window = client.receive_window
      {client, [], events} = feed(client, [response(1), <<4::24, 0, 8, 1::32, 2, "a", 0, 0>>])
      assert {:data, 1, "a"} in events
      assert client.receive_window == window - 4
    end

    test "more than the windows is refused" do
      client = %{connected([], window_size: 100_000) | receive_window: 100}
      {client, 1, _} = request(client)
      frames = [response(1), {:data, 1, false, :binary.copy("x", 101), 101}]
      assert_connection_error(client, frames, :flow_control_error)

      client = connected([], window_size: 10)
      {client, 1, _} = request(client)

      assert {_, [{:rst_stream, 1, :flow_control_error}], [_, {:stream_error, 1, _, _}]} =
               feed(client, [response(1), {:data, 1, false, "0123456789a", 11}])
    end
  end

  describe "MAX_CONCURRENT_STREAMS" do
    test "makes requests wait, and they go out in order as others end" do
      client = connected(max_concurrent_streams: 1)
      {client, 1, [_]} = request(client)
      {client, 3, []} = request(client, "three")
      {client, 5, []} = request(client)
      assert {Client.sent?(client, 1), Client.sent?(client, 3)} == {true, false}

      {client, frames, [_, {:done, 1}]} = feed(client, [headers(1, [{":status", "200"}], true)])
      assert [{:headers, 3, false, true, nil, _}, {:data, 3, true, "three", 5}] = frames

      {client, frames, [{:reset, 3, :internal_error}]} =
        feed(client, [{:rst_stream, 3, :internal_error}])

      assert [{:headers, 5, true, true, nil, _}] = frames
      assert client.active == 1
    end

    test "a waiting request can be cancelled and given data" do
      client = connected(max_concurrent_streams: 1)
      {client, 1, [_]} = request(client)
      {client, 3, []} = request(client)
      {client, 5, []} = request(client, :stream)
      {client, []} = Client.stream_data(client, 5, "early")
      {client, []} = Client.cancel(client, 3)
      {_, out} = Client.cancel(client, 1)

      assert [
               {:rst_stream, 1, :cancel},
               {:headers, 5, false, _, _, _},
               {:data, 5, false, "early", 5}
             ] = frames(out)
    end

    test "0 holds everything until it is raised" do
      client = connected(max_concurrent_streams: 0)
      {client, 1, []} = request(client)
      frames = [{:settings, [max_concurrent_streams: 5]}]
      assert {_, [{:settings, :ack}, {:headers, 1, true, _, _, _}], []} = feed(client, frames)
    end

    test "a server's frame on a request that waits is one on a stream nobody opened" do
      client = connected(max_concurrent_streams: 0)
      {client, 1, []} = request(client)
      assert_connection_error(client, [response(1)], :protocol_error)
    end
  end

  describe "MAX_HEADER_LIST_SIZE" do
    # @fields as section 6.5.2 counts them: names, values, 32 for each.
    @size 7 + 4 + 32 + 5 + 2 + 32

    test "lets a list of its size through and refuses a larger one" do
      assert {_, 1, [_]} = request(connected(max_header_list_size: @size))

      client = connected(max_header_list_size: @size - 1)
      reason = {:headers_too_large, @size, @size - 1}
      assert {:error, ^client, ^reason} = Client.request(client, @fields)
      assert {:error, ^client, ^reason} = Client.request(client, @fields, "body")
      assert {:error, ^client, ^reason} = Client.request(client, @fields, :stream)
    end

    test "counts what is not indexed, and what the header table would make small" do
      client = connected(max_header_list_size: 2 * @size)
      {client, 1, _} = request(client)
      fields = @fields ++ [{"k", String.duplicate("v", @size - 32), :never_index}]
      assert {:error, client, {:headers_too_large, size, _}} = Client.request(client, fields)
      assert size == 2 * @size + 1

      # The refused list left neither a stream nor an entry in the header table.
      assert {_, 3, [{:headers, 3, true, true, nil, <<_, _>>}]} = request(client)
    end

    test "is not there until the server says so, and may change" do
      long = @fields ++ [{"k", String.duplicate("v", 300_000), :no_index}]
      assert {:ok, client, 1, _} = Client.request(connected(), long)
      {client, _, []} = feed(client, [{:settings, [max_header_list_size: 0]}])
      assert {:error, client, {:headers_too_large, @size, 0}} = Client.request(client, @fields)
      {client, _, []} = feed(client, [{:settings, [max_header_list_size: 0xFFFFFFFF]}])
      assert {:ok, _, 3, _} = Client.request(client, long)
    end

    test "holds for a request that would wait" do
      client = connected(max_header_list_size: 0, max_concurrent_streams: 0)
      assert {:error, ^client, {:headers_too_large, @size, 0}} = Client.request(client, @fields)
    end
  end

  describe "GOAWAY" do
    test "reports what was not processed and lets the rest go on" do
      client = connected(max_concurrent_streams: 2)
      {client, 1, _} = request(client)
      {client, 3, _} = request(client)
      {client, 5, []} = request(client)

      assert {client, [], events} = feed(client, [{:goaway, 1, :no_error, "bye"}])

      assert events == [
               {:goaway, :no_error, "bye"},
               {:unprocessed, 3, {:goaway, :no_error}},
               {:unprocessed, 5, {:goaway, :no_error}}
             ]

      refute Client.accepts?(client)
      assert {:error, client, {:goaway, :no_error}} = Client.request(client, @fields)
      frames = [headers(1, [{":status", "200"}], true)]
      assert {client, [], [{:headers, 1, _}, {:done, 1}]} = feed(client, frames)
      assert client.streams == %{}
    end

    test "a second one can only lower the number" do
      {client, 1, _} = request(connected())
      {client, 3, _} = request(client)
      {client, [], [_]} = feed(client, [{:goaway, 0x7FFFFFFF, :no_error, ""}])
      {client, [], [_, {:unprocessed, 3, _}]} = feed(client, [{:goaway, 1, :no_error, ""}])
      assert {_, [], [_]} = feed(client, [{:goaway, 5, :no_error, ""}])
    end
  end

  test "REFUSED_STREAM says the request was not processed" do
    {client, 1, _} = request(connected())
    frames = [{:rst_stream, 1, :refused_stream}]
    assert {_, [], [{:unprocessed, 1, :refused_stream}]} = feed(client, frames)
  end

  test "PING is answered, its answer is not" do
    assert {_, [{:ping, true, "12345678"}], []} = feed(connected(), [{:ping, false, "12345678"}])
    assert {_, [], []} = feed(connected(), [{:ping, true, "12345678"}])
  end

  test "push is refused" do
    {client, 1, _} = request(connected())
    assert_connection_error(client, [{:push_promise, 1, 2, true, ""}], :protocol_error)
    assert_connection_error(client, [{:settings, [enable_push: 1]}], :protocol_error)
  end

  test "the server's header table limit is used" do
    client = connected(header_table_size: 0)
    {client, 1, [{:headers, 1, _, _, _, block}]} = request(client)
    assert <<0b001_00000, _::binary>> = block
    {_, 3, [{:headers, 3, _, _, _, block}]} = request(client)
    assert {:ok, decoder, @fields} = Hpack.decode(Hpack.new(max_table_size: 0), block)
    assert decoder.table.count == 0
  end

  test "a frame over our limit is an error before its payload is there" do
    client = connected([], max_frame_size: 16_384)
    assert_connection_error(client, [<<16_385::24, 0, 0, 1::32>>], :frame_size_error)
  end

  test "a stream error of a frame resets only its stream" do
    {client, 1, _} = request(connected())
    zero = <<4::24, 8, 0, 1::32, 0::32>>

    assert {client, [{:rst_stream, 1, :protocol_error}], [{:stream_error, 1, _, _}]} =
             feed(client, [zero])

    assert {_, [], []} = feed(client, [zero])
  end
end
