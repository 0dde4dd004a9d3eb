defmodule Vllm.Bridge.Transport.Memory do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A transport without a server, for tests: `Vllm.Test` says what calls return.

      {Vllm.Bridge, transport: Vllm.Bridge.Transport.Memory}

  Sessions and worlds work: `Vllm.World.start/1` returns a simulated world with a session for every rank,
  and `Vllm.World.run/3` runs in it. Calls and answers go through the real encoding.
  """

  @behaviour Vllm.Bridge.Transport

  alias Vllm.Bridge.Transport
  alias Vllm.Test.{Calls, Pool, Stubs, Subscriber}

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
    metadata = Keyword.get(options, :metadata, [])
    timeout = Keyword.get(options, :timeout, :infinity)
    session = session(path, metadata)
    if session, do: slowly(Stubs.ask(bridge, {:slow, session}), timeout)

    result =
      case session && Stubs.ask(bridge, {:failed, session}) do
        nil -> answer(bridge, path, request, metadata)
        error -> {:error, Transport.status(error)}
      end

    # The stub runs in the caller's process and is not interrupted; but it came too late.
    if timeout != :infinity and System.monotonic_time(:millisecond) - started >= timeout,
      do: {:error, :deadline_exceeded},
      else: result
  end

  # The pool's own calls, and those about a call, go to no rank.
  defp session("/vllm.bridge.v1.Pool/" <> _method, _metadata), do: nil
  defp session("/vllm.bridge.v1.Rank/" <> _method, _metadata), do: nil

  defp session(_path, metadata) do
    with {_name, id} <- List.keyfind(metadata, "vllm-session-id", 0), do: id
  end

  # The test has said how long a call of that rank takes.
  defp slowly(nil, _timeout), do: :ok
  defp slowly(ms, :infinity), do: wait(ms)
  defp slowly(ms, timeout), do: wait(min(ms, timeout))

  defp wait(ms), do: receive(after: (ms -> :ok))

  @impl Transport
  @spec subscribe(atom(), struct()) :: {:ok, pid()} | {:error, Vllm.Error.t()}
  def subscribe(bridge, request), do: Subscriber.start(bridge, request)

  defp answer(bridge, "/vllm.bridge.v1.Pool/" <> method = path, request, _metadata),
    do: Pool.call(bridge, method, path, request)

  defp answer(bridge, path, request, metadata), do: Calls.call(bridge, path, request, metadata)
end
