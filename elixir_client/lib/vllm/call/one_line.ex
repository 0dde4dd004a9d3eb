defmodule Vllm.OneLine do
  @moduledoc false
  # What `Inspect` shows of this library's structs: one short line, whatever the fields hold, since a struct can
  # be made by hand. Every field is in `Map.from_struct/1`.

  @doc "A value as text without line feeds, of at most so many characters."
  @spec text(term(), pos_integer()) :: String.t()
  def text(value, limit \\ 100)

  def text(value, limit) when is_binary(value) do
    if String.printable?(value, limit),
      do: value |> String.split(["\r", "\n"], parts: 2) |> first(limit),
      else: shown(value, limit)
  end

  def text(nil, _limit), do: "nil"

  def text(value, _limit) when is_atom(value),
    do: value |> Kernel.inspect() |> String.trim_leading(":")

  def text(value, limit), do: shown(value, limit)

  @doc "A value with what stands around it, or nothing where there is none."
  @spec labelled(String.t(), term(), String.t()) :: String.t()
  def labelled(before, value, behind \\ "")
  def labelled(_before, value, _behind) when value in [nil, ""], do: ""
  def labelled(before, value, behind), do: before <> text(value) <> behind

  defp first([line], limit), do: cut(line, limit)
  defp first([line, _more], limit), do: String.trim_trailing(cut(line, limit), "...") <> "..."

  defp shown(value, limit),
    do: value |> Kernel.inspect(limit: 5, printable_limit: limit) |> cut(2 * limit)

  defp cut(text, limit) do
    # The first characters are enough to know: a message may be long.
    if byte_size(text) > limit and String.length(text) > limit,
      do: String.slice(text, 0, limit) <> "...",
      else: text
  end
end
