defmodule Vllm.Test.Pool do
  @moduledoc false
  # Answers like a pool, without one: sessions and worlds are simulated.

  alias Vllm.Bridge.{Protobuf, Transport, V1}
  alias Vllm.Error
  alias Vllm.Test.{Calls, Stubs}
  alias Vllm.World.{Layout, Schemas}

  @requests %{
    "OpenSession" => V1.OpenSessionRequest,
    "CloseSession" => V1.CloseSessionRequest,
    "GetSession" => V1.GetSessionRequest,
    "StartWorld" => V1.StartWorldRequest,
    "StopWorld" => V1.StopWorldRequest,
    "GetWorld" => V1.GetWorldRequest,
    "RestartWorld" => V1.RestartWorldRequest,
    "ResizeWorld" => V1.ResizeWorldRequest,
    "ReplaceRanks" => V1.ReplaceRanksRequest,
    "Diagnose" => V1.DiagnoseRequest,
    "Record" => V1.RecordRequest,
    "GetStatus" => V1.GetStatusRequest
  }

  @doc "The answer to a request of the pool's service. A stub of its function may make it fail."
  @spec call(atom(), String.t(), String.t(), binary()) :: Calls.reply()
  def call(bridge, method, path, request) do
    case Map.fetch(@requests, method) do
      {:ok, module} ->
        {:ok, request} = Protobuf.decode(module, request)
        with :ok <- stubbed(bridge, path), do: reply(answer(method, request, bridge))

      :error ->
        {:error, Transport.unimplemented(path)}
    end
  end

  defp reply({:ok, response}), do: {:ok, response |> Protobuf.encode() |> IO.iodata_to_binary()}
  defp reply({:error, error}), do: {:error, Transport.status(error)}

  defp stubbed(bridge, path) do
    callers = [self() | Process.get(:"$callers", [])]

    case Stubs.ask(bridge, {:take, callers, path, []}) do
      {:ok, {:result, {:error, %Error{}} = failed}} ->
        reply(failed)

      {:ok, other} ->
        raise ArgumentError,
              "sessions and worlds work by themselves: a stub of theirs is {:error, %Vllm.Error{}}, " <>
                "got: #{inspect(elem(other, 1), limit: 5)}"

      :error ->
        :ok
    end
  end

  defp answer("OpenSession", request, bridge) do
    case Stubs.ask(bridge, {:sessions, request.session_id}) do
      nil ->
        session = %V1.Session{
          session_id: request.session_id,
          pool_name: named(request.pool_name),
          affinity: affinity(request.affinity),
          client_id: request.client_id
        }

        session = if session.session_id == "", do: named_session(session), else: session
        Stubs.ask(bridge, {:put_session, session})
        {:ok, session}

      session ->
        {:ok, session}
    end
  end

  defp answer("CloseSession", %{session_id: id}, bridge),
    do: {:ok, %V1.CloseSessionResponse{closed: Stubs.ask(bridge, {:close_session, id})}}

  defp answer("GetSession", %{session_id: id}, bridge),
    do: found(Stubs.ask(bridge, {:sessions, id}), "session", id)

  defp answer("StartWorld", request, bridge) do
    case Stubs.ask(bridge, {:worlds, request.world_id}) do
      %V1.World{state: :world_ready} ->
        message = "there is a world #{request.world_id} already; stop it, or give another id"
        {:error, %Error{category: :pool, reason: "world_exists", message: message}}

      _none_or_ended ->
        keep(world(request), bridge)
    end
  end

  defp answer("StopWorld", %{world_id: id}, bridge) do
    case Stubs.ask(bridge, {:worlds, id}) do
      nil ->
        {:ok, %V1.StopWorldResponse{stopped: false}}

      world ->
        for rank <- world.ranks, do: Stubs.ask(bridge, {:close_session, rank.session_id})
        ranks = Enum.map(world.ranks, &%{&1 | state: :dead})
        Stubs.ask(bridge, {:put_world, %{world | state: :world_stopped, ranks: ranks}})
        {:ok, %V1.StopWorldResponse{stopped: true}}
    end
  end

  defp answer("GetWorld", %{world_id: id}, bridge),
    do: found(Stubs.ask(bridge, {:worlds, id}), "world", id)

  defp answer("RestartWorld", %{world_id: id}, bridge) do
    with {:ok, world} <- found(Stubs.ask(bridge, {:worlds, id}), "world", id),
         do: world |> Map.put(:epoch, world.epoch + 1) |> with_ranks() |> keep(bridge)
  end

  defp answer("ResizeWorld", request, bridge) do
    with {:ok, world} <- changeable(request, bridge) do
      replica = div(world.world_size, world.data_parallel_size)
      size = request.data_parallel_size
      world = %{world | data_parallel_size: size, world_size: replica * size}
      change(world, Enum.take(world.ranks, world.world_size), bridge)
    end
  end

  defp answer("ReplaceRanks", request, bridge) do
    with {:ok, world} <- changeable(request, bridge) do
      case request.ranks -- Enum.map(world.ranks, & &1.rank) do
        [] ->
          change(world, Enum.reject(world.ranks, &(&1.rank in request.ranks)), bridge)

        [wrong | _more] ->
          message =
            "rank is #{wrong}; it must be of the world's ranks, 0 to #{world.world_size - 1}"

          {:error, Error.validation(message, "invalid_argument")}
      end
    end
  end

  defp answer("Diagnose", %{world_id: id}, bridge) do
    with {:ok, world} <- found(Stubs.ask(bridge, {:worlds, id}), "world", id),
         do: {:ok, %V1.Diagnosis{text: "all ranks of #{id} are idle", world: world}}
  end

  defp answer("Record", %{world_id: id}, bridge) do
    with {:ok, world} <- found(Stubs.ask(bridge, {:worlds, id}), "world", id) do
      trace = %V1.RecordedFile{name: "trace.json", content: ~s({"traceEvents": []})}
      {:ok, %V1.Recording{files: [trace], world: world}}
    end
  end

  defp answer("GetStatus", _request, bridge) do
    {:ok,
     %V1.PoolStatus{
       version: "memory",
       worlds: Stubs.ask(bridge, {:all, :worlds}),
       sessions: Stubs.ask(bridge, {:all, :sessions})
     }}
  end

  defp found(nil, what, id) do
    message = "there is no #{what} #{id}"
    {:error, %Error{category: :pool, reason: "#{what}_not_found", message: message}}
  end

  defp found(message, _what, _id), do: {:ok, message}

  defp keep(world, bridge) do
    Stubs.ask(bridge, {:put_world, world})
    for rank <- world.ranks, do: Stubs.ask(bridge, {:put_session, session(world, rank)})
    {:ok, world}
  end

  defp world(request) do
    sizes = for name <- Schemas.sizes(), do: {name, Map.fetch!(request, name) || 1}

    %V1.World{
      world_id: request.world_id,
      epoch: 1,
      world_size: request |> Layout.of() |> Keyword.values() |> Enum.product(),
      backend: if(request.backend == "", do: "gloo", else: request.backend),
      gate: request.gate != false,
      on_failure: request.on_failure,
      spare_ranks: request.spare_ranks,
      distributed_executor_backend: backend(request.distributed_executor_backend),
      nnodes: request.nnodes,
      pool_name: named(request.pool_name)
    }
    |> struct!(sizes)
    |> with_ranks()
  end

  defp backend(""), do: "mp"
  defp backend(name), do: name

  defp changeable(%{world_id: id}, bridge) do
    with {:ok, world} <- found(Stubs.ask(bridge, {:worlds, id}), "world", id) do
      if world.state in [:world_ready, :world_degraded] do
        {:ok, world}
      else
        message = "the ranks of #{id} cannot change now: it is not ready. Nothing was changed"
        {:error, Error.validation(message, "world_cannot_change")}
      end
    end
  end

  # The ranks that stay are as they were. A size that a world has already changes nothing.
  defp change(world, stay, bridge) do
    kept = Map.new(stay, &{&1.rank, &1})
    ranks = for rank <- 0..(world.world_size - 1), do: kept[rank] || rank_info(world, rank)

    if ranks == world.ranks do
      {:ok, world}
    else
      for gone <- world.ranks -- ranks, do: Stubs.ask(bridge, {:close_session, gone.session_id})
      alive? = Enum.all?(ranks, &(&1.state == :ready))
      state = if alive?, do: :world_ready, else: :world_degraded
      world = %{world | ranks: ranks, state: state, generation: world.generation + 1}
      keep(if(alive?, do: %{world | failure: ""}, else: world), bridge)
    end
  end

  defp with_ranks(world) do
    ranks = for rank <- 0..(world.world_size - 1), do: rank_info(world, rank)
    %{world | state: :world_ready, ranks: ranks, generation: 0}
  end

  defp rank_info(world, rank) do
    %V1.RankInfo{
      rank: rank,
      local_rank: rank,
      # Of no process; but unlike those before it.
      pid: System.unique_integer([:positive]),
      node: "memory",
      address: "127.0.0.1",
      launcher: world.distributed_executor_backend,
      state: :ready,
      session_id: "#{world.world_id}-#{rank}",
      pool_name: world.pool_name,
      doing: "idle"
    }
  end

  defp session(world, rank) do
    %V1.Session{
      session_id: rank.session_id,
      pool_name: world.pool_name,
      affinity: :strict_queue,
      world_id: world.world_id,
      rank: rank.rank,
      epoch: world.epoch
    }
  end

  defp named(""), do: "default"
  defp named(pool_name), do: pool_name

  defp affinity(:affinity_unspecified), do: :hint
  defp affinity(affinity), do: affinity

  defp named_session(session),
    do: %{session | session_id: "session-#{System.unique_integer([:positive])}"}
end
