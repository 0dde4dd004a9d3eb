defmodule Vllm.Bridge.Owners do
  @moduledoc false
  # Which processes own which sessions, worlds, entered contexts and objects of the bridge's own session.
  # When the last owner of one dies, it is ended. One process per bridge monitors all owners.

  use GenServer

  alias Vllm.Call.Objects
  alias Vllm.{Error, Ref, Runtime, Session, World}
  require Logger

  @typedoc "What can be owned."
  @type thing ::
          {:session | :world, id :: String.t()}
          | {:context, number :: integer(), Ref.t()}
          | {:object, Ref.t()}

  # Ending something while the pool cannot be reached: tries, and ms before the next one (doubled).
  @tries 6
  @pause 200
  @unreachable ~w(pool_unreachable pool_connection_lost deadline_exceeded worker_busy queue_full queue_timeout)

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(opts) do
    bridge = Keyword.fetch!(opts, :bridge)
    GenServer.start_link(__MODULE__, bridge, name: name(bridge))
  end

  @doc "Makes the calling process an owner of this; others may own it too."
  @spec own(atom(), thing()) :: :ok
  def own(bridge, thing), do: ask(bridge, {:own, self(), thing})

  @doc "The calling process does not own this any more."
  @spec disown(atom(), thing()) :: :ok
  def disown(bridge, thing), do: ask(bridge, {:disown, self(), thing})

  @doc "Nobody owns this any more: it has ended."
  @spec forget(atom(), thing()) :: :ok
  def forget(bridge, thing), do: ask(bridge, {:forget, thing})

  @doc """
  Makes these processes owners of these objects, without waiting. An owner that is dead by then counts as
  one that has died.
  """
  @spec own_objects(atom(), [pid()], [thing()]) :: :ok
  def own_objects(bridge, pids, things), do: tell(bridge, {:own, pids, things})

  @doc "Nobody owns these objects any more: they were released."
  @spec forget_objects(atom(), [thing()]) :: :ok
  def forget_objects(bridge, things), do: tell(bridge, {:forget, things})

  defp tell(bridge, news), do: GenServer.cast(name(bridge), news)

  defp ask(bridge, request) do
    GenServer.call(name(bridge), request, :infinity)
  catch
    # The bridge stops: the pool ends what it owned.
    :exit, _gone -> :ok
  end

  defp name(bridge), do: Module.concat(bridge, Owners)

  # --- the process ------------------------------------------------------------------------------

  # processes: pid => {monitor, what it owns}; owners: thing => the pids that own it.
  @impl GenServer
  def init(bridge) do
    # Those that end things are linked, so that they end with the bridge; a crash of one is its own.
    Process.flag(:trap_exit, true)
    {:ok, %{bridge: bridge, processes: %{}, owners: %{}}}
  end

  @impl GenServer
  def handle_call({:own, pid, thing}, _from, state), do: {:reply, :ok, give(state, pid, thing)}

  def handle_call({:disown, pid, thing}, _from, state),
    do: {:reply, :ok, state |> take(pid, thing) |> elem(1)}

  def handle_call({:forget, thing}, _from, state), do: {:reply, :ok, drop(state, thing)}

  @impl GenServer
  def handle_cast({:own, pids, things}, state) do
    {:noreply,
     for(pid <- pids, thing <- things, reduce: state, do: (state -> give(state, pid, thing)))}
  end

  def handle_cast({:forget, things}, state),
    do: {:noreply, Enum.reduce(things, state, &drop(&2, &1))}

  @impl GenServer
  def handle_info({:DOWN, _monitor, :process, pid, _reason}, state)
      when is_map_key(state.processes, pid) do
    {_monitor, things} = state.processes[pid]

    {ended, state} =
      Enum.flat_map_reduce(things, state, fn thing, state ->
        {last?, state} = take(state, pid, thing)
        {if(last?, do: [thing], else: []), state}
      end)

    bridge = state.bridge

    if ended != [],
      do: spawn_link(fn -> ended |> in_order() |> Enum.each(&finish(bridge, pid, &1)) end)

    {:noreply, state}
  end

  # One that ends things failed at it.
  def handle_info({:EXIT, _pid, reason}, state) when reason not in [:normal, :shutdown] do
    Logger.error(
      "what a dead process had opened may stay until the bridge ends: " <>
        Exception.format_exit(reason),
      vllm_bridge: state.bridge
    )

    {:noreply, state}
  end

  def handle_info(_other, state), do: {:noreply, state}

  defp give(state, pid, thing) do
    {monitor, things} =
      Map.get_lazy(state.processes, pid, fn -> {Process.monitor(pid), MapSet.new()} end)

    processes = Map.put(state.processes, pid, {monitor, MapSet.put(things, thing)})
    owners = Map.update(state.owners, thing, MapSet.new([pid]), &MapSet.put(&1, pid))
    %{state | processes: processes, owners: owners}
  end

  defp drop(state, thing) do
    owners = Map.get(state.owners, thing, [])
    Enum.reduce(owners, state, &(&2 |> take(&1, thing) |> elem(1)))
  end

  # Takes a thing from a process; says whether nobody owns it now.
  defp take(state, pid, thing) do
    {monitor, things} = Map.get(state.processes, pid, {nil, MapSet.new()})
    things = MapSet.delete(things, thing)
    pids = state.owners |> Map.get(thing, MapSet.new()) |> MapSet.delete(pid)

    processes =
      if MapSet.size(things) == 0 do
        if monitor, do: Process.demonitor(monitor, [:flush])
        Map.delete(state.processes, pid)
      else
        Map.put(state.processes, pid, {monitor, things})
      end

    last? = MapSet.size(pids) == 0

    owners =
      if last?, do: Map.delete(state.owners, thing), else: Map.put(state.owners, thing, pids)

    {last?, %{state | processes: processes, owners: owners}}
  end

  # --- ending what a dead process owned ---------------------------------------------------------

  # Sessions and worlds exit what was entered in them. Of the other contexts, the latest goes first;
  # then they can be released, and so all objects of a session at once.
  defp in_order(things) do
    kinds = Enum.group_by(things, &elem(&1, 0))
    contexts = Enum.sort_by(Map.get(kinds, :context, []), &elem(&1, 1), :desc)

    objects =
      kinds
      |> Map.get(:object, [])
      |> Enum.map(fn {:object, ref} -> ref end)
      |> Enum.group_by(& &1.session_id)
      |> Enum.map(fn {_session_id, refs} -> {:objects, refs} end)

    Map.get(kinds, :session, []) ++ Map.get(kinds, :world, []) ++ contexts ++ objects
  end

  defp finish(bridge, owner, thing, tries \\ @tries, pause \\ @pause) do
    case close(bridge, owner, thing) do
      :ok ->
        :ok

      {:error, %Error{reason: reason}} when reason in @unreachable and tries > 1 ->
        Process.sleep(pause)
        finish(bridge, owner, thing, tries - 1, 2 * pause)

      {:error, error} ->
        {kind, id} = named(thing)

        Logger.warning(
          "the process that owned #{kind} #{id} died, and the #{kind} could not be ended: " <>
            Error.message(error),
          [{:vllm_bridge, bridge}, {:"#{kind}_id", id}]
        )
    end
  end

  defp named({:context, _number, ref}), do: {:context, ref.id}
  defp named({:objects, [ref | _rest]}), do: {:object, ref.id}
  defp named(thing), do: thing

  defp close(bridge, _owner, {:context, _number, ref}) do
    {:ok, runtime} = Runtime.validate(bridge: bridge)

    case Objects.exit(ref, "the process that entered it died", false, runtime) do
      {:ok, _suppressed} ->
        :ok

      # It was not entered any more, or what it was entered in has ended.
      {:error, %Error{category: category, reason: reason}}
      when category in [:validation, :pool] and reason not in @unreachable ->
        :ok

      {:error, %Error{reason: "session_worker_unavailable"}} ->
        :ok

      {:error, error} ->
        {:error, error}
    end
  end

  defp close(bridge, _owner, {:objects, refs}) do
    case Objects.release(refs, __runtime__: [bridge: bridge]) do
      {:ok, _released} -> :ok
      # Another process is in one of these contexts, or the session has ended.
      {:error, %Error{category: category}} when category in [:validation, :pool] -> :ok
      {:error, error} -> {:error, error}
    end
  end

  defp close(bridge, owner, {:session, id}), do: Session.close_for(owner, id, bridge)
  defp close(bridge, owner, {:world, id}), do: World.Launcher.stop_for(owner, id, bridge)
end
