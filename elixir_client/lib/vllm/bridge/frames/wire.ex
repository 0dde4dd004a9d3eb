defmodule Vllm.Bridge.Frames.Wire do
  @moduledoc false
  # The frames of calls with one request and one answer, as bytes (proto/vllm/bridge/v1/frames.proto).
  #
  # The usual frames are written and read here field by field: `Vllm.Bridge.Protobuf` takes 15 us for a call
  # and its reply, a tenth of the whole call. What is less usual is read by it.

  import Bitwise

  alias Vllm.Bridge.Connection.Grpc
  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.Bridge.V1.Frame

  # Tags of Frame: id, call, reply, cancel.
  @id 0x08
  @call 0x12
  @reply 0x1A
  @cancel 0x2A

  # Tags of Frame.Call: method, timeout_us, metadata, body; of Frame.Pair: key, value; of Frame.Reply: body.
  @method 0x0A
  @timeout 0x10
  @metadata 0x1A
  @body 0x22
  @key 0x0A
  @value 0x12
  @reply_body 0x0A

  # A smaller piece of what a socket read is copied, so that it does not keep all of that.
  @small 8 * 1024

  @error "vllm-error-bin"

  @typedoc "Fields of a message, and how many bytes they have."
  @type fields :: {iodata(), size :: non_neg_integer()}

  @type answer ::
          {:reply, id :: pos_integer(), body :: binary(), trailers :: Grpc.metadata()}
          | {:failure, id :: non_neg_integer(), code :: non_neg_integer(), message :: String.t(),
             trailers :: Grpc.metadata()}

  @doc "What of a call is known before it is sent."
  @spec call(path :: binary(), request :: iodata(), size :: non_neg_integer(), metadata :: term()) ::
          {:ok, fields()} | {:error, {:invalid_metadata, term()}}
  def call(path, request, size, metadata) do
    head = [@method, varint(byte_size(path)) | path]

    with {:ok, {pairs, pairs_size}} <- metadata(metadata) do
      body = if size == 0, do: [], else: [@body, varint(size) | request]
      {:ok, {[head, pairs | body], field_size(byte_size(path)) + pairs_size + field_size(size)}}
    end
  end

  @doc "Pairs of metadata as fields of a call."
  @spec metadata(term()) :: {:ok, fields()} | {:error, {:invalid_metadata, term()}}
  def metadata(pairs), do: metadata(pairs, [], 0)

  defp metadata([], acc, size), do: {:ok, {acc, size}}

  defp metadata([{name, value} | rest], acc, size) when is_binary(name) and is_binary(value) do
    with {:ok, name, _kind} <- Grpc.field(name, value) do
      pair_size = field_size(byte_size(name)) + field_size(byte_size(value))
      key = [@key, varint(byte_size(name)) | name]
      value = if value == "", do: [], else: [@value, varint(byte_size(value)) | value]
      pair = [@metadata, varint(pair_size), key | value]
      metadata(rest, [acc | pair], size + field_size(pair_size))
    end
  end

  defp metadata(other, _acc, _size), do: {:error, {:invalid_metadata, other}}

  @doc "The frame of a call; `timeout_us` 0 is none, `authorization` more metadata."
  @spec frame(pos_integer(), non_neg_integer(), authorization :: fields(), fields()) :: iodata()
  def frame(id, timeout_us, {authorization, more}, {fields, size}) do
    timeout = if timeout_us == 0, do: <<>>, else: [@timeout | varint(timeout_us)]
    size = size + more + IO.iodata_length(timeout)
    [@id, varint(id), @call, varint(size), timeout, authorization | fields]
  end

  @doc "The frame that gives a call up."
  @spec cancel(pos_integer()) :: iodata()
  def cancel(id), do: [@id, varint(id), @cancel, 0]

  # A field of bytes that is empty is left out.
  defp field_size(0), do: 0
  defp field_size(size), do: 1 + varint_size(size) + size

  defp varint_size(value) when value < 0x80, do: 1
  defp varint_size(value), do: 1 + varint_size(value >>> 7)

  defp varint(value) when value < 0x80, do: <<value>>
  defp varint(value), do: <<1::1, value::7, varint(value >>> 7)::binary>>

  # --- reading ----------------------------------------------------------------------------------

  @doc "What the rank says in a frame."
  @spec decode(binary()) :: {:ok, answer()} | {:error, term()}
  def decode(<<@id, rest::binary>> = frame) do
    with {id, <<@reply, rest::binary>>} when id > 0 <- take(rest, 0, 0),
         {:ok, reply} <- all(rest),
         {:ok, body} <- body(reply) do
      {:ok, {:reply, id, own(body, frame), []}}
    else
      _unusual -> decode_any(frame)
    end
  end

  def decode(frame), do: decode_any(frame)

  defp body(""), do: {:ok, ""}
  defp body(<<@reply_body, rest::binary>>), do: all(rest)
  defp body(_unusual), do: :unusual

  # A length, and as many bytes up to the end.
  defp all(binary) do
    case take(binary, 0, 0) do
      {size, rest} when size == byte_size(rest) -> {:ok, rest}
      _shorter_or_longer -> :unusual
    end
  end

  # Lengths and ids that take more than eight bytes are not the usual ones.
  defp take(<<0::1, bits::7, rest::binary>>, shift, acc), do: {acc ||| bits <<< shift, rest}

  defp take(<<1::1, bits::7, rest::binary>>, shift, acc) when shift < 49,
    do: take(rest, shift + 7, acc ||| bits <<< shift)

  defp take(_longer, _shift, _acc), do: :unusual

  defp own(body, frame) when byte_size(body) <= @small or 2 * byte_size(body) < byte_size(frame),
    do: :binary.copy(body)

  defp own(body, _frame), do: body

  defp decode_any(binary) do
    with {:ok, frame} <- Protobuf.decode(Frame, :binary.copy(binary)) do
      case for {kind, %_{} = value} <- Map.from_struct(frame), do: {kind, value} do
        [{:reply, reply}] when frame.id > 0 ->
          {:ok, {:reply, frame.id, reply.body, pairs(reply.trailers)}}

        [{:failure, %{code: code} = failure}] when code > 0 ->
          {:ok, {:failure, frame.id, code, failure.message, trailers(failure)}}

        other ->
          {:error, {:unexpected_frame, frame.id, Keyword.keys(other)}}
      end
    end
  end

  defp trailers(%Frame.Failure{error: nil} = failure), do: pairs(failure.trailers)

  defp trailers(%Frame.Failure{error: %V1.ErrorDetail{} = detail} = failure),
    do: [{@error, IO.iodata_to_binary(Protobuf.encode(detail))} | pairs(failure.trailers)]

  defp pairs(pairs), do: for(%Frame.Pair{key: key, value: value} <- pairs, do: {key, value})
end
