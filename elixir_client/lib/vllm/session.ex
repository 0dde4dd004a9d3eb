defmodule Vllm.Session do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A session: an id bound to a pool and, once it has run, to one rank that keeps its objects.

  A call runs in the first of these:

    1. the session named in `__runtime__: [session_id: ...]`,
    2. the session of an object among the arguments,
    3. the session of the process (`with_session/2`, `Vllm.World.run/3`), or of the process that it works for, as a
       `Task` does,
    4. the bridge's own session, of affinity `:hint`.

  | affinity | preferred rank idle | busy | gone |
  |---|---|---|---|
  | `:hint` (default) | use it | any idle rank, else queue | any rank |
  | `:strict_queue` | use it | wait in its queue | error `session_worker_unavailable` |
  | `:strict_fail_fast` | use it | error `worker_busy` at once | error `session_worker_unavailable` |

  Calls of a strict session go straight to its rank if the client can reach it (`Vllm.Bridge`, Carriers): over
  a unix socket on the server's host, over TLS where the rank is on another one.

  Objects stay in the rank that made them (`Vllm.Ref`). A call of a `:hint` session that takes an object
  goes to the object's rank and waits there. A call with objects of two ranks is refused
  (`"ref_elsewhere"`). Calls in `Vllm.with_context/3` go to the context's rank.

  ## How a session ends

  A session opened with `open/1` is closed

    * when the process that opened it dies (the last one, if several opened the same id),
    * when its bridge stops, after the pool's grace period,
    * by `close/1`, and
    * when it has been idle for too long.

  A process that opens a session for others, such as a `Task`, gives `detached: true`: then no process
  and no bridge owns the session. A session that another BEAM had opened before stays with that BEAM.

  ## Errors

  | reason | what it says |
  |---|---|
  | `"worker_busy"` | a fail-fast session's rank has work |
  | `"session_worker_unavailable"` | a strict session's rank is gone |
  | `"queue_full"` | too many calls wait in the pool or at the rank; depth and limit are in `details` |
  | `"queue_timeout"` | no rank became free while the pool lets calls wait |
  | `"session_not_found"`, `"session_closed"` | the session does not exist, or it has ended; the message says how |
  | `"too_many_sessions"` | the pool's limit of live sessions is reached |
  | `"pool_not_found"` | the server has no pool of that name; the message lists those that it has |
  | `"pool_failed"` | the pool takes no calls any more: its ranks died too often |
  | `"affinity_conflict"`, `"pool_conflict"` | the session is live with another affinity or pool |
  """

  import Vllm.Bang

  alias Vllm.Bridge.{Connections, Owners, PoolClient, V1}
  alias Vllm.Bridge.Frames.Route
  alias Vllm.Call.Inherited
  alias Vllm.{Error, Options, Runtime}

  @enforce_keys [:id]
  defstruct [
    :id,
    :rank,
    bridge: Vllm.Bridge,
    pool_name: "",
    affinity: :hint,
    endpoint: "",
    frames_endpoint: "",
    far_endpoint: "",
    world_id: "",
    epoch: 0,
    pid: 0
  ]

  @type affinity :: :hint | :strict_queue | :strict_fail_fast
  @type t :: %__MODULE__{
          id: String.t(),
          rank: non_neg_integer() | nil,
          bridge: atom(),
          pool_name: String.t(),
          affinity: affinity(),
          endpoint: String.t(),
          frames_endpoint: String.t(),
          far_endpoint: String.t(),
          world_id: String.t(),
          epoch: non_neg_integer(),
          pid: non_neg_integer()
        }

  @schema [
            session_id: [type: :text, doc: "Id; a new one when absent."],
            pool_name: [
              type: :label,
              doc: "Pool to open it in; the server's default when absent."
            ],
            affinity: [
              type: {:in, Runtime.affinities()},
              doc:
                "See above; when absent the bridge's default, or that of the live session of that id."
            ],
            detached: [
              type: :boolean,
              default: false,
              doc: "Whether it outlives the calling process and the bridge, see above."
            ]
          ] ++ Options.bridge()

  @close_schema [
    bridge: [
      type: :name,
      doc: "Name of the `Vllm.Bridge` of a session given by its id, `Vllm.Bridge` when absent."
    ]
  ]

  @bound :"$vllm_session"

  @doc since: "0.1.0"
  @doc """
  Opens a session, or returns the live one of that id. A strict one is bound to a rank at once.

  Options:

  #{Options.docs(@schema)}
  """
  @spec open(keyword()) :: {:ok, t()} | {:error, Error.t()}
  def open(opts \\ []) do
    with {:ok, opts} <- Options.parse(opts, @schema, "Vllm.Session.open"),
         {:ok, config} <- Connections.config(opts.bridge),
         {:ok, message} <- request(opts, config),
         session = from_message(message, opts.bridge),
         :ok <- Connections.bind(opts.bridge, [session]),
         do: {:ok, session}
  end

  defbang open(opts \\ []) :: t()

  defp request(opts, config) do
    request = %V1.OpenSessionRequest{
      session_id: opts.session_id || "",
      pool_name: opts.pool_name || config.defaults.pool_name || "",
      affinity: opts.affinity || config.defaults.affinity || :affinity_unspecified,
      client_id: if(opts.detached, do: "", else: config.client_id)
    }

    case {opts.detached, opts.session_id} do
      {true, _id} ->
        PoolClient.call(config, "OpenSession", request, V1.Session)

      {false, nil} ->
        # An id of ours can be owned before the session is there: whenever this process is killed,
        # somebody knows what to close.
        id = "session-" <> Base.encode16(:crypto.strong_rand_bytes(8), case: :lower)
        Owners.own(opts.bridge, {:session, id})

        with {:error, error} <-
               PoolClient.call(config, "OpenSession", %{request | session_id: id}, V1.Session) do
          Owners.disown(opts.bridge, {:session, id})
          {:error, error}
        end

      {false, id} ->
        with {:ok, message} <- PoolClient.call(config, "OpenSession", request, V1.Session) do
          # It may have been there before, and be somebody else's.
          if message.client_id == config.client_id, do: Owners.own(opts.bridge, {:session, id})
          {:ok, message}
        end
    end
  end

  @doc since: "0.1.0"
  @doc """
  Closes a session, given as a struct or by its id, and frees its objects. Closing a missing session is
  no error.

  Options:

  #{Options.docs(@close_schema)}
  """
  @spec close(t() | String.t(), keyword()) :: :ok | {:error, Error.t()}
  def close(session_or_id, opts \\ []) do
    with {:ok, %{bridge: given}} <- Options.parse(opts, @close_schema, "Vllm.Session.close"),
         {:ok, id, bridge} <- identity(session_or_id, given),
         do: close(id, bridge, "")
  end

  defbang close(session_or_id :: t() | String.t(), opts \\ []) :: :ok

  defp identity(id, bridge) when is_binary(id), do: {:ok, id, bridge || Vllm.Bridge}

  defp identity(%__MODULE__{id: id, bridge: own}, bridge) when bridge in [nil, own],
    do: {:ok, id, own}

  defp identity(%__MODULE__{} = session, bridge) do
    {:error,
     Options.invalid(
       "bridge: session #{session.id} is of #{inspect(session.bridge)}, not of #{inspect(bridge)}; leave the " <>
         "option out, it is for a session given by its id"
     )}
  end

  defp identity(other, _bridge) do
    message =
      "Vllm.Session.close: a session is a %Vllm.Session{} or its id, got: #{inspect(other, limit: 5)}"

    {:error, Error.validation(message, "invalid_argument")}
  end

  @doc false
  # On behalf of its owner, which has ended.
  @spec close_for(pid(), String.t(), atom()) :: :ok | {:error, Error.t()}
  def close_for(owner, id, bridge),
    do: close(id, bridge, "its owner, the process #{inspect(owner)}, has ended")

  defp close(id, bridge, why) do
    request = %V1.CloseSessionRequest{session_id: id, reason: why}

    with {:ok, config} <- Connections.config(bridge),
         {:ok, _response} <-
           PoolClient.call(config, "CloseSession", request, V1.CloseSessionResponse) do
      Owners.forget(bridge, {:session, id})
      Connections.unbind(bridge, [id])
    end
  end

  @doc since: "0.1.0"
  @doc """
  Binds the calling process to a session while a function runs: its calls run there unless they say
  otherwise. The function takes no argument, or the session. Returns what the function returns.
  """
  @spec with_session(t(), (() -> result) | (t() -> result)) :: result when result: term()
  def with_session(%__MODULE__{} = session, fun)
      when is_function(fun, 0) or is_function(fun, 1) do
    before = Process.get(@bound, :unset)
    Process.put(@bound, session)

    try do
      if is_function(fun, 0), do: fun.(), else: fun.(session)
    after
      if before == :unset, do: Process.delete(@bound), else: Process.put(@bound, before)
    end
  end

  @doc since: "0.1.0"
  @doc """
  What carries the calls of a session at the moment, to its rank or to the pool: `:frames` or `:grpc`; the
  module where the bridge has a transport of its own. See `Vllm.Bridge`, Carriers.
  """
  @spec carrier(t()) :: :frames | :grpc | module()
  def carrier(%__MODULE__{} = session) do
    case Connections.session(session.bridge, session.id) do
      %{route: %Route{} = route} -> Route.carrier(route)
      _pool_or_unknown -> pool_carrier(session.bridge)
    end
  end

  defp pool_carrier(bridge) do
    case Connections.config(bridge) do
      {:ok, config} -> Route.carrier(config.calls)
      {:error, _stopped} -> :grpc
    end
  end

  @doc since: "0.1.0"
  @doc """
  The session the calling process is bound to, or `nil`. A `Task`, or one of `Task.async_stream/3`, is bound to the
  session of the process that it works for, unless it has one of its own.
  """
  @spec current() :: t() | nil
  def current, do: Inherited.get(@bound, nil)

  @doc false
  # Binds the calling process to no session, whomever it works for.
  @spec unbind() :: :ok
  def unbind do
    Process.put(@bound, nil)
    :ok
  end

  @doc false
  @spec from_message(struct(), atom()) :: t()
  def from_message(%V1.Session{} = message, bridge) do
    %__MODULE__{
      id: message.session_id,
      rank: message.rank,
      bridge: bridge,
      pool_name: message.pool_name,
      affinity: message.affinity,
      endpoint: message.endpoint,
      frames_endpoint: message.frames_endpoint,
      far_endpoint: message.far_endpoint,
      world_id: message.world_id,
      epoch: message.epoch,
      pid: message.pid
    }
  end

  defimpl Inspect do
    # One line, of what a reader looks for.
    import Vllm.OneLine

    def inspect(session, _opts) do
      rank = labelled(", rank ", session.rank)
      world = labelled(" of ", session.world_id, " (epoch #{text(session.epoch)})")
      "#Vllm.Session<#{text(session.id)}, #{text(session.affinity)}#{rank}#{world}>"
    end
  end
end
