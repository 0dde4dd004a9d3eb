defmodule Vllm.TensorTest do
  use ExUnit.Case, async: true
  doctest Vllm.Tensor
  doctest Vllm.Tensor.DType

  alias Vllm.{Complex, Error, Ref, Tensor}

  describe "new/2" do
    test "infers the dtype" do
      assert Tensor.new([1, 2]).dtype == :s64
      assert Tensor.new([1, 2.0]).dtype == :f32
      assert Tensor.new([true, false]).dtype == :pred
      assert Tensor.new([1, :infinity]).dtype == :f32
      assert Tensor.new([1, %Complex{re: 1, im: 2}]).dtype == :c64
      assert Tensor.new([]).dtype == :f32
    end

    test "takes torch's names" do
      assert Tensor.new([1], "torch.int32").dtype == :s32
      assert Tensor.new([1], :bfloat16).dtype == :bf16
    end

    test "follows the nesting" do
      assert Tensor.new(7).shape == {}
      assert Tensor.new([]).shape == {0}
      assert Tensor.new([[], []]).shape == {2, 0}
      assert Tensor.new([[[1], [2]], [[3], [4]], [[5], [6]]]).shape == {3, 2, 1}
    end

    test "values come back, whatever the dtype" do
      for {dtype, values} <- [
            f64: [1.5, -0.0, 1.0e300, :nan, :infinity, :neg_infinity],
            f32: [1.5, -2.0, :nan, :infinity, :neg_infinity],
            f16: [1.5, 65_504.0, :nan, :infinity, :neg_infinity],
            bf16: [1.5, -3.0, :nan, :infinity, :neg_infinity],
            s64: [-(2 ** 63), 2 ** 63 - 1],
            s32: [-(2 ** 31), 2 ** 31 - 1],
            s16: [-(2 ** 15), 2 ** 15 - 1],
            s8: [-128, 127],
            u8: [0, 255],
            u16: [0, 65_535],
            u32: [0, 2 ** 32 - 1],
            u64: [0, 2 ** 64 - 1],
            pred: [true, false],
            c64: [%Complex{re: 1.5, im: -2.0}],
            c128: [%Complex{re: :nan, im: 1.0e300}]
          ] do
        tensor = Tensor.new(values, dtype)
        assert byte_size(tensor.data) == length(values) * Tensor.DType.size(dtype)
        assert Tensor.to_list(tensor) === values, inspect(dtype)
      end
    end

    test "rounds to the nearest bf16, ties to even, as torch does" do
      assert Tensor.to_list(Tensor.new([1.00390625, 1.01171875, 0.1], :bf16)) ==
               [1.0, 1.015625, 0.10009765625]
    end

    test "refuses impossible values, with value and remedy" do
      for {list, dtype, text} <- [
            {[256], :u8, "256 is outside the range of u8"},
            {[-1], :u64, "-1 is outside"},
            {[2 ** 63], :s64, "outside the range of s64"},
            {[1.5], :s32, "1.5 is no integer; choose a float dtype"},
            {[1.0e39], :f32, "does not fit into 32 bits"},
            {[3.4028234e38], :bf16, "does not fit into bf16"},
            {[70_000], :f16, "does not fit into 16 bits"},
            {[10 ** 400], :f64, "does not fit into 64 bits"},
            {["a"], nil, "\"a\" is no element of f32"},
            {[:nan], :s8, ":nan is no element of s8"},
            {[2], :pred, "2 is no boolean"},
            {[62_000], :f8_e5m2, "62000 does not fit into f8_e5m2"},
            {[1, 500.0], :f8_e4m3fn, "500.0 does not fit into f8_e4m3fn"},
            {[:infinity], :f8_e4m3fn, "no infinities"},
            {["a"], :f8_e4m3fn, "no element of f8_e4m3fn"},
            {[true, 2], nil, "true is no element of s64"},
            {[1], :f33, "unknown dtype :f33; use one of :f64"}
          ] do
        assert {:error, %Error{category: :validation} = error} = Tensor.from_list(list, dtype)
        assert error.reason == if(dtype == :f33, do: "unknown_dtype", else: "bad_tensor")
        assert error.message =~ text
        assert_raise Error, Error.message(error), fn -> Tensor.new(list, dtype) end
      end
    end

    test "refuses ragged lists" do
      for list <- [[[1], [2, 3]], [[1, 2], []], [[1], 2], [[[1]], [[1], [2]]]] do
        assert {:error, error} = Tensor.from_list(list)
        assert error.message =~ "same length"
      end

      assert {:error, _} = Tensor.from_list([1, [2]])
    end
  end

  test "from_binary/3 checks the number of bytes and the shape" do
    assert Tensor.from_binary!(<<>>, :f32, {0, 3}) |> Tensor.to_list() == []
    assert Tensor.from_binary!(<<>>, :f32, {2, 0}) |> Tensor.to_list() == [[], []]
    assert Tensor.from_binary!(<<5>>, "uint8", []) |> Tensor.to_list() == 5

    assert_raise Error, ~r/takes 8 bytes, got 1/, fn ->
      Tensor.from_binary!(<<1>>, :f32, {2})
    end

    assert_raise Error, ~r/a shape is/, fn -> Tensor.from_binary!(<<1>>, :u8, {-1}) end
    assert_raise Error, ~r/a shape is/, fn -> Tensor.from_binary!(<<1>>, :u8, {:a}) end
    assert_raise Error, ~r/a shape is/, fn -> Tensor.from_binary!(<<1>>, :u8, 1) end
  end

  test "decodes the eight-bit floats" do
    # Values from the OCP table.
    assert Tensor.from_binary!(<<0x38, 0x7E, 0x01, 0xB8, 0x7F>>, :f8_e4m3fn, {5})
           |> Tensor.to_list() == [1.0, 448.0, 0.001953125, -1.0, :nan]

    assert Tensor.from_binary!(<<0x3C, 0x7B, 0x7C, 0xFC>>, :f8_e5m2, {4}) |> Tensor.to_list() ==
             [1.0, 57_344.0, :infinity, :neg_infinity]
  end

  test "one in its rank says so and is inspected without a call" do
    ref = %Ref{id: "o1", session_id: "s1", type_name: "torch.Tensor"}
    tensor = %Tensor{dtype: :f32, shape: {2, 3}, ref: ref}
    assert inspect(tensor) =~ "#Vllm.Tensor<f32[2][3] in its rank"
    assert_raise Error, ~r/fetch/, fn -> Tensor.to_list(tensor) end
    assert Tensor.size(tensor) == 6
  end

  test "inspect is short" do
    assert inspect(Tensor.new(Enum.to_list(1..1000))) ==
             "#Vllm.Tensor<s64[1000] [1, 2, 3, 4, 5, ...]>"

    assert inspect(Tensor.new(1.5)) == "#Vllm.Tensor<f32 [1.5]>"
  end

  test "messages there and back; a wrong length is refused" do
    alias Vllm.Bridge.V1
    tensor = Tensor.new([[1, 2]], :s16)
    message = Tensor.to_message(tensor)
    assert message == %V1.Tensor{dtype: "s16", shape: [1, 2], data: <<1, 0, 2, 0>>}
    assert Tensor.from_message(message) == {:ok, tensor}
    assert {:error, _} = Tensor.from_message(%{message | data: <<1>>})
    assert {:error, _} = Tensor.from_message(%{message | dtype: "x"})
    assert {:error, _} = Tensor.from_message(%{message | shape: [-1, -2]})
  end

  # Takes about 0.1 s each way; anything that copies per element would take minutes.
  @tag timeout: 30_000
  test "a million elements" do
    list = Enum.map(1..1_000_000, &(&1 * 0.5))
    assert list |> Tensor.new(:f64) |> Tensor.to_list() == list
  end
end
