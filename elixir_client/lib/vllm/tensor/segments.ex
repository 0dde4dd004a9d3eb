defmodule Vllm.Tensor.Segments do
  @moduledoc false
  # A bridge's segments of shared memory, by session. A call takes one for itself and gives it back. If its
  # caller dies, the segment is removed, because the rank may still write to it.
  #
  # A session gets shared memory after its first large tensor, so other sessions pay nothing. Callers read
  # from an ETS table whether there is any.

  use GenServer

  alias Vllm.Tensor.Lease

  # Segments that are unused for so long are removed with their memory, and their session is forgotten.
  @idle 30_000

  @typedoc "Where a session's segments are, as the pool says."
  @type memory :: %{directory: String.t(), key: String.t(), max_bytes: non_neg_integer()}

  @typedoc """
  * `:unknown`: no large tensor has been seen
  * `:wanted`: one has been seen, and nobody has asked the pool yet
  * `:unshared`: there is no shared memory, or it failed
  """
  @type status :: :unknown | :wanted | :shared | :unshared

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(opts) do
    bridge = Keyword.fetch!(opts, :bridge)
    GenServer.start_link(__MODULE__, opts, name: name(bridge))
  end

  @doc "What is known of a session's shared memory."
  @spec status(atom(), String.t()) :: status()
  def status(bridge, session_id) do
    case :ets.lookup(name(bridge), session_id) do
      [{_id, status}] -> status
      [] -> :unknown
    end
  rescue
    # The bridge stops, or carries no shared memory.
    ArgumentError -> :unshared
  end

  @doc "Large tensors travel in this session."
  @spec want(atom(), String.t()) :: :ok
  def want(bridge, session_id) do
    if status(bridge, session_id) == :unknown,
      do: GenServer.cast(name(bridge), {:want, session_id}),
      else: :ok
  end

  @doc "There is no shared memory for this session, or it failed; asked again after a while."
  @spec give_up(atom(), String.t()) :: :ok
  def give_up(bridge, session_id), do: GenServer.cast(name(bridge), {:give_up, session_id})

  @doc "The session has ended, or the pool must be asked about it again."
  @spec forget(atom(), String.t()) :: :ok
  def forget(bridge, session_id), do: GenServer.cast(name(bridge), {:forget, session_id})

  @doc "Takes over what the pool has given."
  @spec add(atom(), String.t(), memory(), [String.t()]) :: :ok
  def add(bridge, session_id, memory, names),
    do: ask(bridge, {:add, session_id, memory, names}, :ok)

  @doc "A segment for one call of the calling process; `:none` when all are taken."
  @spec claim(atom(), String.t()) :: {:ok, Lease.t()} | :none
  def claim(bridge, session_id), do: ask(bridge, {:claim, session_id, self()}, :none)

  @doc "The call has ended on its rank, and what is in the segment was read."
  @spec give_back(Lease.t()) :: :ok
  def give_back(lease), do: GenServer.cast(name(lease.bridge), {:give_back, lease})

  @doc "The call may still run: nobody uses the segment again."
  @spec discard(Lease.t()) :: :ok
  def discard(lease) do
    Lease.remove(lease)
    GenServer.cast(name(lease.bridge), {:discard, lease})
  end

  defp ask(bridge, request, otherwise) do
    GenServer.call(name(bridge), request, :infinity)
  catch
    :exit, _gone -> otherwise
  end

  defp name(bridge), do: Module.concat(bridge, Segments)

  # --- the process ------------------------------------------------------------------------------

  # sessions: id => %{memory, free: [{lease, since}], used}; taken: monitor => lease.
  @impl GenServer
  def init(opts) do
    bridge = Keyword.fetch!(opts, :bridge)
    table = :ets.new(name(bridge), [:named_table, :set, :protected, read_concurrency: true])
    idle = Keyword.get(opts, :idle, @idle)
    Process.send_after(self(), :sweep, idle)
    {:ok, %{bridge: bridge, table: table, idle: idle, sessions: %{}, taken: %{}}}
  end

  @impl GenServer
  def handle_call({:add, session_id, memory, names}, _from, state) do
    leases =
      for name <- names do
        lease = %Lease{
          bridge: state.bridge,
          session_id: session_id,
          name: name,
          directory: memory.directory,
          key: memory.key,
          max_bytes: memory.max_bytes
        }

        {lease, now()}
      end

    free =
      case state.sessions do
        %{^session_id => %{memory: ^memory, free: free}} -> leases ++ free
        # A session of that id has ended, and another one begun.
        _none_or_another -> leases
      end

    {:reply, :ok, put(state, session_id, :shared, %{memory: memory, free: free})}
  end

  def handle_call({:claim, session_id, pid}, _from, state) do
    case state.sessions do
      %{^session_id => %{status: :shared, free: [{lease, _since} | free]} = session} ->
        monitor = Process.monitor(pid)
        session = %{session | free: free, used: now()}
        state = put_in(state.sessions[session_id], session)
        {:reply, {:ok, lease}, put_in(state.taken[lease], monitor)}

      _none ->
        {:reply, :none, state}
    end
  end

  @impl GenServer
  def handle_cast({:want, session_id}, state) do
    if is_map_key(state.sessions, session_id),
      do: {:noreply, state},
      else: {:noreply, put(state, session_id, :wanted, %{memory: nil, free: []})}
  end

  def handle_cast({:give_up, session_id}, state) do
    # Its status passes from one to the other, so that it is never unknown in between.
    state = emptied(state, session_id)
    {:noreply, put(state, session_id, :unshared, %{memory: nil, free: []})}
  end

  def handle_cast({:forget, session_id}, state), do: {:noreply, dropped(state, session_id)}

  def handle_cast({:give_back, lease}, state) do
    state = release(state, lease)
    %{session_id: session_id, directory: directory} = lease

    case state.sessions do
      %{^session_id => %{memory: %{directory: ^directory}} = session} ->
        # The one that was used last is the first to be used again: its memory is there already.
        session = %{session | free: [{lease, now()} | session.free], used: now()}
        {:noreply, put_in(state.sessions[session_id], session)}

      _ended ->
        Lease.remove(lease)
        {:noreply, state}
    end
  end

  def handle_cast({:discard, lease}, state), do: {:noreply, release(state, lease)}

  @impl GenServer
  def handle_info({:DOWN, monitor, :process, _pid, _reason}, state) do
    case Enum.find(state.taken, fn {_lease, known} -> known == monitor end) do
      {lease, _monitor} ->
        Lease.remove(lease)
        {:noreply, %{state | taken: Map.delete(state.taken, lease)}}

      nil ->
        {:noreply, state}
    end
  end

  def handle_info(:sweep, state) do
    Process.send_after(self(), :sweep, state.idle)
    since = now() - state.idle
    {:noreply, Enum.reduce(Map.keys(state.sessions), state, &sweep(&2, &1, since))}
  end

  def handle_info(_other, state), do: {:noreply, state}

  defp sweep(state, session_id, since) do
    session = state.sessions[session_id]
    {kept, old} = Enum.split_with(session.free, fn {_lease, last} -> last > since end)
    for {lease, _last} <- old, do: Lease.remove(lease)

    if kept == [] and session.used <= since,
      do: dropped(state, session_id),
      else: put_in(state.sessions[session_id], %{session | free: kept})
  end

  defp put(state, session_id, status, session) do
    :ets.insert(state.table, {session_id, status})
    put_in(state.sessions[session_id], Map.merge(session, %{status: status, used: now()}))
  end

  defp dropped(state, session_id) do
    :ets.delete(state.table, session_id)
    emptied(state, session_id)
  end

  defp emptied(state, session_id) do
    {session, sessions} = Map.pop(state.sessions, session_id, %{free: []})
    for {lease, _since} <- session.free, do: Lease.remove(lease)
    %{state | sessions: sessions}
  end

  defp release(state, lease) do
    {monitor, taken} = Map.pop(state.taken, lease)
    if monitor, do: Process.demonitor(monitor, [:flush])
    %{state | taken: taken}
  end

  defp now, do: System.monotonic_time(:millisecond)
end
