defmodule Vllm.Bridge.Status do
  @moduledoc since: "0.1.0"
  @moduledoc "What the server of a bridge has, from `Vllm.Bridge.status/1`."

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Error, Session, World}

  defstruct [:endpoint, :version, :pid, pools: [], ranks: [], worlds: [], sessions: []]

  @typedoc """
  * `endpoint`, `version`, `pid`: of the server
  * `pools`: its pools by name: `size` (ranks), `ready`, `idle`, `queued`, `max_queue`, `sessions`,
    `restarts`, `failure` (why it takes no calls, or nil), `confinement`
  * `ranks`: those outside any world; `worlds`, `sessions`: all there are
  """
  @type t :: %__MODULE__{
          endpoint: String.t(),
          version: String.t(),
          pid: non_neg_integer(),
          pools: [map()],
          ranks: [World.Rank.t()],
          worlds: [World.Info.t()],
          sessions: [Session.t()]
        }

  @pool ~w(name size ready idle queued max_queue sessions restarts failure confinement)a

  @doc false
  @spec ask(atom(), timeout()) :: {:ok, t()} | {:error, Error.t()}
  def ask(bridge, timeout \\ 30_000) do
    with {:ok, config} <- Connections.config(bridge),
         request = %V1.GetStatusRequest{},
         {:ok, message} <- PoolClient.call(config, "GetStatus", request, V1.PoolStatus, timeout) do
      {:ok,
       %__MODULE__{
         endpoint: config.endpoint,
         version: message.version,
         pid: message.pid,
         pools: Enum.map(message.pools, &pool/1),
         ranks: Enum.map(message.ranks, &World.Info.rank/1),
         worlds: Enum.map(message.worlds, &World.Info.from_message/1),
         sessions: Enum.map(message.sessions, &Session.from_message(&1, bridge))
       }}
    end
  end

  defp pool(message) do
    pool = Map.take(message, @pool)
    %{pool | failure: if(pool.failure == "", do: nil, else: pool.failure)}
  end
end
