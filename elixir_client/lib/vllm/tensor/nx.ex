defmodule Vllm.Tensor.NxInterop do
  @moduledoc false
  # `Nx.Tensor` and back, where Nx is loaded: this compiles without it. Both keep elements row-major
  # in the byte order of the host, so that no element is looked at.

  alias Vllm.Tensor
  alias Vllm.Tensor.DType

  # Where the names differ: https://hexdocs.pm/nx/Nx.Type.html. Nx keeps booleans as u8.
  @to_nx %{pred: {:u, 8}, f8_e5m2: {:f, 8}, f8_e4m3fn: {:f8_e4m3fn, 8}}

  if System.endianness() != :little,
    do: raise("tensors travel in the byte order of the host: little-endian hosts only")

  @doc "A tensor of an `Nx.Tensor`. The axes of a vectorized one come first."
  @spec read(struct()) :: {:ok, Tensor.t()} | {:error, String.t()}
  def read(%{__struct__: Nx.Tensor} = tensor) do
    with {:ok, nx} <- nx(),
         {:ok, dtype} <- dtype(nx.type(tensor)),
         {:ok, data} <- bytes(nx, tensor) do
      vectorized = tensor |> Map.get(:vectorized_axes, []) |> Keyword.values()
      shape = List.to_tuple(vectorized ++ Tuple.to_list(nx.shape(tensor)))
      {:ok, Tensor.from_binary!(data, dtype, shape)}
    end
  end

  # Where the bytes are is a matter of Nx's backends, which raise what they like.
  defp bytes(nx, tensor) do
    {:ok, nx.to_binary(tensor)}
  rescue
    error -> {:error, "Nx cannot read the tensor's elements: #{Exception.message(error)}"}
  end

  @doc "An `Nx.Tensor` of a tensor whose elements are here; `pred` becomes `u8`."
  @spec write(Tensor.t()) :: {:ok, struct()} | {:error, String.t()}
  def write(%Tensor{dtype: dtype, shape: shape} = tensor) do
    with {:ok, nx} <- nx(),
         :ok <- some_elements(tensor),
         {:ok, flat} <- flat(nx, Tensor.to_binary(tensor), dtype),
         do: {:ok, nx.reshape(flat, shape)}
  end

  defp dtype(type) do
    case DType.read(type) do
      {:ok, dtype} ->
        {:ok, dtype}

      _unknown ->
        {:error, "no torch dtype is Nx's #{inspect(type)}; convert it with Nx.as_type/2"}
    end
  end

  defp some_elements(%Tensor{shape: shape}) do
    if 0 in Tuple.to_list(shape),
      do:
        {:error, "Nx has no tensors without elements, and this one is of shape #{inspect(shape)}"},
      else: :ok
  end

  # The 8-bit floats came with later versions of Nx.
  defp flat(nx, data, dtype) do
    {:ok, nx.from_binary(data, nx_type(dtype))}
  rescue
    error in ArgumentError ->
      {:error, "Nx cannot hold #{dtype}: #{Exception.message(error)}; convert it in the rank"}
  end

  defp nx_type(dtype) do
    case @to_nx do
      %{^dtype => type} -> type
      _same_name -> dtype
    end
  end

  defp nx do
    if Code.ensure_loaded?(Nx),
      do: {:ok, Nx},
      else: {:error, "Nx is not loaded; add {:nx, \"~> 0.7\"} to your dependencies"}
  end
end
