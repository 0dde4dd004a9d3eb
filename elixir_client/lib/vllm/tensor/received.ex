defmodule Vllm.Tensor.Received do
  @moduledoc false
  # An answer whose tensors may be outside it: in the segment that was lent to the call, or in chunks.

  alias Vllm.Bridge.V1
  alias Vllm.Tensor.{Lease, OutgoingRequest, Segments}

  @enforce_keys [:body, :bridge, :session_id]
  defstruct [:body, :bridge, :session_id, lease: nil, chunks: {}]

  @type t :: %__MODULE__{
          body: binary(),
          bridge: atom(),
          session_id: String.t(),
          lease: Lease.t() | nil,
          chunks: tuple()
        }

  @typedoc "Brings the bytes of the tensors in a message (or a map of fields) into it."
  @type bring :: (message :: map() -> {:ok, map()} | {:error, String.t()})

  @doc "Decodes an answer with a function of its bytes and of what brings its tensors."
  @spec open(binary() | t(), (binary(), bring() -> result)) :: result when result: term()
  def open(body, decode) when is_binary(body), do: decode.(body, &{:ok, &1})

  def open(%__MODULE__{lease: nil} = received, decode) do
    # This session gets shared memory from the next call on.
    if byte_size(received.body) >= OutgoingRequest.min_bytes(),
      do: Segments.want(received.bridge, received.session_id)

    decode.(received.body, &bring(&1, received))
  end

  def open(%__MODULE__{lease: lease} = received, decode) do
    decode.(received.body, &bring(&1, received))
  after
    Segments.give_back(lease)
  end

  @doc "The bytes of an answer without those of its tensors outside."
  @spec body(binary() | t()) :: binary()
  def body(%__MODULE__{body: body}), do: body
  def body(body), do: body

  defp bring(message, received) do
    {:ok, each(message, received)}
  catch
    {:elsewhere, problem} -> {:error, problem}
  end

  defp each(%V1.Tensor{} = tensor, received) do
    case read(tensor, received) do
      {:ok, tensor} -> tensor
      {:error, problem} -> throw({:elsewhere, problem})
    end
  end

  defp each(%V1.Term{} = term, received), do: %{term | tensors: each(term.tensors, received)}
  defp each(%V1.TensorList{} = list, received), do: %{list | values: each(list.values, received)}
  defp each(%_other{} = message, _received), do: message

  defp each([message | _rest] = messages, received) when is_map(message),
    do: Enum.map(messages, &each(&1, received))

  # The fields of a response, by number.
  defp each(%{} = fields, received),
    do: Map.new(fields, fn {number, value} -> {number, each(value, received)} end)

  defp each(other, _received), do: other

  defp read(%V1.Tensor{shared_memory: %V1.SharedMemory{} = place} = tensor, %{lease: lease}) do
    with {:ok, data} <- Lease.read(lease, place),
         do: {:ok, %{tensor | data: data, shared_memory: nil}}
  end

  defp read(%V1.Tensor{chunks: %V1.ChunkedData{index: index}} = tensor, %{chunks: chunks})
       when index < tuple_size(chunks),
       do: {:ok, %{tensor | data: elem(chunks, index), chunks: nil}}

  # What is elsewhere still, `Vllm.Tensor.from_message/1` refuses.
  defp read(tensor, _received), do: {:ok, tensor}
end
