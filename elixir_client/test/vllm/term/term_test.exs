defmodule Vllm.TermTest do
  use ExUnit.Case, async: true
  doctest Vllm.Term

  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.{Bytes, Complex, Error, Ref, Tensor, Term}

  defp there_and_back(value) do
    assert {:ok, term} = Term.encode(value)
    assert {:ok, back} = Term.decode(term)
    back
  end

  defp hex(value) do
    {:ok, %V1.Term{msgpack: packed}} = Term.encode(value)
    Base.encode16(packed, case: :lower)
  end

  defp decode_hex(hex), do: Term.decode(%V1.Term{msgpack: Base.decode16!(hex, case: :lower)})

  test "values that come back as they went" do
    values = [
      nil,
      true,
      false,
      0,
      -1,
      1.5,
      -0.0,
      :nan,
      :infinity,
      :neg_infinity,
      "",
      "grüß",
      <<255, 0>>,
      [],
      [1, [2, []]],
      {},
      {1, {"a", nil}},
      %{},
      %{"a" => %{"b" => [1]}},
      %{1 => "one", {1, 2} => nil, nil => 0},
      MapSet.new([1, "a", {2}]),
      %Complex{re: 1.0, im: -2.5},
      %Complex{re: :nan, im: :infinity},
      %Ref{id: "o1", session_id: "s", epoch: 3, type_name: "torch.Tensor"},
      String.duplicate("x", 70_000),
      :binary.copy(<<255>>, 70_000),
      Enum.to_list(1..70_000),
      Map.new(1..20, &{"k#{&1}", &1})
    ]

    for value <- values, do: assert(there_and_back(value) === value)
  end

  test "integers of every size" do
    powers = for bits <- 0..200, sign <- [1, -1], near <- -1..1, do: sign * 2 ** bits + near
    assert there_and_back(powers) === powers
  end

  test "the bytes of the contract" do
    assert hex({1, 2}) == "c70301920102"
    assert hex(:spam) == "d6027370616d"
    assert hex(2 ** 64) == "c70907010000000000000000"
    assert hex(-(2 ** 63) - 1) == "c70907ff7fffffffffffffff"
    assert hex(%{1 => 2}) == "c70308920102"
    assert hex(MapSet.new([7])) == "d5069107"
    assert hex(%Bytes{data: "ab"}) == "c4026162"
    assert hex(1.0) == "cb3ff0000000000000"
    assert decode_hex("c70309920102") == {:ok, MapSet.new([1, 2])}
    assert decode_hex("c7030b663332") == {:ok, "f32"}
    assert decode_hex("c7030c637075") == {:ok, "cpu"}

    assert decode_hex("c7080a94a16fa17301a174") ==
             {:ok, %Ref{id: "o", session_id: "s", epoch: 1, type_name: "t"}}
  end

  test "atom keys become string keys, atoms become their names" do
    assert there_and_back(%{a: 1, b: :c}) == %{"a" => 1, "b" => "c"}
    assert there_and_back(%{:a => 1, 2 => 3}) == %{"a" => 1, 2 => 3}
  end

  test "bytes come back as a plain binary" do
    assert there_and_back(%Bytes{data: "abc"}) == "abc"
  end

  test "tensors travel beside the msgpack text" do
    a = Tensor.new([1.0, 2.0])
    b = Tensor.new([[1], [2]])

    assert {:ok, %V1.Term{msgpack: packed, tensors: [_, _]} = term} =
             Term.encode(%{"x" => [a, {b}]})

    assert byte_size(packed) < 20
    assert Term.decode(term) == {:ok, %{"x" => [a, {b}]}}
  end

  test "a string that is kept does not keep the tensors that came with it" do
    value = %{
      "name" => String.duplicate("long name ", 10),
      "x" => Tensor.new(Enum.to_list(1..50_000))
    }

    {:ok, term} = Term.encode(value)
    binary = term |> Protobuf.encode() |> IO.iodata_to_binary()
    {:ok, received} = Protobuf.decode(V1.Term, binary)
    assert {:ok, %{"name" => name} = ^value} = Term.decode(received)
    assert :binary.referenced_byte_size(name) < 1_000
  end

  test "a group is sent as the object it is" do
    ref = %Ref{id: "g", session_id: "s"}
    group = struct!(Vllm.Distributed.GroupCoordinator, ref: ref)
    assert there_and_back([group]) == [ref]
  end

  test "what has no Python form is an error that shows it" do
    for value <- [self(), fn -> 1 end, 1..2, ~D[2024-01-01], [1 | 2], <<1::3>>] do
      assert {:error, %Error{reason: "bad_term", message: message}} = Term.encode([value])
      assert message =~ "no Python form"
    end

    assert {:error, %Error{message: message}} = Term.encode(%{"a" => 1, a: 2})
    assert message =~ "as atom and as string"
    assert {:error, _} = Term.encode(2 ** 40_000)
  end

  test "structs with parts that no Python object has are errors too" do
    for value <- [
          %Complex{re: "1", im: 0},
          %Complex{re: nil, im: 0.0},
          %Complex{re: 10 ** 400, im: 0.0},
          %Bytes{data: ~c"ab"},
          %Tensor{dtype: :f32, shape: {1}},
          %Ref{id: 1, session_id: "s"},
          %Ref{id: "o", session_id: nil},
          %Ref{id: <<255>>, session_id: "s"},
          %Ref{id: "o", session_id: "s", epoch: -1},
          %Ref{id: "o", session_id: "s", epoch: 2 ** 64}
        ] do
      assert {:error, %Error{message: message}} = Term.encode({value, %{1 => value}})
      assert message =~ "has no Python form" or message =~ "is no ref"
    end
  end

  test "keys that are no text, deep inside, are found at once" do
    # Packing first and looking at the keys afterwards would double the work at every level.
    nested = Enum.reduce(1..120, 1, fn _, inner -> %{"a" => inner, <<255>> => 1} end)
    assert there_and_back(nested) == nested
  end

  # The best of some runs takes less than a millisecond; ten times as much is let pass, because
  # machines are shared.
  test "1,000 small terms take milliseconds" do
    terms =
      for n <- 1..1_000,
          do:
            Enum.at(
              [[1, "two", {n}], %{"a" => n, "b" => [1, 2.5]}, %{dtype: "f32", n: n}],
              rem(n, 3)
            )

    encoded = for term <- terms, do: elem(Term.encode(term), 1)
    assert best_of(20, fn -> Enum.each(terms, &Term.encode/1) end) < 15_000
    assert best_of(20, fn -> Enum.each(encoded, &Term.decode/1) end) < 15_000
  end

  defp best_of(runs, fun),
    do: Enum.min(for _ <- 1..runs, do: fun |> :timer.tc() |> elem(0))

  test "depth is limited both ways" do
    nested = fn depth -> Enum.reduce(1..depth, 1, fn _, acc -> [acc] end) end
    tuples = fn depth -> Enum.reduce(1..depth, 1, fn _, acc -> {acc} end) end
    assert there_and_back(nested.(128)) == nested.(128)
    assert there_and_back(tuples.(128)) == tuples.(128)
    assert {:error, %Error{message: "it nests deeper" <> _}} = Term.encode(nested.(129))
    assert {:error, _} = Term.encode(tuples.(129))

    deep = :binary.copy(<<0x91>>, 100_000) <> <<1>>

    assert {:error, %Error{message: "it nests deeper" <> _}} =
             Term.decode(%V1.Term{msgpack: deep})

    # Extensions directly inside extensions, 6 bytes a level.
    ext = Enum.reduce(1..10_000, <<1>>, fn _, acc -> <<0xC9, byte_size(acc)::32, 1>> <> acc end)
    assert {:error, _} = Term.decode(%V1.Term{msgpack: ext})
  end

  test "malformed input is an error" do
    for hex <-
          ~w(c1 92 9201 a2 a1ff c4 ca cb00 cf d4 d401 dcffff01 ddffffffff df7fffffff 0101 81 8101 d40001 d40100) ++
            [
              "d5040091",
              "d40405",
              "c70305920102" <> "00",
              "c70108" <> "c0",
              "c7020a9101",
              "c70007"
            ] do
      assert {:error, %Error{reason: "bad_term"}} = decode_hex(hex)
    end

    assert Term.decode(%V1.Term{msgpack: ""}) == {:ok, nil}

    assert {:error, _} =
             Term.decode(%V1.Term{msgpack: <<1>>, tensors: [%V1.Tensor{dtype: "f32"}]})
  end

  test "random values come back, random bytes return" do
    :rand.seed(:exsss, {4, 5, 6})

    for _ <- 1..2_000 do
      value = random(4)
      assert there_and_back(value) == value
      {:ok, term} = Term.encode(value)
      cut = binary_part(term.msgpack, 0, :rand.uniform(byte_size(term.msgpack)) - 1)
      if cut != "", do: assert({:error, _} = Term.decode(%{term | msgpack: cut}))

      assert {tag, _} = Term.decode(%V1.Term{msgpack: :rand.bytes(:rand.uniform(60))})
      assert tag in [:ok, :error]
    end
  end

  defp random(0), do: random_scalar(:rand.uniform(7))

  defp random(depth) do
    items = fn -> for _ <- 1..:rand.uniform(4), do: random(depth - 1) end

    case :rand.uniform(6) do
      1 -> items.()
      2 -> List.to_tuple(items.())
      3 -> MapSet.new(items.())
      4 -> Map.new(items.(), &{&1, random(0)})
      5 -> Map.new(items.(), &{inspect(&1), &1})
      6 -> random(0)
    end
  end

  defp random_scalar(1), do: Enum.random([nil, true, false, :nan, :infinity])
  defp random_scalar(2), do: :rand.uniform(1000) - 500
  defp random_scalar(3), do: Enum.random([1, -1]) * :rand.uniform(2 ** :rand.uniform(150))
  defp random_scalar(4), do: :rand.normal()
  defp random_scalar(5), do: :rand.bytes(:rand.uniform(40))
  defp random_scalar(6), do: String.duplicate("ä", :rand.uniform(300))
  defp random_scalar(7), do: %Complex{re: :rand.normal(), im: :rand.normal()}
end
