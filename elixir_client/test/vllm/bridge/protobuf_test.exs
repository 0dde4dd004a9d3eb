defmodule Vllm.Bridge.ProtobufTest do
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Protobuf, V1}

  defp bytes(message), do: message |> Protobuf.encode() |> IO.iodata_to_binary()

  # The bytes are those that google.protobuf (Python) writes for the same message.
  @published [
    {%V1.Int64List{values: [1, 300, -1]}, "0a0d01ac02ffffffffffffffffff01"},
    {%V1.DoubleList{values: [1.5]}, "0a08000000000000f83f"},
    {%V1.BoolList{values: [true, false]}, "0a020100"},
    {%V1.StringList{values: ["a", ""]}, "0a01610a00"},
    {%V1.Session{session_id: "s", affinity: :strict_queue, rank: 0}, "0a017318023000"},
    {%V1.Tensor{dtype: "u8", shape: [2], data: <<1, 2>>}, "0a0275381201021a020102"},
    {%V1.WithdrawResponse{call: %V1.CallRecord{state: :running, running_s: 0.5}},
     "0a0b200231000000000000e03f"}
  ]

  describe "encode/1" do
    test "writes what protobuf writes" do
      for {message, hex} <- @published do
        assert Base.encode16(bytes(message), case: :lower) == hex

        assert Protobuf.decode(message.__struct__, Base.decode16!(hex, case: :lower)) ==
                 {:ok, message}
      end
    end

    test "leaves out zero values, but not optional ones that are present" do
      assert bytes(%V1.Session{}) == ""
      assert bytes(%V1.Session{rank: 0}) == <<0x30, 0>>
      assert bytes(%V1.Tensor{data: ""}) == <<0x1A, 0>>
    end

    test "negative zero is no zero value" do
      assert bytes(%V1.CallRecord{running_s: -0.0}) == <<0x31, 0::56, 0x80>>
    end

    test "special floats go there and back" do
      list = %V1.DoubleList{values: [:nan, :infinity, :neg_infinity, -0.0, 1.0e308]}
      assert Protobuf.decode(V1.DoubleList, bytes(list)) == {:ok, list}
    end

    test "the ends of the integer ranges go there and back" do
      for n <- [-0x8000000000000000, 0x7FFFFFFFFFFFFFFF, -1, 127, 128] do
        list = %V1.Int64List{values: [n]}
        assert Protobuf.decode(V1.Int64List, bytes(list)) == {:ok, list}
      end

      ref = %V1.Ref{epoch: 0xFFFFFFFFFFFFFFFF}
      assert Protobuf.decode(V1.Ref, bytes(ref)) == {:ok, ref}
    end

    test "an enum value without a name stays a number" do
      session = %V1.Session{affinity: 77}
      assert Protobuf.decode(V1.Session, bytes(session)) == {:ok, session}
    end
  end

  describe "decode/2" do
    test "skips unknown fields of every wire type" do
      unknown = <<0xF8, 0x7F, 1, 0xF9, 0x7F, 0::64, 0xFA, 0x7F, 2, "xy", 0xFD, 0x7F, 0::32>>
      known = bytes(%V1.StringList{values: ["a"]})

      assert Protobuf.decode(V1.StringList, unknown <> known <> unknown) ==
               {:ok, %V1.StringList{values: ["a"]}}
    end

    test "accepts packed and unpacked lists, also mixed" do
      assert Protobuf.decode(V1.Int64List, <<0x08, 1, 0x0A, 2, 2, 3, 0x08, 4>>) ==
               {:ok, %V1.Int64List{values: [1, 2, 3, 4]}}

      assert Protobuf.decode(V1.DoubleList, <<0x09, 1.5::float-little>>) ==
               {:ok, %V1.DoubleList{values: [1.5]}}
    end

    test "the last one of a scalar wins, messages are merged" do
      assert Protobuf.decode(V1.Int64List, <<>>) == {:ok, %V1.Int64List{}}
      twice = bytes(%V1.Ref{id: "a", epoch: 1}) <> bytes(%V1.Ref{id: "b"})
      assert Protobuf.decode(V1.Ref, twice) == {:ok, %V1.Ref{id: "b", epoch: 1}}

      merged =
        bytes(%V1.Tensor{ref: %V1.Ref{id: "a"}}) <> bytes(%V1.Tensor{ref: %V1.Ref{epoch: 2}})

      assert Protobuf.decode(V1.Tensor, merged) ==
               {:ok, %V1.Tensor{ref: %V1.Ref{id: "a", epoch: 2}}}
    end

    test "passes over a known field with a wire type that does not fit" do
      assert Protobuf.decode(V1.Ref, <<0x08, 1>>) == {:ok, %V1.Ref{}}
    end

    test "names what is wrong" do
      for {binary, reason} <- [
            {<<0x0A>>, :truncated},
            {<<0x0A, 5, "ab">>, :truncated},
            {<<0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01>>, :truncated},
            {<<0x18, 0x80>>, :truncated},
            {<<0x18>> <> :binary.copy(<<0x80>>, 10) <> <<0>>, :varint_too_long},
            {<<0x0B>>, {:bad_wire_type, 3}},
            {<<0x0C>>, {:bad_wire_type, 4}},
            {<<0x0E>>, {:bad_wire_type, 6}},
            {<<0x00, 0>>, {:bad_field_number, 0}},
            {<<0x0A, 1, 0xFF>>, {:invalid_utf8, :id}},
            {<<0x09, 1, 2>>, :truncated}
          ] do
        assert Protobuf.decode(V1.Ref, binary) == {:error, reason}, inspect(binary)
      end

      assert Protobuf.decode(V1.Int64List, <<0x0A, 1, 0x80>>) == {:error, :truncated}
      assert Protobuf.decode(V1.DoubleList, <<0x0A, 3, 0, 0, 0>>) == {:error, :truncated}
    end

    test "returns for any bytes" do
      :rand.seed(:exsss, {1, 2, 3})
      sample = bytes(%V1.World{ranks: [%V1.RankInfo{rank: 1, node: "n"}], world_id: "w"})

      for _ <- 1..3_000 do
        random = :rand.bytes(:rand.uniform(40))
        position = :rand.uniform(byte_size(sample)) - 1
        <<head::binary-size(position), _byte, tail::binary>> = sample

        for binary <- [random, head, head <> <<:rand.uniform(256) - 1>> <> tail],
            module <- [V1.World, V1.Tensor, V1.ErrorDetail] do
          assert {tag, _} = Protobuf.decode(module, binary)
          assert tag in [:ok, :error]
        end
      end
    end
  end
end
