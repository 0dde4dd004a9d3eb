defmodule Vllm.Bridge.Logs.FlatJson do
  @moduledoc false
  # Lines of JSON that a server writes: a flat object of strings, numbers, booleans and null. Anything else that
  # processes write comes the same way, and may be JSON too.

  @max_fields 64

  @doc "The fields of a line that is such an object, from its first byte to its last."
  @spec decode(binary()) :: {:ok, %{binary() => binary() | number() | boolean() | nil}} | :error
  def decode("{" <> rest), do: rest |> blank() |> first()
  def decode(_other), do: :error

  defp first("}" <> rest), do: over(rest, %{})
  defp first(rest), do: pair(rest, %{})

  defp pair(_rest, fields) when map_size(fields) >= @max_fields, do: :error

  defp pair("\"" <> rest, fields) do
    with {:ok, key, rest} <- string(rest),
         ":" <> rest <- blank(rest),
         {:ok, value, rest} <- rest |> blank() |> value() do
      next(blank(rest), Map.put(fields, key, value))
    else
      _other -> :error
    end
  end

  defp pair(_other, _fields), do: :error

  defp next("," <> rest, fields), do: rest |> blank() |> pair(fields)
  defp next("}" <> rest, fields), do: over(rest, fields)
  defp next(_other, _fields), do: :error

  defp over(rest, fields), do: if(blank(rest) == "", do: {:ok, fields}, else: :error)

  defp value("\"" <> rest), do: string(rest)
  defp value("true" <> rest), do: {:ok, true, rest}
  defp value("false" <> rest), do: {:ok, false, rest}
  defp value("null" <> rest), do: {:ok, nil, rest}

  defp value(text) do
    case Integer.parse(text) do
      {_whole, <<next, _rest::binary>>} when next in [?., ?e, ?E] -> float(text)
      {whole, rest} -> {:ok, whole, rest}
      :error -> :error
    end
  end

  defp float(text) do
    with {number, rest} <- Float.parse(text), do: {:ok, number, rest}
  rescue
    ArgumentError -> :error
  end

  # Up to the quote that ends it.
  defp string(text) do
    with {:ok, size} <- quoted(text, 0),
         <<inside::binary-size(size), "\"", rest::binary>> = text,
         {:ok, plain} <- unescape(inside, ""),
         do: {:ok, plain, rest}
  end

  defp quoted(text, size) do
    case text do
      <<_before::binary-size(size), "\\", _escaped, _rest::binary>> -> quoted(text, size + 2)
      <<_before::binary-size(size), "\"", _rest::binary>> -> {:ok, size}
      <<_before::binary-size(size), _any, _rest::binary>> -> quoted(text, size + 1)
      _ended -> :error
    end
  end

  defp blank(<<space, rest::binary>>) when space in ~c" \t\r\n", do: blank(rest)
  defp blank(rest), do: rest

  @doc "A string as it is meant."
  @spec unescape(binary(), binary()) :: {:ok, binary()} | :error
  def unescape("", done), do: {:ok, done}

  def unescape(<<"\\u", rest::binary>>, done) do
    with {:ok, unit, rest} <- unit(rest), do: code(unit, rest, done)
  end

  def unescape(<<"\\", escaped, rest::binary>>, done) do
    case escaped do
      ?b -> unescape(rest, <<done::binary, ?\b>>)
      ?f -> unescape(rest, <<done::binary, ?\f>>)
      ?n -> unescape(rest, <<done::binary, ?\n>>)
      ?r -> unescape(rest, <<done::binary, ?\r>>)
      ?t -> unescape(rest, <<done::binary, ?\t>>)
      same when same in [?", ?\\, ?/] -> unescape(rest, <<done::binary, same>>)
      _unknown -> :error
    end
  end

  def unescape(<<byte, rest::binary>>, done), do: unescape(rest, <<done::binary, byte>>)

  defp unit(<<hex::binary-size(4), rest::binary>>) do
    with {:ok, <<unit::16>>} <- Base.decode16(hex, case: :mixed), do: {:ok, unit, rest}
  end

  defp unit(_short), do: :error

  # A pair of surrogates is one character. A low one by itself from 0xDC80 on is how Python writes a byte
  # of a path that is not UTF-8 (PEP 383).
  defp code(high, <<"\\u", rest::binary>>, done) when high in 0xD800..0xDBFF do
    with {:ok, low, rest} when low in 0xDC00..0xDFFF <- unit(rest) do
      unescape(rest, <<done::binary, 0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00::utf8>>)
    else
      _lone -> :error
    end
  end

  defp code(byte, rest, done) when byte in 0xDC80..0xDCFF,
    do: unescape(rest, <<done::binary, byte - 0xDC00>>)

  defp code(lone, _rest, _done) when lone in 0xD800..0xDFFF, do: :error
  defp code(unit, rest, done), do: unescape(rest, <<done::binary, unit::utf8>>)
end
