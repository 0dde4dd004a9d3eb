Code.require_file("../support_terms/vectors.exs", __DIR__)

defmodule Vllm.KVEvents.DecoderTest do
  use ExUnit.Case, async: true

  alias Vllm.Error
  alias Vllm.KVEvents
  alias Vllm.KVEvents.{AllBlocksCleared, BlockRemoved, BlockStored, EventBatch}
  alias Vllm.Term.Msgpack
  alias Vllm.Test.Vectors

  doctest KVEvents, import: true

  @kinds %{
    "BlockStored" => BlockStored,
    "BlockRemoved" => BlockRemoved,
    "AllBlocksCleared" => AllBlocksCleared
  }

  # A payload of other values than vLLM's.
  defp pack(value) when is_integer(value), do: Msgpack.integer(value)
  defp pack(value) when is_float(value), do: Msgpack.float(value)
  defp pack(nil), do: 0xC0
  defp pack(true), do: 0xC3
  defp pack(text) when is_binary(text), do: Msgpack.string(text)
  defp pack({:bytes, data}), do: Msgpack.bytes(data)
  defp pack(:time), do: <<0xD6, -1, 1_764_585_600::32>>

  defp pack(list) when is_list(list),
    do: [Msgpack.array_header(length(list)) | Enum.map(list, &pack/1)]

  defp pack(%{} = map),
    do: [Msgpack.map_header(map_size(map)) | for({k, v} <- map, do: [pack(k), pack(v)])]

  defp decode(value), do: [pack(value)] |> IO.iodata_to_binary() |> KVEvents.decode()

  test "what vLLM's own encoder wrote, of 0.14 and of 0.33" do
    for {version, vectors} <- Vectors.load("kv_events.json"), vector <- vectors do
      payload = Base.decode16!(vector["payload"], case: :lower)
      assert {:ok, batch} = KVEvents.decode(payload), "#{version} #{vector["name"]}"
      described = vector["batch"]
      assert batch.ts == described["ts"] * 1.0
      assert batch.data_parallel_rank == described["data_parallel_rank"]
      assert batch.unknown_events == 0
      expected = Enum.map(described["events"], &event/1)
      assert batch.events == expected, "#{version} #{vector["name"]}"
    end
  end

  defp event(described) do
    {kind, fields} = Map.pop!(described, "kind")
    module = Map.fetch!(@kinds, kind)

    for {name, value} <- fields, reduce: struct(module) do
      event -> Map.replace!(event, String.to_existing_atom(name), plain(value))
    end
  end

  defp plain(%{"bytes" => hex}), do: Base.decode16!(hex, case: :lower)
  defp plain(list) when is_list(list), do: Enum.map(list, &plain/1)
  defp plain(value), do: value

  @stored ["BlockStored", [1], nil, [2, 3], 2]

  test "fields and kinds that are newer, and fields that are older" do
    newer = %{
      "type" => "BlockRemoved",
      "block_hashes" => [1],
      "shade" => %{7 => :time}
    }

    cleared_and_more = ["AllBlocksCleared", 1, 2]
    longer = @stored ++ List.duplicate(nil, 11) ++ ["new"]

    events = [
      @stored,
      newer,
      ["BlockPainted", "red"],
      %{"type" => "Frozen"},
      cleared_and_more,
      longer
    ]

    assert {:ok, %EventBatch{} = batch} = decode([1, events, nil, "more"])
    stored = %BlockStored{block_hashes: [1], token_ids: [2, 3], block_size: 2}
    assert batch.events == [stored, %BlockRemoved{block_hashes: [1]}, %AllBlocksCleared{}, stored]
    assert {batch.unknown_events, batch.ts} == {2, 1.0}
    assert {:ok, %EventBatch{events: [], data_parallel_rank: nil}} = decode([0.5, []])
  end

  test "what is no batch is named, with the field" do
    for {value, words} <- [
          {7, "a batch is an array [ts, events, ...], got 7"},
          {[1], "a batch is an array"},
          {["now", []], "ts must be a number, got \"now\""},
          {[1, [], "0"], "data_parallel_rank must be an integer or nil"},
          {[1, [7]], "an event is a map with its type"},
          {[1, [[]]], "an event is a map with its type"},
          {[1, [%{"type" => 7}]], "an event is a map with its type"},
          {[1, [["BlockStored", [1], nil]]], "BlockStored has no token_ids"},
          {[1, [%{"type" => "BlockRemoved"}]], "BlockRemoved has no block_hashes"},
          {[1, [["BlockRemoved", [1.5]]]],
           "each of BlockRemoved.block_hashes must be an integer or bytes, got 1.5"},
          {[1, [["BlockRemoved", 7]]], "BlockRemoved.block_hashes must be a list"},
          {[1, [["BlockRemoved", [1], 7]]], "BlockRemoved.medium must be a string or nil, got 7"},
          {[1, [["BlockStored", [1], nil, [true], 2]]],
           "BlockStored.token_ids must be a list of integers"},
          {[1, [["BlockStored", [1], nil, [], nil]]],
           "BlockStored.block_size must be an integer"},
          {[
             1,
             [
               %{
                 "type" => "BlockStored",
                 "block_hashes" => [],
                 "parent_block_hash" => nil,
                 "token_ids" => [],
                 "block_size" => 1,
                 "lookahead_token_ids" => [1]
               }
             ]
           ], "BlockStored.lookahead_token_ids must be a list of lists of integers"}
        ] do
      assert {:error, %Error{category: :grpc_error, reason: "bad_kv_events"} = error} =
               decode(value)

      assert error.message =~ words
    end

    for payload <- [
          "",
          <<0x93, 1>>,
          <<0xC1>>,
          :binary.copy(<<0x91>>, 10_000),
          <<0x92, 1, 0x90, 1>>
        ],
        do: assert({:error, %Error{reason: "bad_kv_events"}} = KVEvents.decode(payload))

    assert {:error, %Error{reason: "invalid_argument"}} = KVEvents.decode(:no_binary)
    assert_raise Error, fn -> KVEvents.decode!("") end
  end

  test "mangled bytes return" do
    payloads =
      for {_version, vectors} <- Vectors.load("kv_events.json"),
          vector <- vectors,
          do: Base.decode16!(vector["payload"], case: :lower)

    for payload <- payloads, _ <- 1..100 do
      place = :rand.uniform(byte_size(payload)) - 1
      <<before::binary-size(place), _, rest::binary>> = payload

      case KVEvents.decode(<<before::binary, :rand.uniform(256) - 1, rest::binary>>) do
        {:ok, %EventBatch{}} -> :ok
        {:error, %Error{message: message}} -> assert byte_size(message) < 1_000
      end
    end
  end

  test "what is kept of a batch does not keep its bytes" do
    hash = :rand.bytes(32)
    stored = ["BlockStored", [{:bytes, hash}], nil, Enum.to_list(1..50_000), 16, nil, "GPU"]
    {:ok, %{events: [event]}} = decode([1, [stored]])

    for kept <- event.block_hashes ++ [event.medium],
        do: assert(:binary.referenced_byte_size(kept) == byte_size(kept))
  end
end
