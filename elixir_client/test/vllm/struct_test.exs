defmodule Vllm.StructTest do
  # Objects of exposed classes as structs, on a real rank.
  use ExUnit.Case, async: true

  alias Vllm.Config.{EPLBConfig, ParallelConfig}
  alias Vllm.Distributed

  alias Vllm.Distributed.{
    GraphCaptureContext,
    MessageQueue,
    ParallelSizes,
    StatelessGroupCoordinator,
    StatelessProcessGroup,
    TensorMetadata,
    Topology
  }

  setup do
    {:ok, session} = Vllm.Session.open()
    on_exit(fn -> Vllm.Session.close(session) end)
    %{session: session}
  end

  describe "a configuration" do
    test "is checked by a rank and shows all that follows", %{session: session} do
      in_session(session, fn ->
        {:ok, config} =
          ParallelConfig.new(
            tensor_parallel_size: 2,
            pipeline_parallel_size: 3,
            data_parallel_size: 4,
            distributed_executor_backend: "mp",
            enable_dbo: true
          )

        assert %ParallelConfig{
                 ref: %Vllm.Ref{type_name: "vllm_distributed.config.parallel.ParallelConfig"},
                 tensor_parallel_size: 2,
                 data_parallel_backend: "mp",
                 distributed_executor_backend: "mp",
                 is_moe_model: nil,
                 numa_bind_nodes: nil,
                 world_size: 6,
                 world_size_across_dp: 24,
                 use_ubatching: true,
                 num_ubatches: 2,
                 use_ray: false,
                 nnodes_within_dp: 1,
                 local_world_size: 6,
                 eplb_config: %EPLBConfig{window_size: 1000, communicator_in_use: "torch_gloo"}
               } = config

        assert Enum.all?(Map.keys(config), &Map.has_key?(%ParallelConfig{}, &1))
        assert ParallelConfig.world_size_across_dp(config) == {:ok, 24}
        assert ParallelConfig.world_size_across_dp(config.ref) == {:ok, 24}
        assert ParallelConfig.check_kv_cache_block_size(config, block_size: 16) == {:ok, nil}
      end)
    end

    test "takes a part as a struct, a ref, a map or a keyword list", %{session: session} do
      in_session(session, fn ->
        part = EPLBConfig.new!(window_size: 7, communicator: "nixl")
        assert part.communicator == "nixl" and part.step_interval == 3000

        for given <- [part, part.ref, %{window_size: 7}, %{"window_size" => 7}, [window_size: 7]] do
          assert {:ok, config} = ParallelConfig.new(eplb_config: given)
          assert config.eplb_config.window_size == 7
        end
      end)
    end

    test "that breaks a rule is refused with field, value and rule" do
      assert {:error, %Vllm.Error{category: :python_error, reason: "invalid_argument"} = error} =
               ParallelConfig.new(tensor_parallel_size: 0)

      assert error.message =~ "tensor_parallel_size=0"
      assert error.details["fields"] == ["tensor_parallel_size"]

      assert {:error, %{reason: "invalid_argument", message: message}} =
               ParallelConfig.new(tensor_parallel_size: 2, decode_context_parallel_size: 3)

      assert message =~ "decode_context_parallel_size=3 must divide tensor_parallel_size=2"

      assert {:error, %{category: :validation, message: message}} =
               ParallelConfig.new(eplb_config: [windowsize: 7])

      assert message =~ "has no field :windowsize that can be given"
      assert {:error, %{message: message}} = ParallelConfig.new(world_size: 7)
      assert message =~ "takes no keyword world_size"
      assert {:error, %{category: :validation}} = ParallelConfig.new(2)
    end

    test "can be made the current one", %{session: session} do
      in_session(session, fn ->
        config = ParallelConfig.new!(tensor_parallel_size: 2)
        assert Distributed.get_current_parallel_config_or_none() == {:ok, nil}

        assert {:ok, {:ok, %ParallelConfig{ref: ref, world_size: 2}}} =
                 Distributed.set_current_parallel_config(config, fn _config ->
                   Distributed.get_current_parallel_config_or_none()
                 end)

        assert ref == config.ref
        assert {:ok, :ran} = Distributed.set_current_parallel_config(nil, fn -> :ran end)
      end)
    end
  end

  describe "plain data" do
    test "travels with its values, in any session", %{session: session} do
      sizes = ParallelSizes.new!(tensor: 2, pipeline: 4)

      assert sizes == %ParallelSizes{
               tensor: 2,
               pipeline: 4,
               data: 1,
               prefill_context: 1,
               decode_context: 1,
               replica_size: 8
             }

      in_session(session, fn ->
        assert {:ok, %Topology{world_size: 16, external_data: 2, sizes: ^sizes} = topology} =
                 Topology.new(16, sizes)

        assert Topology.coordinates(topology, 13) == {:ok, {1, 0, 2, 0, 1}}
        assert {:ok, ^topology} = Topology.new(16, %ParallelSizes{tensor: 2, pipeline: 4})
      end)

      assert ParallelSizes.as_dict(sizes) ==
               {:ok, %{"tensor" => 2, "pipeline" => 4} |> Map.merge(ones())}

      assert {:error, %{reason: "invalid_parallel_size", message: message}} =
               Topology.new(9, %{tensor: 2})

      assert message =~ "a world of 9 ranks"
      assert {:error, %{reason: "missing_argument"}} = Topology.tensor_groups(%{world_size: 2})

      assert {:ok, %TensorMetadata{device: "cpu", dtype: "bf16", size: []}} =
               TensorMetadata.new("cpu", "torch.bfloat16", [])

      assert {:error, %{message: message}} = TensorMetadata.new("cpu", :f33, [])
      assert message =~ "argument dtype must be a dtype"
    end

    defp ones, do: %{"data" => 1, "prefill_context" => 1, "decode_context" => 1}
  end

  describe "an object with a handle" do
    test "shows its facts and is passed back as a struct", %{session: session} do
      in_session(session, fn ->
        assert {:ok, %StatelessProcessGroup{rank: 0, world_size: 1} = group} =
                 StatelessProcessGroup.create("127.0.0.1", 0, 0, 1, data_expiration_seconds: 60)

        assert group.data_expiration_seconds == 60
        assert StatelessProcessGroup.all_gather_obj(group, {1, nil}) == {:ok, [{1, nil}]}
        assert Distributed.in_the_same_node_as(group) == {:ok, [true]}

        queue = MessageQueue.new!(0, 0)
        assert %MessageQueue{is_writer: true} = queue
        assert MessageQueue.is_writer(queue) == {:ok, true}
        assert MessageQueue.shutdown(queue) == {:ok, nil}

        assert {:ok, %GraphCaptureContext{stream: nil}} = GraphCaptureContext.new(nil)
        assert {:ok, %Vllm.Ref{}} = Distributed.suppress_stdout()
      end)
    end

    test "of a class with a base works with the functions of both", %{session: session} do
      in_session(session, fn ->
        assert {:ok, %StatelessGroupCoordinator{} = group} =
                 StatelessGroupCoordinator.new([[0]], 0, :gloo, true, group_ports: [[0]])

        assert %{unique_name: "anonymous:" <> _, ranks: [0], device: "cpu", backend: "gloo"} =
                 group

        assert %StatelessProcessGroup{world_size: 1} = group.tcp_store_group
        assert StatelessGroupCoordinator.size(group) == {:ok, 1}
        tensor = Vllm.Tensor.new([1.0, 2.0], :f32)

        for module <- [Vllm.Distributed.GroupCoordinator, StatelessGroupCoordinator] do
          assert {:ok, sum} = module.all_reduce(group, tensor)
          assert Vllm.Tensor.to_list(sum) == [1.0, 2.0]
          assert module.is_first_rank(group) == {:ok, true}

          assert {:ok, %Vllm.Distributed.DeviceCommunicatorBase{}} =
                   module.device_communicator(group)

          assert module.mq_broadcaster(group) == {:ok, nil}
          assert module.barrier!(group) == nil
        end

        assert StatelessGroupCoordinator.destroy(group) == {:ok, nil}
      end)
    end

    test "of another class is refused", %{session: session} do
      in_session(session, fn ->
        config = EPLBConfig.new!()
        assert {:error, %{reason: "wrong_type"}} = MessageQueue.is_writer(config)
        assert {:error, %{category: :validation, message: message}} = MessageQueue.is_writer(7)
        assert message =~ "must be a Vllm.Distributed.MessageQueue of a rank"
      end)
    end
  end

  test "arguments have places or names, mixed as in Python" do
    answer = {:ok, {0, 15}}
    assert Distributed.get_pp_indices(61, 0, 4) == answer
    assert Distributed.get_pp_indices(61, 0, pp_size: 4) == answer
    assert Distributed.get_pp_indices(61, pp_rank: 0, pp_size: 4) == answer
    assert Distributed.get_pp_indices(num_hidden_layers: 61, pp_rank: 0, pp_size: 4) == answer
    assert Distributed.get_pp_indices(61, 0, 4, __runtime__: [timeout: 9_000]) == answer
    assert Distributed.get_pp_indices!(pp_size: 4, num_hidden_layers: 61, pp_rank: 0) == {0, 15}

    assert {:error, %{message: message}} = Distributed.get_pp_indices(61)
    assert message =~ "argument pp_rank is missing"
    assert {:error, %{message: message}} = Distributed.get_pp_indices(61, 0, pp_rank: 0)
    assert message =~ "argument pp_rank is given twice"
    refute function_exported?(Distributed, :get_pp_indices, 0)
  end

  defp in_session(session, fun), do: Vllm.Session.with_session(session, fun)
end
