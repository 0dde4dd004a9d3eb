# Nx cannot be a dependency, so this is as much of it as Vllm.Tensor uses, with its types, shapes and
# errors: https://hexdocs.pm/nx/Nx.html and Nx.Type.html, version 0.12. In a process of its own, because
# the rest of the suite runs without Nx. Run by test/vllm/tensor/nx_test.exs.

defmodule Nx.Tensor do
  @enforce_keys [:type, :shape, :names]
  defstruct [:data, :type, :shape, :names, vectorized_axes: []]
end

defmodule Nx do
  # The 8-bit floats are not in the oldest version that is asked for, 0.7.
  @newer [{:s, 2}, {:s, 4}, {:u, 2}, {:u, 4}, {:f, 8}, {:f8_e4m3fn, 8}]
  @types for(
           {kind, sizes} <- [s: [8, 16, 32, 64], u: [8, 16, 32, 64], f: [16, 32, 64]],
           size <- sizes,
           do: {kind, size}
         ) ++ [{:bf, 16}, {:c, 64}, {:c, 128}]

  def only_types_of_0_7(fun) do
    Process.put(:nx_0_7, true)
    fun.()
  after
    Process.delete(:nx_0_7)
  end

  def type(%Nx.Tensor{type: type}), do: type
  def shape(%Nx.Tensor{shape: shape}), do: shape
  def to_binary(%Nx.Tensor{data: data}), do: data

  def from_binary(binary, type, opts \\ []) when is_binary(binary) and is_list(opts) do
    {_kind, size} = type = normalize!(type)
    if binary == "", do: raise(ArgumentError, "cannot build an empty tensor")

    if rem(bit_size(binary), size) != 0,
      do: raise(ArgumentError, "binary does not match the given size")

    %Nx.Tensor{data: binary, type: type, shape: {div(bit_size(binary), size)}, names: [nil]}
  end

  def reshape(%Nx.Tensor{shape: old} = tensor, new) when is_tuple(new) do
    if Tuple.product(old) != Tuple.product(new),
      do: raise(ArgumentError, "cannot reshape #{inspect(old)} to #{inspect(new)}")

    %{tensor | shape: new, names: List.duplicate(nil, tuple_size(new))}
  end

  defp normalize!(type) do
    types = if Process.get(:nx_0_7), do: @types, else: @types ++ @newer

    Enum.find(types, fn {kind, size} = known ->
      type in [known, :"#{kind}#{size}"] or (kind == type and kind == :f8_e4m3fn)
    end) || raise ArgumentError, "invalid numerical type: #{inspect(type)}"
  end
end

ExUnit.start(autorun: false)

defmodule Vllm.Tensor.WithNxTest do
  use ExUnit.Case, async: true

  alias Vllm.Call.Value
  alias Vllm.{Tensor, Term}
  alias Vllm.Tensor.DType

  @nx_types %{
    pred: {:u, 8},
    f8_e5m2: {:f, 8},
    f8_e4m3fn: {:f8_e4m3fn, 8},
    bf16: {:bf, 16},
    c64: {:c, 64},
    c128: {:c, 128}
  }

  defp nx_type(dtype) do
    Map.get_lazy(@nx_types, dtype, fn ->
      {kind, bits} = dtype |> Atom.to_string() |> String.split_at(1)
      {String.to_existing_atom(kind), String.to_integer(bits)}
    end)
  end

  defp some(dtype), do: Tensor.new([[1, 0, 1], [0, 1, 1]], dtype)

  test "every dtype goes there and comes back, byte by byte" do
    for dtype <- DType.names() do
      tensor = some(dtype)
      nx = Tensor.to_nx!(tensor)
      assert %Nx.Tensor{shape: {2, 3}} = nx
      assert nx.type == nx_type(dtype), inspect(dtype)
      assert nx.data == tensor.data

      back = Tensor.from_nx!(nx)
      assert back == if(dtype == :pred, do: %{tensor | dtype: :u8}, else: tensor)
    end
  end

  test "scalars, and NaN and infinities" do
    for dtype <- [:f64, :f32, :f16, :bf16, :f8_e5m2] do
      tensor = Tensor.new([:nan, :infinity, :neg_infinity, -0.0], dtype)
      assert tensor |> Tensor.to_nx!() |> Tensor.from_nx!() == tensor
    end

    assert %Nx.Tensor{shape: {}, type: {:f, 32}} = nx = Tensor.to_nx!(Tensor.new(1.5))
    assert Tensor.to_list(Tensor.from_nx!(nx)) == 1.5
    complex = Tensor.new([%Vllm.Complex{re: 1, im: -2}])
    assert Tensor.to_nx!(complex).data == <<1.0::float-32-little, -2.0::float-32-little>>
  end

  test "what Nx does not have, or did not have, is said" do
    assert_raise Vllm.Error, ~r/Nx has no tensors without elements.*{2, 0}/, fn ->
      Tensor.to_nx!(Tensor.new([[], []]))
    end

    Nx.only_types_of_0_7(fn ->
      for dtype <- [:f8_e5m2, :f8_e4m3fn] do
        assert_raise Vllm.Error, ~r/Nx cannot hold #{dtype}: invalid numerical type/, fn ->
          Tensor.to_nx!(some(dtype))
        end
      end

      assert %Nx.Tensor{} = Tensor.to_nx!(some(:bf16))
    end)

    kept = %Tensor{dtype: :f32, shape: {1}, ref: %Vllm.Ref{id: "o", session_id: "s"}}
    assert_raise Vllm.Error, ~r/fetch/, fn -> Tensor.to_nx!(kept) end
  end

  test "what torch does not have is said" do
    nx = Nx.from_binary(<<0x12>>, :u4)

    assert_raise Vllm.Error, ~r/no torch dtype is Nx's {:u, 4}; .*Nx.as_type/, fn ->
      Tensor.from_nx!(nx)
    end

    assert {:error, error} = Term.encode([nx])
    assert error.message =~ "Nx.as_type"
    spec = Vllm.Distributed.__specs__()[:tensor_model_parallel_all_reduce]
    assert {:error, text} = Value.encode(spec, [nx])
    assert text =~ "argument input_ cannot be sent: no torch dtype"
  end

  test "the axes of a vectorized tensor come first" do
    nx = %{Nx.from_binary(<<1, 2, 3, 4, 5, 6>>, :u8) | shape: {2}, vectorized_axes: [x: 3]}
    assert Tensor.to_list(Tensor.from_nx!(nx)) == [[1, 2], [3, 4], [5, 6]]
  end

  test "functions take it as they take a Vllm.Tensor" do
    tensor = some(:bf16)
    nx = Tensor.to_nx!(tensor)
    spec = Vllm.Distributed.__specs__()[:tensor_model_parallel_all_reduce]
    assert {:ok, request} = Value.encode(spec, [tensor, Vllm.Call.unset()])
    assert Value.encode(spec, [nx, Vllm.Call.unset()]) == {:ok, request}
    assert Term.encode(%{"x" => {nx}}) == Term.encode(%{"x" => {tensor}})
  end
end

%{failures: failures, total: total} = ExUnit.run()
if failures > 0 or total == 0, do: System.halt(1)
