defmodule Vllm.Term.Extension do
  @moduledoc false
  # Codes of the extension types and the limits, as docs/contract.md has them; `terms.py` is the
  # other side.

  @codes [
    tuple: 1,
    atom: 2,
    ref: 3,
    tensor: 4,
    complex: 5,
    set: 6,
    big_integer: 7,
    map: 8,
    frozenset: 9,
    group: 10,
    dtype: 11,
    device: 12
  ]

  for {name, code} <- @codes do
    defmacro unquote(name)(), do: unquote(code)
  end

  @doc "How deep values may nest: far below what a stack allows, on either side."
  @spec max_depth() :: pos_integer()
  def max_depth, do: 128

  # Arithmetic on larger numbers is nothing a parallel state needs, and conversion takes time that
  # grows with the square of the length.
  @doc "Bytes of the largest integer."
  @spec max_integer_bytes() :: pos_integer()
  def max_integer_bytes, do: 4096
end
