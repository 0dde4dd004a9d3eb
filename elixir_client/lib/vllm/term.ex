defmodule Vllm.Term do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Values without a static type, between Elixir and Python.

  | Elixir | Python | msgpack |
  |---|---|---|
  | `nil`, `true`, `false`, integers, floats | `None`, `True`, `False`, `int`, `float` | native; integers beyond 64 bits: extension 7 |
  | `:nan`, `:infinity`, `:neg_infinity` | `nan`, `inf`, `-inf` | float 64 |
  | a binary of valid UTF-8 | `str` | str |
  | any other binary, `%Vllm.Bytes{}` | `bytes` (comes back as a plain binary) | bin |
  | a list | `list` | array |
  | a map whose keys are strings or atoms | `dict` with `str` keys | map |
  | any other map | `dict` | 8: array of alternating keys and values |
  | a tuple | `tuple` | 1: array |
  | any other atom | `str` | 2: its name. Python sends none: no atoms are made from outside |
  | `%Vllm.Ref{}`, any struct with a `ref` (a coordinator, ...) | the object it stands for | 3: array of id, session, epoch, type |
  | `%Vllm.Tensor{}`, an `Nx.Tensor` | `torch.Tensor` | 4: index into the message's tensors |
  | `%Vllm.Complex{}` | `complex` | 5: array of two floats |
  | `MapSet` | `set` (`frozenset` comes back as `MapSet` too) | 6; 9 |
  | `%Vllm.Ref{}` | a coordinator, from Python | 10: as 3 |
  | a string, from Python | `torch.dtype`, `torch.device` | 11; 12 |

  An integer stays an integer, a float a float (`1.0` too), a tuple a tuple, nil stays nil. As keys of
  a map, `nil`, booleans and the three atoms of floats are values, not names. `1`, `1.0` and `true` are
  three keys here and one in Python: a map or a set with two of them is refused there.

  Nesting is limited to 128 levels and integers to 4,096 bytes, both ways. Neither direction raises:
  what is refused is an error, reason `"bad_term"`.
  """

  import Vllm.Bang

  alias Vllm.Bridge.V1
  alias Vllm.Error
  alias Vllm.Term.{Decoder, Encoder, Extension}

  @worth_a_copy 65_536

  @doc since: "0.1.0"
  @doc """
  Encodes a value as the message that travels.

      iex> {:ok, term} = Vllm.Term.encode([1, "two", {3}])
      iex> Vllm.Term.decode(term)
      {:ok, [1, "two", {3}]}
  """
  @spec encode(term()) :: {:ok, V1.Term.t()} | {:error, Error.t()}
  def encode(value), do: value |> pack() |> named()

  defbang encode(value :: term()) :: V1.Term.t()

  @doc since: "0.1.0"
  @doc "Decodes a message into the value it stands for; one without any bytes into nil."
  @spec decode(V1.Term.t()) :: {:ok, term()} | {:error, Error.t()}
  def decode(%V1.Term{} = message), do: message |> unpack() |> named()

  defbang decode(message :: V1.Term.t()) :: term()

  defp named({:ok, value}), do: {:ok, value}
  defp named({:error, problem}), do: {:error, Error.validation(problem, "bad_term")}

  # As `encode/1` and `decode/1`, for those that say what the value is part of.
  @doc false
  @spec pack(term()) :: {:ok, V1.Term.t()} | {:error, String.t()}
  def pack(value) do
    {packed, tensors} = Encoder.encode(value)
    {:ok, %V1.Term{msgpack: packed, tensors: tensors}}
  catch
    {:term, reason} -> {:error, format_reason(reason)}
  end

  @doc false
  @spec unpack(V1.Term.t()) :: {:ok, term()} | {:error, String.t()}
  def unpack(%V1.Term{msgpack: ""}), do: {:ok, nil}

  def unpack(%V1.Term{msgpack: packed, tensors: tensors}) do
    with {:ok, tensors} <- decode_tensors(tensors, []),
         do: {:ok, packed |> detach() |> Decoder.decode(List.to_tuple(tensors))}
  catch
    {:term, reason} -> {:error, format_reason(reason)}
  end

  # Msgpack of other programs: maps with any keys, and extensions as they are.
  @doc false
  @spec unpack_foreign(binary()) :: {:ok, term()} | {:error, String.t()}
  def unpack_foreign(packed) do
    {:ok, Decoder.decode(packed, :foreign)}
  catch
    {:term, reason} -> {:error, format_reason(reason)}
  end

  # Strings are parts of the text, which is a part of what was received: a caller that keeps a name should
  # not keep the tensors that came with it.
  defp detach(packed) do
    if :binary.referenced_byte_size(packed) > @worth_a_copy + 2 * byte_size(packed),
      do: :binary.copy(packed),
      else: packed
  end

  defp decode_tensors([], acc), do: {:ok, Enum.reverse(acc)}

  defp decode_tensors([message | rest], acc) do
    with {:ok, tensor} <- Vllm.Tensor.from_message(message),
         do: decode_tensors(rest, [tensor | acc])
  end

  # --- reasons: the same words as in terms.py -----------------------------------------------------

  defp format_reason(:too_deep), do: "it nests deeper than #{Extension.max_depth()} levels"

  defp format_reason({:no_python_form, value}) do
    "#{inspect(value, limit: 5, printable_limit: 50)} has no Python form; use nil, booleans, " <>
      "numbers, binaries, lists, tuples, maps, MapSet, Vllm.Tensor, Vllm.Ref, Vllm.Bytes or " <>
      "Vllm.Complex"
  end

  defp format_reason({:bad_ref, ref}) do
    "#{inspect(Map.from_struct(ref))} is no ref: id, session_id and type_name are strings, epoch is " <>
      "an integer from 0 up; pass on refs as the functions return them"
  end

  defp format_reason({:bad_tensor, problem}), do: problem

  defp format_reason({:same_name_twice, keys}) do
    "a map has the same key as atom and as string: #{inspect(keys, limit: 10)}"
  end

  defp format_reason({:integer_too_large, size}) do
    "an integer of #{size} bytes is larger than the #{Extension.max_integer_bytes()} that are sent"
  end

  defp format_reason({:too_large, size}),
    do: "one part of it is of size #{size}; msgpack goes up to 4294967295"

  defp format_reason(:truncated), do: "msgpack ends in the middle of a value"
  defp format_reason({:trailing_bytes, n}), do: "#{n} bytes stand after the msgpack value"
  defp format_reason(:invalid_utf8), do: "a msgpack string is not valid UTF-8"
  defp format_reason({:bad_byte, byte}), do: "msgpack has no type byte #{byte}"

  defp format_reason({:bad_extension, code}),
    do: "msgpack extension #{code} is malformed or not known"

  defp format_reason(:key_is_no_string), do: "a plain msgpack map has a key that is no string"
  defp format_reason(:key_without_value), do: "a map has a key without a value"
  defp format_reason(:same_key_twice), do: "a map has the same key twice"
  defp format_reason(:same_element_twice), do: "a set has the same element twice"
  defp format_reason(:list_expected), do: "a msgpack extension holds no array"
  defp format_reason(:tuple_too_large), do: "a tuple is larger than the BEAM can hold"
end
