defmodule Vllm.Bridge.HTTP2.Hpack do
  @moduledoc false
  # Header compression, [RFC 7541](https://www.rfc-editor.org/rfc/rfc7541).
  #
  # One value of this module is one direction's context: a connection holds one for what it encodes
  # and one for what it decodes.

  import Bitwise

  alias Vllm.Bridge.HTTP2.Hpack.{Huffman, Integer, Table}

  # What never enters a table of either side or of a proxy between, whatever the caller says (section 7.1.3).
  @secrets ~w(authorization proxy-authorization cookie)

  defstruct table: %Table{}, limit: 4096, updates: [], huffman: :indexed

  @typedoc """
  * `limit`: the largest table size the peer (encoder) or we (decoder) allow
  * `updates`: table sizes the next encoded block announces first
  * `huffman`: which literals to code: `:always` and `:never`, or `:indexed`, those that enter the
    table and so are sent once. In `:always` and `:indexed` only where it is not longer
  """
  @opaque t :: %__MODULE__{}
  @type field :: {name :: binary(), value :: binary()}
  @typedoc """
  A field and whether to keep it in the table: `:index` (what a pair means), `:no_index` for values
  that change with every request, `:never_index` for secrets.
  """
  @type policy_field ::
          field() | {name :: binary(), value :: binary(), :index | :no_index | :never_index}

  @doc """
  A new context.

  Options: `max_table_size` in bytes (4096), `huffman` (`:indexed`).
  """
  @spec new(keyword()) :: t()
  def new(opts \\ []) do
    size = Keyword.get(opts, :max_table_size, 4096)
    huffman = Keyword.get(opts, :huffman, :indexed)
    %__MODULE__{table: Table.new(size), limit: size, huffman: huffman}
  end

  @doc """
  Encoder: the peer announced `SETTINGS_HEADER_TABLE_SIZE`. The next block says so (section 4.2).

  We never use more than the default 4096 bytes: our requests repeat a dozen small fields.
  """
  @spec set_peer_limit(t(), non_neg_integer()) :: t()
  def set_peer_limit(context, limit) do
    size = min(limit, 4096)

    if size == context.table.max_size and context.updates == [] do
      context
    else
      # Only the smallest size in between and the last one matter.
      smallest = Enum.min([size | context.updates])
      %{context | table: Table.resize(context.table, size), updates: Enum.uniq([smallest, size])}
    end
  end

  @doc "Encodes a header list into one header block."
  @spec encode(t(), [policy_field()]) :: {t(), iodata()}
  def encode(%{updates: []} = context, fields) do
    {table, block} = encode_fields(fields, context.table, context.huffman, [])
    {%{context | table: table}, block}
  end

  def encode(context, fields) do
    updates = Enum.map(context.updates, &Integer.encode(0b001 <<< 5, 5, &1))
    {context, block} = encode(%{context | updates: []}, fields)
    {context, [updates | block]}
  end

  defp encode_fields([], table, _huffman, block), do: {table, :lists.reverse(block)}

  defp encode_fields([{name, value} | rest], table, huffman, block),
    do: encode_field(name, value, :index, rest, table, huffman, block)

  defp encode_fields([{name, value, policy} | rest], table, huffman, block),
    do: encode_field(name, value, policy, rest, table, huffman, block)

  defp encode_field(name, value, _policy, rest, table, huffman, block) when name in @secrets do
    literal =
      literal(0b0001 <<< 4, 4, Table.find_name(table, name), name, value, huffman == :always)

    encode_fields(rest, table, huffman, [literal | block])
  end

  defp encode_field(name, value, :index, rest, table, huffman, block) do
    case Table.find(table, name, value) do
      {:field, index} ->
        encode_fields(rest, table, huffman, [Integer.encode(0b1 <<< 7, 7, index) | block])

      found ->
        # An entry that would push most others out costs more than it saves.
        if Table.entry_size(name, value) * 2 > table.max_size do
          literal = literal(0, 4, found, name, value, huffman != :never)
          encode_fields(rest, table, huffman, [literal | block])
        else
          literal = literal(0b01 <<< 6, 6, found, name, value, huffman != :never)
          encode_fields(rest, Table.insert(table, name, value), huffman, [literal | block])
        end
    end
  end

  defp encode_field(name, value, policy, rest, table, huffman, block) do
    flags = if policy == :never_index, do: 0b0001 <<< 4, else: 0
    literal = literal(flags, 4, Table.find_name(table, name), name, value, huffman == :always)
    encode_fields(rest, table, huffman, [literal | block])
  end

  defp literal(flags, prefix, {:name, index}, _name, value, huffman?),
    do: [Integer.encode(flags, prefix, index) | string(value, huffman?)]

  defp literal(flags, _prefix, :none, name, value, huffman?),
    do: [flags, string(name, huffman?) | string(value, huffman?)]

  defp string(string, false), do: [Integer.encode(0, 7, byte_size(string)), string]

  defp string(string, true) do
    size = Huffman.encoded_size(string)

    # As RFC 7541 C.6.2 does it: coded also when that makes no difference.
    if size <= byte_size(string),
      do: [Integer.encode(0b1 <<< 7, 7, size), Huffman.encode(string)],
      else: string(string, false)
  end

  @doc """
  Decodes one whole header block.

  A list of more than `max_list_size` bytes, counted as section 4.1 does, is `:too_large`: the
  context is still the right one for the next block. After `{:error, message}` no context is, which
  makes it a connection error.
  """
  @spec decode(t(), binary(), non_neg_integer() | :infinity) ::
          {:ok, t(), [field()]} | {:too_large, t()} | {:error, String.t()}
  def decode(context, block, max_list_size \\ :infinity)

  def decode(context, <<0b001::3, first::5, rest::binary>>, max_list_size) do
    with {:ok, size, rest} <- Integer.decode(first, 5, rest) do
      if size > context.limit do
        {:error, "the table size #{size} is over the limit of #{context.limit}"}
      else
        decode(%{context | table: Table.resize(context.table, size)}, rest, max_list_size)
      end
    end
  end

  def decode(context, block, max_list_size) do
    case fields(block, context.table, [], 0, max_list_size) do
      {:ok, table, fields} -> {:ok, %{context | table: table}, fields}
      {:too_large, table} -> {:too_large, %{context | table: table}}
      {:error, message} -> {:error, message}
    end
  end

  # Past the limit fields are decoded for the table's sake and dropped.
  defp fields(<<>>, table, _fields, size, max) when size > max, do: {:too_large, table}
  defp fields(<<>>, table, fields, _size, _max), do: {:ok, table, :lists.reverse(fields)}

  defp fields(<<0b1::1, first::7, rest::binary>>, table, fields, size, max) do
    with {:ok, index, rest} <- Integer.decode(first, 7, rest),
         {:ok, field} <- fetch(table, index) do
      add(field, rest, table, fields, size, max)
    end
  end

  defp fields(<<0b01::2, first::6, rest::binary>>, table, fields, size, max) do
    with {:ok, {name, value} = field, rest} <- field(first, 6, rest, table),
         do: add(field, rest, Table.insert(table, name, value), fields, size, max)
  end

  # Without indexing (0000) and never indexed (0001) differ only for a proxy.
  defp fields(<<0b000::3, _::1, first::4, rest::binary>>, table, fields, size, max) do
    with {:ok, field, rest} <- field(first, 4, rest, table),
         do: add(field, rest, table, fields, size, max)
  end

  defp fields(<<0b001::3, _::5, _rest::binary>>, _table, _fields, _size, _max),
    do: {:error, "a table size update after the first field"}

  defp add({name, value} = field, rest, table, fields, size, max) do
    size = size + Table.entry_size(name, value)

    if size > max,
      do: fields(rest, table, [], size, max),
      else: fields(rest, table, [field | fields], size, max)
  end

  defp field(first, prefix, rest, table) do
    with {:ok, index, rest} <- Integer.decode(first, prefix, rest),
         {:ok, name, rest} <- name(index, rest, table),
         {:ok, value, rest} <- string(rest) do
      {:ok, {name, value}, rest}
    end
  end

  defp name(0, rest, _table), do: string(rest)

  defp name(index, rest, table) do
    with {:ok, {name, _value}} <- fetch(table, index), do: {:ok, name, rest}
  end

  defp fetch(table, index) do
    with :error <- Table.fetch(table, index), do: {:error, "no field has the index #{index}"}
  end

  defp string(<<huffman::1, first::7, rest::binary>>) do
    with {:ok, size, rest} <- Integer.decode(first, 7, rest) do
      case rest do
        # Copied: a slice would keep the whole receive buffer alive for as long as the table or
        # the caller keeps the string.
        <<string::binary-size(size), rest::binary>> when huffman == 0 ->
          {:ok, :binary.copy(string), rest}

        <<string::binary-size(size), rest::binary>> ->
          with {:ok, string} <- Huffman.decode(string), do: {:ok, string, rest}

        _ ->
          {:error, "the block ends inside a string of #{size} bytes"}
      end
    end
  end

  defp string(<<>>), do: {:error, "the block ends before a string"}
end
