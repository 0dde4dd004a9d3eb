defmodule Vllm.KVEvents.Decoder do
  @moduledoc false
  # The bytes of a batch, `[ts, events, data_parallel_rank]` in msgpack. An event is a map whose `type` is its
  # kind; vLLM up to 0.14 wrote an array that begins with the kind. Fields may be missing at the end, and there may
  # be more than we know.
  #
  # Nothing of what is returned keeps the bytes alive that it was read from: whoever follows a cache keeps hashes
  # for long.

  alias Vllm.KVEvents.{AllBlocksCleared, BlockRemoved, BlockStored, EventBatch}
  alias Vllm.Term

  # In the order in which arrays have them. The first so many have no default.
  @stored {BlockStored, 4,
           [
             block_hashes: :hashes,
             parent_block_hash: :hash,
             token_ids: :integers,
             block_size: :integer,
             lora_id: {:optional, :integer},
             medium: {:optional, :text},
             lora_name: {:optional, :text},
             extra_keys: {:optional, :keys},
             group_idx: {:optional, :integer},
             kv_cache_spec_kind: {:optional, :text},
             kv_cache_spec_sliding_window: {:optional, :integer},
             locality: {:optional, :text},
             ownership: {:optional, :text},
             session_id: {:optional, :text},
             lookahead_token_ids: {:optional, :lists}
           ]}
  @removed {BlockRemoved, 1,
            [
              block_hashes: :hashes,
              medium: {:optional, :text},
              group_idx: {:optional, :integer},
              locality: {:optional, :text},
              ownership: {:optional, :text}
            ]}

  @kinds (for {module, required, fields} <- [@stored, @removed, {AllBlocksCleared, 0, []}],
              into: %{} do
            named = for {name, type} <- fields, do: {name, Atom.to_string(name), type}
            {module |> Module.split() |> List.last(), {module, required, named}}
          end)

  @doc "The batch, or what is wrong and where."
  @spec decode(binary()) :: {:ok, EventBatch.t()} | {:error, String.t()}
  def decode(payload) do
    case Term.unpack_foreign(payload) do
      {:ok, [ts, events | more]} when is_list(events) -> {:ok, batch(ts, events, more)}
      {:ok, other} -> {:error, "a batch is an array [ts, events, ...], got #{shown(other)}"}
      {:error, problem} -> {:error, problem}
    end
  catch
    {:event, problem} -> {:error, problem}
  end

  defp batch(ts, events, more) do
    {events, unknown} = events(events, [], 0)

    %EventBatch{
      ts: value(:time, ts, "ts"),
      events: events,
      data_parallel_rank: value({:optional, :integer}, List.first(more), "data_parallel_rank"),
      unknown_events: unknown
    }
  end

  defp events([], known, unknown), do: {:lists.reverse(known), unknown}

  defp events([event | rest], known, unknown) do
    case event(event) do
      nil -> events(rest, known, unknown + 1)
      event -> events(rest, [event | known], unknown)
    end
  end

  defp event(%{"type" => kind} = fields) when is_binary(kind) do
    with {module, required, types} <- Map.get(@kinds, kind),
         do: make(module, named(types, fields, required, kind))
  end

  defp event([kind | fields]) when is_binary(kind) do
    with {module, required, types} <- Map.get(@kinds, kind),
         do: make(module, placed(types, fields, required, kind))
  end

  defp event(other) do
    fail("an event is a map with its type, or an array that begins with it, got #{shown(other)}")
  end

  defp make(module, pairs), do: :maps.merge(module.__struct__(), :maps.from_list(pairs))

  defp named([{name, key, type} | types], fields, required, kind) do
    case fields do
      %{^key => given} ->
        [{name, value(type, given, {kind, key})} | named(types, fields, required - 1, kind)]

      _without when required > 0 ->
        missing(kind, key)

      _without ->
        named(types, fields, 0, kind)
    end
  end

  defp named([], _fields, _required, _kind), do: []

  defp placed([{name, key, type} | types], [given | fields], required, kind),
    do: [{name, value(type, given, {kind, key})} | placed(types, fields, required - 1, kind)]

  defp placed([{_name, key, _type} | _types], [], required, kind) when required > 0,
    do: missing(kind, key)

  defp placed(_types, _fields, _required, _kind), do: []

  @spec missing(String.t(), String.t()) :: no_return()
  defp missing(kind, field), do: fail("#{kind} has no #{field}")

  # --- fields -----------------------------------------------------------------------------------

  defp value({:optional, _type}, nil, _where), do: nil
  defp value({:optional, type}, given, where), do: value(type, given, {:or_nil, where})
  defp value(:integer, given, _where) when is_integer(given), do: given
  defp value(:time, given, _where) when is_integer(given), do: given * 1.0
  defp value(:time, given, _where) when is_float(given), do: given
  defp value(:time, given, _where) when given in [:nan, :infinity, :neg_infinity], do: given
  defp value(:text, given, _where) when is_binary(given), do: :binary.copy(given)
  defp value(:hash, nil, _where), do: nil
  defp value(:hash, given, where), do: hash(given, where)

  defp value(:hashes, given, where) when is_list(given), do: hashes(given, where)

  defp value(:integers, given, where) when is_list(given) do
    if integers?(given), do: given, else: wrong(:integers, given, where)
  end

  defp value(:lists, given, where) when is_list(given) do
    if Enum.all?(given, &(is_list(&1) and integers?(&1))),
      do: given,
      else: wrong(:lists, given, where)
  end

  defp value(:keys, given, where) when is_list(given) do
    if Enum.all?(given, &(is_list(&1) or &1 == nil)),
      do: own(given),
      else: wrong(:keys, given, where)
  end

  defp value(type, given, where), do: wrong(type, given, where)

  defp hashes([given | rest], where), do: [hash(given, {:each, where}) | hashes(rest, where)]
  defp hashes([], _where), do: []

  defp hash(given, _where) when is_integer(given), do: given
  defp hash(given, _where) when is_binary(given), do: :binary.copy(given)
  defp hash(given, where), do: wrong(:hash, given, where)

  defp integers?([given | rest]) when is_integer(given), do: integers?(rest)
  defp integers?(rest), do: rest == []

  defp own(binary) when is_binary(binary), do: :binary.copy(binary)
  defp own(list) when is_list(list), do: Enum.map(list, &own/1)
  defp own({:extension, code, bytes}), do: {:extension, code, :binary.copy(bytes)}
  defp own(%{} = map), do: Map.new(map, fn {key, value} -> {own(key), own(value)} end)
  defp own(other), do: other

  @spec wrong(atom(), term(), term()) :: no_return()
  defp wrong(type, given, where) do
    {where, or_nil} =
      if match?({:or_nil, _}, where), do: {elem(where, 1), " or nil"}, else: {where, ""}

    fail("#{name(where)} must be #{words(type)}#{or_nil}, got #{shown(given)}")
  end

  defp name({:each, where}), do: "each of #{name(where)}"
  defp name({kind, field}), do: "#{kind}.#{field}"
  defp name(field), do: field

  defp words(:integer), do: "an integer"
  defp words(:time), do: "a number"
  defp words(:text), do: "a string"
  defp words(:hash), do: "an integer or bytes"
  defp words(:hashes), do: "a list of integers or bytes"
  defp words(:integers), do: "a list of integers"
  defp words(:lists), do: "a list of lists of integers"
  defp words(:keys), do: "a list of lists or nil"

  defp shown(value), do: inspect(value, limit: 5, printable_limit: 40)

  @spec fail(String.t()) :: no_return()
  defp fail(problem), do: throw({:event, problem})
end
