defmodule Vllm.Bridge.HTTP2.Hpack.Integer do
  @moduledoc false
  # Integers with an n-bit prefix, [RFC 7541 section 5.1](https://www.rfc-editor.org/rfc/rfc7541#section-5.1).

  import Bitwise

  # Five continuation bytes hold 35 bits. No index, length or table size that we could honour needs
  # more than 28; the limit keeps a peer from making us build a bignum out of a run of 0xff.
  @max_shift 28

  @doc "Encodes `value` behind the high bits `flags` of a byte whose low `prefix` bits are free."
  @spec encode(byte(), 1..8, non_neg_integer()) :: iodata()
  def encode(flags, prefix, value) do
    limit = (1 <<< prefix) - 1

    if value < limit,
      do: [flags ||| value],
      else: [flags ||| limit | continuation(value - limit)]
  end

  defp continuation(value) when value < 128, do: [value]
  defp continuation(value), do: [(value &&& 127) ||| 128 | continuation(value >>> 7)]

  @doc """
  Decodes the integer whose prefix, already masked to `prefix` bits, is `first`.

  `rest` is what follows that byte.
  """
  @spec decode(byte(), 1..8, binary()) ::
          {:ok, non_neg_integer(), binary()} | {:error, String.t()}
  def decode(first, prefix, rest) do
    if first < (1 <<< prefix) - 1, do: {:ok, first, rest}, else: decode_more(rest, first, 0)
  end

  defp decode_more(<<0::1, bits::7, rest::binary>>, value, shift) when shift <= @max_shift,
    do: {:ok, value + (bits <<< shift), rest}

  defp decode_more(<<1::1, bits::7, rest::binary>>, value, shift) when shift < @max_shift,
    do: decode_more(rest, value + (bits <<< shift), shift + 7)

  defp decode_more(<<>>, _value, _shift), do: {:error, "the block ends inside an integer"}

  defp decode_more(_rest, _value, _shift),
    do: {:error, "an integer is longer than #{div(@max_shift, 7) + 1} continuation bytes"}
end
