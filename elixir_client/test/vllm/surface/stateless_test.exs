Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.StatelessTest do
  # Groups apart from the world's: process groups, and those that are nothing but a store.
  use Vllm.SurfaceCase

  alias Vllm.Distributed.{ProcessGroup, StatelessProcessGroup}

  setup_all do
    world = start_world!(tensor_parallel_size: 2)
    {host, port} = rendezvous_address()

    groups =
      World.run!(world, fn rank ->
        {:ok, group} = StatelessProcessGroup.create(host, port, rank, 2, 3_600, store_timeout: 30)
        group
      end)

    %{world: world, groups: List.to_tuple(groups)}
  end

  setup %{world: world, groups: groups} do
    %{both: fn fun -> World.run!(world, fn rank -> fun.(elem(groups, rank), rank) end) end}
  end

  test "objects", %{both: both} do
    both.(fn group, rank ->
      assert a?(group, StatelessProcessGroup)
      object = %{"from" => rank, "list" => [1, {2, nil}]}

      assert StatelessProcessGroup.broadcast_obj(group, object, 1) ==
               {:ok, %{object | "from" => 1}}

      assert StatelessProcessGroup.broadcast_obj!(group, nil, src: 0) == nil

      assert StatelessProcessGroup.all_gather_obj(group, {rank, "x"}) ==
               {:ok, [{0, "x"}, {1, "x"}]}

      assert StatelessProcessGroup.send_obj(group, object, 1 - rank) == {:ok, nil}

      assert StatelessProcessGroup.recv_obj(group, 1 - rank) ==
               {:ok, %{object | "from" => 1 - rank}}

      assert {:error, %Error{reason: "invalid_rank"}} =
               StatelessProcessGroup.send_obj(group, object, rank)

      assert StatelessProcessGroup.expire_data(group) == {:ok, nil}
    end)
  end

  test "tensors", %{both: both} do
    both.(fn group, rank ->
      assert l(StatelessProcessGroup.broadcast!(group, t([rank, 5]), 1)) == [1.0, 5.0]
      assert l(StatelessProcessGroup.all_reduce!(group, t([rank, 5]))) == [1.0, 10.0]

      {:ok, most} = Distributed.resolve_obj_by_qualname("torch.distributed.ReduceOp")
      most = Vllm.get_attribute(most, "MAX")

      with {:ok, most} <- most do
        assert l(StatelessProcessGroup.all_reduce!(group, t([rank, 5]), op: most)) == [1.0, 5.0]
      end

      if rank == 0 do
        assert StatelessProcessGroup.send(group, t([[1, 2]], :s32), 1) == {:ok, nil}
      else
        # Received into a tensor of the same shape and dtype.
        assert l(StatelessProcessGroup.recv!(group, t([[0, 0]], :s32), 0)) == [[1, 2]]
      end
    end)
  end

  test "a barrier, and one that nobody else comes to", %{both: both} do
    both.(fn group, rank ->
      assert StatelessProcessGroup.barrier(group) == {:ok, nil}
      assert StatelessProcessGroup.barrier!(group, 10) == nil
      assert StatelessProcessGroup.barrier!(group, timeout: 10.0) == nil

      if rank == 0 do
        late = StatelessProcessGroup.barrier(group, timeout: 0.3, __runtime__: [timeout: 1_000])
        assert {:error, %Error{message: message}} = late
        assert message =~ "rank 1" or message =~ "[1]"
      end
    end)
  end

  test "are made over a store, and end", %{both: both} do
    {host, port} = rendezvous_address()

    both.(fn _group, rank ->
      assert {:ok, group} = StatelessProcessGroup.create(host, port, rank, 2)
      assert StatelessProcessGroup.barrier!(group) == nil
      assert StatelessProcessGroup.destroy(group) == {:ok, nil}
      assert {:error, %Error{reason: "group_destroyed"}} = StatelessProcessGroup.barrier(group)

      store = Vllm.call!("torch.distributed.HashStore", [])
      assert {:ok, alone} = StatelessProcessGroup.new(0, 1, store, 60, 5.0)
      assert StatelessProcessGroup.all_gather_obj(alone, rank) == {:ok, [rank]}
      assert {:error, %Error{}} = StatelessProcessGroup.new(1, 1, store, 60, timeout: 5.0)
    end)
  end

  test "process groups of torch", %{both: both} do
    {host, port} = rendezvous_address()

    both.(fn _group, rank ->
      assert {:ok, pg} =
               Distributed.stateless_init_torch_distributed_process_group(
                 host,
                 port,
                 rank,
                 2,
                 "gloo",
                 group_name: "mine",
                 timeout: 30_000
               )

      assert %ProcessGroup{world_size: 2, rank_in_group: ^rank, backend: "gloo"} = pg
      assert Distributed.in_the_same_node_as(pg, 1) == {:ok, [true, true]}
      assert Distributed.stateless_destroy_torch_distributed_process_group(pg) == {:ok, nil}
      assert Distributed.stateless_destroy_torch_distributed_process_group!(pg) == nil

      of_the_world = Vllm.Distributed.GroupCoordinator.cpu_group!(Distributed.get_world_group!())

      assert {:error, %Error{reason: "invalid_argument"}} =
               Distributed.stateless_destroy_torch_distributed_process_group(of_the_world)
    end)
  end

  test "a group over a store of its own", %{both: both} do
    both.(fn _group, _rank ->
      store = Vllm.call!("torch.distributed.HashStore", [])
      prefix = Vllm.call!("torch.distributed.PrefixStore", ["mine", store])
      assert {:ok, pg} = Distributed.init_gloo_process_group(prefix, 0, 1, 5_000)
      assert %ProcessGroup{world_size: 1, rank_in_group: 0} = pg
      assert Distributed.stateless_destroy_torch_distributed_process_group!(pg) == nil
      # A member that does not come is noticed when the time is over.
      {:error, error} = Distributed.init_gloo_process_group(prefix, 0, 2, timeout: 300)
      assert error.category == :python_error and error.message =~ "0.3"
    end)
  end
end
