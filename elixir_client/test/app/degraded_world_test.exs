defmodule Vllm.DegradedWorldTest do
  # A world that goes on without a rank that was killed, on real ranks.
  use ExUnit.Case, async: false

  alias Vllm.{Distributed, Error, Session, Tensor, World}

  @moduletag timeout: 180_000

  test "what does not touch the dead rank goes on: calls, runs, collectives; then a restart" do
    sizes = [data_parallel_size: 2, tensor_parallel_size: 2]
    {:ok, subscription} = Vllm.Bridge.subscribe(world_id: "degraded", stream_timeout: :infinity)
    opts = [world_id: "degraded", on_failure: :keep, spare_ranks: 2]
    {:ok, world} = World.start(opts ++ sizes)
    assert %{on_failure: :keep, spare_ranks: 2} = World.info!(world)
    {:ok, alive} = World.slice(world, dp: 1)
    {:ok, touched} = World.slice(world, dp: 0)
    assert sum(alive, [1, 2]) == [[2, 4], [2, 4]]

    {_output, 0} = System.cmd("kill", ["-9", "#{Enum.at(World.info!(world).ranks, 1).pid}"])
    degraded = degraded(subscription)
    assert Enum.map(degraded.ranks, & &1.state) == [:ready, :dead, :ready, :ready]
    assert Enum.at(degraded.ranks, 1).exit == "killed by signal 9 (SIGKILL)"
    assert degraded.failure =~ "rank 1 of degraded"

    assert sum(alive, [1, 2]) == [[2, 4], [2, 4]]
    assert {:ok, [0, 1]} = World.call(alive, :get_tensor_model_parallel_rank)

    assert {:error, %Error{reason: "session_worker_unavailable", rank: 1, message: message}} =
             Session.with_session(World.session!(world, 1), &Distributed.get_tp_group/0)

    assert message =~ "killed by signal 9"

    assert {:error, %Error{reason: "peer_died", category: :worker}} =
             Session.with_session(World.session!(world, 0), fn ->
               Distributed.tensor_model_parallel_all_reduce(Tensor.new([1]))
             end)

    assert {:error, %Error{rank: rank}} =
             World.call(touched, :tensor_model_parallel_all_reduce, [Tensor.new([1])])

    assert rank in [0, 1]
    assert World.info!(world).state == :degraded

    {:ok, world} = World.restart(world)
    assert %{state: :ready, epoch: 2, failure: nil} = World.info!(world)
    assert sum(world, [3]) == [[6], [6], [6], [6]]
    :ok = World.stop(world)
    :ok = Vllm.Bridge.unsubscribe(subscription)
  end

  test "a wrong value is refused" do
    assert {:error, %Error{message: message}} = World.start(on_failure: :retain)
    assert message =~ "on_failure"
    assert message =~ ":keep"
    assert {:error, %Error{message: message}} = World.start(spare_ranks: -1)
    assert message =~ "spare_ranks"
    assert {:error, %Error{message: message}} = World.start(spare_ranks: 2)
    assert message =~ "spare_ranks is 2; it must be 0 to 1"
  end

  defp sum(world, values) do
    World.run!(world, fn _rank ->
      {:ok, sum} = Distributed.tensor_model_parallel_all_reduce(Tensor.new(values))
      Tensor.to_list(sum)
    end)
  end

  defp degraded(subscription) do
    receive do
      {:vllm_event, ^subscription, %Vllm.Event{kind: :world, world: %{state: :degraded} = info}} ->
        info
    after
      30_000 -> flunk("the world is not degraded")
    end
  end
end
