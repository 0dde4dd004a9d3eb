defmodule Vllm.Tensor.Pieces do
  @moduledoc false
  # Tensors cut along a dimension, and put together again, on their bytes.

  alias Vllm.Tensor
  alias Vllm.Tensor.DType

  @doc "Cuts a tensor into `count` equal parts along a dimension; -1 is the last."
  @spec split(Tensor.t(), pos_integer(), integer()) :: {:ok, [Tensor.t()]} | {:error, String.t()}
  def split(%Tensor{} = tensor, count, dim) do
    with {:ok, dim} <- dimension(tensor, dim), :ok <- divides(tensor, count, dim) do
      extent = div(elem(tensor.shape, dim), count)
      {before, row} = rows(tensor, dim)
      data = Tensor.to_binary(tensor)
      piece = extent * row

      {:ok,
       for part <- 0..(count - 1)//1 do
         bytes =
           for index <- 0..(before - 1)//1, into: <<>> do
             binary_part(data, (index * count + part) * piece, piece)
           end

         %{tensor | shape: put_elem(tensor.shape, dim, extent), data: bytes}
       end}
    end
  end

  @doc "Puts tensors together along a dimension; the other dimensions and the dtype are the same."
  @spec concat([Tensor.t(), ...], integer()) :: {:ok, Tensor.t()} | {:error, String.t()}
  def concat([%Tensor{} = first | _] = tensors, dim) do
    with {:ok, dim} <- dimension(first, dim), :ok <- alike(tensors, first, dim) do
      {before, _row} = rows(first, dim)
      extent = tensors |> Enum.map(&elem(&1.shape, dim)) |> Enum.sum()
      parts = for tensor <- tensors, do: {Tensor.to_binary(tensor), piece(tensor, dim)}

      data =
        for index <- 0..(before - 1)//1, {bytes, piece} <- parts, into: <<>> do
          binary_part(bytes, index * piece, piece)
        end

      {:ok, %{first | shape: put_elem(first.shape, dim, extent), data: data}}
    end
  end

  defp dimension(%Tensor{ref: ref, data: nil}, _dim) when ref != nil,
    do:
      {:error,
       "a tensor that is in its rank cannot be cut or joined; Vllm.Tensor.fetch/1 it first"}

  defp dimension(%Tensor{shape: shape}, dim) do
    count = tuple_size(shape)
    index = if dim < 0, do: dim + count, else: dim

    if index in 0..(count - 1)//1,
      do: {:ok, index},
      else: {:error, "a tensor of shape #{inspect(shape)} has no dimension #{dim}"}
  end

  defp divides(tensor, count, dim) do
    extent = elem(tensor.shape, dim)

    if rem(extent, count) == 0,
      do: :ok,
      else:
        {:error,
         "dimension #{dim} of a tensor of shape #{inspect(tensor.shape)} is #{extent}, which #{count} " <>
           "does not divide"}
  end

  defp alike(tensors, first, dim) do
    case Enum.find(tensors, &(kind(&1, dim) != kind(first, dim))) do
      nil ->
        :ok

      other ->
        {:error,
         "tensors of #{describe(first)} and #{describe(other)} cannot be joined along dimension #{dim}"}
    end
  end

  defp kind(%Tensor{data: data} = tensor, dim)
       when is_binary(data) and dim < tuple_size(tensor.shape),
       do: {tensor.dtype, put_elem(tensor.shape, dim, :any)}

  defp kind(tensor, _dim), do: {:other, tensor}

  defp describe(%Tensor{data: nil} = tensor), do: inspect(tensor)
  defp describe(tensor), do: "#{tensor.dtype} #{inspect(tensor.shape)}"

  # How many blocks there are, and the bytes of one step along the dimension.
  defp rows(tensor, dim) do
    {before, [_extent | behind]} = tensor.shape |> Tuple.to_list() |> Enum.split(dim)
    {Enum.product(before), Enum.product(behind) * DType.size(tensor.dtype)}
  end

  defp piece(tensor, dim) do
    {_before, row} = rows(tensor, dim)
    elem(tensor.shape, dim) * row
  end
end
