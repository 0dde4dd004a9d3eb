defmodule Vllm.Bridge.Transport.Memory do
  @moduledoc """
  A transport without a server, for tests: `Vllm.Test` says what calls return.

      {Vllm.Bridge, transport: Vllm.Bridge.Transport.Memory}

  Sessions and worlds work: `Vllm.World.start/1` returns a simulated world with a session for every rank,
  and `Vllm.World.run/3` runs in it. Calls and answers go through the real encoding.
  """

  @behaviour Vllm.Bridge.Transport

  alias Vllm.Bridge.Transport
  alias Vllm.Test.{Calls, Pool, Stubs}

  @impl Transport
  @spec init(atom(), keyword()) ::
          {:ok, Transport.handle(), [{module(), term()}]} | {:error, String.t()}
  def init(bridge, []), do: {:ok, bridge, [{Stubs, bridge}]}

  def init(_bridge, options),
    do: {:error, "takes no options, got: #{inspect(options, limit: 5)}"}

  @impl Transport
  @spec unary(atom(), String.t(), binary(), keyword()) ::
          {:ok, binary()} | {:error, Vllm.Bridge.Connection.reason()}
  def unary(bridge, path, request, options) do
    started = System.monotonic_time(:millisecond)
    result = answer(bridge, path, request, Keyword.get(options, :metadata, []))
    timeout = Keyword.get(options, :timeout, :infinity)

    # The stub runs in the caller's process and is not interrupted; but it came too late.
    if timeout != :infinity and System.monotonic_time(:millisecond) - started >= timeout,
      do: {:error, :deadline_exceeded},
      else: result
  end

  defp answer(bridge, "/vllm.bridge.v1.Pool/" <> method = path, request, _metadata),
    do: Pool.call(bridge, method, path, request)

  defp answer(bridge, path, request, metadata), do: Calls.call(bridge, path, request, metadata)
end
