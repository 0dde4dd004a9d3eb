defmodule Vllm.Test.JSON do
  @moduledoc false
  # As much JSON as tests/vectors has: OTP 25 brings no parser.

  @doc "The value of a JSON text, with string keys and nil for null."
  def parse!(text) do
    {value, rest} = value(skip(text))
    "" = skip(rest)
    value
  end

  defp value("null" <> rest), do: {nil, rest}
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}
  defp value("\"" <> rest), do: string(rest, [])
  defp value("[" <> rest), do: rest |> skip() |> items("]", &value/1, []) |> finish(& &1)
  defp value("{" <> rest), do: rest |> skip() |> items("}", &pair/1, []) |> finish(&Map.new/1)

  defp value(number) do
    case Integer.parse(number) do
      {_whole, "." <> _} -> Float.parse(number)
      integer -> integer
    end
  end

  defp finish({items, rest}, fun), do: {fun.(items), rest}

  defp items(text, stop, one, acc) do
    case text do
      <<^stop::binary-1, rest::binary>> -> {Enum.reverse(acc), rest}
      "," <> rest -> items(skip(rest), stop, one, acc)
      _item -> next(one.(text), stop, one, acc)
    end
  end

  defp next({item, rest}, stop, one, acc), do: items(skip(rest), stop, one, [item | acc])

  defp pair("\"" <> rest) do
    {key, rest} = string(rest, [])
    ":" <> rest = skip(rest)
    {value, rest} = value(skip(rest))
    {{key, value}, rest}
  end

  defp string("\"" <> rest, acc), do: {acc |> Enum.reverse() |> IO.iodata_to_binary(), rest}

  defp string("\\u" <> <<digits::binary-4, rest::binary>>, acc) do
    case {String.to_integer(digits, 16), rest} do
      {high, "\\u" <> <<digits::binary-4, rest::binary>>} when high in 0xD800..0xDBFF ->
        low = String.to_integer(digits, 16)
        string(rest, [<<0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00::utf8>> | acc])

      {char, rest} ->
        string(rest, [<<char::utf8>> | acc])
    end
  end

  defp string(<<"\\", char, rest::binary>>, acc), do: string(rest, [char | acc])
  defp string(<<char, rest::binary>>, acc), do: string(rest, [char | acc])

  defp skip(<<char, rest::binary>>) when char in ' \n', do: skip(rest)
  defp skip(text), do: text
end
