defmodule Vllm.Bridge.Connections do
  @moduledoc false
  # Owns a bridge's connections: one to the pool, one to every rank that an open session is bound to.
  # Callers route calls by an ETS table named like the bridge, so a call passes no process but its
  # connection.

  use GenServer
  require Logger

  alias Vllm.Bridge.{Connection, Endpoint, Profiles}
  alias Vllm.{Error, Session}
  require Logger

  @type config :: %{
          bridge: atom(),
          manager: pid(),
          pool: pid() | {module(), Vllm.Bridge.Transport.handle()},
          endpoint: String.t(),
          default_session: String.t(),
          call_prefix: String.t(),
          counter: :atomics.atomics_ref(),
          defaults: map(),
          client_id: String.t(),
          profiles: Profiles.t(),
          profiles_known?: boolean()
        }

  @typedoc "What is known of an open session; `connection` is nil when its calls go to the pool."
  @type known :: %{connection: pid() | nil, session: Session.t()}

  @doc false
  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

  @doc "The bridge's row, or the error that says how to start one."
  @spec config(atom()) :: {:ok, config()} | {:error, Error.t()}
  def config(bridge) do
    case :ets.lookup(bridge, :config) do
      [{:config, config}] -> {:ok, config}
      [] -> {:error, not_started(bridge)}
    end
  rescue
    ArgumentError -> {:error, not_started(bridge)}
  end

  @doc "What is known of a session without asking anyone."
  @spec session(atom(), String.t()) :: known() | nil
  def session(bridge, session_id) do
    case :ets.lookup(bridge, {:session, session_id}) do
      [{_key, known}] -> known
      [] -> nil
    end
  rescue
    ArgumentError -> nil
  end

  @doc """
  Remembers open sessions and starts the connections to their ranks. With an error none of them is
  remembered: their calls go through the pool.
  """
  @spec bind(atom(), [Session.t()]) :: :ok | {:error, Error.t()}
  def bind(bridge, sessions), do: ask(bridge, {:bind, sessions})

  @doc """
  Takes over the profiles of the server, which `fetch` asks for (nil: it has none), and returns when that
  is done. Callers that arrive meanwhile wait for the same answer.
  """
  @spec ask_once(atom(), (config() -> Profiles.t() | nil)) :: :ok | {:error, Error.t()}
  def ask_once(bridge, fetch), do: ask(bridge, {:ask_once, fetch})

  @doc "The ids of the sessions of a world that are known here."
  @spec session_ids(atom(), world_id :: String.t()) :: [String.t()]
  def session_ids(bridge, world_id) do
    :ets.select(bridge, [
      {{{:session, :"$1"}, %{session: %{world_id: world_id}}}, [], [:"$1"]}
    ])
  rescue
    ArgumentError -> []
  end

  @doc "Forgets sessions and closes the connections that no other session uses."
  @spec unbind(atom(), [String.t()]) :: :ok | {:error, Error.t()}
  def unbind(bridge, session_ids), do: ask(bridge, {:unbind, session_ids})

  defp ask(bridge, request) do
    with {:ok, config} <- config(bridge) do
      try do
        # The process never waits for another one: it may be busy, and its end is seen.
        GenServer.call(config.manager, request, :infinity)
      catch
        :exit, _gone -> {:error, not_started(bridge)}
      end
    end
  end

  defp not_started(bridge) do
    child = if bridge == Vllm.Bridge, do: "", else: ", name: #{inspect(bridge)}"

    %Error{
      category: :pool,
      reason: "bridge_not_started",
      message:
        "no bridge named #{inspect(bridge)} is running (or it is restarting). Add " <>
          "{Vllm.Bridge, server: :embedded#{child}} to the children of your supervisor"
    }
  end

  # --- the process ------------------------------------------------------------------------------

  @impl GenServer
  def init(opts) do
    # A connection that crashes is replaced; it must not take the others with it.
    Process.flag(:trap_exit, true)
    name = Keyword.fetch!(opts, :name)
    :ets.new(name, [:named_table, :set, :protected, read_concurrency: true])

    state = %{
      name: name,
      transport: opts[:transport],
      endpoint: endpoint(Keyword.fetch!(opts, :server)),
      token: opts[:token],
      tls: opts[:tls],
      connection: Keyword.get(opts, :connection, []),
      client_id: Keyword.fetch!(opts, :client_id),
      profiles: Keyword.fetch!(opts, :profiles),
      pool: nil,
      # The monitor of the process that asks for the profiles, and the processes that wait for its answer.
      asking: nil,
      waiting: [],
      # endpoint => {connection, ids of the sessions that use it}
      ranks: %{}
    }

    with {:ok, pool} <- connect_pool(state) do
      :ets.insert(name, {:config, new_config(state, pool, Keyword.fetch!(opts, :defaults))})
      {:ok, %{state | pool: pool}}
    else
      {:error, reason} -> {:stop, reason}
    end
  end

  defp endpoint({:transport, {module, _handle}}), do: inspect(module)
  defp endpoint({:embedded, server}), do: Vllm.Bridge.Server.endpoint(server)
  defp endpoint(endpoint) when is_binary(endpoint), do: endpoint

  defp new_config(state, pool, defaults) do
    id = random_id()

    %{
      bridge: state.name,
      manager: self(),
      pool: pool,
      endpoint: Endpoint.readable(state.endpoint),
      default_session: "elixir-" <> id,
      call_prefix: id <> "-",
      counter: :atomics.new(1, signed: false),
      defaults: defaults,
      client_id: state.client_id,
      profiles: Profiles.merge(state.profiles, %{}),
      profiles_known?: false
    }
  end

  defp random_id, do: 8 |> :crypto.strong_rand_bytes() |> Base.encode16(case: :lower)

  defp connect_pool(%{transport: {_module, _handle} = transport}), do: {:ok, transport}

  defp connect_pool(state),
    do: connect([endpoint: state.endpoint, token: state.token, tls: state.tls], state)

  # A rank that is called directly is on this host.
  defp connect_rank(state, endpoint),
    do: connect([endpoint: endpoint, token: state.token], state)

  defp connect(options, state), do: Connection.start_link(options ++ state.connection)

  @impl GenServer
  def handle_call({:bind, sessions}, _from, state) do
    {result, state} = bind_all(sessions, state)
    {:reply, result, state}
  end

  def handle_call({:ask_once, fetch}, from, %{asking: nil} = state) do
    [{:config, config}] = :ets.lookup(state.name, :config)
    # Not here: a server that does not answer must not keep calls from their routes.
    {_pid, monitor} = spawn_monitor(fn -> exit({:profiles, fetch.(config)}) end)
    {:noreply, %{state | asking: monitor, waiting: [from]}}
  end

  def handle_call({:ask_once, _fetch}, from, state),
    do: {:noreply, %{state | waiting: [from | state.waiting]}}

  def handle_call({:unbind, session_ids}, _from, state) do
    {:reply, :ok, forget(state, session_ids)}
  end

  @impl GenServer
  def handle_info({:DOWN, monitor, :process, _pid, reason}, %{asking: monitor} = state) do
    heard(reason, state)
    for from <- state.waiting, do: GenServer.reply(from, :ok)
    {:noreply, %{state | asking: nil, waiting: []}}
  end

  def handle_info({:EXIT, pid, reason}, %{pool: pid} = state) do
    with {:ok, pool} <- connect_pool(state) do
      [{:config, config}] = :ets.lookup(state.name, :config)
      :ets.insert(state.name, {:config, %{config | pool: pool}})
      {:noreply, %{state | pool: pool}}
    else
      {:error, _reason} -> {:stop, reason, state}
    end
  end

  def handle_info({:EXIT, pid, _reason}, state) do
    case Enum.find(state.ranks, fn {_endpoint, {connection, _ids}} -> connection == pid end) do
      nil ->
        {:noreply, state}

      {endpoint, {_connection, ids}} ->
        sessions = for id <- ids, known = session(state.name, id), do: known.session
        {result, state} = bind_all(sessions, %{state | ranks: Map.delete(state.ranks, endpoint)})
        with {:error, error} <- result, do: Logger.warning(Error.message(error))
        {:noreply, state}
    end
  end

  def handle_info(_message, state), do: {:noreply, state}

  defp heard({:profiles, nil}, _state), do: :ok

  defp heard({:profiles, profiles}, state) do
    [{:config, config}] = :ets.lookup(state.name, :config)
    config = %{config | profiles: Profiles.merge(state.profiles, profiles), profiles_known?: true}
    :ets.insert(state.name, {:config, config})
  end

  defp heard(crash, state),
    do:
      Logger.error("asking for the profiles of #{inspect(state.name)} failed: #{inspect(crash)}")

  defp bind_all(sessions, state) do
    case Enum.reduce_while(sessions, {:ok, state}, &bind_one/2) do
      {:ok, state} ->
        {:ok, state}

      {:error, session, reason, state} ->
        # What was connected for those before it would stay with nobody to close it.
        {{:error, bad_endpoint(session, reason)}, forget(state, Enum.map(sessions, & &1.id))}
    end
  end

  defp bad_endpoint(session, reason) do
    reason = if is_binary(reason), do: reason, else: inspect(reason, limit: 10)

    message =
      "the pool gave session #{session.id} the endpoint #{inspect(session.endpoint)}, which cannot be " <>
        "used: #{reason}. Use the same version of vllm_bridge and of this client"

    %Error{category: :pool, reason: "bad_endpoint", message: message}
  end

  defp forget(state, session_ids) do
    for id <- session_ids, do: :ets.delete(state.name, {:session, id})
    %{state | ranks: leave(state.ranks, MapSet.new(session_ids))}
  end

  defp bind_one(session, {:ok, state}) do
    ids = MapSet.new([session.id])

    case rank(session.endpoint, Map.put(state, :ranks, leave(state.ranks, ids, session.endpoint))) do
      {:ok, connection, state} ->
        :ets.insert(
          state.name,
          {{:session, session.id}, %{connection: connection, session: session}}
        )

        {:cont, {:ok, join(state, session, connection)}}

      {:error, reason} ->
        {:halt, {:error, session, reason, state}}
    end
  end

  defp rank("", state), do: {:ok, nil, state}

  defp rank(endpoint, state) do
    case state.ranks do
      %{^endpoint => {connection, _ids}} ->
        {:ok, connection, state}

      _none_yet ->
        with {:ok, connection} <- connect_rank(state, endpoint),
             do: {:ok, connection, put_in(state.ranks[endpoint], {connection, MapSet.new()})}
    end
  end

  defp join(state, _session, nil), do: state

  defp join(state, session, connection) do
    {^connection, ids} = state.ranks[session.endpoint]
    put_in(state.ranks[session.endpoint], {connection, MapSet.put(ids, session.id)})
  end

  # Takes sessions off the connections other than `keep`; closes those that nobody uses any more.
  defp leave(ranks, session_ids, keep \\ nil) do
    for {endpoint, {connection, ids}} <- ranks, reduce: %{} do
      acc ->
        rest = if endpoint == keep, do: ids, else: MapSet.difference(ids, session_ids)

        if endpoint != keep and MapSet.size(rest) == 0 do
          # Not here: one that is stuck in writing closes after a minute, and all sessions would wait.
          spawn(fn -> Connection.close(connection) end)
          acc
        else
          Map.put(acc, endpoint, {connection, rest})
        end
    end
  end
end
