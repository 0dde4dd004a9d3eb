defmodule Vllm.World do
  alias Vllm.World.Schemas

  @moduledoc since: "0.1.0"
  @moduledoc """
  N ranks that form one distributed environment.

      {:ok, world} = Vllm.World.start(tensor_parallel_size: 2, pipeline_parallel_size: 2)

      {:ok, [{0, 0}, {1, 0}, {2, 1}, {3, 1}]} =
        Vllm.World.run(world, fn rank ->
          {:ok, group} = Vllm.Distributed.get_pp_group()
          {rank, group.rank_in_group}
        end)

      :ok = Vllm.World.stop(world)

  `start/1` returns when all ranks are ready. `start_async/1` returns at once; `await/2` waits for the world
  and reports its progress. `run/3` runs a function on every rank. `collect/3` does so for functions that
  return `{:ok, value}` or `{:error, error}`.

  A world ends with the process that started it, with its bridge (after the pool's grace period), with
  `stop/2`, or with its pool. With `detached: true` it belongs to no process and no bridge: use that if
  the starting process is short-lived, such as a `Task`. If a rank dies, every pending and later call of
  the world returns an error that names the rank and says how it ended; `restart/2` starts the world
  again.

  Every function returns `{:ok, value}` (or `:ok`) or `{:error, %Vllm.Error{}}`, also for a wrong option; its form
  with a `!` raises the error. Every function of a world takes the world, its id, or the name of a supervised
  world. With an id, the option `bridge` of each says which bridge the id is of; a world and a name know theirs.

  ## Under a supervisor

      children = [
        {Vllm.Bridge, server: :embedded},
        {Vllm.World, name: MyApp.World, tensor_parallel_size: 2, init: &MyApp.load/1}
      ]

      {:ok, results} = Vllm.World.run(MyApp.World, fn rank -> MyApp.step(rank) end)

  The world starts in the background. `init` runs on every rank each time it has started. A world that
  fails, or whose bridge or server ends, is started again, with `init`; callers wait meanwhile. When it has
  failed too often its process ends, and the supervisor decides what is next.

  ## Errors of collectives

  A collective (or a pair of send and receive) starts when all members have asked for it at the gate. The
  gate refuses a call that cannot start, and the group stays usable:

    * `"collective_mismatch"`, `"deadlock"` (`:validation`): members asked for different things, or wait for each
      other in different groups
    * `"deadline_exceeded"` (`:timeout`), `"withdrawn"`, `"abandoned"` (`:pool`): the time was over, the caller gave
      the call up, or that of another rank was
    * `"peer_died"` (`:worker`): a member died
    * `"run_overlap"` (`:pool`): it met a call of another run, or its own run has lost its turn

  The message says who asked for what, and who is missing; so do `details`: `"group"`, `"operation"`,
  `"sequence"`, `"waiting"` and `"missing"`. docs/errors.md has what to do.
  """

  import Vllm.Bang

  alias Vllm.Bridge.Status
  alias Vllm.{Error, Options, Session}

  alias Vllm.World.{
    Diagnosis,
    Dispatch,
    Elastic,
    Future,
    Info,
    Launcher,
    Layout,
    Logs,
    Names,
    Recording,
    Resolve
  }

  alias Vllm.World.{Runner, Starter, Starting, Supervised, Weights}

  @enforce_keys [:id, :epoch, :world_size, :sessions]
  defstruct [
    :id,
    :epoch,
    :world_size,
    :sessions,
    :name,
    layout: [],
    session_ids: [],
    concurrent: false,
    generation: 0,
    bridge: Vllm.Bridge
  ]

  @typedoc """
  * `sessions` and `session_ids` are in rank order; `world_size` is how many there are
  * `layout` has the sizes of the whole world along its axes, see `slice/2`
  * `name` is that of a supervised world, otherwise nil
  * `concurrent`: its runs take no turns
  * `generation`: how often its ranks had changed in this epoch, see `resize/2`
  """
  @type t :: %__MODULE__{
          id: String.t(),
          epoch: non_neg_integer(),
          world_size: pos_integer(),
          sessions: [Session.t()],
          name: name() | nil,
          layout: [dp: pos_integer(), pp: pos_integer(), pcp: pos_integer(), tp: pos_integer()],
          session_ids: [String.t()],
          concurrent: boolean(),
          generation: non_neg_integer(),
          bridge: atom()
        }

  @typedoc "The name of a supervised world, or its process."
  @type name :: atom() | pid() | {:global, term()} | {:via, module(), term()}

  @typedoc "What every function takes for a world: itself, its id, or the name of a supervised one."
  @type world :: t() | String.t() | name()

  @doc since: "0.1.0"
  @doc """
  A child specification of a world under a supervisor: see above. Options of `start_link/1`.
  """
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts), do: Supervised.child_spec(opts)

  @doc since: "0.1.0"
  @doc """
  Starts a world that is kept running, and returns at once; for supervisors.

  `stop/2` ends it for good. `subscribe_epochs/1` tells of its restarts.

  Options:

  #{Options.docs(Schemas.supervised())}
  """
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, Error.t()}
  def start_link(opts), do: Supervised.start_link(opts)

  @doc since: "0.1.0"
  @doc """
  Tells the calling process which epoch of a supervised world there is, now and with every change:
  `{:vllm_world, name, {:epoch, number}}` when it is ready, `{:vllm_world, name, :restarting}` while it is
  not, `{:vllm_world, name, {:failed, error}}` when it is given up.
  """
  @spec subscribe_epochs(world()) :: :ok | {:error, Error.t()}
  def subscribe_epochs(world), do: Supervised.subscribe(world)

  defbang subscribe_epochs(world) :: :ok

  @doc since: "0.1.0"
  @doc """
  The world of an id or a name as it is now.
  """
  @spec fetch(world(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def fetch(world, opts \\ []), do: Resolve.with_world(world, opts, "fetch", &{:ok, &1})

  defbang fetch(world, opts \\ []) :: t()

  @doc since: "0.1.0"
  @doc """
  The worlds of a server: those that are live, and the latest of those that are over.

  Options:

  #{Options.docs(Options.bridge())}
  """
  @spec list(keyword()) :: {:ok, [Info.t()]} | {:error, Error.t()}
  def list(opts \\ []) do
    with {:ok, opts} <- Options.parse(opts, Options.bridge(), "Vllm.World.list"),
         {:ok, status} <- Status.ask(opts.bridge),
         do: {:ok, status.worlds}
  end

  defbang list(opts \\ []) :: [Info.t()]

  @doc since: "0.1.0"
  @doc """
  Starts the ranks of a world and returns when all of them are initialised.

  Options:

  #{Options.docs(Schemas.start())}
  """
  @spec start(keyword()) :: {:ok, t()} | {:error, Error.t()}
  def start(opts \\ []), do: Launcher.start(opts)

  defbang start(opts \\ []) :: t()

  @doc since: "0.1.0"
  @doc """
  Begins to start a world, and returns at once. Pass the result to `await/2`. Options as of `start/1`.

      {:ok, starting} = Vllm.World.start_async(tensor_parallel_size: 2)
      {:ok, world} = Vllm.World.await(starting)

  The world belongs to the calling process, and after `await/2` to the process that has called that.
  `stop/2` takes the result too.
  """
  @spec start_async(keyword()) :: {:ok, Starting.t()} | {:error, Error.t()}
  def start_async(opts \\ []), do: Starter.start(opts)

  defbang start_async(opts \\ []) :: Starting.t()

  @doc since: "0.1.0"
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

  def await(%Starting{} = starting, opts_or_timeout), do: Starter.await(starting, opts_or_timeout)

  defbang await(
            starting_or_future :: Starting.t() | Future.t(),
            opts_or_timeout \\ [] :: keyword() | timeout()
          ) :: t() | term()

  @doc since: "0.1.0"
  @doc """
  Starts a failed, stopped or degraded world again, with the same options and the next epoch; of a degraded
  one the ranks that live are ended first. Its old objects are
  gone: old handles and sessions are refused (reason `"stale_session"`). The owner stays the same, but a
  stopped world has no owning process any more, only its bridge.

  Options:

  #{Options.docs(Schemas.restart())}
  """
  @spec restart(world(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def restart(world, opts \\ []) do
    Resolve.with_id(world, opts, Schemas.restart(), "restart", &Launcher.restart/2)
  end

  defbang restart(world, opts \\ []) :: t()

  @doc since: "0.1.0"
  @doc """
  Gives a world another data parallel size, while it lives, and returns it as it is then.

      {:ok, world} = Vllm.World.resize(world, data_parallel_size: 4)

  Ranks that stay keep their processes, sessions, objects and names. New ones, with the highest numbers, start
  with none; those that leave are ended, and calls and refs of theirs are refused by name. On a supervised world
  `init` runs on the new ranks, before callers by name get to it. A size that it has already changes nothing.

  Waits for the run that goes on, and runs that come meanwhile wait for it. A run on the world from before would
  miss ranks and is refused (reason `"stale_world"`): use the returned one, `fetch/2`, or its id or name.

  When a new rank cannot start, when a rank dies meanwhile, or the time is over (`"prepare_timeout"`), the world is
  as it was. The error names the rank and how it ended. A world whose ranks cannot change says why
  (`"world_cannot_change"`). `restart/2` starts as many ranks as there were last.

  Options:

  #{Options.docs(Schemas.resize())}
  """
  @spec resize(world(), keyword()) :: {:ok, t()} | {:error, Error.t()}
  def resize(world, opts), do: Elastic.resize(world, opts)

  defbang resize(world, opts) :: t()

  @doc since: "0.1.0"
  @doc """
  Puts a new process in the place of a rank, dead (`on_failure: :keep`) or alive, and returns the world.

      {:ok, world} = Vllm.World.replace_rank(world, 1)

  What the old process kept is gone, its names included; the other ranks keep theirs. A list replaces several at
  once, which dead ones have to be. Takes a spare rank where there is one. Otherwise as `resize/2`.

  Options:

  #{Options.docs(Schemas.replace())}
  """
  @spec replace_rank(world(), non_neg_integer() | [non_neg_integer()], keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  def replace_rank(world, rank, opts \\ []), do: Elastic.replace(world, rank, opts)

  defbang replace_rank(world, rank :: non_neg_integer() | [non_neg_integer()], opts \\ []) :: t()

  @doc since: "0.1.0"
  @doc """
  Runs a function once per rank, concurrently, each in a process of its own that is bound to the rank's
  session, and returns the results in rank order. The function gets the rank.

  If the function raises, exits or throws on one rank, the other processes are stopped, and the result is the
  error of that rank: reason `"run_failed"`, or the `Vllm.Error` that it raised, with the outcomes of all ranks
  as of `call/4`. What it returns, `{:error, error}` too, is a result. If the calling process dies, all of them
  die. A call that a rank already executes goes on until it ends.

  Runs of one world take turns, in order of arrival, from whichever process and client they come. A run
  waits for its turn and holds it to its end. A run nested in it, in the process of a rank or in a `Task`
  of one, is part of its turn. Calls of another run, or outside any run, never meet those of this one. A
  world started with `concurrent: true` has no turns.

  The option `timeout` (milliseconds or `:infinity`, the default) bounds the whole run and the wait for
  its turn. When it passes, all processes are stopped, and the error has the category `:timeout`. It names the
  ranks that had not returned (also in `details["ranks"]`), or the run that had the turn.
  """
  @spec run(world(), (non_neg_integer() -> result), keyword()) ::
          {:ok, [result]} | {:error, Error.t()}
        when result: term()
  def run(world, fun, opts \\ []) when is_function(fun, 1),
    do: Resolve.when_ready(world, opts, "run", &Dispatch.run(&1, fun, &2))

  @doc since: "0.1.0"
  @doc """
  As `run/3`; returns the results. Raises `Vllm.World.RankError`, which names the rank, with the exception and
  the stacktrace of the function where that failed, and `Vllm.Error` otherwise.
  """
  @spec run!(world(), (non_neg_integer() -> result), keyword()) :: [result] when result: term()
  def run!(world, fun, opts \\ []) when is_function(fun, 1),
    do: world |> Resolve.when_ready(opts, "run!", &Runner.run(&1, fun, &2)) |> Error.unwrap!()

  @doc since: "0.1.0"
  @doc """
  As `run/3`, with one result: `{:ok, values}` in rank order when the function returned `{:ok, value}` on
  every rank (or `:ok`, which counts as nil), otherwise the error of the lowest rank that returned
  `{:error, error}`.

      {:ok, sums} =
        Vllm.World.collect(world, fn rank ->
          Vllm.Distributed.tensor_model_parallel_all_reduce(Vllm.Tensor.new([rank]))
        end)

  The error's `rank` says whose it is; its `details["errors"]` has the messages of all ranks. The function
  waits for all ranks, unless the function raises on one. Any other result is an error too.
  """
  @spec collect(
          world(),
          (non_neg_integer() -> :ok | {:ok, value} | {:error, Error.t() | term()}),
          keyword()
        ) :: {:ok, [value]} | {:error, Error.t()}
        when value: term()
  def collect(world, fun, opts \\ []) when is_function(fun, 1),
    do: Resolve.when_ready(world, opts, "collect", &Dispatch.gather(&1, fun, &2))

  @doc since: "0.1.0"
  @doc "As `collect/3`; raises `Vllm.Error`, and what `run!/3` raises when the function fails."
  @spec collect!(world(), (non_neg_integer() -> :ok | {:ok, value} | {:error, term()}), keyword()) ::
          [value]
        when value: term()
  def collect!(world, fun, opts \\ []) when is_function(fun, 1),
    do:
      world
      |> Resolve.when_ready(opts, "collect!", &Runner.collect(&1, fun, &2))
      |> Error.unwrap!()

  @typedoc """
  A function for `call/4`: `:get_world_group` (of `Vllm.Distributed`), `{module, name}`, a capture such as
  `&Vllm.Distributed.get_pp_indices/3`, or the dotted name of a Python callable.
  """
  @type callee :: atom() | {module(), atom()} | function() | String.t()

  @doc since: "0.1.0"
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
         do: Resolve.run(world, opts, &Dispatch.call(&1, function, args, %{opts | timeout: &2}))
  end

  defbang call(world, function :: callee(), args \\ [] :: [term()], opts \\ []) :: term()

  @doc since: "0.1.0"
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
  @spec slice(world(), keyword(integer() | Range.t()), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  def slice(world, coordinates, opts \\ []),
    do: Resolve.with_world(world, opts, "slice", &Layout.slice(&1, coordinates))

  defbang slice(world, coordinates :: keyword(integer() | Range.t()), opts \\ []) :: t()

  @doc since: "0.1.0"
  @doc """
  Begins a run, and returns at once. The run ends with the process that began it, see `Vllm.World.Future`.

      {:ok, future} = Vllm.World.async_run(world, fn rank -> MyApp.step(rank) end)
      {:ok, results} = Vllm.World.await(future)

  The option `timeout` is that of `run/3`.
  """
  @spec async_run(world(), (non_neg_integer() -> term()), keyword()) ::
          {:ok, Future.t()} | {:error, Error.t()}
  def async_run(world, fun, opts \\ []) when is_function(fun, 1), do: Future.run(world, fun, opts)

  defbang async_run(world, fun :: (non_neg_integer() -> term()), opts \\ []) :: Future.t()

  @doc since: "0.1.0"
  @doc """
  Begins a call, and returns at once, see `Vllm.World.Future`. What is wrong with its arguments is said when
  it is awaited. Arguments and options as of `call/4`.
  """
  @spec async_call(world(), callee(), [term()], keyword()) ::
          {:ok, Future.t()} | {:error, Error.t()}
  def async_call(world, function, args \\ [], opts \\ []),
    do: Future.call(world, function, args, opts)

  defbang async_call(world, function :: callee(), args \\ [] :: [term()], opts \\ []) ::
            Future.t()

  @doc since: "0.1.0"
  @doc """
  What each of these futures has come to within `timeout` milliseconds (default 5,000): `{future, {:ok, result}}`,
  `{future, {:error, error}}`, or `{future, nil}` where it goes on.
  """
  @spec yield_many([Future.t()], timeout() | keyword()) :: [
          {Future.t(), {:ok, term()} | {:error, Error.t()} | nil}
        ]
  def yield_many(futures, opts_or_timeout \\ []), do: Future.yield_many(futures, opts_or_timeout)

  @doc since: "0.1.0"
  @doc """
  The outcomes of a future's ranks, as a stream, in the order in which they come: `{rank, outcome}`.

  `timeout` milliseconds bound all of it; reading raises `Vllm.Error` when they have passed.
  """
  @spec results(Future.t(), timeout() | keyword()) :: Enumerable.t()
  def results(%Future{} = future, opts_or_timeout \\ []),
    do: Future.results(future, opts_or_timeout)

  @doc since: "0.1.0"
  @doc "Ends a future: its processes are stopped. A call that a rank executes goes on until it ends."
  @spec cancel(Future.t()) :: :ok
  def cancel(%Future{} = future), do: Future.cancel(future)

  @doc since: "0.1.0"
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

  defbang put(
            world,
            name :: atom() | String.t(),
            fun :: (non_neg_integer() -> term()),
            opts \\ []
          ) :: :ok

  @doc since: "0.1.0"
  @doc "The names that `put/4` has given, sorted: those that all ranks have. Options as of `run/3`."
  @spec named(world(), keyword()) :: {:ok, [String.t()]} | {:error, Error.t()}
  def named(world, opts \\ []), do: Names.list(world, opts)

  defbang named(world, opts \\ []) :: [String.t()]

  @doc since: "0.1.0"
  @doc "Forgets what has a name, on every rank. Forgetting a missing one is no error. Options as of `run/3`."
  @spec delete(world(), atom() | String.t(), keyword()) :: :ok | {:error, Error.t()}
  def delete(world, name, opts \\ []), do: Names.delete(world, name, opts)

  defbang delete(world, name :: atom() | String.t(), opts \\ []) :: :ok

  @doc since: "0.1.0"
  @doc """
  Imports a Python module in every rank, see `Vllm.World.Names`, and returns the names that it gives out.

      {:ok, names} = Vllm.World.load(world, "my_app.model")

  Options:

  #{Options.docs(Schemas.load())}
  """
  @spec load(world(), String.t(), keyword()) :: {:ok, [String.t()]} | {:error, Error.t()}
  def load(world, module, opts \\ []) when is_binary(module), do: Names.load(world, module, opts)

  defbang load(world, module :: String.t(), opts \\ []) :: [String.t()]

  @doc since: "0.1.0"
  @doc """
  Gives a model that the ranks keep under a name (`put/4`) other weights, on all ranks or on none, and returns
  the version: how often that was done.

      source = %{"weight" => Vllm.Tensor.new([[1.0, 2.0], [3.0, 4.0]]), "bias" => bias}
      {:ok, 1} = Vllm.World.load_weights(world, source, model: :linear)

  `source` has the whole tensor of each parameter and buffer of the module, by name: a map, or a list of pairs.
  A rank whose parameter is a part of it along one dim takes that of its tensor parallel rank. Until all ranks
  have all of them the old weights are in use, and they stay where a rank dies or something does not fit: the
  error says which parameter, on which rank. It is a run of the world, see `run/3`.

  Options:

  #{Options.docs(Schemas.load_weights())}
  """
  @spec load_weights(world(), Enumerable.t(), keyword()) ::
          {:ok, pos_integer()} | {:error, Error.t()}
  def load_weights(world, source, opts), do: Weights.load(world, source, opts)

  defbang load_weights(world, source :: Enumerable.t(), opts) :: pos_integer()

  @doc since: "0.1.0"
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

  Options:

  #{Options.docs(Schemas.subscribe())}
  """
  @spec subscribe(world(), String.t() | nil, keyword()) ::
          {:ok, Vllm.Bridge.subscription()} | {:error, Error.t()}
  def subscribe(world, topic \\ nil, opts \\ []) when is_binary(topic) or is_nil(topic) do
    begin = &Vllm.Bridge.emissions(&1, topic || "", &2.stream_timeout, &2.bridge)
    Resolve.with_id(world, opts, Schemas.subscribe(), "subscribe", begin)
  end

  defbang subscribe(world, topic \\ nil :: String.t() | nil, opts \\ []) ::
            Vllm.Bridge.subscription()

  @doc since: "0.1.0"
  @doc """
  The lines that the ranks of a world, and the server about it, write to stdout, stderr and their logs: a `Stream`
  of `Vllm.World.LogLine`.

      {:ok, lines} = Vllm.World.logs(world, ranks: [1], follow: false)
      for line <- lines, do: IO.puts("\#{line.at} \#{inspect(line.ranks)} \#{inspect(line.text)}")

  First the lines that are kept come, the last 64 KiB of each rank, of dead ones too, then those from now on. The
  stream begins in the process that reads it, and ends with it; it raises `Vllm.Error` when the pool or the
  bridge is gone, or `stream_timeout` has passed. A reader that is over ten thousand lines behind misses the
  oldest: `dropped` says how many.

  `{Vllm.Bridge, log: :logger}` sends the lines of all worlds to `Logger`.

  Options:

  #{Options.docs(Schemas.logs())}
  """
  @spec logs(world(), keyword()) :: {:ok, Enumerable.t()} | {:error, Error.t()}
  def logs(world, opts \\ []),
    do: Resolve.with_id(world, opts, Schemas.logs(), "logs", &Logs.open/2)

  defbang logs(world, opts \\ []) :: Enumerable.t()

  @doc since: "0.1.0"
  @doc """
  The session of one rank, for `Vllm.Session.with_session/2` and `__runtime__: [session_id: ...]`.
  """
  @spec session(world(), non_neg_integer(), keyword()) ::
          {:ok, Session.t()} | {:error, Error.t()}
  def session(world, rank, opts \\ []),
    do: Resolve.with_world(world, opts, "session", &Layout.session(&1, rank))

  defbang session(world, rank :: non_neg_integer(), opts \\ []) :: Session.t()

  @doc since: "0.1.0"
  @doc """
  State of a world and of each of its ranks.
  """
  @spec info(world(), keyword()) :: {:ok, Info.t()} | {:error, Error.t()}
  def info(world, opts \\ []),
    do: Resolve.with_id(world, opts, Schemas.by_id(), "info", &Info.ask(&1, &2.bridge))

  defbang info(world, opts \\ []) :: Info.t()

  @doc since: "0.1.0"
  @doc """
  Says what every rank of a world is doing, and what that means. It answers even if all ranks are stuck.

      {:ok, diagnosis} = Vllm.World.diagnose(world)
      IO.puts(diagnosis.text)

  Options:

  #{Options.docs(Schemas.diagnose())}
  """
  @spec diagnose(world(), keyword()) :: {:ok, Diagnosis.t()} | {:error, Error.t()}
  def diagnose(world, opts \\ []),
    do: Resolve.with_id(world, opts, Schemas.diagnose(), "diagnose", &Diagnosis.ask/2)

  defbang diagnose(world, opts \\ []) :: Diagnosis.t()

  @doc since: "0.1.0"
  @doc """
  Asks every rank what it did last, for a tool to show. It answers even if all ranks are stuck.

      {:ok, recording} = Vllm.World.record(world)
      {:ok, [path]} = Vllm.World.Recording.save(recording, "trace.json")

  It has the last calls, and the last operations of the ranks' groups, those of user code included.
  `python -m torch.distributed.flight_recorder.fr_trace` reads the format `:torch` and says whom a
  collective waits for.

  Options:

  #{Options.docs(Schemas.record())}
  """
  @spec record(world(), keyword()) :: {:ok, Recording.t()} | {:error, Error.t()}
  def record(world, opts \\ []),
    do: Resolve.with_id(world, opts, Schemas.record(), "record", &Recording.ask/2)

  defbang record(world, opts \\ []) :: Recording.t()

  @doc since: "0.1.0"
  @doc """
  Stops the ranks of a world. Stopping a missing world is no error. A supervised world is not started again.
  """
  @spec stop(world() | Starting.t(), keyword()) :: :ok | {:error, Error.t()}
  def stop(world, opts \\ []), do: Launcher.stop(world, opts)

  defbang stop(world :: world() | Starting.t(), opts \\ []) :: :ok

  defimpl Inspect do
    import Vllm.OneLine

    def inspect(world, _opts) do
      "#Vllm.World<#{text(world.id)} (epoch #{text(world.epoch)}), #{text(world.world_size)} ranks>"
    end
  end
end
