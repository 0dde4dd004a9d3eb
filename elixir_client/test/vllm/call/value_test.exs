defmodule Vllm.Call.ValueTest do
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.Call.{Spec, Value}
  alias Vllm.{Ref, Tensor}

  @ref %Ref{id: "o1", session_id: "s1", epoch: 2, type_name: "G"}

  defp spec(params), do: %Spec{function: "f", path: "/s/F", params: params, result: :none}

  # Encodes one argument as field 3 and reads it back with the given field.
  defp sent(type, kind, value, wire_type, label) do
    case Value.encode(spec([{:x, 3, type, kind}]), [value]) do
      {:ok, request} ->
        default = if label in [:repeated, :packed], do: [], else: nil

        {:ok, %{x: value}} =
          Protobuf.decode_fields([{:x, 3, wire_type, label}], IO.iodata_to_binary(request), %{
            x: default
          })

        value

      {:error, message} ->
        {:error, message}
    end
  end

  test "scalars" do
    for {type, value, wire_type, expected} <- [
          {:int, -5, :int64, -5},
          {:bool, true, :bool, true},
          {:float, 2, :double, 2.0},
          {:float, :infinity, :double, :infinity},
          {:string, "a", :string, "a"},
          {:string, :gloo, :string, "gloo"},
          {:bytes, <<255>>, :bytes, <<255>>},
          {:bytes, %Vllm.Bytes{data: "a"}, :bytes, "a"},
          {:dtype, "torch.float32", :string, "f32"},
          {:dtype, :f32, :string, "f32"},
          {:device, "cuda:0", :string, "cuda:0"}
        ],
        kind <- [:required, :optional] do
      assert sent(type, kind, value, wire_type, :optional) == expected
    end
  end

  test "optional values are sent even when zero, required ones need not be" do
    assert sent(:int, :optional, 0, :int64, :optional) == 0
    assert sent({:nullable, :int}, :required, 0, :int64, :optional) == 0
    assert sent(:int, :required, 0, :int64, :optional) == nil
    assert sent(:bool, :optional, false, :bool, :optional) == false
    assert sent({:nullable, :string}, :optional, nil, :string, :optional) == nil
    assert Value.encode(spec([{:x, 1, :int, :optional}]), [Vllm.Call.unset()]) == {:ok, []}
  end

  test "lists" do
    assert sent({:list, :int}, :required, [1, 2], :int64, :packed) == [1, 2]
    assert sent({:list, :string}, :required, ["a", ""], :string, :repeated) == ["a", ""]

    int64_list = {:message, V1.Int64List}

    for {type, kind} <- [{{:list, :int}, :optional}, {{:nullable, {:list, :int}}, :required}] do
      assert sent(type, kind, [1, 0], int64_list, :optional) == %V1.Int64List{values: [1, 0]}
      assert sent(type, kind, [], int64_list, :optional) == %V1.Int64List{}
    end

    assert sent({:list, {:list, :int}}, :required, [[0, 1], []], int64_list, :repeated) ==
             [%V1.Int64List{values: [0, 1]}, %V1.Int64List{}]

    tensor = Tensor.new([1], :u8)
    message = Tensor.to_message(tensor)

    assert sent({:list, :tensor}, :required, [tensor], {:message, V1.Tensor}, :repeated) ==
             [message]

    assert sent({:list, :tensor}, :optional, [tensor], {:message, V1.TensorList}, :optional) ==
             %V1.TensorList{values: [message]}
  end

  test "messages" do
    group = struct!(Vllm.Distributed.GroupCoordinator, ref: @ref, unique_name: "tp:0")
    wire_ref = %V1.Ref{id: "o1", session_id: "s1", epoch: 2, type_name: "G"}

    for value <- [group, @ref] do
      assert sent(:group, :required, value, {:message, V1.GroupCoordinator}, :optional) ==
               %V1.GroupCoordinator{ref: wire_ref}
    end

    assert sent(:tensor, :required, @ref, {:message, V1.Tensor}, :optional) ==
             %V1.Tensor{ref: wire_ref}

    duration = {:message, Vllm.Google.Protobuf.Duration}

    assert %{seconds: 1, nanos: 500_000_000} =
             sent(:duration, :optional, 1_500, duration, :optional)

    # What is longer than any clock is a century, and not the number that is left of it in 64 bits.
    for {long, seconds} <- [{10 ** 22, 3_153_600_000}, {-(10 ** 22), -3_153_600_000}],
        do: assert(%{seconds: ^seconds} = sent(:duration, :optional, long, duration, :optional))

    assert %V1.Term{msgpack: <<1>>} = sent(:term, :required, 1, {:message, V1.Term}, :optional)

    assert %V1.Term{msgpack: <<0xC0>>} =
             sent(:term, :optional, nil, {:message, V1.Term}, :optional)
  end

  test "a shape may be a tuple, as Nx has it" do
    assert sent({:list, :int}, :required, {2, 3}, :int64, :packed) == [2, 3]
    assert {:error, message} = sent({:list, :int}, :required, {2, "a"}, :int64, :packed)
    assert message =~ "must be an integer"
  end

  test "a value of the wrong kind is named with its argument" do
    for {type, value, text} <- [
          {:int, "1", "f: argument x must be an integer, got: \"1\""},
          {:int, 2 ** 63, "must fit into 64 bits"},
          {:int, nil, "must be an integer"},
          {:bool, 1, "must be true or false"},
          {:float, "1", "must be a number"},
          {:float, 10 ** 400, "must fit into a double"},
          {:string, <<255>>, "must be a string"},
          {:string, nil, "must be a string"},
          {:bytes, 1, "must be a binary"},
          {:tensor, [1], "must be a tensor; see Vllm.Tensor.new/2"},
          {:group, "tp:0", "must be a coordinator"},
          {:process_group, 1, "must be a process group"},
          {:term, self(), "cannot be sent"},
          {:duration, 1.5, "must be a duration in milliseconds"},
          {:dtype, "f99", "unknown dtype"},
          {:device, nil, "must be a device"},
          {{:list, :int}, 5, "must be a list"},
          {{:list, :int}, [1 | 2], "must be a list"},
          {{:list, :int}, ["a"], "must be an integer"},
          {{:list, {:list, :int}}, [1], "must be a list"}
        ] do
      assert {:error, message} = sent(type, :required, value, :int64, :optional)
      assert message =~ "f: argument x "
      assert message =~ text
    end
  end

  describe "results" do
    defp received(type, fields) do
      binary =
        for {number, wire_type, label, value} <- fields,
            do: Protobuf.encode_field(number, wire_type, label, value)

      Value.decode(type, IO.iodata_to_binary(binary))
    end

    test "scalars, nullable or not" do
      assert received(:int, []) == {:ok, 0}
      assert received(:int, [{1, :int64, :singular, -7}]) == {:ok, -7}
      assert received(:bool, []) == {:ok, false}
      assert received(:float, []) == {:ok, 0.0}
      assert received(:string, []) == {:ok, ""}
      assert received(:none, []) == {:ok, nil}
      assert received({:nullable, :int}, []) == {:ok, nil}
      assert received({:nullable, :int}, [{1, :int64, :optional, 0}]) == {:ok, 0}
    end

    test "tuples" do
      assert received({:tuple, [:int, :int]}, [{2, :int64, :optional, 15}]) == {:ok, {0, 15}}
    end

    test "lists" do
      assert received({:list, :bool}, [{1, :bool, :packed, [true, false]}]) ==
               {:ok, [true, false]}

      list = %V1.Int64List{values: [1]}
      wrapper = {:message, V1.Int64List}
      assert received({:nullable, {:list, :int}}, [{1, wrapper, :optional, list}]) == {:ok, [1]}
      assert received({:nullable, {:list, :int}}, []) == {:ok, nil}
      assert received({:list, {:list, :int}}, [{1, wrapper, :repeated, [list]}]) == {:ok, [[1]]}
    end

    test "tensors, terms and groups" do
      tensor = Tensor.new([[1.5]])
      message = Tensor.to_message(tensor)
      assert received(:tensor, [{1, {:message, V1.Tensor}, :optional, message}]) == {:ok, tensor}
      assert received({:nullable, :tensor}, []) == {:ok, nil}

      term = %V1.Term{msgpack: <<0x91, 1>>}
      assert received(:term, [{1, {:message, V1.Term}, :optional, term}]) == {:ok, [1]}

      group = %V1.GroupCoordinator{
        ref: Ref.to_message(@ref),
        unique_name: "tp:0",
        ranks: [0, 1],
        rank: 1,
        rank_in_group: 1,
        world_size: 2,
        local_rank: 1,
        backend: "gloo"
      }

      assert {:ok, coordinator} =
               received(:group, [{1, {:message, V1.GroupCoordinator}, :optional, group}])

      assert %{ref: @ref, unique_name: "tp:0", ranks: [0, 1], backend: "gloo"} = coordinator
      assert coordinator.__struct__ == Vllm.Distributed.GroupCoordinator
    end

    test "what is missing or malformed is an error" do
      assert {:error, "it holds no tensor"} = received(:tensor, [])
      assert {:error, _} = received(:term, [{1, :bytes, :optional, <<0x0A, 5>>}])
      assert {:error, "it is not a protobuf message: :truncated"} = Value.decode(:int, <<8>>)
      assert {:error, _} = received(:group, [{1, :bytes, :optional, ""}])
    end
  end

  test "finds the session of an object wherever it stands" do
    group = struct!(Vllm.Distributed.GroupCoordinator, ref: @ref)
    tensor = %Tensor{dtype: :f32, shape: {1}, ref: @ref}

    for value <- [@ref, group, tensor, %{"a" => [1, {@ref}]}, MapSet.new([@ref])] do
      assert Value.session_in([1, "x", value]) == "s1"
    end

    assert Value.session_in([1, Tensor.new([1]), %{a: 1}, nil, 1..2]) == nil
  end
end
