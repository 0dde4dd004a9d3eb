defmodule Vllm.Term.Decoder do
  @moduledoc false
  # msgpack to Elixir values. Throws `{:term, reason}`; `Vllm.Term` knows the words for it.
  #
  # One loop reads value after value into `acc`, with `left` more to come `within` a container, which
  # knows the one around it. So nothing is built before its bytes are there, nesting takes no stack,
  # and the BEAM keeps one match context from the first byte to the last. Only an extension type
  # calls the loop again, on its payload.

  alias Vllm.Term.{Extension, UTF8}
  require Extension

  @max_depth Extension.max_depth()
  @max_integer_bytes Extension.max_integer_bytes()

  # The largest tuple the BEAM can hold.
  @max_tuple 0xFFFFFF

  # What is being read: its kind, the depth of its elements, the tensors beside the text, and where
  # to go on afterwards.
  @typep within ::
           {:value | :list | :map, depth :: non_neg_integer(), tensors(),
            left :: non_neg_integer(), acc :: [term()], within() | nil}

  # `:none` where no extension types are allowed; `:foreign` in msgpack that is not of our making: a map may have
  # keys of any kind, and an extension is `{:extension, code, bytes}`.
  @typep tensors :: tuple() | :none | :foreign

  @doc "The value that msgpack bytes and the tensors beside them stand for."
  @spec decode(binary(), tuple() | :foreign) :: term()
  def decode(packed, tensors), do: read(packed, 0, tensors)

  # One value that fills the binary, at a depth.
  defp read(packed, depth, tensors), do: next(packed, 1, [], {:value, depth, tensors, 0, [], nil})

  @spec next(binary(), non_neg_integer(), [term()], within()) :: term()
  defp next(<<rest::binary>>, 0, acc, within), do: close(rest, acc, within)

  defp next(<<byte, rest::binary>>, left, acc, within),
    do: item(byte, rest, left - 1, acc, within)

  defp next(<<>>, _left, _acc, _within), do: throw({:term, :truncated})

  # --- containers -------------------------------------------------------------------------------

  defp close(<<rest::binary>>, acc, {:list, _depth, _tensors, left, outer_acc, outer}),
    do: next(rest, left, [:lists.reverse(acc) | outer_acc], outer)

  defp close(<<rest::binary>>, acc, {:map, _depth, :foreign, left, outer_acc, outer}),
    do: next(rest, left, [acc |> :lists.reverse() |> pairs() |> unique_map() | outer_acc], outer)

  defp close(<<rest::binary>>, acc, {:map, _depth, _tensors, left, outer_acc, outer}),
    do: next(rest, left, [acc |> named_pairs([]) |> unique_map() | outer_acc], outer)

  defp close(<<>>, [value], {:value, _depth, _tensors, _left, _acc, _outer}), do: value

  defp close(<<rest::binary>>, _acc, _value),
    do: throw({:term, {:trailing_bytes, byte_size(rest)}})

  defp open(<<rest::binary>>, :list, 0, left, acc, within),
    do: next(rest, left, [[] | acc], within)

  defp open(<<rest::binary>>, :map, 0, left, acc, within),
    do: next(rest, left, [%{} | acc], within)

  defp open(<<rest::binary>>, kind, count, left, acc, within) do
    depth = elem(within, 1) + 1
    if depth > @max_depth, do: throw({:term, :too_deep})

    next(rest, count, [], {kind, depth, elem(within, 2), left, acc, within})
  end

  # The keys of plain maps. They alternate with the values, last first.
  defp named_pairs([value, key | rest], pairs) when is_binary(key),
    do: named_pairs(rest, [{key, value} | pairs])

  defp named_pairs([], pairs), do: pairs
  defp named_pairs(_other, _pairs), do: throw({:term, :key_is_no_string})

  defp pairs([key, value | rest]), do: [{key, value} | pairs(rest)]
  defp pairs([]), do: []
  defp pairs([_key]), do: throw({:term, :key_without_value})

  defp unique_map(pairs) do
    map = :maps.from_list(pairs)
    if map_size(map) != length(pairs), do: throw({:term, :same_key_twice})
    map
  end

  # --- values -----------------------------------------------------------------------------------

  @spec item(byte(), binary(), non_neg_integer(), [term()], within()) :: term()
  defp item(n, <<rest::binary>>, left, acc, in_) when n < 0x80,
    do: next(rest, left, [n | acc], in_)

  defp item(n, <<rest::binary>>, left, acc, in_) when n >= 0xE0,
    do: next(rest, left, [n - 0x100 | acc], in_)

  defp item(n, <<rest::binary>>, left, acc, in_) when n >= 0xA0 and n < 0xC0,
    do: text(rest, n - 0xA0, left, acc, in_)

  defp item(n, <<rest::binary>>, left, acc, in_) when n >= 0x90 and n < 0xA0,
    do: open(rest, :list, n - 0x90, left, acc, in_)

  defp item(n, <<rest::binary>>, left, acc, in_) when n < 0x90,
    do: open(rest, :map, 2 * (n - 0x80), left, acc, in_)

  defp item(0xC0, <<rest::binary>>, left, acc, in_), do: next(rest, left, [nil | acc], in_)
  defp item(0xC2, <<rest::binary>>, left, acc, in_), do: next(rest, left, [false | acc], in_)
  defp item(0xC3, <<rest::binary>>, left, acc, in_), do: next(rest, left, [true | acc], in_)

  for {byte, type} <- [
        {0xCC, quote(do: 8)},
        {0xCD, quote(do: 16)},
        {0xCE, quote(do: 32)},
        {0xCF, quote(do: 64)},
        {0xD0, quote(do: signed - 8)},
        {0xD1, quote(do: signed - 16)},
        {0xD2, quote(do: signed - 32)},
        {0xD3, quote(do: signed - 64)},
        {0xCA, quote(do: float - 32)},
        {0xCB, quote(do: float - 64)}
      ] do
    defp item(unquote(byte), <<n::unquote(type), rest::binary>>, left, acc, in_),
      do: next(rest, left, [n | acc], in_)
  end

  # A float pattern does not match infinities and NaN.
  defp item(0xCA, <<bits::32, rest::binary>>, left, acc, in_),
    do: next(rest, left, [nonfinite(bits, 0x7F800000, 0xFF800000) | acc], in_)

  defp item(0xCB, <<bits::64, rest::binary>>, left, acc, in_),
    do: next(rest, left, [nonfinite(bits, 0x7FF0000000000000, 0xFFF0000000000000) | acc], in_)

  # A length of 8, 16 or 32 bits, and what it is the length of.
  for {byte, bits, function} <- [
        {0xD9, 8, :text},
        {0xDA, 16, :text},
        {0xDB, 32, :text},
        {0xC4, 8, :bytes},
        {0xC5, 16, :bytes},
        {0xC6, 32, :bytes},
        {0xC7, 8, :extension},
        {0xC8, 16, :extension},
        {0xC9, 32, :extension}
      ] do
    defp item(unquote(byte), <<size::unquote(bits), rest::binary>>, left, acc, in_),
      do: unquote(function)(rest, size, left, acc, in_)
  end

  for {byte, size} <- [{0xD4, 1}, {0xD5, 2}, {0xD6, 4}, {0xD7, 8}, {0xD8, 16}] do
    defp item(unquote(byte), <<rest::binary>>, left, acc, in_),
      do: extension(rest, unquote(size), left, acc, in_)
  end

  for {byte, bits, kind, values} <- [
        {0xDC, 16, :list, 1},
        {0xDD, 32, :list, 1},
        {0xDE, 16, :map, 2},
        {0xDF, 32, :map, 2}
      ] do
    defp item(unquote(byte), <<count::unquote(bits), rest::binary>>, left, acc, in_),
      do: open(rest, unquote(kind), unquote(values) * count, left, acc, in_)
  end

  defp item(0xC1, _rest, _left, _acc, _within), do: throw({:term, {:bad_byte, 0xC1}})
  defp item(_byte, _rest, _left, _acc, _within), do: throw({:term, :truncated})

  defp nonfinite(bits, bits, _neg_infinity), do: :infinity
  defp nonfinite(bits, _infinity, bits), do: :neg_infinity
  defp nonfinite(_bits, _infinity, _neg_infinity), do: :nan

  defp text(<<binary::binary>>, size, left, acc, within) do
    case binary do
      <<text::binary-size(size), rest::binary>> ->
        if not UTF8.valid?(text), do: throw({:term, :invalid_utf8})
        next(rest, left, [text | acc], within)

      _shorter ->
        throw({:term, :truncated})
    end
  end

  defp bytes(<<binary::binary>>, size, left, acc, within) do
    case binary do
      <<data::binary-size(size), rest::binary>> -> next(rest, left, [data | acc], within)
      _shorter -> throw({:term, :truncated})
    end
  end

  defp extension(<<binary::binary>>, size, left, acc, within) do
    case binary do
      <<code::signed, payload::binary-size(size), rest::binary>> ->
        value = extended(code, payload, elem(within, 1), elem(within, 2))
        next(rest, left, [value | acc], within)

      _shorter ->
        throw({:term, :truncated})
    end
  end

  # --- extension types --------------------------------------------------------------------------

  defp extended(code, payload, _depth, :foreign), do: {:extension, code, payload}
  defp extended(code, _payload, _depth, :none), do: throw({:term, {:bad_extension, code}})

  defp extended(Extension.tuple(), payload, depth, tensors) do
    items = list(payload, depth, tensors)
    if length(items) > @max_tuple, do: throw({:term, :tuple_too_large})
    List.to_tuple(items)
  end

  defp extended(code, payload, depth, tensors)
       when code in [Extension.set(), Extension.frozenset()] do
    items = list(payload, depth, tensors)
    set = MapSet.new(items)
    if MapSet.size(set) != length(items), do: throw({:term, :same_element_twice})
    set
  end

  defp extended(Extension.map(), payload, depth, tensors),
    do: payload |> list(depth, tensors) |> pairs() |> unique_map()

  defp extended(code, payload, _depth, _tensors)
       when code in [Extension.ref(), Extension.group()] do
    case list(payload, 0, :none) do
      [id, session, epoch, type]
      when is_binary(id) and is_binary(session) and is_integer(epoch) and
             epoch in 0..0xFFFFFFFFFFFFFFFF and
             is_binary(type) ->
        %Vllm.Ref{id: id, session_id: session, epoch: epoch, type_name: type}

      _other ->
        throw({:term, {:bad_extension, code}})
    end
  end

  defp extended(Extension.tensor(), payload, _depth, tensors) do
    case index(payload) do
      index when index < tuple_size(tensors) -> elem(tensors, index)
      _out_of_range -> throw({:term, {:bad_extension, Extension.tensor()}})
    end
  end

  defp extended(Extension.complex(), payload, _depth, _tensors) do
    case list(payload, 0, :none) do
      [re, im] -> %Vllm.Complex{re: part(re), im: part(im)}
      _other -> throw({:term, {:bad_extension, Extension.complex()}})
    end
  end

  defp extended(Extension.big_integer(), payload, _depth, _tensors)
       when byte_size(payload) in 1..@max_integer_bytes do
    size = byte_size(payload)
    <<n::signed-size(size)-unit(8)>> = payload
    n
  end

  defp extended(code, payload, _depth, _tensors)
       when code in [Extension.atom(), Extension.dtype(), Extension.device()] do
    if UTF8.valid?(payload), do: payload, else: throw({:term, :invalid_utf8})
  end

  defp extended(code, _payload, _depth, _tensors), do: throw({:term, {:bad_extension, code}})

  # Only an array is read, never an extension directly inside an extension: the array costs a level
  # of depth, so that extensions cannot nest without limit.
  defp list(<<first, _rest::binary>> = payload, depth, tensors)
       when first in 0x90..0x9F or first in 0xDC..0xDD,
       do: read(payload, depth, tensors)

  defp list(_payload, _depth, _tensors), do: throw({:term, :list_expected})

  defp index(<<0::1, n::7>>), do: n
  defp index(<<0xCC, n>>), do: n
  defp index(<<0xCD, n::16>>), do: n
  defp index(<<0xCE, n::32>>), do: n
  defp index(_other), do: throw({:term, {:bad_extension, Extension.tensor()}})

  defp part(value) when is_float(value) or value in [:nan, :infinity, :neg_infinity], do: value
  defp part(_other), do: throw({:term, {:bad_extension, Extension.complex()}})
end
