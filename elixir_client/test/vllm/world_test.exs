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
            {[timeout: :infinity], "timeout must be an integer"}
          ] do
        assert {:error, %Error{category: :validation} = error} = World.start(opts)
        assert error.message =~ text
      end
    end

    test "sizes that do not fit together are refused by the pool" do
      assert {:error, %Error{} = error} =
               World.start(tensor_parallel_size: 2, decode_context_parallel_size: 3)

      assert error.message =~ "3"
    end

    test "gives one strict session per rank" do
      world = start(tensor_parallel_size: 2)
      assert world.world_size == 2
      assert [%Session{rank: 0, affinity: :strict_queue}, %Session{rank: 1}] = world.sessions
      assert world.session_ids == Enum.map(world.sessions, & &1.id)
      assert World.session(world, 1).id == Enum.at(world.session_ids, 1)
    end
  end

  test "info/1 shows the ranks" do
    world = start(tensor_parallel_size: 2, backend: "gloo", timeout: 20_000)
    assert %World.Info{state: :ready, world_size: 2, failure: nil} = info = World.info(world)
    assert info.world_id == world.id
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

  describe "run/3" do
    test "collectives of every rank, results in rank order" do
      world = start(tensor_parallel_size: 2, pipeline_parallel_size: 2)

      assert World.run(world, fn rank ->
               {:ok, sum} =
                 Distributed.tensor_model_parallel_all_reduce(Tensor.new([rank, 10 * rank]))

               Tensor.to_list(sum)
             end) == [[1, 10], [1, 10], [5, 50], [5, 50]]
    end

    test "a group's methods go to the rank it came from" do
      world = start(tensor_parallel_size: 2)

      groups = World.run(world, fn _rank -> Distributed.get_tp_group!() end)
      assert [%{unique_name: "tp:0", ranks: [0, 1], rank_in_group: 0}, _] = groups
      assert Enum.map(groups, & &1.rank_in_group) == [0, 1]

      # Outside the run: the coordinator alone decides.
      results =
        groups
        |> Enum.map(fn group ->
          Task.async(fn -> GroupCoordinator.all_gather!(group, Tensor.new([group.rank])) end)
        end)
        |> Task.await_many()

      assert Enum.map(results, &Tensor.to_list/1) == [[0, 1], [0, 1]]
    end

    test "binds each process to its rank, and only that" do
      world = start(tensor_parallel_size: 2)
      assert World.run(world, fn _rank -> Session.current().id end) == world.session_ids
      assert Session.current() == nil
    end

    test "a raise is raised here, labelled with the rank, and the others are stopped" do
      world = start(tensor_parallel_size: 2)
      test = self()

      error =
        assert_raise RankError, ~r/on rank 1: .*boom/s, fn ->
          World.run(world, fn
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
        error = assert_raise RankError, fn -> World.run(world, fun) end
        assert Exception.message(error) =~ "on rank 0: ** " <> text
      end
    end

    test "no process outlives the caller" do
      world = start(tensor_parallel_size: 2)
      test = self()

      caller =
        spawn(fn ->
          World.run(world, fn rank ->
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

    test "a timeout of the whole stops everybody" do
      world = start([])
      test = self()

      fun = fn _rank ->
        send(test, {:pid, self()})
        receive(do: (:never -> :ok))
      end

      assert {:timeout, _} = catch_exit(World.run(world, fun, timeout: 50))
      assert_receive {:pid, pid}
      refute Process.alive?(pid)
      assert_raise ArgumentError, ~r/unknown option/, fn -> World.run(world, fun, time: 5) end
    end
  end

  test "a rank that dies: calls fail within two seconds, naming it" do
    world = start(tensor_parallel_size: 2)
    test = self()

    # Rank 0 waits in a barrier for rank 1, which never comes.
    waiting =
      Task.async(fn ->
        Session.with_session(World.session(world, 0), fn ->
          group = Distributed.get_tp_group!()
          send(test, :entering)
          GroupCoordinator.barrier(group)
        end)
      end)

    assert_receive :entering
    victim = Enum.at(World.info(world).ranks, 1)
    {_, 0} = System.cmd("kill", ["-9", Integer.to_string(victim.pid)])

    assert {:error, %Error{category: :worker} = pending} = Task.await(waiting, 2_500)
    assert pending.message =~ "rank 1"

    for session <- world.sessions do
      assert {:error, %Error{} = error} =
               Session.with_session(session, fn -> Distributed.get_tp_group() end)

      assert error.message =~ "rank 1"
      assert error.message =~ "9"
    end

    assert %World.Info{state: :failed, failure: failure} = World.info(world)
    assert failure =~ "rank 1"
  end
end
