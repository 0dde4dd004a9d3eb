defmodule Vllm do
  @moduledoc since: "0.1.0"
  @moduledoc """
  `vllm.distributed` for Elixir: typed calls to a pool of rank processes.

      children = [{Vllm.Bridge, server: :embedded}]
      {:ok, _} = Supervisor.start_link(children, strategy: :one_for_one)

      {:ok, {0, 15}} = Vllm.Distributed.get_pp_indices(61, 0, 4)

      {:ok, world} = Vllm.World.start(tensor_parallel_size: 2)

      {:ok, [[1, 3], [1, 3]]} =
        Vllm.World.run(world, fn rank ->
          tensor = Vllm.Tensor.new([rank, rank + 1])
          {:ok, sum} = Vllm.Distributed.tensor_model_parallel_all_reduce(tensor)
          Vllm.Tensor.to_list(sum)
        end)

  The functions of this module reach what has no generated function: Python callables by dotted name
  (those the server allows: tensor functions of `torch.` and our own), and objects that stay in a
  rank (`Vllm.Ref`). Values travel as `Vllm.Term` describes.

  Every function returns `{:ok, value}` (or `:ok`) or `{:error, %Vllm.Error{}}`, also for a wrong option; its form
  with a `!` raises the error. Streams raise it when they are read.

  The last argument is always a keyword list. `__runtime__: [...]` says how the call is run (see
  `Vllm.Runtime`); every other key is a Python keyword argument.
  """

  import Vllm.Bang

  alias Vllm.Call.{Context, ItemStream, OwnedRefs, Objects, RefScope}
  alias Vllm.{Async, Deadline, Error, Options, Ref, Runtime, Session}

  @typedoc "An object that stays in a rank: its ref, a struct or tensor that has one, or the name it is kept under."
  @type object :: Ref.t() | struct() | {:named, atom() | String.t()}

  @own_schema [
    bridge: [type: :name, doc: "Name of the `Vllm.Bridge`; else the process's, or the usual."]
  ]

  @runtime_schema [__runtime__: [type: :keyword, default: []]]

  @doc since: "0.1.0"
  @doc """
  Calls a Python callable by its dotted name, or an object of a rank that is itself callable.

      Vllm.call("torch.arange", [6], dtype: "float32")
      Vllm.call("torch.zeros", [[2, 3]], dtype: :bf16, device: "cpu")

  A dtype is its name wherever torch wants one, Nx's or torch's (`:f32`, `"float32"`,
  `"torch.float32"`), or a type of Nx (`{:f, 32}`); a device is `"cpu"` or `"cuda:0"`, and layouts and
  memory formats are named as in torch. Attributes such as `dtype` come back as such names.
  """
  @spec call(String.t() | object(), [term()], keyword()) :: {:ok, term()} | {:error, Error.t()}
  def call(callable, args, opts \\ [])

  def call(name, args, opts) when is_binary(name),
    do: Objects.call({:qualified_name, name}, "", args, opts)

  def call(object, method, args) when is_binary(method), do: call(object, method, args, [])

  def call(object, args, opts) do
    with {:ok, ref} <- ref(object, "call"), do: Objects.call({:object, ref}, "", args, opts)
  end

  @doc since: "0.1.0"
  @doc """
  Calls a method of an object that stays in a rank.

      Vllm.call(store, "set", ["key", "value"])
      Vllm.call(store, "get", ["key"], __runtime__: [timeout: 1_000])
  """
  @spec call(object(), String.t(), [term()], keyword()) :: {:ok, term()} | {:error, Error.t()}
  def call(object, method, args, opts) when is_binary(method) do
    with {:ok, ref} <- ref(object, "call"), do: Objects.call({:object, ref}, method, args, opts)
  end

  defbang call(callable :: String.t() | object(), args :: [term()], opts \\ []) :: term()
  defbang call(object, method :: String.t(), args :: [term()], opts) :: term()

  @doc since: "0.1.0"
  @doc """
  The items of a Python iterator in a rank, as a stream: of what a call by dotted name returns, or of an
  iterator that a call has returned before.

      Vllm.stream("my_app.model.generate", ["Once upon a time"], max_tokens: 100)
      |> Enum.each(&IO.write/1)

      {:ok, generator} = Vllm.call("my_app.model.generate", ["Once"])
      generator |> Vllm.stream() |> Enum.take(5)

  The call is made when the reading begins. Items are fetched as they are asked for, several at a time
  where the iterator is fast. Between two requests nothing of it runs, and the rank takes other calls.
  The iterator is closed when it has ended, when the reading stops early or raises, and when the reading
  process dies. So it is read once.

  Reading raises `Vllm.Error`: what the iterator raised, after the items before that; what the call
  returned as an error; `"not_a_stream"` for an object that is no generator and no iterator of Python's
  own. The call's timeout bounds each request, and the `stream_timeout` all of the reading.
  """
  @spec stream(String.t(), [term()], keyword()) :: Enumerable.t()
  def stream(name, args, opts) when is_binary(name) and is_list(opts),
    do: ItemStream.new(fn -> call(name, args, opts) end, Keyword.get(opts, :__runtime__, []))

  @doc since: "0.1.0"
  @doc "As `stream/3`; the second argument is the list of arguments of a name, or the options of an object."
  @spec stream(String.t() | object(), [term()] | keyword()) :: Enumerable.t()
  def stream(name_or_object, args_or_opts \\ [])

  def stream(name, args) when is_binary(name), do: stream(name, args, [])

  def stream(object, opts) do
    begin = fn ->
      with {:ok, _opts} <- Options.parse(opts, @runtime_schema, "Vllm.stream"),
           do: ref(object, "stream")
    end

    ItemStream.new(begin, if(Keyword.keyword?(opts), do: opts[:__runtime__] || [], else: []))
  end

  @doc since: "0.1.0"
  @doc "An attribute of an object that stays in a rank; `name` may be dotted where the server allows."
  @spec get_attribute(object(), String.t(), keyword()) :: {:ok, term()} | {:error, Error.t()}
  def get_attribute(object, name, opts \\ []) when is_binary(name) do
    with {:ok, ref} <- ref(object, "get_attribute"), do: Objects.get_attribute(ref, name, opts)
  end

  defbang get_attribute(object, name :: String.t(), opts \\ []) :: term()

  @doc since: "0.1.0"
  @doc """
  Enters a context manager of a rank, runs a function with the value that it gives, and exits it.

      {:ok, group} = Vllm.Distributed.get_pp_group()
      {:ok, context} = Vllm.Distributed.patch_tensor_parallel_group(group)

      {:ok, size} =
        Vllm.with_context(context, fn _value ->
          Vllm.Distributed.get_tensor_model_parallel_world_size!()
        end)

  The functions that return contexts do it in one call, given the function as their last argument:
  `Vllm.Distributed.suppress_stdout(fn _ -> ... end)`.

  The context is always exited: when the function returns, raises, throws or exits, and when the calling
  process is killed (then as soon as the rank is free). Python's `__exit__` gets a failure of the function
  as an error. The failure goes on afterwards, even if Python would suppress it. A session that ends
  exits its contexts, the latest first.

  Returns `{:ok, what the function returned}`, or an error. If entering fails, the function has not run.
  If exiting fails after the function has failed, the failure of the function goes on and the failed exit
  is logged.

  Calls in the function run in the context's session, unless they say otherwise, and in its rank, even if
  a `:hint` session has several. This holds for the calling process. Other processes that use the session
  meanwhile are in the context too if the session has one rank (strict sessions and those of a world);
  in a `:hint` session they are not.

  Options: `__runtime__: [...]`; the timeout bounds entering and exiting, each by itself.
  """
  @spec with_context(object(), (term() -> result) | (() -> result), keyword()) ::
          {:ok, result} | {:error, Error.t()}
        when result: term()
  def with_context(context, fun, opts \\ []) when is_function(fun, 1) or is_function(fun, 0) do
    with {:ok, ref} <- ref(context, "with_context"),
         {:ok, opts} <- Options.parse(opts, @runtime_schema, "with_context"),
         {:ok, runtime} <- Runtime.validate(opts.__runtime__),
         do: Context.run(ref, fun, runtime, release: false)
  end

  @doc since: "0.1.0"
  @doc "As `with_context/3`; raises `Vllm.Error`."
  @spec with_context!(object(), (term() -> result) | (() -> result), keyword()) :: result
        when result: term()
  def with_context!(context, fun, opts \\ []),
    do: context |> with_context(fun, opts) |> Error.unwrap!()

  @doc since: "0.1.0"
  @doc """
  Begins a call, or several, and returns once the first request is on its way. Pass the result to `await/2`.

      first = Vllm.async(fn -> Vllm.Distributed.get_pp_indices(61, 0, 4) end)
      second = Vllm.async(fn -> Vllm.Distributed.get_pp_indices(61, 1, 4) end)
      {:ok, {0, 15}} = Vllm.await(first)

  The function runs in a process of its own: in the session, contexts, run and defaults of the calling
  process, which may go on meanwhile. So one process can have a collective running on several ranks:

      calls =
        for rank <- 0..1 do
          Vllm.async(fn ->
            Vllm.Session.with_session(Vllm.World.session!(world, rank), fn ->
              Vllm.Distributed.tensor_model_parallel_all_reduce(Vllm.Tensor.new([rank]))
            end)
          end)
        end

      [{:ok, sum}, {:ok, sum}] = Vllm.await_many(calls)

    * Calls that are begun one after the other run in that order on their rank. This is not promised for
      a request that goes by gRPC beside others in frames (`Vllm.Bridge`, Carriers), and not in a `:hint`
      session, which may have several ranks.
    * The timeout of a call begins with the call, not with `await/2`.
    * If the calling process ends, so does the function's, and its call is given up.
    * Objects in the result belong to the calling process, as those of its own calls. A session or world
      that the function opens ends with the function, unless it is `detached: true`.
  """
  @spec async((() -> term())) :: Async.t()
  def async(fun) when is_function(fun, 0), do: Async.start(fun)

  @doc since: "0.1.0"
  @doc """
  What the function of `async/1` has returned: `{:ok, value}`, `:ok` and `{:error, error}` as they are, anything
  else as `{:ok, value}`. If it raised, exited or threw, the result is the `Vllm.Error` that it raised, or one with
  the reason `"run_failed"`.

  If `timeout` milliseconds (`:infinity` when absent) pass first, the error has the category `:timeout` and the
  reason `"future_not_ready"`. The call goes on until its own timeout; await it again. Only the process that began
  a call can await it, and once.
  """
  @spec await(Async.t(), timeout() | keyword()) :: :ok | {:ok, term()} | {:error, Error.t()}
  def await(%Async{} = async, opts_or_timeout \\ []) do
    with {:ok, timeout} <- Options.timeout(opts_or_timeout, :infinity, "Vllm.await"),
         do: Async.await(async, Deadline.new(timeout), timeout)
  end

  @doc since: "0.1.0"
  @doc "As `await/2`; raises `Vllm.Error`, and what the function has raised, exited with or thrown."
  @spec await!(Async.t(), timeout() | keyword()) :: term()
  def await!(%Async{} = async, opts_or_timeout \\ []) do
    timeout = Error.unwrap!(Options.timeout(opts_or_timeout, :infinity, "Vllm.await!"))
    Async.await!(async, Deadline.new(timeout), timeout)
  end

  @doc since: "0.1.0"
  @doc "As `await/2` for several: their results in their order. The timeout bounds all of them together."
  @spec await_many([Async.t()], timeout() | keyword()) :: [
          :ok | {:ok, term()} | {:error, Error.t()}
        ]
  def await_many(asyncs, opts_or_timeout \\ []) do
    case Options.timeout(opts_or_timeout, :infinity, "Vllm.await_many") do
      {:ok, timeout} ->
        deadline = Deadline.new(timeout)
        for %Async{} = async <- asyncs, do: Async.await(async, deadline, timeout)

      {:error, error} ->
        for _async <- asyncs, do: {:error, error}
    end
  end

  @doc since: "0.1.0"
  @doc "As `await!/2` for several: their values in their order."
  @spec await_many!([Async.t()], timeout() | keyword()) :: [term()]
  def await_many!(asyncs, opts_or_timeout \\ []) do
    timeout = Error.unwrap!(Options.timeout(opts_or_timeout, :infinity, "Vllm.await_many!"))
    deadline = Deadline.new(timeout)
    for %Async{} = async <- asyncs, do: Async.await!(async, deadline, timeout)
  end

  @doc since: "0.1.0"
  @doc """
  Frees objects in their rank before their session ends; returns how many there were. Objects of several
  sessions are freed session by session. Objects that are gone already are skipped.
  """
  @spec release(object() | [object()], keyword()) ::
          {:ok, non_neg_integer()} | {:error, Error.t()}
  def release(object_or_objects, opts \\ []) do
    with :ok <- Objects.check_options("release", opts),
         {:ok, refs} <- refs(object_or_objects, "release") do
      refs
      |> Enum.group_by(& &1.session_id)
      |> Enum.reduce_while({:ok, 0}, fn {_session_id, refs}, {:ok, released} ->
        case Objects.release(refs, opts) do
          {:ok, count} -> {:cont, {:ok, released + count}}
          {:error, error} -> {:halt, {:error, error}}
        end
      end)
    end
  end

  defbang release(object_or_objects :: object() | [object()], opts \\ []) :: non_neg_integer()

  @doc since: "0.1.0"
  @doc """
  Runs a function, and releases what its calls have left in ranks, except what it returns (in whatever
  lists, tuples, maps and structs). Objects that other processes have made meanwhile are theirs.

      {:ok, sum} =
        Vllm.scope(fn ->
          {:ok, linear} = Vllm.call("torch.nn.Linear", [4, 4])
          Vllm.call(linear, [Vllm.Tensor.new([[1, 2, 3, 4]], :f32)])
        end)

  When the function raises, throws or exits, everything is released. A scope inside of another one gives
  what it returns to that one.
  """
  @spec scope((() -> result)) :: result when result: term()
  def scope(fun) when is_function(fun, 0), do: RefScope.run(fun)

  @doc since: "0.1.0"
  @doc """
  Makes the calling process an owner of these objects: objects in the bridge's own session are not
  released while it lives (see `Vllm.Ref`). Call it for objects that came by a message. Objects of other
  sessions live as long as their session.

  Options:

  #{Options.docs(@own_schema)}
  """
  @spec own(object() | [object()], keyword()) :: :ok | {:error, Error.t()}
  def own(object_or_objects, opts \\ []) do
    with {:ok, refs} <- refs(object_or_objects, "own"),
         {:ok, %{bridge: bridge}} <- Options.parse(opts, @own_schema, "Vllm.own") do
      bound = Session.current()
      OwnedRefs.own(refs, bridge || (bound && bound.bridge) || Vllm.Bridge)
    end
  end

  defbang own(object_or_objects :: object() | [object()], opts \\ []) :: :ok

  defp refs(object_or_objects, what) do
    object_or_objects
    |> List.wrap()
    |> Enum.reduce_while({:ok, []}, fn object, {:ok, refs} ->
      case ref(object, what) do
        {:ok, ref} -> {:cont, {:ok, [ref | refs]}}
        {:error, error} -> {:halt, {:error, error}}
      end
    end)
  end

  defp ref(object, what) do
    with {:error, error} <- Ref.of(object),
         do: {:error, %{error | message: "#{what}: " <> error.message}}
  end
end
