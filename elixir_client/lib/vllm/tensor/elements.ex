defmodule Vllm.Tensor.Elements do
  @moduledoc false
  # Numbers to little-endian bytes and back. A tensor may hold millions: the encoders append to one
  # binary and the decoders read one, both in a way the BEAM does without copying.

  import Bitwise

  alias Vllm.Complex

  @doc """
  Appends the elements of a flat list. Throws `{:element, value, why}` at the first that is none.
  """
  @spec append([term()], Vllm.Tensor.DType.t(), binary()) :: binary()
  def append(list, dtype, acc)

  def append([], _dtype, acc), do: acc

  # What is certain to fit is written without a detour.
  for {dtype, bits, safe} <- [
        {:f64, 64, 1.0e300},
        {:f32, 32, 3.4028234663852886e38}
      ] do
    def append([x | rest], unquote(dtype), acc)
        when is_number(x) and x >= -unquote(safe) and x <= unquote(safe),
        do: append(rest, unquote(dtype), <<acc::binary, x::float-unquote(bits)-little>>)

    def append([x | rest], unquote(dtype), acc) when is_number(x),
      do: append(rest, unquote(dtype), <<acc::binary, finite(x, unquote(bits))::binary>>)
  end

  for {dtype, bits} <- [s64: 64, s32: 32, s16: 16, s8: 8] do
    limit = 2 ** (bits - 1)

    def append([x | rest], unquote(dtype), acc)
        when is_integer(x) and x >= -unquote(limit) and x < unquote(limit),
        do: append(rest, unquote(dtype), <<acc::binary, x::unquote(bits)-little>>)
  end

  for {dtype, bits} <- [u8: 8, u16: 16, u32: 32, u64: 64] do
    limit = 2 ** bits

    def append([x | rest], unquote(dtype), acc)
        when is_integer(x) and x >= 0 and x < unquote(limit),
        do: append(rest, unquote(dtype), <<acc::binary, x::unquote(bits)-little>>)
  end

  def append([x | rest], :f16, acc) when is_number(x),
    do: append(rest, :f16, <<acc::binary, half(x)::binary>>)

  def append([x | rest], :bf16, acc) when is_number(x),
    do: append(rest, :bf16, <<acc::binary, bf16(x)::16-little>>)

  def append([x | rest], :f8_e5m2, acc) when is_number(x),
    do: append(rest, :f8_e5m2, <<acc::binary, small(x, :f8_e5m2, 2, 15, 0x7B)>>)

  def append([x | rest], :f8_e4m3fn, acc) when is_number(x),
    do: append(rest, :f8_e4m3fn, <<acc::binary, small(x, :f8_e4m3fn, 3, 7, 0x7E)>>)

  def append([x | rest], :pred, acc) when x in [true, 1],
    do: append(rest, :pred, <<acc::binary, 1>>)

  def append([x | rest], :pred, acc) when x in [false, 0],
    do: append(rest, :pred, <<acc::binary, 0>>)

  def append([x | rest], dtype, acc)
      when x in [:nan, :infinity, :neg_infinity] and
             dtype in [:f64, :f32, :f16, :bf16, :f8_e5m2],
      do: append(rest, dtype, <<acc::binary, special(dtype, x)::binary>>)

  def append([:nan | rest], :f8_e4m3fn, acc),
    do: append(rest, :f8_e4m3fn, <<acc::binary, 0x7F>>)

  def append([%Complex{re: re, im: im} | rest], dtype, acc) when dtype in [:c64, :c128],
    do: append(rest, dtype, append([re, im], part(dtype), acc))

  def append([x | rest], dtype, acc) when is_number(x) and dtype in [:c64, :c128],
    do: append(rest, dtype, append([x, 0], part(dtype), acc))

  def append([x | _rest], dtype, _acc), do: throw({:element, x, why(x, dtype)})

  # An overflow makes an infinity; an integer beyond any float raises.
  for {dtype, bits} <- [f64: 64, f32: 32, f16: 16] do
    defp finite(x, unquote(bits)) do
      data = <<x::float-unquote(bits)-little>>

      if data in [special(unquote(dtype), :infinity), special(unquote(dtype), :neg_infinity)],
        do: throw({:element, x, "does not fit into #{unquote(bits)} bits"}),
        else: data
    rescue
      ArgumentError -> throw({:element, x, "does not fit into #{unquote(bits)} bits"})
    end
  end

  # By way of 32 bits, as torch does: rounding once gives other results beside a tie.
  defp half(x) when x >= -65_536 and x <= 65_536 do
    <<single::float-32>> = <<x::float-32>>
    finite(single, 16)
  end

  defp half(x), do: throw({:element, x, "does not fit into 16 bits"})

  # Round to nearest, ties to even, as torch does.
  defp bf16(x) do
    <<bits::32-little>> = finite(x, 32)
    rounded = (bits + 0x7FFF + (bits >>> 16 &&& 1)) >>> 16

    if (rounded &&& 0x7F80) == 0x7F80,
      do: throw({:element, x, "does not fit into bf16"}),
      else: rounded
  end

  # To nearest, ties to even, by way of 32 bits as torch does: a sign, an exponent of that bias, and
  # so many bits of mantissa. `largest` is the code of the largest finite value.
  defp small(x, dtype, mantissa, bias, largest) do
    <<bits::32-little>> = finite(x, 32)
    magnitude = bits &&& 0x7FFFFFFF
    exponent = (magnitude >>> 23) - 127 + bias

    code =
      if exponent >= 1,
        do: shift_to_even(magnitude - ((127 - bias) <<< 23), 23 - mantissa),
        else: shift_to_even((magnitude &&& 0x7FFFFF) ||| 0x800000, 24 - mantissa - exponent)

    if code > largest, do: throw({:element, x, "does not fit into #{dtype}"})
    bits >>> 31 <<< 7 ||| code
  end

  defp shift_to_even(n, bits), do: (n + (1 <<< (bits - 1)) - 1 + (n >>> bits &&& 1)) >>> bits

  defp special(:f64, :nan), do: <<0x7FF8000000000000::64-little>>
  defp special(:f64, :infinity), do: <<0x7FF0000000000000::64-little>>
  defp special(:f64, :neg_infinity), do: <<0xFFF0000000000000::64-little>>
  defp special(:f32, :nan), do: <<0x7FC00000::32-little>>
  defp special(:f32, :infinity), do: <<0x7F800000::32-little>>
  defp special(:f32, :neg_infinity), do: <<0xFF800000::32-little>>
  defp special(:f16, :nan), do: <<0x7E00::16-little>>
  defp special(:f16, :infinity), do: <<0x7C00::16-little>>
  defp special(:f16, :neg_infinity), do: <<0xFC00::16-little>>
  defp special(:bf16, :nan), do: <<0x7FC0::16-little>>
  defp special(:bf16, :infinity), do: <<0x7F80::16-little>>
  defp special(:bf16, :neg_infinity), do: <<0xFF80::16-little>>

  defp special(:f8_e5m2, :nan), do: <<0x7F>>
  defp special(:f8_e5m2, :infinity), do: <<0x7C>>
  defp special(:f8_e5m2, :neg_infinity), do: <<0xFC>>

  defp part(:c64), do: :f32
  defp part(:c128), do: :f64

  defp why(x, :f8_e4m3fn) when x in [:infinity, :neg_infinity],
    do: "is none of f8_e4m3fn, which has no infinities; choose f8_e5m2 or a wider dtype"

  defp why(x, dtype)
       when is_integer(x) and dtype in [:s64, :s32, :s16, :s8, :u8, :u16, :u32, :u64],
       do: "is outside the range of #{dtype}"

  defp why(x, :pred) when is_number(x), do: "is no boolean; use true, false, 1 or 0"
  defp why(x, dtype) when is_float(x), do: "is no integer; choose a float dtype, not #{dtype}"
  defp why(_x, dtype), do: "is no element of #{dtype}"

  @doc "The elements of a binary, as a flat list."
  @spec to_list(binary(), Vllm.Tensor.DType.t()) :: [term()]
  def to_list(data, dtype)

  for {name, dtype, type} <- [
        {:s64, :s64, quote(do: signed - 64 - little)},
        {:s32, :s32, quote(do: signed - 32 - little)},
        {:s16, :s16, quote(do: signed - 16 - little)},
        {:s8, :s8, quote(do: signed - 8)},
        {:u8, :u8, quote(do: 8)},
        {:u16, :u16, quote(do: 16 - little)},
        {:u32, :u32, quote(do: 32 - little)},
        {:u64, :u64, quote(do: 64 - little)}
      ] do
    def to_list(data, unquote(dtype)), do: unquote(name)(data)

    defp unquote(name)(<<x::unquote(type), rest::binary>>), do: [x | unquote(name)(rest)]
    defp unquote(name)(<<>>), do: []
  end

  # A float pattern does not match infinities and NaN: those take the second clause.
  for {dtype, bits} <- [f64: 64, f32: 32, f16: 16] do
    def to_list(data, unquote(dtype)), do: unquote(dtype)(data)

    defp unquote(dtype)(<<x::float-unquote(bits)-little, rest::binary>>),
      do: [x | unquote(dtype)(rest)]

    defp unquote(dtype)(<<bits::unquote(bits)-little, rest::binary>>),
      do: [nonfinite(bits, unquote(bits), unquote(dtype)) | unquote(dtype)(rest)]

    defp unquote(dtype)(<<>>), do: []
  end

  def to_list(data, :bf16), do: bf16_list(data)
  def to_list(data, :pred), do: for(<<x <- data>>, do: x != 0)

  def to_list(data, dtype) when dtype in [:c64, :c128],
    do: data |> to_list(part(dtype)) |> complexes()

  for {dtype, function} <- [f8_e5m2: :e5m2, f8_e4m3fn: :e4m3fn] do
    def to_list(data, unquote(dtype)), do: for(<<x <- data>>, do: unquote(function)(x))
  end

  defp bf16_list(<<bits::16-little, rest::binary>>) do
    case <<bits::16, 0::16>> do
      <<x::float-32>> -> [x | bf16_list(rest)]
      _nonfinite -> [nonfinite(bits, 16, :bf16) | bf16_list(rest)]
    end
  end

  defp bf16_list(<<>>), do: []

  defp nonfinite(bits, width, dtype) do
    cond do
      <<bits::size(width)-little>> == special(dtype, :infinity) -> :infinity
      <<bits::size(width)-little>> == special(dtype, :neg_infinity) -> :neg_infinity
      true -> :nan
    end
  end

  defp complexes([re, im | rest]), do: [%Complex{re: re, im: im} | complexes(rest)]
  defp complexes([]), do: []

  # e5m2 is the upper byte of an f16.
  defp e5m2(byte), do: hd(f16(<<0, byte>>))

  # https://arxiv.org/abs/2209.05433: bias 7, no infinities, one NaN per sign.
  defp e4m3fn(byte) when (byte &&& 0x7F) == 0x7F, do: :nan

  defp e4m3fn(byte) do
    <<sign::1, exponent::4, mantissa::3>> = <<byte>>

    magnitude =
      if exponent == 0,
        do: mantissa * :math.pow(2, -9),
        else: (8 + mantissa) * :math.pow(2, exponent - 10)

    # A product has a sign where it is zero; a negated zero has none before OTP 26.
    if sign == 1, do: -1.0 * magnitude, else: magnitude
  end
end
