defmodule Vllm.NamedValuesTest do
  # dtypes and devices by name, and the examples of `h Vllm.call`.
  use ExUnit.Case, async: true

  alias Vllm.{Ref, Tensor}

  @kept [tensors: :ref]

  @half %Vllm.DType{name: :f16}
  for dtype <- [:f16, :float16, "float16", "torch.float16", "f16", "half", {:f, 16}, @half] do
    test "#{inspect(dtype)} is a dtype wherever torch wants one" do
      dtype = unquote(Macro.escape(dtype))
      assert {:ok, %Tensor{dtype: :f16}} = Vllm.call("torch.arange", [6], dtype: dtype)
      ones = Vllm.call!("torch.ones", [2], __runtime__: @kept)
      assert {:ok, %Tensor{dtype: :f16}} = Vllm.call("torch.softmax", [ones, 0, dtype])
      assert {:ok, %Tensor{dtype: :f16}} = Vllm.call(ones, "to", [dtype])
    end
  end

  test "types of Nx are dtypes where a function of ours wants one, too" do
    alias Vllm.Distributed.TensorMetadata
    assert {:ok, %{dtype: "bf16"}} = TensorMetadata.new("cpu", {:bf, 16}, [2])
    assert Tensor.new([1, 2], {:u, 8}).dtype == :u8
    assert Tensor.new([1, 2], %Vllm.DType{name: "uint8"}).dtype == :u8
    assert {:error, error} = TensorMetadata.new("cpu", {:f, 33}, [2])
    assert Exception.message(error) =~ "{:f, 33}"
  end

  test "attributes are sent again as they came" do
    ones = Vllm.call!("torch.ones", [2], dtype: "bf16", device: "meta", __runtime__: @kept)
    [dtype, device, layout] = for name <- ~w(dtype device layout), do: get!(ones, name)
    again = [dtype: dtype, device: device, layout: layout, __runtime__: @kept]
    zeros = Vllm.call!("torch.zeros", [1], again)
    assert {get!(zeros, "dtype"), get!(zeros, "device")} == {dtype, device}
    assert device == "meta"
  end

  test "an unknown name is told with those there are" do
    assert {:error, %{reason: "unknown_dtype"} = error} =
             Vllm.call("torch.arange", [6], dtype: "flaot32")

    assert error.message =~ "flaot32" and error.message =~ "f32"
    assert {:error, %{reason: "unknown_device"}} = Vllm.call("torch.ones", [1], device: "cdua")
  end

  test "the examples of h Vllm.call run" do
    store = Vllm.call!("torch.distributed.HashStore", [])
    assert %Ref{} = store
    {:docs_v1, _, _, _, _, _, docs} = Code.fetch_docs(Vllm)

    examples =
      for {{:function, :call, _arity}, _, _, %{"en" => text}, _} <- docs,
          line <- String.split(text, "\n"),
          String.starts_with?(line, "    "),
          do: String.trim(line)

    assert length(examples) >= 4

    for example <- examples do
      {result, _} = Code.eval_string(example, store: store)
      assert {example, :ok} == {example, elem(result, 0)}
    end
  end

  defp get!(object, name) do
    assert {:ok, value} = Vllm.get_attribute(object, name)
    value
  end
end
