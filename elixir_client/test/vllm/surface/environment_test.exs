Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.EnvironmentTest do
  # Groups of the module: what it has of them, how they come and how they go.
  use Vllm.SurfaceCase

  alias Vllm.Distributed.GroupCoordinator

  setup_all do
    two_by_two = [tensor_parallel_size: 2, pipeline_parallel_size: 2]

    %{
      world: start_world!([decode_context_parallel_size: 2] ++ two_by_two),
      pair: start_world!(tensor_parallel_size: 2)
    }
  end

  describe "in a world of four, two by two" do
    test "groups and their ranks", %{world: world} do
      World.run!(world, fn rank ->
        tensor = if rank < 2, do: [0, 1], else: [2, 3]
        pipeline = if rem(rank, 2) == 0, do: [0, 2], else: [1, 3]

        for {{:ok, group}, ranks, name} <- [
              {Distributed.get_world_group(), [0, 1, 2, 3], "world:0"},
              {Distributed.get_tp_group(), tensor, "tp:0"},
              {Distributed.get_pp_group(), pipeline, "pp:0"},
              {Distributed.get_dcp_group(), tensor, "dcp:0"},
              {Distributed.get_etp_group(), tensor, "tp:0"},
              {Distributed.get_context_model_parallel_group(), tensor, "dcp:0"},
              {Distributed.get_pcp_group(), [rank], "pcp:0"},
              {Distributed.get_dp_group(), [rank], "dp:0"},
              {Distributed.get_ep_group(), tensor, "ep:0"}
            ] do
          assert %GroupCoordinator{ranks: ^ranks, unique_name: ^name, rank: ^rank} = group
          assert group.rank_in_group == Enum.find_index(ranks, &(&1 == rank))
        end

        for {result, words} <- [
              {Distributed.get_eplb_group(), "expert load balancing group"},
              {Distributed.get_inner_dp_world_group(), "inner"}
            ] do
          assert {:error, %Error{category: :python_error} = error} = result
          assert error.message =~ words
        end
      end)
    end

    test "numbers", %{world: world} do
      World.run!(world, fn rank ->
        {stage, shard} = {div(rank, 2), rem(rank, 2)}
        assert Distributed.get_tensor_model_parallel_rank() == {:ok, shard}
        assert Distributed.get_tensor_model_parallel_world_size() == {:ok, 2}
        assert Distributed.get_pipeline_model_parallel_rank() == {:ok, stage}
        assert Distributed.get_decode_context_model_parallel_rank() == {:ok, shard}
        assert Distributed.get_decode_context_model_parallel_world_size() == {:ok, 2}
        assert Distributed.get_dcp_world_size_and_rank() == {:ok, {2, shard}}
        assert Distributed.get_dcp_world_size_and_rank(false) == {:ok, {1, 0}}
        assert Distributed.get_dcp_world_size_and_rank(enabled: true) == {:ok, {2, shard}}
        assert Distributed.get_node_count() == {:ok, 1}
        assert Distributed.is_global_first_rank() == {:ok, rank == 0}
        assert Distributed.is_local_first_rank() == {:ok, rank == 0}
        assert Distributed.model_parallel_is_initialized() == {:ok, true}
      end)
    end

    test "tensor parallel operations", %{world: world} do
      World.run!(world, fn rank ->
        {stage, shard} = {div(rank, 2), rem(rank, 2)}
        pair = [2.0 * stage, 2.0 * stage + 1]
        total = Enum.sum(pair)
        mine = t([[rank]])
        assert l(Distributed.tensor_model_parallel_all_reduce!(mine)) == [[total]]
        assert l(Distributed.tensor_model_parallel_all_reduce!(input_: mine)) == [[total]]
        assert l(Distributed.tensor_model_parallel_all_gather!(mine)) == [pair]
        assert l(Distributed.tensor_model_parallel_all_gather!(mine, 0)) == Enum.map(pair, &[&1])
        assert l(Distributed.tensor_model_parallel_all_gather!(mine, dim: 1)) == [pair]

        both = t([[rank, 10 * rank]])
        part = if shard == 0, do: total, else: 10 * total
        assert l(Distributed.tensor_model_parallel_reduce_scatter!(both)) == [[part]]
        assert l(Distributed.tensor_model_parallel_reduce_scatter!(both, 1)) == [[part]]
        assert l(Distributed.tensor_model_parallel_reduce_scatter!(both, dim: -1)) == [[part]]

        on = fn dst, list -> if shard == dst, do: {:ok, t(list)}, else: {:ok, nil} end
        assert Distributed.tensor_model_parallel_gather(mine) == on.(0, [pair])
        assert Distributed.tensor_model_parallel_gather(mine, 1) == on.(1, [pair])

        assert Distributed.tensor_model_parallel_gather(mine, 1, 0) ==
                 on.(1, Enum.map(pair, &[&1]))

        assert Distributed.tensor_model_parallel_gather(mine, dst: 1, dim: 1) == on.(1, [pair])

        dict = if shard == 0, do: %{"t" => mine, "stage" => stage}
        expected = %{"t" => [[2.0 * stage]], "stage" => stage}
        assert l(Distributed.broadcast_tensor_dict!(dict)) == expected
        assert l(Distributed.broadcast_tensor_dict!(dict, 0)) == expected
        assert l(Distributed.broadcast_tensor_dict!(tensor_dict: dict, src: 0)) == expected
      end)
    end

    test "custom operators, by the group's name", %{world: world} do
      World.run!(world, fn rank ->
        {stage, shard} = {div(rank, 2), rem(rank, 2)}
        pair = [2.0 * stage, 2.0 * stage + 1]
        total = Enum.sum(pair)
        mine = t([[rank, rank]])
        assert l(Distributed.all_reduce!(mine, "tp:0")) == [[total, total]]
        assert l(Distributed.all_gather!(mine, 0, 2, "tp:0")) == Enum.map(pair, &[&1, &1])
        assert l(Distributed.reduce_scatter!(mine, 1, 2, "tp:0")) == [[total]]

        assert Tensor.shape(Distributed.all_reduce_fake!(mine, "tp:0")) == {1, 2}
        assert Tensor.shape(Distributed.all_gather_fake!(mine, 0, 2, "tp:0")) == {2, 2}
        assert Tensor.shape(Distributed.reduce_scatter_fake!(mine, -1, 2, "tp:0")) == {1, 1}

        assert {:error, %Error{reason: "group_not_initialized"} = error} =
                 Distributed.all_reduce(mine, "tp:7")

        assert error.message =~ "tp:0"
        assert {:error, %Error{}} = Distributed.all_gather(mine, 0, 3, "tp:0")

        # Two rows and two columns; each rank gets one row of the sum over the pair.
        a = t([[1, 0], [0, 1]])
        b = t([[rank, 1], [2, rank]])
        one = t([1])
        row = Enum.at([[total, 2.0], [4.0, total]], shard)
        args = [a, b, one, one, "sum", 0, 0, "tp:0", [2, 2]]
        assert l(apply(&Distributed.patched_fused_scaled_matmul_reduce_scatter!/9, args)) == [row]

        {shape, more} = {[2, 2], [out_dtype: :f64, result_scale: t([2])]}

        assert {:ok, mean} =
                 Distributed.patched_fused_scaled_matmul_reduce_scatter(
                   a,
                   b,
                   one,
                   one,
                   "avg",
                   0,
                   0,
                   "tp:0",
                   shape,
                   t([1, 1]),
                   more
                 )

        assert {mean.dtype, l(mean)} == {:f64, [Enum.map(row, &(&1 + 2))]}

        assert {:ok, fake} =
                 Distributed.patched_fused_scaled_matmul_reduce_scatter_fake(
                   a,
                   b,
                   one,
                   one,
                   "sum",
                   0,
                   0,
                   "tp:0",
                   shape,
                   out_dtype: :bf16
                 )

        assert {Tensor.shape(fake), fake.dtype} == {{1, 2}, :bf16}

        assert {:error, %Error{reason: "invalid_argument"}} =
                 Distributed.patched_fused_scaled_matmul_reduce_scatter(
                   a,
                   b,
                   one,
                   one,
                   "max",
                   0,
                   0,
                   "tp:0",
                   shape
                 )
      end)
    end

    test "no operator of one's own: a function is no argument", %{world: world} do
      World.run!(world, fn _rank ->
        {:ok, function} =
          Distributed.resolve_obj_by_qualname("vllm_distributed.tensor_model_parallel_all_reduce")

        assert {:error, %Error{reason: "name_not_allowed"} = error} =
                 Distributed.direct_register_custom_op("of_elixir", function, [])

        assert error.message =~ "sent nowhere"

        assert {:error, %Error{}} =
                 Distributed.direct_register_custom_op("of_elixir", 1, mutates_args: [])
      end)
    end

    test "blocks around groups", %{world: world} do
      World.run!(world, fn _rank ->
        alone = Distributed.get_dp_group!()
        size = fn _ -> Distributed.get_tensor_model_parallel_world_size!() end
        assert Distributed.patch_tensor_parallel_group(alone, size) == {:ok, 1}

        nested = fn _ -> Distributed.patch_tensor_parallel_group(alone, size) end
        assert {:ok, {:error, %Error{}}} = Distributed.patch_tensor_parallel_group(alone, nested)
        assert size.(nil) == 2

        all_reduce = fn _ -> l(Distributed.tensor_model_parallel_all_reduce!(t([1]))) end
        assert Distributed.graph_capture("cpu", all_reduce) == {:ok, [2.0]}
        # There is no CUDA device here.
        assert {:error, %Error{reason: "invalid_argument"} = error} =
                 Distributed.graph_capture("cuda:7", all_reduce)

        assert error.message =~ "cuda:7"
      end)
    end

    test "what prepares, and what asks for the node", %{world: world} do
      World.run!(world, fn _rank ->
        assert Distributed.prepare_communication_buffer_for_model(model()) == {:ok, nil}
        assert {:error, %Error{}} = Distributed.prepare_communication_buffer_for_model(nil)
        assert Distributed.set_custom_all_reduce(false) == {:ok, nil}
        assert Distributed.set_custom_all_reduce(enable: true) == {:ok, nil}
        assert {:error, %Error{category: :validation}} = Distributed.set_custom_all_reduce(1)

        pg = GroupCoordinator.cpu_group!(Distributed.get_world_group!())
        everybody = {:ok, [true, true, true, true]}
        assert Distributed.in_the_same_node_as(pg) == everybody
        assert Distributed.in_the_same_node_as(pg, 3) == everybody
        assert Distributed.in_the_same_node_as(pg, source_rank: 1) == everybody
        assert {:error, %Error{}} = Distributed.in_the_same_node_as(pg, 4)
      end)
    end

    test "groups besides those of the module", %{world: world} do
      World.run!(world, fn rank ->
        assert {:ok, world_group} = Distributed.init_world_group([0, 1, 2, 3], rank, "gloo")
        assert world_group.world_size == 4
        assert l(GroupCoordinator.all_reduce!(world_group, t([1]))) == [4.0]

        halves = [[0, 3], [1, 2]]
        assert {:ok, half} = Distributed.init_model_parallel_group(halves, rank, "gloo")
        assert half.ranks == Enum.find(halves, &(rank in &1))

        assert {:ok, named} =
                 Distributed.init_model_parallel_group(halves, rank, "gloo", true,
                   group_name: "half"
                 )

        assert named.unique_name == "half:0"
        assert {:ok, queue} = GroupCoordinator.mq_broadcaster(named)
        assert a?(queue, Distributed.MessageQueue)
        assert Distributed.MessageQueue.is_writer!(queue) == (named.rank_in_group == 0)
        assert GroupCoordinator.broadcast_object!(named, rank) == hd(named.ranks)

        for group <- [world_group, half, named],
            do: assert(GroupCoordinator.destroy!(group) == nil)

        assert {:error, %Error{reason: "invalid_rank"}} =
                 Distributed.init_model_parallel_group([[0, 1, 2, 3], [0]], rank, "gloo")
      end)
    end
  end

  describe "replicas" do
    test "data parallel groups, and those of experts' loads" do
      world = start_world!(tensor_parallel_size: 2, data_parallel_size: 2)

      World.run!(world, fn rank ->
        assert %{ranks: [0, 1, 2, 3]} = Distributed.get_ep_group!()
        assert %{ranks: ranks} = Distributed.get_dp_group!()
        assert ranks == [rem(rank, 2), rem(rank, 2) + 2]
      end)

      # The same ranks, in another layout.
      World.run!(world, fn rank ->
        assert Distributed.destroy_model_parallel() == {:ok, nil}
        assert Distributed.model_parallel_is_initialized() == {:ok, false}
        assert {:error, %Error{reason: "group_not_initialized"}} = Distributed.get_tp_group()

        assert Distributed.initialize_model_parallel(2, 1, 1, 1, "gloo",
                 data_parallel_size: 2,
                 is_moe_model: true,
                 enable_eplb: true
               ) == {:ok, nil}

        assert {:ok, %GroupCoordinator{ranks: [0, 1, 2, 3]}} = Distributed.get_eplb_group()
        assert Distributed.get_tensor_model_parallel_rank() == {:ok, rem(rank, 2)}
      end)
    end
  end

  describe "an environment" do
    test "goes, and comes again", %{pair: world} do
      {host, port} = rendezvous_address()

      World.run!(world, fn rank ->
        assert Distributed.ensure_model_parallel_initialized(2, 1) == {:ok, nil}
        assert Distributed.ensure_model_parallel_initialized(2, 1, 1, 1, "gloo") == {:ok, nil}

        assert {:error, %Error{} = error} =
                 Distributed.ensure_model_parallel_initialized(1, 2,
                   decode_context_model_parallel_size: 1
                 )

        assert error.message =~ "2"

        assert Distributed.cleanup_dist_env_and_memory(false) == {:ok, nil}
        assert Distributed.cleanup_dist_env_and_memory() == {:ok, nil}
        assert Distributed.destroy_model_parallel() == {:ok, nil}
        assert Distributed.destroy_distributed_environment() == {:ok, nil}

        assert {:error, %Error{reason: "environment_not_initialized"}} =
                 Distributed.get_world_group()

        assert Distributed.is_global_first_rank() == {:ok, true}
        assert Distributed.is_local_first_rank() == {:ok, true}
        assert Distributed.broadcast_tensor_dict(%{"a" => 1}) == {:ok, %{"a" => 1}}

        {:ok, place} = Distributed.get_distributed_init_method(host, port)

        assert Distributed.init_distributed_environment(2, rank, place, rank, "gloo", 30_000) ==
                 {:ok, nil}

        # Model parallel groups need sizes that fit; the corrected call works.
        assert {:error, %Error{reason: "invalid_parallel_size"}} =
                 Distributed.initialize_model_parallel(3)

        assert Distributed.initialize_model_parallel(tensor_model_parallel_size: 2) == {:ok, nil}
        assert l(Distributed.tensor_model_parallel_all_reduce!(t([rank]))) == [1.0]
        Distributed.destroy_model_parallel!()
        assert Distributed.initialize_model_parallel(1, 2) == {:ok, nil}
        assert Distributed.get_pipeline_model_parallel_rank() == {:ok, rank}
        Distributed.destroy_model_parallel!()
        assert Distributed.initialize_model_parallel() == {:ok, nil}
        assert Distributed.get_tensor_model_parallel_world_size() == {:ok, 1}
        assert Distributed.destroy_distributed_environment() == {:ok, nil}
      end)
    end
  end

  describe "a rank on its own" do
    setup do
      %{session: open_session!()}
    end

    test "is a world of one", %{session: session} do
      {host, port} = rendezvous_address()

      Vllm.Session.with_session(session, fn ->
        assert {:error, %Error{reason: "group_not_initialized"}} = Distributed.get_tp_group()

        assert Distributed.init_distributed_environment(
                 world_size: 1,
                 rank: 0,
                 distributed_init_method: "tcp://#{host}:#{port}",
                 backend: "gloo"
               ) == {:ok, nil}

        assert Distributed.ensure_model_parallel_initialized(1, 1, backend: "gloo") == {:ok, nil}
        assert {:ok, %{world_size: 1, ranks: [0]}} = Distributed.get_tp_group()
        assert Distributed.tensor_model_parallel_all_reduce(t([5])) == {:ok, t([5])}
        # Ray is not installed here, and then nothing is undone.
        assert {:error, %Error{reason: "library_missing"}} =
                 Distributed.cleanup_dist_env_and_memory(true)

        assert Distributed.model_parallel_is_initialized() == {:ok, true}
        assert Distributed.cleanup_dist_env_and_memory(shutdown_ray: false) == {:ok, nil}
        assert Distributed.model_parallel_is_initialized() == {:ok, false}
      end)
    end
  end
end
