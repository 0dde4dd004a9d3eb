defmodule Vllm.Tensor do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A dense tensor: `dtype`, `shape` (a tuple, `{}` for a scalar) and row-major little-endian `data`.

      iex> t = Vllm.Tensor.new([[1, 2, 3], [4, 5, 6]], :f32)
      iex> Vllm.Tensor.shape(t)
      {2, 3}
      iex> Vllm.Tensor.to_list(t)
      [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]

  A tensor that stays in its rank (`__runtime__: [tensors: :ref]`) has `data: nil` and a `ref`; pass it
  to further calls as it is, or bring it with `fetch/1`.

  Infinities and NaN are the atoms `:infinity`, `:neg_infinity` and `:nan`, elements of `pred` tensors
  booleans, of complex tensors `Vllm.Complex`. See `Vllm.Tensor.DType` for the element types.
  """

  import Vllm.Bang

  alias Vllm.Bridge.V1
  alias Vllm.Call.Objects
  alias Vllm.{Error, Ref}
  alias Vllm.Tensor.{DType, Elements, NxInterop, Parts}

  # torch's own limit; the product of the extents of a million dimensions would take minutes.
  @max_dimensions 64

  @enforce_keys [:dtype, :shape]
  defstruct [:dtype, :shape, :data, :ref]

  @type t :: %__MODULE__{
          dtype: DType.t(),
          shape: tuple(),
          data: binary() | nil,
          ref: Ref.t() | nil
        }

  @typedoc "An element type by Nx's or torch's name."
  @type dtype :: DType.t() | atom() | String.t()

  @type nested :: number() | boolean() | atom() | Vllm.Complex.t() | [nested()]

  @doc since: "0.1.0"
  @doc """
  Makes a tensor of a number or of (nested) lists. Without a dtype: `:pred` for booleans, `:s64` when
  all are integers, `:c64` with a complex number, `:f32` otherwise.

  Raises `Vllm.Error` for ragged lists and values the dtype cannot hold, as `from_list!/2` does, whose short form
  it is. `from_list/2` returns the error.
  """
  @spec new(nested(), dtype() | nil) :: t()
  def new(list_or_scalar, dtype \\ nil), do: from_list!(list_or_scalar, dtype)

  @doc since: "0.1.0"
  @doc """
  As `new/2`, returning an error instead of raising: reason `"bad_tensor"`, or `"unknown_dtype"`.
  """
  @spec from_list(nested(), dtype() | nil) :: {:ok, t()} | {:error, Error.t()}
  def from_list(list_or_scalar, dtype \\ nil) do
    with {:ok, dtype} <- if(dtype, do: DType.parse(dtype), else: {:ok, infer(list_or_scalar)}) do
      shape = shape_of(list_or_scalar)

      data =
        case shape do
          [] -> Elements.append([list_or_scalar], dtype, <<>>)
          shape -> flatten(list_or_scalar, shape, dtype, <<>>)
        end

      {:ok, %__MODULE__{dtype: dtype, shape: List.to_tuple(shape), data: data}}
    end
  catch
    {:element, value, why} ->
      bad("#{inspect(value, limit: 5)} #{why}")

    {:ragged, wanted, found} ->
      bad(
        "lists of one level must have the same length: found #{found} where the first ones have " <>
          "#{wanted}; pad the shorter ones"
      )
  end

  defbang from_list(list_or_scalar :: nested(), dtype \\ nil :: dtype() | nil) :: t()

  defp bad(problem), do: {:error, Error.validation(problem, "bad_tensor")}

  @doc since: "0.1.0"
  @doc """
  Makes a tensor of row-major little-endian bytes. Where their number does not fit the shape, the error
  has the reason `"bad_tensor"`.

      iex> {:ok, tensor} = Vllm.Tensor.from_binary(<<1, 2, 3, 4>>, :u8, {2, 2})
      iex> Vllm.Tensor.to_list(tensor)
      [[1, 2], [3, 4]]
  """
  @spec from_binary(binary(), dtype(), tuple() | [non_neg_integer()]) ::
          {:ok, t()} | {:error, Error.t()}
  def from_binary(data, dtype, shape) when is_binary(data) do
    shape = if is_list(shape), do: List.to_tuple(shape), else: shape

    with {:ok, dtype} <- DType.parse(dtype), do: checked(data, dtype, shape)
  end

  defbang from_binary(data :: binary(), dtype, shape :: tuple() | [non_neg_integer()]) :: t()

  defp checked(data, dtype, shape) do
    case check(data, dtype, shape) do
      :ok -> {:ok, %__MODULE__{dtype: dtype, shape: shape, data: data}}
      {:error, problem} -> bad(problem)
    end
  end

  @doc since: "0.1.0"
  @doc """
  The elements as lists nested like the shape; the element itself for the shape `{}`. Raises `Vllm.Error` for a
  tensor that is in its rank: `fetch/2` brings it.
  """
  @spec to_list(t()) :: nested()
  def to_list(%__MODULE__{} = tensor) do
    flat = tensor |> to_binary() |> Elements.to_list(tensor.dtype)

    case Tuple.to_list(tensor.shape) do
      [] -> hd(flat)
      shape -> if size(tensor) == 0, do: empty(shape), else: nest(flat, tl(shape))
    end
  end

  @doc since: "0.1.0"
  @doc "The row-major little-endian bytes. Raises `Vllm.Error` for a tensor that is in its rank."
  @spec to_binary(t()) :: binary()
  def to_binary(%__MODULE__{data: data}) when is_binary(data), do: data

  def to_binary(%__MODULE__{} = tensor), do: raise(in_its_rank(tensor))

  defp in_its_rank(tensor) do
    message = "#{inspect(tensor)} is in its rank; bring it with Vllm.Tensor.fetch/1 first"
    Error.validation(message, "invalid_argument")
  end

  @doc since: "0.1.0"
  @doc "Extent of every dimension."
  @spec shape(t()) :: tuple()
  def shape(%__MODULE__{shape: shape}), do: shape

  @doc since: "0.1.0"
  @doc "Number of elements."
  @spec size(t()) :: non_neg_integer()
  def size(%__MODULE__{shape: shape}), do: Tuple.product(shape)

  @doc since: "0.1.0"
  @doc """
  The same elements in another shape, of which one extent may be -1: what the others leave.

      iex> t = Vllm.Tensor.new([1, 2, 3, 4, 5, 6])
      iex> {:ok, t} = Vllm.Tensor.reshape(t, {2, -1})
      iex> Vllm.Tensor.to_list(t)
      [[1, 2, 3], [4, 5, 6]]

  A shape of another number of elements is an error, reason `"bad_tensor"`; so is a tensor that is in its rank, reason
  `"invalid_argument"` (`fetch/2` brings it).
  """
  @spec reshape(t(), tuple() | [integer()]) :: {:ok, t()} | {:error, Error.t()}
  def reshape(%__MODULE__{} = tensor, shape) do
    with :ok <- here(tensor),
         {:ok, shape} <- Parts.shape(tensor.shape, shape),
         do: {:ok, %{tensor | shape: shape}}
  end

  defbang reshape(tensor :: t(), shape :: tuple() | [integer()]) :: t()

  @doc since: "0.1.0"
  @doc """
  The part of a tensor that begins at `starts` and has the extents `lengths`, one of each for every dimension; a
  negative start counts from the end.

      iex> t = Vllm.Tensor.new([[1, 2, 3], [4, 5, 6]])
      iex> {:ok, t} = Vllm.Tensor.slice(t, [0, -2], [2, 2])
      iex> Vllm.Tensor.to_list(t)
      [[2, 3], [5, 6]]

  A part that is not all in the tensor is an error, as of `reshape/2`.
  """
  @spec slice(t(), [integer()], [non_neg_integer()]) :: {:ok, t()} | {:error, Error.t()}
  def slice(%__MODULE__{} = tensor, starts, lengths) do
    with :ok <- here(tensor),
         {:ok, data} <- Parts.slice(tensor.data, tensor.shape, starts, lengths, width(tensor)),
         do: {:ok, %{tensor | data: data, shape: List.to_tuple(lengths)}}
  end

  defbang slice(tensor :: t(), starts :: [integer()], lengths :: [non_neg_integer()]) :: t()

  @doc since: "0.1.0"
  @doc """
  The part of a tensor from `start` on along one dimension, `length` long: torch's `narrow`. A negative dimension or
  start counts from the end.

      iex> t = Vllm.Tensor.new([[1, 2, 3], [4, 5, 6]])
      iex> Vllm.Tensor.to_list(Vllm.Tensor.narrow!(t, 1, 1, 2))
      [[2, 3], [5, 6]]

  Errors as of `slice/3`.
  """
  @spec narrow(t(), integer(), integer(), non_neg_integer()) :: {:ok, t()} | {:error, Error.t()}
  def narrow(%__MODULE__{} = tensor, dimension, start, length) do
    with {:ok, starts, lengths} <- Parts.narrowed(tensor.shape, dimension, start, length),
         do: slice(tensor, starts, lengths)
  end

  defbang narrow(
            tensor :: t(),
            dimension :: integer(),
            start :: integer(),
            length :: non_neg_integer()
          ) :: t()

  @doc since: "0.1.0"
  @doc """
  What is at one place of the first dimension: of a matrix a row, of a vector a tensor of shape `{}`. A negative index
  counts from the end.

      iex> t = Vllm.Tensor.new([[1, 2, 3], [4, 5, 6]])
      iex> Vllm.Tensor.to_list(Vllm.Tensor.at!(t, -1))
      [4, 5, 6]

  Errors as of `slice/3`.
  """
  @spec at(t(), integer()) :: {:ok, t()} | {:error, Error.t()}
  def at(%__MODULE__{} = tensor, index) do
    with {:ok, part} <- narrow(tensor, 0, index, 1),
         do: {:ok, %{part | shape: Tuple.delete_at(part.shape, 0)}}
  end

  defbang at(tensor :: t(), index :: integer()) :: t()

  defp here(%__MODULE__{data: data}) when is_binary(data), do: :ok
  defp here(tensor), do: {:error, in_its_rank(tensor)}

  defp width(tensor), do: DType.size(tensor.dtype)

  @doc since: "0.1.0"
  @doc """
  Brings a tensor that is in its rank. One that is here is returned as it is. `opts` as in
  `Vllm.call/3`.
  """
  @spec fetch(t(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def fetch(tensor, opts \\ [])

  def fetch(%__MODULE__{data: data} = tensor, opts) when is_binary(data) do
    with :ok <- Objects.check_options("fetch", opts), do: {:ok, tensor}
  end

  def fetch(%__MODULE__{ref: %Ref{} = ref} = tensor, opts),
    do: Objects.fetch(ref, opts, DType.size(tensor.dtype) * size(tensor))

  defbang fetch(tensor :: t(), opts \\ []) :: t()

  @doc since: "0.1.0"
  @doc """
  Makes a tensor of an `Nx.Tensor`, where Nx is loaded. The axes of a vectorized one come first.

  Functions that take a tensor take an `Nx.Tensor` as well. A type that torch does not have (`s2`, `u4`, ...) is an
  error, reason `"bad_tensor"`, and so are elements that Nx cannot read (a donated buffer). What is no `Nx.Tensor` is
  `"invalid_argument"`.
  """
  @spec from_nx(struct()) :: {:ok, t()} | {:error, Error.t()}
  def from_nx(%{__struct__: Nx.Tensor} = tensor),
    do: with({:error, problem} <- NxInterop.read(tensor), do: bad(problem))

  def from_nx(other) do
    message = "an Nx.Tensor was expected, got: #{inspect(other, limit: 5, printable_limit: 60)}"
    {:error, Error.validation(message, "invalid_argument")}
  end

  defbang from_nx(tensor :: struct()) :: t()

  @doc since: "0.1.0"
  @doc """
  Makes an `Nx.Tensor`; `pred` becomes `u8`, as Nx has it.

  It is an error, reason `"bad_tensor"`, when Nx is not loaded, or has no such tensor: 8-bit floats came with its
  later versions, and it has no tensors without elements. So is a tensor that is in its rank (`"invalid_argument"`).
  """
  @spec to_nx(t()) :: {:ok, struct()} | {:error, Error.t()}
  def to_nx(%__MODULE__{data: nil} = tensor), do: {:error, in_its_rank(tensor)}

  def to_nx(%__MODULE__{} = tensor),
    do: with({:error, problem} <- NxInterop.write(tensor), do: bad(problem))

  defbang to_nx(tensor :: t()) :: struct()

  # --- the wire ---------------------------------------------------------------------------------

  @doc false
  @spec to_message(t()) :: struct()
  def to_message(%__MODULE__{} = tensor) do
    message = %V1.Tensor{
      dtype: Atom.to_string(tensor.dtype),
      shape: Tuple.to_list(tensor.shape)
    }

    case tensor do
      %{data: data} when is_binary(data) -> %{message | data: data}
      %{ref: %Ref{} = ref} -> %{message | ref: Ref.to_message(ref)}
    end
  end

  @doc false
  @spec from_message(struct()) :: {:ok, t()} | {:error, String.t()}
  def from_message(%V1.Tensor{shape: dims}) when length(dims) > @max_dimensions do
    {:error, "a tensor has #{length(dims)} dimensions; at most #{@max_dimensions} may be"}
  end

  def from_message(%V1.Tensor{} = message) do
    shape = List.to_tuple(message.shape)

    with {:ok, dtype} <- DType.read(message.dtype) do
      case message do
        %{ref: %V1.Ref{} = ref} ->
          {:ok, %__MODULE__{dtype: dtype, shape: shape, ref: Ref.from_message(ref)}}

        %{shared_memory: nil, chunks: nil, data: data} ->
          # proto3 may leave out the empty bytes of a tensor without elements.
          data = data || ""

          with :ok <- check(data, dtype, shape),
               do: {:ok, %__MODULE__{dtype: dtype, shape: shape, data: data}}

        _elsewhere ->
          {:error, "a tensor's bytes are in memory, or in chunks, that did not come with it"}
      end
    end
  end

  # --- shapes -----------------------------------------------------------------------------------

  defp check(data, dtype, shape) when is_tuple(shape) do
    dims = Tuple.to_list(shape)
    wanted = Enum.product([DType.size(dtype) | Enum.filter(dims, &is_integer/1)])

    cond do
      not Enum.all?(dims, &(is_integer(&1) and &1 >= 0)) ->
        {:error, "a shape is a tuple of integers from 0 up, got #{inspect(shape)}"}

      byte_size(data) != wanted ->
        {:error,
         "#{dtype} of shape #{inspect(shape)} takes #{wanted} bytes, got #{byte_size(data)}"}

      true ->
        :ok
    end
  end

  defp check(_data, _dtype, shape),
    do: {:error, "a shape is a tuple of integers from 0 up, got #{inspect(shape)}"}

  defp shape_of([first | _rest] = list), do: [length(list) | shape_of(first)]
  defp shape_of([]), do: [0]
  defp shape_of(_scalar), do: []

  defp flatten(list, [size], dtype, acc) do
    expect_length(list, size)
    Elements.append(list, dtype, acc)
  end

  defp flatten(list, [size | inner], dtype, acc) do
    expect_length(list, size)
    Enum.reduce(list, acc, &flatten(&1, inner, dtype, &2))
  end

  defp expect_length(list, size) when is_list(list) do
    case length(list) do
      ^size -> :ok
      found -> throw({:ragged, size, found})
    end
  end

  defp expect_length(_scalar, size), do: throw({:ragged, size, "a scalar"})

  # A wider kind among the elements decides: pred < s64 < f32 < c64.
  defp infer(list_or_scalar) do
    case kind(list_or_scalar, 0) do
      0 -> :f32
      1 -> :pred
      2 -> :s64
      3 -> :f32
      4 -> :c64
    end
  end

  defp kind([x | rest], acc) when is_integer(x) and acc >= 2, do: kind(rest, acc)
  defp kind([x | rest], acc), do: kind(rest, kind(x, acc))
  defp kind([], acc), do: acc
  defp kind(x, acc) when is_boolean(x), do: max(acc, 1)
  defp kind(x, acc) when is_integer(x), do: max(acc, 2)
  defp kind(%Vllm.Complex{}, _acc), do: 4
  defp kind(_float_or_unknown, acc), do: max(acc, 3)

  defp empty([0 | _inner]), do: []
  defp empty([size | inner]), do: List.duplicate(empty(inner), size)

  defp nest(flat, inner_shape),
    do: inner_shape |> Enum.reverse() |> Enum.reduce(flat, &Enum.chunk_every(&2, &1))

  defimpl Inspect do
    import Vllm.OneLine
    alias Vllm.Tensor.{DType, Elements}

    # The first elements only, and never a call: inspecting must not depend on a rank.
    def inspect(%{dtype: dtype, shape: shape} = tensor, _opts)
        when tuple_size(shape) <= 64,
        do: "#Vllm.Tensor<#{text(dtype)}#{dims(shape)} #{content(tensor)}>"

    def inspect(%{dtype: dtype, shape: shape}, _opts),
      do: "#Vllm.Tensor<#{text(dtype)} of shape #{text(shape)}>"

    defp dims(shape), do: shape |> Tuple.to_list() |> Enum.map_join("", &"[#{text(&1, 20)}]")

    defp content(%{data: nil, ref: nil}), do: "of no data"
    defp content(%{data: nil, ref: ref}), do: "in its rank, #{Kernel.inspect(ref, limit: 5)}"

    defp content(%{data: data, dtype: dtype}) do
      if is_binary(data) and dtype in DType.names() do
        size = DType.size(dtype)
        count = min(div(byte_size(data), size), 5)
        elements = data |> binary_part(0, count * size) |> Elements.to_list(dtype)
        more = if byte_size(data) > 5 * size, do: ", ...", else: ""
        "[#{Enum.map_join(elements, ", ", &show/1)}#{more}]"
      else
        "of #{text(data, 20)}"
      end
    end

    defp show(%Vllm.Complex{re: re, im: im}), do: "#{re}+#{im}i"
    defp show(element), do: "#{element}"
  end
end
