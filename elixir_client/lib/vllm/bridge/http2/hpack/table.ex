defmodule Vllm.Bridge.HTTP2.Hpack.Table do
  @moduledoc false
  # The header tables of [RFC 7541 section 2.3](https://www.rfc-editor.org/rfc/rfc7541#section-2.3):
  # the static one, made at compile time from `static_table.txt`, and the dynamic one.
  #
  # An entry of the dynamic table is kept under its insertion number, which never changes while its
  # index does, so that reading, inserting and evicting take the same time whatever the size.

  @static_file Path.join(__DIR__, "static_table.txt")
  @external_resource @static_file

  static =
    for line <- File.stream!(@static_file), not String.starts_with?(line, "#") do
      case line |> String.trim_trailing("\n") |> String.split("\t") do
        [index, name] -> {String.to_integer(index), name, ""}
        [index, name, value] -> {String.to_integer(index), name, value}
      end
    end

  @static_size length(static)
  @static static |> Enum.map(fn {_, name, value} -> {name, value} end) |> List.to_tuple()
  @static_fields Map.new(static, fn {index, name, value} -> {{name, value}, index} end)
  @static_names static
                |> Enum.reverse()
                |> Map.new(fn {index, name, _} -> {name, index} end)

  # What RFC 7541 section 4.1 adds to the lengths of name and value.
  @overhead 32

  defstruct size: 0, max_size: 4096, inserted: 0, count: 0, entries: %{}, fields: %{}, names: %{}

  @typedoc "`size` and `max_size` in bytes as section 4.1 counts them."
  @type t :: %__MODULE__{}
  @type field :: {name :: binary(), value :: binary()}

  @doc "An empty dynamic table of at most `max_size` bytes."
  @spec new(non_neg_integer()) :: t()
  def new(max_size \\ 4096), do: %__MODULE__{max_size: max_size}

  @doc "What `name` and `value` count for in a table or a header list."
  @spec entry_size(binary(), binary()) :: pos_integer()
  def entry_size(name, value), do: byte_size(name) + byte_size(value) + @overhead

  @doc "The field at `index` of the static and dynamic table together."
  @spec fetch(t(), non_neg_integer()) :: {:ok, field()} | :error
  def fetch(_table, 0), do: :error
  def fetch(_table, index) when index <= @static_size, do: {:ok, elem(@static, index - 1)}
  def fetch(table, index), do: Map.fetch(table.entries, table.inserted - (index - @static_size))

  @doc "The index under which a peer finds the field, or at least its name."
  @spec find(t(), binary(), binary()) :: {:field, pos_integer()} | {:name, pos_integer()} | :none
  def find(table, name, value) do
    field = {name, value}

    case table.fields do
      %{^field => number} ->
        {:field, index(table, number)}

      _ ->
        case @static_fields do
          %{^field => index} -> {:field, index}
          _ -> find_name(table, name)
        end
    end
  end

  @doc "The index under which a peer finds the name."
  @spec find_name(t(), binary()) :: {:name, pos_integer()} | :none
  def find_name(table, name) do
    case @static_names do
      %{^name => index} ->
        {:name, index}

      _ ->
        case table.names do
          %{^name => number} -> {:name, index(table, number)}
          _ -> :none
        end
    end
  end

  defp index(table, number), do: @static_size + table.inserted - number

  @doc "Inserts a field, evicting old ones; one larger than the table empties it (section 4.4)."
  @spec insert(t(), binary(), binary()) :: t()
  def insert(table, name, value) do
    added = entry_size(name, value)
    table = evict(table, table.max_size - added)

    if added > table.max_size do
      table
    else
      number = table.inserted

      %{
        table
        | size: table.size + added,
          inserted: number + 1,
          count: table.count + 1,
          entries: Map.put(table.entries, number, {name, value}),
          fields: Map.put(table.fields, {name, value}, number),
          names: Map.put(table.names, name, number)
      }
    end
  end

  @doc "Sets the maximum size, evicting what no longer fits (section 4.3)."
  @spec resize(t(), non_neg_integer()) :: t()
  def resize(table, max_size), do: evict(%{table | max_size: max_size}, max_size)

  defp evict(%{size: size, count: count} = table, room) when size <= room or count == 0, do: table

  defp evict(table, room) do
    number = table.inserted - table.count
    {{name, value} = field, entries} = Map.pop!(table.entries, number)

    evict(
      %{
        table
        | size: table.size - entry_size(name, value),
          count: table.count - 1,
          entries: entries,
          fields: delete(table.fields, field, number),
          names: delete(table.names, name, number)
      },
      room
    )
  end

  # A newer entry may have taken the key over.
  defp delete(map, key, number) do
    case map do
      %{^key => ^number} -> Map.delete(map, key)
      _ -> map
    end
  end
end
