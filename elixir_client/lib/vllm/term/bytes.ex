defmodule Vllm.Bytes do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Marks a binary as Python `bytes`.

  In a value without a static type (`Vllm.Term`) a binary that is valid UTF-8 becomes a Python `str`.
  Wrap it where `bytes` is meant: `%Vllm.Bytes{data: "abc"}`.
  """

  @enforce_keys [:data]
  defstruct [:data]

  @type t :: %__MODULE__{data: binary()}
end
