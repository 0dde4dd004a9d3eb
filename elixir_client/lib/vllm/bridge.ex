defmodule Vllm.Bridge do
  @schema [
            server: [
              type: {:or, [{:in, [:embedded]}, :text]},
              default: :embedded,
              doc:
                "`:embedded` starts the Python pool as a child OS process; `\"unix:/path\"` or " <>
                  "`\"host:port\"` connects to a running one."
            ],
            name: [
              type: :name,
              default: Vllm.Bridge,
              doc:
                "Name of the supervisor; calls choose a bridge by it (`__runtime__: [bridge: ...]`)."
            ],
            command: [
              type: {:or, [:text, {:list, :text}]},
              doc:
                "Program of the embedded server, with arguments when a list. Without it: the " <>
                  "variable `VLLM_BRIDGE`, `./.venv/bin/vllm-bridge`, `vllm-bridge` on the PATH."
            ],
            python: [
              type: :text,
              doc: "Python interpreter to run the embedded server with, in place of `command`."
            ],
            size: [
              type: :positive,
              doc: "Ranks outside any world of the embedded server; its own default when absent."
            ],
            args: [
              type: {:list, :text},
              default: [],
              doc:
                "More arguments of the embedded server, as of `vllm-bridge serve`: " <>
                  "`[\"--allow\", \"my_package.\"]`."
            ],
            token: [type: :text, doc: "Token of the running server."],
            tls: [
              type: {:or, [:boolean, :keyword]},
              default: false,
              doc:
                "TLS to a running server at `\"host:port\"`: `true`, or options, see below. The server's " <>
                  "certificate is always verified."
            ],
            timeout_profiles: [
              type: :profiles,
              default: [],
              doc:
                "More timeout profiles, `%{training: [timeout: 3_600_000, stream_timeout: :infinity]}`, " <>
                  "see `Vllm.Runtime`."
            ],
            start_timeout: [
              type: :positive,
              default: 30_000,
              doc: "Milliseconds the embedded server may take to be ready."
            ]
          ] ++ Vllm.Runtime.defaults_schema()

  @moduledoc """
  The connection to a pool of ranks; put it into a supervision tree.

      children = [{Vllm.Bridge, server: :embedded}]

  `start_link/1` returns when the server is ready. Should the embedded server end, pending calls return
  errors, and the supervisor starts it anew, with new sessions.

  What is opened through a bridge belongs to it: when the bridge stops, or this whole BEAM dies, the pool
  closes its sessions and stops its worlds after a grace period (5 s, a setting of the server). Sessions
  and worlds that shall outlive it are opened with `detached: true`.

  Options, the last ones being defaults of every call:

  #{Vllm.Options.docs(@schema)}

  ## TLS

      {Vllm.Bridge, server: "ranks.example.org:50051", token: token, tls: [cacertfile: "ca.pem"]}

  #{Vllm.Bridge.Connection.Tls.docs()}
  """

  use Supervisor

  alias Vllm.Bridge.{Attachment, Connections, Endpoint, Owners, Profiles, Server}
  alias Vllm.Bridge.{Subscription, V1}
  alias Vllm.Bridge.Connection.Tls
  alias Vllm.{Error, Options, Runtime}

  @typedoc "A subscription of `subscribe/1`."
  @opaque subscription :: pid()

  @doc "A child specification; the id is the bridge's name, so that one tree may hold several."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) do
    %{
      id: Keyword.get(opts, :name, __MODULE__),
      start: {__MODULE__, :start_link, [opts]},
      type: :supervisor
    }
  end

  @doc "Starts the bridge, and with `server: :embedded` the Python pool."
  @spec start_link(keyword()) :: {:ok, pid()} | {:error, Error.t() | term()}
  def start_link(opts \\ []) do
    with {:ok, opts} <- validate(opts),
         {:ok, opts} <- command(opts) do
      case Supervisor.start_link(__MODULE__, opts, name: opts.name) do
        {:error, {:shutdown, {:failed_to_start_child, _child, %Error{} = error}}} ->
          {:error, error}

        result ->
          result
      end
    end
  end

  @subscribe_schema [
    world_id: [type: :text, doc: "Only this world, with its ranks and sessions; all when absent."],
    with_current: [
      type: :boolean,
      default: false,
      doc: "First what is there now, as events."
    ],
    bridge: [type: :name, default: Vllm.Bridge, doc: "Name of the `Vllm.Bridge` to use."],
    stream_timeout: [type: :timeout, doc: "Longest time of the subscription in ms."],
    timeout_profile: [
      type: :label,
      doc: "Where that time comes from otherwise, see `Vllm.Runtime`."
    ]
  ]

  @doc """
  Subscribes the calling process to changes of worlds, ranks and sessions.

      {:ok, subscription} = Vllm.Bridge.subscribe(world_id: world.id)

      receive do
        {:vllm_event, ^subscription, %Vllm.Event{kind: :rank, rank: rank}} -> rank.state
        {:vllm_event, ^subscription, {:error, %Vllm.Error{}}} -> :over
      end

  Nothing that happens after it returns is missed. The subscription ends with `unsubscribe/1`, with the
  calling process, or with a last message `{:vllm_event, subscription, {:error, error}}`: when its time
  is over (the stream timeout), the pool or the connection is lost (nobody reconnects: some events may
  have been missed), the bridge stops, or the process leaves over a thousand messages unread for so
  long that the pool gives up (reason `"watch_too_slow"`).

  Options:

  #{Options.docs(@subscribe_schema)}
  """
  @spec subscribe(keyword()) :: {:ok, subscription()} | {:error, Error.t()}
  def subscribe(opts \\ []) do
    with {:ok, opts} <- validate_subscribe(opts),
         {:ok, config} <- Connections.config(opts.bridge),
         config = Profiles.known(config),
         {:ok, timeout} <- Runtime.stream_timeout(opts, config.defaults, config.profiles) do
      request = %V1.WatchRequest{world_id: opts.world_id || "", with_current: opts.with_current}
      Subscription.start(config, request, timeout)
    end
  end

  defp validate_subscribe(opts) do
    with {:error, message} <- Options.validate(opts, @subscribe_schema, "Vllm.Bridge.subscribe"),
         do: {:error, Error.validation(message, "invalid_option")}
  end

  @doc """
  Ends a subscription. No message of it comes after that, and none is left with the calling process. One
  that has ended is passed over.
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
    after
      0 -> :ok
    end
  end

  @impl Supervisor
  def init(opts) do
    server_name = Module.concat(opts.name, Server)

    {server, server_children} =
      case opts.server do
        :embedded -> {{:embedded, server_name}, [server_child(server_name, opts)]}
        endpoint -> {endpoint, []}
      end

    connections =
      {Connections,
       name: opts.name,
       server: server,
       token: opts.token,
       tls: opts.tls,
       client_id: client_id(),
       profiles: opts.timeout_profiles,
       defaults: Map.take(opts, Keyword.keys(Runtime.defaults_schema()))}

    of_connections = [
      {Owners, bridge: opts.name},
      {DynamicSupervisor, name: Subscription.supervisor(opts.name), strategy: :one_for_one},
      {Attachment, bridge: opts.name}
    ]

    # The connections lead to the server: a new server needs new ones, and what is on them too.
    children = server_children ++ [connections | of_connections]
    Supervisor.init(children, strategy: :rest_for_one)
  end

  # Named once in the bridge's life: the pool knows it again after a restart of any child.
  defp client_id, do: "elixir-" <> Base.encode16(:crypto.strong_rand_bytes(16), case: :lower)

  defp server_child(name, opts) do
    {Server,
     name: name,
     bridge: opts.name,
     command: opts.command,
     size: opts.size,
     args: opts.args,
     start_timeout: opts.start_timeout}
  end

  defp validate(opts) do
    with {:ok, opts} <- Options.validate(opts, @schema, "Vllm.Bridge"),
         :ok <- check_server(opts),
         :ok <- check_tls(opts),
         {:ok, profiles} <- Profiles.configured(opts.timeout_profiles) do
      {:ok, %{opts | timeout_profiles: profiles}}
    else
      {:error, message} -> {:error, Error.validation(message, "invalid_option")}
    end
  end

  defp check_tls(%{tls: false}), do: :ok

  defp check_tls(%{server: :embedded}),
    do: {:error, "Vllm.Bridge: tls is for a running server; an embedded one has a unix socket"}

  defp check_tls(%{server: server, tls: tls}) do
    {:ok, endpoint} = Endpoint.parse(server)

    case Tls.options(tls, endpoint) do
      {:ok, _options} -> :ok
      {:error, message} -> {:error, "Vllm.Bridge: " <> message}
    end
  end

  defp check_server(%{server: :embedded, token: nil}), do: :ok

  defp check_server(%{server: :embedded}),
    do: {:error, "Vllm.Bridge: token is for a running server; an embedded one needs none"}

  defp check_server(%{server: endpoint} = opts) do
    embedded_only =
      for key <- [:command, :python, :size, :args], opts[key] not in [nil, []], do: key

    case {Endpoint.parse(endpoint), embedded_only} do
      {{:ok, _parsed}, []} ->
        :ok

      {{:ok, _parsed}, keys} ->
        {:error, "Vllm.Bridge: #{Enum.join(keys, ", ")} only apply to server: :embedded"}

      {{:error, reason}, _keys} ->
        {:error,
         "Vllm.Bridge: server must be :embedded, \"unix:/path\" or \"host:port\", got: " <>
           "#{inspect(endpoint)} (#{if is_binary(reason), do: reason, else: inspect(reason)})"}
    end
  end

  defp command(%{server: :embedded} = opts) do
    with {:ok, command} <- Server.find_command(opts), do: {:ok, %{opts | command: command}}
  end

  defp command(opts), do: {:ok, opts}
end
