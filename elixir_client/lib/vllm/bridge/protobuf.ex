defmodule Vllm.Bridge.Protobuf do
  @moduledoc false
  # The protobuf wire format, driven by tables.
  #
  # A generated message module lists its fields in `__fields__/0` as `{key, number, type, label}`;
  # `encode/1` and `decode/2` walk that list. The same tables, made on the fly, encode the requests of
  # `Vllm.Call`, which have no module of their own: `encode_field/4` and `decode_fields/3`.
  #
  # Decoding never raises: unknown fields are skipped, groups, overlong varints and truncated input are
  # errors, and nesting is limited. Bytes fields are sub-binaries of the input, not copies.
  #
  # Wire format: <https://protobuf.dev/programming-guides/encoding/>.

  import Bitwise

  @type type ::
          :int64
          | :uint64
          | :int32
          | :uint32
          | :bool
          | :double
          | :string
          | :bytes
          | {:enum, module()}
          | {:message, module()}
  @type label :: :singular | :optional | :repeated | :packed
  @type field :: {key :: term(), number :: pos_integer(), type(), label()}
  @type reason ::
          :truncated
          | :varint_too_long
          | :too_deep
          | {:bad_field_number, non_neg_integer()}
          | {:bad_wire_type, non_neg_integer()}
          | {:invalid_utf8, key :: term()}

  # protobuf's own parsers stop at 100 levels.
  @max_depth 100

  @varint 0
  @fixed64 1
  @len 2
  @fixed32 5

  @doc "Encodes a generated message struct."
  @spec encode(struct()) :: iodata()
  def encode(%module{} = message) do
    for {key, number, type, label} <- module.__fields__() do
      encode_field(number, type, label, Map.fetch!(message, key))
    end
  end

  @doc """
  Encodes one field. `:singular` leaves out the type's zero value, `:optional` leaves out `nil`.
  """
  @spec encode_field(pos_integer(), type(), label(), term()) :: iodata()
  def encode_field(_number, _type, :optional, nil), do: []
  def encode_field(number, type, :optional, value), do: encode_present(number, type, value)

  def encode_field(_number, _type, label, []) when label in [:repeated, :packed], do: []

  def encode_field(number, type, :repeated, values),
    do: Enum.map(values, &encode_present(number, type, &1))

  def encode_field(number, type, :packed, values) do
    packed = Enum.map(values, &scalar(type, &1))
    [tag(number, @len), varint(IO.iodata_length(packed)) | packed]
  end

  def encode_field(number, type, :singular, value) do
    if zero?(type, value), do: [], else: encode_present(number, type, value)
  end

  @doc "Decodes a message of a generated module."
  @spec decode(module(), binary()) :: {:ok, struct()} | {:error, reason()}
  def decode(module, binary) when is_binary(binary) do
    {:ok, message(binary, module, 0)}
  catch
    {:protobuf, reason} -> {:error, reason}
  end

  @doc """
  Decodes the given fields of a message into a copy of `defaults`, a map with a value for every key.
  Repeated fields must default to `[]`, message fields to `nil`.
  """
  @spec decode_fields([field()], binary(), map()) :: {:ok, map()} | {:error, reason()}
  def decode_fields(fields, binary, defaults) when is_binary(binary) do
    {:ok, parse(binary, fields, defaults, 0)}
  catch
    {:protobuf, reason} -> {:error, reason}
  end

  # --- encoding ---------------------------------------------------------------------------------

  defp encode_present(number, {:message, _module}, message) do
    body = encode(message)
    [tag(number, @len), varint(IO.iodata_length(body)) | body]
  end

  defp encode_present(number, type, value) when type in [:string, :bytes],
    do: [tag(number, @len), varint(byte_size(value)) | value]

  defp encode_present(number, :double, value),
    do: [tag(number, @fixed64) | scalar(:double, value)]

  defp encode_present(number, type, value), do: [tag(number, @varint) | scalar(type, value)]

  defp zero?(:double, value), do: scalar(:double, value) == <<0::64>>
  defp zero?(:bool, value), do: value == false
  defp zero?(type, value) when type in [:string, :bytes], do: value == ""
  defp zero?({:enum, module}, value), do: enum_number(module, value) == 0
  defp zero?({:message, _module}, value), do: value == nil
  defp zero?(_integer, value), do: value == 0

  defp scalar(:bool, true), do: <<1>>
  defp scalar(:bool, false), do: <<0>>
  defp scalar(:double, :nan), do: <<0x7FF8000000000000::64-little>>
  defp scalar(:double, :infinity), do: <<0x7FF0000000000000::64-little>>
  defp scalar(:double, :neg_infinity), do: <<0xFFF0000000000000::64-little>>
  defp scalar(:double, value), do: <<value::float-64-little>>
  defp scalar({:enum, module}, value), do: varint(enum_number(module, value))
  defp scalar(_integer, value), do: varint(value)

  defp enum_number(_module, number) when is_integer(number), do: number
  defp enum_number(module, name), do: Keyword.fetch!(module.__values__(), name)

  defp tag(number, wire_type), do: varint(number <<< 3 ||| wire_type)

  defp varint(value) when value in 0..127, do: <<value>>
  defp varint(value) when value < 0, do: varint(value &&& 0xFFFFFFFFFFFFFFFF)
  defp varint(value), do: <<1::1, value::7, varint(value >>> 7)::binary>>

  # --- decoding ---------------------------------------------------------------------------------

  defp message(_binary, _module, depth) when depth > @max_depth, do: throw({:protobuf, :too_deep})

  defp message(binary, module, depth),
    do: parse(binary, module.__fields__(), module.__struct__(), depth)

  defp parse(binary, fields, defaults, depth) do
    defaults = Enum.reduce(fields, defaults, &empty/2)
    collected = collect(binary, fields, defaults)
    Enum.reduce(fields, collected, &finish(&1, &2, depth))
  end

  defp empty({key, _number, {:message, _module}, _label}, acc), do: Map.put(acc, key, [])
  defp empty(_field, acc), do: acc

  # While collecting, repeated values stand in reverse and message values are raw bytes: a message
  # field that occurs twice is merged, which is the same as decoding the concatenation.
  defp finish({key, _number, {:message, module}, label}, acc, depth) do
    case {label, Map.fetch!(acc, key)} do
      {:repeated, bodies} ->
        Map.put(acc, key, reverse_map(bodies, &message(&1, module, depth + 1)))

      {_singular, []} ->
        Map.put(acc, key, nil)

      {_singular, [body]} ->
        Map.put(acc, key, message(body, module, depth + 1))

      {_singular, bodies} ->
        merged = bodies |> Enum.reverse() |> IO.iodata_to_binary()
        Map.put(acc, key, message(merged, module, depth + 1))
    end
  end

  defp finish({key, _number, _type, label}, acc, _depth) when label in [:repeated, :packed],
    do: Map.update!(acc, key, &Enum.reverse/1)

  defp finish(_field, acc, _depth), do: acc

  defp reverse_map(list, fun), do: Enum.reduce(list, [], &[fun.(&1) | &2])

  defp collect(<<>>, _fields, acc), do: acc

  defp collect(binary, fields, acc) do
    {tag, rest} = take_varint(binary)
    number = tag >>> 3

    if number == 0 or number > 0x1FFFFFFF, do: throw({:protobuf, {:bad_field_number, number}})

    {value, rest} = take(tag &&& 7, rest)

    case List.keyfind(fields, number, 1) do
      nil -> collect(rest, fields, acc)
      field -> collect(rest, fields, store(field, value, acc))
    end
  end

  defp take(@varint, rest) do
    {value, rest} = take_varint(rest)
    {{:varint, value}, rest}
  end

  defp take(@fixed64, <<value::binary-8, rest::binary>>), do: {{:fixed64, value}, rest}
  defp take(@fixed32, <<value::binary-4, rest::binary>>), do: {{:fixed32, value}, rest}

  defp take(@len, rest) do
    case take_varint(rest) do
      {size, rest} when size <= byte_size(rest) ->
        <<value::binary-size(size), rest::binary>> = rest
        {{:len, value}, rest}

      _longer_than_the_input ->
        throw({:protobuf, :truncated})
    end
  end

  defp take(wire_type, _rest) when wire_type in [@fixed64, @fixed32],
    do: throw({:protobuf, :truncated})

  # 3 and 4 are groups, which proto3 does not have.
  defp take(wire_type, _rest), do: throw({:protobuf, {:bad_wire_type, wire_type}})

  defp take_varint(<<0::1, value::7, rest::binary>>), do: {value, rest}
  defp take_varint(binary), do: take_varint(binary, 0, 0)

  defp take_varint(_binary, shift, _acc) when shift > 63, do: throw({:protobuf, :varint_too_long})

  defp take_varint(<<1::1, bits::7, rest::binary>>, shift, acc),
    do: take_varint(rest, shift + 7, acc ||| bits <<< shift)

  # Bits beyond the 64th are dropped, as every protobuf parser does.
  defp take_varint(<<0::1, bits::7, rest::binary>>, shift, acc),
    do: {(acc ||| bits <<< shift) &&& 0xFFFFFFFFFFFFFFFF, rest}

  defp take_varint(<<>>, _shift, _acc), do: throw({:protobuf, :truncated})

  # A known field with a wire type that does not fit is skipped like an unknown one.
  defp store({key, _number, {:message, _module}, _label}, {:len, body}, acc),
    do: Map.update!(acc, key, &[body | &1])

  defp store({_key, _number, {:message, _module}, _label}, _value, acc), do: acc

  defp store({key, _number, type, label}, value, acc) when label in [:repeated, :packed] do
    case value do
      {:len, packed} when type not in [:string, :bytes] ->
        Map.update!(acc, key, &unpack(packed, type, &1))

      value ->
        case typed(type, value, key) do
          :mismatch -> acc
          {:ok, value} -> Map.update!(acc, key, &[value | &1])
        end
    end
  end

  defp store({key, _number, type, _label}, value, acc) do
    case typed(type, value, key) do
      :mismatch -> acc
      {:ok, value} -> Map.put(acc, key, value)
    end
  end

  defp unpack(<<>>, _type, acc), do: acc

  defp unpack(<<bits::binary-8, rest::binary>>, :double, acc),
    do: unpack(rest, :double, [double(bits) | acc])

  defp unpack(_truncated, :double, _acc), do: throw({:protobuf, :truncated})

  defp unpack(packed, type, acc) do
    {value, rest} = take_varint(packed)
    unpack(rest, type, [from_varint(type, value) | acc])
  end

  defp typed(:string, {:len, value}, key) do
    if String.valid?(value), do: {:ok, value}, else: throw({:protobuf, {:invalid_utf8, key}})
  end

  defp typed(:bytes, {:len, value}, _key), do: {:ok, value}
  defp typed(:double, {:fixed64, bits}, _key), do: {:ok, double(bits)}

  defp typed(type, {:varint, value}, _key) when type not in [:string, :bytes, :double],
    do: {:ok, from_varint(type, value)}

  defp typed(_type, _value, _key), do: :mismatch

  defp from_varint(:uint64, value), do: value
  defp from_varint(:uint32, value), do: value &&& 0xFFFFFFFF
  defp from_varint(:bool, value), do: value != 0
  defp from_varint(:int64, value) when value < 0x8000000000000000, do: value
  defp from_varint(:int64, value), do: value - 0x10000000000000000
  defp from_varint(:int32, value), do: int32(value)

  defp from_varint({:enum, module}, value) do
    number = int32(value)

    case List.keyfind(module.__values__(), number, 1) do
      {name, ^number} -> name
      nil -> number
    end
  end

  defp int32(value) do
    <<signed::signed-32>> = <<value::32>>
    signed
  end

  defp double(<<value::float-64-little>>), do: value
  defp double(<<0::48, 0xF0, 0x7F>>), do: :infinity
  defp double(<<0::48, 0xF0, 0xFF>>), do: :neg_infinity
  defp double(_nan), do: :nan
end
