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

  `start/1` returns when all ranks are ready. `start_async/1` returns at once; `await/2` waits for the world
  and reports its progress. `run/3` runs a function on every rank. `collect/3` does so for functions that
  return `{:ok, value}` or `{:error, error}`, and returns one such result.

  A world ends with the process that started it, with its bridge (after the pool's grace period), with
  `stop/2`, or with its pool. With `detached: true` it belongs to no process and no bridge: use that if
  the starting process is short-lived, such as a `Task`. If a rank dies, every pending and later call of
  the world returns an error that names the rank and says how it ended; `restart/2` starts the world
  again.

  Every function takes a world, its id, or the name of a supervised world. With an id or a name the option
  `bridge` says which bridge the id is of; a name knows its own.

  ## Under a supervisor

      children = [
        {Vllm.Bridge, server: :embedded},
        {Vllm.World, name: MyApp.World, tensor_parallel_size: 2, init: &MyApp.load/1}
      ]

      Vllm.World.run(MyApp.World, fn rank -> MyApp.step(rank) end)

  The world starts in the background. `init` runs on every rank each time it has started. A world that
  fails, or whose bridge or server ends, is started again, with `init`; callers wait meanwhile. When it has
  failed too often its process ends, and the supervisor decides what is next.

  ## Errors of collectives

  A collective (or a pair of send and receive) starts when all members have asked for it at the gate. The
  gate refuses a call that cannot start, and the group stays usable:

  | reason | category | what it says |
  |---|---|---|
  | `"collective_mismatch"` | `:validation` | members asked for different things; the message says who asked for what |
  | `"deadlock"` | `:validation` | members wait for each other in different groups |
  | `"deadline_exceeded"` | `:timeout` | the deadline passed first; the message says who waited and who was missing |
  | `"abandoned"` | `:pool` | the call of the other rank was given up before this one arrived |
  | `"peer_died"` | `:worker` | a member died; the message says how |
  | `"run_overlap"` | `:pool` | the call met one of another run, or its own run has lost its turn |
  | `"withdrawn"` | `:pool` | the caller withdrew the call |

  Their `details` have `"group"`, `"operation"`, `"sequence"`, `"waiting"` and `"missing"`.
  """

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Error, Options, Session, Telemetry}

  alias Vllm.World.{Diagnosis, Dispatch, Future, Info, Launcher, Layout, Names, Resolve, Runner}
  alias Vllm.World.{Starter, Starting, Supervised}

  @enforce_keys [:id, :epoch, :world_size, :sessions]
  defstruct [
    :id,
    :epoch,
    :world_size,
    :sessions,
    layout: [],
    session_ids: [],
    concurrent: false,
    bridge: Vllm.Bridge
  ]

  @typedoc """
  * `sessions` and `session_ids` are in rank order; `world_size` is how many there are
  * `layout` has the sizes of the whole world along its axes, see `slice/2`
  * `concurrent`: its runs take no turns
  """
  @type t :: %__MODULE__{
          id: String.t(),
          epoch: non_neg_integer(),
          world_size: pos_integer(),
          sessions: [Session.t()],
          layout: [dp: pos_integer(), pp: pos_integer(), pcp: pos_integer(), tp: pos_integer()],
          session_ids: [String.t()],
          concurrent: boolean(),
          bridge: atom()
        }

  @typedoc "The name of a supervised world, or its process."
  @type name :: atom() | pid() | {:global, term()} | {:via, module(), term()}

  @typedoc "What every function takes for a world: itself, its id, or the name of a supervised one."
  @type world :: t() | String.t() | name()

  @doc """
  A child specification of a world under a supervisor: see above. Options of `start_link/1`.
  """
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) do
    %{
      id: if(Keyword.keyword?(opts), do: opts[:name]) || __MODULE__,
      start: {__MODULE__, :start_link, [opts]},
      restart: :transient,
      shutdown: Supervised.shutdown()
    }
  end

  @doc """
  Starts a world that is kept running, and returns at once; for supervisors.

  `stop/2` ends it for good. `subscribe_epochs/1` tells of its restarts.

  Options:

  #{Options.docs(Schemas.supervised())}
  """
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, Error.t()}
  def start_link(opts) do
    what = "Vllm.World.start_link"

    with {:ok, opts} <- Resolve.options(opts, Schemas.supervised(), what),
         :ok <- required(opts, :name, what),
         {:ok, restart} <- Resolve.options(opts.restart, Schemas.intensity(), what <> ": restart") do
      {own, start} = Map.split(opts, [:name, :init, :when_restarting, :wait_timeout, :restart])
      Supervised.start_link(%{own | restart: restart} |> Map.put(:start, start))
    end
  end

  defp required(opts, key, what) do
    if opts[key] == nil,
      do: {:error, Error.validation("#{what}: #{key} is missing", "invalid_option")},
      else: :ok
  end

  @doc """
  Tells the calling process which epoch of a supervised world there is, now and with every change:
  `{:vllm_world, name, {:epoch, number}}` when it is ready, `{:vllm_world, name, :restarting}` while it is
  not, `{:vllm_world, name, {:failed, error}}` when it is given up.
  """
  @spec subscribe_epochs(name()) :: :ok | {:error, Error.t()}
  def subscribe_epochs(name), do: Supervised.subscribe(name)

  @doc """
  The world of an id or a name as it is now.

  Options:

  #{Options.docs(Schemas.by_id())}
  """
  @spec fetch(world(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def fetch(world, opts \\ []) do
    with {:ok, opts} <- Resolve.options(opts, Schemas.by_id(), "Vllm.World.fetch"),
         do: Resolve.world(world, nil, opts.bridge)
  end

  @doc """
  The worlds of a server: those that are live, and the latest of those that are over.

  Options:

  #{Options.docs(Schemas.by_id())}
  """
  @spec list(keyword()) :: {:ok, [Info.t()]} | {:error, Error.t()}
  def list(opts \\ []) do
    with {:ok, opts} <- Resolve.options(opts, Schemas.by_id(), "Vllm.World.list"),
         {:ok, status} <- Vllm.Bridge.status(opts.bridge),
         do: {:ok, status.worlds}
  end

  @doc """
  Starts the ranks of a world and returns when all of them are initialised.

  Options:

  #{Options.docs(Schemas.start())}
  """
  @spec start(keyword()) :: {:ok, t()} | {:error, Error.t()}
  def start(opts \\ []) do
    with {:ok, opts} <- Resolve.options(opts, Schemas.start(), "Vllm.World.start"),
         {:ok, config} <- Connections.config(opts.bridge) do
      Launcher.start(opts.world_id || Launcher.new_id(), opts, config)
    end
  end

  @doc """
  Begins to start a world, and returns at once. Pass the result to `await/2`. Options as of `start/1`.

      {:ok, starting} = Vllm.World.start_async(tensor_parallel_size: 2)
      {:ok, world} = Vllm.World.await(starting)

  The world belongs to the calling process, and after `await/2` to the process that has called that.
  `stop/2` takes the result too.
  """
  @spec start_async(keyword()) :: {:ok, Starting.t()} | {:error, Error.t()}
  def start_async(opts \\ []) do
    with {:ok, opts} <- Resolve.options(opts, Schemas.start(), "Vllm.World.start_async"),
         {:ok, config} <- Connections.config(opts.bridge) do
      id = opts.world_id || Launcher.new_id()
      start = fn on_progress -> Launcher.start(id, %{opts | on_progress: on_progress}, config) end
      pid = Starter.start(start, opts.on_progress, opts.detached)
      {:ok, %Starting{id: id, bridge: opts.bridge, detached: opts.detached, pid: pid}}
    end
  end

  @doc """
  Waits until a world of `start_async/1` is ready, or a future has its result (`Vllm.World.Future`).

      {:ok, world} = Vllm.World.await(starting, timeout: 60_000)
      {:ok, results} = Vllm.World.await(future, 5_000)

  If `timeout` passes before the world is ready, the error has the category `:timeout` and the reason
  `"world_not_ready"`, and says which ranks are ready. The start goes on; await it again. The option
  `timeout` of `start_async/1` bounds the start itself.

  Options:

  #{Options.docs(Schemas.await())}
  """
  @spec await(Starting.t() | Future.t(), keyword() | timeout()) ::
          {:ok, t() | term()} | {:error, Error.t()}
  def await(starting_or_future, opts_or_timeout \\ [])

  def await(%Future{} = future, opts_or_timeout), do: Future.await(future, opts_or_timeout)

  def await(%Starting{} = starting, opts) do
    with {:ok, opts} <- Resolve.options(opts, Schemas.await(), "Vllm.World.await"),
         do: Starter.await(starting, opts.timeout, opts.on_progress)
  end

  @doc """
  Starts a failed, stopped or degraded world again, with the same options and the next epoch; of a degraded
  one the ranks that live are ended first. Its old objects are
  gone: old handles and sessions are refused (reason `"stale_session"`). The owner stays the same, but a
  stopped world has no owning process any more, only its bridge.

  Options:

  #{Options.docs(Schemas.restart())}
  """
  @spec restart(world(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def restart(world_or_id, opts \\ []) do
    with {:ok, id, opts} <-
           Resolve.id(world_or_id, opts, Schemas.restart(), "Vllm.World.restart"),
         {:ok, config} <- Connections.config(opts.bridge),
         do: Launcher.restart(id, opts, config)
  end

  @doc """
  Runs a function once per rank, concurrently, each in a process of its own that is bound to the rank's
  session, and returns the results in rank order. The function gets the rank.

  If the function raises, exits or throws on one rank, the other processes are stopped and
  `Vllm.World.RankError`, which names the rank, is raised here. If the calling process dies, all of them
  die. A call that a rank already executes goes on until it ends.

  Runs of one world take turns, in order of arrival, from whichever process and client they come. A run
  waits for its turn and holds it to its end. A run nested in it, in the process of a rank or in a `Task`
  of one, is part of its turn. Calls of another run, or outside any run, never meet those of this one. A
  world started with `concurrent: true` has no turns.

  The option `timeout` (milliseconds or `:infinity`, the default) bounds the whole run and the wait for
  its turn. When it passes, all processes are stopped and a `Vllm.Error` of the category `:timeout` is
  raised. It names the ranks that had not returned (also in `details["ranks"]`), or the run that had the
  turn.
  """
  @spec run(world(), (non_neg_integer() -> result), keyword()) :: [result] when result: term()
  def run(world, fun, opts \\ []) when is_function(fun, 1) do
    opts = run_options!(opts, "Vllm.World.run")

    with {:ok, world, timeout} <- Resolve.ready(world, opts),
         {:ok, results} <- Runner.run(world, fun, timeout) do
      results
    else
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

  The error's `rank` says whose it is; its `details["errors"]` has the messages of all ranks. The function
  waits for all ranks. A `timeout` that has passed is returned as an error too. An exception of the
  function is raised, as by `run/3`, and so is one for any other result.
  """
  @spec collect(
          world(),
          (non_neg_integer() -> :ok | {:ok, value} | {:error, Error.t() | term()}),
          keyword()
        ) :: {:ok, [value]} | {:error, Error.t()}
        when value: term()
  def collect(world, fun, opts \\ []) when is_function(fun, 1) do
    opts = run_options!(opts, "Vllm.World.collect")

    with {:ok, world, timeout} <- Resolve.ready(world, opts),
         {:ok, results} <- Runner.run(world, fun, timeout, fn _result -> false end),
         do: Runner.collect(results)
  end

  @typedoc """
  A function for `call/4`: `:get_world_group` (of `Vllm.Distributed`), `{module, name}`, a capture such as
  `&Vllm.Distributed.get_pp_indices/3`, or the dotted name of a Python callable.
  """
  @type callee :: atom() | {module(), atom()} | function() | String.t()

  @doc """
  Makes one call on every rank, all at once, and returns one result.

      {:ok, [sum, sum]} =
        Vllm.World.call(world, :tensor_model_parallel_all_reduce, [Vllm.Tensor.new([1, 2])])

      # each replica gets its half of the batch, and returns its part of the answer
      {:ok, answers} =
        Vllm.World.call(world, "my_app.model.forward", [batch],
          dispatch: {:scatter, 0},
          collect: {:concat, 0}
        )

  `args` are those of the function; Python keyword arguments are its last one, a keyword list. A scattered
  tensor is cut along `dim`, a scattered list into parts of the same length; other arguments, and keyword
  arguments, go to all ranks as they are. A replica is what has the same data parallel coordinate. Its
  result, for `:one_per_replica` and `:concat`, is that of the first tensor parallel rank of its last
  pipeline stage.

  A call is a run: it takes its turn on the world, or is part of the run that it is made in.

  When a rank fails, the calls of the others are given up. The error is that of the rank that says most,
  and its `details["outcomes"]` says of every rank whether its call was `"ok"`, an `"error"` (see
  `details["errors"]`), `"not_reached"` (it never ran), or `"cancelled"` because another one had failed.

  Options:

  #{Options.docs(Dispatch.schema())}
  """
  @spec call(world(), callee(), [term()], keyword()) :: {:ok, term()} | {:error, Error.t()}
  def call(world, function, args \\ [], opts \\ []) do
    with {:ok, opts} <- Dispatch.options(opts),
         {:ok, world, timeout} <- Resolve.ready(world, opts),
         do: Dispatch.call(world, function, args, %{opts | timeout: timeout})
  end

  @doc "As `call/4`; raises `Vllm.Error`."
  @spec call!(world(), callee(), [term()], keyword()) :: term()
  def call!(world, function, args \\ [], opts \\ []),
    do: world |> call(function, args, opts) |> Error.unwrap!()

  @doc """
  The part of a world that has the given coordinates: a world to run, call and collect on.

      {:ok, stage} = Vllm.World.slice(world, pp: -1)
      {:ok, [a, b]} = Vllm.World.call(stage, :get_tensor_model_parallel_rank)

      {:ok, halves} = Vllm.World.slice(world, tp: 0, dp: 0..1)

  The axes are `dp`, `pp`, `pcp` and `tp` (data, pipeline, prefill context and tensor parallel). A
  coordinate is an integer, where -1 is the last one of the axis, or a range. Functions get the ranks of
  the whole world. A slice has the turn of the whole world while it runs, and what stops, restarts or
  describes it does so with its world.
  """
  @spec slice(world(), keyword(integer() | Range.t())) :: {:ok, t()} | {:error, Error.t()}
  def slice(world, coordinates) do
    with {:ok, world} <- fetch(world), do: Layout.slice(world, coordinates)
  end

  @doc "As `slice/2`; raises `Vllm.Error`."
  @spec slice!(world(), keyword(integer() | Range.t())) :: t()
  def slice!(world, coordinates), do: world |> slice(coordinates) |> Error.unwrap!()

  @doc """
  Begins a run, and returns at once. The run ends with the process that began it, see `Vllm.World.Future`.

      {:ok, future} = Vllm.World.async_run(world, fn rank -> MyApp.step(rank) end)
      {:ok, results} = Vllm.World.await(future)

  The option `timeout` is that of `run/3`.
  """
  @spec async_run(world(), (non_neg_integer() -> term()), keyword()) ::
          {:ok, Future.t()} | {:error, Error.t()}
  def async_run(world, fun, opts \\ []) when is_function(fun, 1), do: Future.run(world, fun, opts)

  @doc """
  Begins a call, and returns at once, see `Vllm.World.Future`. What is wrong with its arguments is said when
  it is awaited. Arguments and options as of `call/4`.
  """
  @spec async_call(world(), callee(), [term()], keyword()) ::
          {:ok, Future.t()} | {:error, Error.t()}
  def async_call(world, function, args \\ [], opts \\ []),
    do: Future.call(world, function, args, opts)

  @doc """
  What each of these futures has come to within `timeout` milliseconds: `{future, {:ok, result}}`,
  `{future, {:error, error}}`, or `{future, nil}` where it goes on.
  """
  @spec yield_many([Future.t()], timeout()) :: [
          {Future.t(), {:ok, term()} | {:error, Error.t()} | nil}
        ]
  def yield_many(futures, timeout \\ 5_000), do: Future.yield_many(futures, timeout)

  @doc """
  The outcomes of a future's ranks, as a stream, in the order in which they come: `{rank, outcome}`.

  `timeout` milliseconds bound all of it; reading raises `Vllm.Error` when they have passed.
  """
  @spec results(Future.t(), timeout()) :: Enumerable.t()
  def results(%Future{} = future, timeout \\ :infinity), do: Future.results(future, timeout)

  @doc "Ends a future: its processes are stopped. A call that a rank executes goes on until it ends."
  @spec cancel(Future.t()) :: :ok
  def cancel(%Future{} = future), do: Future.cancel(future)

  defp run_options!(opts, what) do
    case Options.validate(opts, Schemas.run(), what) do
      {:ok, opts} -> opts
      {:error, message} -> raise ArgumentError, message
    end
  end

  @doc """
  Keeps an object on every rank under a name, see `Vllm.World.Names`: what `fun`, called with each rank,
  returns (`{:ok, object}` or the object). A name that is used again has the later object. Options as of
  `run/3`.

      :ok = Vllm.World.put(world, :linear, fn _rank -> Vllm.call("torch.nn.Linear", [4, 4]) end)
  """
  @spec put(world(), atom() | String.t(), (non_neg_integer() -> term()), keyword()) ::
          :ok | {:error, Error.t()}
  def put(world, name, fun, opts \\ []) when is_function(fun, 1),
    do: Names.put(world, name, fun, opts)

  @doc "The names that `put/4` has given, sorted: those that all ranks have. Options as of `run/3`."
  @spec named(world(), keyword()) :: {:ok, [String.t()]} | {:error, Error.t()}
  def named(world, opts \\ []), do: Names.list(world, opts)

  @doc "Forgets what has a name, on every rank. Forgetting a missing one is no error. Options as of `run/3`."
  @spec delete(world(), atom() | String.t(), keyword()) :: :ok | {:error, Error.t()}
  def delete(world, name, opts \\ []), do: Names.delete(world, name, opts)

  @doc """
  Imports a Python module in every rank, see `Vllm.World.Names`, and returns the names that it gives out.
  Options as of `run/3`.

      {:ok, names} = Vllm.World.load(world, "my_app.model")
  """
  @spec load(world(), String.t(), keyword()) :: {:ok, [String.t()]} | {:error, Error.t()}
  def load(world, module, opts \\ []) when is_binary(module), do: Names.load(world, module, opts)

  @doc """
  Subscribes the calling process to what Python code in the ranks of a world emits on a topic
  (`vllm_bridge.emit(topic, value)`), or on any when the topic is nil.

      {:ok, subscription} = Vllm.World.subscribe(world, "tokens")

      receive do
        {:vllm_emission, ^subscription, %Vllm.Emission{rank: 0, value: token}} -> token
        {:vllm_emission, ^subscription, {:error, %Vllm.Error{}}} -> :over
      end

  The emissions of one rank come in their order. A process that leaves over a thousand messages unread
  misses the oldest of what comes then; `dropped` says how many. The subscription goes on when the world is
  restarted. It ends with `Vllm.Bridge.unsubscribe/1`, with the process, or with a last message that is an
  error: when the pool or the bridge is gone, or `stream_timeout` has passed.

  Options: `bridge`, for a world given by its id; `stream_timeout` in milliseconds (default `:infinity`).
  """
  @spec subscribe(world(), String.t() | nil, keyword()) ::
          {:ok, Vllm.Bridge.subscription()} | {:error, Error.t()}
  def subscribe(world, topic \\ nil, opts \\ []) when is_binary(topic) or is_nil(topic) do
    with {:ok, id, opts} <- Resolve.id(world, opts, Schemas.subscribe(), "Vllm.World.subscribe"),
         do: Vllm.Bridge.emissions(id, topic || "", opts.stream_timeout, opts.bridge)
  end

  @doc "The session of one rank, for `Vllm.Session.with_session/2` and `__runtime__: [session_id: ...]`."
  @spec session(t(), non_neg_integer()) :: Session.t()
  def session(%__MODULE__{sessions: sessions, id: id}, rank) do
    Enum.find(sessions, &(&1.rank == rank)) ||
      raise ArgumentError, "#{id} has no rank #{rank} here"
  end

  @doc """
  State of a world and of each of its ranks.

  Options: `bridge`, for a world given by its id.
  """
  @spec info(world(), keyword()) :: Info.t() | {:error, Error.t()}
  def info(world_or_id, opts \\ []) do
    with {:ok, id, opts} <- Resolve.id(world_or_id, opts, Schemas.by_id(), "Vllm.World.info"),
         {:ok, config} <- Connections.config(opts.bridge),
         request = %V1.GetWorldRequest{world_id: id},
         {:ok, message} <- PoolClient.call(config, "GetWorld", request, V1.World),
         do: Info.from_message(message)
  end

  @doc """
  Says what every rank of a world is doing, and what that means. It answers even if all ranks are stuck.

      {:ok, diagnosis} = Vllm.World.diagnose(world)
      IO.puts(diagnosis.text)

  Options:

  #{Options.docs(Schemas.diagnose())}
  """
  @spec diagnose(world(), keyword()) :: {:ok, Diagnosis.t()} | {:error, Error.t()}
  def diagnose(world_or_id, opts \\ []) do
    with {:ok, id, opts} <-
           Resolve.id(world_or_id, opts, Schemas.diagnose(), "Vllm.World.diagnose"),
         {:ok, config} <- Connections.config(opts.bridge),
         request = %V1.DiagnoseRequest{world_id: id, with_stacks: opts.with_stacks},
         {:ok, message} <- PoolClient.call(config, "Diagnose", request, V1.Diagnosis),
         do: {:ok, Diagnosis.from_message(message)}
  end

  @doc """
  Stops the ranks of a world. Stopping a missing world is no error. A supervised world is not started again.

  Options: `bridge`, for a world given by its id.
  """
  @spec stop(world() | Starting.t(), keyword()) :: :ok | {:error, Error.t()}
  def stop(world_or_id, opts \\ []) do
    if Resolve.name?(world_or_id) do
      Supervised.stop(world_or_id)
    else
      with {:ok, id, opts} <- Resolve.id(world_or_id, opts, Schemas.by_id(), "Vllm.World.stop"),
           do: stop(id, opts.bridge, known(world_or_id), "")
    end
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
end
