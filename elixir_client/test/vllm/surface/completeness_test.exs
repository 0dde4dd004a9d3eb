Code.require_file("surface_case.exs", __DIR__)
Code.require_file("calls_in_source.exs", __DIR__)

defmodule Vllm.Surface.CompletenessTest do
  # Every generated function is called by a test of this folder, on real ranks. Calls are found in the
  # parsed source: what is only named in text does not count.
  use ExUnit.Case, async: true

  alias Vllm.Surface.CallsInSource

  # Functions that no test here can call, with the reason. One that a test does call must go from here.
  @exceptions %{}

  # What callers of Vllm.Distributed use today: numbers of arguments, the options included.
  @arities [
    all_gather: 4..5,
    all_gather_fake: 4..5,
    all_reduce: 2..3,
    all_reduce_fake: 2..3,
    broadcast_tensor_dict: 0..3,
    cleanup_dist_env_and_memory: 0..2,
    destroy_distributed_environment: 0..1,
    destroy_model_parallel: 0..1,
    direct_register_custom_op: 2..8,
    divide: 2..3,
    ensure_divisibility: 2..3,
    ensure_model_parallel_initialized: 2..6,
    get_context_model_parallel_group: 0..1,
    get_dcp_group: 0..1,
    get_decode_context_model_parallel_rank: 0..1,
    get_decode_context_model_parallel_world_size: 0..1,
    get_distributed_init_method: 2..3,
    get_dp_group: 0..1,
    get_ep_group: 0..1,
    get_inner_dp_world_group: 0..1,
    get_node_count: 0..1,
    get_pcp_group: 0..1,
    get_pp_group: 0..1,
    get_pp_indices: 3..4,
    get_tcp_uri: 2..3,
    get_tensor_model_parallel_rank: 0..1,
    get_tensor_model_parallel_world_size: 0..1,
    get_tp_group: 0..1,
    get_world_group: 0..1,
    graph_capture: 1..2,
    in_the_same_node_as: 1..3,
    init_distributed_environment: 0..7,
    init_gloo_process_group: 4..5,
    init_logger: 1..2,
    init_model_parallel_group: 3..7,
    init_world_group: 3..4,
    initialize_model_parallel: 0..6,
    is_global_first_rank: 0..1,
    is_local_first_rank: 0..1,
    is_torch_equal_or_newer: 1..2,
    logger: 0..1,
    model_parallel_is_initialized: 0..1,
    patch_tensor_parallel_group: 1..2,
    patched_fused_scaled_matmul_reduce_scatter: 9..14,
    patched_fused_scaled_matmul_reduce_scatter_fake: 9..14,
    prepare_communication_buffer_for_model: 1..2,
    reduce_scatter: 4..5,
    reduce_scatter_fake: 4..5,
    resolve_obj_by_qualname: 1..2,
    sched_yield: 0..1,
    set_custom_all_reduce: 1..2,
    split_tensor_along_last_dim: 2..4,
    stateless_destroy_torch_distributed_process_group: 1..2,
    stateless_init_torch_distributed_process_group: 5..6,
    suppress_stdout: 0..1,
    tensor_model_parallel_all_gather: 1..3,
    tensor_model_parallel_all_reduce: 1..2,
    tensor_model_parallel_gather: 1..4,
    tensor_model_parallel_reduce_scatter: 1..3,
    use_sched_yield: 0..1
  ]

  # The modules of the surface, and their functions without the ones that raise.
  defp generated do
    {:ok, modules} = :application.get_key(:vllm_distributed, :modules)

    for module <- modules,
        Code.ensure_loaded?(module) and function_exported?(module, :__specs__, 0),
        {name, _arity} <- module.__info__(:functions),
        text = Atom.to_string(name),
        not String.starts_with?(text, "__"),
        not String.ends_with?(text, "!"),
        into: MapSet.new(),
        do: {module, name}
  end

  test "every function is called by a test" do
    generated = generated()
    modules = generated |> Enum.map(&elem(&1, 0)) |> Enum.uniq()
    assert Vllm.Distributed in modules and Vllm.Config.ParallelConfig in modules
    assert length(modules) >= 13 and MapSet.size(generated) >= 220

    called = CallsInSource.in_folder(__DIR__)
    excepted = MapSet.new(Map.keys(@exceptions))
    missing = generated |> MapSet.difference(called) |> MapSet.difference(excepted)
    assert {"no test calls", Enum.sort(missing)} == {"no test calls", []}

    called_after_all = MapSet.intersection(called, excepted)
    assert {"no exception any more", Enum.sort(called_after_all)} == {"no exception any more", []}

    unknown = MapSet.difference(excepted, generated)
    assert {"excepted, does not exist", Enum.sort(unknown)} == {"excepted, does not exist", []}
  end

  test "only calls count" do
    source = """
    defmodule Some.Test do
      alias Vllm.Distributed
      alias Vllm.Distributed.{Handle, MessageQueue, as: Nothing}
      alias Vllm.Distributed.GroupCoordinator, as: Group
      @modules [Group, Handle]
      # Distributed.divide(1, 2)
      @doc "Distributed.get_tp_group()"
      def text, do: "Distributed.get_pp_group()"
      def named, do: :"Distributed.barrier"
      def called(g), do: Distributed.get_dp_group!() && Group.barrier(g)
      def captured, do: &MessageQueue.dequeue!/1
      def of_all(g), do: @module.wait(g)
    end
    """

    alias Vllm.Distributed.{GroupCoordinator, Handle, MessageQueue}

    assert source |> CallsInSource.in_source() |> Enum.sort() ==
             Enum.sort([
               {Vllm.Distributed, :get_dp_group},
               {GroupCoordinator, :barrier},
               {MessageQueue, :dequeue},
               {GroupCoordinator, :wait},
               {Handle, :wait}
             ])
  end

  test "the arities that callers use today" do
    {:module, _} = Code.ensure_loaded(Vllm.Distributed)

    for {name, arities} <- @arities, arity <- arities, suffix <- ["", "!"] do
      assert function_exported?(Vllm.Distributed, :"#{name}#{suffix}", arity), "#{name}/#{arity}"
    end

    assert length(@arities) == 60
  end
end
