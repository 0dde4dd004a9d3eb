defmodule Vllm.Bridge do
  alias Vllm.Bridge.Settings

  @moduledoc since: "0.1.0"
  @moduledoc """
  The connection to a pool of ranks; put it into a supervision tree.

      children = [{Vllm.Bridge, server: :embedded}]

  `start_link/1` returns when the server is ready. If the embedded server ends, pending calls return
  errors and the supervisor starts it again, with new sessions. Until then calls return the error
  `"bridge_not_started"`. If the server ends more often than `max_restarts` within `max_seconds`, the
  bridge ends too, and its supervisor decides what happens next.

  Every option but `name` can be set for all bridges of an application, see `Vllm.Bridge.Config`. Options
  given here win.

  A bridge owns what is opened through it. When the bridge stops, or the whole BEAM dies, the pool closes
  its sessions and stops its worlds after a grace period (5 s, a setting of the server). Open sessions
  and worlds with `detached: true` to keep them longer.

  Options; the last ones are defaults of every call:

  #{Vllm.Options.docs(Settings.schema())}

  ## Carriers

  Calls of a strict session or of a world go straight to their rank, if the client is on the rank's host.
  There a rank takes the same calls by two carriers: gRPC, and *frames*, which are the same messages over a
  second unix socket, in less than half of the time. With `carrier: :auto` such calls go in frames; `carrier: :grpc`
  turns frames off. What a caller sees is equal: results, errors, deadlines, order. Calls of a `:hint` session
  go to the pool, which knows which rank is idle: also in frames where bridge and pool are on one host and the
  pool was reached over a unix socket.

  Calls to a rank on another host than the server's go there over TLS, with a token of their session alone, if
  the rank answers within two seconds when the world starts or the session opens. Otherwise they go through the
  server, and the log says so once (level info). A strict session with a rank that has become unreachable changes
  over with the first call that fails to connect; that call is made through the server, without an error.
  `direct` in the metadata of `Vllm.Telemetry` says which way a call went.

  These go by gRPC nevertheless: requests above 1 MB, tensors in parts (docs/tensors.md), every call while a
  rank or the pool takes no frames, and what is asked of the pool itself: sessions, worlds, events. A call
  whose frame has certainly not run is made by gRPC at once, without an error.

  `info/1` and `Vllm.Session.carrier/1` say which carrier is used, and so does the metadata of
  `Vllm.Telemetry`.

  ## TLS

      {Vllm.Bridge, server: "ranks.example.org:50051", token: token, tls: [cacertfile: "ca.pem"]}

  #{Vllm.Bridge.Connection.Tls.docs()}
  """

  use Supervisor

  import Vllm.Bang

  alias Vllm.Bridge.{
    Attachment,
    Connections,
    Endpoint,
    Owners,
    Profiles,
    Server,
    Status,
    Subscription,
    Trace,
    V1
  }

  alias Vllm.Bridge.Frames.Route
  alias Vllm.Bridge.Logs.ToLogger
  alias Vllm.Tensor.Segments
  alias Vllm.{Error, Options, Runtime, Telemetry}
  alias Vllm.World.Leases

  @typedoc "A subscription of `subscribe/1`; what it is is private."
  @type subscription :: pid()

  @doc since: "0.1.0"
  @doc "A child specification; the id is the bridge's name, so that one tree may hold several."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) do
    %{
      id: if(Keyword.keyword?(opts), do: opts[:name]) || __MODULE__,
      start: {__MODULE__, :start_link, [opts]},
      type: :supervisor
    }
  end

  @doc since: "0.1.0"
  @doc "Starts the bridge, and with `server: :embedded` the Python pool."
  @spec start_link(keyword()) :: {:ok, pid()} | {:error, Error.t() | term()}
  def start_link(opts \\ []) do
    with {:ok, opts} <- Settings.validate(opts) do
      case Supervisor.start_link(__MODULE__, opts, name: opts.name) do
        {:error, {:shutdown, {:failed_to_start_child, _child, %Error{} = error}}} ->
          {:error, error}

        {:error, {:shutdown, {:failed_to_start_child, child, reason}}} ->
          {:error, not_started(child, reason)}

        result ->
          result
      end
    end
  end

  defp not_started(child, reason) do
    message = "#{inspect(child)} of the bridge could not start: #{Exception.format_exit(reason)}"

    %Error{category: :pool, reason: "bridge_start_failed", message: message}
  end

  @status_schema [
                   timeout: [
                     type: :timeout,
                     default: 30_000,
                     doc: "Milliseconds to wait for the server."
                   ]
                 ] ++ Options.bridge()

  @connected_schema put_in(@status_schema[:timeout][:default], 1_000)

  @doc since: "0.1.0"
  @doc """
  What the server of a bridge has: its pools, ranks, worlds and sessions.

      {:ok, status} = Vllm.Bridge.status()
      Enum.sum(for pool <- status.pools, do: pool.idle)

  Options:

  #{Options.docs(@status_schema)}
  """
  @spec status(keyword()) :: {:ok, Status.t()} | {:error, Error.t()}
  def status(opts \\ []) do
    with {:ok, opts} <- Options.parse(opts, @status_schema, "Vllm.Bridge.status"),
         do: Status.ask(opts.bridge, opts.timeout)
  end

  defbang status(opts \\ []) :: Status.t()

  @doc since: "0.1.0"
  @doc """
  Whether a bridge is running and its server answers, within a second or the `timeout`. Options as of `status/1`;
  raises `Vllm.Error` for a wrong one.
  """
  @spec connected?(keyword()) :: boolean()
  def connected?(opts \\ []) do
    opts = Error.unwrap!(Options.parse(opts, @connected_schema, "Vllm.Bridge.connected?"))
    match?({:ok, _status}, Status.ask(opts.bridge, opts.timeout))
  end

  @subscribe_schema [
                      world_id: [
                        type: :text,
                        doc: "Only this world, with its ranks and sessions; all when absent."
                      ],
                      with_current: [
                        type: :boolean,
                        default: false,
                        doc: "Whether events about what exists already come first."
                      ],
                      stream_timeout: [
                        type: :timeout,
                        doc: "Longest time of the subscription in ms."
                      ],
                      timeout_profile: [
                        type: :label,
                        doc: "Where that time comes from otherwise, see `Vllm.Runtime`."
                      ]
                    ] ++ Options.bridge()

  @doc since: "0.1.0"
  @doc """
  Subscribes the calling process to changes of worlds, ranks and sessions.

      {:ok, subscription} = Vllm.Bridge.subscribe(world_id: world.id)

      receive do
        {:vllm_event, ^subscription, %Vllm.Event{kind: :rank, rank: rank}} -> rank.state
        {:vllm_event, ^subscription, {:error, %Vllm.Error{}}} -> :over
      end

  No event after the return of this function is missed. The subscription ends with `unsubscribe/1`, with
  the calling process, or with a last message `{:vllm_event, subscription, {:error, error}}`. That message
  comes when

    * the stream timeout has passed,
    * the pool or the connection is lost (events may have been missed, so nothing reconnects),
    * the bridge stops, or
    * the process leaves over a thousand messages unread until the pool gives up (`"watch_too_slow"`).

  Options:

  #{Options.docs(@subscribe_schema)}
  """
  @spec subscribe(keyword()) :: {:ok, subscription()} | {:error, Error.t()}
  def subscribe(opts \\ []) do
    with {:ok, opts} <- Options.parse(opts, @subscribe_schema, "Vllm.Bridge.subscribe"),
         {:ok, config} <- Connections.config(opts.bridge),
         config = Profiles.known(config),
         {:ok, timeout} <- Runtime.stream_timeout(opts, config.defaults, config.profiles) do
      request = %V1.WatchRequest{world_id: opts.world_id || "", with_current: opts.with_current}
      subscription(config, request, timeout)
    end
  end

  defbang subscribe(opts \\ []) :: subscription()

  @doc false
  # For `Vllm.World.subscribe/3`.
  @spec emissions(String.t(), String.t(), timeout(), atom()) ::
          {:ok, subscription()} | {:error, Error.t()}
  def emissions(world_id, topic, timeout, bridge) do
    request = %V1.SubscribeRequest{world_id: world_id, topic: topic}
    with {:ok, config} <- Connections.config(bridge), do: subscription(config, request, timeout)
  end

  @doc false
  # For `Vllm.World.logs/2`.
  @spec lines(map(), timeout(), atom()) :: {:ok, subscription()} | {:error, Error.t()}
  def lines(wanted, timeout, bridge) do
    request = struct!(V1.LogsRequest, wanted)
    with {:ok, config} <- Connections.config(bridge), do: subscription(config, request, timeout)
  end

  defp subscription(%{pool: pool} = config, request, timeout) when is_pid(pool),
    do: Subscription.start(config, request, timeout)

  defp subscription(%{pool: {transport, handle}} = config, request, _timeout) do
    if function_exported?(transport, :subscribe, 2),
      do: transport.subscribe(handle, request),
      else: {:error, no_streams(config)}
  end

  defp no_streams(config) do
    message =
      "Vllm.Bridge.subscribe: the bridge #{inspect(config.bridge)} runs on #{config.endpoint}, which " <>
        "carries no streams"

    %Error{category: :pool, reason: "unsupported_by_transport", message: message}
  end

  @doc since: "0.1.0"
  @doc """
  Ends a subscription. No message of it comes after that, and none is left in the mailbox of the calling
  process. Ending it twice does nothing.
  """
  @spec unsubscribe(subscription()) :: :ok
  def unsubscribe(subscription) when is_pid(subscription) do
    try do
      GenServer.stop(subscription)
    catch
      :exit, _ended -> :ok
    end

    flush(subscription)
  end

  defp flush(subscription) do
    receive do
      {:vllm_event, ^subscription, _event_or_error} -> flush(subscription)
      {:vllm_emission, ^subscription, _emission_or_error} -> flush(subscription)
      {:vllm_log, ^subscription, _lines_or_error} -> flush(subscription)
    after
      0 -> :ok
    end
  end

  @typedoc """
  Of `info/1`.

    * `endpoint`: of the pool
    * `carrier`: the option of the bridge
    * `pool_carrier`: what carries calls to the pool at the moment, those of `:hint` sessions; a module where
      the bridge has a transport of its own
    * `ranks`: those that open sessions of this bridge are bound to and that are called directly, with the
      carrier of their calls at the moment, and the ids of the sessions
  """
  @type info :: %{
          endpoint: String.t(),
          carrier: :auto | :grpc,
          pool_carrier: :frames | :grpc | module(),
          ranks: [
            %{
              endpoint: String.t(),
              frames_endpoint: String.t(),
              carrier: :frames | :grpc,
              session_ids: [String.t()]
            }
          ]
        }

  @doc since: "0.1.0"
  @doc """
  Where a bridge is connected, and by which carrier.

      {:ok, info} = Vllm.Bridge.info()
      for rank <- info.ranks, do: {rank.endpoint, rank.carrier}

  Options:

  #{Options.docs(Options.bridge())}
  """
  @spec info(keyword()) :: {:ok, info()} | {:error, Error.t()}
  def info(opts \\ []) do
    with {:ok, %{bridge: bridge}} <- Options.parse(opts, Options.bridge(), "Vllm.Bridge.info"),
         {:ok, config} <- Connections.config(bridge) do
      known = for %{route: %Route{}} = known <- Connections.sessions(bridge), do: known

      ranks =
        for {endpoint, [%{route: route, session: session} | _] = all} <-
              Enum.group_by(known, & &1.session.endpoint) do
          %{
            endpoint: Endpoint.readable(endpoint),
            frames_endpoint: Endpoint.readable(session.frames_endpoint),
            carrier: Route.carrier(route),
            session_ids: Enum.sort(for one <- all, do: one.session.id)
          }
        end

      {:ok,
       %{
         endpoint: config.endpoint,
         carrier: config.carrier,
         pool_carrier: Route.carrier(config.calls),
         ranks: ranks
       }}
    end
  end

  defbang info(opts \\ []) :: info()

  @impl Supervisor
  def init(opts) do
    # Looked for once: a call only asks whether it is there.
    Telemetry.load()
    Trace.load()
    server_name = Module.concat(opts.name, Server)

    {server, server_children} =
      case opts do
        %{transport: {carrier, children}} -> {{:transport, carrier}, children}
        %{server: :embedded} -> {{:embedded, server_name}, [server_child(server_name, opts)]}
        %{server: endpoint} -> {endpoint, []}
      end

    connections =
      {Connections,
       name: opts.name,
       server: server,
       transport: opts.transport && elem(opts.transport, 0),
       token: opts.token,
       tls: opts.tls,
       connection: opts.connection,
       carrier: opts.carrier,
       client_id: client_id(),
       profiles: opts.timeout_profiles,
       defaults: Map.take(opts, Keyword.keys(Runtime.defaults_schema()))}

    # What is open only on connections of our own.
    streams =
      if opts.transport,
        do: [],
        else: [
          {Segments, bridge: opts.name},
          {DynamicSupervisor, name: Subscription.supervisor(opts.name), strategy: :one_for_one},
          {Attachment, bridge: opts.name},
          {Leases, bridge: opts.name}
          | log_children(opts)
        ]

    # The connections lead to the server: a new server needs new ones, and what is on them too.
    children = server_children ++ [connections, {Owners, bridge: opts.name}] ++ streams

    Supervisor.init(children,
      strategy: :rest_for_one,
      max_restarts: opts.max_restarts,
      max_seconds: opts.max_seconds
    )
  end

  # An embedded server's lines come from what it writes.
  defp log_children(%{server: :embedded}), do: []
  defp log_children(%{log: :logger} = opts), do: [{ToLogger, bridge: opts.name}]
  defp log_children(_opts), do: []

  # Named once in the bridge's life: the pool knows it again after a restart of any child.
  defp client_id, do: "elixir-" <> Base.encode16(:crypto.strong_rand_bytes(16), case: :lower)

  defp server_child(name, opts) do
    {Server,
     name: name,
     bridge: opts.name,
     command: opts.command,
     size: opts.size,
     args: opts.args,
     log: opts.log,
     start_timeout: opts.start_timeout}
  end
end
