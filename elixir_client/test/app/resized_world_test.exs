defmodule Vllm.ResizedWorldTest do
  # Worlds that get other ranks while they live, on real ranks.
  use ExUnit.Case, async: false

  alias Vllm.Distributed.GroupCoordinator
  alias Vllm.{Distributed, Error, Session, Tensor, World}

  @moduletag timeout: 180_000
  @moduletag :capture_log

  @name __MODULE__.World

  # What all ranks add up over each of their groups, and who is in it.
  defp sums(world) do
    World.run!(world, fn rank ->
      for kind <- [:get_world_group, :get_tp_group, :get_dp_group] do
        {:ok, group} = apply(Distributed, kind, [])
        {:ok, sum} = GroupCoordinator.all_reduce(group, Tensor.new([2 ** rank]))
        {group.unique_name, group.ranks, Tensor.to_list(sum)}
      end
    end)
  end

  defp expected(tensor, data) do
    for rank <- 0..(tensor * data - 1) do
      first = div(rank, tensor) * tensor

      for {name, ranks} <- [
            {"world:0", 0..(tensor * data - 1)//1},
            {"tp:0", first..(first + tensor - 1)//1},
            {"dp:0", rem(rank, tensor)..(tensor * data - 1)//tensor}
          ] do
        {name, Enum.to_list(ranks), [ranks |> Enum.map(&(2 ** &1)) |> Enum.sum()]}
      end
    end
  end

  defp pids(world), do: Enum.map(World.info!(world).ranks, & &1.pid)

  defp kill(world, rank) do
    {_output, 0} = System.cmd("kill", ["-9", "#{Enum.at(pids(world), rank)}"])
  end

  defp zeros(_rank),
    do: Vllm.call("torch.zeros", [2], __runtime__: [tensors: :ref])

  test "1 -> 2 -> 4 -> 2 replicas: objects and processes stay, groups are those of a new world" do
    {:ok, world} = World.start(tensor_parallel_size: 2)
    :ok = World.put(world, :weights, &zeros/1)
    assert sums(world) == expected(2, 1)
    first = pids(world)

    world =
      for {size, generation} <- [{2, 1}, {4, 2}, {2, 3}], reduce: world do
        world ->
          assert {:ok, changed} = World.resize(world, data_parallel_size: size)
          assert %World{world_size: n, epoch: 1, generation: ^generation} = changed
          assert n == 2 * size
          assert changed.layout[:dp] == size
          assert sums(changed) == expected(2, size)
          assert Enum.take(pids(changed), 2) == first

          {:ok, old} = World.slice(changed, dp: 0)
          {:ok, new} = World.slice(changed, dp: -1)
          assert World.named!(old) == ["weights"]
          assert World.named!(new) == []

          assert World.run!(old, fn _ -> Vllm.call!("torch.numel", [{:named, :weights}]) end) == [
                   2,
                   2
                 ]

          assert {:ok, _ranks} = World.call(new, :get_tensor_model_parallel_rank)
          # The world from before does not know its ranks.
          assert {:error, %Error{reason: "stale_world", message: message}} =
                   World.run(world, fn rank -> rank end)

          assert message =~ "has #{n} ranks now"
          assert World.run!(world.id, fn rank -> rank end) == Enum.to_list(0..(n - 1))
          changed
      end

    assert %{data_parallel_size: 2, world_size: 4, generation: 3} = World.info!(world)
    # A size that it has.
    assert {:ok, %World{generation: 3} = world} = World.resize(world.id, data_parallel_size: 2)
    :ok = World.stop(world)
  end

  test "a rank is replaced, alive or dead; the others keep what they have" do
    {:ok, world} = World.start(data_parallel_size: 2, on_failure: :keep, spare_ranks: 1)
    :ok = World.put(world, :weights, &zeros/1)
    {:ok, [_, ref]} = World.collect(world, &zeros/1)
    before = pids(world)

    assert {:ok, world} = World.replace_rank(world, 1)
    assert sums(world) == expected(1, 2)
    assert hd(pids(world)) == hd(before)
    refute Enum.at(pids(world), 1) in before
    assert World.named!(World.slice!(world, dp: 0)) == ["weights"]
    assert World.named!(World.slice!(world, dp: 1)) == []

    assert {:error, %Error{reason: "unknown_ref", message: message}} =
             Vllm.call("torch.sum", [ref])

    assert message =~ "the process that this rank was before"

    kill(world, 0)
    degraded(world)

    assert {:error, %Error{reason: "world_cannot_change", message: message}} =
             World.resize(world, data_parallel_size: 3)

    assert message =~ "rank 0 is dead; replace all dead ranks"
    assert {:ok, world} = World.replace_rank(world, [0])
    assert %{state: :ready, failure: nil} = World.info!(world)
    assert sums(world) == expected(1, 2)
    :ok = World.stop(world)
  end

  test "another bridge, which has a rank from before, reaches the new one" do
    {:ok, world} = World.start(data_parallel_size: 2, detached: true)
    {:ok, config} = Vllm.Bridge.Connections.config(Vllm.Bridge)
    start_supervised!({Vllm.Bridge, name: __MODULE__.Other, server: config.endpoint})
    {:ok, there} = World.fetch(world.id, bridge: __MODULE__.Other)
    size = fn world -> Session.with_session(World.session!(world, 1), &world_size/0) end
    assert size.(there) == {:ok, 2}
    {:ok, replaced} = World.replace_rank(world, 1)
    assert size.(replaced) == {:ok, 2}
    # Its rank cannot be reached, so the call goes to the pool, which knows the new one.
    assert size.(there) == {:ok, 2}
    assert {:ok, there} = World.fetch(world.id, bridge: __MODULE__.Other)
    assert size.(there) == {:ok, 2}
    assert World.call(there, :get_tensor_model_parallel_rank) == {:ok, [0, 0]}

    {:ok, _world} = World.resize(replaced, data_parallel_size: 1)
    assert {:error, %Error{reason: reason, message: message}} = size.(there)
    assert reason == "session_closed"
    assert message =~ "was resized to data_parallel_size=1"
    :ok = World.stop(world)
  end

  defp world_size do
    with {:ok, group} <- Distributed.get_world_group(), do: {:ok, group.world_size}
  end

  defp degraded(world) do
    unless World.info!(world).state == :degraded, do: degraded(world)
  end

  test "under a supervisor: init runs on new ranks, callers by name wait, whoever changes it" do
    test = self()
    init = fn rank -> send(test, {:init, rank}) && :ok end
    start_supervised!({World, name: @name, init: init})
    assert sums(@name) == expected(1, 1)
    assert_received {:init, 0}

    assert {:ok, %World{name: @name} = world} = World.resize(@name, data_parallel_size: 2)
    assert_received {:init, 1}
    refute_received {:init, _rank}
    assert sums(@name) == expected(1, 2)

    # By its struct, which knows its name.
    assert {:ok, %World{name: @name}} = World.replace_rank(world, 0)
    assert_received {:init, 0}
    refute_received {:init, _rank}

    # By somebody else; callers that come in this moment have the world from before.
    {:ok, _world} = World.resize(world.id, data_parallel_size: 3)
    assert_receive {:init, 2}, 30_000
    assert eventually(fn -> World.run(@name, fn rank -> rank end) == {:ok, [0, 1, 2]} end)

    # A change that fails leaves it as it was.
    assert {:error, %Error{reason: "invalid_argument"}} =
             World.resize(@name, data_parallel_size: 1_000_000)

    assert sums(@name) == expected(1, 3)
    # A restart has as many.
    kill(@name, 2)
    assert eventually(fn -> World.info!(world.id).epoch > 1 end)
    assert sums(@name) == expected(1, 3)
    :ok = World.stop(@name)
  end

  defp eventually(fun, until \\ System.monotonic_time(:millisecond) + 30_000) do
    cond do
      fun.() -> true
      System.monotonic_time(:millisecond) > until -> false
      true -> receive(after: (10 -> eventually(fun, until)))
    end
  end

  test "an init that fails on a new rank starts the world again" do
    {:ok, counter} = Agent.start_link(fn -> 0 end)

    init = fn rank ->
      if rank == 1 and Agent.get_and_update(counter, &{&1, &1 + 1}) == 0,
        do: {:error, "no weights"},
        else: :ok
    end

    start_supervised!({World, name: @name, init: init})
    :ok = World.subscribe_epochs(@name)
    assert_receive {:vllm_world, @name, {:epoch, first}}, 60_000
    assert {:error, %Error{} = error} = World.resize(@name, data_parallel_size: 2)
    assert error.message =~ "`init` of the world failed"
    assert error.message =~ "no weights"
    assert_receive {:vllm_world, @name, {:epoch, later}} when later > first, 60_000
    assert sums(@name) == expected(1, 2)
    :ok = World.stop(@name)
  end

  test "runs wait for a resize, and a resize for them; not inside of one" do
    {:ok, world} = World.start([])
    test = self()

    run =
      Task.async(fn ->
        World.run!(world, fn rank ->
          send(test, {:running, self()})
          receive(do: (:go_on -> rank))
        end)
      end)

    assert_receive {:running, rank}, 30_000
    resize = Task.async(fn -> World.resize(world, data_parallel_size: 2) end)
    assert eventually(fn -> World.info!(world).runs_waiting == 1 end)
    refute Task.yield(resize, 100)
    # By its id a world is what it is when the run begins.
    later = Task.async(fn -> World.run(world.id, fn rank -> rank end) end)
    {:ok, future} = World.async_call(world.id, :get_tensor_model_parallel_rank)
    stale = Task.async(fn -> World.run(world, fn rank -> rank end) end)
    assert eventually(fn -> World.info!(world).runs_waiting == 4 end)
    send(rank, :go_on)
    assert Task.await(run, 60_000) == [0]
    assert {:ok, world} = Task.await(resize, 60_000)
    assert Task.await(later, 60_000) == {:ok, [0, 1]}
    assert World.await(future) == {:ok, [0, 0]}
    assert {:error, %Error{reason: "stale_world"}} = Task.await(stale, 60_000)

    assert World.run!(world, fn _rank -> World.resize(world, data_parallel_size: 1) end)
           |> Enum.map(fn {:error, error} -> error.reason end) ==
             ["world_cannot_change", "world_cannot_change"]

    assert sums(world) == expected(1, 2)
    :ok = World.stop(world)
  end

  test "what cannot be is refused, and says what can" do
    {:ok, world} = World.start(tensor_parallel_size: 2)

    for {opts, says} <- [
          {[data_parallel_size: 0], "data_parallel_size must be"},
          {[data_parallel_size: -2], "data_parallel_size must be"},
          {[data_parallel_size: "two"], "data_parallel_size must be"},
          {[data_parallel_size: 2.0], "data_parallel_size must be"},
          {[data_parallel_size: 2 ** 70], "data_parallel_size must be"},
          {[tensor_parallel_size: 4], "unknown option tensor_parallel_size"},
          {[], "data_parallel_size is missing"},
          {:two, "must be a keyword list"},
          {[data_parallel_size: 2, timeout: -1], "timeout must be"}
        ] do
      assert {:error, %Error{category: :validation, reason: "invalid_option"} = error} =
               World.resize(world, opts)

      assert error.message =~ "Vllm.World.resize"
      assert error.message =~ says
    end

    assert {:error, %Error{category: :validation, reason: "invalid_argument"} = error} =
             World.resize(world, data_parallel_size: 1_000_000)

    assert error.message =~ "data_parallel_size is 1000000; it may be at most"
    assert error.message =~ "--max-world-size"

    for rank <- [2, -1, [], [0, 2], "1", nil, 2 ** 70] do
      assert {:error, %Error{category: :validation, reason: "invalid_argument"} = error} =
               World.replace_rank(world, rank)

      assert error.message =~ "rank"
    end

    assert_raise Error, ~r/rank is 7; it must be of the world's ranks, 0 to 1/, fn ->
      World.replace_rank!(world, 7)
    end

    assert %{generation: 0, world_size: 2} = World.info!(world)
    assert sums(world) == expected(2, 1)
    :ok = World.stop(world)

    assert {:error, %Error{message: message}} = World.resize(world, data_parallel_size: 2)
    assert message =~ "was stopped"
    {:ok, concurrent} = World.start(concurrent: true)

    assert {:error, %Error{reason: "world_cannot_change", message: message}} =
             World.resize(concurrent, data_parallel_size: 2)

    assert message =~ "it is concurrent"
    :ok = World.stop(concurrent)
  end
end
