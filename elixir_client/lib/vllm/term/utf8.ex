defmodule Vllm.Term.UTF8 do
  @moduledoc false
  # Whether bytes are text. Nearly all of them are ASCII, which is looked at seven bytes at a time:
  # as many as make an integer that takes no memory of its own.

  import Bitwise

  @doc "As `String.valid?/1`."
  @spec valid?(binary()) :: boolean()
  def valid?(<<word::56, rest::binary>>) when (word &&& 0x80808080808080) == 0, do: valid?(rest)
  def valid?(<<byte, rest::binary>>) when byte < 0x80, do: valid?(rest)
  def valid?(<<_char::utf8, rest::binary>>), do: valid?(rest)
  def valid?(<<>>), do: true
  def valid?(_other), do: false
end
