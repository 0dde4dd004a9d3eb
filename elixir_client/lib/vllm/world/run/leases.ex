defmodule Vllm.World.Leases do
  @moduledoc false
  # The turns of a bridge's runs. Of each world in use it holds a lease, see `Vllm.World.Lease`, which its runs
  # share without asking the pool: a run that nobody disputes costs one message each way in this BEAM. A lease
  # that is idle is given back soon. A run's turn ends with its process, and all of them with this one.

  use GenServer

  alias Vllm.Bridge.{Connection, Connections, PoolClient, Protobuf, V1}
  alias Vllm.{Background, Deadline}
  alias Vllm.World.{Lease, Turn}

  # So long a lease without a run is kept, in ms.
  @idle 100

  # So long before its deadline, or a tenth of what is left, a run that waits asks who has the turn, in ms.
  @ahead 50

  # What the pool has for an answer to a report, in ms.
  @patience 5_000

  # What never arrived may be sent again: the connection was just being lost.
  @tries 2

  @path "/vllm.bridge.v1.Pool/TakeTurn"

  @typedoc "A run's turn, to give back."
  @type held :: {pid(), reference()}

  @typedoc """
  * `:ok`: the number of the run, and the generation of the world
  * `:none`: runs of this world take no turns
  * `:refused`: with the error of the run; `:failed`: the pool could not be asked
  * `:late`: the deadline is near; what is known about who has the turn
  """
  @type answer ::
          {:ok, number :: pos_integer(), generation :: non_neg_integer() | nil, held()}
          | :none
          | {:refused, Vllm.Error.t()}
          | {:failed, term()}
          | {:late, %{waited_ms: integer(), ahead: integer(), run: V1.RunInfo.t() | nil} | :pool}

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(opts) do
    bridge = Keyword.fetch!(opts, :bridge)
    GenServer.start_link(__MODULE__, bridge, name: name(bridge))
  end

  @doc "The name of a bridge's process."
  @spec name(atom()) :: atom()
  def name(bridge), do: Module.concat(bridge, Leases)

  @doc "Waits for the turn of the calling process on a world."
  @spec take(Connections.config(), Turn.world(), Deadline.t()) :: answer()
  def take(%{leases: name} = config, world, deadline) do
    case Process.whereis(name) do
      nil ->
        {:failed, {:closed, :noproc}}

      pid ->
        ref = :erlang.monitor(:process, pid, alias: :demonitor)
        send(pid, {:take, world, self(), ref})
        await(config, {pid, ref}, deadline, ahead(deadline))
    end
  end

  @doc "The turn is over, or not waited for any more."
  @spec give_back(held()) :: :ok
  def give_back({pid, ref}) do
    send(pid, {:over, ref})
    :ok
  end

  # A run that waits is told why before its time is over.
  defp ahead(nil), do: nil

  defp ahead(deadline), do: deadline - min(@ahead, div(Deadline.left(deadline), 10))

  defp await(config, {pid, ref} = held, deadline, until) do
    receive do
      {^ref, answer} -> answered(answer, held)
      {:DOWN, ^ref, :process, _pid, reason} -> {:failed, {:closed, reason}}
    after
      Deadline.wait(until) ->
        if Deadline.over?(until) do
          send(pid, {:place, ref})
          placed(config, held, deadline)
        else
          await(config, held, deadline, until)
        end
    end
  end

  defp placed(config, {pid, ref} = held, deadline) do
    receive do
      {^ref, {:place, {:asks, request, place}}} ->
        late(held, ask_pool(config, request, place, deadline))

      {^ref, {:place, place}} ->
        late(held, place)

      {^ref, answer} ->
        answered(answer, held)

      {:DOWN, ^ref, :process, ^pid, reason} ->
        {:failed, {:closed, reason}}
    after
      Deadline.wait(deadline) -> late(held, :pool)
    end
  end

  # The turn may have come while it was found out who has it.
  defp late({_pid, ref} = held, place) do
    receive do
      {^ref, {:place, _later}} -> late(held, place)
      {^ref, answer} -> answered(answer, held)
    after
      0 -> answered({:late, place}, held)
    end
  end

  defp answered(answer, {_pid, ref} = held) do
    # The runtime drops what arrives after this.
    :erlang.demonitor(ref, [:flush])
    flush(ref)

    case answer do
      {:yours, number, generation} ->
        {:ok, number, generation, held}

      other ->
        give_back(held)
        other
    end
  end

  defp flush(ref) do
    receive do
      {^ref, _later} -> flush(ref)
    after
      0 -> :ok
    end
  end

  defp ask_pool(config, request, place, deadline) do
    case PoolClient.call(
           config,
           "ReportTurn",
           request,
           V1.ReportTurnResponse,
           Deadline.left(deadline)
         ) do
      {:ok, %{run: run, ahead: ahead}} -> %{place | run: run, ahead: place.ahead + ahead}
      {:error, _unknown} -> :pool
    end
  end

  # --- the process ------------------------------------------------------------------------------

  # leases: by id; latest: of each world the id of the one that a run may join; runs: by the alias of the
  # answer, the id of the lease and the monitor of the process; streams: by the request for its next message,
  # the id of the lease; idling: whether a timer looks for idle ones.
  @impl GenServer
  def init(bridge) do
    {:ok, host} = :inet.gethostname()

    {:ok,
     %{
       bridge: bridge,
       client: "OS process #{System.pid()} on #{host}",
       leases: %{},
       latest: %{},
       runs: %{},
       processes: %{},
       streams: %{},
       idling: false
     }}
  end

  @impl GenServer
  def handle_info({:take, world, pid, ref}, state) do
    monitor = Process.monitor(pid)
    state = %{state | processes: Map.put(state.processes, monitor, ref)}
    {:noreply, join(state, world, {ref, pid, now()}, monitor)}
  end

  def handle_info({:over, ref}, state), do: {:noreply, over(state, ref)}

  def handle_info({:DOWN, monitor, :process, _pid, _reason}, state)
      when is_map_key(state.processes, monitor),
      do: {:noreply, over(state, state.processes[monitor])}

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
      place = Lease.place(lease, ref, &holder(state, &1), now())
      report = %{Lease.report(lease, &holder(state, &1), now()) | whose_turn: true}
      answer = if lease.given?, do: place, else: {:asks, report, place}
      send(ref, {ref, {:place, answer}})
    end

    {:noreply, state}
  end

  def handle_info(:idle, state), do: {:noreply, give_back_idle(%{state | idling: false})}
  def handle_info(_other, state), do: {:noreply, state}

  defp join(state, world, {ref, pid, _since} = run, monitor) do
    with {:ok, id} <- Map.fetch(state.latest, world),
         %{closed?: false} = lease <- state.leases[id] do
      runs = Map.put(state.runs, ref, {id, monitor})
      go_on(%{state | runs: runs}, Lease.join(lease, run))
    else
      _none_open ->
        id = Base.encode16(:crypto.strong_rand_bytes(16), case: :lower)
        runs = Map.put(state.runs, ref, {id, monitor})
        state = %{state | runs: runs, latest: Map.put(state.latest, world, id)}
        ask(state, Lease.join(%Lease{id: id, world: world}, run), pid)
    end
  end

  # The pool is asked for a lease.
  defp ask(state, lease, pid) do
    {_endpoint, id, epoch} = lease.world

    request = %V1.TakeTurnRequest{
      world_id: id,
      epoch: epoch,
      lease_id: lease.id,
      holder: holder(state, pid),
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

    %{
      state
      | streams: Map.put(state.streams, asked, lease.id),
        leases: Map.put(state.leases, lease.id, %{lease | asked: asked})
    }
  end

  # It was given back before.
  defp heard(state, nil, _answer), do: state

  defp heard(state, lease, {:ok, binary}) do
    with {:ok, turn} <- Protobuf.decode(V1.Turn, binary) do
      case Lease.hear(lease, turn) do
        {:tell, number} ->
          report(state, %{Lease.report(lease, &holder(state, &1), now()) | tell: number})
          next_message(state, lease)

        :over ->
          Lease.answer_all(lease, :none)
          Connection.cancel(lease.stream)
          forget(state, lease)

        {:ok, lease} ->
          state = next_message(state, lease)
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

  # The run that has begun goes on; its calls say what has happened.
  defp lost(state, lease, reason) do
    Lease.answer_all(lease, {:failed, reason})
    forget(state, lease)
  end

  defp over(state, ref) do
    case Map.pop(state.runs, ref) do
      {nil, _runs} ->
        state

      {{id, monitor}, runs} ->
        Process.demonitor(monitor, [:flush])
        state = %{state | runs: runs, processes: Map.delete(state.processes, monitor)}

        case state.leases do
          %{^id => lease} -> go_on(state, Lease.leave(lease, ref))
          _lost -> state
        end
    end
  end

  defp go_on(state, lease) do
    case Lease.go_on(lease, now()) do
      {:keep, [], lease} ->
        state = %{state | leases: Map.put(state.leases, lease.id, lease)}
        if lease.idle_since, do: idling(state, @idle), else: state

      {:give_back, runs, lease} ->
        report = %{Lease.report(lease, &holder(state, &1), now()) | given_back: true}
        report(state, report, fn -> Connection.cancel(lease.stream) end)
        state = forget(state, lease)

        Enum.reduce(runs, state, fn {ref, _pid, _since} = run, state ->
          {_id, monitor} = state.runs[ref]
          join(state, lease.world, run, monitor)
        end)
    end
  end

  defp give_back_idle(state) do
    long_ago = now() - @idle
    idle = for {_id, %{idle_since: since} = lease} <- state.leases, since, do: {since, lease}
    {over, kept} = Enum.split_with(idle, fn {since, _lease} -> since <= long_ago end)

    state =
      Enum.reduce(over, state, fn {_since, lease}, state ->
        go_on(state, %{lease | closed?: true})
      end)

    case kept do
      [] -> state
      _some -> idling(state, Enum.min(for {since, _lease} <- kept, do: since) - long_ago)
    end
  end

  defp idling(%{idling: true} = state, _after_ms), do: state

  defp idling(state, after_ms) do
    Process.send_after(self(), :idle, after_ms)
    %{state | idling: true}
  end

  defp forget(state, %{id: id, world: world, asked: asked}) do
    if asked, do: :erlang.demonitor(asked, [:flush])
    state = %{state | streams: Map.delete(state.streams, asked)}
    latest = if state.latest[world] == id, do: Map.delete(state.latest, world), else: state.latest
    %{state | leases: Map.delete(state.leases, id), latest: latest}
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

  defp holder(state, pid), do: "#{inspect(pid)} in #{state.client}"

  defp now, do: System.monotonic_time(:millisecond)
end
