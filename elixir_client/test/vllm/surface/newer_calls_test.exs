Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.NewerCallsTest do
  # What vLLM's newest version has: small sums, results in place, memory given back.
  use Vllm.SurfaceCase

  alias Vllm.Config.{EPLBConfig, FaultToleranceConfig, ParallelConfig}

  alias Vllm.Distributed.{
    DeviceCommunicatorBase,
    GroupCoordinator,
    MessageQueue,
    ParallelSizes,
    StatelessGroupCoordinator,
    StatelessProcessGroup,
    Topology
  }

  setup_all do
    %{world: start_world!(tensor_parallel_size: 2)}
  end

  test "small sums, and who is who", %{world: world} do
    World.run!(world, fn rank ->
      group = Distributed.get_tp_group!()
      cpu = GroupCoordinator.cpu_group!(group)
      communicator = GroupCoordinator.device_communicator!(group)
      mine = t([rank, 10])
      assert l(Distributed.cpu_all_reduce_!(mine, cpu)) == [1.0, 20.0]
      assert l(GroupCoordinator.cpu_all_reduce_!(group, mine)) == [1.0, 20.0]
      assert l(DeviceCommunicatorBase.cpu_all_reduce_!(communicator, mine)) == [1.0, 20.0]
      assert GroupCoordinator.device_index!(group) == 0
      assert GroupCoordinator.torch_distributed_backend!(group) == "gloo"
      assert GroupCoordinator.use_custom_op_call!(group)
      assert is_boolean(GroupCoordinator.use_cpu_custom_send_recv!(group))
      assert GroupCoordinator.cpu_timeout!(group) > 0
      assert Distributed.get_worker_rank_suffix!(7) =~ "tp#{rank}"
      assert Distributed.get_engram_dp_group!() == nil
      assert Distributed.get_engram_dp_size!() == 1
    end)
  end

  test "memory is given back and had again", %{world: world} do
    World.run!(world, fn _rank ->
      communicator = GroupCoordinator.device_communicator!(Distributed.get_tp_group!())
      assert Distributed.suspend_device_comms() == {:ok, nil}
      assert Distributed.resume_device_comms() == {:ok, nil}
      assert Distributed.checkpoint_prepare_distributed_state() == {:ok, nil}
      assert Distributed.checkpoint_restore_distributed_state() == {:ok, nil}
      assert DeviceCommunicatorBase.suspend(communicator) == {:ok, nil}
      assert DeviceCommunicatorBase.resume(communicator) == {:ok, nil}
      assert DeviceCommunicatorBase.checkpoint_prepare(communicator) == {:ok, nil}
      assert DeviceCommunicatorBase.checkpoint_restore(communicator) == {:ok, nil}
    end)
  end

  test "configurations", %{world: world} do
    World.run!(world, fn _rank ->
      assert FaultToleranceConfig.new!().engine_recovery_timeout_sec == 120
      assert EPLBConfig.migration_batching_enabled!(EPLBConfig.new!()) == false
      config = ParallelConfig.new!(cpu_distributed_timeout_seconds: 7)
      refute ParallelConfig.use_all2all!(config)
      refute ParallelConfig.use_batched_dp_moe!(config)
      refute ParallelConfig.pcp_shard_decode_requests!(config)
      assert ParallelConfig.get_local_gpu_index!(config, 1) == 1
      assert Distributed.get_distributed_timeout_or_none!() == nil
      assert Distributed.get_cpu_distributed_timeout_or_none!() == nil
      assert Distributed.is_weak_contiguous!(t([1, 2]))
      assert Distributed.verify_group_size_divides_partition(4096, 128) == {:ok, nil}
    end)
  end

  test "ranks that share an embedding table" do
    layout = Topology.new!(4, ParallelSizes.new!(2, 1, 2))
    assert Topology.engram_data_groups!(layout, 2) == {{0, 2}, {1, 3}}
    assert Topology.engram_tensor_groups!(layout, 4) == {{0, 1, 2, 3}}
  end

  test "results in place", %{world: world} do
    World.run!(world, fn rank ->
      group = Distributed.get_tp_group!()
      communicator = GroupCoordinator.device_communicator!(group)
      mine = t([1, 2])
      part = [Enum.at([2.0, 4.0], rank)]

      scatter = GroupCoordinator.reduce_scatterv_into_output!(group, mine, t([0]), 0, [1, 1])
      assert l(scatter) == part
      out = t([0])

      scatter =
        DeviceCommunicatorBase.reduce_scatterv_into_output!(communicator, mine, out, 0, [1, 1])

      assert l(scatter) == part
      shape = [2]

      assert DeviceCommunicatorBase.get_symmetric_memory_buffer!(
               communicator,
               "x",
               shape,
               "float32",
               "cpu"
             ) == nil

      assert DeviceCommunicatorBase.batch_isend_irecv!(communicator, []) == []
      assert GroupCoordinator.allocate_combine_input!(group, shape, "float32", "cpu") != nil
      assert l(GroupCoordinator.combine_into_output!(group, mine, out, sizes: [1, 1])) == part

      memory =
        DeviceCommunicatorBase.allocate_combine_input!(communicator, shape, "float32", "cpu")

      assert memory != nil
      both = [1, 1]

      assert l(DeviceCommunicatorBase.combine_into_output!(communicator, mine, out, sizes: both)) ==
               part
    end)
  end

  test "objects that stand for groups, queues and configurations", %{world: world} do
    World.run!(world, fn _rank ->
      queue = MessageQueue.new!(1, 1)
      assert MessageQueue.n_local_reader!(queue) == 1
      assert MessageQueue.n_remote_reader!(queue) == 0
      refute MessageQueue.shutting_down!(queue)
      MessageQueue.shutdown!(queue)
      assert {:error, %Error{}} = MessageQueue.recv(3, 1.0)

      store = StatelessProcessGroup.create!("127.0.0.1", 0, 0, 1)
      assert StatelessProcessGroup.send_dst_counter!(store) == %{0 => 0}
      assert StatelessProcessGroup.recv_src_counter!(store) == %{0 => 0}
      assert StatelessProcessGroup.broadcast_send_counter!(store) == 0
      assert StatelessProcessGroup.broadcast_recv_src_counter!(store) == %{}
      assert StatelessProcessGroup.entries!(store) == []

      alone = StatelessGroupCoordinator.new!([[0]], 0, "gloo", true, global_rank: 0)
      assert l(StatelessGroupCoordinator.cpu_all_reduce_!(alone, t([1]))) == [1.0]
      assert StatelessGroupCoordinator.cpu_timeout!(alone) > 0
      assert StatelessGroupCoordinator.device_index!(alone) == 0
      assert StatelessGroupCoordinator.torch_distributed_backend!(alone) == "gloo"
      refute StatelessGroupCoordinator.use_cpu_custom_send_recv!(alone)
      assert StatelessGroupCoordinator.use_custom_op_call!(alone)

      assert StatelessGroupCoordinator.allocate_combine_input!(alone, [1], "float32", "cpu") !=
               nil

      one = t([1])
      output = StatelessGroupCoordinator.combine_into_output!(alone, one, t([0]), sizes: [1])
      assert l(output) == [1.0]
      output = StatelessGroupCoordinator.reduce_scatterv_into_output!(alone, one, t([0]), 0)
      assert l(output) == [1.0]

      config = ParallelConfig.new!(cpu_distributed_timeout_seconds: 7)
      assert ParallelConfig.cpu_distributed_timeout!(config) == 7000
      assert ParallelConfig.set_dcp_defaults(config) == {:ok, nil}
      assert ParallelConfig.reconfigure_for_independent_dp_rank(config) == {:ok, nil}
      assert {:ok, _} = Distributed.create_tcp_store("127.0.0.1", 0, is_master: true)
      assert {:error, %Error{}} = Distributed.get_cached_tcp_store_client("127.0.0.1", 70_000)
    end)
  end
end
