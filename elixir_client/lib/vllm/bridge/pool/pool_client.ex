defmodule Vllm.Bridge.PoolClient do
  @moduledoc false
  # Requests to the pool's own services.

  alias Vllm.Bridge.{Connections, Protobuf, Transport}
  alias Vllm.{Deadline, Error}

  @service "/vllm.bridge.v1.Pool/"
  @timeout 30_000

  @doc "One request to the pool; `retries` of those that never arrived."
  @spec call(Connections.config(), String.t(), struct(), module(), timeout()) ::
          {:ok, struct()} | {:error, Error.t()}
  def call(config, method, request, response_module, timeout \\ @timeout) do
    path = @service <> method
    body = Protobuf.encode(request)

    case send_once_or_twice(config, path, body, timeout) do
      {:ok, binary} -> decode(response_module, binary, method)
      {:error, reason} -> {:error, failed(reason, method, config, timeout)}
    end
  end

  # What never arrived may be sent again: the connection was just being lost.
  defp send_once_or_twice(config, path, body, timeout) do
    deadline = Deadline.new(timeout)

    with {:error, {:unprocessed, _}} <-
           Transport.unary(config.pool, path, body, timeout: timeout),
         do: Transport.unary(config.pool, path, body, timeout: Deadline.left(deadline))
  end

  defp decode(module, binary, method) do
    with {:error, reason} <- Protobuf.decode(module, binary) do
      {:error,
       %Error{
         category: :grpc_error,
         reason: "malformed_response",
         message: "the pool's answer to #{method} is unreadable: #{inspect(reason)}"
       }}
    end
  end

  @doc "Whether a call failed by its deadline, whichever side said so first."
  @spec deadline?(term()) :: boolean()
  def deadline?(:deadline_exceeded), do: true
  def deadline?({:status, 4, _text, trailers}), do: not Error.detailed?(trailers)
  def deadline?(_other), do: false

  @spec failed(term(), String.t(), Connections.config(), timeout()) :: Error.t()
  def failed({:status, code, text, trailers} = reason, method, config, timeout) do
    # The server keeps the deadline too, and may be the first to say so.
    if deadline?(reason),
      do: failed(:deadline_exceeded, method, config, timeout),
      else: Error.from_status(code, text, trailers)
  end

  def failed(:deadline_exceeded, method, config, timeout) do
    %Error{
      category: :timeout,
      reason: "deadline_exceeded",
      message:
        "the pool at #{config.endpoint} did not answer #{method} within #{timeout} ms; " <>
          "it may still be at work on it"
    }
  end

  def failed(reason, method, config, _timeout), do: Transport.lost_pool(reason, method, config)
end
