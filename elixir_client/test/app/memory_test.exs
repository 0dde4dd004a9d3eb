defmodule Vllm.TestTest do
  use ExUnit.Case, async: true

  alias Vllm.Bridge.Transport.Memory
  alias Vllm.Distributed.GroupCoordinator
  alias Vllm.{Distributed, Error, Session, Tensor, World}
  alias Vllm.Test.{Codec, Specs, UnexpectedCallError}

  doctest Vllm.Test

  @bridge :memory_tests
  @runtime [__runtime__: [bridge: @bridge]]

  setup_all do
    start_supervised!({Vllm.Bridge, name: @bridge, transport: Memory})
    :ok
  end

  defp stub(module, function, answer),
    do: Vllm.Test.stub(module, function, answer, bridge: @bridge)

  test "a function's stub gets the arguments, and its result is the call's" do
    stub(Distributed, :get_pp_indices, fn 61, 0, 4 -> {0, 15} end)
    assert Distributed.get_pp_indices(61, 0, 4, @runtime) == {:ok, {0, 15}}
    assert Distributed.get_pp_indices!(61, 0, 4, @runtime) == {0, 15}
    assert Vllm.Test.calls(Distributed, :get_pp_indices, bridge: @bridge) |> length() == 2

    # Fewer arguments, and a result as it is.
    stub(Distributed, :get_pp_indices, fn layers -> {:ok, {0, layers}} end)
    assert Distributed.get_pp_indices(8, 0, 4, @runtime) == {:ok, {0, 8}}
    stub(Distributed, :get_pp_indices, {1, 2})
    assert Distributed.get_pp_indices(8, 0, 4, @runtime) == {:ok, {1, 2}}
  end

  test "a call with bad arguments fails as in production, before any stub" do
    stub(Distributed, :get_pp_indices, fn _layers, _rank, _size -> flunk("it was called") end)

    assert {:error, %Error{category: :validation, reason: "invalid_argument"} = error} =
             Distributed.get_pp_indices("61", 0, 4, @runtime)

    assert error.message =~ "must be an integer"
    assert {:error, %Error{}} = Distributed.get_pp_indices(2 ** 64, 0, 4, @runtime)
    assert Vllm.Test.calls(Distributed, :get_pp_indices, bridge: @bridge) == []
  end

  test "a stub that returns what the function cannot is an error that says so" do
    for {answer, text} <- [
          {fn -> "0" end, "a tuple of 2"},
          {fn -> {0, "15"} end, "must be an integer"}
        ] do
      stub(Distributed, :get_pp_indices, answer)

      assert_raise ArgumentError, ~r/get_pp_indices gave .*#{text}/s, fn ->
        Distributed.get_pp_indices(61, 0, 4, @runtime)
      end
    end

    stub(Distributed, :get_tp_group, :group)

    assert_raise ArgumentError, ~r/Vllm.Test.group/, fn -> Distributed.get_tp_group(@runtime) end
    stub(Distributed, :get_tp_group, fn _a, _b, _c -> nil end)

    assert_raise ArgumentError, ~r/takes 3 arguments/, fn ->
      Distributed.get_tp_group(@runtime)
    end
  end

  test "tensors, terms, optional arguments and groups go through the real encoding" do
    tensor = Tensor.new([[1.5, 2.0]], :bf16)
    stub(Distributed, :tensor_model_parallel_all_reduce, fn %Tensor{} = given -> given end)
    assert Distributed.tensor_model_parallel_all_reduce(tensor, @runtime) == {:ok, tensor}

    stub(Distributed, :tensor_model_parallel_all_gather, fn _tensor, dim ->
      Tensor.new([if(dim == :default, do: 1, else: dim)])
    end)

    for {args, dim} <- [{[tensor], 1}, {[tensor, 7], 7}, {[tensor, -1], -1}] do
      assert {:ok, result} =
               apply(Distributed, :tensor_model_parallel_all_gather, args ++ [@runtime])

      assert Tensor.to_list(result) == [dim]
    end

    stub(Distributed, :broadcast_tensor_dict, fn dict -> dict end)
    dict = %{"a" => tensor, "b" => {1, [nil, :x]}}

    assert {:ok, %{"a" => ^tensor, "b" => {1, [nil, _]}}} =
             Distributed.broadcast_tensor_dict(dict, @runtime)

    # A group that a stub returned comes back to the group's own stubs as it was.
    stub(Distributed, :get_tp_group, fn -> Vllm.Test.group(ranks: [4, 5], rank: 5) end)
    stub(GroupCoordinator, :all_reduce, fn group, _tensor -> Tensor.new(group.ranks) end)
    {:ok, group} = Distributed.get_tp_group(@runtime)
    assert %GroupCoordinator{world_size: 2, rank_in_group: 1, unique_name: "tp:0"} = group
    assert {:ok, sum} = GroupCoordinator.all_reduce(group, tensor, @runtime)
    assert Tensor.to_list(sum) == [4, 5]
  end

  test "errors" do
    stub(Distributed, :get_tp_group, Vllm.Test.error(:worker, reason: "gone", rank: 3))

    assert {:error, %Error{category: :worker, reason: "gone", rank: 3} = error} =
             Distributed.get_tp_group(@runtime)

    assert is_binary(error.call_id)

    # A late answer is the deadline's error.
    stub(Distributed, :get_pp_indices, fn -> Process.sleep(20) && {0, 1} end)

    assert {:error, %Error{category: :timeout, reason: "deadline_exceeded"} = error} =
             Distributed.get_pp_indices(1, 0, 1, __runtime__: [bridge: @bridge, timeout: 5])

    assert error.message =~ "timed out after 5 ms"
  end

  test "a call that nothing answers raises, and shows how to stub it" do
    error =
      assert_raise UnexpectedCallError, fn -> Distributed.get_pp_indices(61, 0, 4, @runtime) end

    message = Exception.message(error)
    assert message =~ "Vllm.Distributed.get_pp_indices was called with (61, 0, 4)"

    assert message =~
             "Vllm.Test.stub(Vllm.Distributed, :get_pp_indices, fn _arg1, _arg2, _arg3 -> {0, 0} end)"

    error = assert_raise UnexpectedCallError, fn -> Vllm.call("torch.arange", [5], @runtime) end
    assert Exception.message(error) =~ ~s|Vllm.Test.stub("torch.arange", fn _arg1 -> nil end)|
  end

  test "a stub for something that makes no call is refused by name" do
    assert_raise ArgumentError,
                 ~r/get_pp_indice makes no call; did you mean get_pp_indices\?/,
                 fn ->
                   stub(Distributed, :get_pp_indice, 1)
                 end

    assert_raise ArgumentError, ~r/String is no module/, fn -> stub(String, :upcase, 1) end

    assert_raise ArgumentError, ~r/no in-memory bridge :none/, fn ->
      Vllm.Test.stub(Distributed, :get_tp_group, 1, bridge: :none)
    end
  end

  test "what is called by name, objects, and contexts" do
    by_name = &Vllm.Test.stub(&1, &2, bridge: @bridge)
    by_name.("torch.arange", fn n, keywords -> [n, keywords] end)
    options = [dtype: "f32"] ++ @runtime

    assert Vllm.call("torch.arange", [5], options) == {:ok, [5, [{:dtype, "f32"}]]} or
             match?({:ok, [5, _]}, Vllm.call("torch.arange", [5], options))

    by_name.("torch.distributed.TCPStore", fn -> Vllm.Test.ref("TCPStore") end)
    by_name.("TCPStore.get", fn %Vllm.Ref{}, "key" -> "value" end)
    by_name.("TCPStore.port", 1234)
    {:ok, store} = Vllm.call("torch.distributed.TCPStore", [], @runtime)
    assert Vllm.call(store, "get", ["key"], @runtime) == {:ok, "value"}
    assert Vllm.get_attribute(store, "port", @runtime) == {:ok, 1234}
    assert Vllm.release(store, @runtime) == {:ok, 1}

    stub(Distributed, :suppress_stdout, fn -> Vllm.Test.ref("suppress_stdout") end)
    assert Distributed.suppress_stdout(@runtime, fn _ -> :inside end) == {:ok, :inside}
  end

  test "expectations come first, once each, and are verified" do
    stub(Distributed, :get_pp_indices, {0, 0})
    Vllm.Test.expect(Distributed, :get_pp_indices, 2, {1, 1}, bridge: @bridge)

    assert_raise RuntimeError, ~r/get_pp_indices \(2 more\)/, fn ->
      Vllm.Test.verify!(bridge: @bridge)
    end

    results = for _ <- 1..3, do: Distributed.get_pp_indices!(1, 0, 1, @runtime)
    assert results == [{1, 1}, {1, 1}, {0, 0}]
    assert Vllm.Test.verify!(bridge: @bridge) == :ok
  end

  test "stubs are the test's own: its Tasks have them, others are allowed" do
    stub(Distributed, :get_pp_indices, {7, 7})
    call = fn -> Distributed.get_pp_indices(1, 0, 1, @runtime) end
    assert Task.await(Task.async(call)) == {:ok, {7, 7}}
    test = self()

    other =
      spawn_link(fn ->
        send(test, {:refused, catch_error(call.())})
        receive(do: (:go -> send(test, call.())))
      end)

    assert_receive {:refused, %UnexpectedCallError{}}
    Vllm.Test.allow(other, bridge: @bridge)
    send(other, :go)
    assert_receive {:ok, {7, 7}}
  end

  test "two tests at once do not see each other's stubs, and leave nothing" do
    test = self()

    owners =
      for n <- 1..20 do
        spawn_link(fn ->
          stub(Distributed, :get_pp_indices, {n, n})
          results = for _ <- 1..20, do: Distributed.get_pp_indices!(1, 0, 1, @runtime)
          send(test, {n, Enum.uniq(results), self()})
          receive(do: (:end -> :ok))
        end)
      end

    for n <- 1..20, do: assert_receive({^n, [{^n, ^n}], _pid})

    for pid <- owners do
      monitor = Process.monitor(pid)
      send(pid, :end)
      assert_receive {:DOWN, ^monitor, :process, _, _}
    end

    state = :sys.get_state(Vllm.Test.Stubs.name(@bridge))
    for pid <- owners, do: refute(is_map_key(state.owners, pid))
  end

  test "worlds and sessions" do
    opts = [tensor_parallel_size: 2, pipeline_parallel_size: 2, bridge: @bridge]
    {:ok, world} = World.start(opts)
    assert world.world_size == 4

    assert %World.Info{state: :ready, tensor_parallel_size: 2, ranks: [_, _, _, _]} =
             World.info!(world)

    stub(Distributed, :tensor_model_parallel_all_reduce, fn _tensor ->
      Tensor.new([Session.current().rank])
    end)

    assert World.run!(world, fn rank ->
             {:ok, sum} = Distributed.tensor_model_parallel_all_reduce(Tensor.new([0]))
             {rank, Tensor.to_list(sum)}
           end) == [{0, [0]}, {1, [1]}, {2, [2]}, {3, [3]}]

    assert {:error, %Error{reason: "world_exists"}} = World.start(opts ++ [world_id: world.id])

    assert {:ok, %World{epoch: 2}} = World.restart(world)
    assert {:ok, %{text: _}} = World.diagnose(world)
    assert {:ok, %{files: %{"trace.json" => _}}} = World.record(world)
    assert World.stop(world) == :ok
    assert %World.Info{state: :stopped} = World.info!(world)
    assert {:error, %Error{reason: "world_not_found"}} = World.info("none", bridge: @bridge)

    {:ok, session} = Session.open(bridge: @bridge, affinity: :strict_queue)
    assert session.affinity == :strict_queue
    assert Session.close(session) == :ok

    stub(World, :start, Vllm.Test.error(:worker, "rank_start_failed"))
    assert {:error, %Error{reason: "rank_start_failed"}} = World.start(opts)
    stub(Session, :open, :nonsense)
    assert_raise ArgumentError, ~r/work by themselves/, fn -> Session.open(bridge: @bridge) end
  end

  test "a rank that dies: calls, info, events and a restart" do
    {:ok, world} = World.start(tensor_parallel_size: 2, bridge: @bridge)
    {:ok, subscription} = Vllm.Bridge.subscribe(world_id: world.id, bridge: @bridge)
    Vllm.Test.stub("my.rank", fn -> Session.current().rank end, bridge: @bridge)
    assert World.call(world, "my.rank") == {:ok, [0, 1]}

    :ok = Vllm.Test.fail_rank(world, 1, "killed by signal 9 (SIGKILL)")

    assert {:error, %Error{reason: "session_worker_unavailable", rank: 1} = error} =
             World.call(world, "my.rank")

    assert error.message =~ "rank 1 of #{world.id} was killed by signal 9"
    assert %World.Info{state: :failed, ranks: [_, %{state: :dead}]} = World.info!(world)
    assert_receive {:vllm_event, ^subscription, %Vllm.Event{world: %{state: :failed}}}

    assert {:ok, %World{epoch: 2} = again} = World.restart(world)
    assert World.call(again, "my.rank") == {:ok, [0, 1]}
    assert_receive {:vllm_event, ^subscription, %Vllm.Event{world: %{state: :ready, epoch: 2}}}
    assert Vllm.Bridge.unsubscribe(subscription) == :ok
    assert {:ok, infos} = World.list(bridge: @bridge)
    assert Enum.any?(infos, &(&1.id == world.id))
    assert_raise Error, ~r/no rank 7/, fn -> Vllm.Test.fail_rank(world, 7) end
  end

  test "a world that gets other ranks" do
    {:ok, world} = World.start(tensor_parallel_size: 2, on_failure: :keep, bridge: @bridge)
    Vllm.Test.stub("my.rank", fn -> Session.current().rank end, bridge: @bridge)
    :ok = Vllm.Test.slow_rank(world, 0, 1)
    assert {:ok, %World{world_size: 4} = world} = World.resize(world, data_parallel_size: 2)
    assert World.call(world, "my.rank") == {:ok, [0, 1, 2, 3]}
    assert World.call(World.slice!(world, dp: 1), "my.rank") == {:ok, [2, 3]}
    assert %{data_parallel_size: 2, generation: 1, state: :ready} = World.info!(world)

    :ok = Vllm.Test.fail_rank(world, 1)
    assert World.info!(world).state == :degraded
    assert World.call(World.slice!(world, dp: 1), "my.rank") == {:ok, [2, 3]}
    assert {:error, %Error{rank: 1}} = World.call(world, "my.rank")
    before = Enum.map(World.info!(world).ranks, & &1.pid)
    assert {:ok, world} = World.replace_rank(world, 1)
    assert World.call(world, "my.rank") == {:ok, [0, 1, 2, 3]}
    after_it = Enum.map(World.info!(world).ranks, & &1.pid)
    assert [true, false, true, true] == Enum.zip_with(before, after_it, &(&1 == &2))

    assert {:ok, %World{world_size: 2} = smaller} = World.resize(world, data_parallel_size: 1)
    assert {:ok, %World{generation: 3}} = World.resize(world, data_parallel_size: 1)
    assert World.call(smaller, "my.rank") == {:ok, [0, 1]}
    assert {:error, %Error{reason: "invalid_argument"}} = World.replace_rank(smaller, 2)

    Vllm.Test.stub(World, :resize, Vllm.Test.error(:timeout, "prepare_timeout"), bridge: @bridge)

    assert {:error, %Error{reason: "prepare_timeout"}} =
             World.resize(smaller, data_parallel_size: 2)

    :ok = World.stop(smaller)

    assert {:error, %Error{reason: "world_cannot_change"}} = World.replace_rank(smaller, 0)
  end

  test "a slow rank, and what ranks emit" do
    {:ok, world} = World.start(tensor_parallel_size: 2, bridge: @bridge)
    Vllm.Test.stub("my.rank", fn -> Session.current().rank end, bridge: @bridge)
    :ok = Vllm.Test.slow_rank(world, 1, 60_000)

    assert {:error, %Error{category: :timeout, rank: 1}} =
             World.call(world, "my.rank", [], __runtime__: [timeout: 50])

    :ok = Vllm.Test.slow_rank(world, 1, 0)
    assert World.call(world, "my.rank") == {:ok, [0, 1]}

    {:ok, subscription} = World.subscribe(world, "loss")
    :ok = Vllm.Test.emit(world, 1, "other", 1)
    :ok = Vllm.Test.emit(world, 1, "loss", %{"step" => 1})
    assert_receive {:vllm_emission, ^subscription, %Vllm.Emission{rank: 1, value: %{"step" => 1}}}
    refute_received {:vllm_emission, _subscription, _other}

    assert_raise ArgumentError, ~r/cannot be emitted/, fn ->
      Vllm.Test.emit(world, 0, "x", self())
    end
  end

  test "a supervised world starts again when a rank of it dies" do
    name = __MODULE__.World
    test = self()
    init = fn rank -> send(test, {:init, rank}) end
    start_supervised!({World, name: name, bridge: @bridge, init: init})
    :ok = World.subscribe_epochs(name)
    assert_receive {:vllm_world, ^name, {:epoch, 1}}
    {:ok, world} = World.fetch(name)
    :ok = Vllm.Test.fail_rank(world, 0)
    assert_receive {:vllm_world, ^name, :restarting}
    assert_receive {:vllm_world, ^name, {:epoch, 2}}
    for _ <- 1..2, do: assert_received({:init, 0})
    assert World.run!(name, fn 0 -> :fine end) == [:fine]
  end

  test "iterators, names, modules and scopes" do
    Vllm.Test.stub("my.tokens", fn n -> Vllm.Test.items(Enum.to_list(1..n)) end, bridge: @bridge)
    Vllm.Test.stub("my.object", fn -> Vllm.Test.ref("my.Object") end, bridge: @bridge)
    Vllm.Test.stub("my.module", ["forward"], bridge: @bridge)
    {:ok, world} = World.start(bridge: @bridge)

    assert World.run!(world, fn 0 -> Enum.to_list(Vllm.stream("my.tokens", [300])) end) ==
             [Enum.to_list(1..300)]

    assert World.put(world, :object, fn _rank -> Vllm.call("my.object", []) end) == :ok
    assert World.named(world) == {:ok, ["object"]}
    Vllm.Test.stub("my.Object.size", fn %Vllm.Ref{} -> 3 end, bridge: @bridge)
    assert World.run!(world, fn 0 -> Vllm.call!({:named, :object}, "size", []) end) == [3]
    assert World.delete(world, :object) == :ok
    assert World.named(world) == {:ok, []}
    assert World.load(world, "my.module") == {:ok, ["forward"]}

    assert [%Vllm.Ref{}] =
             World.run!(world, fn 0 -> Vllm.scope(fn -> Vllm.call!("my.object", []) end) end)
  end

  test "every generated function has a spec whose fields have numbers of their own" do
    specs = Specs.all()
    assert length(specs) > 100

    for {_name, spec} <- specs, numbers = Enum.map(spec.params, &elem(&1, 1)) do
      assert Enum.uniq(numbers) == numbers
      assert Enum.all?(numbers, &(&1 >= 1))
    end
  end

  test "a stub gets the arguments as in the signature, whatever the numbers of their fields" do
    assert {_, %{params: params}} =
             Enum.find(Specs.all(), fn {_, spec} -> spec.function == "GroupCoordinator.new" end)

    numbers = Enum.map(params, &elem(&1, 1))
    assert numbers != Enum.sort(numbers)
    test = self()

    stub(GroupCoordinator, :new, fn ranks,
                                    1,
                                    "gloo",
                                    false,
                                    broadcaster,
                                    "tp",
                                    all2all,
                                    timeout ->
      send(test, {ranks, broadcaster, all2all, timeout})
      Vllm.Test.group(ranks: [0, 1])
    end)

    named = [group_name: "tp", timeout: 5_000, use_all2all: true] ++ @runtime
    assert {:ok, %GroupCoordinator{}} = GroupCoordinator.new([[0, 1]], 1, "gloo", false, named)
    assert_received {[[0, 1]], :default, true, 5_000}
  end

  test "what an unexpected call suggests to return can be returned, for every function" do
    for {name, spec} <- Specs.all() do
      {result, _binding} = Code.eval_string(Codec.example(spec.result))
      assert {name, {:ok, binary}} = {name, Codec.result(spec, result, fn _object -> :ok end)}
      assert {^name, {:ok, _value}} = {name, Vllm.Call.Value.decode(spec.result, binary)}
    end
  end

  test "a transport that is none, or refuses its options, does not start" do
    for {transport, text} <- [
          {String, "String is no module with the behaviour"},
          {{Memory, [a: 1]}, "takes no options"},
          {5, "must be a module"}
        ] do
      assert {:error, %Error{} = error} = Vllm.Bridge.start_link(name: :t, transport: transport)
      assert error.message =~ text
    end

    assert {:error, %Error{message: message}} =
             Vllm.Bridge.start_link(name: :t, transport: Memory, server: "unix:/x")

    assert message =~ "server do not go with transport"
  end
end

defmodule Vllm.TestVerifyTest do
  use ExUnit.Case, async: true

  test "what verifies at the end of a test does so also when the bridge has ended before" do
    name = :verified
    bridge = start_supervised!({Vllm.Bridge, name: name, transport: Vllm.Bridge.Transport.Memory})
    reporter = self()
    :ok = Vllm.Test.Stubs.ask(name, {:report_to, self(), reporter})
    Vllm.Test.expect(Vllm.Distributed, :get_tp_group, 3, nil, bridge: name)
    Supervisor.stop(bridge)
    assert_receive {:missing, [{"/vllm.distributed.v1.Distributed/GetTpGroup", 3}]}
    assert Vllm.Test.Stubs.ask_if_there(name, {:missing, self()}) == :gone
  end
end
