defmodule Vllm.WorldTest do
  use ExUnit.Case, async: false

  @moduletag timeout: 60_000

  alias Vllm.Distributed.GroupCoordinator
  alias Vllm.{Distributed, Error, Session, Tensor, World}
  alias Vllm.World.RankError

  defp start(opts) do
    assert {:ok, world} = World.start(opts)
    on_exit(fn -> World.stop(world) end)
    world
  end

  describe "start/1" do
    test "refuses what it does not know" do
      for {opts, text} <- [
            {[tensor_parallel: 2],
             "unknown option tensor_parallel; known are: tensor_parallel_size"},
            {[tensor_parallel_size: 0], "must be an integer from 1 up, got: 0"},
            {[timeout: 0], "timeout must be milliseconds from 1 up, or :infinity, got: 0"},
            {[gate: nil], "gate must be true or false"},
            {[on_progress: fn -> :ok end], "on_progress must be a function of 1 argument"},
            {[ray: [adress: "a"]],
             "Vllm.World.start: ray: unknown option adress; known are: address"},
            {[ray: %{}], "Vllm.World.start: ray must be a keyword list"},
            {[ray: [resources: %{"CPU" => "1"}]],
             "resources must be a map from strings, each value a number"},
            {[ray: [bundle_indices: [-1]]], "bundle_indices must be a list"}
          ] do
        assert {:error, %Error{category: :validation} = error} = World.start(opts)
        assert error.message =~ text
      end
    end

    test "a time that is too short for the ranks is called the option that it is" do
      assert {:error, %Error{category: :timeout} = error} =
               World.start(tensor_parallel_size: 2, timeout: 1)

      assert error.message =~ "Raise `timeout` of Vllm.World.start/1"
    end

    test "sizes that do not fit together are refused by the pool" do
      assert {:error, %Error{} = error} =
               World.start(tensor_parallel_size: 2, decode_context_parallel_size: 3)

      assert error.message =~ "3"
    end

    test "options of Ray reach the pool" do
      for {ray, text} <- [
            {[placement_group: "mine", label_selector: %{"zone" => "a"}],
             "left out with a placement_group"},
            {[resources: %{"CPU" => 0}], "a resource above 0"},
            {[bundle_indices: [2, 2]], "must name each bundle once"},
            {[runtime_env: "{"], "must be JSON"}
          ] do
        assert {:error, %Error{category: :validation} = error} =
                 World.start(distributed_executor_backend: "ray", ray: ray)

        assert error.message =~ text
      end

      assert {:error, %Error{} = error} = World.start(ray: [address: "10.0.0.1:6379"])
      assert error.message =~ ~s(must be "ray")
    end

    test "gives one strict session per rank" do
      world = start(tensor_parallel_size: 2)
      assert world.world_size == 2
      assert [%Session{rank: 0, affinity: :strict_queue}, %Session{rank: 1}] = world.sessions
      assert world.session_ids == Enum.map(world.sessions, & &1.id)
      assert World.session!(world, 1).id == Enum.at(world.session_ids, 1)
    end
  end

  test "info/1 shows the ranks" do
    world = start(tensor_parallel_size: 2, backend: "gloo", timeout: 20_000)
    assert %World.Info{state: :ready, world_size: 2, failure: nil} = info = World.info!(world)
    assert info.id == world.id
    assert info.tensor_parallel_size == 2
    assert [%World.Rank{rank: 0, state: :ready, exit: nil} = rank, _] = info.ranks
    assert rank.pid > 0
    assert rank.session_id == hd(world.session_ids)
    assert rank.endpoint =~ "unix:"
    assert is_binary(rank.node)
  end

  test "stop/1 is idempotent; later calls say what became of the world" do
    world = start([])
    assert World.stop(world) == :ok
    assert World.stop(world) == :ok
    session = hd(world.sessions)
    assert {:error, %Error{} = error} = Session.with_session(session, &Distributed.get_tp_group/0)
    assert error.message =~ world.id
  end

  test "worlds by their id; what is none" do
    world = start(world_id: "by-id-#{System.unique_integer([:positive])}")
    assert %World.Info{state: :ready} = World.info!(world.id)
    assert World.stop(world.id) == :ok
    assert %World.Info{state: :stopped} = World.info!(world.id)
    assert Vllm.Bridge.Connections.session(Vllm.Bridge, hd(world.session_ids)) == nil
    assert {:error, %Error{reason: "world_not_found"}} = World.info("nowhere")
    assert {:error, %Error{reason: "world_not_found"}} = World.restart("nowhere")
    assert {:error, %Error{reason: "world_not_found"}} = World.diagnose("nowhere")

    for result <- [World.stop(5), World.info(nil), World.restart(%{}), World.diagnose(1.0)] do
      assert {:error, %Error{category: :validation} = error} = result
      assert error.message =~ "a world is a %Vllm.World{}, its id"
    end

    assert {:error, %Error{category: :validation}} = World.stop(world, force: true)
    assert {:error, %Error{reason: "bridge_not_started"}} = World.stop("w", bridge: :none)
  end

  describe "while it starts" do
    test "the changes are told in order, the last one before it returns" do
      test = self()
      id = "told-#{System.unique_integer([:positive])}"
      tell = fn %World.Info{id: ^id} = info -> send(test, {:progress, info}) end
      world = start(world_id: id, tensor_parallel_size: 2, on_progress: tell)
      told = received([])
      assert [%World.Info{state: :starting} | _] = told
      assert %World.Info{state: :ready, ranks: [%{state: :ready}, _]} = List.last(told)
      assert Enum.count(told, &(&1.state == :ready)) == 1
      assert Enum.any?(told, &match?([%{pid: pid} | _] when pid > 0, &1.ranks))
      assert world.id == id
    end

    test "a function that fails disturbs nothing" do
      assert ExUnit.CaptureLog.capture_log(fn ->
               start(on_progress: fn _info -> raise "boom" end)
             end) =~ "on_progress failed: ** (RuntimeError) boom"
    end

    test "a start that fails has no last one" do
      test = self()
      opts = [pool_name: "none", on_progress: &send(test, {:progress, &1})]
      assert {:error, %Error{reason: "pool_not_found"}} = World.start(opts)
      assert received([]) == []
    end
  end

  defp received(told) do
    receive do
      {:progress, info} -> received([info | told])
    after
      0 -> Enum.reverse(told)
    end
  end

  describe "the gate" do
    test "refuses what members do not agree on, and the world stays usable" do
      world = start(tensor_parallel_size: 2)

      results =
        World.run!(world, fn rank ->
          group = Distributed.get_tp_group!()
          options = [__runtime__: [timeout: 20_000]]
          mine = if rank == 0, do: Tensor.new([1, 2]), else: Tensor.new([1, 2, 3])
          {GroupCoordinator.all_reduce(group, mine, options), GroupCoordinator.barrier(group)}
        end)

      for {{:error, error}, barrier} <- results do
        assert %Error{category: :validation, reason: "collective_mismatch"} = error
        assert error.message =~ "[2]" and error.message =~ "[3]"
        assert is_binary(error.call_id)
        assert match?({:ok, _}, barrier)
      end

      assert length(results) == 2
    end

    test "says who had not come when the deadline passes, and lets nobody in" do
      world = start(tensor_parallel_size: 2)

      assert {:error, %Error{category: :timeout} = error} =
               Session.with_session(World.session!(world, 0), fn ->
                 GroupCoordinator.barrier(Distributed.get_tp_group!(),
                   __runtime__: [timeout: 1_000]
                 )
               end)

      # The rank may have heard first that its caller has gone.
      assert error.reason in ["deadline_exceeded", "withdrawn"]
      assert error.message =~ "barrier"
      assert error.message =~ "rank 1"
      assert error.message =~ "usable"
      assert error.rank == 0
      assert %{"group" => _, "operation" => "barrier"} = error.details

      assert World.run!(world, fn _rank ->
               GroupCoordinator.barrier(Distributed.get_tp_group!())
             end) == [{:ok, nil}, {:ok, nil}]
    end

    test "can be left out" do
      assert %World.Info{gate: true} = World.info!(start([]))
      assert %World.Info{gate: false} = World.info!(start(gate: false))
    end
  end

  @tag :tmp_dir
  test "record/2 has what the ranks did, and whom they wait for", %{tmp_dir: folder} do
    world = start(tensor_parallel_size: 2)
    ones = Vllm.Tensor.from_list!([1.0, 1.0])
    World.run!(world, fn _rank -> Distributed.tensor_model_parallel_all_reduce(ones) end)

    assert {:ok, recording} = World.record(world)
    trace = Path.join(folder, "trace.json")
    assert {:ok, [^trace]} = World.Recording.save(recording, trace)
    text = File.read!(trace)
    assert text =~ ~s("name": "all_reduce tp:0")
    assert text =~ ~s("ph": "f")

    assert {:ok, %{missing: []} = recording} = World.record(world, format: :torch, last: 5)
    names = ["flight_rank_0", "flight_rank_1"]
    dump = Path.join(folder, "dump")
    assert World.Recording.save!(recording, dump) == Enum.map(names, &Path.join(dump, &1))
    assert Enum.sort(File.ls!(dump)) == names

    nowhere = Path.join(trace, "x")

    assert {:error, %Error{reason: "write_failed"} = error} =
             World.Recording.save(recording, nowhere)

    assert error.message =~ "cannot be written: not a directory"
    assert File.ls!(folder) |> Enum.sort() == ["dump", "trace.json"]
    assert {:error, %Error{reason: "invalid_option"}} = World.record(world, format: :pickle)
    assert World.stop(world) == :ok
  end

  test "diagnose/2 says what every rank does" do
    world = start(tensor_parallel_size: 2)
    test = self()

    waiting =
      Task.async(fn ->
        Session.with_session(World.session!(world, 0), fn ->
          group = Distributed.get_tp_group!()
          send(test, :entering)
          GroupCoordinator.barrier(group, __runtime__: [timeout: 20_000])
        end)
      end)

    assert_receive :entering
    diagnosis = await_at_gate(world, 3_000)
    assert diagnosis.text =~ "barrier"
    assert diagnosis.text =~ "rank 1"
    assert diagnosis.world.id == world.id
    assert [%{rank: 0, answered?: true} = zero, %{rank: 1, calls: []}] = diagnosis.ranks
    assert [%World.Call{operation: "barrier", state: :running} = call] = zero.calls
    assert call.at_gate_s > 0
    assert [{_thread, [_ | _]} | _] = zero.stacks

    Session.with_session(World.session!(world, 1), fn ->
      assert {:ok, _} = GroupCoordinator.barrier(Distributed.get_tp_group!())
    end)

    assert {:ok, _} = Task.await(waiting, 60_000)
  end

  defp await_at_gate(_world, 0), do: flunk("the barrier never came to the gate")

  defp await_at_gate(world, tries) do
    {:ok, diagnosis} = World.diagnose(world, with_stacks: true)

    if Enum.any?(diagnosis.ranks, fn rank -> Enum.any?(rank.calls, &(&1.at_gate_s > 0)) end) do
      diagnosis
    else
      receive(do: (:never -> :ok), after: (20 -> await_at_gate(world, tries - 1)))
    end
  end

  test "restart/2: a failed world again, with the next epoch; what was of the old one is refused" do
    world = start(tensor_parallel_size: 2)
    assert {:error, %Error{reason: "world_exists"}} = World.restart(world)

    assert World.run!(world, fn _rank -> Distributed.get_tp_group!().world_size end) == [2, 2]
    [victim | _] = World.info!(world).ranks
    {_, 0} = System.cmd("kill", ["-9", Integer.to_string(victim.pid)])
    await_state(world, :failed, 3_000)

    test = self()
    assert {:ok, again} = World.restart(world, on_progress: &send(test, {:progress, &1}))
    assert {again.id, again.epoch} == {world.id, world.epoch + 1}
    assert %World.Info{state: :ready, epoch: 2} = List.last(received([]))

    assert World.run!(again, fn rank ->
             {:ok, sum} = Distributed.tensor_model_parallel_all_reduce(Tensor.new([rank]))
             Tensor.to_list(sum)
           end) == [[1], [1]]

    for {:error, error} <- World.run!(world, fn _rank -> Distributed.get_tp_group() end) do
      assert error.reason == "stale_session"
    end

    assert [{:error, _}, {:error, _}] =
             World.run!(world, fn _rank -> Distributed.get_tp_group() end)
  end

  defp await_state(_world, state, 0), do: flunk("the world never became #{state}")

  defp await_state(world, state, tries) do
    unless match?({:ok, %World.Info{state: ^state}}, World.info(world)) do
      receive(do: (:never -> :ok), after: (10 -> await_state(world, state, tries - 1)))
    end
  end

  describe "run/3" do
    test "collectives of every rank, results in rank order" do
      world = start(tensor_parallel_size: 2, pipeline_parallel_size: 2)

      assert World.run!(world, fn rank ->
               {:ok, sum} =
                 Distributed.tensor_model_parallel_all_reduce(Tensor.new([rank, 10 * rank]))

               Tensor.to_list(sum)
             end) == [[1, 10], [1, 10], [5, 50], [5, 50]]
    end

    test "a group's methods go to the rank it came from" do
      world = start(tensor_parallel_size: 2)

      groups = World.run!(world, fn _rank -> Distributed.get_tp_group!() end)
      assert [%{unique_name: "tp:0", ranks: [0, 1], rank_in_group: 0}, _] = groups
      assert Enum.map(groups, & &1.rank_in_group) == [0, 1]

      # Outside the run: the coordinator alone decides.
      results =
        groups
        |> Enum.map(fn group ->
          Task.async(fn -> GroupCoordinator.all_gather!(group, Tensor.new([group.rank])) end)
        end)
        |> Task.await_many(60_000)

      assert Enum.map(results, &Tensor.to_list/1) == [[0, 1], [0, 1]]
    end

    test "binds each process to its rank, and only that" do
      world = start(tensor_parallel_size: 2)
      assert World.run!(world, fn _rank -> Session.current().id end) == world.session_ids
      assert Session.current() == nil
    end

    test "a raise is raised here, labelled with the rank, and the others are stopped" do
      world = start(tensor_parallel_size: 2)
      test = self()

      error =
        assert_raise RankError, ~r/on rank 1: .*boom/s, fn ->
          World.run!(world, fn
            0 ->
              send(test, {:pid, self()})
              receive(do: (:never -> :ok))

            1 ->
              raise "boom"
          end)
        end

      assert %RankError{rank: 1, kind: :error, reason: %RuntimeError{}, stacktrace: [_ | _]} =
               error

      receive do
        {:pid, pid} -> refute Process.alive?(pid)
      after
        0 -> :ok
      end
    end

    test "exits, throws and kills are labelled too" do
      world = start([])

      for {fun, text} <- [
            {fn _ -> exit(:gone) end, "(exit) :gone"},
            {fn _ -> throw(:ball) end, "(throw) :ball"},
            {fn _ -> Process.exit(self(), :kill) end, "(exit) killed"}
          ] do
        error = assert_raise RankError, fn -> World.run!(world, fun) end
        assert Exception.message(error) =~ "on rank 0: ** " <> text
      end
    end

    test "no process outlives the caller" do
      world = start(tensor_parallel_size: 2)
      test = self()

      caller =
        spawn(fn ->
          World.run!(world, fn rank ->
            send(test, {rank, self()})
            receive(do: (:never -> :ok))
          end)
        end)

      monitors =
        for rank <- 0..1 do
          assert_receive {^rank, pid}
          Process.monitor(pid)
        end

      Process.exit(caller, :kill)
      for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, _reason})
    end

    test "a timeout that has passed before the run has begun is the same error" do
      world = start(concurrent: true)
      run = fn _n -> World.run(world, fn _rank -> Process.sleep(:infinity) end, timeout: 1) end

      # So many at once that some are over before their process is.
      for {:ok, result} <- Task.async_stream(1..2_000, run, max_concurrency: 500),
          do: assert({:error, %Error{reason: "run_timeout"}} = result)
    end

    test "a timeout of the whole stops everybody" do
      world = start([])
      test = self()

      fun = fn _rank ->
        send(test, {:pid, self()})
        receive(do: (:never -> :ok))
      end

      error = assert_raise Error, fn -> World.run!(world, fun, timeout: 1_000) end
      assert %Error{category: :timeout, reason: "run_timeout", rank: 0} = error
      assert error.message =~ "rank 0 had not returned after 1000 ms"
      assert error.details["ranks"] == [0]
      assert_receive {:pid, pid}
      refute Process.alive?(pid)

      assert_raise Error, ~r/unknown option time; known are: timeout/, fn ->
        World.run!(world, fun, time: 5)
      end
    end
  end

  test "a rank that dies: calls fail at once, naming it" do
    world = start(tensor_parallel_size: 2)
    test = self()

    # Rank 0 waits in a barrier for rank 1, which never comes.
    waiting =
      Task.async(fn ->
        Session.with_session(World.session!(world, 0), fn ->
          group = Distributed.get_tp_group!()
          send(test, :entering)
          GroupCoordinator.barrier(group)
        end)
      end)

    assert_receive :entering
    victim = Enum.at(World.info!(world).ranks, 1)
    {_, 0} = System.cmd("kill", ["-9", Integer.to_string(victim.pid)])

    assert {:error, %Error{category: :worker} = pending} = Task.await(waiting, 20_000)
    assert pending.message =~ "rank 1"

    # The survivor is ended too, and may answer until then.
    deadline = System.monotonic_time(:millisecond) + 20_000

    for session <- world.sessions do
      error = failure(session, deadline)
      assert error.message =~ "rank 1"
      assert error.message =~ "9"
    end

    assert %World.Info{state: :failed, failure: failure} = World.info!(world)
    assert failure =~ "rank 1"
  end

  defp failure(session, deadline) do
    case Session.with_session(session, fn -> Distributed.get_tp_group() end) do
      {:error, %Error{} = error} ->
        error

      {:ok, _group} ->
        if System.monotonic_time(:millisecond) > deadline, do: flunk("it still answers")
        receive(do: (:never -> :ok), after: (10 -> failure(session, deadline)))
    end
  end
end
