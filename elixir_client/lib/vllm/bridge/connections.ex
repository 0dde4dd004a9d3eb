defmodule Vllm.Bridge.Connections do
  @moduledoc false
  # Owns a bridge's connections: to the pool, and to every rank that an open session is bound to, one by gRPC
  # and, where frames are taken there, one for those.
  # Callers route calls by an ETS table named like the bridge, so a call passes no process but its
  # connection.

  use GenServer
  require Logger

  alias Vllm.Bridge.{Connection, Endpoint, Frames, Profiles, Reach}
  alias Vllm.Bridge.Frames.Route
  alias Vllm.{Background, Error, Options, Session}
  alias Vllm.World.Leases

  @type config :: %{
          bridge: atom(),
          manager: pid(),
          pool: pid() | {module(), Vllm.Bridge.Transport.handle()},
          calls: pid() | Route.t() | {module(), Vllm.Bridge.Transport.handle()},
          endpoint: String.t(),
          carrier: :auto | :grpc,
          default_session: String.t(),
          call_prefix: String.t(),
          counter: :atomics.atomics_ref(),
          defaults: map(),
          client_id: String.t(),
          leases: atom(),
          profiles: Profiles.t(),
          profiles_known?: boolean()
        }

  @typedoc "What is known of an open session; `route` is nil when its calls go to the pool."
  @type known :: %{route: Route.t() | nil, session: Session.t()}

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

  Whether ranks on other hosts can be reached is found out first, in the calling process: a call that went
  directly after one that went through the pool could overtake it.
  """
  @spec bind(atom(), [Session.t()]) :: :ok | {:error, Error.t()}
  def bind(bridge, sessions) do
    with {:ok, config} <- config(bridge),
         do: ask(bridge, {:bind, Reach.ranks(config, sessions)})
  end

  @doc "Whether a rank on another host did not answer there a short time ago."
  @spec unreachable?(atom(), endpoint :: String.t()) :: boolean()
  def unreachable?(bridge, endpoint) do
    case :ets.lookup(bridge, {:unreachable, endpoint}) do
      [{_key, until}] -> System.monotonic_time(:millisecond) < until
      [] -> false
    end
  rescue
    ArgumentError -> false
  end

  @doc "Remembers for so many milliseconds that a rank on another host does not answer there."
  @spec unreachable(atom(), endpoint :: String.t(), pos_integer()) :: :ok | {:error, Error.t()}
  def unreachable(bridge, endpoint, time), do: ask(bridge, {:unreachable, endpoint, time})

  @doc """
  Takes over the profiles of the server, which `fetch` asks for (nil: it has none), and returns when that
  is done. Callers that arrive meanwhile wait for the same answer.
  """
  @spec ask_once(atom(), (config() -> Profiles.t() | nil)) :: :ok | {:error, Error.t()}
  def ask_once(bridge, fetch), do: ask(bridge, {:ask_once, fetch})

  @doc "The pool takes calls in frames there; the empty string: it takes none."
  @spec pool_frames(atom(), String.t()) :: :ok | {:error, Error.t()}
  def pool_frames(bridge, endpoint), do: ask(bridge, {:pool_frames, endpoint})

  @doc "The ids of the sessions of a world that are known here."
  @spec session_ids(atom(), world_id :: String.t()) :: [String.t()]
  def session_ids(bridge, world_id) do
    :ets.select(bridge, [
      {{{:session, :"$1"}, %{session: %{world_id: world_id}}}, [], [:"$1"]}
    ])
  rescue
    ArgumentError -> []
  end

  @doc "What is known of all open sessions."
  @spec sessions(atom()) :: [known()]
  def sessions(bridge) do
    :ets.select(bridge, [{{{:session, :_}, :"$1"}, [], [:"$1"]}])
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
      carrier: Keyword.get(opts, :carrier, :auto),
      client_id: Keyword.fetch!(opts, :client_id),
      profiles: Keyword.fetch!(opts, :profiles),
      pool: nil,
      # {where, frames}: where the pool takes calls in frames, and the connection there, if there is one.
      pool_frames: {"", nil},
      # The monitor of the process that asks for the profiles, and the processes that wait for its answer.
      asking: nil,
      waiting: [],
      # place => {route, ids of the sessions that use it}; a place is an endpoint of the server's host or, on
      # another host, one session's: its token is of that session alone.
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
      calls: pool,
      endpoint: Endpoint.readable(state.endpoint),
      carrier: state.carrier,
      default_session: "elixir-" <> id,
      call_prefix: id <> "-",
      counter: :atomics.new(1, signed: false),
      defaults: defaults,
      client_id: state.client_id,
      leases: Leases.name(state.name),
      profiles: Profiles.merge(state.profiles, %{}),
      profiles_known?: false
    }
  end

  defp random_id, do: 8 |> :crypto.strong_rand_bytes() |> Base.encode16(case: :lower)

  defp connect_pool(%{transport: {_module, _handle} = transport}), do: {:ok, transport}

  defp connect_pool(state),
    do: connect([endpoint: state.endpoint, token: state.token, tls: state.tls], state)

  # A rank that is called at its session's endpoint is on this host.
  defp connect_rank(%Route{grpc: nil} = route, state, session) do
    with {:ok, grpc} <- connect([endpoint: session.endpoint, token: state.token], state),
         do: connect_rank(%{route | grpc: grpc}, state, session)
  end

  defp connect_rank(%Route{frames: nil} = route, state, session),
    do: {:ok, %{route | frames: frames(state, session.frames_endpoint)}}

  defp connect_rank(route, _state, _session), do: {:ok, route}

  # Without them its calls go by gRPC.
  defp frames(%{carrier: :auto} = state, "unix:" <> _path = endpoint) do
    {:ok, options} = Options.validate(state.connection, Connection.schema(), "connection")

    case Frames.start_link(endpoint, Map.put(options, :token, state.token)) do
      {:ok, frames} -> frames
      {:error, _unusable} -> nil
    end
  end

  defp frames(_grpc_only, _none), do: nil

  defp connect(options, state), do: Connection.start_link(options ++ state.connection)

  @impl GenServer
  def handle_call({:bind, sessions}, _from, state) do
    {result, state} = bind_all(sessions, state)
    {:reply, result, state}
  end

  def handle_call({:unreachable, endpoint, time}, _from, state) do
    now = System.monotonic_time(:millisecond)
    :ets.select_delete(state.name, [{{{:unreachable, :_}, :"$1"}, [{:<, :"$1", now}], [true]}])
    :ets.insert(state.name, {{:unreachable, endpoint}, now + time})
    {:reply, :ok, state}
  end

  def handle_call({:ask_once, fetch}, from, %{asking: nil} = state) do
    [{:config, config}] = :ets.lookup(state.name, :config)
    # Not here: a server that does not answer must not keep calls from their routes.
    {_pid, monitor} = spawn_monitor(fn -> exit({:profiles, fetch.(config)}) end)
    {:noreply, %{state | asking: monitor, waiting: [from]}}
  end

  def handle_call({:ask_once, _fetch}, from, state),
    do: {:noreply, %{state | waiting: [from | state.waiting]}}

  def handle_call({:pool_frames, endpoint}, _from, state),
    do: {:reply, :ok, frames_to_pool(state, endpoint)}

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
      {:noreply, know_pool(%{state | pool: pool})}
    else
      {:error, _reason} -> {:stop, reason, state}
    end
  end

  def handle_info({:EXIT, pid, _reason}, %{pool_frames: {endpoint, %Frames{pid: pid}}} = state),
    do: {:noreply, know_pool(%{state | pool_frames: {endpoint, frames(state, endpoint)}})}

  def handle_info({:EXIT, pid, _reason}, state) do
    case Enum.find(state.ranks, fn {_place, {route, _ids}} -> pid in Route.pids(route) end) do
      nil ->
        {:noreply, state}

      {{:far, id} = place, _route} ->
        # Its calls go through the pool from now on.
        with %{session: session} <- session(state.name, id), do: know(state, session, nil)
        {:noreply, %{state | ranks: Map.delete(state.ranks, place)}}

      {endpoint, {route, ids}} ->
        # What is left of the route may have calls under way.
        {:noreply, mend(state, endpoint, Route.without(route, pid), ids)}
    end
  end

  def handle_info(_message, state), do: {:noreply, state}

  defp mend(state, endpoint, route, ids) do
    sessions = for id <- ids, known = session(state.name, id), do: known.session

    case connect_rank(route, state, hd(sessions)) do
      {:ok, route} ->
        for session <- sessions, do: know(state, session, route)
        put_in(state.ranks[endpoint], {route, ids})

      {:error, reason} ->
        Logger.warning(Error.message(bad_endpoint(hd(sessions), reason)))
        forget(state, ids)
    end
  end

  defp frames_to_pool(%{pool_frames: {endpoint, %Frames{}}} = state, endpoint), do: state

  defp frames_to_pool(%{pool_frames: {_before, frames}} = state, endpoint) do
    # The pool is another one: what was there has gone.
    close(%Route{frames: frames})
    know_pool(%{state | pool_frames: {endpoint, frames(state, endpoint)}})
  end

  defp know_pool(%{pool: pool, pool_frames: {_endpoint, frames}} = state) do
    [{:config, config}] = :ets.lookup(state.name, :config)
    calls = if frames, do: %Route{grpc: pool, frames: frames}, else: pool
    :ets.insert(state.name, {:config, %{config | pool: pool, calls: calls}})
    state
  end

  defp know(state, session, route),
    do: :ets.insert(state.name, {{:session, session.id}, %{route: route, session: session}})

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
        # The connections of those before it would have nobody to close them.
        {{:error, bad_endpoint(session, reason)},
         forget(state, for({session, _reach} <- sessions, do: session.id))}
    end
  end

  defp bad_endpoint(session, reason) do
    reason = if is_struct(reason, Error), do: reason.message, else: inspect(reason, limit: 10)

    message =
      "the pool gave session #{session.id} the endpoint #{inspect(session.endpoint)}, which cannot be " <>
        "used: #{reason}. Use the same version of vllm_bridge and of this client"

    %Error{category: :pool, reason: "bad_endpoint", message: message}
  end

  defp forget(state, session_ids) do
    for id <- session_ids, do: :ets.delete(state.name, {:session, id})
    %{state | ranks: leave(state.ranks, MapSet.new(session_ids))}
  end

  defp bind_one({session, reach}, {:ok, state}) do
    ids = MapSet.new([session.id])
    kept = if reach == :unchanged, do: {:far, session.id}, else: session.endpoint

    case rank(session, reach, Map.put(state, :ranks, leave(state.ranks, ids, kept))) do
      {:ok, nil, state} ->
        know(state, session, nil)
        {:cont, {:ok, state}}

      {:ok, {place, route}, state} ->
        know(state, session, route)
        {:cont, {:ok, join(state, session, place, route)}}

      {:error, reason} ->
        {:halt, {:error, session, reason, state}}
    end
  end

  defp rank(session, :unchanged, state) do
    place = {:far, session.id}

    # It may have ended meanwhile.
    case state.ranks do
      %{^place => {route, _ids}} -> {:ok, {place, route}, state}
      _none -> {:ok, nil, state}
    end
  end

  defp rank(session, %Reach{} = reach, state) do
    with {:ok, grpc} <- connect(Reach.options(reach, state.connection), state) do
      {:ok, {{:far, session.id}, %Route{grpc: grpc}}, state}
    end
  end

  defp rank(%{endpoint: "", frames_endpoint: ""}, nil, state), do: {:ok, nil, state}

  # The session's calls go to the pool, which takes them in frames there.
  defp rank(%{endpoint: "", frames_endpoint: pool}, nil, state),
    do: {:ok, nil, frames_to_pool(state, pool)}

  defp rank(%{endpoint: endpoint} = session, nil, state) do
    with %{^endpoint => {route, _ids}} <- state.ranks do
      {:ok, {endpoint, route}, state}
    else
      _none_yet ->
        with {:ok, route} <- connect_rank(%Route{}, state, session),
             do: {:ok, {endpoint, route}, state}
    end
  end

  defp join(state, session, place, route) do
    {_route, ids} = Map.get(state.ranks, place, {route, MapSet.new()})
    put_in(state.ranks[place], {route, MapSet.put(ids, session.id)})
  end

  # Takes sessions off the connections other than `keep`; closes those that nobody uses any more.
  defp leave(ranks, session_ids, keep \\ nil) do
    for {place, {route, ids}} <- ranks, reduce: %{} do
      acc ->
        rest = if place == keep, do: ids, else: MapSet.difference(ids, session_ids)

        if place != keep and MapSet.size(rest) == 0 do
          close(route)
          acc
        else
          Map.put(acc, place, {route, rest})
        end
    end
  end

  # Not here: one that is stuck in writing closes after a minute, and all sessions would wait.
  defp close(route) do
    for pid <- Route.pids(route),
        do: Background.start("closing a connection of a bridge", fn -> Connection.close(pid) end)
  end
end
