defmodule Vllm.Bridge.Generate do
  @moduledoc """
  Random inputs for parsers: valid ones, spoilt ones, and messages. All from the process's `:rand`.
  """

  @doc "Random bytes, at most `longest`."
  def bytes(longest), do: :rand.bytes(:rand.uniform(longest + 1) - 1)

  @doc "A valid input with something wrong in it: bytes changed, cut off, put in, or said twice."
  def spoilt(""), do: bytes(8)

  def spoilt(bytes) do
    Enum.reduce(1..:rand.uniform(3), bytes, fn _, bytes ->
      {head, tail} = split(bytes)

      case {:rand.uniform(6), tail} do
        {1, <<_, rest::binary>>} -> head <> :rand.bytes(1) <> rest
        {2, <<byte, rest::binary>>} -> head <> <<Bitwise.bxor(byte, one_bit())>> <> rest
        {3, <<_, rest::binary>>} -> head <> <<Enum.random([0, 1, 0x7F, 0x80, 0xFF])>> <> rest
        {4, _tail} -> head
        {5, tail} -> head <> bytes(6) <> tail
        {_, tail} -> head <> tail <> binary_part(tail, 0, min(9, byte_size(tail)))
      end
    end)
  end

  defp one_bit, do: Bitwise.bsl(1, :rand.uniform(8) - 1)

  @doc "The bytes in two parts, cut anywhere."
  def split(bytes) do
    at = :rand.uniform(byte_size(bytes) + 1) - 1
    <<head::binary-size(at), tail::binary>> = bytes
    {head, tail}
  end

  @doc "The bytes in several parts."
  def pieces(""), do: []

  def pieces(bytes) do
    size = :rand.uniform(byte_size(bytes))
    <<piece::binary-size(size), rest::binary>> = bytes
    [piece | pieces(rest)]
  end

  @doc "A message of a generated module; messages within it go down to `depth`."
  def message(module, depth \\ 3) do
    for {key, _number, type, label} <- module.__fields__(), :rand.uniform(3) > 1 do
      {key, field(type, label, depth)}
    end
    |> then(&struct!(module, &1))
  end

  defp field(type, label, depth) when label in [:repeated, :packed],
    do: for(n <- 0..(:rand.uniform(4) - 1)//1, n > 0, value = value(type, depth), do: value)

  defp field(type, _label, depth), do: value(type, depth)

  defp value({:message, _module}, 0), do: nil
  defp value({:message, module}, depth), do: message(module, depth - 1)
  defp value({:enum, module}, _depth), do: module.__values__() |> Enum.random() |> elem(0)
  defp value(:bool, _depth), do: :rand.uniform(2) == 1
  defp value(:double, _depth), do: Enum.random([0.0, 1.5, -2.0e300, :nan, :infinity])
  defp value(:string, _depth), do: Enum.random(["", "a", "nachschlagen", "größer ☺"])
  defp value(:bytes, _depth), do: bytes(20)

  defp value(integer, _depth) do
    bits = Enum.random([1, 7, 8, 31])
    value = :rand.uniform(Bitwise.bsl(1, bits)) - 1
    if integer in [:int32, :int64] and :rand.uniform(2) == 1, do: -value, else: value
  end
end
