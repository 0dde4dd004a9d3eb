defmodule Vllm.WorldLeasesTest do
  # Clients share the turn of a world among their runs: what other clients see of that.
  use ExUnit.Case, async: false

  alias Vllm.{Bridge, Distributed, Error, Tensor, World}
  alias Vllm.World.Leases

  @moduletag timeout: 120_000

  setup_all do
    {:ok, world} = World.start(tensor_parallel_size: 2, detached: true)
    on_exit(fn -> World.stop(world) end)
    %{world: world}
  end

  setup %{world: world} do
    {:ok, config} = Bridge.Connections.config(Bridge)
    start_supervised!({Bridge, name: :another_with_leases, server: config.endpoint})
    sessions = for session <- world.sessions, do: %{session | bridge: :another_with_leases}
    :ok = Bridge.Connections.bind(:another_with_leases, sessions)
    %{other: %{world | bridge: :another_with_leases, sessions: sessions}}
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

  defp state(world), do: :sys.get_state(Leases.name(world.bridge))

  defp all_closed?(%{id: id} = world) do
    Enum.all?(state(world).leases, fn {_id, lease} ->
      lease.closed? or elem(lease.world, 1) != id
    end)
  end

  defp waiting(world), do: World.info!(world).runs_waiting

  # A run that tells of its turn, and lasts until the process of its rank 0 is told to end.
  defp begin_run(world, name) do
    test = self()

    pid =
      spawn(fn ->
        World.run!(world, fn
          0 ->
            send(test, {:turn, name, self()})
            receive(do: (:end -> :ok))

          1 ->
            :ok
        end)

        send(test, {:over, name})
      end)

    on_exit(fn -> Process.exit(pid, :kill) end)
    pid
  end

  defp turn(name) do
    assert_receive {:turn, ^name, rank}, 20_000
    rank
  end

  test "runs of two clients have their turns in the order in which they came", context do
    %{world: world, other: other} = context
    begin_run(world, 0)
    first = turn(0)

    # 1 and 2 of the client that has the turn, 3 of the other one, and 4, which comes after 3.
    order = [{1, world}, {2, world}, {3, other}, {4, world}, {5, other}, {6, other}, {7, world}]

    for {name, of} <- order do
      begin_run(of, name)
      await(fn -> waiting(world) == name end)

      # The pool has told the other client: a later run of that one does not join those that wait there.
      await(fn -> all_closed?(if(of == world, do: other, else: world)) end)
    end

    send(first, :end)

    for {name, _of} <- order do
      rank = turn(name)
      refute_received {:turn, _other, _rank}
      assert waiting(other) == length(order) - name
      send(rank, :end)
    end

    for {name, _of} <- order, do: assert_receive({:over, ^name}, 20_000)
  end

  test "two clients that alternate get their own sums", %{world: world, other: other} do
    for n <- 1..40, of <- [world, other] do
      wanted = 2.0 * n
      assert World.run!(of, fn _rank -> sum(n) end) == [wanted, wanted]
    end
  end

  test "an idle lease is given back, and numbers go on where it ended", %{world: world} do
    number = fn -> hd(World.run!(world, fn _rank -> World.info!(world).run.number end)) end
    first = number.()
    assert number.() == first + 1
    assert World.info!(world).run == nil
    await(fn -> state(world).leases == %{} end)
    assert number.() == first + 2
  end

  test "whoever is killed while it waits, or runs, is in nobody's way", context do
    %{world: world, other: other} = context

    for {killed, next} <- [{world, other}, {other, world}] do
      # While it has the turn.
      holder = begin_run(killed, :holder)
      turn(:holder)
      begin_run(next, :next)
      await(fn -> waiting(world) == 1 end)
      Process.exit(holder, :kill)
      rank = turn(:next)

      # While it waits here, behind another client, and in its own client.
      behind = for name <- [:first, :second], do: begin_run(killed, name)
      await(fn -> waiting(world) == 2 end)
      own = begin_run(next, :own)
      await(fn -> waiting(world) == 3 end)
      for pid <- [own | behind], do: Process.exit(pid, :kill)
      await(fn -> waiting(world) == 0 end)
      send(rank, :end)
      assert_receive {:over, :next}, 20_000
      assert World.run!(killed, fn _rank -> sum(3) end, timeout: 20_000) == [6.0, 6.0]
    end

    refute_received {:turn, _name, _rank}
    await(fn -> match?(%{leases: none, streams: none} when none == %{}, state(world)) end)
    assert %{runs: none, monitors: none, latest: none} = state(world)
    assert none == %{}
  end

  test "a process that is killed before its turn has come leaves no lease", %{world: world} do
    for pause <- 0..30 do
      pid = spawn(fn -> World.run!(world, fn _rank -> :ok end) end)
      spin(pause * 40)
      Process.exit(pid, :kill)
    end

    assert World.run!(world, fn _rank -> sum(1) end, timeout: 20_000) == [2.0, 2.0]
    await(fn -> state(world).leases == %{} end)
  end

  # So many microseconds.
  defp spin(us) do
    until = System.monotonic_time(:microsecond) + us

    if us > 0,
      do:
        Stream.repeatedly(fn -> System.monotonic_time(:microsecond) end)
        |> Enum.find(&(&1 >= until))
  end

  test "a bridge that stops, or whose process of turns is killed, frees the world", context do
    %{world: world, other: other} = context
    begin_run(other, :lost)
    turn(:lost)
    Process.exit(Process.whereis(Leases.name(:another_with_leases)), :kill)
    assert World.run!(world, fn _rank -> sum(1) end, timeout: 20_000) == [2.0, 2.0]

    begin_run(other, :again)
    turn(:again)
    stop_supervised!(:another_with_leases)
    assert World.run!(world, fn _rank -> sum(2) end, timeout: 20_000) == [4.0, 4.0]
  end

  test "who waits behind another client is told who has the turn there", context do
    %{world: world, other: other} = context
    holder = begin_run(other, :holder)
    rank = turn(:holder)

    # On a busy machine the time may pass before the server has said it.
    error =
      Enum.find_value(1..10, fn _try ->
        {:error, %Error{reason: "run_timeout"} = error} =
          World.collect(world, fn _rank -> :ok end, timeout: 500)

        if error.message =~ inspect(holder), do: error
      end)

    assert error, "the server never said it"

    assert error.message =~
             "never began: run #{error.details["run"]} (#{inspect(holder)} in OS process"

    send(rank, :end)
    assert_receive {:over, :holder}, 20_000
  end

  test "one that waits for its turn when the world ends is told so", %{other: other} do
    {:ok, mine} = World.start(tensor_parallel_size: 1)
    test = self()

    holder =
      spawn(fn ->
        World.run!(mine, fn _rank ->
          send(test, :begun)
          receive(do: (:never -> :ok))
        end)
      end)

    assert_receive :begun, 20_000
    waiting = Task.async(fn -> World.run!(mine, fn _rank -> Distributed.get_tp_group() end) end)
    await(fn -> World.info!(mine).runs_waiting == 1 end)
    assert World.stop(mine) == :ok
    assert [{:error, %Error{} = error}] = Task.await(waiting, 20_000)
    assert error.message =~ "was stopped"
    Process.exit(holder, :kill)
    assert World.run!(other, fn rank -> rank end) == [0, 1]
  end

  # `VLLM_SCHEDULES_SEED` and `VLLM_SCHEDULES_SECONDS` as of the same test of the Python clients.
  test "random runs and kills over two clients: nobody gets another run's value", context do
    %{world: world, other: other} = context
    seed = String.to_integer(System.get_env("VLLM_SCHEDULES_SEED", "0"))
    seed = if seed == 0, do: :rand.uniform(4_294_967_296), else: seed
    seconds = String.to_float(System.get_env("VLLM_SCHEDULES_SECONDS", "3") <> ".0")
    ends = System.monotonic_time(:millisecond) + round(1_000 * seconds)
    values = :atomics.new(1, [])

    callers =
      for n <- 1..8 do
        Task.async(fn ->
          :rand.seed(:exsss, {seed, n, 0})
          schedule(Enum.random([world, other]), values, ends, [])
        end)
      end

    {found, did} = callers |> Task.await_many(90_000) |> Enum.unzip()
    assert {seed, Enum.concat(found)} == {seed, []}
    did = did |> Enum.concat() |> Enum.frequencies()

    for kind <- [:run, :call, :nested, :future, :killed],
        do: assert(did[kind] > 0, inspect({seed, did}))

    for world <- [world, other] do
      await(fn ->
        match?(%{leases: none, runs: none, monitors: none} when none == %{}, state(world))
      end)

      assert :ets.tab2list(Leases.name(world.bridge)) == []
    end

    assert World.run!(world, fn _rank -> sum(1) end) == [2.0, 2.0]
  end

  # What was wrong, and what was done.
  defp schedule(world, values, ends, did) do
    kind = Enum.random([:run, :run, :call, :nested, :future, :killed, :killed, :late])
    value = :atomics.add_get(values, 1, 1)
    wanted = [2.0 * value, 2.0 * value]

    if System.monotonic_time(:millisecond) >= ends do
      {[], did}
    else
      found = one(kind, world, value)

      if found in [wanted, :nothing],
        do: schedule(world, values, ends, [kind | did]),
        else: {[{kind, value, found}], did}
    end
  end

  defp one(:run, world, value), do: World.run!(world, fn _rank -> sum(value) end)

  defp one(:call, world, value) do
    tensor = Tensor.new([value], :f32)
    {:ok, sums} = World.call(world, :tensor_model_parallel_all_reduce, [tensor])
    Enum.map(sums, &hd(Tensor.to_list(&1)))
  end

  defp one(:nested, world, value) do
    [inner, _the_same] =
      World.run!(world, fn _rank ->
        World.run!(world, fn _rank -> sum(value) end)
      end)

    inner
  end

  defp one(:future, world, value) do
    {:ok, future} = World.async_run(world, fn _rank -> sum(value) end)
    {:ok, sums} = World.await(future, 60_000)
    sums
  end

  # Its process dies at any moment of it.
  defp one(:killed, world, value) do
    {pid, monitor} = spawn_monitor(fn -> World.run!(world, fn _rank -> sum(value) end) end)
    spin(:rand.uniform(2_000))
    Process.exit(pid, :kill)
    receive(do: ({:DOWN, ^monitor, :process, ^pid, _reason} -> :nothing))
  end

  defp one(:late, world, value) do
    case World.run(world, fn _rank -> sum(value) end, timeout: :rand.uniform(5)) do
      {:ok, sums} -> sums
      {:error, %Error{reason: "run_timeout"}} -> :nothing
    end
  end

  test "a run that nobody disputes asks the pool for nothing", %{world: world} do
    World.run!(world, fn rank -> rank end)
    before = leases(world)
    for _ <- 1..200, do: World.run!(world, fn rank -> rank end)

    # The same lease, unless the machine has slept for longer than one is kept.
    with [{id, later}] <- leases(world),
         [{^id, first}] <- before,
         do: assert(later == first + 200)
  end

  # Their ids, and the latest number of each.
  defp leases(world) do
    for {id, lease} <- state(world).leases, do: {id, Vllm.World.SharedTurn.latest(lease.shared)}
  end
end
