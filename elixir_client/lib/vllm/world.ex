defmodule Vllm.World do
  alias Vllm.World.Schemas

  @moduledoc """
  N ranks that form one distributed environment.

      {:ok, world} = Vllm.World.start(tensor_parallel_size: 2, pipeline_parallel_size: 2)

      Vllm.World.run(world, fn rank ->
        {:ok, group} = Vllm.Distributed.get_pp_group()
        {rank, group.rank_in_group}
      end)

      :ok = Vllm.World.stop(world)

  `start/1` returns when all ranks are ready; `start_async/1` at once, and `await/2` waits for it and tells
  how it goes on. `run/3` runs a function on every rank; `collect/3` does too, for functions that return
  `{:ok, value}` or `{:error, error}`, and makes one such result of them.

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
  | `"run_overlap"` | `:pool` | it met a call of another run, or its own run has lost its turn |
  | `"withdrawn"` | `:pool` | the caller took it back |

  Their `details` have `"group"`, `"operation"`, `"sequence"`, `"waiting"` and `"missing"`.
  """

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Error, Options, Session, Telemetry}
  alias Vllm.World.{Diagnosis, Info, Launcher, Runner, Starter, Starting}

  @enforce_keys [:id, :epoch, :world_size, :sessions]
  defstruct [
    :id,
    :epoch,
    :world_size,
    :sessions,
    session_ids: [],
    concurrent: false,
    bridge: Vllm.Bridge
  ]

  @typedoc "`sessions` and `session_ids` are in rank order; `concurrent`: its runs take no turns."
  @type t :: %__MODULE__{
          id: String.t(),
          epoch: non_neg_integer(),
          world_size: pos_integer(),
          sessions: [Session.t()],
          session_ids: [String.t()],
          concurrent: boolean(),
          bridge: atom()
        }

  @doc """
  Starts the ranks of a world and returns when all of them are initialised.

  Options:

  #{Options.docs(Schemas.start())}
  """
  @spec start(keyword()) :: {:ok, t()} | {:error, Error.t()}
  def start(opts \\ []) do
    with {:ok, opts} <- validate(opts, Schemas.start(), "Vllm.World.start"),
         {:ok, config} <- Connections.config(opts.bridge) do
      Launcher.start(opts.world_id || Launcher.new_id(), opts, config)
    end
  end

  @doc """
  Begins to start a world, and returns at once what `await/2` takes. Options as of `start/1`.

      {:ok, starting} = Vllm.World.start_async(tensor_parallel_size: 2)
      {:ok, world} = Vllm.World.await(starting)

  It belongs to the calling process, and from `await/2` on to the process that calls that. `stop/2` takes it
  too.
  """
  @spec start_async(keyword()) :: {:ok, Starting.t()} | {:error, Error.t()}
  def start_async(opts \\ []) do
    with {:ok, opts} <- validate(opts, Schemas.start(), "Vllm.World.start_async"),
         {:ok, config} <- Connections.config(opts.bridge) do
      id = opts.world_id || Launcher.new_id()
      start = fn on_progress -> Launcher.start(id, %{opts | on_progress: on_progress}, config) end
      pid = Starter.start(start, opts.on_progress, opts.detached)
      {:ok, %Starting{id: id, bridge: opts.bridge, detached: opts.detached, pid: pid}}
    end
  end

  @doc """
  Waits until a world of `start_async/1` is ready.

  When `timeout` has passed, the error has the category `:timeout` and the reason `"world_not_ready"` and
  says which ranks are; the start goes on, and can be awaited again. The pool bounds the start itself, by
  the option `timeout` of `start_async/1`.

  Options:

  #{Options.docs(Schemas.await())}
  """
  @spec await(Starting.t(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def await(%Starting{} = starting, opts \\ []) do
    with {:ok, opts} <- validate(opts, Schemas.await(), "Vllm.World.await"),
         do: Starter.await(starting, opts.timeout, opts.on_progress)
  end

  @doc """
  Starts a failed or stopped world again, as it was asked for, with the next epoch. Objects of the old
  one are gone: handles and sessions of it are refused (reason `"stale_session"`). It belongs to whom it
  belonged to; one that was stopped belongs to no process any more, but still to its bridge.

  Options:

  #{Options.docs(Schemas.restart())}
  """
  @spec restart(t() | String.t(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def restart(world_or_id, opts \\ []) do
    with {:ok, id, opts} <- by_id(world_or_id, opts, Schemas.restart(), "Vllm.World.restart"),
         {:ok, config} <- Connections.config(opts.bridge),
         do: Launcher.restart(id, opts, config)
  end

  @doc """
  Runs a function once per rank, concurrently, each in a process of its own that is bound to the rank's
  session, and returns the results in rank order. The function gets the rank.

  Should it raise, exit or throw on one rank, the processes of the others are stopped and
  `Vllm.World.RankError` is raised here, saying on which rank. When the calling process dies, so do all
  of them. What a rank already executes goes on until it ends.

  Runs of one world take turns, from whichever process and client they come, in the order in which they
  came: this one waits until it has its turn, and holds it to its end. A run inside of it, in the process
  of a rank or a `Task` below, is part of its turn. Calls that are part of another run, or of none, never
  meet those of this one. A world started with `concurrent: true` has no turns.

  The option `timeout` (milliseconds or `:infinity`, the default) bounds the whole, the wait for the turn
  included; when it has passed, all processes are stopped and a `Vllm.Error` of the category `:timeout` is
  raised that names the ranks that had not returned (also in `details["ranks"]`), or who had the turn.
  """
  @spec run(t(), (non_neg_integer() -> result), keyword()) :: [result] when result: term()
  def run(%__MODULE__{} = world, fun, opts \\ []) when is_function(fun, 1) do
    case Runner.run(world, fun, run_timeout!(opts, "Vllm.World.run")) do
      {:ok, results} -> results
      {:error, error} -> raise error
    end
  end

  @doc """
  As `run/3`, with one result: `{:ok, values}` in rank order when the function returned `{:ok, value}` on
  every rank (or `:ok`, which counts as nil), otherwise the error of the lowest rank that returned
  `{:error, error}`.

      {:ok, sums} =
        Vllm.World.collect(world, fn rank ->
          Vllm.Distributed.tensor_model_parallel_all_reduce(Vllm.Tensor.new([rank]))
        end)

  The error's `rank` says which it is; its `details["errors"]` has the messages of all, by rank. Results are
  awaited from all ranks. A `timeout` that has passed is an error here too. What the function raises is
  raised, as by `run/3`, and so is a result of another form.
  """
  @spec collect(
          t(),
          (non_neg_integer() -> :ok | {:ok, value} | {:error, Error.t() | term()}),
          keyword()
        ) :: {:ok, [value]} | {:error, Error.t()}
        when value: term()
  def collect(%__MODULE__{} = world, fun, opts \\ []) when is_function(fun, 1) do
    timeout = run_timeout!(opts, "Vllm.World.collect")
    with {:ok, results} <- Runner.run(world, fun, timeout), do: Runner.collect(results)
  end

  defp run_timeout!(opts, what) do
    case Options.validate(opts, [timeout: [type: :timeout, default: :infinity]], what) do
      {:ok, %{timeout: timeout}} -> timeout
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
    with {:ok, id, opts} <- by_id(world_or_id, opts, Schemas.by_id(), "Vllm.World.info"),
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

  #{Options.docs(Schemas.diagnose())}
  """
  @spec diagnose(t() | String.t(), keyword()) :: {:ok, Diagnosis.t()} | {:error, Error.t()}
  def diagnose(world_or_id, opts \\ []) do
    with {:ok, id, opts} <- by_id(world_or_id, opts, Schemas.diagnose(), "Vllm.World.diagnose"),
         {:ok, config} <- Connections.config(opts.bridge),
         request = %V1.DiagnoseRequest{world_id: id, with_stacks: opts.with_stacks},
         {:ok, message} <- PoolClient.call(config, "Diagnose", request, V1.Diagnosis),
         do: {:ok, Diagnosis.from_message(message)}
  end

  @doc """
  Stops the ranks of a world. Stopping one that is not there is not an error.

  Options: `bridge`, for a world given by its id.
  """
  @spec stop(t() | Starting.t() | String.t(), keyword()) :: :ok | {:error, Error.t()}
  def stop(world_or_id, opts \\ []) do
    with {:ok, id, opts} <- by_id(world_or_id, opts, Schemas.by_id(), "Vllm.World.stop"),
         do: stop(id, opts.bridge, known(world_or_id), "")
  end

  @doc false
  # On behalf of its owner, which has ended.
  @spec stop_for(pid(), String.t(), atom()) :: :ok | {:error, Error.t()}
  def stop_for(owner, id, bridge) do
    why =
      "its owner, the process #{inspect(owner)}, has ended (`detached: true` keeps a world from ending " <>
        "with the process that starts it)"

    stop(id, bridge, %{}, why)
  end

  defp stop(id, bridge, known, why) do
    facts = %{world_id: id, bridge: bridge, epoch: nil, world_size: nil, restart: false}
    Telemetry.world_stop(Map.merge(facts, known), fn -> Launcher.stop(id, bridge, why) end)
  end

  defp known(%__MODULE__{} = world), do: Map.take(world, [:epoch, :world_size])
  defp known(_by_id), do: %{}

  # A world's own bridge unless another one is named.
  defp by_id(%kind{} = world, opts, schema, what) when kind in [__MODULE__, Starting] do
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

  defp bridge_of(world), do: Keyword.put(Schemas.by_id()[:bridge], :default, world.bridge)

  defp validate(opts, schema, what) do
    with {:error, message} <- Options.validate(opts, schema, what),
         do: {:error, Error.validation(message, "invalid_option")}
  end
end
