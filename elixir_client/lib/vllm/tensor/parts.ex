defmodule Vllm.Tensor.Parts do
  @moduledoc false
  # Shapes, and parts of row-major bytes.

  alias Vllm.Error

  @doc "The shape that was asked for, with its -1 filled in."
  @spec shape(tuple(), term()) :: {:ok, tuple()} | {:error, Error.t()}
  def shape(shape, wanted) do
    dims = if is_tuple(wanted), do: Tuple.to_list(wanted), else: wanted
    size = Tuple.product(shape)

    with true <- is_list(dims) and Enum.all?(dims, &(is_integer(&1) and &1 >= -1)),
         {:ok, dims} <- filled(dims, size),
         ^size <- Enum.product(dims) do
      {:ok, List.to_tuple(dims)}
    else
      _unfit ->
        bad("#{inspect(wanted)} is no shape for the #{size} elements of shape #{inspect(shape)}")
    end
  end

  defp filled(dims, size) do
    rest = dims |> Enum.reject(&(&1 == -1)) |> Enum.product()

    case Enum.count(dims, &(&1 == -1)) do
      0 -> {:ok, dims}
      1 when rest > 0 -> {:ok, Enum.map(dims, &if(&1 == -1, do: div(size, rest), else: &1))}
      _several_or_any -> :error
    end
  end

  @doc "Starts and lengths of the part along one dimension."
  @spec narrowed(tuple(), term(), term(), term()) ::
          {:ok, [integer()], [non_neg_integer()]} | {:error, Error.t()}
  def narrowed(shape, dimension, start, length) do
    dims = Tuple.to_list(shape)
    count = length(dims)

    if is_integer(dimension) and dimension in -count..(count - 1)//1 do
      place = if dimension < 0, do: dimension + count, else: dimension

      {:ok, for(n <- 0..(count - 1)//1, do: if(n == place, do: start, else: 0)),
       List.replace_at(dims, place, length)}
    else
      bad("a tensor of shape #{inspect(shape)} has no dimension #{inspect(dimension)}")
    end
  end

  @doc "The bytes of a part; `width` is that of an element."
  @spec slice(binary(), tuple(), term(), term(), pos_integer()) ::
          {:ok, binary()} | {:error, Error.t()}
  def slice(data, shape, starts, lengths, width) do
    dims = Tuple.to_list(shape)

    with true <- integers?(starts, dims) and integers?(lengths, dims),
         starts = Enum.zip_with(starts, dims, &if(&1 < 0, do: &1 + &2, else: &1)),
         true <- Enum.zip([dims, starts, lengths]) |> Enum.all?(&inside?/1) do
      {:ok, data |> cut(dims, starts, lengths, width) |> IO.iodata_to_binary()}
    else
      _outside ->
        bad(
          "the part that begins at #{inspect(starts)} and is #{inspect(lengths)} long is not all in a tensor of " <>
            "shape #{inspect(shape)}"
        )
    end
  end

  defp integers?(list, dims),
    do: is_list(list) and length(list) == length(dims) and Enum.all?(list, &is_integer/1)

  defp inside?({size, start, length}), do: start >= 0 and length >= 0 and start + length <= size

  defp cut(data, [], [], [], _width), do: data

  defp cut(data, [_size | dims], [start | starts], [length | lengths], width) do
    row = Enum.product([width | dims])

    # Whole rows are one piece.
    if dims == lengths and Enum.all?(starts, &(&1 == 0)) do
      binary_part(data, start * row, length * row)
    else
      for n <- start..(start + length - 1)//1,
          do: data |> binary_part(n * row, row) |> cut(dims, starts, lengths, width)
    end
  end

  defp bad(problem), do: {:error, Error.validation(problem, "bad_tensor")}
end
