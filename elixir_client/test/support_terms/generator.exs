defmodule Vllm.Test.Generator do
  @moduledoc false
  # Random terms, and what they are when they come back from Python. Seeded: `:rand.seed/2` first.

  import Bitwise

  alias Vllm.{Bytes, Complex, Tensor}

  @edges for bits <- [0, 7, 8, 15, 16, 31, 32, 53, 63, 64, 127, 2000],
             near <- -1..1,
             sign <- [1, -1],
             do: sign * ((1 <<< bits) + near)

  @floats [0.0, -0.0, 1.0, -1.0, 1.5, 1.0e300, -1.0e-300, 5.0e-324, 9_007_199_254_740_993.0] ++
            [:nan, :infinity, :neg_infinity]

  @strings ["", "a", "grüß", "\0", "😀", "\uFFFF", "nil", "nan", "__struct__", "e\u0301"]

  @doc "A term with containers up to that many levels deep."
  def term(0), do: scalar()

  def term(levels) do
    case :rand.uniform(8) do
      1 -> items(levels)
      2 -> List.to_tuple(items(levels))
      3 -> MapSet.new(elements(levels))
      4 -> Map.new(elements(levels), &{&1, term(levels - 1)})
      5 -> Map.new(items(levels), &{text(), &1})
      6 -> Map.new(items(levels), &{Enum.random([:a, :b, :dtype, :ü]), &1})
      _often -> scalar()
    end
  end

  defp items(levels), do: for(_ <- many(), do: term(levels - 1))
  defp many, do: Enum.take(1..8, :rand.uniform(5) - 1)

  # Python hashes keys and elements, and has one key for 1, 1.0 and true.
  defp elements(levels) do
    many()
    |> Enum.map(fn _ -> hashable(levels) end)
    |> Enum.uniq_by(&python_key/1)
  end

  defp hashable(levels) do
    case :rand.uniform(6) do
      1 when levels > 1 -> {hashable(levels - 1), hashable(levels - 1)}
      2 -> text()
      3 -> :rand.bytes(:rand.uniform(9)) |> binary()
      4 -> float()
      _often -> integer()
    end
  end

  defp python_key(%Bytes{data: data}), do: data

  defp python_key(tuple) when is_tuple(tuple),
    do: tuple |> Tuple.to_list() |> Enum.map(&python_key/1)

  defp python_key(float) when is_float(float) and trunc(float) == float, do: trunc(float)
  defp python_key(other), do: other

  @doc "A term that holds no others."
  def scalar do
    case :rand.uniform(9) do
      1 -> Enum.random([nil, true, false])
      n when n in 2..3 -> integer()
      n when n in 4..5 -> float()
      6 -> text()
      7 -> :rand.bytes(:rand.uniform(60)) |> binary()
      8 -> %Complex{re: float(), im: float()}
      9 -> Enum.random([:spam, :grüß, %Bytes{data: "text"}, tensor()])
    end
  end

  defp binary(data), do: if(String.valid?(data), do: %Bytes{data: data}, else: data)
  defp tensor, do: Tensor.new(for(_ <- 1..:rand.uniform(4), do: :rand.uniform(100)), :s32)

  defp integer do
    case :rand.uniform(3) do
      1 -> Enum.random(@edges)
      2 -> :rand.uniform(1_000) - 500
      3 -> Enum.random([1, -1]) * :rand.uniform(1 <<< :rand.uniform(200))
    end
  end

  defp float, do: Enum.random([:rand.normal(), :rand.normal() * 1.0e200 | @floats])

  defp text do
    case :rand.uniform(3) do
      1 -> Enum.random(@strings)
      2 -> String.duplicate("ä", :rand.uniform(150))
      3 -> List.to_string(for _ <- 1..:rand.uniform(20), do: :rand.uniform(0xD7FF))
    end
  end

  @doc "What is left of a term after it was sent: strings of atoms, plain binaries of bytes."
  def back(atom) when atom in [nil, true, false, :nan, :infinity, :neg_infinity], do: atom
  def back(atom) when is_atom(atom), do: Atom.to_string(atom)
  def back(%Bytes{data: data}), do: data
  def back(list) when is_list(list), do: Enum.map(list, &back/1)
  def back(tuple) when is_tuple(tuple), do: tuple |> Tuple.to_list() |> back() |> List.to_tuple()
  def back(%MapSet{} = set), do: MapSet.new(set, &back/1)
  def back(%_struct{} = struct), do: struct
  def back(%{} = map), do: Map.new(map, fn {key, value} -> {back(key), back(value)} end)
  def back(other), do: other
end
