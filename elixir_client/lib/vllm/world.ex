defmodule Vllm.World do
  @sizes [
    tensor_parallel_size: "Ranks that share every layer.",
    pipeline_parallel_size: "Stages the layers are cut into.",
    data_parallel_size: "Replicas.",
    prefill_context_parallel_size: "Ranks a prompt is cut over.",
    decode_context_parallel_size: "Ranks a context is cut over; divides the tensor parallel size."
  ]

  @schema Enum.map(@sizes, fn {key, doc} -> {key, [type: :positive, doc: doc]} end) ++
            [
              backend: [type: :label, doc: "Backend of torch.distributed; `gloo` when absent."],
              timeout: [
                type: :positive,
                doc:
                  "Milliseconds that bound the start and every rendezvous, group and wait of the " <>
                    "world; 120,000 when absent."
              ],
              world_id: [type: :text, doc: "Id; a new one when absent."],
              pool_name: [type: :label, doc: "Pool to start it in; the default one when absent."],
              gate: [
                type: :boolean,
                default: true,
                doc:
                  "Whether collectives and point-to-point calls wait at the pool's gate until all " <>
                    "members have asked for the same."
              ],
              detached: [
                type: :boolean,
                default: false,
                doc: "Whether it outlives the calling process and the bridge, see above."
              ],
              on_progress: [
                type: {:function, 1},
                doc:
                  "Called with a `Vllm.World.Info` for every change while the world starts, in a " <>
                    "process of its own; the last time, before the start returns, with the world ready. " <>
                    "What it raises is logged."
              ],
              bridge: [
                type: :name,
                default: Vllm.Bridge,
                doc: "Name of the `Vllm.Bridge` to use."
              ]
            ]

  @by_id_schema [
    bridge: [
      type: :name,
      default: Vllm.Bridge,
      doc: "Name of the `Vllm.Bridge` to use, for a world given by its id."
    ]
  ]

  @restart_schema [
                    timeout: [
                      type: :positive,
                      doc: "Milliseconds that the start may take; 120,000 when absent."
                    ],
                    on_progress: [type: {:function, 1}, doc: "As of `start/1`."]
                  ] ++ @by_id_schema

  @diagnose_schema [
                     with_stacks: [
                       type: :boolean,
                       default: false,
                       doc: "Also the Python stacks of every rank."
                     ]
                   ] ++ @by_id_schema

  @moduledoc """
  N ranks that form one distributed environment.

      {:ok, world} = Vllm.World.start(tensor_parallel_size: 2, pipeline_parallel_size: 2)

      Vllm.World.run(world, fn rank ->
        {:ok, group} = Vllm.Distributed.get_pp_group()
        {rank, group.rank_in_group}
      end)

      :ok = Vllm.World.stop(world)

  A world ends with the process that started it, with its bridge (after the pool's grace period), with
  `stop/2`, or with its pool. One started with `detached: true` belongs to no process and no bridge: give
  it where the starting process is short-lived (a `Task`). If a rank dies, every pending and later call of
  the world returns an error that names the rank and how it ended; `restart/2` starts such a world anew.

  Every function takes a world or its id.

  ## Errors of collectives

  Before a collective (or a pair of send and receive) starts, its members meet at the pool's gate. One
  that cannot start is refused there, and the group stays usable:

  | reason | category | what it says |
  |---|---|---|
  | `"collective_mismatch"` | `:validation` | members asked for different things; who asked for what |
  | `"deadlock"` | `:validation` | members wait for each other in different groups |
  | `"deadline_exceeded"` | `:timeout` | the deadline passed first; who waited and who had not come |
  | `"abandoned"` | `:pool` | this call's counterpart was given up before it came |
  | `"peer_died"` | `:worker` | a member died, and how |
  | `"withdrawn"` | `:pool` | the caller took it back |

  Their `details` have `"group"`, `"operation"`, `"sequence"`, `"waiting"` and `"missing"`.
  """

  alias Vllm.Bridge.{Connections, Owners, PoolClient, V1}
  alias Vllm.{Error, Options, Session}
  alias Vllm.World.{Diagnosis, Info, Progress, Runner}

  @enforce_keys [:id, :epoch, :world_size, :sessions]
  defstruct [:id, :epoch, :world_size, :sessions, session_ids: [], bridge: Vllm.Bridge]

  @typedoc "`sessions` and `session_ids` are in rank order."
  @type t :: %__MODULE__{
          id: String.t(),
          epoch: non_neg_integer(),
          world_size: pos_integer(),
          sessions: [Session.t()],
          session_ids: [String.t()],
          bridge: atom()
        }

  # The pool bounds the start itself and says why it failed; this is for a pool that does not.
  @default_timeout 120_000
  @grace 30_000

  @doc """
  Starts the ranks of a world and returns when all of them are initialised.

  Options:

  #{Options.docs(@schema)}
  """
  @spec start(keyword()) :: {:ok, t()} | {:error, Error.t()}
  def start(opts \\ []) do
    with {:ok, opts} <- validate(opts, @schema, "Vllm.World.start"),
         {:ok, config} <- Connections.config(opts.bridge) do
      # Named here: so it can be watched while it starts, and stopped by whoever sees us die.
      given = opts.world_id
      id = given || "world-" <> Base.encode16(:crypto.strong_rand_bytes(4), case: :lower)
      owned? = not opts.detached

      if owned? and given == nil, do: Owners.own(opts.bridge, {:world, id})
      result = launch("StartWorld", request(id, opts, config), id, opts, config)

      case result do
        {:ok, _world} when owned? -> Owners.own(opts.bridge, {:world, id})
        {:error, _error} when owned? and given == nil -> Owners.disown(opts.bridge, {:world, id})
        _detached_or_not_ours -> :ok
      end

      result
    end
  end

  @doc """
  Starts a failed or stopped world again, as it was asked for, with the next epoch. Objects of the old
  one are gone: handles and sessions of it are refused (reason `"stale_session"`). It belongs to whom it
  belonged to; one that was stopped belongs to no process any more, but still to its bridge.

  Options:

  #{Options.docs(@restart_schema)}
  """
  @spec restart(t() | String.t(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def restart(world_or_id, opts \\ []) do
    with {:ok, id, opts} <- by_id(world_or_id, opts, @restart_schema, "Vllm.World.restart"),
         {:ok, config} <- Connections.config(opts.bridge) do
      before = Connections.session_ids(opts.bridge, id)
      request = %V1.RestartWorldRequest{world_id: id}

      with {:ok, world} <- launch("RestartWorld", request, id, opts, config),
           :ok <- Connections.unbind(opts.bridge, before -- world.session_ids),
           do: {:ok, world}
    end
  end

  defp launch(method, request, id, opts, config) do
    timeout = (opts.timeout || @default_timeout) + @grace
    progress = Progress.start(opts.on_progress, id, opts.bridge)
    result = PoolClient.call(config, method, request, V1.World, timeout)
    Progress.finish(progress, started(result))
    with {:ok, message} <- result, do: message |> from_message(opts.bridge) |> bind()
  end

  defp started({:ok, message}), do: Info.from_message(message)
  defp started({:error, _error}), do: nil

  @doc """
  Runs a function once per rank, concurrently, each in a process of its own that is bound to the rank's
  session, and returns the results in rank order. The function gets the rank.

  Should it raise, exit or throw on one rank, the processes of the others are stopped and
  `Vllm.World.RankError` is raised here, saying on which rank. When the calling process dies, so do all
  of them. What a rank already executes goes on until it ends.

  The option `timeout` (milliseconds or `:infinity`, the default) bounds the whole; when it has passed,
  all processes are stopped and the caller exits.
  """
  @spec run(t(), (non_neg_integer() -> result), keyword()) :: [result] when result: term()
  def run(%__MODULE__{} = world, fun, opts \\ []) when is_function(fun, 1) do
    schema = [timeout: [type: :timeout, default: :infinity]]

    case Options.validate(opts, schema, "Vllm.World.run") do
      {:ok, %{timeout: timeout}} -> Runner.run(ranked(world), fun, timeout)
      {:error, message} -> raise ArgumentError, message
    end
  end

  @doc "The session of one rank, for `Vllm.Session.with_session/2` and `__runtime__: [session_id: ...]`."
  @spec session(t(), non_neg_integer()) :: Session.t()
  def session(%__MODULE__{sessions: sessions}, rank), do: Enum.fetch!(sessions, rank)

  @doc """
  State of a world and of each of its ranks.

  Options: `bridge`, for a world given by its id.
  """
  @spec info(t() | String.t(), keyword()) :: Info.t() | {:error, Error.t()}
  def info(world_or_id, opts \\ []) do
    with {:ok, id, opts} <- by_id(world_or_id, opts, @by_id_schema, "Vllm.World.info"),
         {:ok, config} <- Connections.config(opts.bridge),
         request = %V1.GetWorldRequest{world_id: id},
         {:ok, message} <- PoolClient.call(config, "GetWorld", request, V1.World),
         do: Info.from_message(message)
  end

  @doc """
  What every rank of a world is doing, and what that means. Answers also when all are stuck.

      {:ok, diagnosis} = Vllm.World.diagnose(world)
      IO.puts(diagnosis.text)

  Options:

  #{Options.docs(@diagnose_schema)}
  """
  @spec diagnose(t() | String.t(), keyword()) :: {:ok, Diagnosis.t()} | {:error, Error.t()}
  def diagnose(world_or_id, opts \\ []) do
    with {:ok, id, opts} <- by_id(world_or_id, opts, @diagnose_schema, "Vllm.World.diagnose"),
         {:ok, config} <- Connections.config(opts.bridge),
         request = %V1.DiagnoseRequest{world_id: id, with_stacks: opts.with_stacks},
         {:ok, message} <- PoolClient.call(config, "Diagnose", request, V1.Diagnosis),
         do: {:ok, Diagnosis.from_message(message)}
  end

  @doc """
  Stops the ranks of a world. Stopping one that is not there is not an error.

  Options: `bridge`, for a world given by its id.
  """
  @spec stop(t() | String.t(), keyword()) :: :ok | {:error, Error.t()}
  def stop(world_or_id, opts \\ []) do
    with {:ok, id, opts} <- by_id(world_or_id, opts, @by_id_schema, "Vllm.World.stop"),
         {:ok, config} <- Connections.config(opts.bridge),
         request = %V1.StopWorldRequest{world_id: id},
         {:ok, _response} <- PoolClient.call(config, "StopWorld", request, V1.StopWorldResponse) do
      Owners.forget(opts.bridge, {:world, id})
      Connections.unbind(opts.bridge, Connections.session_ids(opts.bridge, id))
    end
  end

  # A world's own bridge unless another one is named.
  defp by_id(%__MODULE__{} = world, opts, schema, what) do
    with {:ok, opts} <- validate(opts, Keyword.put(schema, :bridge, bridge_of(world)), what),
         do: {:ok, world.id, opts}
  end

  defp by_id(id, opts, schema, what) when is_binary(id) do
    with {:ok, opts} <- validate(opts, schema, what), do: {:ok, id, opts}
  end

  defp by_id(other, _opts, _schema, what) do
    message = "#{what} takes a world or its id, got: #{inspect(other, limit: 5)}"
    {:error, Error.validation(message, "invalid_argument")}
  end

  defp bridge_of(world), do: Keyword.put(@by_id_schema[:bridge], :default, world.bridge)

  # A world that cannot be used must not stay behind.
  defp bind(world) do
    with {:error, error} <- Connections.bind(world.bridge, world.sessions) do
      stop(world)
      {:error, error}
    else
      :ok -> {:ok, world}
    end
  end

  defp validate(opts, schema, what) do
    with {:error, message} <- Options.validate(opts, schema, what),
         do: {:error, Error.validation(message, "invalid_option")}
  end

  defp request(id, opts, config) do
    %V1.StartWorldRequest{
      world_id: id,
      tensor_parallel_size: opts.tensor_parallel_size,
      pipeline_parallel_size: opts.pipeline_parallel_size,
      data_parallel_size: opts.data_parallel_size,
      prefill_context_parallel_size: opts.prefill_context_parallel_size,
      decode_context_parallel_size: opts.decode_context_parallel_size,
      backend: opts.backend || "",
      timeout: duration(opts.timeout),
      pool_name: opts.pool_name || config.defaults.pool_name || "",
      gate: opts.gate,
      client_id: if(opts.detached, do: "", else: config.client_id)
    }
  end

  defp duration(nil), do: nil

  defp duration(ms) do
    %Vllm.Google.Protobuf.Duration{seconds: div(ms, 1_000), nanos: rem(ms, 1_000) * 1_000_000}
  end

  defp from_message(%V1.World{} = message, bridge) do
    sessions =
      for rank <- message.ranks do
        %Session{
          id: rank.session_id,
          rank: rank.rank,
          bridge: bridge,
          pool_name: message.pool_name,
          affinity: :strict_queue,
          endpoint: rank.endpoint,
          world_id: message.world_id,
          epoch: message.epoch,
          pid: rank.pid
        }
      end

    %__MODULE__{
      id: message.world_id,
      epoch: message.epoch,
      world_size: message.world_size,
      sessions: sessions,
      session_ids: Enum.map(sessions, & &1.id),
      bridge: bridge
    }
  end

  defp ranked(world), do: Enum.map(world.sessions, &{&1.rank, &1})
end
