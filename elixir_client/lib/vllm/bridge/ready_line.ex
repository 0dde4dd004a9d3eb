defmodule Vllm.Bridge.ReadyLine do
  @moduledoc false
  # The line of JSON that a server writes to stdout when it is ready: a flat object of strings and numbers.
  # The rest of its output comes the same way, and may be JSON too.

  @string ~S/"((?:[^"\\]|\\.)*)"/
  @pair @string <> ~S/\s*:\s*(?:/ <> @string <> ~S/|(-?[0-9]+))/
  @object ~S/\{\s*(?:/ <> @pair <> ~S/\s*,\s*)*/ <> @pair <> ~S/\s*\}\s*\z/

  @doc "Endpoint and pid."
  @spec parse(binary()) :: {:ok, endpoint :: binary(), pid :: non_neg_integer()} | :error
  def parse(line) do
    with [object | _] <- Regex.run(Regex.compile!(@object), line),
         %{"endpoint" => {:string, endpoint}, "pid" => {:number, pid}} = fields <- fields(object),
         # A line of the log in JSON, which may name both.
         false <- is_map_key(fields, "level"),
         {:ok, endpoint} <- unescape(endpoint, "") do
      {:ok, endpoint, String.to_integer(pid)}
    else
      _other_output -> :error
    end
  end

  defp fields(object) do
    for found <- Regex.scan(Regex.compile!(@pair), object), into: %{} do
      case found do
        [_all, key, "", number] -> {key, {:number, number}}
        [_all, key, text] -> {key, {:string, text}}
      end
    end
  end

  defp unescape("", done), do: {:ok, done}

  defp unescape(<<"\\u", rest::binary>>, done) do
    with {:ok, unit, rest} <- unit(rest), do: code(unit, rest, done)
  end

  defp unescape(<<"\\", escaped, rest::binary>>, done) do
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

  defp unescape(<<byte, rest::binary>>, done), do: unescape(rest, <<done::binary, byte>>)

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
