defmodule Vllm.Bridge.HTTP2.Hpack.Huffman do
  @moduledoc false
  # The static Huffman code of [RFC 7541 section 5.2](https://www.rfc-editor.org/rfc/rfc7541#section-5.2).
  #
  # Encoding looks a symbol up in a tuple. Decoding walks the code tree four bits at a time: the
  # shortest code has five bits, so one step completes at most one symbol. Both tables are made at
  # compile time from `huffman_table.txt`.

  import Bitwise

  @table Path.join(__DIR__, "huffman_table.txt")
  @external_resource @table

  codes =
    for line <- File.stream!(@table), not String.starts_with?(line, "#") do
      [symbol, code] = String.split(line)
      {String.to_integer(symbol), String.to_integer(code, 2), String.length(code)}
    end

  @codes codes
         |> Enum.take(256)
         |> Enum.map(fn {_, code, size} -> {code, size} end)
         |> List.to_tuple()
  @sizes codes |> Enum.take(256) |> Enum.map(&elem(&1, 2)) |> List.to_tuple()

  # The tree: {code so far, bits so far} -> :node or the symbol it completes.
  tree =
    for {symbol, code, size} <- codes, bits <- 1..size, reduce: %{{0, 0} => :node} do
      tree ->
        Map.put(tree, {code >>> (size - bits), bits}, if(bits == size, do: symbol, else: :node))
    end

  nodes = for {key, :node} <- tree, do: key
  nodes = Enum.sort_by(nodes, fn {code, bits} -> {bits, code} end)
  ids = nodes |> Enum.with_index() |> Map.new()

  # One step: {next node, symbol or nil} or :error when it runs through EOS.
  step = fn node, nibble ->
    Enum.reduce_while(3..0//-1, {node, nil}, fn bit, {{code, bits}, symbol} ->
      key = {code <<< 1 ||| (nibble >>> bit &&& 1), bits + 1}

      case tree[key] do
        :node -> {:cont, {key, symbol}}
        256 -> {:halt, :error}
        found -> {:cont, {{0, 0}, found}}
      end
    end)
  end

  @steps (for node <- nodes do
            for nibble <- 0..15 do
              case step.(node, nibble) do
                :error -> :error
                {next, symbol} -> {ids[next], symbol}
              end
            end
            |> List.to_tuple()
          end)
         |> List.to_tuple()

  # Where a string may end: at a symbol's end or inside fewer than 8 bits of padding, all ones.
  @final (for {code, bits} <- nodes do
            bits < 8 and code == (1 <<< bits) - 1
          end)
         |> List.to_tuple()

  @doc "The number of bytes that `encode/1` makes of `string`."
  @spec encoded_size(binary()) :: non_neg_integer()
  def encoded_size(string), do: size(string, 0)

  defp size(<<symbol, rest::binary>>, bits), do: size(rest, bits + elem(@sizes, symbol))
  defp size(<<>>, bits), do: div(bits + 7, 8)

  @doc "Encodes `string`, padded with ones to whole bytes."
  @spec encode(binary()) :: binary()
  def encode(string), do: encode(string, <<>>)

  defp encode(<<symbol, rest::binary>>, bits) do
    {code, size} = elem(@codes, symbol)
    encode(rest, <<bits::bitstring, code::size(size)>>)
  end

  defp encode(<<>>, bits) do
    padding = 7 - rem(bit_size(bits) + 7, 8)
    <<bits::bitstring, (1 <<< padding) - 1::size(padding)>>
  end

  @doc "Decodes a whole string; refuses an EOS symbol and padding that is too long or not all ones."
  @spec decode(binary()) :: {:ok, binary()} | {:error, String.t()}
  def decode(string), do: decode(string, 0, <<>>)

  defp decode(<<high::4, low::4, rest::binary>>, node, decoded) do
    with {node, symbol} <- elem(elem(@steps, node), high),
         decoded = append(decoded, symbol),
         {node, symbol} <- elem(elem(@steps, node), low) do
      decode(rest, node, append(decoded, symbol))
    else
      :error -> {:error, "a Huffman string contains EOS"}
    end
  end

  defp decode(<<>>, node, decoded) do
    if elem(@final, node),
      do: {:ok, decoded},
      else: {:error, "a Huffman string's padding is wrong"}
  end

  defp append(decoded, nil), do: decoded
  defp append(decoded, symbol), do: <<decoded::binary, symbol>>
end
