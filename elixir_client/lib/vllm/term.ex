defmodule Vllm.Term do
  @moduledoc """
  Values without a static type, between Elixir and Python.

  | Elixir | Python | msgpack |
  |---|---|---|
  | `nil`, `true`, `false`, integers, floats | `None`, `True`, `False`, `int`, `float` | native; beyond 64 bits: extension 7 |
  | `:nan`, `:infinity`, `:neg_infinity` | `nan`, `inf`, `-inf` | float 64 |
  | a binary of valid UTF-8 | `str` | str |
  | any other binary, `%Vllm.Bytes{}` | `bytes` (comes back as a plain binary) | bin |
  | a list | `list` | array |
  | a map whose keys are strings or atoms | `dict` with `str` keys | map |
  | any other map | `dict` | 8: array of alternating keys and values |
  | a tuple | `tuple` | 1: array |
  | an atom | an atom | 2: its name. Python never sends one: no atoms are made from outside |
  | `%Vllm.Ref{}`, a coordinator, `%Vllm.Distributed.ProcessGroup{}` | the object it stands for | 3: array of id, session, epoch, type |
  | `%Vllm.Tensor{}` | `torch.Tensor` | 4: index into the message's tensors |
  | `%Vllm.Complex{}` | `complex` | 5: array of two floats |
  | `MapSet` | `set` (`frozenset` comes back as `MapSet` too) | 6; 9 |
  | `%Vllm.Ref{}` | a coordinator, from Python | 10: as 3 |
  | a string, from Python | `torch.dtype`, `torch.device` | 11; 12 |

  Nesting is limited to 128 levels both ways. Decoding never raises.
  """

  alias Vllm.Bridge.V1
  alias Vllm.Term.Msgpack

  @tuple 1
  @atom 2
  @ref 3
  @tensor 4
  @complex 5
  @set 6
  @big_integer 7
  @map 8
  @frozenset 9
  @group 10
  @dtype 11
  @device 12

  @max_depth Msgpack.max_depth()

  # Arithmetic on larger numbers is nothing a parallel state needs, and conversion takes time that
  # grows with the square of the length.
  @max_integer_bytes 4096

  @doc """
  Encodes a value as the message that travels.

      iex> {:ok, term} = Vllm.Term.encode([1, "two", {3}])
      iex> Vllm.Term.decode(term)
      {:ok, [1, "two", {3}]}
  """
  @spec encode(term()) :: {:ok, struct()} | {:error, String.t()}
  def encode(value) do
    {packed, {_count, tensors}} = pack(value, {0, []}, 0)

    {:ok, %V1.Term{msgpack: IO.iodata_to_binary(packed), tensors: Enum.reverse(tensors)}}
  catch
    {:term, reason} -> {:error, format_reason(reason)}
  end

  @doc "Decodes a message into the value it stands for."
  @spec decode(struct()) :: {:ok, term()} | {:error, String.t()}
  def decode(%V1.Term{msgpack: packed, tensors: tensors}) do
    with {:ok, tensors} <- decode_tensors(tensors, []) do
      {:ok, unpack(packed, List.to_tuple(tensors), 0)}
    end
  catch
    {:term, reason} -> {:error, format_reason(reason)}
  end

  # --- encoding: {iodata, {number of tensors, tensors in reverse}} ------------------------------

  defp pack(_value, _acc, depth) when depth > @max_depth, do: throw({:term, :too_deep})
  defp pack(nil, acc, _depth), do: {<<0xC0>>, acc}
  defp pack(false, acc, _depth), do: {<<0xC2>>, acc}
  defp pack(true, acc, _depth), do: {<<0xC3>>, acc}

  defp pack(special, acc, _depth) when special in [:nan, :infinity, :neg_infinity],
    do: {Msgpack.float(special), acc}

  defp pack(atom, acc, _depth) when is_atom(atom),
    do: {Msgpack.extension(@atom, Atom.to_string(atom)), acc}

  defp pack(n, acc, _depth) when is_integer(n), do: {integer(n), acc}
  defp pack(f, acc, _depth) when is_float(f), do: {Msgpack.float(f), acc}

  defp pack(binary, acc, _depth) when is_binary(binary) do
    if String.valid?(binary),
      do: {Msgpack.string(binary), acc},
      else: {Msgpack.bytes(binary), acc}
  end

  defp pack(list, acc, depth) when is_list(list), do: array(list, acc, depth)

  defp pack(tuple, acc, depth) when is_tuple(tuple) do
    {payload, acc} = array(Tuple.to_list(tuple), acc, depth)
    {Msgpack.extension(@tuple, payload), acc}
  end

  defp pack(%module{} = struct, acc, depth), do: pack_struct(module, struct, acc, depth)
  defp pack(%{} = map, acc, depth), do: pack_map(map, acc, depth)
  defp pack(other, _acc, _depth), do: throw({:term, {:no_python_form, other}})

  defp pack_struct(Vllm.Tensor, tensor, {count, tensors}, _depth) do
    message = Vllm.Tensor.to_message(tensor)
    {Msgpack.extension(@tensor, Msgpack.integer(count)), {count + 1, [message | tensors]}}
  end

  defp pack_struct(Vllm.Ref, ref, acc, depth) do
    {payload, acc} = array([ref.id, ref.session_id, ref.epoch, ref.type_name], acc, depth)
    {Msgpack.extension(@ref, payload), acc}
  end

  defp pack_struct(Vllm.Bytes, %{data: data}, acc, _depth) when is_binary(data),
    do: {Msgpack.bytes(data), acc}

  defp pack_struct(Vllm.Complex, %{re: re, im: im}, acc, _depth) do
    payload = [Msgpack.array_header(2), real(re), real(im)]
    {Msgpack.extension(@complex, payload), acc}
  end

  defp pack_struct(MapSet, set, acc, depth) do
    {payload, acc} = array(MapSet.to_list(set), acc, depth)
    {Msgpack.extension(@set, payload), acc}
  end

  defp pack_struct(Nx.Tensor, tensor, acc, depth),
    do: pack_struct(Vllm.Tensor, Vllm.Tensor.from_nx(tensor), acc, depth)

  defp pack_struct(module, %{ref: %Vllm.Ref{} = ref}, acc, depth)
       when module in [Vllm.Distributed.ProcessGroup, Vllm.Distributed.GroupCoordinator],
       do: pack_struct(Vllm.Ref, ref, acc, depth)

  defp pack_struct(_module, struct, _acc, _depth), do: throw({:term, {:no_python_form, struct}})

  defp array(list, acc, depth) do
    if List.improper?(list), do: throw({:term, {:no_python_form, list}})
    {items, acc} = Enum.map_reduce(list, acc, &pack(&1, &2, depth + 1))
    {[Msgpack.array_header(length(list)) | items], acc}
  end

  defp pack_map(map, acc, depth) do
    named = Enum.map(map, fn {key, value} -> {name(key), value} end)

    if Enum.all?(named, fn {key, _value} -> is_binary(key) and String.valid?(key) end) do
      refuse_collisions(named, map)

      {items, acc} =
        Enum.map_reduce(named, acc, fn {key, value}, acc ->
          {packed, acc} = pack(value, acc, depth + 1)
          {[Msgpack.string(key) | packed], acc}
        end)

      {[Msgpack.map_header(map_size(map)) | items], acc}
    else
      flat = Enum.flat_map(named, &Tuple.to_list/1)
      {payload, acc} = array(flat, acc, depth)
      {Msgpack.extension(@map, payload), acc}
    end
  end

  defp name(key) when key in [nil, true, false, :nan, :infinity, :neg_infinity], do: key
  defp name(key) when is_atom(key), do: Atom.to_string(key)
  defp name(key), do: key

  defp refuse_collisions(named, map) do
    if map_size(Map.new(named)) != map_size(map),
      do: throw({:term, {:same_key_twice, Map.keys(map)}})
  end

  defp real(value) when is_integer(value), do: Msgpack.float(value * 1.0)
  defp real(value), do: Msgpack.float(value)

  defp integer(n) when n >= -0x8000000000000000 and n <= 0xFFFFFFFFFFFFFFFF,
    do: Msgpack.integer(n)

  defp integer(n) do
    size = signed_size(n)
    if size > @max_integer_bytes, do: throw({:term, {:integer_too_large, size}})
    Msgpack.extension(@big_integer, <<n::signed-size(size)-unit(8)>>)
  end

  # Bytes of the shortest two's complement: one bit more than the magnitude needs.
  defp signed_size(n) do
    magnitude = :binary.encode_unsigned(if n < 0, do: -n - 1, else: n)
    <<top, _rest::binary>> = magnitude
    if top >= 0x80, do: byte_size(magnitude) + 1, else: byte_size(magnitude)
  end

  # --- decoding ---------------------------------------------------------------------------------

  defp decode_tensors([], acc), do: {:ok, Enum.reverse(acc)}

  defp decode_tensors([message | rest], acc) do
    with {:ok, tensor} <- Vllm.Tensor.from_message(message),
         do: decode_tensors(rest, [tensor | acc])
  end

  defp unpack(packed, tensors, depth) do
    Msgpack.read(packed, &extension(&1, &2, &3, tensors), depth)
  end

  defp extension(@tuple, payload, depth, tensors) do
    items = list(payload, depth, tensors)
    # The largest tuple the BEAM can hold.
    if length(items) > 0xFFFFFF, do: throw({:term, :tuple_too_large})
    List.to_tuple(items)
  end

  defp extension(code, payload, depth, tensors) when code in [@set, @frozenset],
    do: MapSet.new(list(payload, depth, tensors))

  defp extension(@map, payload, depth, tensors),
    do: payload |> list(depth, tensors) |> Msgpack.pairs() |> Map.new()

  defp extension(code, payload, depth, tensors) when code in [@ref, @group] do
    case list(payload, depth, tensors) do
      [id, session, epoch, type]
      when is_binary(id) and is_binary(session) and is_integer(epoch) and is_binary(type) ->
        %Vllm.Ref{id: id, session_id: session, epoch: epoch, type_name: type}

      _other ->
        throw({:term, {:bad_extension, code}})
    end
  end

  defp extension(@tensor, payload, _depth, tensors) do
    case index(payload) do
      index when index < tuple_size(tensors) -> elem(tensors, index)
      _out_of_range -> throw({:term, {:bad_extension, @tensor}})
    end
  end

  defp extension(@complex, payload, depth, tensors) do
    case list(payload, depth, tensors) do
      [re, im] -> %Vllm.Complex{re: part(re), im: part(im)}
      _other -> throw({:term, {:bad_extension, @complex}})
    end
  end

  defp extension(@big_integer, payload, _depth, _tensors)
       when byte_size(payload) in 1..@max_integer_bytes do
    size = byte_size(payload)
    <<n::signed-size(size)-unit(8)>> = payload
    n
  end

  defp extension(code, payload, _depth, _tensors) when code in [@atom, @dtype, @device] do
    if String.valid?(payload), do: payload, else: throw({:term, :invalid_utf8})
  end

  defp extension(code, _payload, _depth, _tensors), do: throw({:term, {:bad_extension, code}})

  # Only an array is read, never an extension directly inside an extension: the array costs a level
  # of depth, so that extensions cannot nest without limit.
  defp list(<<first, _rest::binary>> = payload, depth, tensors)
       when first in 0x90..0x9F or first in 0xDC..0xDD,
       do: unpack(payload, tensors, depth)

  defp list(_payload, _depth, _tensors), do: throw({:term, :list_expected})

  defp index(<<0::1, n::7>>), do: n
  defp index(<<0xCC, n>>), do: n
  defp index(<<0xCD, n::16>>), do: n
  defp index(<<0xCE, n::32>>), do: n
  defp index(_other), do: throw({:term, {:bad_extension, @tensor}})

  defp part(value) when is_number(value) or value in [:nan, :infinity, :neg_infinity], do: value
  defp part(_other), do: throw({:term, {:bad_extension, @complex}})

  # --- reasons ----------------------------------------------------------------------------------

  defp format_reason(:too_deep), do: "nests deeper than #{@max_depth} levels"

  defp format_reason({:no_python_form, value}) do
    "#{inspect(value, limit: 5, printable_limit: 50)} has no Python form; use nil, booleans, " <>
      "numbers, binaries, lists, tuples, maps, MapSet, Vllm.Tensor, Vllm.Ref, Vllm.Bytes or " <>
      "Vllm.Complex"
  end

  defp format_reason({:same_key_twice, keys}) do
    "a map has the same key as atom and as string: #{inspect(keys, limit: 10)}"
  end

  defp format_reason({:integer_too_large, size}),
    do: "an integer of #{size} bytes is larger than the #{@max_integer_bytes} that are sent"

  defp format_reason(:truncated), do: "msgpack ends in the middle of a value"
  defp format_reason({:trailing_bytes, n}), do: "#{n} bytes stand after the msgpack value"
  defp format_reason(:invalid_utf8), do: "a msgpack string is not valid UTF-8"
  defp format_reason({:bad_byte, byte}), do: "msgpack has no type byte #{byte}"
  defp format_reason({:bad_extension, code}), do: "malformed or unknown msgpack extension #{code}"
  defp format_reason(:key_without_value), do: "a msgpack map has a key without a value"
  defp format_reason(:list_expected), do: "a msgpack extension holds no array"
  defp format_reason(:tuple_too_large), do: "a tuple is larger than the BEAM can hold"
end
