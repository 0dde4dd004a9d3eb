defmodule Vllm.ApiShapeTest do
  # One shape for all of the public API: `{:ok, value}` (or `:ok`) or `{:error, %Vllm.Error{}}`, and beside each
  # such function its form with a `!`. What has no error is listed here, with why.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.Transport.Memory
  alias Vllm.{Bridge, Error, KVEvents, Ref, Runtime, Serving, Session, Tensor, World}

  @bridge :shape_tests
  @name __MODULE__.World

  # Modules with words of their own.
  @apart %{
    Vllm.Bridge.Connection =>
      "below the pool: its errors are reasons, data for transports, which say whether a call has run",
    Vllm.Bridge.Transport => "what a transport returns",
    Vllm.Test => "a test fails by raising",
    Vllm.Error => "the error itself",
    Vllm.Bridge.SnakepitAdapter => "the behaviour is Snakepit's"
  }

  # Functions that have no error to return.
  @plain %{
    Vllm => [
      async: "begins it; what fails is said by await/2",
      scope: "what the function returns",
      stream: "raises when it is read",
      stream: "raises when it is read"
    ],
    Vllm.Bridge => [
      child_spec: "OTP's",
      connected?: "a question: true or false",
      unsubscribe: "ending twice does nothing"
    ],
    Vllm.Bridge.Config => [keys: "a constant"],
    Vllm.KVEvents => [child_spec: "OTP's", unsubscribe: "ending twice does nothing"],
    Vllm.Runtime => [defaults: "of the process"],
    Vllm.Serving => [child_spec: "OTP's"],
    Vllm.Session => [
      carrier: "as far as known here",
      current: "of the process",
      with_session: "what the function returns"
    ],
    Vllm.Telemetry => [events: "a constant", loaded?: "a question"],
    Vllm.Tensor => [
      new: "from_list!/2 by a short name, for values in code",
      shape: "a field",
      size: "of a field",
      to_binary: "a field; raises for a tensor that is in its rank",
      to_list: "of a field; raises for a tensor that is in its rank"
    ],
    Vllm.Tensor.DType => [names: "a constant", size: "a constant"],
    Vllm.World => [
      cancel: "ending twice does nothing",
      child_spec: "OTP's",
      results: "raises when it is read"
    ]
  }

  # Functions with an error and without a form with a `!`.
  @no_bang [
    {Vllm.Bridge, :start_link, "OTP's"},
    {Vllm.KVEvents, :start_link, "OTP's"},
    {Vllm.Serving, :start_link, "OTP's"},
    {Vllm.World, :start_link, "OTP's"},
    {Vllm.World, :yield_many, "an outcome, or none yet, for each future"}
  ]

  # Functions whose options are keyword arguments of Python, which refuses unknown ones.
  @python [{Vllm, :call, 3}, {Vllm, :call, 4}, {Vllm, :stream, 3}]

  setup_all do
    start_supervised!({Bridge, name: @bridge, transport: Memory})
    {:ok, world} = World.start(tensor_parallel_size: 2, bridge: @bridge, detached: true)
    start_supervised!({World, name: @name, tensor_parallel_size: 2, bridge: @bridge})
    %{world: world}
  end

  # --- what there is ----------------------------------------------------------------------------

  defp modules do
    {:ok, modules} = :application.get_key(:vllm_distributed, :modules)

    for module <- Enum.sort(modules),
        documented?(module),
        not is_map_key(@apart, module),
        do: module
  end

  defp documented?(module),
    do: match?({:docs_v1, _, _, _, %{}, _, _docs}, Code.fetch_docs(module))

  # {name, arity, [argument type], return type} of every documented function.
  defp functions(module) do
    {:docs_v1, _, _, _, _, _, docs} = Code.fetch_docs(module)
    {:ok, specs} = Code.Typespec.fetch_specs(module)
    specs = Map.new(specs)

    for {{:function, name, arity}, _, _, doc, _} <- docs,
        doc != :hidden,
        not implementation?(module, name, arity),
        spec <- Map.get(specs, {name, arity}, [nil]) do
      assert spec, "#{inspect(module)}.#{name}/#{arity} has no spec"
      {arguments, result} = types(Code.Typespec.spec_to_quoted(name, spec))
      {name, arity, arguments, result}
    end
  end

  # A callback of another library's behaviour has its shape.
  defp implementation?(module, name, arity) do
    for {:behaviour, behaviours} <- module.module_info(:attributes),
        behaviour <- behaviours,
        behaviour != module,
        reduce: false do
      found -> found or {name, arity} in behaviour.behaviour_info(:callbacks)
    end
  end

  defp types({:when, _, [spec, _guards]}), do: types(spec)
  defp types({:"::", _, [{_name, _, arguments}, result]}), do: {arguments, result}

  defp errors(type) do
    {_type, found} =
      Macro.prewalk(type, [], fn
        {:{}, _, [:error, error]} = node, found -> {node, [Macro.to_string(error) | found]}
        {:error, error} = node, found -> {node, [Macro.to_string(error) | found]}
        node, found -> {node, found}
      end)

    found
  end

  defp bang?(name), do: name |> Atom.to_string() |> String.ends_with?("!")

  # --- the rules --------------------------------------------------------------------------------

  test "each error is a Vllm.Error, and each function with one has its form with a !" do
    for module <- modules(),
        functions = functions(module),
        {name, arity, _, result} <- functions do
      what = "#{inspect(module)}.#{name}/#{arity}"

      case Enum.uniq(errors(result)) do
        [] ->
          base = name |> Atom.to_string() |> String.trim_trailing("!") |> String.to_atom()
          base? = Enum.any?(functions, fn {other, n, _, _} -> {other, n} == {base, arity} end)
          listed? = Keyword.has_key?(Map.get(@plain, module, []), name)

          if bang?(name),
            do: assert(base?, "#{what} is the form of nothing"),
            else: assert(listed? or generated?(module), "#{what} has no error, and is not listed")

        errors ->
          if not Enum.any?(@no_bang, &match?({^module, ^name, _why}, &1)) do
            assert errors == ["Vllm.Error.t()"], "#{what} has another error: #{inspect(errors)}"
            bang = {:"#{name}!", arity}

            assert Enum.any?(functions, fn {other, n, _, _} -> {other, n} == bang end),
                   "#{what} has an error and no form with a !"
          end
      end
    end
  end

  test "what is listed is there" do
    for {module, names} <- @plain, {name, why} <- names do
      assert why != ""
      assert Enum.any?(functions(module), fn {other, _, _, _} -> other == name end), "#{name}"
    end

    for {module, name, _why} <- @no_bang,
        do: assert(Enum.any?(functions(module), fn {other, _, _, _} -> other == name end))
  end

  # Their plain functions make no call.
  defp generated?(module),
    do: List.to_string(module.module_info(:compile)[:source]) =~ "/generated/"

  # --- options ----------------------------------------------------------------------------------

  # Every function that takes options, called with these.
  defp with_options(world) do
    object = %Ref{id: "o", session_id: hd(world.session_ids)}
    future = World.async_run!(world, fn rank -> rank end)
    async = Vllm.async(fn -> :ok end)
    here = Tensor.new([1])
    one = fn _rank -> :ok end

    %{
      {Vllm, :await, 2} => &Vllm.await(async, &1),
      {Vllm, :await_many, 2} => &hd(Vllm.await_many([async], &1)),
      {Vllm, :get_attribute, 3} => &Vllm.get_attribute(object, "x", &1),
      {Vllm, :own, 2} => &Vllm.own(object, &1),
      {Vllm, :release, 2} => &Vllm.release([], &1),
      {Vllm, :stream, 2} => &Enum.to_list(Vllm.stream(object, &1)),
      {Vllm, :with_context, 3} => &Vllm.with_context(object, fn -> :ok end, &1),
      {Ref, :copy, 2} => &Ref.copy(object, &1),
      {Ref, :move, 2} => &Ref.move(object, &1),
      {Bridge, :connected?, 1} => &Bridge.connected?/1,
      {Bridge, :info, 1} => &Bridge.info/1,
      {Bridge, :start_link, 1} => &Bridge.start_link/1,
      {Bridge, :status, 1} => &Bridge.status/1,
      {Bridge, :subscribe, 1} => &Bridge.subscribe/1,
      {KVEvents, :start_link, 1} => &KVEvents.start_link/1,
      {KVEvents, :stream, 2} => &KVEvents.stream("ipc:///nowhere", &1),
      {KVEvents, :subscribe, 2} => &KVEvents.subscribe("ipc:///nowhere", &1),
      {Runtime, :with_defaults, 2} => &Runtime.with_defaults(&1, fn -> :ok end),
      {Serving, :run, 3} => &Serving.run(:none, 1, &1),
      {Serving, :start_link, 1} => &Serving.start_link/1,
      {Session, :close, 2} => &Session.close(hd(world.sessions), &1),
      {Session, :open, 1} => &Session.open/1,
      {Tensor, :fetch, 2} => &Tensor.fetch(here, &1),
      {World, :async_call, 4} => &World.async_call(world, "f", [], &1),
      {World, :async_run, 3} => &World.async_run(world, one, &1),
      {World, :await, 2} => &World.await(future, &1),
      {World, :call, 4} => &World.call(world, "f", [], &1),
      {World, :collect, 3} => &World.collect(world, one, &1),
      {World, :delete, 3} => &World.delete(world, :x, &1),
      {World, :diagnose, 2} => &World.diagnose(world, &1),
      {World, :fetch, 2} => &World.fetch(world, &1),
      {World, :info, 2} => &World.info(world, &1),
      {World, :list, 1} => &World.list/1,
      {World, :load, 3} => &World.load(world, "my.module", &1),
      {World, :load_weights, 3} => &World.load_weights(world, %{}, &1),
      {World, :logs, 2} => &World.logs(world, &1),
      {World, :named, 2} => &World.named(world, &1),
      {World, :put, 4} => &World.put(world, :x, one, &1),
      {World, :record, 2} => &World.record(world, &1),
      {World, :replace_rank, 3} => &World.replace_rank(world, 0, &1),
      {World, :resize, 2} => &World.resize(world, &1),
      {World, :restart, 2} => &World.restart(world, &1),
      {World, :results, 2} => &Enum.to_list(World.results(future, &1)),
      {World, :run, 3} => &World.run(world, one, &1),
      {World, :session, 3} => &World.session(world, 0, &1),
      {World, :slice, 3} => &World.slice(world, [tp: 0], &1),
      {World, :start, 1} => &World.start/1,
      {World, :start_async, 1} => &World.start_async/1,
      {World, :start_link, 1} => &World.start_link/1,
      {World, :stop, 2} => &World.stop(world, &1),
      {World, :subscribe, 3} => &World.subscribe(world, nil, &1),
      {World, :yield_many, 2} => &(World.yield_many([future], &1) |> hd() |> elem(1))
    }
  end

  # What is read, and what asks a question, raises.
  @raises [{Vllm, :stream, 2}, {Bridge, :connected?, 1}, {World, :results, 2}]

  defp outcome(what, fun, opts) when what in @raises do
    fun.(opts)
  rescue
    error in Error -> {:error, error}
  end

  defp outcome(_what, fun, opts), do: fun.(opts)

  test "each function that takes options names one that is unknown, and the known ones",
       context do
    calls = with_options(context.world)
    assert Enum.sort(taking_options() -- @python) == Enum.sort(Map.keys(calls))

    for {{module, name, arity} = what, call} <- calls do
      result = outcome(what, call, no_such_option: 1)
      said = "#{inspect(module)}.#{name}/#{arity} returned #{inspect(result)}"

      assert {:error, %Error{category: :validation, reason: "invalid_option"} = error} = result,
             said

      assert error.message =~ "unknown option no_such_option", said
      assert error.message =~ "known", said

      # No keyword list at all; some take a timeout by itself.
      assert {:error, %Error{reason: "invalid_option"}} = outcome(what, call, [:no_such_option])
    end
  end

  defp taking_options do
    for module <- modules(),
        not generated?(module),
        {name, arity, arguments, _result} <- functions(module),
        not bang?(name) and name != :child_spec,
        Enum.any?(arguments, &(Macro.to_string(&1) =~ "keyword()")),
        uniq: true,
        do: {module, name, arity}
  end

  test "the bridge of a world, and of a session, is said in one place", %{world: world} do
    for result <- [
          World.info(world, bridge: :other),
          World.stop(world, bridge: :other),
          World.run(@name, fn rank -> rank end, bridge: :other),
          World.call(world, "f", [], bridge: :other),
          Session.close(hd(world.sessions), bridge: :other)
        ] do
      assert {:error, %Error{reason: "invalid_option", message: message}} = result
      assert message =~ "is of :shape_tests, not of :other; leave the option out"
    end

    assert {:ok, _info} = World.info(world, bridge: @bridge)

    for key <- [:bridge, :session_id], call <- [&World.call/4, &World.async_call/4] do
      assert {:error, %Error{reason: "invalid_option", message: message}} =
               call.(world, "f", [],
                 __runtime__: [{key, if(key == :bridge, do: :other, else: "s")}]
               )

      assert message =~ "__runtime__: #{key} would send the calls elsewhere"
    end
  end

  # --- timeouts ---------------------------------------------------------------------------------

  test "each option that is a timeout is documented to take :infinity" do
    lines =
      for module <- modules() ++ [Vllm.Bridge.Connection],
          text <- texts(module),
          [line] <- Regex.scan(~r/^ *\* `:\w*timeout`.*$/m, text),
          do: {module, line}

    assert length(lines) >= 20
    for {module, line} <- lines, do: assert(line =~ ":infinity", "#{inspect(module)}: #{line}")
  end

  defp texts(module) do
    {:docs_v1, _, _, _, moduledoc, _, docs} = Code.fetch_docs(module)
    Map.values(moduledoc) ++ for {_, _, _, %{"en" => text}, _} <- docs, do: text
  end

  test "they take it", %{world: world} do
    never = [timeout: :infinity]
    assert {:ok, starting} = World.start_async([bridge: @bridge] ++ never)
    assert {:ok, started} = World.await(starting, :infinity)
    assert {:ok, started} = World.restart(started, never)
    assert World.stop(started) == :ok
    assert {:ok, [0, 1]} = World.run(world, fn rank -> rank end, never)
    assert {:ok, [nil, nil]} = World.collect(world, fn _rank -> :ok end, never)
    assert {:ok, future} = World.async_run(world, fn rank -> rank end, never)
    assert {:ok, [0, 1]} = World.await(future, never)
    assert [{^future, {:ok, [0, 1]}}] = World.yield_many([future], never)
    assert [{_, {:ok, _}}, {_, {:ok, _}}] = Enum.to_list(World.results(future, never))
    assert {:ok, :done} = Vllm.await(Vllm.async(fn -> :done end), never)
    assert {:ok, _status} = Bridge.status([bridge: @bridge] ++ never)

    assert {:ok, connection} =
             Bridge.Connection.start_link(
               endpoint: "unix:/nowhere",
               connect_timeout: :infinity,
               keepalive_timeout: :infinity
             )

    assert Bridge.Connection.close(connection) == :ok
  end

  # --- worlds -----------------------------------------------------------------------------------

  test "each function of a world takes it, its id, or a registered name", %{world: world} do
    Vllm.Test.stub("my.rank", fn -> Session.current().rank end, bridge: @bridge)
    {:ok, supervised} = World.fetch(@name)

    for given <- [world, {world.id, @bridge}, @name, supervised, Process.whereis(@name)] do
      for {name, call} <- of_worlds(given) do
        assert ok?(call.()), "#{name} of #{inspect(given, limit: 3)}: #{inspect(call.())}"
      end
    end

    # Who subscribes may do so before the world is there.
    for {name, call} <- of_worlds({"no-such-world", @bridge}), name != :subscribe do
      assert {:error, %Error{reason: "world_not_found"}} = call.(), "#{name}"
    end

    for {name, call} <- of_worlds(42) do
      assert {:error, %Error{category: :validation, message: message}} = call.(), "#{name}"
      assert message =~ "a world is a %Vllm.World{}, its id", "#{name}"
    end
  end

  test "they are restarted, stopped and their epochs told, whichever of these is given" do
    {:ok, world} = World.start(bridge: @bridge)
    assert {:ok, %World{epoch: 2}} = World.restart(world.id, bridge: @bridge)
    assert {:ok, %World{epoch: 3} = world} = World.restart(world)
    assert World.stop(world.id, bridge: @bridge) == :ok
    assert World.stop(world) == :ok

    name = {:global, {__MODULE__, :told}}
    start_supervised!({World, name: name, bridge: @bridge})
    {:ok, supervised} = World.fetch(name)

    for given <- [name, supervised, :global.whereis_name({__MODULE__, :told})] do
      assert World.subscribe_epochs(given) == :ok
      assert_receive {:vllm_world, ^name, {:epoch, 1}}
    end

    # One that nobody supervises has no epochs to tell of.
    for given <- [world, world.id] do
      assert {:error, %Error{reason: "invalid_argument", message: message}} =
               World.subscribe_epochs(given)

      assert message =~ "no world of one; Vllm.Bridge.subscribe/1"
    end

    assert World.stop(name) == :ok
    assert {:error, %Error{reason: "world_not_found"}} = World.stop(name)
  end

  # A transport in memory has no more than that; the world was found.
  defp ok?({:error, error}),
    do: error.category != :validation and error.reason != "world_not_found"

  defp ok?(:ok), do: true
  defp ok?({:ok, _value}), do: true

  defp of_worlds({id, bridge}), do: of_worlds(id, bridge: bridge)
  defp of_worlds(world), do: of_worlds(world, [])

  defp of_worlds(world, opts) do
    one = fn rank -> {:ok, rank} end

    [
      async_call: fn -> World.async_call(world, "my.rank", [], opts) end,
      async_run: fn -> World.async_run(world, one, opts) end,
      call: fn -> World.call(world, "my.rank", [], opts) end,
      collect: fn -> World.collect(world, one, opts) end,
      delete: fn -> World.delete(world, :x, opts) end,
      diagnose: fn -> World.diagnose(world, opts) end,
      fetch: fn -> World.fetch(world, opts) end,
      info: fn -> World.info(world, opts) end,
      load: fn -> World.load(world, "my.module", opts) end,
      logs: fn -> World.logs(world, opts) end,
      named: fn -> World.named(world, opts) end,
      put: fn -> World.put(world, :x, fn _rank -> Vllm.Test.ref("x") end, opts) end,
      record: fn -> World.record(world, opts) end,
      replace_rank: fn -> World.replace_rank(world, 0, opts) end,
      resize: fn -> World.resize(world, [data_parallel_size: 1] ++ opts) end,
      run: fn -> World.run(world, one, opts) end,
      session: fn -> World.session(world, 0, opts) end,
      slice: fn -> World.slice(world, [tp: 0], opts) end,
      subscribe: fn -> World.subscribe(world, "t", opts) end
    ]
  end
end
