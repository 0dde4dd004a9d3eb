defmodule Vllm.Bridge.Connection.Call do
  @moduledoc false
  # The answer to one unary call while it arrives.

  alias Vllm.Bridge.Connection.{Grpc, Inbox}

  @enforce_keys [:ref, :monitor, :max_size]
  defstruct [
    :ref,
    :monitor,
    :max_size,
    status: :error,
    trailers: [],
    chunks: [],
    headers: [],
    size: 0,
    needed: 0,
    full?: false,
    large?: false
  ]

  @typedoc """
  * `ref`: the caller's alias; `monitor`: ours of the caller
  * `chunks`: the body so far, latest first; `size` is their size
  * `full?`: whether the caller wants the metadata of the answer, and `headers` what began it
  * `large?`: whether the request was worth collecting garbage after it
  * `needed`: the size of the body when it is complete, 0 until its prefix is there
  """
  @type t :: %__MODULE__{}
  @type failure :: {:error, {:protocol, term()}}
  @type reply_metadata :: %{headers: Grpc.metadata(), trailers: Grpc.metadata()}

  # The flag and the length before a message.
  @prefix 5

  @doc "The response began."
  @spec headers(t(), [{binary(), binary()}]) :: {:ok, t()} | failure()
  def headers(call, fields) do
    with :ok <- check_headers(fields) do
      call = if call.full?, do: %{call | headers: fields}, else: call
      {:ok, trailers(call, fields)}
    end
  end

  @doc "Whether this is how a gRPC response begins."
  @spec check_headers([{binary(), binary()}]) :: :ok | failure()
  def check_headers([{":status", "200"} | fields]) do
    case List.keyfind(fields, "content-type", 0) do
      {_, "application/grpc" <> _} -> :ok
      {_, other} -> {:error, {:protocol, {:content_type, other}}}
      nil -> {:error, {:protocol, {:content_type, nil}}}
    end
  end

  def check_headers([{":status", status} | _]),
    do: {:error, {:protocol, {:http_status, String.to_integer(status)}}}

  @doc "Part of the body."
  @spec data(t(), binary()) :: {:ok, t()} | failure()
  def data(call, chunk) do
    size = call.size + byte_size(chunk)
    call = %{call | chunks: Inbox.add_piece(call.chunks, chunk), size: size}

    if call.needed == 0 and size >= @prefix, do: prefix(call), else: check(call)
  end

  defp prefix(call) do
    body = body(call)

    case body do
      <<0, size::32, _::binary>> when size > call.max_size ->
        {:error, {:protocol, {:message_too_large, size, call.max_size}}}

      <<0, size::32, _::binary>> ->
        check(%{call | chunks: [body], needed: size + @prefix})

      <<flag, _::binary>> ->
        {:error, {:protocol, {:message_flag, flag}}}
    end
  end

  defp check(%{size: size, needed: needed}) when needed > 0 and size > needed,
    do: {:error, {:protocol, :second_message}}

  defp check(call), do: {:ok, call}

  @doc "Fields that may carry the status: the trailers, or the headers of an answer without a body."
  @spec trailers(t(), [{binary(), binary()}]) :: t()
  def trailers(call, fields) do
    case Grpc.status(fields) do
      :error -> call
      status -> %{call | status: status, trailers: fields}
    end
  end

  @doc "What the caller gets, once the response is complete."
  @spec result(t()) :: {:ok, binary()} | {:ok, binary(), reply_metadata()} | {:error, term()}
  def result(%{status: {:ok, 0, _}, needed: needed, size: needed} = call) when needed > 0 do
    <<_prefix::binary-size(@prefix), message::binary>> = body(call)
    # A short message would otherwise go out as a reference to what the socket read.
    message = if byte_size(message) <= 64, do: :binary.copy(message), else: message
    if call.full?, do: {:ok, message, reply_metadata(call)}, else: {:ok, message}
  end

  def result(%{status: {:ok, 0, _}}), do: {:error, {:protocol, :incomplete_message}}

  def result(%{status: {:ok, code, message}} = call),
    do: {:error, {:status, code, message, Grpc.decode_metadata(call.trailers)}}

  def result(%{status: :error}), do: {:error, {:protocol, :no_status}}

  defp reply_metadata(call) do
    %{
      headers: Grpc.decode_metadata(call.headers),
      trailers: Grpc.decode_metadata(call.trailers)
    }
  end

  # Always a new binary: one chunk may be a slice of a much larger read.
  defp body(%{chunks: chunks}), do: chunks |> :lists.reverse() |> IO.iodata_to_binary()
end
