defmodule Vllm.Term.Msgpack do
  @moduledoc false
  # The msgpack format itself: headers and scalars out, values in. What the extension types mean is
  # `Vllm.Term`'s business. https://github.com/msgpack/msgpack/blob/master/spec.md

  import Bitwise

  @typedoc "Turns an extension type's code and payload into a value, or throws `{:term, reason}`."
  @type extension ::
          (code :: -128..127, payload :: binary(), depth :: non_neg_integer() -> term())

  # As deep as Python's msgpack and far below what a stack allows.
  @max_depth 128

  @doc "How deep values may nest."
  @spec max_depth() :: pos_integer()
  def max_depth, do: @max_depth

  @doc "An integer between -2^63 and 2^64 - 1."
  @spec integer(integer()) :: binary()
  def integer(n) when n in 0..0x7F, do: <<n>>
  def integer(n) when n in -32..-1, do: <<n::8>>
  def integer(n) when n in 0x80..0xFF, do: <<0xCC, n>>
  def integer(n) when n in 0x100..0xFFFF, do: <<0xCD, n::16>>
  def integer(n) when n in 0x10000..0xFFFFFFFF, do: <<0xCE, n::32>>
  def integer(n) when n > 0, do: <<0xCF, n::64>>
  def integer(n) when n >= -0x80, do: <<0xD0, n::8>>
  def integer(n) when n >= -0x8000, do: <<0xD1, n::16>>
  def integer(n) when n >= -0x80000000, do: <<0xD2, n::32>>
  def integer(n), do: <<0xD3, n::64>>

  @doc "A float, always of 64 bits."
  @spec float(float() | :nan | :infinity | :neg_infinity) :: binary()
  def float(:nan), do: <<0xCB, 0x7FF8000000000000::64>>
  def float(:infinity), do: <<0xCB, 0x7FF0000000000000::64>>
  def float(:neg_infinity), do: <<0xCB, 0xFFF0000000000000::64>>
  def float(value), do: <<0xCB, value::float-64>>

  @doc "A string, which must be valid UTF-8."
  @spec string(String.t()) :: iodata()
  def string(text) when byte_size(text) < 32, do: [<<0b101::3, byte_size(text)::5>> | text]
  def string(text) when byte_size(text) < 0x100, do: [<<0xD9, byte_size(text)>> | text]
  def string(text) when byte_size(text) < 0x10000, do: [<<0xDA, byte_size(text)::16>> | text]
  def string(text), do: [<<0xDB, byte_size(text)::32>> | text]

  @doc "Bytes."
  @spec bytes(binary()) :: iodata()
  def bytes(data) when byte_size(data) < 0x100, do: [<<0xC4, byte_size(data)>> | data]
  def bytes(data) when byte_size(data) < 0x10000, do: [<<0xC5, byte_size(data)::16>> | data]
  def bytes(data), do: [<<0xC6, byte_size(data)::32>> | data]

  @doc "What stands before `size` packed elements."
  @spec array_header(non_neg_integer()) :: binary()
  def array_header(size) when size < 16, do: <<0b1001::4, size::4>>
  def array_header(size) when size < 0x10000, do: <<0xDC, size::16>>
  def array_header(size), do: <<0xDD, size::32>>

  @doc "What stands before `size` pairs of packed key and value."
  @spec map_header(non_neg_integer()) :: binary()
  def map_header(size) when size < 16, do: <<0b1000::4, size::4>>
  def map_header(size) when size < 0x10000, do: <<0xDE, size::16>>
  def map_header(size), do: <<0xDF, size::32>>

  @doc "An extension type."
  @spec extension(0..127, iodata()) :: iodata()
  def extension(code, payload) do
    header =
      case IO.iodata_length(payload) do
        1 -> <<0xD4, code>>
        2 -> <<0xD5, code>>
        4 -> <<0xD6, code>>
        8 -> <<0xD7, code>>
        16 -> <<0xD8, code>>
        size when size < 0x100 -> <<0xC7, size, code>>
        size when size < 0x10000 -> <<0xC8, size::16, code>>
        size -> <<0xC9, size::32, code>>
      end

    [header | payload]
  end

  @doc "Reads one value that fills the binary. Throws `{:term, reason}` where there is none."
  @spec read(binary(), extension(), non_neg_integer()) :: term()
  def read(binary, extension, depth) do
    case value(binary, extension, depth) do
      {value, <<>>} -> value
      {_value, rest} -> throw({:term, {:trailing_bytes, byte_size(rest)}})
    end
  end

  defp value(_binary, _ext, depth) when depth > @max_depth, do: throw({:term, :too_deep})
  defp value(<<0::1, n::7, rest::binary>>, _ext, _depth), do: {n, rest}
  defp value(<<0b111::3, n::5, rest::binary>>, _ext, _depth), do: {n - 32, rest}
  defp value(<<0b101::3, n::5, rest::binary>>, _ext, _depth), do: text(n, rest)
  defp value(<<0b1001::4, n::4, rest::binary>>, ext, depth), do: array(n, rest, ext, depth)
  defp value(<<0b1000::4, n::4, rest::binary>>, ext, depth), do: map(n, rest, ext, depth)
  defp value(<<0xC0, rest::binary>>, _ext, _depth), do: {nil, rest}
  defp value(<<0xC2, rest::binary>>, _ext, _depth), do: {false, rest}
  defp value(<<0xC3, rest::binary>>, _ext, _depth), do: {true, rest}
  defp value(<<0xC4, n, rest::binary>>, _ext, _depth), do: split(n, rest)
  defp value(<<0xC5, n::16, rest::binary>>, _ext, _depth), do: split(n, rest)
  defp value(<<0xC6, n::32, rest::binary>>, _ext, _depth), do: split(n, rest)
  defp value(<<0xC7, n, code::signed, rest::binary>>, e, d), do: ext(code, n, rest, e, d)
  defp value(<<0xC8, n::16, code::signed, rest::binary>>, e, d), do: ext(code, n, rest, e, d)
  defp value(<<0xC9, n::32, code::signed, rest::binary>>, e, d), do: ext(code, n, rest, e, d)
  defp value(<<0xCA, bits::binary-4, rest::binary>>, _ext, _depth), do: {float32(bits), rest}
  defp value(<<0xCB, bits::binary-8, rest::binary>>, _ext, _depth), do: {float64(bits), rest}
  defp value(<<0xCC, n, rest::binary>>, _ext, _depth), do: {n, rest}
  defp value(<<0xCD, n::16, rest::binary>>, _ext, _depth), do: {n, rest}
  defp value(<<0xCE, n::32, rest::binary>>, _ext, _depth), do: {n, rest}
  defp value(<<0xCF, n::64, rest::binary>>, _ext, _depth), do: {n, rest}
  defp value(<<0xD0, n::signed, rest::binary>>, _ext, _depth), do: {n, rest}
  defp value(<<0xD1, n::signed-16, rest::binary>>, _ext, _depth), do: {n, rest}
  defp value(<<0xD2, n::signed-32, rest::binary>>, _ext, _depth), do: {n, rest}
  defp value(<<0xD3, n::signed-64, rest::binary>>, _ext, _depth), do: {n, rest}

  defp value(<<fixext, code::signed, rest::binary>>, ext, depth) when fixext in 0xD4..0xD8,
    do: ext(code, 1 <<< (fixext - 0xD4), rest, ext, depth)

  defp value(<<0xD9, n, rest::binary>>, _ext, _depth), do: text(n, rest)
  defp value(<<0xDA, n::16, rest::binary>>, _ext, _depth), do: text(n, rest)
  defp value(<<0xDB, n::32, rest::binary>>, _ext, _depth), do: text(n, rest)
  defp value(<<0xDC, n::16, rest::binary>>, ext, depth), do: array(n, rest, ext, depth)
  defp value(<<0xDD, n::32, rest::binary>>, ext, depth), do: array(n, rest, ext, depth)
  defp value(<<0xDE, n::16, rest::binary>>, ext, depth), do: map(n, rest, ext, depth)
  defp value(<<0xDF, n::32, rest::binary>>, ext, depth), do: map(n, rest, ext, depth)
  defp value(<<0xC1, _rest::binary>>, _ext, _depth), do: throw({:term, {:bad_byte, 0xC1}})
  defp value(_binary, _ext, _depth), do: throw({:term, :truncated})

  defp text(size, binary) do
    {text, _rest} = result = split(size, binary)
    if String.valid?(text), do: result, else: throw({:term, :invalid_utf8})
  end

  defp split(size, binary) do
    case binary do
      <<data::binary-size(size), rest::binary>> -> {data, rest}
      _shorter -> throw({:term, :truncated})
    end
  end

  defp ext(code, size, binary, extension, depth) do
    {payload, rest} = split(size, binary)
    {extension.(code, payload, depth), rest}
  end

  # An element takes at least a byte, so that a header cannot promise more than the input holds.
  defp array(size, binary, _ext, _depth) when size > byte_size(binary),
    do: throw({:term, :truncated})

  defp array(size, binary, ext, depth), do: elements(size, binary, ext, depth + 1, [])

  defp elements(0, rest, _ext, _depth, acc), do: {Enum.reverse(acc), rest}

  defp elements(n, binary, ext, depth, acc) do
    {value, rest} = value(binary, ext, depth)
    elements(n - 1, rest, ext, depth, [value | acc])
  end

  defp map(size, binary, _ext, _depth) when 2 * size > byte_size(binary),
    do: throw({:term, :truncated})

  defp map(size, binary, ext, depth) do
    {flat, rest} = elements(2 * size, binary, ext, depth + 1, [])
    {Map.new(pairs(flat)), rest}
  end

  @doc "A flat list of alternating keys and values as pairs."
  @spec pairs([term()]) :: [{term(), term()}]
  def pairs([key, value | rest]), do: [{key, value} | pairs(rest)]
  def pairs([]), do: []
  def pairs([_key]), do: throw({:term, :key_without_value})

  defp float32(<<value::float-32>>), do: value
  defp float32(<<0x7F800000::32>>), do: :infinity
  defp float32(<<0xFF800000::32>>), do: :neg_infinity
  defp float32(_nan), do: :nan

  defp float64(<<value::float-64>>), do: value
  defp float64(<<0x7FF0000000000000::64>>), do: :infinity
  defp float64(<<0xFFF0000000000000::64>>), do: :neg_infinity
  defp float64(_nan), do: :nan
end
