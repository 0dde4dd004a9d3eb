Code.require_file("json.exs", __DIR__)

defmodule Vllm.Test.Vectors do
  @moduledoc false
  # tests/vectors, as its README describes it: what a described value is to send, and what it is when
  # it has arrived. They differ, because bytes come back as binaries and atoms as strings.

  alias Vllm.Bridge.V1
  alias Vllm.{Bytes, Complex, Ref, Tensor}

  @folder Path.expand("../../../tests/vectors", __DIR__)

  @doc "A file of vectors."
  def load(name), do: @folder |> Path.join(name) |> File.read!() |> Vllm.Test.JSON.parse!()

  @doc "Bytes of hex digits, some of them repeated."
  def unhex(hex) when is_binary(hex), do: Base.decode16!(hex, case: :lower)

  def unhex(parts) do
    for part <- parts, into: <<>> do
      case part do
        [hex, times] -> hex |> unhex() |> :binary.copy(times)
        hex -> unhex(hex)
      end
    end
  end

  @doc "The message of a vector of terms."
  def message(vector),
    do: %V1.Term{msgpack: unhex(vector["hex"]), tensors: Enum.map(tensors(vector), &message_of/1)}

  defp tensors(vector), do: Map.get(vector, "tensors", [])

  defp message_of(%{"dtype" => dtype, "shape" => shape, "hex" => hex}),
    do: %V1.Tensor{dtype: dtype, shape: shape, data: unhex(hex)}

  @doc "The value that is encoded."
  def sent(described, vector \\ %{}), do: value(described, vector, :sent)

  @doc "The value that comes out of decoding."
  def received(described, vector \\ %{}), do: value(described, vector, :received)

  defp value(plain, _vector, _way) when plain in [nil, true, false], do: plain

  defp value(described, vector, way) do
    [{tag, content}] = Map.to_list(described)
    tagged(tag, content, vector, way)
  end

  defp tagged("int", hex, _vector, _way), do: String.to_integer(hex, 16)
  defp tagged("float", bits, _vector, _way), do: number(bits)
  defp tagged("str", [text, times], _vector, _way), do: String.duplicate(text, times)
  defp tagged("str", text, _vector, _way), do: text
  defp tagged("bytes", [hex, times], v, way), do: bytes(:binary.copy(unhex(hex), times), v, way)
  defp tagged("bytes", hex, v, way), do: bytes(unhex(hex), v, way)
  defp tagged("list", items, v, way), do: Enum.map(items, &value(&1, v, way))
  defp tagged("times", [item, times], v, way), do: List.duplicate(value(item, v, way), times)
  defp tagged("tuple", items, v, way), do: List.to_tuple(tagged("list", items, v, way))

  defp tagged(set, items, v, way) when set in ["set", "frozenset"],
    do: MapSet.new(tagged("list", items, v, way))

  defp tagged("map", pairs, v, way),
    do: Map.new(pairs, fn [key, item] -> {value(key, v, way), value(item, v, way)} end)

  defp tagged("complex", [re, im], _vector, _way), do: %Complex{re: number(re), im: number(im)}
  defp tagged("atom", name, _vector, :sent), do: String.to_atom(name)
  defp tagged("atom", name, _vector, :received), do: name

  defp tagged("ref", [id, session, epoch, type], _vector, _way),
    do: %Ref{id: id, session_id: session, epoch: epoch, type_name: type}

  defp tagged("tensor", index, vector, _way) do
    %{"dtype" => dtype, "shape" => shape, "hex" => hex} = Enum.at(tensors(vector), index)
    Tensor.from_binary!(unhex(hex), dtype, shape)
  end

  defp tagged(name, text, _vector, _way) when name in ["dtype", "device"], do: text

  defp tagged("nest", [container, levels, inner], v, way) do
    Enum.reduce(1..levels, value(inner, v, way), fn _level, inner ->
      case container do
        "list" -> [inner]
        "tuple" -> {inner}
        "map" -> %{"k" => inner}
      end
    end)
  end

  # As a plain binary where that is enough.
  defp bytes(data, _vector, :sent),
    do: if(String.valid?(data), do: %Bytes{data: data}, else: data)

  defp bytes(data, _vector, :received), do: data

  @doc "The float of a double's bits."
  def number(bits) do
    case unhex(bits) do
      <<value::float-64>> -> value
      <<0x7FF0000000000000::64>> -> :infinity
      <<0xFFF0000000000000::64>> -> :neg_infinity
      <<_nan::64>> -> :nan
    end
  end

  @doc """
  Whether two values are the same in kind and in every bit: `===`, and -0.0 is not 0.0, which some
  releases of OTP take for the same.
  """
  def same?(left, right),
    do: left === right and :erlang.phash2(bits(left)) == :erlang.phash2(bits(right))

  defp bits(value) when is_float(value), do: <<value::float-64>>
  defp bits(list) when is_list(list), do: Enum.map(list, &bits/1)
  defp bits(tuple) when is_tuple(tuple), do: tuple |> Tuple.to_list() |> bits()
  defp bits(%Complex{re: re, im: im}), do: bits([re, im])
  defp bits(%_struct{}), do: nil
  defp bits(%{} = map), do: map |> Map.to_list() |> bits()
  defp bits(_other), do: nil
end
