defmodule Vllm.Tensor.DType do
  @moduledoc since: "0.1.0"
  @moduledoc """
  The element types of a tensor: Nx's names, and the names torch uses for them.

  `f64 f32 f16 bf16 f8_e4m3fn f8_e5m2 s64 s32 s16 s8 u8 u16 u32 u64 pred c64 c128`; `pred` is
  torch's `bool`, one byte an element.
  """

  alias Vllm.Error

  @table [
    {:f64, 8, ["float64", "double"]},
    {:f32, 4, ["float32", "float"]},
    {:f16, 2, ["float16", "half"]},
    {:bf16, 2, ["bfloat16"]},
    {:f8_e4m3fn, 1, ["float8_e4m3fn"]},
    {:f8_e5m2, 1, ["float8_e5m2"]},
    {:s64, 8, ["int64", "long"]},
    {:s32, 4, ["int32", "int"]},
    {:s16, 2, ["int16", "short"]},
    {:s8, 1, ["int8"]},
    {:u8, 1, ["uint8"]},
    {:u16, 2, ["uint16"]},
    {:u32, 4, ["uint32"]},
    {:u64, 8, ["uint64"]},
    {:pred, 1, ["bool"]},
    {:c64, 8, ["complex64", "cfloat"]},
    {:c128, 16, ["complex128", "cdouble"]}
  ]

  @names Enum.map(@table, &elem(&1, 0))
  @sizes Map.new(@table, fn {name, size, _aliases} -> {name, size} end)
  @lookup for {name, _size, aliases} <- @table,
              text <- [Atom.to_string(name) | aliases],
              prefix <- ["", "torch."],
              into: %{},
              do: {prefix <> text, name}

  @type t ::
          :f64
          | :f32
          | :f16
          | :bf16
          | :f8_e4m3fn
          | :f8_e5m2
          | :s64
          | :s32
          | :s16
          | :s8
          | :u8
          | :u16
          | :u32
          | :u64
          | :pred
          | :c64
          | :c128

  @doc since: "0.1.0"
  @doc "All element types."
  @spec names() :: [t()]
  def names, do: @names

  @doc since: "0.1.0"
  @doc "Bytes of one element."
  @spec size(t()) :: pos_integer()
  def size(dtype), do: Map.fetch!(@sizes, dtype)

  @doc since: "0.1.0"
  @doc """
  The element type of a name, whether Nx's or torch's, as atom or string, or of a type of Nx.

      iex> Vllm.Tensor.DType.parse("torch.bfloat16")
      {:ok, :bf16}
      iex> Vllm.Tensor.DType.parse(:f32)
      {:ok, :f32}
      iex> Vllm.Tensor.DType.parse({:f, 32})
      {:ok, :f32}
  """
  @spec parse(term()) :: {:ok, t()} | {:error, Error.t()}
  def parse(name) do
    with {:error, problem} <- read(name), do: {:error, Error.validation(problem, "unknown_dtype")}
  end

  @doc since: "0.1.0"
  @doc "As `parse/1`; raises `Vllm.Error`."
  @spec parse!(term()) :: t()
  def parse!(name), do: name |> parse() |> Error.unwrap!()

  # As `parse/1`, for those that say what the dtype is of.
  @doc false
  @spec read(term()) :: {:ok, t()} | {:error, String.t()}
  def read(name) when is_atom(name) and name not in [nil, true, false],
    do: name |> Atom.to_string() |> lookup(name)

  def read(name) when is_binary(name), do: lookup(name, name)
  def read(%Vllm.DType{name: name}), do: read(name)
  def read({:f, 8}), do: {:ok, :f8_e5m2}
  def read({:f8_e4m3fn, 8}), do: {:ok, :f8_e4m3fn}

  def read({kind, bits} = type) when kind in [:f, :bf, :s, :u, :c] and is_integer(bits),
    do: lookup("#{kind}#{bits}", type)

  def read(other), do: unknown(other)

  defp lookup(text, given) do
    case @lookup do
      %{^text => dtype} -> {:ok, dtype}
      _unknown -> unknown(given)
    end
  end

  defp unknown(given) do
    {:error,
     "unknown dtype #{inspect(given)}; use one of #{Enum.map_join(@names, ", ", &inspect/1)}, " <>
       "or torch's name for one"}
  end
end
