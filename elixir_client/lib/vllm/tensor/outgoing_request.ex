defmodule Vllm.Tensor.OutgoingRequest do
  @moduledoc false
  # A request before it is sent. Large tensors may travel outside the message: the client decides that when
  # it knows where the call goes. A request without large tensors, whose answer has none either, is just
  # its bytes.

  alias Vllm.Bridge.{Protobuf, V1}

  # Smaller tensors travel inside their message, which is faster: see docs/tensors.md.
  @min_bytes 256 * 1024

  @enforce_keys [:fields]
  defstruct [:fields, large: 0, expected: 0]

  @type field :: {pos_integer(), Protobuf.type(), Protobuf.label(), term()}

  @typedoc """
  * `fields`: of the request, their messages not encoded yet
  * `large`: bytes of the tensors that are large enough to travel by themselves
  * `expected`: bytes of tensors that the answer is known to bring
  """
  @type t :: %__MODULE__{
          fields: [field()],
          large: non_neg_integer(),
          expected: non_neg_integer()
        }

  @typedoc "A request as `Vllm.Call.Dispatch` takes it."
  @type body :: iodata() | t()

  @doc "From how many bytes on a tensor travels by itself."
  @spec min_bytes() :: pos_integer()
  def min_bytes, do: Application.get_env(:vllm_distributed, :shared_memory_min_bytes, @min_bytes)

  @doc """
  The body for a request of these fields. `answered?`: whether tensors may come back; `expected`: how many
  bytes of them, where that is known.
  """
  @spec new([field()], answered? :: boolean(), expected :: non_neg_integer()) :: body()
  def new(fields, answered?, expected \\ 0) do
    min = min_bytes()
    {_fields, large} = map(fields, 0, &{&1, &2 + large(&1, min)})

    if large > 0 or answered?,
      do: %__MODULE__{fields: fields, large: large, expected: expected},
      else: encoded(fields)
  end

  @doc "The body for a request that is a message; `expected` as in `new/3`."
  @spec of(struct() | t(), non_neg_integer()) :: body()
  def of(message, expected \\ 0)
  def of(%__MODULE__{} = outgoing, _expected), do: outgoing

  def of(%module{} = message, expected) do
    fields =
      for {key, number, type, label} <- module.__fields__(),
          do: {number, type, label, Map.fetch!(message, key)}

    new(fields, true, expected)
  end

  defp large(%V1.Tensor{data: data}, min) when is_binary(data) and byte_size(data) >= min,
    do: byte_size(data)

  defp large(_small, _min), do: 0

  @doc "The bytes, with every tensor inside."
  @spec inline(body()) :: iodata()
  def inline(%__MODULE__{fields: fields}), do: encoded(fields)
  def inline(body), do: body

  @doc "How many bytes that are."
  @spec size(body()) :: non_neg_integer()
  def size(body), do: body |> inline() |> IO.iodata_length()

  @doc "The bytes after every large tensor went through the function, with what it kept."
  @spec encode(t(), acc, (struct(), acc -> {struct(), acc})) :: {iodata(), acc} when acc: term()
  def encode(%__MODULE__{fields: fields}, acc, place) do
    min = min_bytes()

    {fields, acc} =
      map(fields, acc, fn tensor, acc ->
        if large(tensor, min) > 0, do: place.(tensor, acc), else: {tensor, acc}
      end)

    {encoded(fields), acc}
  end

  defp encoded(fields) do
    for {number, type, label, value} <- fields,
        do: Protobuf.encode_field(number, type, label, value)
  end

  # Every tensor of the request.
  defp map(fields, acc, fun) do
    Enum.map_reduce(fields, acc, fn {number, type, label, value}, acc ->
      {value, acc} = value(value, acc, fun)
      {{number, type, label, value}, acc}
    end)
  end

  defp value(%V1.Tensor{} = tensor, acc, fun), do: fun.(tensor, acc)

  defp value(%V1.TensorList{} = list, acc, fun) do
    {values, acc} = Enum.map_reduce(list.values, acc, fun)
    {%{list | values: values}, acc}
  end

  defp value(%V1.Term{tensors: []} = term, acc, _fun), do: {term, acc}

  defp value(%V1.Term{} = term, acc, fun) do
    {tensors, acc} = Enum.map_reduce(term.tensors, acc, fun)
    {%{term | tensors: tensors}, acc}
  end

  defp value([%V1.Tensor{} | _rest] = tensors, acc, fun), do: Enum.map_reduce(tensors, acc, fun)
  defp value(other, acc, _fun), do: {other, acc}
end
