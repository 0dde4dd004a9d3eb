defmodule Vllm.Complex do
  @moduledoc since: "0.1.0"
  @moduledoc "A Python `complex`, and an element of a `c64` or `c128` tensor."

  @enforce_keys [:re, :im]
  defstruct [:re, :im]

  @type part :: number() | :nan | :infinity | :neg_infinity
  @type t :: %__MODULE__{re: part(), im: part()}
end
