Code.require_file("../../support_terms/vectors.exs", __DIR__)

defmodule Vllm.TermFuzzTest do
  # Whatever arrives, decoding returns. The seed is printed; `SEED=n mix test` repeats a run.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.Call.Value
  alias Vllm.{Error, Tensor, Term}
  alias Vllm.Test.Vectors

  @moduletag timeout: 120_000

  setup_all do
    seed = String.to_integer(System.get_env("SEED") || to_string(System.os_time()))
    IO.puts("term fuzz: seed #{seed}")

    vectors =
      for vector <- Vectors.load("terms.json") |> Map.values() |> Enum.concat(),
          packed = Vectors.unhex(vector["hex"]),
          byte_size(packed) in 1..300,
          do: packed

    %{seed: seed, vectors: List.to_tuple(vectors)}
  end

  setup %{seed: seed}, do: {:ok, random: :rand.seed(:exsss, seed)}

  defp pick(vectors), do: elem(vectors, :rand.uniform(tuple_size(vectors)) - 1)
  defp part(binary), do: binary_part(binary, 0, :rand.uniform(byte_size(binary) + 1) - 1)

  # Bytes cut, changed, put in, put into an extension type, or not changed but random at all.
  defp mangle(binary, vectors) do
    size = byte_size(binary)
    place = :rand.uniform(size) - 1
    <<head::binary-size(place), byte, tail::binary>> = binary

    case :rand.uniform(6) do
      1 ->
        head

      2 ->
        <<head::binary, :rand.uniform(256) - 1, tail::binary>>

      3 ->
        <<head::binary, byte, part(pick(vectors))::binary, tail::binary>>

      4 ->
        <<0x92, binary::binary, 0xC7, min(size, 255), :rand.uniform(14), pick(vectors)::binary>>

      5 ->
        <<0xC9, size::32, :rand.uniform(14), binary::binary>>

      6 ->
        :rand.bytes(:rand.uniform(40))
    end
  end

  defp returns(input, fun) do
    case fun.(input) do
      {:ok, _value} -> 1
      {:error, %Vllm.Error{}} -> 0
      {:error, message} when is_binary(message) -> 0
    end
  rescue
    error -> flunk("#{Base.encode16(input)} raises #{Exception.message(error)}")
  catch
    kind, reason -> flunk("#{Base.encode16(input)}: #{kind} #{inspect(reason)}")
  end

  # How many of them were values: neither none nor all, or the test would not test much.
  defp count(times, make, fun), do: Enum.sum(for _ <- 1..times, do: returns(make.(), fun))

  test "150,000 msgpack texts", %{vectors: vectors} do
    tensors = [Tensor.to_message(Tensor.new([1])), Tensor.to_message(Tensor.new(2.0))]
    decode = &Term.decode(%V1.Term{msgpack: &1, tensors: tensors})

    valid = count(150_000, fn -> mangle(pick(vectors), vectors) end, decode)
    assert valid in 5_000..140_000
  end

  test "20,000 messages of tensors and terms", %{vectors: vectors} do
    tensor = %V1.Tensor{dtype: "bf16", shape: [2, 3], data: :binary.copy(<<1>>, 12)}
    kept = %V1.Tensor{dtype: "f32", shape: [4], ref: %V1.Ref{id: "o", session_id: "s", epoch: 1}}
    term = %V1.Term{msgpack: <<0x92, 0xD4, 4, 0, 0xD4, 4, 1>>, tensors: [tensor, kept]}
    messages = messages([tensor, kept, term])

    decode = fn binary ->
      with {:ok, term} <- Protobuf.decode(V1.Term, binary), do: Term.decode(term)

      case Protobuf.decode(V1.Tensor, binary) do
        {:ok, message} -> Tensor.from_message(message)
        {:error, reason} -> {:error, inspect(reason)}
      end
    end

    valid = count(20_000, fn -> mangle(pick(messages), vectors) end, decode)
    assert valid in 500..15_000
  end

  test "shapes that no tensor has" do
    for shape <- [
          List.duplicate(2 ** 62, 64),
          List.duplicate(1, 1_000_000),
          List.duplicate(2 ** 62, 1_000_000) ++ [0],
          [-1],
          [-(2 ** 63), -(2 ** 63)]
        ] do
      message = %V1.Tensor{dtype: "f32", shape: shape, data: ""}
      assert {:error, text} = Tensor.from_message(message)
      assert byte_size(text) < 10_000
    end
  end

  test "30,000 answers, each read as every type that a function returns", %{vectors: vectors} do
    types =
      for module <- Application.spec(:vllm_distributed, :modules),
          Code.ensure_loaded?(module) and function_exported?(module, :__specs__, 0),
          {_function, spec} <- module.__specs__(),
          uniq: true,
          do: spec.result

    assert length(types) > 10

    answers =
      messages([
        %V1.Term{msgpack: <<0x92, 1, 2>>},
        %V1.TensorList{values: [%V1.Tensor{dtype: "u8", shape: [2], data: <<1, 2>>}]},
        %V1.GroupCoordinator{ref: %V1.Ref{id: "o"}, ranks: [0, 1], backend: "gloo"},
        %V1.Int64List{values: [1, -1, 2 ** 62]},
        %V1.ErrorDetail{category: :pool, rank: 7, details: %V1.Term{msgpack: <<0xC0>>}}
      ])

    inner = fn -> mangle(pick(answers), vectors) end
    # As field 1 or 2, of the length it has or of another.
    make = fn ->
      body = inner.()
      size = min(byte_size(body), 127)
      Enum.random([body, <<10, size, body::binary>>, <<8, 1, 18, size, body::binary>>])
    end

    for _ <- 1..div(30_000, length(types)), type <- types do
      returns(make.(), &Value.decode(type, &1))
    end
  end

  test "20,000 trailers", %{vectors: vectors} do
    detail = %V1.ErrorDetail{
      category: :worker,
      reason: "worker_busy",
      message: "m",
      details: %V1.Term{msgpack: <<0x81, 0xA1, "a", 1>>},
      rank: 3,
      call_id: "c"
    }

    facts = for i <- 0..(tuple_size(vectors) - 1), do: %V1.Term{msgpack: elem(vectors, i)}
    details = messages([detail | Enum.map(facts, &%{detail | details: &1})])

    decode = fn trailer ->
      error = Error.from_status(:rand.uniform(20), "text", [{"vllm-error-bin", trailer}])
      assert %Error{category: category, details: %{} = facts} = error
      assert category in [:worker, :timeout, :python_error, :grpc_error, :validation, :pool]
      refute is_struct(facts)
      assert Enum.all?(Map.keys(facts), &is_binary/1)
      {:ok, Exception.message(error)}
    end

    make = fn ->
      if :rand.uniform(4) == 1, do: pick(details), else: mangle(pick(details), vectors)
    end

    assert count(20_000, make, decode) == 20_000
  end

  defp messages(structs),
    do:
      structs |> Enum.map(&(&1 |> Protobuf.encode() |> IO.iodata_to_binary())) |> List.to_tuple()
end
