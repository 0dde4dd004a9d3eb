defmodule Vllm.Bridge.ReadyLine do
  @moduledoc false
  # The line of JSON that a server writes to stdout when it is ready: a flat object of strings and numbers.
  # The rest of its output comes the same way, and may be JSON too.

  alias Vllm.Bridge.Logs.FlatJson

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

  defp unescape(text, done), do: FlatJson.unescape(text, done)
end
