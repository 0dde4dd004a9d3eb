defmodule Vllm.Tensor.Chunks do
  @moduledoc false
  # One call whose tensors are too large for a message: they travel in parts on one stream.

  alias Vllm.Bridge.{Connection, Protobuf, V1}
  alias Vllm.Bridge.Frames.Route
  alias Vllm.Tensor.OutgoingRequest
  require Logger

  @path "/vllm.bridge.v1.Chunks/Call"

  # A message is built, parsed and forwarded as a whole. From here on parts are faster, most of all
  # through the pool; and there is no limit in them.
  @min_bytes 4 * 1024 * 1024
  @part_bytes 1024 * 1024

  @doc "From how many bytes of tensors on a call is made in parts."
  @spec min_bytes() :: pos_integer()
  def min_bytes, do: Application.get_env(:vllm_distributed, :chunks_min_bytes, @min_bytes)

  @doc "Makes the call; returns the response and the bytes of those tensors that came in parts."
  @spec call(Vllm.Call.Dispatch.t(), OutgoingRequest.t(), timeout()) ::
          {:ok, binary(), tuple()} | {:error, Connection.reason()}
  def call(call, outgoing, timeout) do
    metadata = call.metadata ++ [{"vllm-method", call.path}]
    options = [timeout: timeout, metadata: metadata]

    # Its parts go by gRPC where the call itself would go in a frame, see `Vllm.Bridge.Frames`.
    with {:ok, stream} <- Connection.bidi_stream(grpc(call.connection), @path, options) do
      case exchange(call, stream, outgoing) do
        {:ok, _body, _chunks} = answer ->
          answer

        {:error, reason} ->
          Connection.cancel(stream)
          {:error, reason}
      end
    end
  end

  defp grpc(%Route{grpc: connection}), do: connection
  defp grpc(pool), do: pool

  defp exchange(call, stream, outgoing) do
    with :ok <- send_request(call, stream, outgoing),
         call.on_sent.(),
         {:ok, first} <- next(stream),
         come = progress(call, :receive, first.sizes),
         {:ok, chunks} <- receive_all(stream, first.sizes, [], come),
         do: finish(stream, first.message, chunks)
  end

  # Counts the bytes of one direction, and tells of them.
  defp progress(%{on_progress: nil}, _direction, _sizes), do: fn _bytes -> :ok end

  defp progress(%{on_progress: tell}, direction, sizes) do
    total = Enum.sum(sizes)
    counted = :counters.new(1, [])

    fn bytes ->
      :counters.add(counted, 1, bytes)
      told(tell, %{direction: direction, bytes: :counters.get(counted, 1), total: total})
    end
  end

  # A function that fails does not end the call.
  defp told(tell, progress) do
    tell.(progress)
    :ok
  catch
    kind, reason ->
      Logger.error("on_progress failed: " <> Exception.format(kind, reason, __STACKTRACE__))
  end

  defp send_request(call, stream, outgoing) do
    {message, {_count, large}} =
      OutgoingRequest.encode(outgoing, {0, []}, fn tensor, {index, large} ->
        place = %V1.ChunkedData{index: index}
        {%{tensor | data: nil, chunks: place}, {index + 1, [tensor.data | large]}}
      end)

    large = Enum.reverse(large)
    sizes = Enum.map(large, &byte_size/1)
    first = %V1.CallPart{message: IO.iodata_to_binary(message), sizes: sizes}

    with :ok <- send_part(stream, first),
         :ok <- send_all(stream, large, progress(call, :send, sizes)),
         :ok <- Connection.half_close(stream) do
      :ok
    else
      # The server has ended the call: its answer says why.
      {:error, {:closed, :ended}} -> :ok
      {:error, reason} -> {:error, reason}
    end
  end

  defp send_all(_stream, [], _went), do: :ok

  defp send_all(stream, [<<part::binary-size(@part_bytes), rest::binary>> | others], went)
       when rest != "" do
    with :ok <- send_part(stream, %V1.CallPart{data: part}) do
      went.(@part_bytes)
      send_all(stream, [rest | others], went)
    end
  end

  defp send_all(stream, [last | others], went) do
    with :ok <- send_part(stream, %V1.CallPart{data: last}) do
      went.(byte_size(last))
      send_all(stream, others, went)
    end
  end

  defp send_part(stream, part), do: Connection.send_message(stream, Protobuf.encode(part))

  defp receive_all(_stream, [], acc, _came), do: {:ok, acc |> Enum.reverse() |> List.to_tuple()}

  defp receive_all(stream, [size | sizes], acc, came) do
    with {:ok, parts} <- receive_one(stream, size, [], came),
         do: receive_all(stream, sizes, [IO.iodata_to_binary(parts) | acc], came)
  end

  defp receive_one(_stream, 0, parts, _came), do: {:ok, Enum.reverse(parts)}

  defp receive_one(stream, left, parts, came) do
    with {:ok, %{data: data}} <- next(stream) do
      case byte_size(data) do
        size when size > 0 and size <= left ->
          came.(size)
          receive_one(stream, left - size, [data | parts], came)

        _none_or_too_many ->
          {:error, {:protocol, {:malformed_part, left}}}
      end
    end
  end

  defp next(stream) do
    case Connection.next(stream) do
      {:ok, binary} ->
        with {:error, reason} <- Protobuf.decode(V1.CallPart, binary),
             do: {:error, {:protocol, {:malformed_part, reason}}}

      :done ->
        {:error, {:protocol, {:malformed_part, :ended}}}

      {:error, reason} ->
        {:error, reason}
    end
  end

  # The status of the call comes behind its last part.
  defp finish(stream, message, chunks) do
    case Connection.next(stream) do
      :done -> {:ok, message, chunks}
      {:ok, _more} -> {:error, {:protocol, {:malformed_part, :too_many}}}
      {:error, reason} -> {:error, reason}
    end
  end
end
