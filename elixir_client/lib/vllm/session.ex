defmodule Vllm.Session do
  @moduledoc """
  A session: an id bound to a pool and, once it has run, to one rank that keeps its objects.

  Calls run in, in this order of precedence: the session named in `__runtime__: [session_id: ...]`; the
  session of an object among the arguments; the session the process is bound to
  (`with_session/2`, `Vllm.World.run/3`); the bridge's own session of affinity `:hint`.

  | affinity | preferred rank idle | busy | gone |
  |---|---|---|---|
  | `:hint` (default) | use it | any idle rank, else queue | any rank |
  | `:strict_queue` | use it | wait in its queue | error `session_worker_unavailable` |
  | `:strict_fail_fast` | use it | error `worker_busy` at once | error `session_worker_unavailable` |

  A strict session's calls go straight to its rank where that can be reached.
  """

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Error, Options, Runtime}

  @enforce_keys [:id]
  defstruct [
    :id,
    :rank,
    bridge: Vllm.Bridge,
    pool_name: "",
    affinity: :hint,
    endpoint: "",
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
          world_id: String.t(),
          epoch: non_neg_integer(),
          pid: non_neg_integer()
        }

  @schema [
    session_id: [type: :text, doc: "Id; chosen by the pool when absent."],
    pool_name: [type: :label, doc: "Pool to open it in; the server's default when absent."],
    affinity: [
      type: {:in, Runtime.affinities()},
      doc: "See above; when absent the bridge's default, or that of the live session of that id."
    ],
    bridge: [type: :name, default: Vllm.Bridge, doc: "Name of the `Vllm.Bridge` to use."]
  ]

  @bound :"$vllm_session"

  @doc """
  Opens a session, or returns the live one of that id. A strict one is bound to a rank at once.

  Options:

  #{Options.docs(@schema)}
  """
  @spec open(keyword()) :: {:ok, t()} | {:error, Error.t()}
  def open(opts \\ []) do
    with {:ok, opts} <- validate(opts),
         {:ok, config} <- Connections.config(opts.bridge),
         request = %V1.OpenSessionRequest{
           session_id: opts.session_id || "",
           pool_name: opts.pool_name || config.defaults.pool_name || "",
           affinity: opts.affinity || config.defaults.affinity || :affinity_unspecified
         },
         {:ok, message} <- PoolClient.call(config, "OpenSession", request, V1.Session),
         session = from_message(message, opts.bridge),
         :ok <- Connections.bind(opts.bridge, [session]),
         do: {:ok, session}
  end

  @doc "Closes a session and frees its objects. Closing one that is not there is not an error."
  @spec close(t()) :: :ok | {:error, Error.t()}
  def close(%__MODULE__{} = session) do
    request = %V1.CloseSessionRequest{session_id: session.id}

    with {:ok, config} <- Connections.config(session.bridge),
         {:ok, _response} <-
           PoolClient.call(config, "CloseSession", request, V1.CloseSessionResponse),
         do: Connections.unbind(session.bridge, [session.id])
  end

  @doc """
  Runs a function (of no argument, or of the session) with the calling process bound to the session:
  its calls run there unless they say otherwise. Returns what the function returns.
  """
  @spec with_session(t(), (() -> result) | (t() -> result)) :: result when result: term()
  def with_session(%__MODULE__{} = session, fun)
      when is_function(fun, 0) or is_function(fun, 1) do
    before = Process.put(@bound, session)

    try do
      if is_function(fun, 0), do: fun.(), else: fun.(session)
    after
      if before, do: Process.put(@bound, before), else: Process.delete(@bound)
    end
  end

  @doc "The session the calling process is bound to, or `nil`."
  @spec current() :: t() | nil
  def current, do: Process.get(@bound)

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
      world_id: message.world_id,
      epoch: message.epoch,
      pid: message.pid
    }
  end

  defp validate(opts) do
    with {:error, message} <- Options.validate(opts, @schema, "Vllm.Session.open"),
         do: {:error, Error.validation(message, "invalid_option")}
  end
end
