"""Generated from the classes of vllm_distributed by `make codegen`. Do not edit."""

from __future__ import annotations

from typing import Any

from vllm_distributed.config.eplb import EPLBConfig
from vllm_distributed.config.fault_tolerance import FaultToleranceConfig
from vllm_distributed.config.parallel import ParallelConfig
from vllm_distributed.groups.operations.capture import GraphCaptureContext
from vllm_distributed.handles import Handle
from vllm_distributed.stateless.coordinator import StatelessGroupCoordinator
from vllm_distributed.stateless.process_group import StatelessProcessGroup
from vllm_distributed.topology import ParallelSizes
from vllm_distributed.topology import Topology
from vllm_distributed.transports.device import DeviceCommunicatorBase
from vllm_distributed.transports.queue.queue import MessageQueue
from vllm_distributed.wire.object_codec import TensorMetadata

from vllm_bridge._generated import objects_pb2 as pb2, types_pb2
from vllm_bridge.codec.dispatch import Converter, derived, made
from vllm_bridge.codec.wire import Wire


def stateless_group_coordinator(message: pb2.StatelessGroupCoordinatorObject, wire: Wire) -> StatelessGroupCoordinator:
    return wire.instance(message.ref, StatelessGroupCoordinator)


def to_stateless_group_coordinator(value: StatelessGroupCoordinator, wire: Wire) -> pb2.StatelessGroupCoordinatorObject:
    return pb2.StatelessGroupCoordinatorObject(
        ref=wire.keep(value),
        unique_name=value.unique_name,
        ranks=types_pb2.Int64List(values=value.ranks),
        rank=value.rank,
        rank_in_group=value.rank_in_group,
        world_size=value.world_size,
        local_rank=value.local_rank,
        backend=value.backend,
        device=wire.to_device(value.device),
        global_world_size=value.global_world_size,
        tcp_store_group=to_stateless_process_group(value.tcp_store_group, wire),
    )


def stateless_process_group(message: pb2.StatelessProcessGroupObject, wire: Wire) -> StatelessProcessGroup:
    return wire.instance(message.ref, StatelessProcessGroup)


def to_stateless_process_group(value: StatelessProcessGroup, wire: Wire) -> pb2.StatelessProcessGroupObject:
    return pb2.StatelessProcessGroupObject(
        ref=wire.keep(value),
        rank=value.rank,
        world_size=value.world_size,
        data_expiration_seconds=value.data_expiration_seconds,
        broadcast_send_counter=derived(value, "broadcast_send_counter"),
    )


def device_communicator_base(message: pb2.DeviceCommunicatorBaseObject, wire: Wire) -> DeviceCommunicatorBase:
    return wire.instance(message.ref, DeviceCommunicatorBase)


def to_device_communicator_base(value: DeviceCommunicatorBase, wire: Wire) -> pb2.DeviceCommunicatorBaseObject:
    return pb2.DeviceCommunicatorBaseObject(
        ref=wire.keep(value),
        unique_name=value.unique_name,
        rank_in_group=value.rank_in_group,
        world_size=value.world_size,
        device=wire.to_device(value.device),
    )


def message_queue(message: pb2.MessageQueueObject, wire: Wire) -> MessageQueue:
    return wire.instance(message.ref, MessageQueue)


def to_message_queue(value: MessageQueue, wire: Wire) -> pb2.MessageQueueObject:
    return pb2.MessageQueueObject(
        ref=wire.keep(value),
        is_writer=derived(value, "is_writer"),
        n_local_reader=derived(value, "n_local_reader"),
        n_remote_reader=derived(value, "n_remote_reader"),
        shutting_down=derived(value, "shutting_down"),
    )


def graph_capture_context(message: pb2.GraphCaptureContextObject, wire: Wire) -> GraphCaptureContext:
    if message.HasField("ref"):
        return wire.instance(message.ref, GraphCaptureContext)
    fields: dict[str, Any] = {}
    if message.HasField("stream"):
        fields["stream"] = wire.kept(message.stream)
    return made(GraphCaptureContext, fields)


def to_graph_capture_context(value: GraphCaptureContext, wire: Wire) -> pb2.GraphCaptureContextObject:
    return pb2.GraphCaptureContextObject(
        ref=wire.keep(value),
        stream=None if value.stream is None else wire.to_object(value.stream),
    )


def parallel_config(message: pb2.ParallelConfigObject, wire: Wire) -> ParallelConfig:
    if message.HasField("ref"):
        return wire.instance(message.ref, ParallelConfig)
    fields: dict[str, Any] = {}
    if message.HasField("pipeline_parallel_size"):
        fields["pipeline_parallel_size"] = message.pipeline_parallel_size
    if message.HasField("tensor_parallel_size"):
        fields["tensor_parallel_size"] = message.tensor_parallel_size
    if message.HasField("prefill_context_parallel_size"):
        fields["prefill_context_parallel_size"] = message.prefill_context_parallel_size
    if message.HasField("data_parallel_size"):
        fields["data_parallel_size"] = message.data_parallel_size
    if message.HasField("data_parallel_size_local"):
        fields["data_parallel_size_local"] = message.data_parallel_size_local
    if message.HasField("data_parallel_rank"):
        fields["data_parallel_rank"] = message.data_parallel_rank
    if message.HasField("data_parallel_rank_local"):
        fields["data_parallel_rank_local"] = message.data_parallel_rank_local
    if message.HasField("data_parallel_master_ip"):
        fields["data_parallel_master_ip"] = message.data_parallel_master_ip
    if message.HasField("data_parallel_rpc_port"):
        fields["data_parallel_rpc_port"] = message.data_parallel_rpc_port
    if message.HasField("data_parallel_master_port"):
        fields["data_parallel_master_port"] = message.data_parallel_master_port
    if message.HasField("data_parallel_backend"):
        fields["data_parallel_backend"] = message.data_parallel_backend
    if message.HasField("data_parallel_external_lb"):
        fields["data_parallel_external_lb"] = message.data_parallel_external_lb
    if message.HasField("data_parallel_hybrid_lb"):
        fields["data_parallel_hybrid_lb"] = message.data_parallel_hybrid_lb
    if message.HasField("is_moe_model"):
        fields["is_moe_model"] = message.is_moe_model
    if message.HasField("enable_expert_parallel"):
        fields["enable_expert_parallel"] = message.enable_expert_parallel
    if message.HasField("enable_ep_weight_filter"):
        fields["enable_ep_weight_filter"] = message.enable_ep_weight_filter
    if message.HasField("enable_eplb"):
        fields["enable_eplb"] = message.enable_eplb
    if message.HasField("eplb_config"):
        fields["eplb_config"] = eplb_config(message.eplb_config, wire)
    if message.HasField("enable_elastic_ep"):
        fields["enable_elastic_ep"] = message.enable_elastic_ep
    if message.HasField("expert_placement_strategy"):
        fields["expert_placement_strategy"] = message.expert_placement_strategy
    if message.HasField("all2all_backend"):
        fields["all2all_backend"] = message.all2all_backend
    if message.HasField("max_parallel_loading_workers"):
        fields["max_parallel_loading_workers"] = message.max_parallel_loading_workers
    if message.HasField("disable_custom_all_reduce"):
        fields["disable_custom_all_reduce"] = message.disable_custom_all_reduce
    if message.HasField("enable_dbo"):
        fields["enable_dbo"] = message.enable_dbo
    if message.HasField("ubatch_size"):
        fields["ubatch_size"] = message.ubatch_size
    if message.HasField("dbo_decode_token_threshold"):
        fields["dbo_decode_token_threshold"] = message.dbo_decode_token_threshold
    if message.HasField("dbo_prefill_token_threshold"):
        fields["dbo_prefill_token_threshold"] = message.dbo_prefill_token_threshold
    if message.HasField("disable_nccl_for_dp_synchronization"):
        fields["disable_nccl_for_dp_synchronization"] = message.disable_nccl_for_dp_synchronization
    if message.HasField("ray_workers_use_nsight"):
        fields["ray_workers_use_nsight"] = message.ray_workers_use_nsight
    if message.HasField("ray_runtime_env"):
        fields["ray_runtime_env"] = wire.term(message.ray_runtime_env)
    if message.HasField("placement_group"):
        fields["placement_group"] = wire.term(message.placement_group)
    if message.HasField("distributed_executor_backend"):
        fields["distributed_executor_backend"] = wire.term(message.distributed_executor_backend)
    if message.HasField("worker_cls"):
        fields["worker_cls"] = message.worker_cls
    if message.HasField("sd_worker_cls"):
        fields["sd_worker_cls"] = message.sd_worker_cls
    if message.HasField("worker_extension_cls"):
        fields["worker_extension_cls"] = message.worker_extension_cls
    if message.HasField("master_addr"):
        fields["master_addr"] = message.master_addr
    if message.HasField("master_port"):
        fields["master_port"] = message.master_port
    if message.HasField("node_rank"):
        fields["node_rank"] = message.node_rank
    if message.HasField("nnodes"):
        fields["nnodes"] = message.nnodes
    if message.HasField("numa_bind"):
        fields["numa_bind"] = message.numa_bind
    if message.HasField("numa_bind_nodes"):
        fields["numa_bind_nodes"] = list(message.numa_bind_nodes.values)
    if message.HasField("numa_bind_cpus"):
        fields["numa_bind_cpus"] = list(message.numa_bind_cpus.values)
    if message.HasField("distributed_timeout_seconds"):
        fields["distributed_timeout_seconds"] = message.distributed_timeout_seconds
    if message.HasField("cpu_distributed_timeout_seconds"):
        fields["cpu_distributed_timeout_seconds"] = message.cpu_distributed_timeout_seconds
    if message.HasField("rank"):
        fields["rank"] = message.rank
    if message.HasField("decode_context_parallel_size"):
        fields["decode_context_parallel_size"] = message.decode_context_parallel_size
    if message.HasField("dcp_comm_backend"):
        fields["dcp_comm_backend"] = message.dcp_comm_backend
    if message.HasField("dcp_kv_cache_interleave_size"):
        fields["dcp_kv_cache_interleave_size"] = message.dcp_kv_cache_interleave_size
    if message.HasField("cp_kv_cache_interleave_size"):
        fields["cp_kv_cache_interleave_size"] = message.cp_kv_cache_interleave_size
    if message.HasField("dp_sync_interval"):
        fields["dp_sync_interval"] = message.dp_sync_interval
    if message.HasField("enable_hc_sp"):
        fields["enable_hc_sp"] = message.enable_hc_sp
    if message.HasField("enable_batch_sharded_sampling"):
        fields["enable_batch_sharded_sampling"] = message.enable_batch_sharded_sampling
    if message.HasField("enable_shm_tensor_arena"):
        fields["enable_shm_tensor_arena"] = message.enable_shm_tensor_arena
    if message.HasField("elastic_ep_max_dp_size"):
        fields["elastic_ep_max_dp_size"] = message.elastic_ep_max_dp_size
    if message.HasField("assigned_physical_gpu_ids"):
        fields["assigned_physical_gpu_ids"] = list(message.assigned_physical_gpu_ids.values)
    if message.HasField("dcp_q_replicate"):
        fields["dcp_q_replicate"] = message.dcp_q_replicate
    if message.HasField("enable_fault_tolerance"):
        fields["enable_fault_tolerance"] = message.enable_fault_tolerance
    if message.HasField("fault_tolerance_config"):
        fields["fault_tolerance_config"] = fault_tolerance_config(message.fault_tolerance_config, wire)
    return made(ParallelConfig, fields)


def to_parallel_config(value: ParallelConfig, wire: Wire) -> pb2.ParallelConfigObject:
    return pb2.ParallelConfigObject(
        ref=wire.keep(value),
        pipeline_parallel_size=value.pipeline_parallel_size,
        tensor_parallel_size=value.tensor_parallel_size,
        prefill_context_parallel_size=value.prefill_context_parallel_size,
        data_parallel_size=value.data_parallel_size,
        data_parallel_size_local=value.data_parallel_size_local,
        data_parallel_rank=value.data_parallel_rank,
        data_parallel_rank_local=value.data_parallel_rank_local,
        data_parallel_master_ip=value.data_parallel_master_ip,
        data_parallel_rpc_port=value.data_parallel_rpc_port,
        data_parallel_master_port=value.data_parallel_master_port,
        data_parallel_backend=value.data_parallel_backend,
        data_parallel_external_lb=value.data_parallel_external_lb,
        data_parallel_hybrid_lb=value.data_parallel_hybrid_lb,
        is_moe_model=value.is_moe_model,
        enable_expert_parallel=value.enable_expert_parallel,
        enable_ep_weight_filter=value.enable_ep_weight_filter,
        enable_eplb=value.enable_eplb,
        eplb_config=to_eplb_config(value.eplb_config, wire),
        enable_elastic_ep=value.enable_elastic_ep,
        expert_placement_strategy=value.expert_placement_strategy,
        all2all_backend=value.all2all_backend,
        max_parallel_loading_workers=value.max_parallel_loading_workers,
        disable_custom_all_reduce=value.disable_custom_all_reduce,
        enable_dbo=value.enable_dbo,
        ubatch_size=value.ubatch_size,
        dbo_decode_token_threshold=value.dbo_decode_token_threshold,
        dbo_prefill_token_threshold=value.dbo_prefill_token_threshold,
        disable_nccl_for_dp_synchronization=value.disable_nccl_for_dp_synchronization,
        ray_workers_use_nsight=value.ray_workers_use_nsight,
        ray_runtime_env=wire.to_term(value.ray_runtime_env),
        placement_group=wire.to_term(value.placement_group),
        distributed_executor_backend=wire.to_term(value.distributed_executor_backend),
        worker_cls=value.worker_cls,
        sd_worker_cls=value.sd_worker_cls,
        worker_extension_cls=value.worker_extension_cls,
        master_addr=value.master_addr,
        master_port=value.master_port,
        node_rank=value.node_rank,
        nnodes=value.nnodes,
        numa_bind=value.numa_bind,
        numa_bind_nodes=None if value.numa_bind_nodes is None else types_pb2.Int64List(values=value.numa_bind_nodes),
        numa_bind_cpus=None if value.numa_bind_cpus is None else types_pb2.StringList(values=value.numa_bind_cpus),
        distributed_timeout_seconds=value.distributed_timeout_seconds,
        cpu_distributed_timeout_seconds=value.cpu_distributed_timeout_seconds,
        rank=value.rank,
        decode_context_parallel_size=value.decode_context_parallel_size,
        dcp_comm_backend=value.dcp_comm_backend,
        dcp_kv_cache_interleave_size=value.dcp_kv_cache_interleave_size,
        cp_kv_cache_interleave_size=value.cp_kv_cache_interleave_size,
        dp_sync_interval=value.dp_sync_interval,
        enable_hc_sp=value.enable_hc_sp,
        enable_batch_sharded_sampling=value.enable_batch_sharded_sampling,
        enable_shm_tensor_arena=value.enable_shm_tensor_arena,
        elastic_ep_max_dp_size=value.elastic_ep_max_dp_size,
        assigned_physical_gpu_ids=None if value.assigned_physical_gpu_ids is None else types_pb2.Int64List(values=value.assigned_physical_gpu_ids),
        dcp_q_replicate=value.dcp_q_replicate,
        enable_fault_tolerance=value.enable_fault_tolerance,
        fault_tolerance_config=to_fault_tolerance_config(value.fault_tolerance_config, wire),
        world_size=derived(value, "world_size"),
        data_parallel_index=derived(value, "data_parallel_index"),
        world_size_across_dp=derived(value, "world_size_across_dp"),
        use_ubatching=derived(value, "use_ubatching"),
        num_ubatches=derived(value, "num_ubatches"),
        use_sequence_parallel_moe=derived(value, "use_sequence_parallel_moe"),
        nnodes_within_dp=derived(value, "nnodes_within_dp"),
        node_rank_within_dp=derived(value, "node_rank_within_dp"),
        local_world_size=derived(value, "local_world_size"),
        local_engines_only=derived(value, "local_engines_only"),
        use_ray=derived(value, "use_ray"),
        use_all2all=derived(value, "use_all2all"),
        use_batched_dp_moe=derived(value, "use_batched_dp_moe"),
        pcp_shard_decode_requests=derived(value, "pcp_shard_decode_requests"),
    )


def eplb_config(message: pb2.EPLBConfigObject, wire: Wire) -> EPLBConfig:
    if message.HasField("ref"):
        return wire.instance(message.ref, EPLBConfig)
    fields: dict[str, Any] = {}
    if message.HasField("window_size"):
        fields["window_size"] = message.window_size
    if message.HasField("step_interval"):
        fields["step_interval"] = message.step_interval
    if message.HasField("num_redundant_experts"):
        fields["num_redundant_experts"] = message.num_redundant_experts
    if message.HasField("log_balancedness"):
        fields["log_balancedness"] = message.log_balancedness
    if message.HasField("log_balancedness_interval"):
        fields["log_balancedness_interval"] = message.log_balancedness_interval
    if message.HasField("use_async"):
        fields["use_async"] = message.use_async
    if message.HasField("policy"):
        fields["policy"] = message.policy
    if message.HasField("communicator"):
        fields["communicator"] = message.communicator
    if message.HasField("enable_migration_batching"):
        fields["enable_migration_batching"] = message.enable_migration_batching
    return made(EPLBConfig, fields)


def to_eplb_config(value: EPLBConfig, wire: Wire) -> pb2.EPLBConfigObject:
    return pb2.EPLBConfigObject(
        ref=wire.keep(value),
        window_size=value.window_size,
        step_interval=value.step_interval,
        num_redundant_experts=value.num_redundant_experts,
        log_balancedness=value.log_balancedness,
        log_balancedness_interval=value.log_balancedness_interval,
        use_async=value.use_async,
        policy=value.policy,
        communicator=value.communicator,
        enable_migration_batching=value.enable_migration_batching,
        communicator_in_use=derived(value, "communicator_in_use"),
        migration_batching_enabled=derived(value, "migration_batching_enabled"),
    )


def fault_tolerance_config(message: pb2.FaultToleranceConfigObject, wire: Wire) -> FaultToleranceConfig:
    if message.HasField("ref"):
        return wire.instance(message.ref, FaultToleranceConfig)
    fields: dict[str, Any] = {}
    if message.HasField("engine_recovery_timeout_sec"):
        fields["engine_recovery_timeout_sec"] = message.engine_recovery_timeout_sec
    return made(FaultToleranceConfig, fields)


def to_fault_tolerance_config(value: FaultToleranceConfig, wire: Wire) -> pb2.FaultToleranceConfigObject:
    return pb2.FaultToleranceConfigObject(
        ref=wire.keep(value),
        engine_recovery_timeout_sec=value.engine_recovery_timeout_sec,
    )


def handle(message: pb2.HandleObject, wire: Wire) -> Handle:
    return wire.instance(message.ref, Handle)


def to_handle(value: Handle, wire: Wire) -> pb2.HandleObject:
    return pb2.HandleObject(
        ref=wire.keep(value),
    )


def parallel_sizes(message: pb2.ParallelSizesObject, wire: Wire) -> ParallelSizes:
    if message.HasField("ref"):
        return wire.instance(message.ref, ParallelSizes)
    fields: dict[str, Any] = {}
    if message.HasField("tensor"):
        fields["tensor"] = message.tensor
    if message.HasField("pipeline"):
        fields["pipeline"] = message.pipeline
    if message.HasField("data"):
        fields["data"] = message.data
    if message.HasField("prefill_context"):
        fields["prefill_context"] = message.prefill_context
    if message.HasField("decode_context"):
        fields["decode_context"] = message.decode_context
    return made(ParallelSizes, fields)


def to_parallel_sizes(value: ParallelSizes, wire: Wire) -> pb2.ParallelSizesObject:
    return pb2.ParallelSizesObject(
        tensor=value.tensor,
        pipeline=value.pipeline,
        data=value.data,
        prefill_context=value.prefill_context,
        decode_context=value.decode_context,
        replica_size=derived(value, "replica_size"),
    )


def topology(message: pb2.TopologyObject, wire: Wire) -> Topology:
    if message.HasField("ref"):
        return wire.instance(message.ref, Topology)
    fields: dict[str, Any] = {}
    if message.HasField("world_size"):
        fields["world_size"] = message.world_size
    if message.HasField("sizes"):
        fields["sizes"] = parallel_sizes(message.sizes, wire)
    return made(Topology, fields)


def to_topology(value: Topology, wire: Wire) -> pb2.TopologyObject:
    return pb2.TopologyObject(
        world_size=value.world_size,
        sizes=to_parallel_sizes(value.sizes, wire),
        external_data=derived(value, "external_data"),
    )


def tensor_metadata(message: pb2.TensorMetadataObject, wire: Wire) -> TensorMetadata:
    if message.HasField("ref"):
        return wire.instance(message.ref, TensorMetadata)
    fields: dict[str, Any] = {}
    if message.HasField("device"):
        fields["device"] = message.device
    if message.HasField("dtype"):
        fields["dtype"] = wire.dtype(message.dtype)
    if message.HasField("size"):
        fields["size"] = wire.size(message.size.values)
    return made(TensorMetadata, fields)


def to_tensor_metadata(value: TensorMetadata, wire: Wire) -> pb2.TensorMetadataObject:
    return pb2.TensorMetadataObject(
        device=value.device,
        dtype=wire.to_dtype(value.dtype),
        size=types_pb2.Int64List(values=value.size),
    )


CONVERTERS: dict[str, Converter] = {
    "StatelessGroupCoordinator": Converter(StatelessGroupCoordinator, pb2.StatelessGroupCoordinatorObject, stateless_group_coordinator, to_stateless_group_coordinator),
    "StatelessProcessGroup": Converter(StatelessProcessGroup, pb2.StatelessProcessGroupObject, stateless_process_group, to_stateless_process_group),
    "DeviceCommunicatorBase": Converter(DeviceCommunicatorBase, pb2.DeviceCommunicatorBaseObject, device_communicator_base, to_device_communicator_base),
    "MessageQueue": Converter(MessageQueue, pb2.MessageQueueObject, message_queue, to_message_queue),
    "GraphCaptureContext": Converter(GraphCaptureContext, pb2.GraphCaptureContextObject, graph_capture_context, to_graph_capture_context),
    "ParallelConfig": Converter(ParallelConfig, pb2.ParallelConfigObject, parallel_config, to_parallel_config),
    "EPLBConfig": Converter(EPLBConfig, pb2.EPLBConfigObject, eplb_config, to_eplb_config),
    "FaultToleranceConfig": Converter(FaultToleranceConfig, pb2.FaultToleranceConfigObject, fault_tolerance_config, to_fault_tolerance_config),
    "Handle": Converter(Handle, pb2.HandleObject, handle, to_handle),
    "ParallelSizes": Converter(ParallelSizes, pb2.ParallelSizesObject, parallel_sizes, to_parallel_sizes),
    "Topology": Converter(Topology, pb2.TopologyObject, topology, to_topology),
    "TensorMetadata": Converter(TensorMetadata, pb2.TensorMetadataObject, tensor_metadata, to_tensor_metadata),
}
"""Every class whose objects have a message in vllm.distributed.v1, by name."""
