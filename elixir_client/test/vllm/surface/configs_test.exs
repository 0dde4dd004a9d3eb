Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.ConfigsTest do
  # Configurations: validated by a rank, with all that follows from them.
  use Vllm.SurfaceCase

  alias Vllm.Config.{EPLBConfig, ParallelConfig}
  alias Vllm.Distributed.ProcessGroup

  setup_all do
    %{world: start_world!(data_parallel_size: 2)}
  end

  test "what follows from the sizes" do
    assert {:ok, %ParallelConfig{} = config} =
             ParallelConfig.new(
               tensor_parallel_size: 4,
               pipeline_parallel_size: 2,
               data_parallel_size: 2,
               data_parallel_size_local: 2,
               decode_context_parallel_size: 2,
               enable_expert_parallel: true,
               cp_kv_cache_interleave_size: 4
             )

    assert {config.tensor_parallel_size, config.world_size, config.data_parallel_index} ==
             {4, 8, 0}

    assert config.world_size_across_dp == 16
    assert ParallelConfig.world_size_across_dp(config) == {:ok, 16}
    assert ParallelConfig.local_world_size(config) == {:ok, 8}
    assert ParallelConfig.nnodes_within_dp(config) == {:ok, 1}
    assert ParallelConfig.node_rank_within_dp(config) == {:ok, 0}
    assert ParallelConfig.local_engines_only(config) == {:ok, false}
    assert ParallelConfig.use_ray(config) == {:ok, false}
    assert ParallelConfig.use_sequence_parallel_moe(config) == {:ok, true}
    assert ParallelConfig.use_ubatching(config) == {:ok, false}
    assert ParallelConfig.num_ubatches(config) == {:ok, 0}
    assert ParallelConfig.check_kv_cache_block_size(config, 16) == {:ok, nil}

    assert {:error, %Error{reason: "invalid_argument"} = error} =
             ParallelConfig.check_kv_cache_block_size(config, block_size: 6)

    assert error.message =~ "6" and error.message =~ "4"
    assert {:ok, port} = ParallelConfig.get_next_dp_init_port(config)
    assert port in 1..65_535 and port != ParallelConfig.get_next_dp_init_port!(config)
  end

  test "two micro batches" do
    assert {:ok, config} = ParallelConfig.new(enable_dbo: true)

    assert {ParallelConfig.use_ubatching!(config), ParallelConfig.num_ubatches!(config)} ==
             {true, 2}

    assert {config.use_ubatching, config.num_ubatches} == {true, 2}
  end

  test "replicas' balancers" do
    fields = [data_parallel_size: 2, data_parallel_external_lb: true, data_parallel_rank: 1]
    assert {:ok, config} = ParallelConfig.new(fields)
    assert ParallelConfig.local_engines_only!(config)
    assert config.data_parallel_index == 1
  end

  test "the hash is that of the computation" do
    hash = fn fields -> fields |> ParallelConfig.new!() |> ParallelConfig.compute_hash!() end
    assert hash.([]) =~ ~r/\A[0-9a-f]{64}\z/
    assert hash.([]) == hash.(master_port: 12_345)
    assert hash.([]) != hash.(tensor_parallel_size: 2)
  end

  test "what makes no sense is refused, with field, value and rule" do
    for {fields, words} <- [
          {[tensor_parallel_size: 0], ["tensor_parallel_size", "0"]},
          {[decode_context_parallel_size: 2], ["decode_context", "2"]},
          {[data_parallel_external_lb: true], ["data_parallel"]},
          {[data_parallel_size: 2, data_parallel_rank: 2], ["data_parallel_rank", "2"]},
          {[enable_eplb: true], ["eplb"]}
        ] do
      assert {:error, %Error{} = error} = ParallelConfig.new(fields)
      for word <- words, do: assert(error.message =~ word)
    end

    assert {:error, %Error{category: :validation}} = ParallelConfig.new(bogus: 1)
    assert {:error, %Error{category: :validation}} = ParallelConfig.new(nnodes: "two")
    assert_raise Error, fn -> ParallelConfig.new!(nnodes: 0) end
  end

  test "balancing of experts" do
    assert {:ok, %EPLBConfig{window_size: 500} = eplb} =
             EPLBConfig.new(window_size: 500, num_redundant_experts: 2)

    assert {eplb.step_interval, eplb.num_redundant_experts, eplb.policy} == {3000, 2, "default"}
    assert {:ok, communicator} = EPLBConfig.communicator_in_use(eplb)
    assert communicator == eplb.communicator_in_use and is_binary(communicator)

    assert EPLBConfig.new!(communicator: "torch_gloo") |> EPLBConfig.communicator_in_use!() ==
             "torch_gloo"

    assert {:error, %Error{} = error} = EPLBConfig.new(window_size: 0)
    assert error.message =~ "window_size"

    # As the object, and as its fields.
    assert %{eplb_config: %EPLBConfig{window_size: 500}} =
             ParallelConfig.new!(eplb_config: EPLBConfig.new!(window_size: 500))

    assert %{eplb_config: %EPLBConfig{window_size: 600}} =
             ParallelConfig.new!(eplb_config: [window_size: 600])
  end

  test "what replicas agree on", %{world: world} do
    {host, port} = rendezvous_address()

    World.run!(world, fn rank ->
      config =
        ParallelConfig.new!(
          data_parallel_size: 2,
          data_parallel_size_local: 2,
          data_parallel_rank: rank,
          data_parallel_master_ip: host,
          data_parallel_master_port: port
        )

      assert {:ok, %ProcessGroup{} = group} = ParallelConfig.stateless_init_dp_group(config)
      assert ParallelConfig.has_unfinished_dp(group, rank == 1) == {:ok, true}
      assert ParallelConfig.has_unfinished_dp(group, has_unfinished: false) == {:ok, false}
      assert ParallelConfig.sync_kv_cache_memory_size(group, 100 + rank) == {:ok, 100}
      assert ParallelConfig.sync_kv_cache_memory_size(group, -1) == {:ok, -1}
      assert ParallelConfig.sync_dp_state(group, false, rank == 0) == {:ok, {true, false}}

      assert ParallelConfig.sync_dp_state(group, false, pending_pause: true) ==
               {:ok, {false, true}}

      assert {:error, %Error{}} = ParallelConfig.sync_kv_cache_memory_size(group, -2)
      Distributed.stateless_destroy_torch_distributed_process_group!(group)
    end)
  end
end
