defmodule Vllm.Term.Encoder do
  @moduledoc false
  # Elixir values to msgpack, in one pass that threads the tensors met on the way. Throws
  # `{:term, reason}`; `Vllm.Term` knows the words for it.

  alias Vllm.Term.{Extension, Msgpack, UTF8}
  require Extension

  @typep tensors :: {count :: non_neg_integer(), in_reverse :: [struct()]}

  @max_depth Extension.max_depth()
  @max_integer_bytes Extension.max_integer_bytes()

  @nonfinite [:nan, :infinity, :neg_infinity]

  @doc "The msgpack bytes of a value, and the messages of the tensors in it."
  @spec encode(term()) :: {binary(), [struct()]}
  def encode(value) do
    {packed, {_count, tensors}} = pack(value, {0, []}, 0)
    {IO.iodata_to_binary([packed]), :lists.reverse(tensors)}
  end

  @spec pack(term(), tensors(), non_neg_integer()) :: {Msgpack.piece(), tensors()}
  defp pack(_value, _acc, depth) when depth > @max_depth, do: throw({:term, :too_deep})

  defp pack(text, acc, _depth) when is_binary(text) do
    if UTF8.valid?(text), do: {Msgpack.string(text), acc}, else: {Msgpack.bytes(text), acc}
  end

  defp pack(n, acc, _depth)
       when is_integer(n) and n >= -0x8000000000000000 and n <= 0xFFFFFFFFFFFFFFFF,
       do: {Msgpack.integer(n), acc}

  defp pack(n, acc, _depth) when is_integer(n), do: {big_integer(n), acc}
  defp pack(f, acc, _depth) when is_float(f), do: {Msgpack.float(f), acc}
  defp pack(nil, acc, _depth), do: {0xC0, acc}
  defp pack(false, acc, _depth), do: {0xC2, acc}
  defp pack(true, acc, _depth), do: {0xC3, acc}
  defp pack(atom, acc, _depth) when atom in @nonfinite, do: {Msgpack.float(atom), acc}

  defp pack(atom, acc, _depth) when is_atom(atom),
    do: {Msgpack.extension(Extension.atom(), Atom.to_string(atom)), acc}

  defp pack(list, acc, depth) when is_list(list), do: array(list, acc, depth)

  defp pack(tuple, acc, depth) when is_tuple(tuple) do
    {payload, acc} = array(Tuple.to_list(tuple), acc, depth)
    {Msgpack.extension(Extension.tuple(), payload), acc}
  end

  defp pack(%module{} = struct, acc, depth), do: pack_struct(module, struct, acc, depth)

  defp pack(map, acc, depth) when is_map(map) do
    pairs = :maps.to_list(map)

    case names(pairs, false, false) do
      :other ->
        pack_pairs(pairs, acc, depth)

      kinds ->
        if kinds == :both, do: refuse_same_names(pairs, map)
        pack_named(pairs, acc, depth + 1, 0, [])
    end
  end

  defp pack(other, _acc, _depth), do: throw({:term, {:no_python_form, other}})

  # --- structs ----------------------------------------------------------------------------------

  defp pack_struct(Vllm.Tensor, %{data: data, ref: ref} = tensor, {count, tensors}, _depth)
       when is_binary(data) or is_struct(ref, Vllm.Ref) do
    message = Vllm.Tensor.to_message(tensor)

    {Msgpack.extension(Extension.tensor(), [Msgpack.integer(count)]),
     {count + 1, [message | tensors]}}
  end

  defp pack_struct(Nx.Tensor, tensor, acc, depth) do
    case Vllm.Tensor.NxInterop.read(tensor) do
      {:ok, tensor} -> pack_struct(Vllm.Tensor, tensor, acc, depth)
      {:error, problem} -> throw({:term, {:bad_tensor, problem}})
    end
  end

  defp pack_struct(Vllm.Ref, ref, acc, _depth), do: {ref(ref), acc}

  defp pack_struct(Vllm.Bytes, %{data: data}, acc, _depth) when is_binary(data),
    do: {Msgpack.bytes(data), acc}

  defp pack_struct(Vllm.Complex, %{re: re, im: im} = complex, acc, _depth) do
    payload = [0x92, real(re, complex) | real(im, complex)]
    {Msgpack.extension(Extension.complex(), payload), acc}
  end

  defp pack_struct(Vllm.DType, %{name: name}, acc, depth), do: pack(name, acc, depth)

  defp pack_struct(MapSet, set, acc, depth) do
    {payload, acc} = array(MapSet.to_list(set), acc, depth)
    {Msgpack.extension(Extension.set(), payload), acc}
  end

  # Groups and other objects of a rank: the object itself is there.
  defp pack_struct(_module, %{ref: %Vllm.Ref{} = ref}, acc, _depth), do: {ref(ref), acc}
  defp pack_struct(_module, struct, _acc, _depth), do: throw({:term, {:no_python_form, struct}})

  defp ref(%Vllm.Ref{id: id, session_id: session, epoch: epoch, type_name: type} = ref) do
    if not (text?(id) and text?(session) and text?(type) and is_integer(epoch) and
              epoch >= 0 and epoch <= 0xFFFFFFFFFFFFFFFF),
       do: throw({:term, {:bad_ref, ref}})

    payload = [
      0x94,
      Msgpack.string(id),
      Msgpack.string(session),
      Msgpack.integer(epoch) | Msgpack.string(type)
    ]

    Msgpack.extension(Extension.ref(), payload)
  end

  defp text?(value), do: is_binary(value) and UTF8.valid?(value)

  defp real(value, _complex) when is_float(value) or value in @nonfinite, do: Msgpack.float(value)

  defp real(value, complex) when is_integer(value) do
    Msgpack.float(value * 1.0)
  rescue
    ArithmeticError -> throw({:term, {:no_python_form, complex}})
  end

  defp real(_value, complex), do: throw({:term, {:no_python_form, complex}})

  # --- containers -------------------------------------------------------------------------------

  defp array(list, acc, depth), do: items(list, acc, depth + 1, 0, [], list)

  defp items([value | rest], acc, depth, count, packed, list) do
    {piece, acc} = pack(value, acc, depth)
    items(rest, acc, depth, count + 1, [piece | packed], list)
  end

  defp items([], acc, _depth, count, packed, _list),
    do: {[Msgpack.array_header(count) | :lists.reverse(packed)], acc}

  defp items(_improper, _acc, _depth, _count, _packed, list),
    do: throw({:term, {:no_python_form, list}})

  # Whether all keys have a name, and whether of one kind: `%{"a" => 1, a: 2}` has one name twice.
  defp names([{key, _value} | rest], atoms?, texts?) do
    cond do
      is_binary(key) -> if UTF8.valid?(key), do: names(rest, atoms?, true), else: :other
      named_atom?(key) -> names(rest, true, texts?)
      true -> :other
    end
  end

  defp names([], true, true), do: :both
  defp names([], _atoms?, _texts?), do: :one_kind

  defp named_atom?(key), do: is_atom(key) and key not in [nil, true, false | @nonfinite]

  defp name(key) when is_binary(key), do: key
  defp name(key), do: if(named_atom?(key), do: Atom.to_string(key), else: key)

  defp pack_named([{key, value} | rest], acc, depth, count, packed) do
    {piece, acc} = pack(value, acc, depth)

    pack_named(rest, acc, depth, count + 1, [[Msgpack.string(name(key)) | [piece]] | packed])
  end

  defp pack_named([], acc, _depth, count, packed),
    do: {[Msgpack.map_header(count) | :lists.reverse(packed)], acc}

  defp pack_pairs(pairs, acc, depth) do
    flat = Enum.flat_map(pairs, fn {key, value} -> [name(key), value] end)
    {payload, acc} = array(flat, acc, depth)
    {Msgpack.extension(Extension.map(), payload), acc}
  end

  defp refuse_same_names(pairs, map) do
    unique = MapSet.new(pairs, fn {key, _value} -> name(key) end)

    if MapSet.size(unique) != map_size(map),
      do: throw({:term, {:same_name_twice, Map.keys(map)}})
  end

  # --- integers ---------------------------------------------------------------------------------

  defp big_integer(n) do
    size = signed_size(n)
    if size > @max_integer_bytes, do: throw({:term, {:integer_too_large, size}})
    Msgpack.extension(Extension.big_integer(), <<n::signed-size(size)-unit(8)>>)
  end

  # Bytes of the shortest two's complement: one bit more than the magnitude needs.
  defp signed_size(n) do
    magnitude = :binary.encode_unsigned(if n < 0, do: -n - 1, else: n)
    <<top, _rest::binary>> = magnitude
    if top >= 0x80, do: byte_size(magnitude) + 1, else: byte_size(magnitude)
  end
end
