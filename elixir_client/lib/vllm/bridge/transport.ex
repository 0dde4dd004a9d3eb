defmodule Vllm.Bridge.Transport do
  @moduledoc false
  # How the calls of this client use `Vllm.Bridge.Connection`.

  alias Vllm.Bridge.Connection
  alias Vllm.Error

  @doc "Sends a request and waits for its response. Never exits."
  @spec unary(pid(), String.t(), iodata(), timeout(), [{binary(), binary()}]) ::
          {:ok, binary()} | {:error, Connection.reason()}
  def unary(connection, path, request, timeout, metadata) do
    case Connection.unary(connection, path, request, timeout: timeout, metadata: metadata) do
      # The connection process was already gone, so that nothing was sent.
      {:error, {:closed, :noproc}} -> {:error, {:unprocessed, :noproc}}
      result -> result
    end
  end

  @doc "The error for a pool that could not be reached or was lost."
  @spec lost_pool(Connection.reason(), String.t(), map()) :: Error.t()
  def lost_pool({:closed, _} = reason, what, config) do
    %Error{
      category: :pool,
      reason: "pool_connection_lost",
      message:
        "the connection to the pool at #{config.endpoint} broke during #{what}: " <>
          Connection.format_reason(reason)
    }
  end

  def lost_pool({:protocol, _} = reason, what, config) do
    %Error{
      category: :grpc_error,
      reason: "protocol_error",
      message:
        "#{what} at #{config.endpoint} failed on the wire: #{Connection.format_reason(reason)}"
    }
  end

  def lost_pool(reason, what, config) do
    %Error{
      category: :pool,
      reason: "pool_unreachable",
      message:
        "the pool at #{config.endpoint} could not be reached for #{what}: #{Connection.format_reason(reason)}"
    }
  end
end
