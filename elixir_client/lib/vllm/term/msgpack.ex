defmodule Vllm.Term.Msgpack do
  @moduledoc false
  # The msgpack format: what stands before and in place of values. Small values are single bytes,
  # which cost no memory in iodata. What the extension types mean is `Vllm.Term`'s business.
  # https://github.com/msgpack/msgpack/blob/master/spec.md

  @type piece :: byte() | iodata()

  # Every length of the format fits 32 bits.
  @max_size 0xFFFFFFFF

  @doc "An integer between -2^63 and 2^64 - 1."
  @spec integer(integer()) :: piece()
  def integer(n) when n >= 0 and n <= 0x7F, do: n
  def integer(n) when n < 0 and n >= -32, do: n + 0x100
  def integer(n) when n >= 0 and n <= 0xFF, do: <<0xCC, n>>
  def integer(n) when n >= 0 and n <= 0xFFFF, do: <<0xCD, n::16>>
  def integer(n) when n >= 0 and n <= 0xFFFFFFFF, do: <<0xCE, n::32>>
  def integer(n) when n >= 0, do: <<0xCF, n::64>>
  def integer(n) when n >= -0x80, do: <<0xD0, n::8>>
  def integer(n) when n >= -0x8000, do: <<0xD1, n::16>>
  def integer(n) when n >= -0x80000000, do: <<0xD2, n::32>>
  def integer(n), do: <<0xD3, n::64>>

  @doc "A float, always of 64 bits."
  @spec float(float() | :nan | :infinity | :neg_infinity) :: binary()
  def float(value) when is_float(value), do: <<0xCB, value::float-64>>
  def float(:nan), do: <<0xCB, 0x7FF8000000000000::64>>
  def float(:infinity), do: <<0xCB, 0x7FF0000000000000::64>>
  def float(:neg_infinity), do: <<0xCB, 0xFFF0000000000000::64>>

  @doc "A string, which must be valid UTF-8."
  @spec string(String.t()) :: iodata()
  def string(text) when byte_size(text) < 32, do: [0xA0 + byte_size(text) | text]
  def string(text) when byte_size(text) < 0x100, do: [0xD9, byte_size(text) | text]
  def string(text) when byte_size(text) < 0x10000, do: [<<0xDA, byte_size(text)::16>> | text]
  def string(text), do: [<<0xDB, size!(byte_size(text))::32>> | text]

  @doc "Bytes."
  @spec bytes(binary()) :: iodata()
  def bytes(data) when byte_size(data) < 0x100, do: [0xC4, byte_size(data) | data]
  def bytes(data) when byte_size(data) < 0x10000, do: [<<0xC5, byte_size(data)::16>> | data]
  def bytes(data), do: [<<0xC6, size!(byte_size(data))::32>> | data]

  @doc "What stands before `size` packed elements."
  @spec array_header(non_neg_integer()) :: piece()
  def array_header(size) when size < 16, do: 0x90 + size
  def array_header(size) when size < 0x10000, do: <<0xDC, size::16>>
  def array_header(size), do: <<0xDD, size!(size)::32>>

  @doc "What stands before `size` pairs of packed key and value."
  @spec map_header(non_neg_integer()) :: piece()
  def map_header(size) when size < 16, do: 0x80 + size
  def map_header(size) when size < 0x10000, do: <<0xDE, size::16>>
  def map_header(size), do: <<0xDF, size!(size)::32>>

  @doc "An extension type."
  @spec extension(0..127, iodata()) :: iodata()
  def extension(code, payload) do
    case IO.iodata_length(payload) do
      1 -> [0xD4, code | payload]
      2 -> [0xD5, code | payload]
      4 -> [0xD6, code | payload]
      8 -> [0xD7, code | payload]
      16 -> [0xD8, code | payload]
      size when size < 0x100 -> [0xC7, size, code | payload]
      size when size < 0x10000 -> [<<0xC8, size::16, code>> | payload]
      size -> [<<0xC9, size!(size)::32, code>> | payload]
    end
  end

  defp size!(size) when size <= @max_size, do: size
  defp size!(size), do: throw({:term, {:too_large, size}})
end
