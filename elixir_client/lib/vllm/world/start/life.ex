defmodule Vllm.World.Life do
  @moduledoc false
  # One epoch of a supervised world: starts it, or starts it again, runs `init` on its ranks, and waits for
  # its end. The process owns the world, and ends with the one that started it.

  alias Vllm.Bridge.Owners
  alias Vllm.{Error, Event, World}
  alias Vllm.World.{Elastic, Layout}

  @doc "Starts it; the caller gets `{:ready, pid, world}`, and the exit `{:shutdown, {:life, error}}`."
  @spec start_link(pid(), String.t(), map()) :: pid()
  def start_link(parent, id, opts) do
    spawn_link(fn -> run(parent, id, opts) end)
  end

  defp run(parent, id, opts) do
    with {:ok, world} <- started(id, opts.start),
         :ok <- watched(world),
         :ok <- initialised(world, opts.init) do
      # From here on the parent's end is a message, and the world is stopped before this ends.
      Process.flag(:trap_exit, true)
      send(parent, {:ready, self(), world})
      wait(parent, world, opts.init)
    else
      {:error, error} -> over(error)
    end
  end

  defp started(id, opts) do
    restart_opts =
      [bridge: opts.bridge] ++ if(opts.timeout, do: [timeout: opts.timeout], else: [])

    case World.restart(id, restart_opts) do
      {:ok, world} ->
        Owners.own(opts.bridge, {:world, id})
        {:ok, world}

      # The pool has forgotten it, or is another one.
      {:error, %Error{reason: "world_not_found"}} ->
        opts |> Map.put(:world_id, id) |> given() |> World.start()

      {:error, error} ->
        {:error, error}
    end
  end

  defp given(opts), do: for({key, value} <- opts, value != nil, do: {key, value})

  # A transport in memory tells of nothing: there a world fails by its calls alone.
  defp watched(world) do
    opts = [
      world_id: world.id,
      with_current: true,
      stream_timeout: :infinity,
      bridge: world.bridge
    ]

    case Vllm.Bridge.subscribe(opts) do
      {:ok, subscription} ->
        _its_end_is_a_message = Process.monitor(subscription)
        :ok

      {:error, %Error{reason: "unsupported_by_transport"}} ->
        :ok

      {:error, error} ->
        failed(world, error)
    end
  end

  defp initialised(world, init) do
    with {:error, error} <- initialise(world, init), do: failed(world, error)
  end

  # On the ranks that are there, or new.
  defp initialise(_world, nil), do: :ok
  defp initialise(%World{sessions: []}, _init), do: :ok

  defp initialise(world, init) do
    with {:ok, future} <- World.async_run(world, &init_result(init, &1)),
         {:ok, _values} <- World.await(future) do
      :ok
    else
      {:error, error} ->
        {:error, %{error | message: "`init` of the world failed: " <> error.message}}
    end
  end

  # An `{:error, _}` of a rank is a failure of the run.
  defp init_result(init, rank) do
    case init.(rank) do
      {:error, %Error{} = error} -> raise error
      {:error, other} -> raise "it returned {:error, #{inspect(other, limit: 5)}}"
      other -> other
    end
  end

  defp failed(world, error) do
    World.stop(world)
    {:error, error}
  end

  defp wait(parent, world, init) do
    %World{id: id, epoch: epoch, generation: generation} = world

    receive do
      {:change, change} ->
        result = Elastic.request(world, change)
        changed(parent, world, init, result)

      {:vllm_event, _subscription, %Event{kind: :world, world: %{epoch: ^epoch} = info}}
      when info.generation > generation and info.state in [:ready, :degraded] ->
        send(parent, {:changing, self()})
        changed(parent, world, init, Elastic.fetch(world))

      {:vllm_event, _subscription, %Event{kind: :world, world: %{epoch: ^epoch} = info}}
      when info.state in [:failed, :stopped] ->
        Owners.disown(world.bridge, {:world, id})
        over(ended(info))

      # A later life of it, which somebody else has started.
      {:vllm_event, _subscription, %Event{kind: :world, epoch: later}} when later > epoch ->
        Owners.disown(world.bridge, {:world, id})

        over(%Error{
          category: :pool,
          reason: "world_failed",
          message: "somebody has started #{id} again"
        })

      {:vllm_event, _subscription, {:error, error}} ->
        World.stop(world)
        over(error)

      # Killed with its bridge.
      {:DOWN, _monitor, :process, _subscription, _reason} ->
        World.stop(world)
        over(%Error{category: :pool, reason: "bridge_stopped", message: "the bridge has ended"})

      {:EXIT, ^parent, _reason} ->
        World.stop(world)

      _other ->
        wait(parent, world, init)
    end
  end

  # Ranks without what `init` gives them are of no use: then the world is started again.
  defp changed(parent, before, init, {:ok, world} = result) do
    new = Elastic.new_ranks(before, world)

    case initialise(Layout.only(world, new), init) do
      :ok ->
        send(parent, {:changed, self(), result, world})
        wait(parent, world, init)

      {:error, error} ->
        World.stop(world)
        over(error)
    end
  end

  defp changed(parent, before, init, {:error, _error} = failed) do
    send(parent, {:changed, self(), failed, before})
    wait(parent, before, init)
  end

  defp ended(%{state: :failed} = info) do
    %Error{
      category: :worker,
      reason: "world_failed",
      message: info.failure || "world #{info.id} has failed"
    }
  end

  defp ended(info) do
    %Error{
      category: :pool,
      reason: "world_stopped",
      message: "world #{info.id} was stopped"
    }
  end

  @spec over(Error.t()) :: no_return()
  defp over(error), do: exit({:shutdown, {:life, error}})
end
