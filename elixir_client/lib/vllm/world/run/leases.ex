defmodule Vllm.World.Leases do
  @moduledoc false
  # The turns of a bridge's runs. Of each world in use it holds a lease, see `Vllm.World.Lease`, which its runs
  # share without asking the pool, see `Vllm.World.SharedTurn`. This process speaks with the pool, and with the
  # runs that wait, see `Vllm.World.TurnTaker`. A lease that is idle is given back soon. A run's turn ends with
  # its process, and all of them with this one.

  use GenServer

  alias Vllm.Bridge.{Connection, Connections, PoolClient, Protobuf, V1}
  alias Vllm.Background
  alias Vllm.World.{Lease, SharedTurn}

  # A lease that has had no run twice in succession, so often in ms, is idle. Then it is also seen when a process
  # has died that has the turn.
  @look_after 60

  # What the pool has for an answer to a report, in ms.
  @patience 5_000

  # What never arrived may be sent again: the connection was just being lost.
  @tries 2

  @path "/vllm.bridge.v1.Pool/TakeTurn"

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(opts) do
    bridge = Keyword.fetch!(opts, :bridge)
    GenServer.start_link(__MODULE__, bridge, name: name(bridge))
  end

  @doc "The name of a bridge's process, and of its table."
  @spec name(atom()) :: atom()
  def name(bridge), do: Module.concat(bridge, Leases)

  # leases: by id; latest: of each world the id of the one that a run may join; runs: those that wait, by the
  # alias of the answer, with the lease and the monitor of the process; monitors: what each is for; streams: by
  # the request for its next message, the id of the lease; looking: whether a timer looks after the leases.
  @impl GenServer
  def init(bridge) do
    {:ok, host} = :inet.gethostname()

    {:ok,
     %{
       bridge: bridge,
       table: SharedTurn.new(name(bridge)),
       client: "OS process #{System.pid()} on #{host}",
       leases: %{},
       latest: %{},
       runs: %{},
       monitors: %{},
       streams: %{},
       looking: false
     }}
  end

  @impl GenServer
  def handle_info({:take, world, pid, ref, counted}, state) do
    monitor = Process.monitor(pid)
    state = %{state | monitors: Map.put(state.monitors, monitor, {:waits, ref})}
    run = {ref, pid, SharedTurn.now()}
    {:noreply, look_later(join(state, world, run, monitor, counted))}
  end

  # A run has ended, and others wait.
  def handle_info({:free, id}, state) when is_map_key(state.leases, id),
    do: {:noreply, go_on(state, state.leases[id])}

  def handle_info({:over, ref}, state), do: {:noreply, over(state, ref)}

  def handle_info({:DOWN, monitor, :process, pid, _reason}, state)
      when is_map_key(state.monitors, monitor) do
    case Map.pop!(state.monitors, monitor) do
      {{:waits, ref}, _monitors} ->
        {:noreply, over(state, ref)}

      {{:has, id}, monitors} ->
        SharedTurn.reclaim(state.table, id, pid)
        state = %{state | monitors: monitors}
        {:noreply, go_on(state, %{state.leases[id] | watched: nil})}
    end
  end

  def handle_info({asked, answer}, state) when is_map_key(state.streams, asked) do
    {id, streams} = Map.pop!(state.streams, asked)
    {:noreply, heard(%{state | streams: streams}, state.leases[id], answer)}
  end

  def handle_info({:DOWN, asked, :process, _pid, reason}, state)
      when is_map_key(state.streams, asked) do
    {id, streams} = Map.pop!(state.streams, asked)
    {:noreply, heard(%{state | streams: streams}, state.leases[id], {:error, {:closed, reason}})}
  end

  def handle_info({:place, ref}, state) do
    with {id, _monitor} <- state.runs[ref], %{} = lease <- state.leases[id] do
      run = run_info(state, lease)
      place = Lease.place(lease, ref, run)
      question = %{Lease.report(lease, run) | whose_turn: true}
      answer = if lease.given?, do: place, else: {:asks, question, place}
      send(ref, {ref, {:place, answer}})
    end

    {:noreply, state}
  end

  def handle_info(:look, state) do
    leases = for {_id, %{given?: true} = lease} <- state.leases, do: lease
    {:noreply, look_later(Enum.reduce(leases, %{state | looking: false}, &look(&2, &1)))}
  end

  def handle_info(_other, state), do: {:noreply, state}

  defp join(state, world, {ref, pid, _since} = run, monitor, counted) do
    with {:ok, id} <- Map.fetch(state.latest, world),
         %{closed?: false} = lease <- state.leases[id] do
      count(lease, counted)
      go_on(%{state | runs: Map.put(state.runs, ref, {id, monitor})}, Lease.join(lease, run))
    else
      _none_open ->
        id = Base.encode16(:crypto.strong_rand_bytes(16), case: :lower)
        lease = %Lease{id: id, world: world, shared: SharedTurn.new()}
        count(lease, counted)
        runs = Map.put(state.runs, ref, {id, monitor})
        state = %{state | runs: runs, latest: Map.put(state.latest, world, id)}
        ask(state, Lease.join(lease, run), pid)
    end
  end

  defp count(%{shared: shared}, shared), do: :ok

  defp count(%{shared: shared}, counted) do
    SharedTurn.wait(shared)
    if counted, do: SharedTurn.wait_no_more(counted)
  end

  # The pool is asked for a lease.
  defp ask(state, lease, pid) do
    {_endpoint, id, epoch} = lease.world

    request = %V1.TakeTurnRequest{
      world_id: id,
      epoch: epoch,
      lease_id: lease.id,
      holder: name_of(state, pid),
      client: state.client
    }

    with {:ok, %{pool: pool}} when is_pid(pool) <- Connections.config(state.bridge),
         {:ok, stream} <- Connection.server_stream(pool, @path, Protobuf.encode(request)) do
      next_message(state, %{lease | stream: stream, tries: lease.tries + 1})
    else
      {:error, reason} -> lost(state, lease, reason)
      {:ok, _no_pool} -> lost(state, lease, {:closed, :noproc})
    end
  end

  defp next_message(state, lease) do
    asked = Connection.request_next(lease.stream)
    state = %{state | streams: Map.put(state.streams, asked, lease.id)}
    put(state, %{lease | asked: asked})
  end

  # It was given back before.
  defp heard(state, nil, _answer), do: state

  defp heard(state, lease, {:ok, binary}) do
    with {:ok, turn} <- Protobuf.decode(V1.Turn, binary) do
      case Lease.hear(lease, turn) do
        {:tell, number} ->
          report(state, %{Lease.report(lease, run_info(state, lease)) | tell: number})
          next_message(state, lease)

        :over ->
          Connection.cancel(lease.stream)
          forget(state, Lease.answer_all(lease, :none))

        {:ok, now} ->
          if now.given? and not lease.given?, do: given(state, now, turn.number)
          if now.closed? and not lease.closed?, do: close(state, now)
          state = next_message(state, now)
          go_on(state, state.leases[lease.id])
      end
    else
      {:error, problem} ->
        Connection.cancel(lease.stream)
        lost(state, lease, {:protocol, problem})
    end
  end

  defp heard(state, %{tries: tries, given?: false} = lease, {:error, {:unprocessed, _reason}})
       when tries < @tries do
    case :queue.peek(lease.waiting) do
      {:value, {_ref, pid, _since}} -> ask(state, lease, pid)
      :empty -> forget(state, lease)
    end
  end

  defp heard(state, lease, {:error, reason}), do: lost(state, lease, reason)
  defp heard(state, lease, _done), do: lost(state, lease, {:protocol, :incomplete_message})

  # The turn of one run is handed to that one.
  defp given(state, lease, number) do
    SharedTurn.open(
      state.table,
      lease.world,
      lease.id,
      lease.shared,
      {number - 1, lease.last, lease.generation}
    )

    if lease.closed? or not lease.leased?, do: close(state, lease)
  end

  defp close(state, lease),
    do: SharedTurn.close(state.table, lease.world, lease.id, lease.shared)

  # The run that has begun goes on; its calls say what has happened.
  defp lost(state, lease, reason), do: forget(state, Lease.answer_all(lease, {:failed, reason}))

  # A run waits no more, or has not taken the turn that came.
  defp over(state, ref) do
    case Map.pop(state.runs, ref) do
      {{id, monitor}, runs} ->
        state = unwatch(%{state | runs: runs}, monitor)

        case state.leases do
          %{^id => lease} -> go_on(state, Lease.leave(lease, ref))
          _lost -> state
        end

      {nil, _runs} ->
        handed = fn {_id, lease} -> match?({^ref, _pid}, lease.handed_to) end
        state.leases |> Enum.filter(handed) |> Enum.reduce(state, &not_taken(&2, &1))
    end
  end

  defp not_taken(state, {id, %{handed_to: {_ref, pid}} = lease}) do
    SharedTurn.reclaim(state.table, id, pid)
    go_on(state, %{lease | handed_to: nil})
  end

  # Lets the next run begin, if there is one and it can.
  defp go_on(state, lease) do
    with nil <- SharedTurn.holder(state.table, lease.id) do
      case Lease.next(lease, SharedTurn.latest(lease.shared)) do
        :keep -> put(state, lease)
        {:begin, run} -> start(state, lease, run)
        {:give_back, runs} -> give_back(state, lease, runs)
      end
    else
      {pid, _since} -> watch(state, lease, pid)
    end
  end

  defp start(state, %{id: id, shared: shared} = lease, {ref, pid, _since}) do
    case SharedTurn.hand_over(state.table, id, shared, pid, lease.last) do
      {:ok, number} ->
        send(ref, {ref, {:yours, number, lease.generation, {state.table, id, shared}}})
        {{_id, monitor}, runs} = Map.pop!(state.runs, ref)
        state = unwatch(%{state | runs: runs}, monitor)
        watch(state, %{Lease.leave(lease, ref) | handed_to: {ref, pid}}, pid)

      # A run came in between: it gives the turn back at once, since others wait.
      :held ->
        go_on(state, lease)
    end
  end

  defp give_back(state, lease, runs) do
    close(state, lease)
    # A run may have begun just before.
    with nil <- SharedTurn.holder(state.table, lease.id) do
      report = %{Lease.report(lease, nil) | given_back: true}
      report(state, report, fn -> Connection.cancel(lease.stream) end)
      state = forget(state, lease)

      Enum.reduce(runs, state, fn {ref, _pid, _since} = run, state ->
        {_id, monitor} = state.runs[ref]
        join(state, lease.world, run, monitor, nil)
      end)
    else
      {pid, _since} -> watch(state, %{lease | closed?: true}, pid)
    end
  end

  # Looks whether a lease is idle, or has a run whose process is dead.
  defp look(state, lease) do
    latest = SharedTurn.latest(lease.shared)

    case SharedTurn.holder(state.table, lease.id) do
      {pid, _since} -> watch(state, %{lease | idle_at: nil}, pid)
      nil when lease.idle_at == latest -> go_on(state, %{lease | closed?: true})
      nil -> put(state, %{lease | idle_at: latest})
    end
  end

  defp look_later(%{looking: false, leases: leases} = state) when map_size(leases) > 0 do
    Process.send_after(self(), :look, @look_after)
    %{state | looking: true}
  end

  defp look_later(state), do: state

  defp watch(state, %{watched: {_monitor, pid}} = lease, pid), do: put(state, lease)

  defp watch(state, lease, pid) do
    state = unwatch(state, lease.watched && elem(lease.watched, 0))
    monitor = Process.monitor(pid)
    monitors = Map.put(state.monitors, monitor, {:has, lease.id})
    put(%{state | monitors: monitors}, %{lease | watched: {monitor, pid}})
  end

  defp unwatch(state, nil), do: state

  defp unwatch(state, monitor) do
    Process.demonitor(monitor, [:flush])
    %{state | monitors: Map.delete(state.monitors, monitor)}
  end

  defp put(state, lease), do: %{state | leases: Map.put(state.leases, lease.id, lease)}

  defp forget(state, %{id: id, world: world, asked: asked} = lease) do
    close(state, lease)

    with {pid, _since} <- SharedTurn.holder(state.table, id),
         do: SharedTurn.reclaim(state.table, id, pid)

    if asked, do: :erlang.demonitor(asked, [:flush])
    state = unwatch(state, lease.watched && elem(lease.watched, 0))
    latest = if state.latest[world] == id, do: Map.delete(state.latest, world), else: state.latest
    leases = Map.delete(state.leases, id)
    %{state | streams: Map.delete(state.streams, asked), leases: leases, latest: latest}
  end

  # Not here: a pool that does not answer must not keep runs from their turns. The end of the stream ends the
  # lease, too, whatever became of the report.
  defp report(state, report, then \\ fn -> :ok end) do
    bridge = state.bridge

    Background.start("reporting the runs of #{report.world_id} to the pool", fn ->
      with {:ok, %{pool: pool} = config} when is_pid(pool) <- Connections.config(bridge) do
        PoolClient.call(config, "ReportTurn", report, V1.ReportTurnResponse, @patience)
      end

      then.()
    end)
  end

  defp run_info(state, lease) do
    with {pid, since} <- SharedTurn.holder(state.table, lease.id), true <- Process.alive?(pid) do
      %V1.RunInfo{
        number: SharedTurn.latest(lease.shared),
        holder: name_of(state, pid),
        held_s: (SharedTurn.now() - since) / 1_000
      }
    else
      _none -> nil
    end
  end

  defp name_of(state, pid), do: "#{inspect(pid)} in #{state.client}"
end
