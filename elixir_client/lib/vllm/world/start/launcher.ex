defmodule Vllm.World.Launcher do
  @moduledoc false
  # Starts, restarts and stops worlds at the pool.

  alias Vllm.Bridge.{Connections, Owners, PoolClient, V1}
  alias Vllm.{Deadline, Error, Options, Session, Telemetry, World}
  alias Vllm.World.{Info, Layout, Progress, Ray, Resolve, Schemas, Starting, Supervised}

  # The pool bounds the start itself and says why it failed; this is for a pool that does not answer.
  @default_timeout 120_000
  @grace 30_000

  @doc "An id for a world that is not given one."
  @spec new_id() :: String.t()
  def new_id, do: "world-" <> Base.encode16(:crypto.strong_rand_bytes(4), case: :lower)

  @doc "See `Vllm.World.start/1`."
  @spec start(term()) :: {:ok, World.t()} | {:error, Error.t()}
  def start(opts) do
    with {:ok, opts} <- Options.parse(opts, Schemas.start(), "Vllm.World.start"),
         {:ok, config} <- Connections.config(opts.bridge),
         do: start(opts.world_id || new_id(), opts, config)
  end

  @doc "Starts a world, of checked options; the calling process owns it unless it is detached."
  @spec start(String.t(), map(), Connections.config()) :: {:ok, World.t()} | {:error, Error.t()}
  def start(id, opts, config) do
    # The name is owned before the world exists: so the owners' process can stop it if this process dies.
    given = opts.world_id
    owned? = not opts.detached

    if owned? and given == nil, do: Owners.own(opts.bridge, {:world, id})
    result = launch("StartWorld", request(id, opts, config), id, opts, config)

    case result do
      {:ok, _world} when owned? -> Owners.own(opts.bridge, {:world, id})
      {:error, _error} when owned? and given == nil -> Owners.disown(opts.bridge, {:world, id})
      _detached_or_not_ours -> :ok
    end

    result
  end

  @doc "Starts a world again, with new sessions; of checked options."
  @spec restart(String.t(), map()) :: {:ok, World.t()} | {:error, Error.t()}
  def restart(id, opts) do
    with {:ok, config} <- Connections.config(opts.bridge),
         before = Connections.session_ids(opts.bridge, id),
         request = %V1.RestartWorldRequest{world_id: id, client_id: config.client_id},
         {:ok, world} <- launch("RestartWorld", request, id, opts, config),
         :ok <- Connections.unbind(opts.bridge, before -- world.session_ids),
         do: {:ok, world}
  end

  @doc "See `Vllm.World.stop/2`."
  @spec stop(World.world() | Starting.t(), term()) :: :ok | {:error, Error.t()}
  def stop(world, opts) do
    if Resolve.name?(world) do
      with {:ok, _opts} <- Options.parse(opts, Schemas.by_id(), "Vllm.World.stop"),
           do: Supervised.stop(world)
    else
      stop = fn id, opts -> stop(id, opts.bridge, known(world), "") end
      Resolve.with_id(world, opts, Schemas.by_id(), "stop", stop)
    end
  end

  # What telemetry says of it.
  defp known(%World{} = world), do: Map.take(world, [:epoch, :world_size])
  defp known(_by_id), do: %{}

  # `why` is told to those who call it later.
  defp stop(id, bridge, known, why) do
    facts = %{world_id: id, bridge: bridge, epoch: nil, world_size: nil, restart: false}
    Telemetry.world_stop(Map.merge(facts, known), fn -> stop(id, bridge, why) end)
  end

  @doc "Stops a world on behalf of its owner, which has ended."
  @spec stop_for(pid(), String.t(), atom()) :: :ok | {:error, Error.t()}
  def stop_for(owner, id, bridge) do
    why =
      "its owner, the process #{inspect(owner)}, has ended (`detached: true` keeps a world from ending " <>
        "with the process that starts it)"

    stop(id, bridge, %{}, why)
  end

  defp stop(id, bridge, why) do
    with {:ok, config} <- Connections.config(bridge),
         request = %V1.StopWorldRequest{world_id: id, reason: why},
         {:ok, _response} <- PoolClient.call(config, "StopWorld", request, V1.StopWorldResponse) do
      Owners.forget(bridge, {:world, id})
      Connections.unbind(bridge, Connections.session_ids(bridge, id))
    end
  end

  defp launch(method, request, id, opts, config) do
    restart? = method == "RestartWorld"
    facts = %{world_id: id, bridge: opts.bridge, epoch: nil, world_size: nil, restart: restart?}

    Telemetry.world_start(facts, &Map.take(&1, [:epoch, :world_size]), fn ->
      timeout = with_grace(opts.timeout || @default_timeout)
      progress = Progress.start(opts.on_progress, id, opts.bridge)
      result = PoolClient.call(config, method, request, V1.World, timeout)
      result = with {:error, error} <- result, do: {:error, hinted(error)}
      Progress.finish(progress, started(result))
      with {:ok, message} <- result, do: message |> from_message(opts.bridge) |> bind()
    end)
  end

  defp with_grace(:infinity), do: :infinity
  defp with_grace(timeout), do: timeout + @grace

  # A rank that ran out of time does not say whose timeout that was.
  defp hinted(%Error{category: :timeout, rank: rank} = error) when rank != nil do
    hint = ". Raise `timeout` of Vllm.World.start/1"
    %{error | message: error.message <> hint}
  end

  defp hinted(error), do: error

  defp started({:ok, message}), do: Info.from_message(message)
  defp started({:error, _error}), do: nil

  # A world that nobody can use must not be left running.
  defp bind(world) do
    with {:error, error} <- Connections.bind(world.bridge, world.sessions) do
      stop(world.id, world.bridge, "")
      {:error, error}
    else
      :ok -> {:ok, world}
    end
  end

  defp request(id, opts, config) do
    %V1.StartWorldRequest{
      world_id: id,
      backend: opts.backend || "",
      timeout: opts.timeout && Deadline.duration(opts.timeout),
      pool_name: opts.pool_name || config.defaults.pool_name || "",
      gate: opts.gate,
      concurrent: opts.concurrent,
      on_failure: Info.on_failure(opts.on_failure),
      spare_ranks: opts.spare_ranks,
      distributed_executor_backend: opts.distributed_executor_backend || "",
      nnodes: opts.nnodes || 0,
      ray: Ray.message(opts.ray),
      client_id: if(opts.detached, do: "", else: config.client_id)
    }
    |> struct!(Map.take(opts, Schemas.sizes()))
  end

  @doc "A world of the pool's message."
  @spec from_message(struct(), atom()) :: World.t()
  def from_message(%V1.World{} = message, bridge) do
    sessions =
      for rank <- message.ranks do
        %Session{
          id: rank.session_id,
          rank: rank.rank,
          bridge: bridge,
          pool_name: message.pool_name,
          affinity: :strict_queue,
          endpoint: rank.endpoint,
          frames_endpoint: rank.frames_endpoint,
          far_endpoint: rank.far_endpoint,
          world_id: message.world_id,
          epoch: message.epoch,
          pid: rank.pid
        }
      end

    %World{
      id: message.world_id,
      epoch: message.epoch,
      world_size: message.world_size,
      sessions: sessions,
      session_ids: Enum.map(sessions, & &1.id),
      layout: Layout.of(message),
      concurrent: message.concurrent,
      generation: message.generation,
      bridge: bridge
    }
  end
end
