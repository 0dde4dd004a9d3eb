"""Examples for the documentation of the Elixir functions.

`ANSWERED` holds examples whose answer is known: they run as doctests against a rank. The other
functions get a call made of `ARGUMENTS`.
"""

from __future__ import annotations

ANSWERED: dict[str, list[tuple[str, str]]] = {
    "divide": [("divide(12, 4)", "{:ok, 3}")],
    "ensure_divisibility": [("ensure_divisibility(12, 4)", "{:ok, nil}")],
    "get_pp_indices": [
        ("get_pp_indices(61, 0, 4)", "{:ok, {0, 15}}"),
        ("get_pp_indices(num_hidden_layers: 10, pp_rank: 3, pp_size: 4)", "{:ok, {8, 10}}"),
    ],
    "get_tcp_uri": [('get_tcp_uri("::1", 29500)', '{:ok, "tcp://[::1]:29500"}')],
    "get_distributed_init_method": [
        (
            'get_distributed_init_method("127.0.0.1", 29500)',
            '{:ok, "tcp://127.0.0.1:29500"}',
        )
    ],
    "is_torch_equal_or_newer": [
        ('is_torch_equal_or_newer("1.13.1")', "{:ok, true}"),
        ('is_torch_equal_or_newer("99.0")', "{:ok, false}"),
    ],
    "model_parallel_is_initialized": [("model_parallel_is_initialized()", "{:ok, false}")],
    "is_global_first_rank": [("is_global_first_rank()", "{:ok, true}")],
    "is_local_first_rank": [("is_local_first_rank()", "{:ok, true}")],
    "get_dcp_world_size_and_rank": [
        ("get_dcp_world_size_and_rank(enabled: false)", "{:ok, {1, 0}}")
    ],
    "get_expert_placement": [
        ("get_expert_placement(5, 1, 2)", "{:ok, [3, 4]}"),
        ('get_expert_placement(5, 1, 2, "round_robin")', "{:ok, [1, 3]}"),
    ],
    "get_expert_map": [
        (
            "get_expert_map!(5, 1, 2, strategy: :round_robin) |> Vllm.Tensor.to_list()",
            "[-1, 0, -1, 1, -1]",
        )
    ],
    "expert_balancedness": [
        ("expert_balancedness(Vllm.Tensor.new([[3, 1, 0, 0]], :s64), 2)", "{:ok, 0.5}")
    ],
    "split_tensor_along_last_dim": [
        (
            "split_tensor_along_last_dim!(Vllm.Tensor.new([0, 1, 2, 3], :s64), 2) "
            "|> Enum.map(&Vllm.Tensor.to_list/1)",
            "[[0, 1], [2, 3]]",
        )
    ],
    "ParallelSizes.new": [("new!(tensor: 2, pipeline: 4).replica_size", "8")],
    "ParallelSizes.replica_size": [("new!(2, 4) |> replica_size()", "{:ok, 8}")],
    "ParallelSizes.as_dict": [('new!(2) |> as_dict!() |> Map.fetch!("tensor")', "2")],
    "ParallelSizes.describe": [
        (
            "new!(2) |> describe()",
            '{:ok, "tensor=2, pipeline=1, data=1, prefill_context=1, decode_context=1"}',
        )
    ],
    "Topology.new": [("new!(8, sizes: [tensor: 2, pipeline: 2]).external_data", "2")],
    "Topology.external_data": [("new!(8, %{tensor: 4}) |> external_data()", "{:ok, 2}")],
    "Topology.tensor_groups": [
        ("new!(4, %{tensor: 2, data: 2}) |> tensor_groups()", "{:ok, {{0, 1}, {2, 3}}}")
    ],
    "Topology.pipeline_groups": [
        ("new!(4, %{tensor: 2, pipeline: 2}) |> pipeline_groups()", "{:ok, {{0, 2}, {1, 3}}}")
    ],
    "Topology.data_groups": [
        ("new!(4, %{tensor: 2, data: 2}) |> data_groups()", "{:ok, {{0, 2}, {1, 3}}}")
    ],
    "Topology.expert_groups": [
        ("new!(4, %{tensor: 2, data: 2}) |> expert_groups()", "{:ok, {{0, 1, 2, 3}}}")
    ],
    "Topology.prefill_context_groups": [
        (
            "new!(4, %{tensor: 2, prefill_context: 2}) |> prefill_context_groups()",
            "{:ok, {{0, 2}, {1, 3}}}",
        )
    ],
    "Topology.decode_context_groups": [
        (
            "new!(4, %{tensor: 4, decode_context: 2}) |> decode_context_groups()",
            "{:ok, {{0, 1}, {2, 3}}}",
        )
    ],
    "Topology.coordinates": [
        ("new!(8, %{tensor: 2, pipeline: 4}) |> coordinates(5)", "{:ok, {0, 0, 2, 0, 1}}")
    ],
    "TensorMetadata.new": [
        (
            'new("cpu", :f32, [2, 3])',
            '{:ok, %Vllm.Distributed.TensorMetadata{device: "cpu", dtype: "f32", size: [2, 3]}}',
        )
    ],
    "ParallelConfig.new": [
        ("new!(tensor_parallel_size: 2, pipeline_parallel_size: 4).world_size", "8")
    ],
    "ParallelConfig.use_ubatching": [("new!(enable_dbo: true) |> use_ubatching()", "{:ok, true}")],
    "EPLBConfig.new": [("new!(window_size: 500).window_size", "500")],
    "EPLBConfig.communicator_in_use": [
        ("new!(use_async: false) |> communicator_in_use()", '{:ok, "torch_nccl"}')
    ],
}
"""By qualified name: calls, without the module, and their answers."""

CALLS: dict[str, str] = {
    "init_distributed_environment": (
        "{:ok, nil} =\n"
        "  Vllm.Distributed.init_distributed_environment(2, rank, address, rank, :gloo,\n"
        "    timeout: 30_000\n"
        "  )"
    ),
    "initialize_model_parallel": (
        "{:ok, nil} =\n  Vllm.Distributed.initialize_model_parallel(tensor_model_parallel_size: 2)"
    ),
    "broadcast_tensor_dict": (
        'given = if rank == 0, do: %{"hidden_states" => tensor}\n'
        '{:ok, %{"hidden_states" => tensor}} = Vllm.Distributed.broadcast_tensor_dict(given)'
    ),
    "tensor_model_parallel_gather": (
        "{:ok, gathered_or_nil} =\n"
        "  Vllm.Distributed.tensor_model_parallel_gather(tensor, dst: 0, dim: 0)"
    ),
    "direct_register_custom_op": (
        '{:ok, function} = Vllm.Distributed.resolve_obj_by_qualname("my_package.ops.double")\n'
        '{:ok, nil} = Vllm.Distributed.direct_register_custom_op("double", function)'
    ),
    "init_gloo_process_group": (
        '{:ok, store} = Vllm.call("torch.distributed.HashStore", [])\n'
        "{:ok, %Vllm.Distributed.ProcessGroup{}} =\n"
        "  Vllm.Distributed.init_gloo_process_group(store, 0, 1, 30_000)"
    ),
    "patch_tensor_parallel_group": (
        "{:ok, result} =\n"
        "  Vllm.Distributed.patch_tensor_parallel_group(draft_group, fn _nil -> draft() end)"
    ),
    "GroupCoordinator.all_gatherv": (
        "{:ok, rows} =\n"
        "  Vllm.Distributed.GroupCoordinator.all_gatherv(group, tensor, dim: 0, sizes: [3, 1])"
    ),
    "GroupCoordinator.broadcast_object": (
        'given = if rank == 0, do: %{"step" => 3}\n'
        '{:ok, %{"step" => 3}} =\n'
        "  Vllm.Distributed.GroupCoordinator.broadcast_object(group, given)"
    ),
    "GroupCoordinator.irecv_tensor_dict": (
        "# The tensors stay in the rank until they have arrived.\n"
        "{:ok, {received, handles, postprocess}} =\n"
        "  Vllm.Distributed.GroupCoordinator.irecv_tensor_dict(group,\n"
        "    __runtime__: [tensors: :ref]\n"
        "  )\n\n"
        "Enum.each(handles, &Vllm.Distributed.Handle.wait!/1)"
    ),
    "MessageQueue.create_from_handle": (
        "{:ok, handle} = Vllm.Distributed.MessageQueue.export_handle(writer)\n"
        "# in a session of the reader\n"
        "{:ok, reader} = Vllm.Distributed.MessageQueue.create_from_handle(handle, 0)"
    ),
    "StatelessGroupCoordinator.new": (
        "{:ok, %Vllm.Distributed.StatelessGroupCoordinator{} = group} =\n"
        "  Vllm.Distributed.StatelessGroupCoordinator.new([[0, 1]], rank, :gloo, true,\n"
        "    group_ports: [[port]],\n"
        "    global_rank: rank\n"
        "  )"
    ),
}
"""By qualified name: code, where a call of `ARGUMENTS` would say too little."""

ARGUMENTS: dict[str, str] = {
    "receiver": "object",
    "backend": ":gloo",
    "block_size": "16",
    "device": '"cpu"',
    "dim": "0",
    "distributed_init_method": '"tcp://127.0.0.1:29500"',
    "dtype": ":f32",
    "enable": "false",
    "external_writer_handle": "handle",
    "group_name": '"tp:0"',
    "group_rank": "0",
    "group_ranks": "[[0, 1], [2, 3]]",
    "group_size": "2",
    "has_unfinished": "true",
    "host": '"127.0.0.1"',
    "input_": "tensor",
    "kv_cache_memory": "-1",
    "local_rank": "0",
    "max_chunk_bytes": "1_048_576",
    "max_chunks": "10",
    "n_local_reader": "1",
    "n_reader": "1",
    "name": '"my_app"',
    "num_gpus": "2",
    "num_groups": "1",
    "num_nodes": "1",
    "num_replicas": "4",
    "obj": '%{"step" => 3}',
    "obj_list": "[1, 2]",
    "op_name": '"my_op"',
    "orig_scatter_dim": "0",
    "output_shape": "[4, 8]",
    "pending_pause": "false",
    "pipeline_model_parallel_size": "1",
    "port": "29500",
    "qualname": '"torch.float32"',
    "rank": "0",
    "ranks": "[0, 1]",
    "reduce_op": '"sum"',
    "scatter_dim_after_maybe_reshape": "0",
    "size": "[2, 3]",
    "src": "0",
    "data_expiration_seconds": "3600",
    "dst": "1",
    "strategy": ":linear",
    "stream": "nil",
    "tensor_dict": '%{"hidden_states" => tensor}',
    "tensor_model_parallel_size": "2",
    "timeout": "30_000",
    "torch_distributed_backend": ":gloo",
    "use_device_communicator": "true",
    "world_size": "2",
}
"""What stands for a required argument in an example; others stand for themselves."""
