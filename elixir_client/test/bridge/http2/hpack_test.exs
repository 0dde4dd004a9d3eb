defmodule Vllm.Bridge.HTTP2.HpackTest do
  use ExUnit.Case, async: true

  import Bitwise

  alias Vllm.Bridge.HTTP2.Hpack
  alias Vllm.Bridge.HTTP2.Hpack.{Huffman, Integer, Table}

  defp hex(text), do: text |> String.replace(~r/\s/, "") |> Base.decode16!(case: :lower)

  defp encode(context, fields) do
    {context, block} = Hpack.encode(context, fields)
    {context, IO.iodata_to_binary(block)}
  end

  describe "integers (RFC 7541 C.1)" do
    test "C.1.1: 10 with a 5-bit prefix" do
      assert IO.iodata_to_binary(Integer.encode(0, 5, 10)) == <<0b01010>>
      assert Integer.decode(0b01010, 5, "") == {:ok, 10, ""}
    end

    test "C.1.2: 1337 with a 5-bit prefix" do
      assert IO.iodata_to_binary(Integer.encode(0, 5, 1337)) == <<31, 154, 10>>
      assert Integer.decode(31, 5, <<154, 10, "rest">>) == {:ok, 1337, "rest"}
    end

    test "C.1.3: 42 at an octet boundary" do
      assert IO.iodata_to_binary(Integer.encode(0, 8, 42)) == <<42>>
      assert Integer.decode(42, 8, "") == {:ok, 42, ""}
    end

    test "every prefix around its limit and up to 28 bits" do
      for prefix <- 1..8,
          value <- [0, 1, 30, 31, 127, 128, 254, 255, 256, 16_383, (1 <<< 28) - 1] do
        <<first, rest::binary>> = IO.iodata_to_binary(Integer.encode(0, prefix, value))
        assert Integer.decode(first, prefix, rest) == {:ok, value, ""}
      end
    end

    test "an endless and a truncated one are refused" do
      assert {:error, _} = Integer.decode(31, 5, :binary.copy(<<0xFF>>, 1000))
      assert {:error, _} = Integer.decode(31, 5, <<0x80, 0x80, 0x80, 0x80, 0x80, 0x01>>)
      assert {:error, _} = Integer.decode(31, 5, <<0x80>>)
      assert {:error, _} = Integer.decode(31, 5, "")
    end
  end

  describe "single fields (RFC 7541 C.2)" do
    test "C.2.1: literal with indexing" do
      block = hex("400a637573746f6d2d6b65790d637573746f6d2d686561646572")
      fields = [{"custom-key", "custom-header"}]
      assert {:ok, decoder, ^fields} = Hpack.decode(Hpack.new(), block)
      assert decoder.table.size == 55
      assert {_, ^block} = encode(Hpack.new(huffman: :never), fields)
    end

    test "C.2.2: literal without indexing" do
      block = hex("040c2f73616d706c652f70617468")
      assert {:ok, decoder, [{":path", "/sample/path"}]} = Hpack.decode(Hpack.new(), block)
      assert decoder.table.size == 0

      assert {_, ^block} =
               encode(Hpack.new(huffman: :never), [{":path", "/sample/path", :no_index}])
    end

    test "C.2.3: literal never indexed" do
      block = hex("100870617373776f726406736563726574")
      assert {:ok, decoder, [{"password", "secret"}]} = Hpack.decode(Hpack.new(), block)
      assert decoder.table.size == 0

      assert {_, ^block} =
               encode(Hpack.new(huffman: :never), [{"password", "secret", :never_index}])
    end

    test "C.2.4: indexed" do
      assert {:ok, decoder, [{":method", "GET"}]} = Hpack.decode(Hpack.new(), <<0x82>>)
      assert decoder.table.size == 0
      assert {_, <<0x82>>} = encode(Hpack.new(), [{":method", "GET"}])
    end
  end

  @requests [
    [{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}],
    [
      {":method", "GET"},
      {":scheme", "http"},
      {":path", "/"},
      {":authority", "www.example.com"},
      {"cache-control", "no-cache"}
    ],
    [
      {":method", "GET"},
      {":scheme", "https"},
      {":path", "/index.html"},
      {":authority", "www.example.com"},
      {"custom-key", "custom-value"}
    ]
  ]

  @responses [
    [
      {":status", "302"},
      {"cache-control", "private"},
      {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
      {"location", "https://www.example.com"}
    ],
    [
      {":status", "307"},
      {"cache-control", "private"},
      {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
      {"location", "https://www.example.com"}
    ],
    [
      {":status", "200"},
      {"cache-control", "private"},
      {"date", "Mon, 21 Oct 2013 20:13:22 GMT"},
      {"location", "https://www.example.com"},
      {"content-encoding", "gzip"},
      {"set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"}
    ]
  ]

  # {name, table size, Huffman, field lists, blocks, table bytes after each}
  @sequences [
    {"C.3: requests without Huffman", 4096, :never, @requests,
     [
       "828684410f7777772e6578616d706c652e636f6d",
       "828684be58086e6f2d6361636865",
       "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"
     ], [57, 110, 164]},
    {"C.4: requests with Huffman", 4096, :always, @requests,
     [
       "828684418cf1e3c2e5f23a6ba0ab90f4ff",
       "828684be5886a8eb10649cbf",
       "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"
     ], [57, 110, 164]},
    {"C.5: responses without Huffman", 256, :never, @responses,
     [
       "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120" <>
         "474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
       "4803333037c1c0bf",
       "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738" <>
         "666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d33" <>
         "3630303b2076657273696f6e3d31"
     ], [222, 222, 215]},
    {"C.6: responses with Huffman", 256, :always, @responses,
     [
       "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad1718" <>
         "63c78f0b97c8e9ae82ae43d3",
       "4883640effc1c0bf",
       "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7" <>
         "b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"
     ], [222, 222, 215]}
  ]

  describe "sequences (RFC 7541 C.3 to C.6)" do
    for {name, size, huffman, lists, blocks, sizes} <- @sequences do
      test name do
        steps = Enum.zip([unquote(Macro.escape(lists)), unquote(blocks), unquote(sizes)])
        new = Hpack.new(max_table_size: unquote(size), huffman: unquote(huffman))

        for_each(steps, {new, new}, fn {fields, block, bytes}, {encoder, decoder} ->
          block = hex(block)
          assert {:ok, decoder, ^fields} = Hpack.decode(decoder, block)
          assert {encoder, ^block} = encode(encoder, fields)
          assert decoder.table.size == bytes
          assert encoder.table.size == bytes
          {encoder, decoder}
        end)
      end
    end

    defp for_each(steps, state, fun), do: Enum.reduce(steps, state, fun)
  end

  describe "Huffman" do
    test "every symbol, alone and between others" do
      for symbol <- 0..255,
          string <- [<<symbol>>, <<?a, symbol, ?z>>, :binary.copy(<<symbol>>, 9)] do
        coded = Huffman.encode(string)
        assert byte_size(coded) == Huffman.encoded_size(string)
        assert Huffman.decode(coded) == {:ok, string}
      end
    end

    test "random strings" do
      :rand.seed(:exsss, {1, 2, 3})

      for size <- 0..300 do
        string = :rand.bytes(size)
        assert string |> Huffman.encode() |> Huffman.decode() == {:ok, string}
      end
    end

    test "padding that is not all ones, or a whole byte of it, is refused" do
      # "a" is 00011.
      assert Huffman.decode(<<0b00011_111>>) == {:ok, "a"}
      assert {:error, _} = Huffman.decode(<<0b00011_000>>)
      assert {:error, _} = Huffman.decode(<<0b00011_110>>)
      assert {:error, _} = Huffman.decode(<<0b00011_111, 0xFF>>)
      assert {:error, _} = Huffman.decode(<<0xFF>>)
      assert Huffman.decode(<<>>) == {:ok, ""}
    end

    test "EOS is refused" do
      assert {:error, message} = Huffman.decode(<<0x3FFFFFFF::30, 0b11::2>>)
      assert message =~ "EOS"
      assert {:error, _} = Huffman.decode(<<0b00011::5, 0x3FFFFFFF::30, 0b00011::5>>)
    end
  end

  describe "the dynamic table" do
    test "an entry larger than the table empties it" do
      table = Table.new(100) |> Table.insert("a", "b") |> Table.insert("c", "d")
      assert {table.count, table.size} == {2, 68}
      table = Table.insert(table, "name", String.duplicate("x", 100))
      assert {table.count, table.size, table.entries} == {0, 0, %{}}
      assert {table.fields, table.names} == {%{}, %{}}
    end

    test "the newest entry has index 62, and evicted ones none" do
      table =
        Enum.reduce(1..10, Table.new(34 * 3), &Table.insert(&2, "n", to_string(rem(&1, 10))))

      assert Table.fetch(table, 62) == {:ok, {"n", "0"}}
      assert Table.fetch(table, 64) == {:ok, {"n", "8"}}
      assert Table.fetch(table, 65) == :error
      assert Table.find(table, "n", "9") == {:field, 63}
      assert Table.find(table, "n", "1") == {:name, 62}
    end

    test "a field that is in twice is still found after the older one is evicted" do
      table = Table.new(34 * 2) |> Table.insert("n", "1") |> Table.insert("n", "2")
      table = table |> Table.insert("n", "1") |> Table.insert("n", "3")
      assert Table.find(table, "n", "1") == {:field, 63}
    end
  end

  describe "encoding" do
    test "a repeated field is one byte, one that changes stays out of the table" do
      fields = [{":method", "POST"}, {"te", "trailers"}, {"grpc-timeout", "100m", :no_index}]
      {encoder, _} = encode(Hpack.new(), fields)
      size = encoder.table.size
      {encoder, block} = encode(encoder, fields)
      assert <<0x83, 0xBE, _literal::binary>> = block
      assert encoder.table.size == size
    end

    test "authorization is never indexed, whatever is asked for" do
      for fields <- [[{"authorization", "Bearer x"}], [{"authorization", "Bearer x", :index}]] do
        {encoder, block} = encode(Hpack.new(), fields)
        assert <<0b0001::4, _::4, _::binary>> = block
        assert encoder.table.count == 0
        assert {:ok, decoder, [{"authorization", "Bearer x"}]} = Hpack.decode(Hpack.new(), block)
        assert decoder.table.count == 0
      end
    end

    test "a field that would fill half the table is not indexed" do
      {encoder, block} = encode(Hpack.new(), [{"x", String.duplicate("y", 2100)}])
      assert encoder.table.count == 0
      assert {:ok, _, [{"x", value}]} = Hpack.decode(Hpack.new(), block)
      assert byte_size(value) == 2100
    end

    test "the peer's table limit is announced, smallest first, and both sides stay in step" do
      encoder = Hpack.new()
      {encoder, first} = encode(encoder, [{"a", "1"}, {"b", "2"}])
      encoder = encoder |> Hpack.set_peer_limit(0) |> Hpack.set_peer_limit(1000)
      {encoder, second} = encode(encoder, [{"a", "1"}, {"b", "2"}])
      assert <<0b001_00000, 0b001_11111, _::binary>> = second
      {_, third} = encode(encoder, [{"a", "1"}, {"b", "2"}])

      {:ok, decoder, _} = Hpack.decode(Hpack.new(), first)
      {:ok, decoder, [{"a", "1"}, {"b", "2"}]} = Hpack.decode(decoder, second)
      {:ok, decoder, [{"a", "1"}, {"b", "2"}]} = Hpack.decode(decoder, third)
      assert decoder.table.max_size == 1000
    end

    test "a limit above 4096 is not used" do
      assert Hpack.set_peer_limit(Hpack.new(), 1_000_000) == Hpack.new()
    end
  end

  describe "decoding refuses" do
    for {what, block} <- [
          {"index 0", <<0x80>>},
          {"an index without entry", <<0xBE>>},
          {"a name's index without entry", <<0x7E, 1, "a">>},
          {"a size update over the limit", <<0x3F, 0xE2, 0x1F>>},
          {"a size update after a field", <<0x82, 0x20>>},
          {"a string past the end", <<0x40, 5, "abc">>},
          {"a missing value", <<0x40, 1, "a">>},
          {"an integer without end", <<0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF>>},
          {"a string with bad padding", <<0x40, 0x81, 0b00011_000, 0>>}
        ] do
      test what do
        assert {:error, message} = Hpack.decode(Hpack.new(), unquote(block))
        assert is_binary(message)
      end
    end
  end

  test "a list over the limit is refused, and the table is right for the next one" do
    block = <<0x40, 1, "a", 1, "b", 0x40, 1, "c", 1, "d">>
    assert {:too_large, decoder} = Hpack.decode(Hpack.new(), block, 67)
    assert {:ok, _, [{"c", "d"}, {"a", "b"}]} = Hpack.decode(decoder, <<0xBE, 0xBF>>, 68)
  end

  test "a small block that expands to a huge list costs no memory" do
    # 4,000 bytes once, then one byte each time.
    value = String.duplicate("v", 4000)

    {_, entry} =
      {nil, <<0x40, 1, "k", 0x7F, (4000 - 127 &&& 127) ||| 128, (4000 - 127) >>> 7>> <> value}

    assert {:too_large, _} =
             Hpack.decode(Hpack.new(), entry <> :binary.copy(<<0xBE>>, 100_000), 65_536)
  end
end
