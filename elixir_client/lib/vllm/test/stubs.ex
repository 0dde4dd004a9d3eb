defmodule Vllm.Test.Stubs do
  @moduledoc false
  # The process of an in-memory bridge: stubs by process, calls, and the sessions, worlds
  # and objects that tests have made.

  use GenServer

  alias Vllm.Bridge.V1

  @typedoc "A path, or `{:name, dotted}` for what is called by name."
  @type key :: String.t() | {:name, String.t()}

  @typedoc "What a call is answered with: a function of its arguments, or a result."
  @type answer :: {:function, fun()} | {:result, term()}

  @spec start_link(atom()) :: GenServer.on_start()
  def start_link(bridge), do: GenServer.start_link(__MODULE__, bridge, name: name(bridge))

  @doc "The name of a bridge's process."
  @spec name(atom()) :: atom()
  def name(bridge), do: Module.concat(bridge, Stubs)

  @doc "Asks the process; raises when the bridge is not an in-memory one."
  @spec ask(atom(), term()) :: term()
  def ask(bridge, request) do
    with :gone <- ask_if_there(bridge, request) do
      raise ArgumentError,
            "there is no in-memory bridge #{inspect(bridge)}: start " <>
              "{Vllm.Bridge, name: #{inspect(bridge)}, transport: Vllm.Bridge.Transport.Memory}, e.g. " <>
              "with start_supervised!/1, or name the one you have with `bridge: ...`"
    end
  end

  @doc "As `ask/2`; `:gone` when the bridge is not there, or ends."
  @spec ask_if_there(atom(), term()) :: term() | :gone
  def ask_if_there(bridge, request) do
    GenServer.call(name(bridge), request, :infinity)
  catch
    :exit, _gone -> :gone
  end

  # --- the process ------------------------------------------------------------------------------

  # owners: pid => the stubs of that process; allowed: pid => the owner whose stubs it uses.
  @impl GenServer
  def init(_bridge) do
    # So that `terminate/2` tells the processes with expectations.
    Process.flag(:trap_exit, true)

    state = %{
      owners: %{},
      allowed: %{},
      shared: nil,
      sessions: %{},
      worlds: %{},
      objects: %{},
      # By session: the error of its calls, how long they take, and the names of its objects.
      failed: %{},
      slow: %{},
      names: %{},
      subscribers: MapSet.new(),
      sequence: 0
    }

    {:ok, state}
  end

  # reporter: the process that is told, when this one ends, which expected calls were not made.
  @nothing %{stubs: %{}, expected: %{}, called: [], reporter: nil}

  @impl GenServer
  def handle_call({:stub, owner, key, answer}, _from, state) do
    {:reply, :ok, update(state, owner, &put_in(&1.stubs[key], answer))}
  end

  def handle_call({:expect, owner, key, answers}, _from, state) do
    more = &(&1 ++ answers)
    changed = &%{&1 | expected: Map.update(&1.expected, key, answers, more)}
    {:reply, :ok, update(state, owner, changed)}
  end

  # The calling process, then those that it works for.
  def handle_call({:take, callers, key, arguments}, _from, state) do
    case owner(callers, key, state) do
      {:ok, owner} ->
        mine = state.owners[owner]
        mine = %{mine | called: [{key, arguments} | mine.called]}

        case mine.expected do
          %{^key => [answer | rest]} ->
            {:reply, {:ok, answer}, put_in(state.owners[owner], put_in(mine.expected[key], rest))}

          _none_left ->
            {:reply, Map.fetch(mine.stubs, key), put_in(state.owners[owner], mine)}
        end

      :error ->
        {:reply, :error, state}
    end
  end

  def handle_call({:allow, owner, :all}, _from, %{shared: other} = state)
      when other not in [nil, owner],
      do: {:reply, {:error, other}, state}

  def handle_call({:allow, owner, :all}, _from, state),
    do: {:reply, :ok, %{update(state, owner, & &1) | shared: owner}}

  def handle_call({:allow, owner, pid}, _from, state) do
    case state.allowed do
      %{^pid => other} when other != owner and is_map_key(state.owners, other) ->
        {:reply, {:error, other}, state}

      _free ->
        state = update(state, owner, & &1)
        {:reply, :ok, put_in(state.allowed[pid], owner)}
    end
  end

  def handle_call({:called, owner, key}, _from, state) do
    called = Map.get(state.owners, owner, @nothing).called
    {:reply, for({^key, arguments} <- Enum.reverse(called), do: arguments), state}
  end

  def handle_call({:missing, owner}, _from, state),
    do: {:reply, missing(Map.get(state.owners, owner, @nothing)), state}

  # What a process has stubbed is needed after its end, by what verifies it.
  def handle_call({:report_to, owner, reporter}, _from, state),
    do: {:reply, :ok, update(state, owner, &%{&1 | reporter: reporter})}

  def handle_call({:forget, owner}, _from, state), do: {:reply, :ok, forget(state, owner)}

  def handle_call({:remember, id, object}, _from, state),
    do: {:reply, :ok, put_in(state.objects[id], object)}

  def handle_call({:object, id}, _from, state), do: {:reply, Map.get(state.objects, id), state}

  def handle_call({:release, ids}, _from, state) do
    {gone, objects} = Map.split(state.objects, ids)
    {:reply, map_size(gone), %{state | objects: objects}}
  end

  def handle_call({:put_session, %V1.Session{} = session}, _from, state),
    do: {:reply, :ok, put_in(state.sessions[session.session_id], session)}

  def handle_call({:put_world, %V1.World{} = world}, _from, state) do
    state = publish(state, &%V1.Event{sequence: &1, world: world})
    # A rank that has started again forgets what was done to the one before.
    known = MapSet.new((state.worlds[world.world_id] || %{ranks: []}).ranks, & &1.pid)
    again = for rank <- world.ranks, rank.pid not in known, do: rank.session_id
    state = %{state | failed: Map.drop(state.failed, again), slow: Map.drop(state.slow, again)}
    {:reply, :ok, put_in(state.worlds[world.world_id], world)}
  end

  def handle_call({:fail, session_ids, error}, _from, state),
    do:
      {:reply, :ok, %{state | failed: Map.merge(state.failed, Map.from_keys(session_ids, error))}}

  def handle_call({:failed, session_id}, _from, state),
    do: {:reply, Map.get(state.failed, session_id), state}

  def handle_call({:slow_down, session_id, ms}, _from, state),
    do: {:reply, :ok, put_in(state.slow[session_id], ms)}

  def handle_call({:slow, session_id}, _from, state),
    do: {:reply, Map.get(state.slow, session_id), state}

  def handle_call({:subscribe, pid}, _from, state) do
    Process.monitor(pid)

    current =
      for {_id, world} <- state.worlds, do: %V1.Event{sequence: state.sequence, world: world}

    {:reply, current, %{state | subscribers: MapSet.put(state.subscribers, pid)}}
  end

  def handle_call({:emit, %V1.Emission{} = emission}, _from, state),
    do: {:reply, :ok, publish(state, &%{emission | sequence: &1})}

  def handle_call({:name, session_id, name, ref}, _from, state) do
    names = Map.get(state.names, session_id, %{})
    names = if ref, do: Map.put(names, name, ref), else: Map.delete(names, name)
    {:reply, names |> Map.keys() |> Enum.sort(), put_in(state.names[session_id], names)}
  end

  def handle_call({:named, session_id, name}, _from, state),
    do: {:reply, get_in(state.names, [session_id, name]), state}

  def handle_call({:names, session_id}, _from, state),
    do: {:reply, state.names |> Map.get(session_id, %{}) |> Map.keys() |> Enum.sort(), state}

  def handle_call({:all, kind}, _from, state) when kind in [:sessions, :worlds],
    do: {:reply, state |> Map.fetch!(kind) |> Map.values(), state}

  def handle_call({:close_session, id}, _from, state) do
    {session, sessions} = Map.pop(state.sessions, id)
    {:reply, session != nil, %{state | sessions: sessions}}
  end

  def handle_call({kind, id}, _from, state) when kind in [:sessions, :worlds],
    do: {:reply, state |> Map.fetch!(kind) |> Map.get(id), state}

  @impl GenServer
  def handle_info({:DOWN, _monitor, :process, pid, _reason}, state) do
    state = %{state | subscribers: MapSet.delete(state.subscribers, pid)}

    case state.owners do
      %{^pid => %{reporter: reporter}} when reporter != nil -> {:noreply, state}
      _nobody_needs_it -> {:noreply, forget(state, pid)}
    end
  end

  def handle_info(_other, state), do: {:noreply, state}

  @impl GenServer
  def terminate(_reason, state) do
    for {_pid, %{reporter: reporter} = mine} <- state.owners,
        reporter != nil,
        do: send(reporter, {:missing, missing(mine)})

    :ok
  end

  defp publish(state, make) do
    sequence = state.sequence + 1
    for pid <- state.subscribers, do: send(pid, {:published, make.(sequence)})
    %{state | sequence: sequence}
  end

  defp missing(mine),
    do: for({key, [_ | _] = answers} <- mine.expected, do: {key, length(answers)})

  defp update(state, owner, fun) do
    unless is_map_key(state.owners, owner), do: Process.monitor(owner)
    %{state | owners: Map.update(state.owners, owner, fun.(@nothing), fun)}
  end

  defp forget(state, owner) do
    %{
      state
      | owners: Map.delete(state.owners, owner),
        allowed: Map.reject(state.allowed, fn {pid, of} -> owner in [pid, of] end),
        shared: if(state.shared == owner, do: nil, else: state.shared)
    }
  end

  # The nearest process that says something about this function; without any, the nearest that stubs
  # at all: its test is told what is missing.
  defp owner(callers, key, state) do
    owners =
      for pid <- callers ++ [:shared],
          owner = owner_of(pid, state),
          is_map_key(state.owners, owner),
          do: owner

    case Enum.find(owners, List.first(owners), &answers?(state.owners[&1], key)) do
      nil -> :error
      owner -> {:ok, owner}
    end
  end

  defp owner_of(:shared, state), do: state.shared

  defp owner_of(pid, state) when is_map_key(state.owners, pid), do: pid
  defp owner_of(pid, state), do: state.allowed[pid]

  defp answers?(%{stubs: stubs, expected: expected}, key),
    do: is_map_key(stubs, key) or Map.get(expected, key, []) != []
end
