defmodule Vllm.SupervisedWorldTest do
  # A world under a supervisor, on real ranks that are killed.
  use ExUnit.Case, async: false

  alias Vllm.{Distributed, Error, Tensor, World}

  @moduletag timeout: 120_000
  @moduletag :capture_log

  @name __MODULE__.World

  defp start(opts \\ []) do
    opts = Keyword.merge([name: @name, tensor_parallel_size: 2], opts)
    pid = start_supervised!({World, opts})
    :ok = World.subscribe_epochs(opts[:name])
    pid
  end

  defp epoch do
    assert_receive {:vllm_world, _name, {:epoch, epoch}}, 60_000
    epoch
  end

  defp kill(rank) do
    pid = Enum.at(World.info!(@name).ranks, rank).pid
    {_output, 0} = System.cmd("kill", ["-9", "#{pid}"])
  end

  defp sum(n) do
    World.run!(@name, fn _rank ->
      {:ok, sum} = Distributed.tensor_model_parallel_all_reduce(Tensor.new([n]))
      Tensor.to_list(sum)
    end)
  end

  test "callers wait until it is ready, and again after a rank was killed; init runs every time" do
    test = self()
    start(init: fn rank -> send(test, {:init, rank}) && :ok end)
    # It is starting: this waits.
    assert sum(1) == [[2], [2]]
    first = epoch()
    for rank <- 0..1, do: assert_received({:init, ^rank})

    kill(1)
    assert epoch() > first
    for rank <- 0..1, do: assert_received({:init, ^rank})
    assert sum(3) == [[6], [6]]
    assert {:ok, [0, 1]} = World.call(@name, :get_tensor_model_parallel_rank)
    assert {:ok, %World{name: @name, sessions: sessions} = world} = World.fetch(@name)
    assert {:ok, %World{name: nil, sessions: ^sessions}} = World.fetch(world.id)
    assert World.call(world.id, :get_tensor_model_parallel_rank) == {:ok, [0, 1]}
    assert {:ok, infos} = World.list()
    assert Enum.any?(infos, &(&1.id == world.id and &1.state == :ready))
  end

  test "stop ends it for good, and its process; the ranks are gone" do
    pid = start()
    epoch()
    {:ok, world} = World.fetch(@name)
    monitor = Process.monitor(pid)
    assert World.stop(@name) == :ok
    assert_receive {:DOWN, ^monitor, :process, ^pid, :normal}
    assert World.info!(world.id).state == :stopped
    assert {:error, %Error{reason: "world_not_found"} = error} = World.call(@name, :get_tp_group)
    assert error.message =~ "Add {Vllm.World, name: #{inspect(@name)}"
  end

  test "its process is killed: the world is stopped, and the supervisor starts another" do
    pid = start()
    epoch()
    {:ok, world} = World.fetch(@name)
    {:ok, subscription} = Vllm.Bridge.subscribe(world_id: world.id)
    Process.exit(pid, :kill)
    assert_receive {:vllm_event, ^subscription, %{world: %{state: :stopped}}}, 20_000
    :ok = Vllm.Bridge.unsubscribe(subscription)
    assert {:ok, %World{id: id}} = fetch_from_next(pid)
    assert id != world.id
  end

  # The supervisor starts it again, a moment later.
  defp fetch_from_next(pid) do
    case Process.whereis(@name) do
      next when next not in [nil, pid] -> World.fetch(@name)
      _none_yet -> receive(after: (10 -> fetch_from_next(pid)))
    end
  end

  test "an init that fails is tried again, then given up; the error says on which rank" do
    Process.flag(:trap_exit, true)
    opts = [name: @name, init: fn rank -> if rank == 1, do: {:error, "no weights"}, else: :ok end]

    {:ok, pid} =
      World.start_link(opts ++ [tensor_parallel_size: 2, restart: [max: 1, within: 60_000]])

    assert {:error, %Error{reason: "run_failed", rank: 1} = error} = World.fetch(@name)
    assert error.message =~ "`init` of the world failed"
    assert error.message =~ "no weights"
    assert_receive {:EXIT, ^pid, {:world_failed, %Error{reason: "run_failed"}}}, 60_000
  end

  test "when_restarting: :fail answers at once" do
    start(when_restarting: :fail)

    case World.call(@name, :get_tensor_model_parallel_rank) do
      {:error, %Error{reason: "world_restarting", details: %{"ran" => false}}} -> :ok
      {:ok, [0, 1]} -> :ok
    end

    epoch()
    assert {:ok, [0, 1]} = World.call(@name, :get_tensor_model_parallel_rank)
  end

  test "the timeout of a caller bounds its wait" do
    start(init: fn _rank -> Process.sleep(:infinity) end)

    assert {:error, %Error{reason: "world_restarting"}} =
             World.call(@name, :get_tp_group, [], timeout: 50)

    assert_raise Error, ~r/is starting/, fn ->
      World.run!(@name, fn rank -> rank end, timeout: 50)
    end
  end

  test "bad options" do
    for {opts, text} <- [
          {[], "name is missing"},
          {[name: "text"], "name must be a name"},
          {[name: @name, restart: [often: 1]], "unknown option often"},
          {[name: @name, init: fn -> :ok end], "init must be a function of 1 argument"},
          {[name: @name, detached: true], "unknown option detached"}
        ] do
      assert {:error, %Error{reason: "invalid_option", message: message}} = World.start_link(opts)
      assert message =~ text
    end

    assert {:error, %Error{reason: "invalid_argument"}} = World.info(42)
    assert {:error, %Error{reason: "world_not_found"}} = World.fetch("no-such-world")
  end

  test "the bridge of a world restarts: the world is started again on it" do
    bridge = __MODULE__.Bridge
    {:ok, config} = Vllm.Bridge.Connections.config(Vllm.Bridge)
    start_supervised!({Vllm.Bridge, name: bridge, server: config.endpoint})
    start(bridge: bridge)
    first = epoch()
    assert Vllm.Bridge.connected?(bridge: bridge)
    :ok = stop_supervised(bridge)
    refute Vllm.Bridge.connected?(bridge: bridge)
    assert_receive {:vllm_world, @name, :restarting}, 20_000
    start_supervised!({Vllm.Bridge, name: bridge, server: config.endpoint})
    assert epoch() > first
    assert sum(5) == [[10], [10]]
  end
end
