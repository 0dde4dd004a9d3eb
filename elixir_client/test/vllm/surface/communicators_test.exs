Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.CommunicatorsTest do
  # A group's communicator used directly, without its coordinator.
  use Vllm.SurfaceCase

  alias Vllm.Distributed.{DeviceCommunicatorBase, GroupCoordinator}

  setup_all do
    world = start_world!(tensor_parallel_size: 2)

    communicators =
      World.run!(world, fn rank ->
        [[0, 1]]
        |> GroupCoordinator.new!(rank, "gloo", true)
        |> GroupCoordinator.device_communicator!()
      end)

    %{world: world, communicators: List.to_tuple(communicators)}
  end

  setup %{world: world, communicators: all} do
    %{both: fn fun -> World.run!(world, fn rank -> fun.(elem(all, rank), rank) end) end}
  end

  test "sums and their parts", %{both: both} do
    both.(fn communicator, rank ->
      assert a?(communicator, DeviceCommunicatorBase)
      mine = t([rank, 10])
      assert l(DeviceCommunicatorBase.all_reduce!(communicator, mine)) == [1.0, 20.0]
      assert l(DeviceCommunicatorBase.all_reduce_!(communicator, mine)) == [1.0, 20.0]
      part = [Enum.at([1.0, 20.0], rank)]
      assert l(DeviceCommunicatorBase.reduce_scatter!(communicator, mine)) == part
      assert l(DeviceCommunicatorBase.reduce_scatter!(communicator, mine, dim: 0)) == part
      uneven = t([1, 2, 3])
      part = Enum.at([[2.0], [4.0, 6.0]], rank)
      assert l(DeviceCommunicatorBase.reduce_scatterv!(communicator, uneven, 0, [1, 2])) == part

      assert l(DeviceCommunicatorBase.reduce_scatterv!(communicator, uneven, sizes: [1, 2])) ==
               part
    end)
  end

  test "everything of everybody", %{both: both} do
    both.(fn communicator, rank ->
      mine = t([[rank]])
      assert l(DeviceCommunicatorBase.all_gather!(communicator, mine)) == [[0.0, 1.0]]
      assert l(DeviceCommunicatorBase.all_gather!(communicator, mine, 0)) == [[0.0], [1.0]]
      rows = t(List.duplicate([rank], rank + 1))

      assert l(DeviceCommunicatorBase.all_gatherv!(communicator, rows, 0, [1, 2])) ==
               [[0.0], [1.0], [1.0]]

      assert [_one, _two] =
               DeviceCommunicatorBase.all_gatherv!(communicator, [rows, rows], sizes: [1, 2])

      there = if rank == 1, do: {:ok, t([[0, 1]])}, else: {:ok, nil}
      assert DeviceCommunicatorBase.gather(communicator, mine, 1) == there
      assert DeviceCommunicatorBase.gather(communicator, mine, dst: 1, dim: -1) == there
      assert l(DeviceCommunicatorBase.broadcast!(communicator, mine)) == [[0.0]]
      assert l(DeviceCommunicatorBase.broadcast!(communicator, mine, src: 1)) == [[1.0]]
    end)
  end

  test "into a tensor that is there", %{both: both} do
    both.(fn communicator, rank ->
      kept = [__runtime__: [tensors: :ref]]
      out = Vllm.call!("torch.zeros", [2], kept)
      ref = out.ref
      mine = t([rank, 10])

      assert %Tensor{ref: ^ref} =
               DeviceCommunicatorBase.all_reduce!(communicator, mine, out, kept)

      assert {:ok, sum} = Tensor.fetch(out)
      assert l(sum) == [1.0, 20.0]
      assert l(DeviceCommunicatorBase.all_gather!(communicator, t([rank]), 0, out)) == [0.0, 1.0]

      assert l(DeviceCommunicatorBase.reduce_scatter!(communicator, t([1, 2, 3, 4]), out: out)) ==
               Enum.at([[2.0, 4.0], [6.0, 8.0]], rank)
    end)
  end

  test "from one to the other", %{both: both} do
    both.(fn
      communicator, 0 ->
        assert DeviceCommunicatorBase.send(communicator, t([1, 2])) == {:ok, nil}
        assert DeviceCommunicatorBase.send(communicator, t([3], :s32), dst: 1) == {:ok, nil}

      communicator, 1 ->
        assert l(DeviceCommunicatorBase.recv!(communicator, [2], :f32)) == [1.0, 2.0]
        assert l(DeviceCommunicatorBase.recv!(communicator, [1], "int32", src: 0)) == [3]
    end)
  end

  test "tokens", %{both: both} do
    both.(fn communicator, rank ->
      hidden = t([[rank, 1]])
      {weights, ids} = {t([[0.5]]), t([[rank]], :s64)}

      assert {all, _, their} =
               DeviceCommunicatorBase.dispatch!(communicator, hidden, weights, ids)

      assert {l(all), l(their)} == {[[0.0, 1.0], [1.0, 1.0]], [[0], [1]]}
      assert l(DeviceCommunicatorBase.combine!(communicator, all)) == [[2.0 * rank, 2.0]]

      assert {^all, ^all} =
               DeviceCommunicatorBase.dispatch_router_logits!(communicator, hidden, hidden)

      assert {:error, %Error{}} = DeviceCommunicatorBase.combine(communicator, hidden)
    end)
  end

  test "a model, and the end", %{world: world} do
    World.run!(world, fn rank ->
      group = GroupCoordinator.new!([[0, 1]], rank, "gloo", true, group_name: "ends")
      communicator = GroupCoordinator.device_communicator!(group)

      assert DeviceCommunicatorBase.prepare_communication_buffer_for_model(communicator, model()) ==
               {:ok, nil}

      assert DeviceCommunicatorBase.destroy(communicator) == {:ok, nil}
      assert DeviceCommunicatorBase.destroy!(communicator) == nil
      GroupCoordinator.destroy!(group)
    end)
  end
end
