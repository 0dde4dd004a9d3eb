defmodule Vllm.World.Supervised do
  @moduledoc false
  # A world under a supervisor: this process starts it again when it has failed, and tells callers which
  # world is there now. Each life of the world has a process (`Vllm.World.Life`), which owns it.

  @behaviour GenServer

  alias Vllm.{Deadline, Error, Options, World}
  alias Vllm.World.{Elastic, Launcher, Life, Resolve, Schemas}
  require Logger

  # Before the second attempt in a row, doubled with each one that fails, in ms.
  @pause 100
  @longest_pause 5_000

  # What no restart of the world mends, and no limit of restarts is about: its pool is not there.
  @pool_gone ~w(bridge_not_started bridge_stopped pool_unreachable pool_connection_lost subscription_ended draining world_exists)

  @stop_ms 10_000

  # Milliseconds that a supervisor gives it to stop its world.
  defp shutdown, do: @stop_ms + 5_000

  @doc "See `Vllm.World.child_spec/1`."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) do
    %{
      id: if(Keyword.keyword?(opts), do: opts[:name]) || World,
      start: {World, :start_link, [opts]},
      restart: :transient,
      shutdown: shutdown()
    }
  end

  @doc "See `Vllm.World.start_link/1`."
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, Error.t()}
  def start_link(opts) do
    what = "Vllm.World.start_link"

    with {:ok, opts} <- Options.parse(opts, Schemas.supervised(), what),
         :ok <- has_name(opts, what),
         {:ok, restart} <- Options.parse(opts.restart, Schemas.intensity(), what <> ": restart") do
      {own, start} = Map.split(opts, [:name, :init, :when_restarting, :wait_timeout, :restart])
      opts = Map.put(%{own | restart: restart}, :start, start)
      GenServer.start_link(__MODULE__, opts, name: opts.name)
    end
  end

  defp has_name(%{name: nil}, what), do: {:error, Options.invalid("#{what}: name is missing")}
  defp has_name(_named, _what), do: :ok

  @doc "The world as it is now; waits for one that is starting, if it is supposed to."
  @spec world(World.name(), Deadline.t()) :: {:ok, World.t()} | {:error, Error.t()}
  def world(name, deadline), do: ask(name, {:world, deadline}, :infinity)

  @doc "Tells the calling process of the epochs of a world, from the one that is there now."
  @spec subscribe(World.world()) :: :ok | {:error, Error.t()}
  def subscribe(%World{name: name}) when name != nil, do: subscribe(name)

  def subscribe(world) do
    if Resolve.name?(world),
      do: ask(world, {:subscribe, self()}, 5_000),
      else: {:error, Error.validation(unnamed(world), "invalid_argument")}
  end

  defp unnamed(world) do
    shown = if is_struct(world, World), do: world.id, else: inspect(world, limit: 5)

    "Vllm.World.subscribe_epochs: #{shown} is not the name of a supervised world, and no world of one; " <>
      "Vllm.Bridge.subscribe/1 tells of every world by its id"
  end

  @doc "Stops the world and its process, for good."
  @spec stop(World.name()) :: :ok | {:error, Error.t()}
  def stop(name) do
    GenServer.stop(name, :normal, shutdown())
  catch
    :exit, _gone -> {:error, no_such(name)}
  end

  @doc "Changes the ranks of the world, and runs `init` on those that are new."
  @spec change(World.name(), Elastic.change()) :: {:ok, World.t()} | {:error, Error.t()}
  def change(name, change), do: ask(name, {:change, change}, :infinity)

  defp ask(name, request, timeout) do
    GenServer.call(name, request, timeout)
  catch
    :exit, {{:world_failed, %Error{} = error}, _call} -> {:error, error}
    :exit, _gone -> {:error, no_such(name)}
  end

  defp no_such(name) do
    %Error{
      category: :pool,
      reason: "world_not_found",
      message:
        "no world named #{inspect(name)} is running (or its supervisor is starting it again). Add " <>
          "{Vllm.World, name: #{inspect(name)}, ...} to the children of your supervisor, after the bridge"
    }
  end

  # --- the process ------------------------------------------------------------------------------

  @impl GenServer
  def init(opts) do
    # A life that ends is news, and `terminate/2` stops the world.
    Process.flag(:trap_exit, true)

    state = %{
      opts: opts,
      id: opts.start.world_id || Launcher.new_id(),
      life: nil,
      world: nil,
      error: nil,
      # Times of the restarts that count, and the attempts since a world was last ready.
      restarts: [],
      attempts: 0,
      waiting: [],
      # Who has asked for other ranks; callers wait until it is done.
      changing: nil,
      subscribers: %{}
    }

    {:ok, state, {:continue, :start}}
  end

  @impl GenServer
  def handle_continue(:start, state), do: {:noreply, begin(state)}

  @impl GenServer
  def handle_call({:world, _deadline}, _from, %{world: %World{} = world} = state),
    do: {:reply, {:ok, world}, state}

  def handle_call({:world, _deadline}, _from, %{opts: %{when_restarting: :fail}} = state),
    do: {:reply, {:error, restarting(state)}, state}

  def handle_call({:world, deadline}, from, state) do
    ref = make_ref()
    wait_ms = min(Deadline.left(deadline), state.opts.wait_timeout)
    timer = Deadline.send_after(self(), {:late, ref}, wait_ms)
    {:noreply, %{state | waiting: [{ref, from, timer} | state.waiting]}}
  end

  def handle_call({:change, change}, from, %{world: %World{}} = state) do
    send(state.life, {:change, change})
    {:noreply, %{state | world: nil, changing: from}}
  end

  def handle_call({:change, _change}, _from, state),
    do: {:reply, {:error, restarting(state)}, state}

  def handle_call({:subscribe, pid}, _from, state) do
    tell(pid, state, news(state))
    subscribers = Map.put_new_lazy(state.subscribers, pid, fn -> Process.monitor(pid) end)
    {:reply, :ok, %{state | subscribers: subscribers}}
  end

  @impl GenServer
  def handle_info({:ready, life, world}, %{life: life} = state) do
    {:noreply, publish(there(%{state | error: nil, attempts: 0}, world))}
  end

  # Somebody else changes its ranks, or has.
  def handle_info({:changing, life}, %{life: life} = state),
    do: {:noreply, %{state | world: nil}}

  def handle_info({:changed, life, result, world}, %{life: life} = state) do
    if state.changing, do: GenServer.reply(state.changing, named(result, state))
    {:noreply, there(%{state | changing: nil}, world)}
  end

  def handle_info({:EXIT, life, reason}, %{life: life} = state), do: ended(error(reason), state)
  def handle_info(:start, %{life: nil} = state), do: {:noreply, begin(state)}

  def handle_info({:late, ref}, state) do
    case List.keytake(state.waiting, ref, 0) do
      {{_ref, from, _timer}, waiting} ->
        GenServer.reply(from, {:error, restarting(state)})
        {:noreply, %{state | waiting: waiting}}

      nil ->
        {:noreply, state}
    end
  end

  def handle_info({:DOWN, _monitor, :process, pid, _reason}, state),
    do: {:noreply, %{state | subscribers: Map.delete(state.subscribers, pid)}}

  # The supervisor's wish comes as an exit of the parent, which GenServer handles; others are not ours.
  def handle_info(_other, state), do: {:noreply, state}

  @impl GenServer
  def terminate(_reason, state) do
    for {_ref, from, _timer} <- [{nil, state.changing, nil} | state.waiting],
        from != nil,
        do: GenServer.reply(from, {:error, stopping(state)})

    if state.life do
      monitor = Process.monitor(state.life)
      Process.exit(state.life, :shutdown)

      receive do
        {:DOWN, ^monitor, :process, _life, _reason} -> :ok
      after
        @stop_ms -> Process.exit(state.life, :kill)
      end
    end
  end

  defp there(state, world) do
    {:ok, world} = named({:ok, world}, state)

    for {_ref, from, timer} <- state.waiting do
      Process.cancel_timer(timer)
      GenServer.reply(from, {:ok, world})
    end

    %{state | world: world, waiting: []}
  end

  defp named({:ok, world}, state), do: {:ok, %{world | name: state.opts.name}}
  defp named({:error, error}, _state), do: {:error, error}

  defp begin(state), do: %{state | life: Life.start_link(self(), state.id, state.opts)}

  defp ended(error, state) do
    if state.changing, do: GenServer.reply(state.changing, {:error, error})
    state = %{state | changing: nil}
    state = publish(%{state | life: nil, world: nil, error: error})
    pool_gone? = error.reason in @pool_gone
    restarts = if pool_gone?, do: state.restarts, else: recent([now() | state.restarts], state)

    if length(restarts) > state.opts.restart.max do
      Logger.error(
        "#{what(state)} is given up: it failed #{length(restarts)} times: #{error.message}"
      )

      tell_all(state, {:failed, error})
      for {_ref, from, _timer} <- state.waiting, do: GenServer.reply(from, {:error, error})
      state = %{state | waiting: []}
      {:stop, {:world_failed, error}, state}
    else
      Logger.warning("#{what(state)} is started again: #{error.message}")
      # The first restart is at once, unless there is nothing to start it on.
      pause = if state.attempts == 0 and not pool_gone?, do: 0, else: pause(state.attempts)
      Process.send_after(self(), :start, pause)
      {:noreply, %{state | restarts: restarts, attempts: state.attempts + 1}}
    end
  end

  defp pause(attempts), do: min(@pause * 2 ** min(attempts, 10), @longest_pause)

  defp recent(times, state) do
    since = now() - state.opts.restart.within
    Enum.filter(times, &(&1 > since))
  end

  defp now, do: System.monotonic_time(:millisecond)

  defp error({:shutdown, {:life, %Error{} = error}}), do: error

  defp error(reason) do
    %Error{
      category: :worker,
      reason: "world_failed",
      message: "the process of the world ended: " <> Exception.format_exit(reason)
    }
  end

  # --- what is told -----------------------------------------------------------------------------

  defp publish(state) do
    tell_all(state, news(state))
    state
  end

  defp news(%{world: %World{epoch: epoch}}), do: {:epoch, epoch}
  defp news(_starting), do: :restarting

  defp tell_all(state, news),
    do: for({pid, _monitor} <- state.subscribers, do: tell(pid, state, news))

  defp tell(pid, state, news), do: send(pid, {:vllm_world, state.opts.name, news})

  defp restarting(state) do
    %Error{
      category: :pool,
      reason: "world_restarting",
      message:
        "#{what(state)} is starting" <>
          if(state.error, do: " again: #{state.error.message}", else: "") <>
          ". Try again, or have callers wait longer (`wait_timeout`, `when_restarting: :wait`)",
      details: %{"world_id" => state.id, "ran" => false}
    }
  end

  defp stopping(state) do
    %Error{category: :pool, reason: "world_stopped", message: "#{what(state)} is being stopped"}
  end

  defp what(state), do: "the world #{inspect(state.opts.name)} (#{state.id})"
end
