defmodule Vllm.WorldTurnsTest do
  # Runs of one world take turns: nobody ever gets the numbers of another run.
  use ExUnit.Case, async: false

  alias Vllm.{Bridge, Distributed, Error, Session, Tensor, World}

  @moduletag timeout: 120_000

  setup_all do
    {:ok, world} = World.start(tensor_parallel_size: 2, detached: true)
    on_exit(fn -> World.stop(world) end)
    %{world: world}
  end

  defp sum(value) do
    {:ok, sum} = Distributed.tensor_model_parallel_all_reduce(Tensor.new([value], :f32))
    hd(Tensor.to_list(sum))
  end

  defp await(fun, tries \\ 3_000) do
    cond do
      fun.() -> :ok
      tries == 0 -> flunk("what was awaited did not come")
      true -> receive(do: (:never -> :ok), after: (10 -> await(fun, tries - 1)))
    end
  end

  # A process in whose run nothing happens until it is told to end.
  defp holder(world) do
    test = self()

    pid =
      spawn(fn ->
        World.run!(world, fn rank ->
          send(test, {:held, rank})
          receive(do: (:end -> :ok))
        end)
      end)

    # A test that fails gives the turn back, too.
    on_exit(fn -> Process.exit(pid, :kill) end)
    for rank <- 0..1, do: assert_receive({:held, ^rank})
    pid
  end

  defp other_bridge do
    {:ok, config} = Vllm.Bridge.Connections.config(Bridge)
    start_supervised!({Bridge, name: :turns_of_another, server: config.endpoint})
    :turns_of_another
  end

  defp as_seen_by(world, bridge) do
    sessions = for session <- world.sessions, do: %{session | bridge: bridge}
    :ok = Vllm.Bridge.Connections.bind(bridge, sessions)
    %{world | bridge: bridge, sessions: sessions}
  end

  # The same world from Python, in a process of its own; prints how many of its 30 runs were right.
  @python """
  import sys
  from concurrent.futures import ThreadPoolExecutor
  import torch
  from vllm_bridge.client import connect
  world = connect(sys.argv[1]).world(sys.argv[2])
  def one(value):
      tensor = torch.full((1,), float(value))
      call = "tensor_model_parallel_all_reduce"
      return world.run(lambda rank: rank.call(call, tensor).item()) == [2.0 * value] * 2
  with ThreadPoolExecutor(10) as threads:
      print(sum(threads.map(one, range(1000, 1030))))
  """

  defp python(world) do
    {:ok, config} = Vllm.Bridge.Connections.config(Bridge)
    python = System.fetch_env!("VLLM_PYTHON")
    Task.async(fn -> System.cmd(python, ["-c", @python, config.endpoint, world.id]) end)
  end

  test "forty tasks of two bridges, and another client, get their own sums", %{world: world} do
    python = python(world)
    worlds = [world, as_seen_by(world, other_bridge())]

    runs =
      for n <- 1..40 do
        Task.async(fn ->
          world = Enum.at(worlds, rem(n, 2))

          for k <- 1..5,
              do: {2.0 * (n + 100 * k), World.run!(world, fn _rank -> sum(n + 100 * k) end)}
        end)
      end

    for {wanted, sums} <- List.flatten(Task.await_many(runs, 60_000)),
        do: assert(sums == [wanted, wanted])

    assert {"30\n", 0} = Task.await(python, 60_000)
    assert %World.Info{run: nil, runs_waiting: 0} = World.info!(world)
  end

  test "runs inside of a run are part of its turn, in Tasks below it, too", %{world: world} do
    again = as_seen_by(world, other_bridge())

    results =
      World.run!(
        world,
        fn rank ->
          before = sum(1)
          inner = World.run!(world, fn _rank -> sum(10 + rank) end)

          deeper =
            Task.async(fn ->
              World.run!(again, fn
                0 -> {sum(20 + rank), World.run!(world, fn _rank -> sum(30 + rank) end)}
                1 -> {sum(20 + rank), nil}
              end)
            end)

          {before, inner, Task.await(deeper, 30_000), sum(2)}
        end,
        timeout: 60_000
      )

    for {{before, inner, deeper, last}, rank} <- Enum.with_index(results) do
      assert {before, last} == {2.0, 4.0}
      assert inner == [2.0 * (10 + rank), 2.0 * (10 + rank)]
      sums = [2.0 * (30 + rank), 2.0 * (30 + rank)]
      assert deeper == [{2.0 * (20 + rank), sums}, {2.0 * (20 + rank), nil}]
    end
  end

  test "calls that a Task below a rank's process makes are part of the run", %{world: world} do
    sums =
      World.run!(world, fn
        0 ->
          session = Session.current()

          Task.await(
            Task.async(fn -> Session.with_session(session, fn -> sum(8) end) end),
            30_000
          )

        1 ->
          sum(9)
      end)

    assert sums == [17.0, 17.0]
  end

  test "many Tasks of one rank's function do not mix either", %{world: world} do
    [sums, :ok] =
      World.run!(world, fn
        0 ->
          1..8
          |> Task.async_stream(fn n -> {n, World.run!(world, fn _rank -> sum(n) end)} end,
            max_concurrency: 8,
            timeout: 30_000
          )
          |> Enum.map(fn {:ok, found} -> found end)

        1 ->
          :ok
      end)

    for {n, found} <- sums, do: assert(found == [2.0 * n, 2.0 * n])
  end

  test "a caller that is killed gives its turn back at once", %{world: world} do
    pid = holder(world)
    assert %World.Info{run: %{holder: holder, number: number}} = World.info!(world)
    assert holder =~ inspect(pid)
    assert {:ok, diagnosis} = World.diagnose(world)
    assert diagnosis.text =~ "Run #{number} (#{inspect(pid)} in OS process"
    Process.exit(pid, :kill)
    started = System.monotonic_time(:millisecond)
    assert World.run!(world, fn _rank -> sum(3) end, timeout: 20_000) == [6.0, 6.0]
    assert System.monotonic_time(:millisecond) - started < 15_000
  end

  test "every other end of a run does, too", %{world: world} do
    assert_raise Vllm.World.RankError, fn -> World.run!(world, fn _rank -> raise "boom" end) end
    assert_raise Vllm.World.RankError, fn -> World.run!(world, fn _rank -> throw(:ball) end) end
    assert_raise Vllm.World.RankError, fn -> World.run!(world, fn _rank -> exit(:gone) end) end

    assert_raise Error, fn ->
      World.run!(world, fn _rank -> receive(do: (:never -> :ok)) end, timeout: 50)
    end

    assert World.run!(world, fn _rank -> sum(4) end, timeout: 5_000) == [8.0, 8.0]
    assert Process.info(self(), :messages) == {:messages, []}
  end

  test "the timeout covers the wait for the turn, and says who has it", %{world: world} do
    pid = holder(world)

    # On a busy machine the time may pass here before the server has said who has the turn.
    error =
      Enum.find_value(1..10, fn _try ->
        assert {:error, %Error{reason: "run_timeout", category: :timeout} = error} =
                 World.collect(world, fn _rank -> {:ok, sum(5)} end, timeout: 500)

        if error.message =~ "waited 0.", do: error
      end)

    assert error, "the server never said it"
    assert error.message =~ "never began"
    assert error.message =~ inspect(pid)
    assert %{"ranks" => [0, 1], "timeout_ms" => 500, "ran" => false} = error.details

    assert_raise Error, ~r/turn on #{world.id}/, fn ->
      World.run!(world, fn _rank -> :ok end, timeout: 1)
    end

    Process.exit(pid, :kill)
    assert World.collect(world, fn _rank -> {:ok, sum(5)} end) == {:ok, [10.0, 10.0]}
    assert Process.info(self(), :messages) == {:messages, []}
  end

  test "a process that uses the sessions beside a run is refused, and the run is right", %{
    world: world
  } do
    test = self()

    beside = fn rank ->
      {:ok, pid} =
        Task.start(fn ->
          Session.with_session(World.session!(world, rank), fn ->
            beside(test, rank)
          end)
        end)

      pid
    end

    pids = Enum.map(0..1, beside)
    for rank <- 0..1, do: assert_receive({:beside, ^rank, _result})
    for n <- 1..40, do: assert(World.run!(world, fn _rank -> sum(n) end) == [2.0 * n, 2.0 * n])
    for pid <- pids, do: send(pid, :end)
    await(fn -> not Enum.any?(pids, &Process.alive?/1) end)
    reasons = received([])
    # The last one of all has no counterpart.
    assert reasons -- ["run_overlap", "deadline_exceeded", "withdrawn", 200.0] == []
  end

  defp beside(test, rank) do
    options = [__runtime__: [timeout: 1_000]]
    result = Distributed.tensor_model_parallel_all_reduce(Tensor.new([100.0]), options)

    found =
      case result do
        {:ok, sum} -> hd(Tensor.to_list(sum))
        {:error, %Error{reason: reason}} -> reason
      end

    send(test, {:beside, rank, found})
    receive(do: (:end -> :ok), after: (0 -> beside(test, rank)))
  end

  defp received(found) do
    receive do
      {:beside, _rank, result} -> received([result | found -- [result]])
    after
      0 -> found
    end
  end

  test "a call beside a run that waits for its other rank is refused, naming the run", %{
    world: world
  } do
    test = self()

    run =
      Task.async(fn ->
        World.run!(world, fn
          0 ->
            receive(do: (:go_on -> sum(1)), after: (30_000 -> :late))

          1 ->
            send(test, :other)
            sum(1)
        end)
      end)

    assert_receive :other

    await(fn ->
      {:ok, found} = World.diagnose(world)
      found.text =~ "rank 1 waits in all_reduce"
    end)

    session = World.session!(world, 0)

    assert {:error, %Error{reason: "run_overlap", category: :pool} = error} =
             Session.with_session(session, fn ->
               Distributed.tensor_model_parallel_all_reduce(Tensor.new([100.0]))
             end)

    assert error.message =~ "it is part of no run, and all_reduce on tp:"
    assert error.message =~ "(#{inspect(run.pid)} in OS process #{System.pid()}"
    Task.shutdown(run, :brutal_kill)
    assert World.run!(world, fn _rank -> sum(2) end, timeout: 20_000) == [4.0, 4.0]
  end

  test "calls of a run that has lost its turn are refused", %{world: world} do
    test = self()

    late =
      spawn(fn ->
        World.run!(world, fn
          0 ->
            # As a process that outlives its run: it works for it still.
            turns = Vllm.World.Turn.current()
            session = Session.current()

            spawn(fn ->
              receive(do: (:go -> :ok))
              Vllm.World.Turn.put(turns)
              result = Session.with_session(session, &Distributed.get_tp_group/0)

              summed =
                Session.with_session(session, fn ->
                  Distributed.tensor_model_parallel_all_reduce(Tensor.new([1]))
                end)

              send(test, {:late, result, summed})
            end)
            |> then(&send(test, {:started, &1}))

          1 ->
            :ok
        end)
      end)

    assert is_pid(late)
    assert_receive {:started, pid}
    await(fn -> World.info!(world).run == nil end)
    assert World.run!(world, fn _rank -> sum(6) end) == [12.0, 12.0]
    send(pid, :go)
    assert_receive {:late, _inline, {:error, %Error{reason: "run_overlap"} = error}}
    assert error.message =~ "whose turn is over"
  end

  test "concurrent: true lets runs go side by side" do
    {:ok, world} = World.start(tensor_parallel_size: 2, concurrent: true)
    assert world.concurrent
    assert %World.Info{concurrent: true} = World.info!(world)
    pid = holder(world)
    assert World.run!(world, fn rank -> rank end, timeout: 5_000) == [0, 1]
    Process.exit(pid, :kill)
    assert World.stop(world) == :ok
  end

  test "a run on a world that is over is told so by its calls" do
    {:ok, world} = World.start(tensor_parallel_size: 2)
    pid = holder(world)

    waiting = Task.async(fn -> World.run!(world, fn _rank -> Distributed.get_tp_group() end) end)

    await(fn -> World.info!(world).runs_waiting == 1 end)
    assert World.stop(world) == :ok
    Process.exit(pid, :kill)
    assert [{:error, %Error{} = error}, {:error, _the_same}] = Task.await(waiting, 10_000)
    assert error.message =~ "was stopped"
    assert [{:error, _}, {:error, _}] = World.run!(world, fn _ -> Distributed.get_tp_group() end)
  end
end
