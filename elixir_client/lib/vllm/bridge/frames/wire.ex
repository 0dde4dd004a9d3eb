defmodule Vllm.Bridge.Frames.Wire do
  @moduledoc false
  # The frames of calls with one request and one answer, as bytes (proto/vllm/bridge/v1/frames.proto).
  #
  # A request is not copied into its frame. The usual reply is read here: where calls are some time apart,
  # `Vllm.Bridge.Protobuf` takes 7 us for it, this 2. What is less usual is read by that.

  import Bitwise

  alias Vllm.Bridge.Connection.Grpc
  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.Bridge.V1.Frame

  # Tags of Frame: id, call, reply; of Frame.Call and Frame.Reply: body.
  @id 0x08
  @call 0x12
  @reply 0x1A
  @call_body 0x22
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

  @doc "What of a call is known before it is sent; `size` is the request's."
  @spec call(path :: binary(), request :: iodata(), size :: non_neg_integer(), metadata :: term()) ::
          {:ok, fields()} | {:error, {:invalid_metadata, term()}}
  def call(path, request, size, metadata) do
    with {:ok, pairs} <- pairs(metadata, []) do
      head = Protobuf.encode(%Frame.Call{method: path, metadata: pairs})
      body = if size == 0, do: [], else: [@call_body, varint(size) | request]
      fields = [head | body]
      {:ok, {fields, IO.iodata_length(fields)}}
    end
  end

  @doc "More metadata of a call."
  @spec metadata([{binary(), binary()}]) ::
          {:ok, fields()} | {:error, {:invalid_metadata, term()}}
  def metadata(metadata) do
    with {:ok, pairs} <- pairs(metadata, []) do
      fields = Protobuf.encode(%Frame.Call{metadata: pairs})
      {:ok, {fields, IO.iodata_length(fields)}}
    end
  end

  defp pairs([], acc), do: {:ok, Enum.reverse(acc)}

  defp pairs([{name, value} | rest], acc) when is_binary(name) and is_binary(value) do
    with {:ok, name, _kind} <- Grpc.field(name, value),
         do: pairs(rest, [%Frame.Pair{key: name, value: value} | acc])
  end

  defp pairs(other, _acc), do: {:error, {:invalid_metadata, other}}

  @doc "The frame of a call; `timeout_us` 0 is none, `authorization` more metadata."
  @spec frame(pos_integer(), non_neg_integer(), authorization :: fields(), fields()) :: iodata()
  def frame(id, timeout_us, {authorization, more}, {fields, size}) do
    timeout = Protobuf.encode(%Frame.Call{timeout_us: timeout_us})
    size = size + more + IO.iodata_length(timeout)
    [@id, varint(id), @call, varint(size), timeout, authorization | fields]
  end

  defp varint(value) when value < 0x80, do: <<value>>
  defp varint(value), do: <<1::1, value::7, varint(value >>> 7)::binary>>

  @doc "The frame that gives a call up."
  @spec cancel(pos_integer()) :: iodata()
  def cancel(id), do: Protobuf.encode(%Frame{id: id, cancel: %Frame.Cancel{}})

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
          {:ok, {:reply, frame.id, reply.body, of(reply.trailers)}}

        [{:failure, %{code: code} = failure}] when code > 0 ->
          {:ok, {:failure, frame.id, code, failure.message, trailers(failure)}}

        other ->
          {:error, {:unexpected_frame, frame.id, Keyword.keys(other)}}
      end
    end
  end

  defp trailers(%Frame.Failure{error: nil} = failure), do: of(failure.trailers)

  defp trailers(%Frame.Failure{error: %V1.ErrorDetail{} = detail} = failure),
    do: [{@error, IO.iodata_to_binary(Protobuf.encode(detail))} | of(failure.trailers)]

  defp of(pairs), do: for(%Frame.Pair{key: key, value: value} <- pairs, do: {key, value})
end
