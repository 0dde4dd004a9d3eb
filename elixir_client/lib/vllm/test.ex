defmodule Vllm.Test do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Tests without Python: stubs say what calls return, on a bridge that runs in memory.

      # test/test_helper.exs, where the application does not start a bridge itself
      {:ok, _} = Supervisor.start_link([{Vllm.Bridge, transport: Vllm.Bridge.Transport.Memory}],
                   strategy: :one_for_one)

      # config/test.exs, where it does
      config :vllm_distributed, transport: Vllm.Bridge.Transport.Memory

      defmodule MyApp.LayoutTest do
        use ExUnit.Case, async: true

        test "cuts the layers" do
          Vllm.Test.stub(Vllm.Distributed, :get_pp_indices, fn layers, rank, size ->
            {div(layers, size) * rank, div(layers, size) * (rank + 1)}
          end)

          assert Vllm.Distributed.get_pp_indices(60, 1, 4) == {:ok, {15, 30}}
        end
      end

  Everything but the ranks is the real client. Arguments are checked and encoded as in production, the
  stub gets what a rank would get, and its result is encoded and decoded like a rank's. So a call with bad
  arguments fails as in production, and a stub with a result of the wrong type is an error.

  ## Stubs

  A stub is a function or a result. The function gets the arguments in the order of the signature (for the
  functions of a class the object first); `:default` stands for a missing one. It may take fewer
  arguments. It runs in the calling process, so `Vllm.Session.current/0` says on which rank. It returns
  the result, with or without `{:ok, ...}` around it, or `{:error, %Vllm.Error{}}`, see `error/2`.

  Python functions that are called by name are stubbed by name, and so are methods and attributes of
  objects. Their Python keywords, if there are any, are the last argument, a keyword list:

      Vllm.Test.stub("torch.arange", fn n -> Vllm.Tensor.new(Enum.to_list(0..(n - 1))) end)
      Vllm.Test.stub("TCPStore.get", fn _store, "key" -> "value" end)

  Sessions and worlds work without stubs: `Vllm.World.start/1` returns a world of that size at once. They
  can be made to fail: `Vllm.Test.stub(Vllm.World, :start, Vllm.Test.error(:worker, "no rank"))`.

  ## Whose stubs

  Stubs belong to the process that makes them, the test, and end with it; so tests may be async. A Task, a
  rank of `Vllm.World.run/3`, and any other process with `$callers`, uses the stubs of the process that
  started it. Allow other processes with `allow/2`. A call without a stub raises
  `Vllm.Test.UnexpectedCallError`.

  All functions take `bridge: name` as their last argument for a bridge that is not `Vllm.Bridge`.
  """

  alias Vllm.Distributed.GroupCoordinator
  alias Vllm.{Background, Error, Options, Ref, Session}
  alias Vllm.Test.{Failures, Specs, Stubs}

  @compile {:no_warn_undefined, ExUnit.Callbacks}

  @schema Options.bridge()

  @doc since: "0.1.0"
  @doc """
  What a function returns from now on, in this process and those that use its stubs.

      Vllm.Test.stub(Vllm.Distributed, :get_tp_group, Vllm.Test.group(ranks: [0, 1]))
  """
  @spec stub(module(), atom(), function() | term(), keyword()) :: :ok
  def stub(module, function, answer, opts) when is_atom(module) and is_atom(function),
    do: Stubs.ask(bridge!(opts), {:stub, self(), Specs.key!(module, function), answer(answer)})

  @doc since: "0.1.0"
  @doc "As `stub/4`, or with a dotted name in place of module and function."
  @spec stub(module() | String.t(), atom() | function() | term(), function() | term() | keyword()) ::
          :ok
  def stub(name, answer, opts) when is_binary(name),
    do: Stubs.ask(bridge!(opts), {:stub, self(), {:name, name}, answer(answer)})

  def stub(module, function, answer), do: stub(module, function, answer, [])

  @doc since: "0.1.0"
  @doc "As `stub/4`, for what is called by its dotted name."
  @spec stub(String.t(), function() | term()) :: :ok
  def stub(name, answer) when is_binary(name), do: stub(name, answer, [])

  @doc since: "0.1.0"
  @doc """
  Says what a function returns the next time (or the next `times`), before its stub counts. `verify!/1`
  checks that all of these calls were made.
  """
  @spec expect(module(), atom(), pos_integer(), function() | term(), keyword()) :: :ok
  def expect(module, function, times \\ 1, answer, opts \\ [])
      when is_integer(times) and times > 0 do
    answers = List.duplicate(answer(answer), times)
    Stubs.ask(bridge!(opts), {:expect, self(), Specs.key!(module, function), answers})
  end

  @doc since: "0.1.0"
  @doc "Raises unless everything that this process expects has been called."
  @spec verify!(keyword()) :: :ok
  def verify!(opts \\ []), do: opts |> bridge!() |> Stubs.ask({:missing, self()}) |> none!()

  defp none!([]), do: :ok

  defp none!(missing) do
    raise "expected calls that were not made: " <>
            Enum.map_join(missing, ", ", fn {key, times} ->
              "#{Specs.title_of_key(key)} (#{times} more)"
            end)
  end

  @doc since: "0.1.0"
  @doc """
  Verifies when the test ends, with ExUnit's `on_exit`: `setup do: Vllm.Test.verify_on_exit!()`.
  """
  @spec verify_on_exit!(keyword()) :: :ok
  def verify_on_exit!(opts \\ []) do
    bridge = bridge!(opts)
    owner = self()
    # The bridge may end before us: `start_supervised!` is undone first.
    reporter = Background.start("telling what a test still expects", &report/0)
    :ok = Stubs.ask(bridge, {:report_to, owner, reporter})

    ExUnit.Callbacks.on_exit({__MODULE__, bridge}, fn ->
      missing =
        with :gone <- Stubs.ask_if_there(bridge, {:missing, owner}) do
          send(reporter, {:tell, self()})
          receive(do: ({:missing, missing} -> missing), after: (1_000 -> []))
        end

      Process.exit(reporter, :kill)
      Stubs.ask_if_there(bridge, {:forget, owner})
      none!(missing)
    end)
  end

  defp report do
    receive do
      {:missing, _missing} = message -> receive(do: ({:tell, pid} -> send(pid, message)))
    end
  end

  @doc since: "0.1.0"
  @doc """
  Lets another process use the stubs of this one, such as a server that was started outside the test.
  `:all` allows every process without stubs of its own, for tests that are not async.
  """
  @spec allow(pid() | :all, keyword()) :: :ok
  def allow(pid_or_all, opts \\ []) when is_pid(pid_or_all) or pid_or_all == :all do
    with {:error, other} <- Stubs.ask(bridge!(opts), {:allow, self(), pid_or_all}) do
      raise ArgumentError,
            "#{inspect(pid_or_all)} uses the stubs of #{inspect(other)} already, another test's; a " <>
              "process of several tests needs tests that are not async"
    end
  end

  @doc since: "0.1.0"
  @doc "The arguments of every call of a function so far, by this process and those it lets use its stubs."
  @spec calls(module(), atom(), keyword()) :: [[term()]]
  def calls(module, function, opts \\ []),
    do: Stubs.ask(bridge!(opts), {:called, self(), Specs.key!(module, function)})

  @doc since: "0.1.0"
  @doc """
  A failed call, as `{:error, %Vllm.Error{}}`, for stubs to return.

      iex> {:error, error} = Vllm.Test.error(:worker, "worker_busy")
      iex> error.category
      :worker

      iex> {:error, error} = Vllm.Test.error(:python_error, reason: "group_not_initialized", rank: 1)
      iex> Exception.message(error)
      "rank 1: a stub of a test (python_error: group_not_initialized)"
  """
  @spec error(Error.category(), String.t() | keyword()) :: {:error, Error.t()}
  def error(category, reason_or_fields)

  def error(category, reason) when is_binary(reason), do: error(category, reason: reason)

  def error(category, fields)
      when category in [:worker, :timeout, :python_error, :grpc_error, :validation, :pool] do
    fields = Keyword.merge([message: "a stub of a test"], fields)
    {:error, struct!(%Error{category: category}, fields)}
  end

  @doc since: "0.1.0"
  @doc """
  Has a rank of a world die: every later call of the world is an error that names the rank and the reason,
  as `Vllm.World.info/1` does, and subscribers hear of it. With `on_failure: :keep` only calls of that rank fail.
  `Vllm.World.restart/2` mends it, and `Vllm.World.replace_rank/3` of a world that is kept.

      Vllm.Test.fail_rank(world, 1, "killed by signal 9 (SIGKILL)")
  """
  @spec fail_rank(Vllm.World.t(), non_neg_integer(), String.t(), keyword()) :: :ok
  def fail_rank(world, rank, reason \\ "killed by signal 9 (SIGKILL)", opts \\ []),
    do: Failures.fail(world, rank, reason, bridge!(of_world(world, opts)))

  @doc since: "0.1.0"
  @doc """
  Has every call on a rank take so many milliseconds. A call with a shorter timeout fails by that.
  """
  @spec slow_rank(Vllm.World.t(), non_neg_integer(), non_neg_integer(), keyword()) :: :ok
  def slow_rank(world, rank, ms, opts \\ []) when is_integer(ms) and ms >= 0 do
    session = Vllm.World.session!(world, rank)
    Stubs.ask(bridge!(of_world(world, opts)), {:slow_down, session.id, ms})
  end

  @doc since: "0.1.0"
  @doc "Has a rank emit a value on a topic, for those that have called `Vllm.World.subscribe/3`."
  @spec emit(Vllm.World.t(), non_neg_integer(), String.t(), term(), keyword()) :: :ok
  def emit(world, rank, topic, value, opts \\ []) when is_binary(topic),
    do: Failures.emit(world, rank, topic, value, bridge!(of_world(world, opts)))

  defp of_world(world, opts), do: Keyword.put_new(opts, :bridge, world.bridge)

  @doc since: "0.1.0"
  @doc """
  An iterator with these items, for stubs to return: `Vllm.stream/3` reads them.

      Vllm.Test.stub("my_app.model.generate", fn _prompt -> Vllm.Test.items(["Once", " upon"]) end)
  """
  @spec items([term()], keyword()) :: Ref.t()
  def items(items, opts \\ []) when is_list(items) do
    session = Session.current()
    opts = if session, do: Keyword.put_new(opts, :bridge, session.bridge), else: opts
    ref = ref("generator")
    :ok = Stubs.ask(bridge!(opts), {:remember, ref.id, {:items, items}})
    ref
  end

  @doc since: "0.1.0"
  @doc "An object of a rank, for stubs to return: a reference in the session of the call."
  @spec ref(String.t()) :: Ref.t()
  def ref(type_name) when is_binary(type_name) do
    session = Session.current()

    %Ref{
      id: "test-#{System.unique_integer([:positive])}",
      session_id: if(session, do: session.id, else: "test"),
      epoch: if(session, do: session.epoch, else: 0),
      type_name: type_name
    }
  end

  @doc since: "0.1.0"
  @doc """
  A coordinator, for stubs to return. `ranks` and `rank` say the rest unless it is given.

      iex> group = Vllm.Test.group(ranks: [2, 3], rank: 3)
      iex> {group.unique_name, group.world_size, group.rank_in_group}
      {"tp:0", 2, 1}
  """
  @spec group(keyword()) :: GroupCoordinator.t()
  def group(fields \\ []) do
    ranks = Keyword.get(fields, :ranks, [0])
    session = Session.current()
    rank = Keyword.get(fields, :rank, (session && session.rank) || hd(ranks))

    known = [
      ref: ref("GroupCoordinator"),
      unique_name: "tp:0",
      ranks: ranks,
      rank: rank,
      rank_in_group: Enum.find_index(ranks, &(&1 == rank)) || 0,
      world_size: length(ranks),
      local_rank: rank,
      backend: "gloo"
    ]

    struct!(GroupCoordinator, Keyword.merge(known, fields))
  end

  defp answer(fun) when is_function(fun), do: {:function, fun}
  defp answer(result), do: {:result, result}

  defp bridge!(opts) do
    Error.unwrap!(Options.parse(opts, @schema, "Vllm.Test")).bridge
  end
end
