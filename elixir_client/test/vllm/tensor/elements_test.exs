Code.require_file("../../support_terms/vectors.exs", __DIR__)

defmodule Vllm.ElementsTest do
  # Elements as torch has them, dtype by dtype.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.V1
  alias Vllm.Tensor
  alias Vllm.Tensor.DType
  alias Vllm.Test.Vectors

  @vectors Vectors.load("elements.json")

  defp values(vector), do: Enum.map(vector["values"], &Vectors.received/1)
  defp data(vector), do: Vectors.unhex(vector["hex"])

  defp tensor(vector),
    do: Tensor.from_binary!(data(vector), vector["dtype"], {length(vector["values"])})

  test "there are vectors of every dtype" do
    named = for vector <- @vectors["elements"], do: vector["dtype"]
    assert Enum.sort(named) == DType.names() |> Enum.map(&Atom.to_string/1) |> Enum.sort()
  end

  test "are read as torch reads them" do
    for vector <- @vectors["elements"],
        {value, expected} <- Enum.zip(Tensor.to_list(tensor(vector)), values(vector)) do
      assert Vectors.same?(value, expected), "#{vector["dtype"]}: #{inspect({value, expected})}"
    end
  end

  test "are written as they were, in a message too" do
    for vector <- @vectors["elements"] do
      # A NaN is written as the NaN: of several, only one comes back bit by bit.
      size = DType.size(tensor(vector).dtype)

      kept =
        for {value, index} <- Enum.with_index(values(vector)), not nan?(value) do
          {value, binary_part(data(vector), index * size, size)}
        end

      {list, bytes} = Enum.unzip(kept)
      assert Tensor.new(list, vector["dtype"]).data == Enum.join(bytes), vector["dtype"]

      message = Tensor.to_message(tensor(vector))
      assert %V1.Tensor{dtype: name, data: data} = message
      assert {name, data} == {vector["dtype"], data(vector)}
      assert Tensor.from_message(message) == {:ok, tensor(vector)}
    end
  end

  test "NaN and infinities are written in the form of torch" do
    for {dtype, hex} <- [
          f64: "000000000000f87f000000000000f07f000000000000f0ff",
          f32: "0000c07f0000807f000080ff",
          f16: "007e007c00fc",
          bf16: "c07f807f80ff",
          f8_e5m2: "7f7cfc"
        ] do
      assert Tensor.new([:nan, :infinity, :neg_infinity], dtype).data == Vectors.unhex(hex)
    end

    assert Tensor.new([:nan], :f8_e4m3fn).data == <<0x7F>>
  end

  test "are rounded as torch rounds" do
    for vector <- @vectors["rounded"] do
      size = byte_size(Tensor.new([0], vector["dtype"]).data)

      for {value, index} <- Enum.with_index(values(vector)) do
        expected = binary_part(data(vector), index * size, size)

        assert Tensor.new([value], vector["dtype"]).data == expected,
               "#{vector["dtype"]}: #{value}"
      end
    end
  end

  defp nan?(%Vllm.Complex{re: re, im: im}), do: nan?(re) or nan?(im)
  defp nan?(value), do: value == :nan
end
