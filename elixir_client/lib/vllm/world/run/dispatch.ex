defmodule Vllm.World.Dispatch do
  @moduledoc false
  # One call on every rank of a world, see `Vllm.World.call/4`: which arguments each rank gets, and what is
  # made of the answers.

  alias Vllm.{Error, Options, Runtime, Tensor, World}
  alias Vllm.Tensor.Pieces
  alias Vllm.World.{Layout, RankError, Runner, Schemas}

  @dispatch {:or,
             [
               {:in, [:all]},
               {:tagged, :scatter, :integer},
               {:tagged, :per_rank, {:function, 1}}
             ]}

  @collect {:or, [{:in, [:list, :first, :one_per_replica, :same]}, {:tagged, :concat, :integer}]}

  @schema [
    dispatch: [
      type: @dispatch,
      default: :all,
      doc:
        "Which arguments the ranks get: `:all` (the same), `{:scatter, dim}` (each data parallel replica " <>
          "its part), `{:per_rank, fun}` (what `fun.(rank)` returns, a list)."
    ],
    collect: [
      type: @collect,
      default: :list,
      doc:
        "What is made of the results: `:list` (in rank order), `:first` (that of the first rank), " <>
          "`:one_per_replica` (a list), `{:concat, dim}` (these joined), `:same` (the one that all have)."
    ],
    timeout: [
      type: :timeout,
      default: :infinity,
      doc: "Milliseconds for all of it, and for the turn of the world before."
    ],
    __runtime__: [type: :keyword, default: [], doc: "Of each call, see `Vllm.Runtime`."],
    bridge: Schemas.by_id()[:bridge]
  ]

  @spec schema() :: Options.schema()
  def schema, do: @schema

  @doc "The options of a call, with their defaults."
  @spec options(term()) :: {:ok, map()} | {:error, Error.t()}
  def options(opts) do
    with {:ok, opts} <- Options.parse(opts, @schema, "Vllm.World.call"),
         {:ok, _runtime} <- Runtime.validate(opts.__runtime__),
         [] <- Keyword.take(opts.__runtime__, [:bridge, :session_id]) do
      {:ok, opts}
    else
      [{key, _value} | _] -> {:error, Options.invalid(elsewhere(key))}
      {:error, error} -> {:error, error}
    end
  end

  defp elsewhere(key) do
    "Vllm.World.call: __runtime__: #{key} would send the calls elsewhere; each goes to the session of its rank, on " <>
      "the world's bridge. Leave it out"
  end

  @doc "Makes the call; `tell` hears of each rank's outcome when it is there."
  @spec call(
          World.t(),
          World.callee(),
          [term()],
          map(),
          (non_neg_integer(), term() -> term())
        ) ::
          {:ok, term()} | {:error, Error.t()}
  def call(world, callee, args, opts, tell \\ fn _rank, _outcome -> :ok end) do
    with {:ok, arguments} <- arguments(world, args, opts.dispatch),
         {:ok, call} <- callee(callee, arguments),
         one = fn rank -> guarded(fn -> call.(Map.fetch!(arguments, rank)) end) end,
         {:ok, results} <-
           on_ranks(world, fn rank -> tap(one.(rank), &tell.(rank, &1)) end, opts),
         {:ok, values} <- values(world, results),
         do: collect(world, values, opts.collect)
  end

  # --- the arguments ----------------------------------------------------------------------------

  defp arguments(world, args, dispatch) when is_list(args) do
    with {:ok, by_rank} <- dispatch(dispatch, world, args), do: {:ok, Map.new(by_rank)}
  end

  defp arguments(_world, args, _dispatch),
    do: invalid("the arguments are a list, got: #{show(args)}")

  defp dispatch(:all, world, args),
    do: {:ok, for(session <- world.sessions, do: {session.rank, args})}

  defp dispatch({:per_rank, fun}, world, []) do
    given = for session <- world.sessions, do: {session.rank, fun.(session.rank)}

    case Enum.find(given, fn {_rank, args} -> not is_list(args) end) do
      nil ->
        {:ok, given}

      {rank, other} ->
        invalid("dispatch: the function gave #{show(other)} for rank #{rank}, no list")
    end
  end

  defp dispatch({:per_rank, _fun}, _world, args) do
    invalid(
      "dispatch: with {:per_rank, fun} the function gives all arguments, got also: #{show(args)}"
    )
  end

  defp dispatch({:scatter, dim}, world, args) do
    replicas = Layout.replicas(world)

    with {:ok, parts} <- each(args, &scatter(&1, length(replicas), dim)) do
      {:ok,
       for {{_replica, sessions}, index} <- Enum.with_index(replicas), session <- sessions do
         {session.rank, Enum.map(parts, &Enum.at(&1, index))}
       end}
    end
  end

  defp scatter(%Tensor{} = tensor, count, dim) do
    with {:error, message} <- Pieces.split(tensor, count, dim),
         do: invalid("scatter: " <> message)
  end

  defp scatter(list, count, _dim) when is_list(list) do
    cond do
      # What comes last may be Python keywords, which are no data.
      list != [] and Keyword.keyword?(list) ->
        {:ok, List.duplicate(list, count)}

      rem(length(list), count) == 0 ->
        {:ok, cut(list, div(length(list), count), count)}

      true ->
        invalid("scatter: #{count} replicas do not divide a list of #{length(list)}")
    end
  end

  defp scatter(other, count, _dim), do: {:ok, List.duplicate(other, count)}

  defp cut(_list, 0, count), do: List.duplicate([], count)
  defp cut(list, size, _count), do: Enum.chunk_every(list, size)

  # --- what is called ---------------------------------------------------------------------------

  defp callee(name, _arguments) when is_binary(name), do: {:ok, &Vllm.call(name, &1)}

  defp callee({module, name}, arguments) when is_atom(module) and is_atom(name),
    do: exported(module, name, arguments)

  defp callee(name, arguments) when is_atom(name) and name not in [nil, true, false],
    do: exported(Vllm.Distributed, name, arguments)

  defp callee(fun, arguments) when is_function(fun) do
    {:arity, arity} = Function.info(fun, :arity)

    case Enum.find(arguments, fn {_rank, args} -> length(args) != arity end) do
      nil -> {:ok, &apply(fun, &1)}
      {_rank, args} -> invalid("#{inspect(fun)} takes #{arity} arguments, got #{length(args)}")
    end
  end

  defp callee(other, _arguments) do
    invalid(
      "the function is an atom (of Vllm.Distributed), {module, atom}, a capture, or a dotted Python " <>
        "name, got: #{show(other)}"
    )
  end

  defp exported(module, name, arguments) do
    missing =
      Enum.find_value(arguments, fn {_rank, args} ->
        arity = length(args)
        known? = Code.ensure_loaded?(module) and function_exported?(module, name, arity)

        unless known?,
          do: "#{inspect(module)}.#{name}/#{arity} does not exist#{arities(module, name)}"
      end)

    if missing, do: invalid(missing), else: {:ok, &apply(module, name, &1)}
  end

  defp arities(module, name) do
    with true <- Code.ensure_loaded?(module),
         [_ | _] = arities <- for({^name, arity} <- module.module_info(:exports), do: arity) do
      "; it takes #{arities |> Enum.sort() |> Enum.join(", ")} arguments"
    else
      _none -> ""
    end
  end

  # --- the calls --------------------------------------------------------------------------------

  defp on_ranks(world, one, opts) do
    run = fn -> Runner.run(world, one, opts.timeout, &failed?/1) end

    if opts.__runtime__ == [],
      do: run.(),
      else: Runtime.with_defaults!(opts.__runtime__, run)
  end

  @doc """
  Runs a function on every rank: what it returned on each, or one error when it failed on some. `tell` as of
  `call/5`.
  """
  @spec run(
          World.t(),
          (non_neg_integer() -> result),
          timeout(),
          (non_neg_integer(), term() ->
             term())
        ) ::
          {:ok, [result]} | {:error, Error.t()}
        when result: term()
  def run(world, fun, timeout, tell \\ fn _rank, _outcome -> :ok end) do
    told = fn rank -> tap(guarded(fn -> {:ok, fun.(rank)} end), &tell.(rank, &1)) end

    with {:ok, results} <- attempt(fn -> Runner.run(world, told, timeout, &failed?/1) end),
         {:ok, values} <- values(world, results),
         do: {:ok, for({_rank, value} <- values, do: value)}
  end

  @doc "As `run/4`, for a function that returns its outcome on each rank, see `Vllm.World.collect/3`."
  @spec gather(World.t(), (non_neg_integer() -> term()), timeout()) ::
          {:ok, [term()]} | {:error, Error.t()}
  def gather(world, fun, timeout), do: attempt(fn -> Runner.collect(world, fun, timeout) end)

  # A rank's process that was killed says nothing itself.
  defp attempt(fun) do
    fun.()
  rescue
    error in RankError ->
      failure = Error.failed(error.kind, error.reason, error.stacktrace)
      errors = Map.put_new(failure.details, "errors", %{error.rank => failure.message})
      {:error, %{failure | rank: failure.rank || error.rank, details: errors}}
  end

  @doc "What a function returns, or raises, as a rank's outcome."
  @spec guarded((() -> term())) :: term()
  def guarded(fun) do
    fun.()
  rescue
    error -> {:error, Error.failed(:error, error, __STACKTRACE__)}
  catch
    kind, reason -> {:error, Error.failed(kind, reason, __STACKTRACE__)}
  end

  defp failed?({:error, _error}), do: true
  defp failed?(_other), do: false

  @doc "The values of all ranks, or the one error that has the outcomes of all."
  @spec values(World.t(), [{non_neg_integer(), term()}]) ::
          {:ok, [{non_neg_integer(), term()}]} | {:error, Error.t()}
  def values(world, results) do
    case for({rank, {:error, error}} <- results, do: {rank, Error.returned(error)}) do
      [] -> {:ok, for({rank, result} <- results, do: {rank, value(result)})}
      failed -> {:error, together(world, Map.new(results), first(failed), Map.new(failed))}
    end
  end

  defp value({:ok, value}), do: value
  defp value(:ok), do: nil
  defp value(other), do: other

  # That a peer is gone says less than what the peer itself says.
  defp first(failed) do
    Enum.find(failed, hd(failed), fn {_rank, error} ->
      error.reason not in ["peer_died", "abandoned"]
    end)
  end

  defp together(world, results, {rank, error}, errors) do
    outcomes =
      Map.new(world.sessions, fn session ->
        {session.rank, outcome(Map.get(errors, session.rank), Map.get(results, session.rank))}
      end)

    messages = Map.new(errors, fn {rank, error} -> {rank, error.message} end)
    details = Map.merge(error.details, %{"outcomes" => outcomes, "errors" => messages})
    %{error | rank: error.rank || rank, details: details}
  end

  defp outcome(%Error{details: %{"ran" => false}}, _result), do: "not_reached"
  defp outcome(%Error{}, _result), do: "error"
  # Its process was stopped because another rank had failed.
  defp outcome(nil, nil), do: "cancelled"
  defp outcome(nil, _result), do: "ok"

  # --- what is made of the answers --------------------------------------------------------------

  defp collect(_world, values, :list), do: {:ok, for({_rank, value} <- values, do: value)}
  defp collect(_world, [{_rank, value} | _], :first), do: {:ok, value}

  defp collect(world, values, :one_per_replica), do: {:ok, per_replica(world, values)}

  defp collect(world, values, {:concat, dim}), do: world |> per_replica(values) |> concat(dim)

  defp collect(_world, [{first, value} | rest], :same) do
    case for({rank, other} <- rest, other != value, do: rank) do
      [] ->
        {:ok, value}

      ranks ->
        {:error,
         %Error{
           category: :worker,
           reason: "results_differ",
           rank: hd(ranks),
           message:
             "collect: :same, but #{names(ranks)} returned something else than rank #{first}: " <>
               "#{show(List.keyfind(rest, hd(ranks), 0) |> elem(1))}, not #{show(value)}",
           details: %{"ranks" => ranks}
         }}
    end
  end

  # The first tensor parallel rank of the last stage: where a model's output is.
  defp per_replica(world, values) do
    for {_replica, sessions} <- Layout.replicas(world) do
      at = fn session -> Layout.coordinates(world.layout, session.rank) end
      last = sessions |> Enum.map(&at.(&1).pp) |> Enum.max()
      session = Enum.find(sessions, &(at.(&1).pp == last))
      {_rank, value} = List.keyfind!(values, session.rank, 0)
      value
    end
  end

  defp concat([%Tensor{} | _] = tensors, dim) do
    if Enum.all?(tensors, &is_struct(&1, Tensor)) do
      with {:error, message} <- Pieces.concat(tensors, dim), do: cannot_join(message)
    else
      cannot_join("some replicas returned tensors, and others did not")
    end
  end

  defp concat([list | _] = lists, _dim) when is_list(list) do
    if Enum.all?(lists, &is_list/1),
      do: {:ok, Enum.concat(lists)},
      else: cannot_join("some replicas returned lists, and others did not")
  end

  defp concat([other | _], _dim),
    do: cannot_join("tensors and lists can be joined, not #{show(other)}")

  defp cannot_join(why) do
    message = "Vllm.World.call: concat: " <> why
    {:error, Error.validation(message, "cannot_collect")}
  end

  # --- helpers ----------------------------------------------------------------------------------

  defp each(list, fun) do
    list
    |> Enum.reduce_while({:ok, []}, fn item, {:ok, done} ->
      case fun.(item) do
        {:ok, result} -> {:cont, {:ok, [result | done]}}
        {:error, error} -> {:halt, {:error, error}}
      end
    end)
    |> then(fn result -> with {:ok, done} <- result, do: {:ok, Enum.reverse(done)} end)
  end

  defp names([rank]), do: "rank #{rank}"
  defp names(ranks), do: "ranks #{Enum.join(ranks, ", ")}"

  defp invalid(message),
    do: {:error, Error.validation("Vllm.World.call: " <> message, "invalid_argument")}

  defp show(value), do: inspect(value, limit: 5, printable_limit: 60)
end
