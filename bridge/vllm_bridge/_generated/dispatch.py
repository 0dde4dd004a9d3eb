"""Generated from the signatures of vllm_distributed by `make codegen`. Do not edit."""

from __future__ import annotations

from typing import Any

import vllm_distributed
from vllm_distributed.config.eplb import EPLBConfig
from vllm_distributed.config.fault_tolerance import FaultToleranceConfig
from vllm_distributed.config.parallel import ParallelConfig
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.groups.operations.capture import GraphCaptureContext
from vllm_distributed.stateless.coordinator import StatelessGroupCoordinator
from vllm_distributed.stateless.process_group import StatelessProcessGroup
from vllm_distributed.topology import ParallelSizes
from vllm_distributed.topology import Topology
from vllm_distributed.transports.queue.queue import MessageQueue
from vllm_distributed.wire.object_codec import TensorMetadata

from vllm_bridge._generated import device_communicator_base_pb2, distributed_pb2, eplb_config_pb2, fault_tolerance_config_pb2, graph_capture_context_pb2, group_coordinator_pb2, handle_pb2, message_queue_pb2, parallel_config_pb2, parallel_sizes_pb2, stateless_group_coordinator_pb2, stateless_process_group_pb2, tensor_metadata_pb2, topology_pb2, objects, types_pb2
from vllm_bridge.codec.dispatch import Dispatch, present
from vllm_bridge.codec.wire import Wire


def _use_sched_yield(
    request: distributed_pb2.UseSchedYieldRequest, wire: Wire
) -> distributed_pb2.UseSchedYieldResponse:
    result = vllm_distributed.USE_SCHED_YIELD
    return distributed_pb2.UseSchedYieldResponse(result=result)


def _all_gather(
    request: distributed_pb2.AllGatherRequest, wire: Wire
) -> distributed_pb2.AllGatherResponse:
    result = wire.gated("all_gather", vllm_distributed.all_gather, wire.tensor(present(request, "tensor")), request.dim, request.world_size, request.group_name)
    return distributed_pb2.AllGatherResponse(result=wire.to_tensor(result))


def _all_gather_fake(
    request: distributed_pb2.AllGatherFakeRequest, wire: Wire
) -> distributed_pb2.AllGatherFakeResponse:
    result = vllm_distributed.all_gather_fake(wire.tensor(present(request, "tensor")), request.dim, request.world_size, request.group_name)
    return distributed_pb2.AllGatherFakeResponse(result=wire.to_tensor(result))


def _all_reduce(
    request: distributed_pb2.AllReduceRequest, wire: Wire
) -> distributed_pb2.AllReduceResponse:
    optional: dict[str, Any] = {}
    if request.HasField("op"):
        optional["op"] = request.op
    result = wire.gated("all_reduce", vllm_distributed.all_reduce, wire.tensor(present(request, "tensor")), request.group_name, **optional)
    return distributed_pb2.AllReduceResponse(result=wire.to_tensor(result))


def _all_reduce_fake(
    request: distributed_pb2.AllReduceFakeRequest, wire: Wire
) -> distributed_pb2.AllReduceFakeResponse:
    optional: dict[str, Any] = {}
    if request.HasField("op"):
        optional["op"] = request.op
    result = vllm_distributed.all_reduce_fake(wire.tensor(present(request, "tensor")), request.group_name, **optional)
    return distributed_pb2.AllReduceFakeResponse(result=wire.to_tensor(result))


def _broadcast_tensor_dict(
    request: distributed_pb2.BroadcastTensorDictRequest, wire: Wire
) -> distributed_pb2.BroadcastTensorDictResponse:
    optional: dict[str, Any] = {}
    if request.HasField("tensor_dict"):
        optional["tensor_dict"] = wire.term(request.tensor_dict)
    if request.HasField("src"):
        optional["src"] = request.src
    result = wire.gated("broadcast_tensor_dict", vllm_distributed.broadcast_tensor_dict, **optional)
    return distributed_pb2.BroadcastTensorDictResponse(result=wire.to_term(result))


def _checkpoint_prepare_distributed_state(
    request: distributed_pb2.CheckpointPrepareDistributedStateRequest, wire: Wire
) -> distributed_pb2.CheckpointPrepareDistributedStateResponse:
    wire.gated("checkpoint_prepare_distributed_state", vllm_distributed.checkpoint_prepare_distributed_state)
    return distributed_pb2.CheckpointPrepareDistributedStateResponse()


def _checkpoint_restore_distributed_state(
    request: distributed_pb2.CheckpointRestoreDistributedStateRequest, wire: Wire
) -> distributed_pb2.CheckpointRestoreDistributedStateResponse:
    wire.gated("checkpoint_restore_distributed_state", vllm_distributed.checkpoint_restore_distributed_state)
    return distributed_pb2.CheckpointRestoreDistributedStateResponse()


def _cleanup_dist_env_and_memory(
    request: distributed_pb2.CleanupDistEnvAndMemoryRequest, wire: Wire
) -> distributed_pb2.CleanupDistEnvAndMemoryResponse:
    optional: dict[str, Any] = {}
    if request.HasField("shutdown_ray"):
        optional["shutdown_ray"] = request.shutdown_ray
    vllm_distributed.cleanup_dist_env_and_memory(**optional)
    return distributed_pb2.CleanupDistEnvAndMemoryResponse()


def _compute_logical_maps(
    request: distributed_pb2.ComputeLogicalMapsRequest, wire: Wire
) -> distributed_pb2.ComputeLogicalMapsResponse:
    result = vllm_distributed.compute_logical_maps(wire.tensor(present(request, "physical_to_logical_map")), request.num_logical_experts)
    return distributed_pb2.ComputeLogicalMapsResponse(item_1=wire.to_tensor(result[0]), item_2=wire.to_tensor(result[1]))


def _cpu_all_reduce_in_place(
    request: distributed_pb2.CpuAllReduceInPlaceRequest, wire: Wire
) -> distributed_pb2.CpuAllReduceInPlaceResponse:
    optional: dict[str, Any] = {}
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    result = wire.gated("cpu_all_reduce_", vllm_distributed.cpu_all_reduce_, wire.tensor(present(request, "tensor")), wire.process_group(present(request, "group")), **optional)
    return distributed_pb2.CpuAllReduceInPlaceResponse(result=wire.to_tensor(result))


def _create_tcp_store(
    request: distributed_pb2.CreateTcpStoreRequest, wire: Wire
) -> distributed_pb2.CreateTcpStoreResponse:
    optional: dict[str, Any] = {}
    if request.HasField("listen_socket"):
        optional["listen_socket"] = wire.term(request.listen_socket)
    if request.HasField("world_size"):
        optional["world_size"] = request.world_size
    if request.HasField("is_master"):
        optional["is_master"] = request.is_master
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    if request.HasField("wait_for_workers"):
        optional["wait_for_workers"] = request.wait_for_workers
    if request.HasField("multi_tenant"):
        optional["multi_tenant"] = request.multi_tenant
    if request.HasField("use_libuv"):
        optional["use_libuv"] = request.use_libuv
    result = vllm_distributed.create_tcp_store(request.host, request.port, **optional)
    return distributed_pb2.CreateTcpStoreResponse(result=wire.to_term(result))


def _destroy_distributed_environment(
    request: distributed_pb2.DestroyDistributedEnvironmentRequest, wire: Wire
) -> distributed_pb2.DestroyDistributedEnvironmentResponse:
    vllm_distributed.destroy_distributed_environment()
    return distributed_pb2.DestroyDistributedEnvironmentResponse()


def _destroy_model_parallel(
    request: distributed_pb2.DestroyModelParallelRequest, wire: Wire
) -> distributed_pb2.DestroyModelParallelResponse:
    vllm_distributed.destroy_model_parallel()
    return distributed_pb2.DestroyModelParallelResponse()


def _direct_register_custom_op(
    request: distributed_pb2.DirectRegisterCustomOpRequest, wire: Wire
) -> distributed_pb2.DirectRegisterCustomOpResponse:
    optional: dict[str, Any] = {}
    if request.HasField("mutates_args"):
        optional["mutates_args"] = list(request.mutates_args.values)
    if request.HasField("fake_impl"):
        optional["fake_impl"] = wire.kept(request.fake_impl)
    if request.HasField("target_lib"):
        optional["target_lib"] = wire.kept(request.target_lib)
    if request.HasField("dispatch_key"):
        optional["dispatch_key"] = request.dispatch_key
    if request.HasField("tags"):
        optional["tags"] = wire.term(request.tags)
    vllm_distributed.direct_register_custom_op(request.op_name, wire.kept(present(request, "op_func")), **optional)
    return distributed_pb2.DirectRegisterCustomOpResponse()


def _divide(
    request: distributed_pb2.DivideRequest, wire: Wire
) -> distributed_pb2.DivideResponse:
    result = vllm_distributed.divide(request.numerator, request.denominator)
    return distributed_pb2.DivideResponse(result=result)


def _ensure_divisibility(
    request: distributed_pb2.EnsureDivisibilityRequest, wire: Wire
) -> distributed_pb2.EnsureDivisibilityResponse:
    vllm_distributed.ensure_divisibility(request.numerator, request.denominator)
    return distributed_pb2.EnsureDivisibilityResponse()


def _ensure_model_parallel_initialized(
    request: distributed_pb2.EnsureModelParallelInitializedRequest, wire: Wire
) -> distributed_pb2.EnsureModelParallelInitializedResponse:
    optional: dict[str, Any] = {}
    if request.HasField("prefill_context_model_parallel_size"):
        optional["prefill_context_model_parallel_size"] = request.prefill_context_model_parallel_size
    if request.HasField("decode_context_model_parallel_size"):
        optional["decode_context_model_parallel_size"] = request.decode_context_model_parallel_size
    if request.HasField("backend"):
        optional["backend"] = request.backend
    if request.HasField("data_parallel_size"):
        optional["data_parallel_size"] = request.data_parallel_size
    if request.HasField("is_moe_model"):
        optional["is_moe_model"] = request.is_moe_model
    if request.HasField("enable_eplb"):
        optional["enable_eplb"] = request.enable_eplb
    if request.HasField("engram_tensor_parallel_size"):
        optional["engram_tensor_parallel_size"] = request.engram_tensor_parallel_size
    if request.HasField("engram_data_parallel_size"):
        optional["engram_data_parallel_size"] = request.engram_data_parallel_size
    wire.gated("ensure_model_parallel_initialized", vllm_distributed.ensure_model_parallel_initialized, request.tensor_model_parallel_size, request.pipeline_model_parallel_size, **optional)
    return distributed_pb2.EnsureModelParallelInitializedResponse()


def _expert_balancedness(
    request: distributed_pb2.ExpertBalancednessRequest, wire: Wire
) -> distributed_pb2.ExpertBalancednessResponse:
    result = vllm_distributed.expert_balancedness(wire.tensor(present(request, "load")), request.num_gpus)
    return distributed_pb2.ExpertBalancednessResponse(result=result)


def _get_cached_tcp_store_client(
    request: distributed_pb2.GetCachedTcpStoreClientRequest, wire: Wire
) -> distributed_pb2.GetCachedTcpStoreClientResponse:
    result = vllm_distributed.get_cached_tcp_store_client(request.host, request.port)
    return distributed_pb2.GetCachedTcpStoreClientResponse(result=wire.to_term(result))


def _get_context_model_parallel_group(
    request: distributed_pb2.GetContextModelParallelGroupRequest, wire: Wire
) -> distributed_pb2.GetContextModelParallelGroupResponse:
    result = vllm_distributed.get_context_model_parallel_group()
    return distributed_pb2.GetContextModelParallelGroupResponse(result=wire.to_group(result))


def _get_cpu_distributed_timeout_or_none(
    request: distributed_pb2.GetCpuDistributedTimeoutOrNoneRequest, wire: Wire
) -> distributed_pb2.GetCpuDistributedTimeoutOrNoneResponse:
    result = vllm_distributed.get_cpu_distributed_timeout_or_none()
    return distributed_pb2.GetCpuDistributedTimeoutOrNoneResponse(result=None if result is None else wire.to_duration(result))


def _get_current_parallel_config_or_none(
    request: distributed_pb2.GetCurrentParallelConfigOrNoneRequest, wire: Wire
) -> distributed_pb2.GetCurrentParallelConfigOrNoneResponse:
    result = vllm_distributed.get_current_parallel_config_or_none()
    return distributed_pb2.GetCurrentParallelConfigOrNoneResponse(result=None if result is None else objects.to_parallel_config(result, wire))


def _get_dcp_group(
    request: distributed_pb2.GetDcpGroupRequest, wire: Wire
) -> distributed_pb2.GetDcpGroupResponse:
    result = vllm_distributed.get_dcp_group()
    return distributed_pb2.GetDcpGroupResponse(result=wire.to_group(result))


def _get_dcp_world_size_and_rank(
    request: distributed_pb2.GetDcpWorldSizeAndRankRequest, wire: Wire
) -> distributed_pb2.GetDcpWorldSizeAndRankResponse:
    optional: dict[str, Any] = {}
    if request.HasField("enabled"):
        optional["enabled"] = request.enabled
    result = vllm_distributed.get_dcp_world_size_and_rank(**optional)
    return distributed_pb2.GetDcpWorldSizeAndRankResponse(item_1=result[0], item_2=result[1])


def _get_decode_context_model_parallel_rank(
    request: distributed_pb2.GetDecodeContextModelParallelRankRequest, wire: Wire
) -> distributed_pb2.GetDecodeContextModelParallelRankResponse:
    result = vllm_distributed.get_decode_context_model_parallel_rank()
    return distributed_pb2.GetDecodeContextModelParallelRankResponse(result=result)


def _get_decode_context_model_parallel_world_size(
    request: distributed_pb2.GetDecodeContextModelParallelWorldSizeRequest, wire: Wire
) -> distributed_pb2.GetDecodeContextModelParallelWorldSizeResponse:
    result = vllm_distributed.get_decode_context_model_parallel_world_size()
    return distributed_pb2.GetDecodeContextModelParallelWorldSizeResponse(result=result)


def _get_distributed_init_method(
    request: distributed_pb2.GetDistributedInitMethodRequest, wire: Wire
) -> distributed_pb2.GetDistributedInitMethodResponse:
    result = vllm_distributed.get_distributed_init_method(request.ip, request.port)
    return distributed_pb2.GetDistributedInitMethodResponse(result=result)


def _get_distributed_timeout_or_none(
    request: distributed_pb2.GetDistributedTimeoutOrNoneRequest, wire: Wire
) -> distributed_pb2.GetDistributedTimeoutOrNoneResponse:
    result = vllm_distributed.get_distributed_timeout_or_none()
    return distributed_pb2.GetDistributedTimeoutOrNoneResponse(result=None if result is None else wire.to_duration(result))


def _get_dp_group(
    request: distributed_pb2.GetDpGroupRequest, wire: Wire
) -> distributed_pb2.GetDpGroupResponse:
    result = vllm_distributed.get_dp_group()
    return distributed_pb2.GetDpGroupResponse(result=wire.to_group(result))


def _get_engram_dp_group(
    request: distributed_pb2.GetEngramDpGroupRequest, wire: Wire
) -> distributed_pb2.GetEngramDpGroupResponse:
    result = vllm_distributed.get_engram_dp_group()
    return distributed_pb2.GetEngramDpGroupResponse(result=None if result is None else wire.to_group(result))


def _get_engram_dp_size(
    request: distributed_pb2.GetEngramDpSizeRequest, wire: Wire
) -> distributed_pb2.GetEngramDpSizeResponse:
    result = vllm_distributed.get_engram_dp_size()
    return distributed_pb2.GetEngramDpSizeResponse(result=result)


def _get_ep_group(
    request: distributed_pb2.GetEpGroupRequest, wire: Wire
) -> distributed_pb2.GetEpGroupResponse:
    result = vllm_distributed.get_ep_group()
    return distributed_pb2.GetEpGroupResponse(result=wire.to_group(result))


def _get_eplb_group(
    request: distributed_pb2.GetEplbGroupRequest, wire: Wire
) -> distributed_pb2.GetEplbGroupResponse:
    result = vllm_distributed.get_eplb_group()
    return distributed_pb2.GetEplbGroupResponse(result=wire.to_group(result))


def _get_etp_group(
    request: distributed_pb2.GetEtpGroupRequest, wire: Wire
) -> distributed_pb2.GetEtpGroupResponse:
    result = vllm_distributed.get_etp_group()
    return distributed_pb2.GetEtpGroupResponse(result=wire.to_group(result))


def _get_expert_map(
    request: distributed_pb2.GetExpertMapRequest, wire: Wire
) -> distributed_pb2.GetExpertMapResponse:
    optional: dict[str, Any] = {}
    if request.HasField("strategy"):
        optional["strategy"] = request.strategy
    result = vllm_distributed.get_expert_map(request.num_experts, request.ep_rank, request.ep_size, **optional)
    return distributed_pb2.GetExpertMapResponse(result=wire.to_tensor(result))


def _get_expert_placement(
    request: distributed_pb2.GetExpertPlacementRequest, wire: Wire
) -> distributed_pb2.GetExpertPlacementResponse:
    optional: dict[str, Any] = {}
    if request.HasField("strategy"):
        optional["strategy"] = request.strategy
    result = vllm_distributed.get_expert_placement(request.num_experts, request.ep_rank, request.ep_size, **optional)
    return distributed_pb2.GetExpertPlacementResponse(result=result)


def _get_inner_dp_world_group(
    request: distributed_pb2.GetInnerDpWorldGroupRequest, wire: Wire
) -> distributed_pb2.GetInnerDpWorldGroupResponse:
    result = vllm_distributed.get_inner_dp_world_group()
    return distributed_pb2.GetInnerDpWorldGroupResponse(result=wire.to_group(result))


def _get_node_count(
    request: distributed_pb2.GetNodeCountRequest, wire: Wire
) -> distributed_pb2.GetNodeCountResponse:
    result = vllm_distributed.get_node_count()
    return distributed_pb2.GetNodeCountResponse(result=result)


def _get_pcp_group(
    request: distributed_pb2.GetPcpGroupRequest, wire: Wire
) -> distributed_pb2.GetPcpGroupResponse:
    result = vllm_distributed.get_pcp_group()
    return distributed_pb2.GetPcpGroupResponse(result=wire.to_group(result))


def _get_pipeline_model_parallel_rank(
    request: distributed_pb2.GetPipelineModelParallelRankRequest, wire: Wire
) -> distributed_pb2.GetPipelineModelParallelRankResponse:
    result = vllm_distributed.get_pipeline_model_parallel_rank()
    return distributed_pb2.GetPipelineModelParallelRankResponse(result=result)


def _get_pp_group(
    request: distributed_pb2.GetPpGroupRequest, wire: Wire
) -> distributed_pb2.GetPpGroupResponse:
    result = vllm_distributed.get_pp_group()
    return distributed_pb2.GetPpGroupResponse(result=wire.to_group(result))


def _get_pp_indices(
    request: distributed_pb2.GetPpIndicesRequest, wire: Wire
) -> distributed_pb2.GetPpIndicesResponse:
    result = vllm_distributed.get_pp_indices(request.num_hidden_layers, request.pp_rank, request.pp_size)
    return distributed_pb2.GetPpIndicesResponse(item_1=result[0], item_2=result[1])


def _get_tcp_uri(
    request: distributed_pb2.GetTcpUriRequest, wire: Wire
) -> distributed_pb2.GetTcpUriResponse:
    result = vllm_distributed.get_tcp_uri(request.ip, request.port)
    return distributed_pb2.GetTcpUriResponse(result=result)


def _get_tensor_model_parallel_rank(
    request: distributed_pb2.GetTensorModelParallelRankRequest, wire: Wire
) -> distributed_pb2.GetTensorModelParallelRankResponse:
    result = vllm_distributed.get_tensor_model_parallel_rank()
    return distributed_pb2.GetTensorModelParallelRankResponse(result=result)


def _get_tensor_model_parallel_world_size(
    request: distributed_pb2.GetTensorModelParallelWorldSizeRequest, wire: Wire
) -> distributed_pb2.GetTensorModelParallelWorldSizeResponse:
    result = vllm_distributed.get_tensor_model_parallel_world_size()
    return distributed_pb2.GetTensorModelParallelWorldSizeResponse(result=result)


def _get_tp_group(
    request: distributed_pb2.GetTpGroupRequest, wire: Wire
) -> distributed_pb2.GetTpGroupResponse:
    result = vllm_distributed.get_tp_group()
    return distributed_pb2.GetTpGroupResponse(result=wire.to_group(result))


def _get_worker_rank_suffix(
    request: distributed_pb2.GetWorkerRankSuffixRequest, wire: Wire
) -> distributed_pb2.GetWorkerRankSuffixResponse:
    optional: dict[str, Any] = {}
    if request.HasField("global_rank"):
        optional["global_rank"] = request.global_rank
    result = vllm_distributed.get_worker_rank_suffix(**optional)
    return distributed_pb2.GetWorkerRankSuffixResponse(result=result)


def _get_world_group(
    request: distributed_pb2.GetWorldGroupRequest, wire: Wire
) -> distributed_pb2.GetWorldGroupResponse:
    result = vllm_distributed.get_world_group()
    return distributed_pb2.GetWorldGroupResponse(result=wire.to_group(result))


def _graph_capture(
    request: distributed_pb2.GraphCaptureRequest, wire: Wire
) -> distributed_pb2.GraphCaptureResponse:
    result = vllm_distributed.graph_capture(wire.device(request.device))
    return distributed_pb2.GraphCaptureResponse(result=wire.to_object(result))


def _in_the_same_node_as(
    request: distributed_pb2.InTheSameNodeAsRequest, wire: Wire
) -> distributed_pb2.InTheSameNodeAsResponse:
    optional: dict[str, Any] = {}
    if request.HasField("source_rank"):
        optional["source_rank"] = request.source_rank
    result = wire.gated("in_the_same_node_as", vllm_distributed.in_the_same_node_as, wire.kept(present(request, "pg")), **optional)
    return distributed_pb2.InTheSameNodeAsResponse(result=result)


def _init_distributed_environment(
    request: distributed_pb2.InitDistributedEnvironmentRequest, wire: Wire
) -> distributed_pb2.InitDistributedEnvironmentResponse:
    optional: dict[str, Any] = {}
    if request.HasField("world_size"):
        optional["world_size"] = request.world_size
    if request.HasField("rank"):
        optional["rank"] = request.rank
    if request.HasField("distributed_init_method"):
        optional["distributed_init_method"] = request.distributed_init_method
    if request.HasField("local_rank"):
        optional["local_rank"] = request.local_rank
    if request.HasField("backend"):
        optional["backend"] = request.backend
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    wire.gated("init_distributed_environment", wire.init_distributed_environment, **optional)
    return distributed_pb2.InitDistributedEnvironmentResponse()


def _init_gloo_process_group(
    request: distributed_pb2.InitGlooProcessGroupRequest, wire: Wire
) -> distributed_pb2.InitGlooProcessGroupResponse:
    result = wire.gated("init_gloo_process_group", vllm_distributed.init_gloo_process_group, wire.term(present(request, "prefix_store")), request.group_rank, request.group_size, wire.duration(present(request, "timeout")))
    return distributed_pb2.InitGlooProcessGroupResponse(result=wire.to_process_group(result))


def _init_logger(
    request: distributed_pb2.InitLoggerRequest, wire: Wire
) -> distributed_pb2.InitLoggerResponse:
    result = vllm_distributed.init_logger(request.name)
    return distributed_pb2.InitLoggerResponse(result=wire.to_object(result))


def _init_model_parallel_group(
    request: distributed_pb2.InitModelParallelGroupRequest, wire: Wire
) -> distributed_pb2.InitModelParallelGroupResponse:
    optional: dict[str, Any] = {}
    if request.HasField("use_message_queue_broadcaster"):
        optional["use_message_queue_broadcaster"] = request.use_message_queue_broadcaster
    if request.HasField("group_name"):
        optional["group_name"] = request.group_name
    if request.HasField("use_device_communicator"):
        optional["use_device_communicator"] = request.use_device_communicator
    if request.HasField("use_all2all"):
        optional["use_all2all"] = request.use_all2all
    result = wire.gated("init_model_parallel_group", vllm_distributed.init_model_parallel_group, [list(item.values) for item in request.group_ranks], request.local_rank, request.backend, **optional)
    return distributed_pb2.InitModelParallelGroupResponse(result=wire.to_group(result))


def _init_world_group(
    request: distributed_pb2.InitWorldGroupRequest, wire: Wire
) -> distributed_pb2.InitWorldGroupResponse:
    result = wire.gated("init_world_group", vllm_distributed.init_world_group, list(request.ranks), request.local_rank, request.backend)
    return distributed_pb2.InitWorldGroupResponse(result=wire.to_group(result))


def _initialize_model_parallel(
    request: distributed_pb2.InitializeModelParallelRequest, wire: Wire
) -> distributed_pb2.InitializeModelParallelResponse:
    optional: dict[str, Any] = {}
    if request.HasField("tensor_model_parallel_size"):
        optional["tensor_model_parallel_size"] = request.tensor_model_parallel_size
    if request.HasField("pipeline_model_parallel_size"):
        optional["pipeline_model_parallel_size"] = request.pipeline_model_parallel_size
    if request.HasField("prefill_context_model_parallel_size"):
        optional["prefill_context_model_parallel_size"] = request.prefill_context_model_parallel_size
    if request.HasField("decode_context_model_parallel_size"):
        optional["decode_context_model_parallel_size"] = request.decode_context_model_parallel_size
    if request.HasField("backend"):
        optional["backend"] = request.backend
    if request.HasField("data_parallel_size"):
        optional["data_parallel_size"] = request.data_parallel_size
    if request.HasField("is_moe_model"):
        optional["is_moe_model"] = request.is_moe_model
    if request.HasField("enable_eplb"):
        optional["enable_eplb"] = request.enable_eplb
    if request.HasField("engram_tensor_parallel_size"):
        optional["engram_tensor_parallel_size"] = request.engram_tensor_parallel_size
    if request.HasField("engram_data_parallel_size"):
        optional["engram_data_parallel_size"] = request.engram_data_parallel_size
    wire.gated("initialize_model_parallel", vllm_distributed.initialize_model_parallel, **optional)
    return distributed_pb2.InitializeModelParallelResponse()


def _is_global_first_rank(
    request: distributed_pb2.IsGlobalFirstRankRequest, wire: Wire
) -> distributed_pb2.IsGlobalFirstRankResponse:
    result = vllm_distributed.is_global_first_rank()
    return distributed_pb2.IsGlobalFirstRankResponse(result=result)


def _is_local_first_rank(
    request: distributed_pb2.IsLocalFirstRankRequest, wire: Wire
) -> distributed_pb2.IsLocalFirstRankResponse:
    result = vllm_distributed.is_local_first_rank()
    return distributed_pb2.IsLocalFirstRankResponse(result=result)


def _is_torch_equal_or_newer(
    request: distributed_pb2.IsTorchEqualOrNewerRequest, wire: Wire
) -> distributed_pb2.IsTorchEqualOrNewerResponse:
    result = vllm_distributed.is_torch_equal_or_newer(request.target)
    return distributed_pb2.IsTorchEqualOrNewerResponse(result=result)


def _is_weak_contiguous(
    request: distributed_pb2.IsWeakContiguousRequest, wire: Wire
) -> distributed_pb2.IsWeakContiguousResponse:
    result = vllm_distributed.is_weak_contiguous(wire.tensor(present(request, "inp")))
    return distributed_pb2.IsWeakContiguousResponse(result=result)


def _logger(
    request: distributed_pb2.LoggerRequest, wire: Wire
) -> distributed_pb2.LoggerResponse:
    result = vllm_distributed.logger
    return distributed_pb2.LoggerResponse(result=wire.to_object(result))


def _model_parallel_is_initialized(
    request: distributed_pb2.ModelParallelIsInitializedRequest, wire: Wire
) -> distributed_pb2.ModelParallelIsInitializedResponse:
    result = vllm_distributed.model_parallel_is_initialized()
    return distributed_pb2.ModelParallelIsInitializedResponse(result=result)


def _patch_tensor_parallel_group(
    request: distributed_pb2.PatchTensorParallelGroupRequest, wire: Wire
) -> distributed_pb2.PatchTensorParallelGroupResponse:
    result = vllm_distributed.patch_tensor_parallel_group(wire.group(present(request, "tp_group")))
    return distributed_pb2.PatchTensorParallelGroupResponse(result=wire.to_object(result))


def _patched_fused_scaled_matmul_reduce_scatter(
    request: distributed_pb2.PatchedFusedScaledMatmulReduceScatterRequest, wire: Wire
) -> distributed_pb2.PatchedFusedScaledMatmulReduceScatterResponse:
    optional: dict[str, Any] = {}
    if request.HasField("bias"):
        optional["bias"] = wire.tensor(request.bias)
    if request.HasField("result_scale"):
        optional["result_scale"] = wire.tensor(request.result_scale)
    if request.HasField("out_dtype"):
        optional["out_dtype"] = wire.dtype(request.out_dtype)
    if request.HasField("use_fast_accum"):
        optional["use_fast_accum"] = request.use_fast_accum
    result = wire.gated("patched_fused_scaled_matmul_reduce_scatter", vllm_distributed.patched_fused_scaled_matmul_reduce_scatter, wire.tensor(present(request, "A")), wire.tensor(present(request, "B")), wire.tensor(present(request, "A_scale")), wire.tensor(present(request, "B_scale")), request.reduce_op, request.orig_scatter_dim, request.scatter_dim_after_maybe_reshape, request.group_name, list(request.output_shape), **optional)
    return distributed_pb2.PatchedFusedScaledMatmulReduceScatterResponse(result=wire.to_tensor(result))


def _patched_fused_scaled_matmul_reduce_scatter_fake(
    request: distributed_pb2.PatchedFusedScaledMatmulReduceScatterFakeRequest, wire: Wire
) -> distributed_pb2.PatchedFusedScaledMatmulReduceScatterFakeResponse:
    optional: dict[str, Any] = {}
    if request.HasField("bias"):
        optional["bias"] = wire.tensor(request.bias)
    if request.HasField("result_scale"):
        optional["result_scale"] = wire.tensor(request.result_scale)
    if request.HasField("out_dtype"):
        optional["out_dtype"] = wire.dtype(request.out_dtype)
    if request.HasField("use_fast_accum"):
        optional["use_fast_accum"] = request.use_fast_accum
    result = vllm_distributed.patched_fused_scaled_matmul_reduce_scatter_fake(wire.tensor(present(request, "A")), wire.tensor(present(request, "B")), wire.tensor(present(request, "A_scale")), wire.tensor(present(request, "B_scale")), request.reduce_op, request.orig_scatter_dim, request.scatter_dim_after_maybe_reshape, request.group_name, list(request.output_shape), **optional)
    return distributed_pb2.PatchedFusedScaledMatmulReduceScatterFakeResponse(result=wire.to_tensor(result))


def _prepare_communication_buffer_for_model(
    request: distributed_pb2.PrepareCommunicationBufferForModelRequest, wire: Wire
) -> distributed_pb2.PrepareCommunicationBufferForModelResponse:
    vllm_distributed.prepare_communication_buffer_for_model(wire.kept(present(request, "model")))
    return distributed_pb2.PrepareCommunicationBufferForModelResponse()


def _rebalance_experts(
    request: distributed_pb2.RebalanceExpertsRequest, wire: Wire
) -> distributed_pb2.RebalanceExpertsResponse:
    result = vllm_distributed.rebalance_experts(wire.tensor(present(request, "weight")), request.num_replicas, request.num_groups, request.num_nodes, request.num_gpus)
    return distributed_pb2.RebalanceExpertsResponse(item_1=wire.to_tensor(result[0]), item_2=wire.to_tensor(result[1]), item_3=wire.to_tensor(result[2]))


def _reduce_scatter(
    request: distributed_pb2.ReduceScatterRequest, wire: Wire
) -> distributed_pb2.ReduceScatterResponse:
    result = wire.gated("reduce_scatter", vllm_distributed.reduce_scatter, wire.tensor(present(request, "tensor")), request.dim, request.world_size, request.group_name)
    return distributed_pb2.ReduceScatterResponse(result=wire.to_tensor(result))


def _reduce_scatter_fake(
    request: distributed_pb2.ReduceScatterFakeRequest, wire: Wire
) -> distributed_pb2.ReduceScatterFakeResponse:
    result = vllm_distributed.reduce_scatter_fake(wire.tensor(present(request, "tensor")), request.dim, request.world_size, request.group_name)
    return distributed_pb2.ReduceScatterFakeResponse(result=wire.to_tensor(result))


def _resolve_obj_by_qualname(
    request: distributed_pb2.ResolveObjByQualnameRequest, wire: Wire
) -> distributed_pb2.ResolveObjByQualnameResponse:
    result = wire.resolve_obj_by_qualname(request.qualname)
    return distributed_pb2.ResolveObjByQualnameResponse(result=wire.to_term(result))


def _resume_device_comms(
    request: distributed_pb2.ResumeDeviceCommsRequest, wire: Wire
) -> distributed_pb2.ResumeDeviceCommsResponse:
    wire.gated("resume_device_comms", vllm_distributed.resume_device_comms)
    return distributed_pb2.ResumeDeviceCommsResponse()


def _sched_yield(
    request: distributed_pb2.SchedYieldRequest, wire: Wire
) -> distributed_pb2.SchedYieldResponse:
    vllm_distributed.sched_yield()
    return distributed_pb2.SchedYieldResponse()


def _set_current_parallel_config(
    request: distributed_pb2.SetCurrentParallelConfigRequest, wire: Wire
) -> distributed_pb2.SetCurrentParallelConfigResponse:
    result = vllm_distributed.set_current_parallel_config((objects.parallel_config(request.config, wire) if request.HasField("config") else None))
    return distributed_pb2.SetCurrentParallelConfigResponse(result=wire.to_object(result))


def _set_custom_all_reduce(
    request: distributed_pb2.SetCustomAllReduceRequest, wire: Wire
) -> distributed_pb2.SetCustomAllReduceResponse:
    vllm_distributed.set_custom_all_reduce(request.enable)
    return distributed_pb2.SetCustomAllReduceResponse()


def _split_tensor_along_last_dim(
    request: distributed_pb2.SplitTensorAlongLastDimRequest, wire: Wire
) -> distributed_pb2.SplitTensorAlongLastDimResponse:
    optional: dict[str, Any] = {}
    if request.HasField("contiguous_split_chunks"):
        optional["contiguous_split_chunks"] = request.contiguous_split_chunks
    result = vllm_distributed.split_tensor_along_last_dim(wire.tensor(present(request, "tensor")), request.num_partitions, **optional)
    return distributed_pb2.SplitTensorAlongLastDimResponse(result=[wire.to_tensor(item) for item in result])


def _stateless_destroy_torch_distributed_process_group(
    request: distributed_pb2.StatelessDestroyTorchDistributedProcessGroupRequest, wire: Wire
) -> distributed_pb2.StatelessDestroyTorchDistributedProcessGroupResponse:
    vllm_distributed.stateless_destroy_torch_distributed_process_group(wire.process_group(present(request, "pg")))
    return distributed_pb2.StatelessDestroyTorchDistributedProcessGroupResponse()


def _stateless_init_torch_distributed_process_group(
    request: distributed_pb2.StatelessInitTorchDistributedProcessGroupRequest, wire: Wire
) -> distributed_pb2.StatelessInitTorchDistributedProcessGroupResponse:
    optional: dict[str, Any] = {}
    if request.HasField("group_name"):
        optional["group_name"] = request.group_name
    if request.HasField("return_store"):
        optional["return_store"] = request.return_store
    if request.HasField("listen_socket"):
        optional["listen_socket"] = wire.term(request.listen_socket)
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    result = wire.gated("stateless_init_torch_distributed_process_group", vllm_distributed.stateless_init_torch_distributed_process_group, request.host, request.port, request.rank, request.world_size, request.backend, **optional)
    return distributed_pb2.StatelessInitTorchDistributedProcessGroupResponse(result=wire.to_process_group(result))


def _suppress_stdout(
    request: distributed_pb2.SuppressStdoutRequest, wire: Wire
) -> distributed_pb2.SuppressStdoutResponse:
    result = vllm_distributed.suppress_stdout()
    return distributed_pb2.SuppressStdoutResponse(result=wire.to_object(result))


def _suspend_device_comms(
    request: distributed_pb2.SuspendDeviceCommsRequest, wire: Wire
) -> distributed_pb2.SuspendDeviceCommsResponse:
    wire.gated("suspend_device_comms", vllm_distributed.suspend_device_comms)
    return distributed_pb2.SuspendDeviceCommsResponse()


def _tensor_model_parallel_all_gather(
    request: distributed_pb2.TensorModelParallelAllGatherRequest, wire: Wire
) -> distributed_pb2.TensorModelParallelAllGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = wire.gated("tensor_model_parallel_all_gather", vllm_distributed.tensor_model_parallel_all_gather, wire.tensor(present(request, "input_")), **optional)
    return distributed_pb2.TensorModelParallelAllGatherResponse(result=wire.to_tensor(result))


def _tensor_model_parallel_all_reduce(
    request: distributed_pb2.TensorModelParallelAllReduceRequest, wire: Wire
) -> distributed_pb2.TensorModelParallelAllReduceResponse:
    optional: dict[str, Any] = {}
    if request.HasField("op"):
        optional["op"] = request.op
    result = wire.gated("tensor_model_parallel_all_reduce", vllm_distributed.tensor_model_parallel_all_reduce, wire.tensor(present(request, "input_")), **optional)
    return distributed_pb2.TensorModelParallelAllReduceResponse(result=wire.to_tensor(result))


def _tensor_model_parallel_gather(
    request: distributed_pb2.TensorModelParallelGatherRequest, wire: Wire
) -> distributed_pb2.TensorModelParallelGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = wire.gated("tensor_model_parallel_gather", vllm_distributed.tensor_model_parallel_gather, wire.tensor(present(request, "input_")), **optional)
    return distributed_pb2.TensorModelParallelGatherResponse(result=None if result is None else wire.to_tensor(result))


def _tensor_model_parallel_reduce_scatter(
    request: distributed_pb2.TensorModelParallelReduceScatterRequest, wire: Wire
) -> distributed_pb2.TensorModelParallelReduceScatterResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = wire.gated("tensor_model_parallel_reduce_scatter", vllm_distributed.tensor_model_parallel_reduce_scatter, wire.tensor(present(request, "input_")), **optional)
    return distributed_pb2.TensorModelParallelReduceScatterResponse(result=wire.to_tensor(result))


def _verify_group_size_divides_partition(
    request: distributed_pb2.VerifyGroupSizeDividesPartitionRequest, wire: Wire
) -> distributed_pb2.VerifyGroupSizeDividesPartitionResponse:
    optional: dict[str, Any] = {}
    if request.HasField("layer_name"):
        optional["layer_name"] = request.layer_name
    if request.HasField("extra_suggestion"):
        optional["extra_suggestion"] = request.extra_suggestion
    vllm_distributed.verify_group_size_divides_partition(request.input_size_per_partition, request.group_size, **optional)
    return distributed_pb2.VerifyGroupSizeDividesPartitionResponse()


def _group_coordinator_new(
    request: group_coordinator_pb2.GroupCoordinatorNewRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorNewResponse:
    optional: dict[str, Any] = {}
    if request.HasField("use_message_queue_broadcaster"):
        optional["use_message_queue_broadcaster"] = request.use_message_queue_broadcaster
    if request.HasField("group_name"):
        optional["group_name"] = request.group_name
    if request.HasField("use_all2all"):
        optional["use_all2all"] = request.use_all2all
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    result = wire.gated("GroupCoordinator.new", GroupCoordinator, [list(item.values) for item in request.group_ranks], request.local_rank, request.torch_distributed_backend, request.use_device_communicator, **optional)
    return group_coordinator_pb2.GroupCoordinatorNewResponse(result=wire.to_group(result))


def _group_coordinator_device_communicator(
    request: group_coordinator_pb2.GroupCoordinatorDeviceCommunicatorRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorDeviceCommunicatorResponse:
    result = wire.group(present(request, "receiver")).device_communicator
    return group_coordinator_pb2.GroupCoordinatorDeviceCommunicatorResponse(result=objects.to_device_communicator_base(result, wire))


def _group_coordinator_device_group(
    request: group_coordinator_pb2.GroupCoordinatorDeviceGroupRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorDeviceGroupResponse:
    result = wire.group(present(request, "receiver")).device_group
    return group_coordinator_pb2.GroupCoordinatorDeviceGroupResponse(result=wire.to_process_group(result))


def _group_coordinator_cpu_group(
    request: group_coordinator_pb2.GroupCoordinatorCpuGroupRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorCpuGroupResponse:
    result = wire.group(present(request, "receiver")).cpu_group
    return group_coordinator_pb2.GroupCoordinatorCpuGroupResponse(result=wire.to_process_group(result))


def _group_coordinator_torch_distributed_backend(
    request: group_coordinator_pb2.GroupCoordinatorTorchDistributedBackendRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorTorchDistributedBackendResponse:
    result = wire.group(present(request, "receiver")).torch_distributed_backend
    return group_coordinator_pb2.GroupCoordinatorTorchDistributedBackendResponse(result=result)


def _group_coordinator_device_index(
    request: group_coordinator_pb2.GroupCoordinatorDeviceIndexRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorDeviceIndexResponse:
    result = wire.group(present(request, "receiver")).device_index
    return group_coordinator_pb2.GroupCoordinatorDeviceIndexResponse(result=result)


def _group_coordinator_cpu_timeout(
    request: group_coordinator_pb2.GroupCoordinatorCpuTimeoutRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorCpuTimeoutResponse:
    result = wire.group(present(request, "receiver")).cpu_timeout
    return group_coordinator_pb2.GroupCoordinatorCpuTimeoutResponse(result=wire.to_duration(result))


def _group_coordinator_use_custom_op_call(
    request: group_coordinator_pb2.GroupCoordinatorUseCustomOpCallRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorUseCustomOpCallResponse:
    result = wire.group(present(request, "receiver")).use_custom_op_call
    return group_coordinator_pb2.GroupCoordinatorUseCustomOpCallResponse(result=result)


def _group_coordinator_use_cpu_custom_send_recv(
    request: group_coordinator_pb2.GroupCoordinatorUseCpuCustomSendRecvRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorUseCpuCustomSendRecvResponse:
    result = wire.group(present(request, "receiver")).use_cpu_custom_send_recv
    return group_coordinator_pb2.GroupCoordinatorUseCpuCustomSendRecvResponse(result=result)


def _group_coordinator_first_rank(
    request: group_coordinator_pb2.GroupCoordinatorFirstRankRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorFirstRankResponse:
    result = wire.group(present(request, "receiver")).first_rank
    return group_coordinator_pb2.GroupCoordinatorFirstRankResponse(result=result)


def _group_coordinator_last_rank(
    request: group_coordinator_pb2.GroupCoordinatorLastRankRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorLastRankResponse:
    result = wire.group(present(request, "receiver")).last_rank
    return group_coordinator_pb2.GroupCoordinatorLastRankResponse(result=result)


def _group_coordinator_is_first_rank(
    request: group_coordinator_pb2.GroupCoordinatorIsFirstRankRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorIsFirstRankResponse:
    result = wire.group(present(request, "receiver")).is_first_rank
    return group_coordinator_pb2.GroupCoordinatorIsFirstRankResponse(result=result)


def _group_coordinator_is_last_rank(
    request: group_coordinator_pb2.GroupCoordinatorIsLastRankRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorIsLastRankResponse:
    result = wire.group(present(request, "receiver")).is_last_rank
    return group_coordinator_pb2.GroupCoordinatorIsLastRankResponse(result=result)


def _group_coordinator_next_rank(
    request: group_coordinator_pb2.GroupCoordinatorNextRankRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorNextRankResponse:
    result = wire.group(present(request, "receiver")).next_rank
    return group_coordinator_pb2.GroupCoordinatorNextRankResponse(result=result)


def _group_coordinator_prev_rank(
    request: group_coordinator_pb2.GroupCoordinatorPrevRankRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorPrevRankResponse:
    result = wire.group(present(request, "receiver")).prev_rank
    return group_coordinator_pb2.GroupCoordinatorPrevRankResponse(result=result)


def _group_coordinator_make_sibling_device_group(
    request: group_coordinator_pb2.GroupCoordinatorMakeSiblingDeviceGroupRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorMakeSiblingDeviceGroupResponse:
    optional: dict[str, Any] = {}
    if request.HasField("group_desc"):
        optional["group_desc"] = request.group_desc
    result = wire.gated("GroupCoordinator.make_sibling_device_group", wire.group(present(request, "receiver")).make_sibling_device_group, **optional)
    return group_coordinator_pb2.GroupCoordinatorMakeSiblingDeviceGroupResponse(result=wire.to_process_group(result))


def _group_coordinator_destroy(
    request: group_coordinator_pb2.GroupCoordinatorDestroyRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorDestroyResponse:
    wire.group(present(request, "receiver")).destroy()
    return group_coordinator_pb2.GroupCoordinatorDestroyResponse()


def _group_coordinator_graph_capture(
    request: group_coordinator_pb2.GroupCoordinatorGraphCaptureRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorGraphCaptureResponse:
    optional: dict[str, Any] = {}
    if request.HasField("graph_capture_context"):
        optional["graph_capture_context"] = objects.graph_capture_context(request.graph_capture_context, wire)
    result = wire.group(present(request, "receiver")).graph_capture(**optional)
    return group_coordinator_pb2.GroupCoordinatorGraphCaptureResponse(result=wire.to_object(result))


def _group_coordinator_prepare_communication_buffer_for_model(
    request: group_coordinator_pb2.GroupCoordinatorPrepareCommunicationBufferForModelRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorPrepareCommunicationBufferForModelResponse:
    wire.group(present(request, "receiver")).prepare_communication_buffer_for_model(wire.kept(present(request, "model")))
    return group_coordinator_pb2.GroupCoordinatorPrepareCommunicationBufferForModelResponse()


def _group_coordinator_dispatch(
    request: group_coordinator_pb2.GroupCoordinatorDispatchRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorDispatchResponse:
    optional: dict[str, Any] = {}
    if request.HasField("topk_weights"):
        optional["topk_weights"] = wire.tensor(request.topk_weights)
    if request.HasField("topk_ids"):
        optional["topk_ids"] = wire.tensor(request.topk_ids)
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    if request.HasField("extra_tensors"):
        optional["extra_tensors"] = [wire.tensor(item) for item in request.extra_tensors.values]
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    if request.HasField("router_logits"):
        optional["router_logits"] = wire.tensor(request.router_logits)
    result = wire.gated("GroupCoordinator.dispatch", wire.group(present(request, "receiver")).dispatch, wire.tensor(present(request, "hidden_states")), **optional)
    return group_coordinator_pb2.GroupCoordinatorDispatchResponse(result=wire.to_term(result))


def _group_coordinator_dispatch_router_logits(
    request: group_coordinator_pb2.GroupCoordinatorDispatchRouterLogitsRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorDispatchRouterLogitsResponse:
    optional: dict[str, Any] = {}
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    if request.HasField("extra_tensors"):
        optional["extra_tensors"] = [wire.tensor(item) for item in request.extra_tensors.values]
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.gated("GroupCoordinator.dispatch_router_logits", wire.group(present(request, "receiver")).dispatch_router_logits, wire.tensor(present(request, "hidden_states")), wire.tensor(present(request, "router_logits")), **optional)
    return group_coordinator_pb2.GroupCoordinatorDispatchRouterLogitsResponse(result=wire.to_term(result))


def _group_coordinator_combine(
    request: group_coordinator_pb2.GroupCoordinatorCombineRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorCombineResponse:
    optional: dict[str, Any] = {}
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.gated("GroupCoordinator.combine", wire.group(present(request, "receiver")).combine, wire.tensor(present(request, "hidden_states")), **optional)
    return group_coordinator_pb2.GroupCoordinatorCombineResponse(result=wire.to_tensor(result))


def _group_coordinator_allocate_combine_input(
    request: group_coordinator_pb2.GroupCoordinatorAllocateCombineInputRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllocateCombineInputResponse:
    optional: dict[str, Any] = {}
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    result = wire.group(present(request, "receiver")).allocate_combine_input(list(request.shape), wire.dtype(request.dtype), wire.device(request.device), **optional)
    return group_coordinator_pb2.GroupCoordinatorAllocateCombineInputResponse(result=None if result is None else wire.to_tensor(result))


def _group_coordinator_combine_into_output(
    request: group_coordinator_pb2.GroupCoordinatorCombineIntoOutputRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorCombineIntoOutputResponse:
    optional: dict[str, Any] = {}
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.gated("GroupCoordinator.combine_into_output", wire.group(present(request, "receiver")).combine_into_output, wire.tensor(present(request, "hidden_states")), wire.tensor(present(request, "output")), **optional)
    return group_coordinator_pb2.GroupCoordinatorCombineIntoOutputResponse(result=wire.to_tensor(result))


def _group_coordinator_create_mq_broadcaster(
    request: group_coordinator_pb2.GroupCoordinatorCreateMqBroadcasterRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorCreateMqBroadcasterResponse:
    optional: dict[str, Any] = {}
    if request.HasField("writer_rank"):
        optional["writer_rank"] = request.writer_rank
    if request.HasField("external_writer_handle"):
        optional["external_writer_handle"] = wire.term(request.external_writer_handle)
    if request.HasField("blocking"):
        optional["blocking"] = request.blocking
    result = wire.gated("GroupCoordinator.create_mq_broadcaster", wire.group(present(request, "receiver")).create_mq_broadcaster, **optional)
    return group_coordinator_pb2.GroupCoordinatorCreateMqBroadcasterResponse(result=objects.to_message_queue(result, wire))


def _group_coordinator_create_single_reader_mq_broadcasters(
    request: group_coordinator_pb2.GroupCoordinatorCreateSingleReaderMqBroadcastersRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorCreateSingleReaderMqBroadcastersResponse:
    optional: dict[str, Any] = {}
    if request.HasField("reader_rank_in_group"):
        optional["reader_rank_in_group"] = request.reader_rank_in_group
    if request.HasField("blocking"):
        optional["blocking"] = request.blocking
    result = wire.gated("GroupCoordinator.create_single_reader_mq_broadcasters", wire.group(present(request, "receiver")).create_single_reader_mq_broadcasters, **optional)
    return group_coordinator_pb2.GroupCoordinatorCreateSingleReaderMqBroadcastersResponse(item_1=objects.to_message_queue(result[0], wire), item_2=wire.to_term(result[1]))


def _group_coordinator_broadcast_object(
    request: group_coordinator_pb2.GroupCoordinatorBroadcastObjectRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBroadcastObjectResponse:
    optional: dict[str, Any] = {}
    if request.HasField("obj"):
        optional["obj"] = wire.term(request.obj)
    if request.HasField("src"):
        optional["src"] = request.src
    result = wire.gated("GroupCoordinator.broadcast_object", wire.group(present(request, "receiver")).broadcast_object, **optional)
    return group_coordinator_pb2.GroupCoordinatorBroadcastObjectResponse(result=wire.to_term(result))


def _group_coordinator_broadcast_object_list(
    request: group_coordinator_pb2.GroupCoordinatorBroadcastObjectListRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBroadcastObjectListResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    if request.HasField("group"):
        optional["group"] = wire.process_group(request.group)
    result = wire.gated("GroupCoordinator.broadcast_object_list", wire.group(present(request, "receiver")).broadcast_object_list, wire.term(present(request, "obj_list")), **optional)
    return group_coordinator_pb2.GroupCoordinatorBroadcastObjectListResponse(result=wire.to_term(result))


def _group_coordinator_broadcast_tensor_dict(
    request: group_coordinator_pb2.GroupCoordinatorBroadcastTensorDictRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBroadcastTensorDictResponse:
    optional: dict[str, Any] = {}
    if request.HasField("tensor_dict"):
        optional["tensor_dict"] = wire.term(request.tensor_dict)
    if request.HasField("src"):
        optional["src"] = request.src
    if request.HasField("group"):
        optional["group"] = wire.process_group(request.group)
    if request.HasField("metadata_group"):
        optional["metadata_group"] = wire.process_group(request.metadata_group)
    result = wire.gated("GroupCoordinator.broadcast_tensor_dict", wire.group(present(request, "receiver")).broadcast_tensor_dict, **optional)
    return group_coordinator_pb2.GroupCoordinatorBroadcastTensorDictResponse(result=wire.to_term(result))


def _group_coordinator_send_object(
    request: group_coordinator_pb2.GroupCoordinatorSendObjectRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorSendObjectResponse:
    wire.gated("GroupCoordinator.send_object", wire.group(present(request, "receiver")).send_object, wire.term(present(request, "obj")), request.dst)
    return group_coordinator_pb2.GroupCoordinatorSendObjectResponse()


def _group_coordinator_isend_object(
    request: group_coordinator_pb2.GroupCoordinatorIsendObjectRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorIsendObjectResponse:
    result = wire.gated("GroupCoordinator.isend_object", wire.group(present(request, "receiver")).isend_object, wire.term(present(request, "obj")), request.dst)
    return group_coordinator_pb2.GroupCoordinatorIsendObjectResponse(result=objects.to_handle(result, wire))


def _group_coordinator_recv_object(
    request: group_coordinator_pb2.GroupCoordinatorRecvObjectRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorRecvObjectResponse:
    result = wire.gated("GroupCoordinator.recv_object", wire.group(present(request, "receiver")).recv_object, request.src)
    return group_coordinator_pb2.GroupCoordinatorRecvObjectResponse(result=wire.to_term(result))


def _group_coordinator_barrier(
    request: group_coordinator_pb2.GroupCoordinatorBarrierRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBarrierResponse:
    wire.gated("GroupCoordinator.barrier", wire.group(present(request, "receiver")).barrier)
    return group_coordinator_pb2.GroupCoordinatorBarrierResponse()


def _group_coordinator_all_reduce(
    request: group_coordinator_pb2.GroupCoordinatorAllReduceRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllReduceResponse:
    optional: dict[str, Any] = {}
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    if request.HasField("op"):
        optional["op"] = request.op
    result = wire.gated("GroupCoordinator.all_reduce", wire.group(present(request, "receiver")).all_reduce, wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorAllReduceResponse(result=wire.to_tensor(result))


def _group_coordinator_all_reduce_in_place(
    request: group_coordinator_pb2.GroupCoordinatorAllReduceInPlaceRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllReduceInPlaceResponse:
    optional: dict[str, Any] = {}
    if request.HasField("op"):
        optional["op"] = request.op
    result = wire.gated("GroupCoordinator.all_reduce_", wire.group(present(request, "receiver")).all_reduce_, wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorAllReduceInPlaceResponse(result=wire.to_tensor(result))


def _group_coordinator_all_gather(
    request: group_coordinator_pb2.GroupCoordinatorAllGatherRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("GroupCoordinator.all_gather", wire.group(present(request, "receiver")).all_gather, wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorAllGatherResponse(result=wire.to_tensor(result))


def _group_coordinator_all_gatherv(
    request: group_coordinator_pb2.GroupCoordinatorAllGathervRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllGathervResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    if request.HasField("out"):
        optional["out"] = wire.term(request.out)
    result = wire.gated("GroupCoordinator.all_gatherv", wire.group(present(request, "receiver")).all_gatherv, wire.term(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorAllGathervResponse(result=wire.to_term(result))


def _group_coordinator_reduce_scatter(
    request: group_coordinator_pb2.GroupCoordinatorReduceScatterRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorReduceScatterResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("GroupCoordinator.reduce_scatter", wire.group(present(request, "receiver")).reduce_scatter, wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorReduceScatterResponse(result=wire.to_tensor(result))


def _group_coordinator_reduce_scatterv(
    request: group_coordinator_pb2.GroupCoordinatorReduceScattervRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorReduceScattervResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("GroupCoordinator.reduce_scatterv", wire.group(present(request, "receiver")).reduce_scatterv, wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorReduceScattervResponse(result=wire.to_tensor(result))


def _group_coordinator_reduce_scatterv_into_output(
    request: group_coordinator_pb2.GroupCoordinatorReduceScattervIntoOutputRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorReduceScattervIntoOutputResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.gated("GroupCoordinator.reduce_scatterv_into_output", wire.group(present(request, "receiver")).reduce_scatterv_into_output, wire.tensor(present(request, "input_")), wire.tensor(present(request, "output")), **optional)
    return group_coordinator_pb2.GroupCoordinatorReduceScattervIntoOutputResponse(result=wire.to_tensor(result))


def _group_coordinator_cpu_all_reduce_in_place(
    request: group_coordinator_pb2.GroupCoordinatorCpuAllReduceInPlaceRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorCpuAllReduceInPlaceResponse:
    result = wire.gated("GroupCoordinator.cpu_all_reduce_", wire.group(present(request, "receiver")).cpu_all_reduce_, wire.tensor(present(request, "tensor")))
    return group_coordinator_pb2.GroupCoordinatorCpuAllReduceInPlaceResponse(result=wire.to_tensor(result))


def _group_coordinator_gather(
    request: group_coordinator_pb2.GroupCoordinatorGatherRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("GroupCoordinator.gather", wire.group(present(request, "receiver")).gather, wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorGatherResponse(result=None if result is None else wire.to_tensor(result))


def _group_coordinator_broadcast(
    request: group_coordinator_pb2.GroupCoordinatorBroadcastRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBroadcastResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    result = wire.gated("GroupCoordinator.broadcast", wire.group(present(request, "receiver")).broadcast, wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorBroadcastResponse(result=wire.to_tensor(result))


def _group_coordinator_send(
    request: group_coordinator_pb2.GroupCoordinatorSendRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorSendResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    wire.gated("GroupCoordinator.send", wire.group(present(request, "receiver")).send, wire.tensor(present(request, "tensor")), **optional)
    return group_coordinator_pb2.GroupCoordinatorSendResponse()


def _group_coordinator_recv(
    request: group_coordinator_pb2.GroupCoordinatorRecvRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorRecvResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("GroupCoordinator.recv", wire.group(present(request, "receiver")).recv, wire.size(request.size), wire.dtype(request.dtype), **optional)
    return group_coordinator_pb2.GroupCoordinatorRecvResponse(result=wire.to_tensor(result))


def _group_coordinator_send_tensor_dict(
    request: group_coordinator_pb2.GroupCoordinatorSendTensorDictRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorSendTensorDictResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    if request.HasField("all_gather_group"):
        optional["all_gather_group"] = wire.group(request.all_gather_group)
    if request.HasField("all_gather_tensors"):
        optional["all_gather_tensors"] = wire.term(request.all_gather_tensors)
    result = wire.gated("GroupCoordinator.send_tensor_dict", wire.group(present(request, "receiver")).send_tensor_dict, wire.term(present(request, "tensor_dict")), **optional)
    return group_coordinator_pb2.GroupCoordinatorSendTensorDictResponse(result=wire.to_term(result))


def _group_coordinator_recv_tensor_dict(
    request: group_coordinator_pb2.GroupCoordinatorRecvTensorDictRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorRecvTensorDictResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    if request.HasField("all_gather_group"):
        optional["all_gather_group"] = wire.group(request.all_gather_group)
    if request.HasField("all_gather_tensors"):
        optional["all_gather_tensors"] = wire.term(request.all_gather_tensors)
    result = wire.gated("GroupCoordinator.recv_tensor_dict", wire.group(present(request, "receiver")).recv_tensor_dict, **optional)
    return group_coordinator_pb2.GroupCoordinatorRecvTensorDictResponse(result=wire.to_term(result))


def _group_coordinator_isend_tensor_dict(
    request: group_coordinator_pb2.GroupCoordinatorIsendTensorDictRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorIsendTensorDictResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    if request.HasField("all_gather_group"):
        optional["all_gather_group"] = wire.group(request.all_gather_group)
    if request.HasField("all_gather_tensors"):
        optional["all_gather_tensors"] = wire.term(request.all_gather_tensors)
    result = wire.gated("GroupCoordinator.isend_tensor_dict", wire.group(present(request, "receiver")).isend_tensor_dict, wire.term(present(request, "tensor_dict")), **optional)
    return group_coordinator_pb2.GroupCoordinatorIsendTensorDictResponse(result=[objects.to_handle(item, wire) for item in result])


def _group_coordinator_irecv_tensor_dict(
    request: group_coordinator_pb2.GroupCoordinatorIrecvTensorDictRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorIrecvTensorDictResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    if request.HasField("all_gather_group"):
        optional["all_gather_group"] = wire.group(request.all_gather_group)
    if request.HasField("all_gather_tensors"):
        optional["all_gather_tensors"] = wire.term(request.all_gather_tensors)
    result = wire.gated("GroupCoordinator.irecv_tensor_dict", wire.group(present(request, "receiver")).irecv_tensor_dict, **optional)
    return group_coordinator_pb2.GroupCoordinatorIrecvTensorDictResponse(item_1=wire.to_term(result[0]), item_2=[objects.to_handle(item, wire) for item in result[1]], item_3=[wire.to_object(item) for item in result[2]])


def _group_coordinator_mq_broadcaster(
    request: group_coordinator_pb2.GroupCoordinatorMqBroadcasterRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorMqBroadcasterResponse:
    result = wire.group(present(request, "receiver")).mq_broadcaster
    return group_coordinator_pb2.GroupCoordinatorMqBroadcasterResponse(result=None if result is None else objects.to_message_queue(result, wire))


def _stateless_group_coordinator_new(
    request: stateless_group_coordinator_pb2.StatelessGroupCoordinatorNewRequest, wire: Wire
) -> stateless_group_coordinator_pb2.StatelessGroupCoordinatorNewResponse:
    optional: dict[str, Any] = {}
    if request.HasField("coord_store"):
        optional["coord_store"] = wire.term(request.coord_store)
    if request.HasField("use_message_queue_broadcaster"):
        optional["use_message_queue_broadcaster"] = request.use_message_queue_broadcaster
    if request.HasField("group_name"):
        optional["group_name"] = request.group_name
    if request.HasField("host"):
        optional["host"] = request.host
    if request.HasField("global_rank"):
        optional["global_rank"] = request.global_rank
    if request.HasField("global_world_size"):
        optional["global_world_size"] = request.global_world_size
    if request.HasField("use_all2all"):
        optional["use_all2all"] = request.use_all2all
    if request.HasField("group_ports"):
        optional["group_ports"] = wire.term(request.group_ports)
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    result = wire.gated("StatelessGroupCoordinator.new", StatelessGroupCoordinator, [list(item.values) for item in request.group_ranks], request.local_rank, request.torch_distributed_backend, request.use_device_communicator, **optional)
    return stateless_group_coordinator_pb2.StatelessGroupCoordinatorNewResponse(result=objects.to_stateless_group_coordinator(result, wire))


def _stateless_group_coordinator_make_sibling_device_group(
    request: stateless_group_coordinator_pb2.StatelessGroupCoordinatorMakeSiblingDeviceGroupRequest, wire: Wire
) -> stateless_group_coordinator_pb2.StatelessGroupCoordinatorMakeSiblingDeviceGroupResponse:
    optional: dict[str, Any] = {}
    if request.HasField("group_desc"):
        optional["group_desc"] = request.group_desc
    result = wire.gated("StatelessGroupCoordinator.make_sibling_device_group", objects.stateless_group_coordinator(present(request, "receiver"), wire).make_sibling_device_group, **optional)
    return stateless_group_coordinator_pb2.StatelessGroupCoordinatorMakeSiblingDeviceGroupResponse(result=wire.to_process_group(result))


def _stateless_group_coordinator_destroy(
    request: stateless_group_coordinator_pb2.StatelessGroupCoordinatorDestroyRequest, wire: Wire
) -> stateless_group_coordinator_pb2.StatelessGroupCoordinatorDestroyResponse:
    objects.stateless_group_coordinator(present(request, "receiver"), wire).destroy()
    return stateless_group_coordinator_pb2.StatelessGroupCoordinatorDestroyResponse()


def _stateless_group_coordinator_size(
    request: stateless_group_coordinator_pb2.StatelessGroupCoordinatorSizeRequest, wire: Wire
) -> stateless_group_coordinator_pb2.StatelessGroupCoordinatorSizeResponse:
    result = objects.stateless_group_coordinator(present(request, "receiver"), wire).size()
    return stateless_group_coordinator_pb2.StatelessGroupCoordinatorSizeResponse(result=result)


def _stateless_process_group_new(
    request: stateless_process_group_pb2.StatelessProcessGroupNewRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupNewResponse:
    optional: dict[str, Any] = {}
    if request.HasField("data_expiration_seconds"):
        optional["data_expiration_seconds"] = request.data_expiration_seconds
    if request.HasField("socket"):
        optional["socket"] = wire.term(request.socket)
    if request.HasField("timeout"):
        optional["timeout"] = request.timeout
    result = StatelessProcessGroup(request.rank, request.world_size, wire.term(present(request, "store")), **optional)
    return stateless_process_group_pb2.StatelessProcessGroupNewResponse(result=objects.to_stateless_process_group(result, wire))


def _stateless_process_group_create(
    request: stateless_process_group_pb2.StatelessProcessGroupCreateRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupCreateResponse:
    optional: dict[str, Any] = {}
    if request.HasField("data_expiration_seconds"):
        optional["data_expiration_seconds"] = request.data_expiration_seconds
    if request.HasField("store_timeout"):
        optional["store_timeout"] = request.store_timeout
    if request.HasField("listen_socket"):
        optional["listen_socket"] = wire.term(request.listen_socket)
    result = wire.gated("StatelessProcessGroup.create", StatelessProcessGroup.create, request.host, request.port, request.rank, request.world_size, **optional)
    return stateless_process_group_pb2.StatelessProcessGroupCreateResponse(result=objects.to_stateless_process_group(result, wire))


def _stateless_process_group_send_dst_counter(
    request: stateless_process_group_pb2.StatelessProcessGroupSendDstCounterRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupSendDstCounterResponse:
    result = objects.stateless_process_group(present(request, "receiver"), wire).send_dst_counter
    return stateless_process_group_pb2.StatelessProcessGroupSendDstCounterResponse(result=wire.to_term(result))


def _stateless_process_group_recv_src_counter(
    request: stateless_process_group_pb2.StatelessProcessGroupRecvSrcCounterRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupRecvSrcCounterResponse:
    result = objects.stateless_process_group(present(request, "receiver"), wire).recv_src_counter
    return stateless_process_group_pb2.StatelessProcessGroupRecvSrcCounterResponse(result=wire.to_term(result))


def _stateless_process_group_broadcast_send_counter(
    request: stateless_process_group_pb2.StatelessProcessGroupBroadcastSendCounterRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupBroadcastSendCounterResponse:
    result = objects.stateless_process_group(present(request, "receiver"), wire).broadcast_send_counter
    return stateless_process_group_pb2.StatelessProcessGroupBroadcastSendCounterResponse(result=result)


def _stateless_process_group_broadcast_recv_src_counter(
    request: stateless_process_group_pb2.StatelessProcessGroupBroadcastRecvSrcCounterRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupBroadcastRecvSrcCounterResponse:
    result = objects.stateless_process_group(present(request, "receiver"), wire).broadcast_recv_src_counter
    return stateless_process_group_pb2.StatelessProcessGroupBroadcastRecvSrcCounterResponse(result=wire.to_term(result))


def _stateless_process_group_entries(
    request: stateless_process_group_pb2.StatelessProcessGroupEntriesRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupEntriesResponse:
    result = objects.stateless_process_group(present(request, "receiver"), wire).entries
    return stateless_process_group_pb2.StatelessProcessGroupEntriesResponse(result=wire.to_term(result))


def _stateless_process_group_send_obj(
    request: stateless_process_group_pb2.StatelessProcessGroupSendObjRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupSendObjResponse:
    wire.gated("StatelessProcessGroup.send_obj", objects.stateless_process_group(present(request, "receiver"), wire).send_obj, wire.term(present(request, "obj")), request.dst)
    return stateless_process_group_pb2.StatelessProcessGroupSendObjResponse()


def _stateless_process_group_recv_obj(
    request: stateless_process_group_pb2.StatelessProcessGroupRecvObjRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupRecvObjResponse:
    result = wire.gated("StatelessProcessGroup.recv_obj", objects.stateless_process_group(present(request, "receiver"), wire).recv_obj, request.src)
    return stateless_process_group_pb2.StatelessProcessGroupRecvObjResponse(result=wire.to_term(result))


def _stateless_process_group_broadcast_obj(
    request: stateless_process_group_pb2.StatelessProcessGroupBroadcastObjRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupBroadcastObjResponse:
    result = wire.gated("StatelessProcessGroup.broadcast_obj", objects.stateless_process_group(present(request, "receiver"), wire).broadcast_obj, wire.term(present(request, "obj")), request.src)
    return stateless_process_group_pb2.StatelessProcessGroupBroadcastObjResponse(result=wire.to_term(result))


def _stateless_process_group_all_gather_obj(
    request: stateless_process_group_pb2.StatelessProcessGroupAllGatherObjRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupAllGatherObjResponse:
    result = wire.gated("StatelessProcessGroup.all_gather_obj", objects.stateless_process_group(present(request, "receiver"), wire).all_gather_obj, wire.term(present(request, "obj")))
    return stateless_process_group_pb2.StatelessProcessGroupAllGatherObjResponse(result=wire.to_term(result))


def _stateless_process_group_barrier(
    request: stateless_process_group_pb2.StatelessProcessGroupBarrierRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupBarrierResponse:
    optional: dict[str, Any] = {}
    if request.HasField("timeout"):
        optional["timeout"] = request.timeout
    wire.gated("StatelessProcessGroup.barrier", objects.stateless_process_group(present(request, "receiver"), wire).barrier, **optional)
    return stateless_process_group_pb2.StatelessProcessGroupBarrierResponse()


def _stateless_process_group_send(
    request: stateless_process_group_pb2.StatelessProcessGroupSendRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupSendResponse:
    wire.gated("StatelessProcessGroup.send", objects.stateless_process_group(present(request, "receiver"), wire).send, wire.tensor(present(request, "tensor")), request.dst)
    return stateless_process_group_pb2.StatelessProcessGroupSendResponse()


def _stateless_process_group_recv(
    request: stateless_process_group_pb2.StatelessProcessGroupRecvRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupRecvResponse:
    result = wire.gated("StatelessProcessGroup.recv", objects.stateless_process_group(present(request, "receiver"), wire).recv, wire.tensor(present(request, "tensor")), request.src)
    return stateless_process_group_pb2.StatelessProcessGroupRecvResponse(result=wire.to_tensor(result))


def _stateless_process_group_broadcast(
    request: stateless_process_group_pb2.StatelessProcessGroupBroadcastRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupBroadcastResponse:
    result = wire.gated("StatelessProcessGroup.broadcast", objects.stateless_process_group(present(request, "receiver"), wire).broadcast, wire.tensor(present(request, "tensor")), request.src)
    return stateless_process_group_pb2.StatelessProcessGroupBroadcastResponse(result=wire.to_tensor(result))


def _stateless_process_group_all_reduce(
    request: stateless_process_group_pb2.StatelessProcessGroupAllReduceRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupAllReduceResponse:
    optional: dict[str, Any] = {}
    if request.HasField("op"):
        optional["op"] = wire.term(request.op)
    result = wire.gated("StatelessProcessGroup.all_reduce", objects.stateless_process_group(present(request, "receiver"), wire).all_reduce, wire.tensor(present(request, "tensor")), **optional)
    return stateless_process_group_pb2.StatelessProcessGroupAllReduceResponse(result=wire.to_tensor(result))


def _stateless_process_group_expire_data(
    request: stateless_process_group_pb2.StatelessProcessGroupExpireDataRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupExpireDataResponse:
    objects.stateless_process_group(present(request, "receiver"), wire).expire_data()
    return stateless_process_group_pb2.StatelessProcessGroupExpireDataResponse()


def _stateless_process_group_destroy(
    request: stateless_process_group_pb2.StatelessProcessGroupDestroyRequest, wire: Wire
) -> stateless_process_group_pb2.StatelessProcessGroupDestroyResponse:
    objects.stateless_process_group(present(request, "receiver"), wire).destroy()
    return stateless_process_group_pb2.StatelessProcessGroupDestroyResponse()


def _device_communicator_base_dispatch(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseDispatchRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseDispatchResponse:
    optional: dict[str, Any] = {}
    if request.HasField("topk_weights"):
        optional["topk_weights"] = wire.tensor(request.topk_weights)
    if request.HasField("topk_ids"):
        optional["topk_ids"] = wire.tensor(request.topk_ids)
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    if request.HasField("extra_tensors"):
        optional["extra_tensors"] = [wire.tensor(item) for item in request.extra_tensors.values]
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    if request.HasField("router_logits"):
        optional["router_logits"] = wire.tensor(request.router_logits)
    result = wire.gated("DeviceCommunicatorBase.dispatch", objects.device_communicator_base(present(request, "receiver"), wire).dispatch, wire.tensor(present(request, "hidden_states")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseDispatchResponse(result=wire.to_term(result))


def _device_communicator_base_dispatch_router_logits(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseDispatchRouterLogitsRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseDispatchRouterLogitsResponse:
    optional: dict[str, Any] = {}
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    if request.HasField("extra_tensors"):
        optional["extra_tensors"] = [wire.tensor(item) for item in request.extra_tensors.values]
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.gated("DeviceCommunicatorBase.dispatch_router_logits", objects.device_communicator_base(present(request, "receiver"), wire).dispatch_router_logits, wire.tensor(present(request, "hidden_states")), wire.tensor(present(request, "router_logits")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseDispatchRouterLogitsResponse(result=wire.to_term(result))


def _device_communicator_base_combine(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseCombineRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseCombineResponse:
    optional: dict[str, Any] = {}
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.gated("DeviceCommunicatorBase.combine", objects.device_communicator_base(present(request, "receiver"), wire).combine, wire.tensor(present(request, "hidden_states")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseCombineResponse(result=wire.to_tensor(result))


def _device_communicator_base_allocate_combine_input(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseAllocateCombineInputRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseAllocateCombineInputResponse:
    optional: dict[str, Any] = {}
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    result = objects.device_communicator_base(present(request, "receiver"), wire).allocate_combine_input(list(request.shape), wire.dtype(request.dtype), wire.device(request.device), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseAllocateCombineInputResponse(result=None if result is None else wire.to_tensor(result))


def _device_communicator_base_combine_into_output(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseCombineIntoOutputRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseCombineIntoOutputResponse:
    optional: dict[str, Any] = {}
    if request.HasField("is_sequence_parallel"):
        optional["is_sequence_parallel"] = request.is_sequence_parallel
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.gated("DeviceCommunicatorBase.combine_into_output", objects.device_communicator_base(present(request, "receiver"), wire).combine_into_output, wire.tensor(present(request, "hidden_states")), wire.tensor(present(request, "output")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseCombineIntoOutputResponse(result=wire.to_tensor(result))


def _device_communicator_base_all_reduce(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseAllReduceRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseAllReduceResponse:
    optional: dict[str, Any] = {}
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    if request.HasField("op"):
        optional["op"] = request.op
    result = wire.gated("DeviceCommunicatorBase.all_reduce", objects.device_communicator_base(present(request, "receiver"), wire).all_reduce, wire.tensor(present(request, "input_")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseAllReduceResponse(result=wire.to_tensor(result))


def _device_communicator_base_all_reduce_in_place(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseAllReduceInPlaceRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseAllReduceInPlaceResponse:
    optional: dict[str, Any] = {}
    if request.HasField("op"):
        optional["op"] = request.op
    result = wire.gated("DeviceCommunicatorBase.all_reduce_", objects.device_communicator_base(present(request, "receiver"), wire).all_reduce_, wire.tensor(present(request, "input_")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseAllReduceInPlaceResponse(result=wire.to_tensor(result))


def _device_communicator_base_cpu_all_reduce_in_place(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseCpuAllReduceInPlaceRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseCpuAllReduceInPlaceResponse:
    result = wire.gated("DeviceCommunicatorBase.cpu_all_reduce_", objects.device_communicator_base(present(request, "receiver"), wire).cpu_all_reduce_, wire.tensor(present(request, "tensor")))
    return device_communicator_base_pb2.DeviceCommunicatorBaseCpuAllReduceInPlaceResponse(result=wire.to_tensor(result))


def _device_communicator_base_all_gather(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseAllGatherRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseAllGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("DeviceCommunicatorBase.all_gather", objects.device_communicator_base(present(request, "receiver"), wire).all_gather, wire.tensor(present(request, "input_")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseAllGatherResponse(result=wire.to_tensor(result))


def _device_communicator_base_all_gatherv(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseAllGathervRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseAllGathervResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    if request.HasField("out"):
        optional["out"] = wire.term(request.out)
    result = wire.gated("DeviceCommunicatorBase.all_gatherv", objects.device_communicator_base(present(request, "receiver"), wire).all_gatherv, wire.term(present(request, "input_")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseAllGathervResponse(result=wire.to_term(result))


def _device_communicator_base_reduce_scatter(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseReduceScatterRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseReduceScatterResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("DeviceCommunicatorBase.reduce_scatter", objects.device_communicator_base(present(request, "receiver"), wire).reduce_scatter, wire.tensor(present(request, "input_")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseReduceScatterResponse(result=wire.to_tensor(result))


def _device_communicator_base_reduce_scatterv(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseReduceScattervRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseReduceScattervResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("DeviceCommunicatorBase.reduce_scatterv", objects.device_communicator_base(present(request, "receiver"), wire).reduce_scatterv, wire.tensor(present(request, "input_")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseReduceScattervResponse(result=wire.to_tensor(result))


def _device_communicator_base_reduce_scatterv_into_output(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseReduceScattervIntoOutputRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseReduceScattervIntoOutputResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.gated("DeviceCommunicatorBase.reduce_scatterv_into_output", objects.device_communicator_base(present(request, "receiver"), wire).reduce_scatterv_into_output, wire.tensor(present(request, "input_")), wire.tensor(present(request, "output")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseReduceScattervIntoOutputResponse(result=wire.to_tensor(result))


def _device_communicator_base_gather(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseGatherRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("DeviceCommunicatorBase.gather", objects.device_communicator_base(present(request, "receiver"), wire).gather, wire.tensor(present(request, "input_")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseGatherResponse(result=None if result is None else wire.to_tensor(result))


def _device_communicator_base_broadcast(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseBroadcastRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseBroadcastResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    result = wire.gated("DeviceCommunicatorBase.broadcast", objects.device_communicator_base(present(request, "receiver"), wire).broadcast, wire.tensor(present(request, "tensor")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseBroadcastResponse(result=wire.to_tensor(result))


def _device_communicator_base_send(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseSendRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseSendResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    wire.gated("DeviceCommunicatorBase.send", objects.device_communicator_base(present(request, "receiver"), wire).send, wire.tensor(present(request, "tensor")), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseSendResponse()


def _device_communicator_base_recv(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseRecvRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseRecvResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    if request.HasField("out"):
        optional["out"] = wire.tensor(request.out)
    result = wire.gated("DeviceCommunicatorBase.recv", objects.device_communicator_base(present(request, "receiver"), wire).recv, wire.size(request.size), wire.dtype(request.dtype), **optional)
    return device_communicator_base_pb2.DeviceCommunicatorBaseRecvResponse(result=wire.to_tensor(result))


def _device_communicator_base_batch_isend_irecv(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseBatchIsendIrecvRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseBatchIsendIrecvResponse:
    result = wire.gated("DeviceCommunicatorBase.batch_isend_irecv", objects.device_communicator_base(present(request, "receiver"), wire).batch_isend_irecv, wire.term(present(request, "p2p_ops")))
    return device_communicator_base_pb2.DeviceCommunicatorBaseBatchIsendIrecvResponse(result=[wire.to_tensor(item) for item in result])


def _device_communicator_base_get_symmetric_memory_buffer(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseGetSymmetricMemoryBufferRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseGetSymmetricMemoryBufferResponse:
    result = objects.device_communicator_base(present(request, "receiver"), wire).get_symmetric_memory_buffer(request.role, list(request.shape), wire.dtype(request.dtype), wire.device(request.device))
    return device_communicator_base_pb2.DeviceCommunicatorBaseGetSymmetricMemoryBufferResponse(result=None if result is None else wire.to_tensor(result))


def _device_communicator_base_prepare_communication_buffer_for_model(
    request: device_communicator_base_pb2.DeviceCommunicatorBasePrepareCommunicationBufferForModelRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBasePrepareCommunicationBufferForModelResponse:
    objects.device_communicator_base(present(request, "receiver"), wire).prepare_communication_buffer_for_model(wire.kept(present(request, "model")))
    return device_communicator_base_pb2.DeviceCommunicatorBasePrepareCommunicationBufferForModelResponse()


def _device_communicator_base_suspend(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseSuspendRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseSuspendResponse:
    wire.gated("DeviceCommunicatorBase.suspend", objects.device_communicator_base(present(request, "receiver"), wire).suspend)
    return device_communicator_base_pb2.DeviceCommunicatorBaseSuspendResponse()


def _device_communicator_base_resume(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseResumeRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseResumeResponse:
    wire.gated("DeviceCommunicatorBase.resume", objects.device_communicator_base(present(request, "receiver"), wire).resume)
    return device_communicator_base_pb2.DeviceCommunicatorBaseResumeResponse()


def _device_communicator_base_checkpoint_prepare(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseCheckpointPrepareRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseCheckpointPrepareResponse:
    wire.gated("DeviceCommunicatorBase.checkpoint_prepare", objects.device_communicator_base(present(request, "receiver"), wire).checkpoint_prepare)
    return device_communicator_base_pb2.DeviceCommunicatorBaseCheckpointPrepareResponse()


def _device_communicator_base_checkpoint_restore(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseCheckpointRestoreRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseCheckpointRestoreResponse:
    wire.gated("DeviceCommunicatorBase.checkpoint_restore", objects.device_communicator_base(present(request, "receiver"), wire).checkpoint_restore)
    return device_communicator_base_pb2.DeviceCommunicatorBaseCheckpointRestoreResponse()


def _device_communicator_base_destroy(
    request: device_communicator_base_pb2.DeviceCommunicatorBaseDestroyRequest, wire: Wire
) -> device_communicator_base_pb2.DeviceCommunicatorBaseDestroyResponse:
    objects.device_communicator_base(present(request, "receiver"), wire).destroy()
    return device_communicator_base_pb2.DeviceCommunicatorBaseDestroyResponse()


def _message_queue_new(
    request: message_queue_pb2.MessageQueueNewRequest, wire: Wire
) -> message_queue_pb2.MessageQueueNewResponse:
    optional: dict[str, Any] = {}
    if request.HasField("local_reader_ranks"):
        optional["local_reader_ranks"] = list(request.local_reader_ranks.values)
    if request.HasField("max_chunk_bytes"):
        optional["max_chunk_bytes"] = request.max_chunk_bytes
    if request.HasField("max_chunks"):
        optional["max_chunks"] = request.max_chunks
    if request.HasField("connect_ip"):
        optional["connect_ip"] = request.connect_ip
    if request.HasField("enable_shm_tensor_arena"):
        optional["enable_shm_tensor_arena"] = request.enable_shm_tensor_arena
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    result = MessageQueue(request.n_reader, request.n_local_reader, **optional)
    return message_queue_pb2.MessageQueueNewResponse(result=objects.to_message_queue(result, wire))


def _message_queue_create_from_handle(
    request: message_queue_pb2.MessageQueueCreateFromHandleRequest, wire: Wire
) -> message_queue_pb2.MessageQueueCreateFromHandleResponse:
    result = MessageQueue.create_from_handle(wire.term(present(request, "handle")), request.rank)
    return message_queue_pb2.MessageQueueCreateFromHandleResponse(result=objects.to_message_queue(result, wire))


def _message_queue_create_from_process_group(
    request: message_queue_pb2.MessageQueueCreateFromProcessGroupRequest, wire: Wire
) -> message_queue_pb2.MessageQueueCreateFromProcessGroupResponse:
    optional: dict[str, Any] = {}
    if request.HasField("writer_rank"):
        optional["writer_rank"] = request.writer_rank
    if request.HasField("external_writer_handle"):
        optional["external_writer_handle"] = wire.term(request.external_writer_handle)
    if request.HasField("blocking"):
        optional["blocking"] = request.blocking
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    result = wire.gated("MessageQueue.create_from_process_group", MessageQueue.create_from_process_group, wire.term(present(request, "pg")), request.max_chunk_bytes, request.max_chunks, **optional)
    return message_queue_pb2.MessageQueueCreateFromProcessGroupResponse(result=objects.to_message_queue(result, wire))


def _message_queue_create_from_process_group_single_reader(
    request: message_queue_pb2.MessageQueueCreateFromProcessGroupSingleReaderRequest, wire: Wire
) -> message_queue_pb2.MessageQueueCreateFromProcessGroupSingleReaderResponse:
    optional: dict[str, Any] = {}
    if request.HasField("reader_rank"):
        optional["reader_rank"] = request.reader_rank
    if request.HasField("blocking"):
        optional["blocking"] = request.blocking
    if request.HasField("timeout"):
        optional["timeout"] = wire.duration(request.timeout)
    result = wire.gated("MessageQueue.create_from_process_group_single_reader", MessageQueue.create_from_process_group_single_reader, wire.term(present(request, "pg")), request.max_chunk_bytes, request.max_chunks, **optional)
    return message_queue_pb2.MessageQueueCreateFromProcessGroupSingleReaderResponse(item_1=objects.to_message_queue(result[0], wire), item_2=wire.to_term(result[1]))


def _message_queue_is_writer(
    request: message_queue_pb2.MessageQueueIsWriterRequest, wire: Wire
) -> message_queue_pb2.MessageQueueIsWriterResponse:
    result = objects.message_queue(present(request, "receiver"), wire).is_writer
    return message_queue_pb2.MessageQueueIsWriterResponse(result=result)


def _message_queue_n_local_reader(
    request: message_queue_pb2.MessageQueueNLocalReaderRequest, wire: Wire
) -> message_queue_pb2.MessageQueueNLocalReaderResponse:
    result = objects.message_queue(present(request, "receiver"), wire).n_local_reader
    return message_queue_pb2.MessageQueueNLocalReaderResponse(result=result)


def _message_queue_n_remote_reader(
    request: message_queue_pb2.MessageQueueNRemoteReaderRequest, wire: Wire
) -> message_queue_pb2.MessageQueueNRemoteReaderResponse:
    result = objects.message_queue(present(request, "receiver"), wire).n_remote_reader
    return message_queue_pb2.MessageQueueNRemoteReaderResponse(result=result)


def _message_queue_shutting_down(
    request: message_queue_pb2.MessageQueueShuttingDownRequest, wire: Wire
) -> message_queue_pb2.MessageQueueShuttingDownResponse:
    result = objects.message_queue(present(request, "receiver"), wire).shutting_down
    return message_queue_pb2.MessageQueueShuttingDownResponse(result=result)


def _message_queue_export_handle(
    request: message_queue_pb2.MessageQueueExportHandleRequest, wire: Wire
) -> message_queue_pb2.MessageQueueExportHandleResponse:
    result = objects.message_queue(present(request, "receiver"), wire).export_handle()
    return message_queue_pb2.MessageQueueExportHandleResponse(result=wire.to_term(result))


def _message_queue_wait_until_ready(
    request: message_queue_pb2.MessageQueueWaitUntilReadyRequest, wire: Wire
) -> message_queue_pb2.MessageQueueWaitUntilReadyResponse:
    wire.gated("MessageQueue.wait_until_ready", objects.message_queue(present(request, "receiver"), wire).wait_until_ready)
    return message_queue_pb2.MessageQueueWaitUntilReadyResponse()


def _message_queue_enqueue(
    request: message_queue_pb2.MessageQueueEnqueueRequest, wire: Wire
) -> message_queue_pb2.MessageQueueEnqueueResponse:
    optional: dict[str, Any] = {}
    if request.HasField("timeout"):
        optional["timeout"] = request.timeout
    wire.gated("MessageQueue.enqueue", objects.message_queue(present(request, "receiver"), wire).enqueue, wire.term(present(request, "obj")), **optional)
    return message_queue_pb2.MessageQueueEnqueueResponse()


def _message_queue_dequeue(
    request: message_queue_pb2.MessageQueueDequeueRequest, wire: Wire
) -> message_queue_pb2.MessageQueueDequeueResponse:
    optional: dict[str, Any] = {}
    if request.HasField("timeout"):
        optional["timeout"] = request.timeout
    if request.HasField("indefinite"):
        optional["indefinite"] = request.indefinite
    if request.HasField("cancel"):
        optional["cancel"] = wire.term(request.cancel)
    result = wire.gated("MessageQueue.dequeue", objects.message_queue(present(request, "receiver"), wire).dequeue, **optional)
    return message_queue_pb2.MessageQueueDequeueResponse(result=wire.to_term(result))


def _message_queue_recv(
    request: message_queue_pb2.MessageQueueRecvRequest, wire: Wire
) -> message_queue_pb2.MessageQueueRecvResponse:
    result = MessageQueue.recv(wire.term(present(request, "socket")), (request.timeout if request.HasField("timeout") else None))
    return message_queue_pb2.MessageQueueRecvResponse(result=wire.to_term(result))


def _message_queue_broadcast_object(
    request: message_queue_pb2.MessageQueueBroadcastObjectRequest, wire: Wire
) -> message_queue_pb2.MessageQueueBroadcastObjectResponse:
    optional: dict[str, Any] = {}
    if request.HasField("obj"):
        optional["obj"] = wire.term(request.obj)
    result = wire.gated("MessageQueue.broadcast_object", objects.message_queue(present(request, "receiver"), wire).broadcast_object, **optional)
    return message_queue_pb2.MessageQueueBroadcastObjectResponse(result=wire.to_term(result))


def _message_queue_shutdown(
    request: message_queue_pb2.MessageQueueShutdownRequest, wire: Wire
) -> message_queue_pb2.MessageQueueShutdownResponse:
    objects.message_queue(present(request, "receiver"), wire).shutdown()
    return message_queue_pb2.MessageQueueShutdownResponse()


def _graph_capture_context_new(
    request: graph_capture_context_pb2.GraphCaptureContextNewRequest, wire: Wire
) -> graph_capture_context_pb2.GraphCaptureContextNewResponse:
    result = GraphCaptureContext((wire.kept(request.stream) if request.HasField("stream") else None))
    return graph_capture_context_pb2.GraphCaptureContextNewResponse(result=objects.to_graph_capture_context(result, wire))


def _parallel_config_new(
    request: parallel_config_pb2.ParallelConfigNewRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigNewResponse:
    optional: dict[str, Any] = {}
    if request.HasField("pipeline_parallel_size"):
        optional["pipeline_parallel_size"] = request.pipeline_parallel_size
    if request.HasField("tensor_parallel_size"):
        optional["tensor_parallel_size"] = request.tensor_parallel_size
    if request.HasField("prefill_context_parallel_size"):
        optional["prefill_context_parallel_size"] = request.prefill_context_parallel_size
    if request.HasField("data_parallel_size"):
        optional["data_parallel_size"] = request.data_parallel_size
    if request.HasField("data_parallel_size_local"):
        optional["data_parallel_size_local"] = request.data_parallel_size_local
    if request.HasField("data_parallel_rank"):
        optional["data_parallel_rank"] = request.data_parallel_rank
    if request.HasField("data_parallel_rank_local"):
        optional["data_parallel_rank_local"] = request.data_parallel_rank_local
    if request.HasField("data_parallel_master_ip"):
        optional["data_parallel_master_ip"] = request.data_parallel_master_ip
    if request.HasField("data_parallel_rpc_port"):
        optional["data_parallel_rpc_port"] = request.data_parallel_rpc_port
    if request.HasField("data_parallel_master_port"):
        optional["data_parallel_master_port"] = request.data_parallel_master_port
    if request.HasField("data_parallel_backend"):
        optional["data_parallel_backend"] = request.data_parallel_backend
    if request.HasField("data_parallel_external_lb"):
        optional["data_parallel_external_lb"] = request.data_parallel_external_lb
    if request.HasField("data_parallel_hybrid_lb"):
        optional["data_parallel_hybrid_lb"] = request.data_parallel_hybrid_lb
    if request.HasField("is_moe_model"):
        optional["is_moe_model"] = request.is_moe_model
    if request.HasField("enable_expert_parallel"):
        optional["enable_expert_parallel"] = request.enable_expert_parallel
    if request.HasField("enable_ep_weight_filter"):
        optional["enable_ep_weight_filter"] = request.enable_ep_weight_filter
    if request.HasField("enable_eplb"):
        optional["enable_eplb"] = request.enable_eplb
    if request.HasField("eplb_config"):
        optional["eplb_config"] = objects.eplb_config(request.eplb_config, wire)
    if request.HasField("enable_elastic_ep"):
        optional["enable_elastic_ep"] = request.enable_elastic_ep
    if request.HasField("expert_placement_strategy"):
        optional["expert_placement_strategy"] = request.expert_placement_strategy
    if request.HasField("all2all_backend"):
        optional["all2all_backend"] = request.all2all_backend
    if request.HasField("max_parallel_loading_workers"):
        optional["max_parallel_loading_workers"] = request.max_parallel_loading_workers
    if request.HasField("disable_custom_all_reduce"):
        optional["disable_custom_all_reduce"] = request.disable_custom_all_reduce
    if request.HasField("enable_dbo"):
        optional["enable_dbo"] = request.enable_dbo
    if request.HasField("ubatch_size"):
        optional["ubatch_size"] = request.ubatch_size
    if request.HasField("dbo_decode_token_threshold"):
        optional["dbo_decode_token_threshold"] = request.dbo_decode_token_threshold
    if request.HasField("dbo_prefill_token_threshold"):
        optional["dbo_prefill_token_threshold"] = request.dbo_prefill_token_threshold
    if request.HasField("disable_nccl_for_dp_synchronization"):
        optional["disable_nccl_for_dp_synchronization"] = request.disable_nccl_for_dp_synchronization
    if request.HasField("ray_workers_use_nsight"):
        optional["ray_workers_use_nsight"] = request.ray_workers_use_nsight
    if request.HasField("ray_runtime_env"):
        optional["ray_runtime_env"] = wire.term(request.ray_runtime_env)
    if request.HasField("placement_group"):
        optional["placement_group"] = wire.term(request.placement_group)
    if request.HasField("distributed_executor_backend"):
        optional["distributed_executor_backend"] = wire.term(request.distributed_executor_backend)
    if request.HasField("worker_cls"):
        optional["worker_cls"] = request.worker_cls
    if request.HasField("sd_worker_cls"):
        optional["sd_worker_cls"] = request.sd_worker_cls
    if request.HasField("worker_extension_cls"):
        optional["worker_extension_cls"] = request.worker_extension_cls
    if request.HasField("master_addr"):
        optional["master_addr"] = request.master_addr
    if request.HasField("master_port"):
        optional["master_port"] = request.master_port
    if request.HasField("node_rank"):
        optional["node_rank"] = request.node_rank
    if request.HasField("nnodes"):
        optional["nnodes"] = request.nnodes
    if request.HasField("numa_bind"):
        optional["numa_bind"] = request.numa_bind
    if request.HasField("numa_bind_nodes"):
        optional["numa_bind_nodes"] = list(request.numa_bind_nodes.values)
    if request.HasField("numa_bind_cpus"):
        optional["numa_bind_cpus"] = list(request.numa_bind_cpus.values)
    if request.HasField("distributed_timeout_seconds"):
        optional["distributed_timeout_seconds"] = request.distributed_timeout_seconds
    if request.HasField("cpu_distributed_timeout_seconds"):
        optional["cpu_distributed_timeout_seconds"] = request.cpu_distributed_timeout_seconds
    if request.HasField("rank"):
        optional["rank"] = request.rank
    if request.HasField("_data_parallel_master_port_list"):
        optional["_data_parallel_master_port_list"] = list(request._data_parallel_master_port_list.values)
    if request.HasField("_coord_store_port"):
        optional["_coord_store_port"] = request._coord_store_port
    if request.HasField("decode_context_parallel_size"):
        optional["decode_context_parallel_size"] = request.decode_context_parallel_size
    if request.HasField("dcp_comm_backend"):
        optional["dcp_comm_backend"] = request.dcp_comm_backend
    if request.HasField("dcp_kv_cache_interleave_size"):
        optional["dcp_kv_cache_interleave_size"] = request.dcp_kv_cache_interleave_size
    if request.HasField("cp_kv_cache_interleave_size"):
        optional["cp_kv_cache_interleave_size"] = request.cp_kv_cache_interleave_size
    if request.HasField("_api_process_count"):
        optional["_api_process_count"] = request._api_process_count
    if request.HasField("_api_process_rank"):
        optional["_api_process_rank"] = request._api_process_rank
    if request.HasField("dp_sync_interval"):
        optional["dp_sync_interval"] = request.dp_sync_interval
    if request.HasField("enable_hc_sp"):
        optional["enable_hc_sp"] = request.enable_hc_sp
    if request.HasField("enable_batch_sharded_sampling"):
        optional["enable_batch_sharded_sampling"] = request.enable_batch_sharded_sampling
    if request.HasField("enable_shm_tensor_arena"):
        optional["enable_shm_tensor_arena"] = request.enable_shm_tensor_arena
    if request.HasField("elastic_ep_max_dp_size"):
        optional["elastic_ep_max_dp_size"] = request.elastic_ep_max_dp_size
    if request.HasField("assigned_physical_gpu_ids"):
        optional["assigned_physical_gpu_ids"] = list(request.assigned_physical_gpu_ids.values)
    if request.HasField("dcp_q_replicate"):
        optional["dcp_q_replicate"] = request.dcp_q_replicate
    if request.HasField("_allow_auto_resolve_cp_interleave_size"):
        optional["_allow_auto_resolve_cp_interleave_size"] = request._allow_auto_resolve_cp_interleave_size
    if request.HasField("enable_fault_tolerance"):
        optional["enable_fault_tolerance"] = request.enable_fault_tolerance
    if request.HasField("fault_tolerance_config"):
        optional["fault_tolerance_config"] = objects.fault_tolerance_config(request.fault_tolerance_config, wire)
    result = ParallelConfig(**optional)
    return parallel_config_pb2.ParallelConfigNewResponse(result=objects.to_parallel_config(result, wire))


def _parallel_config_world_size_across_dp(
    request: parallel_config_pb2.ParallelConfigWorldSizeAcrossDpRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigWorldSizeAcrossDpResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).world_size_across_dp
    return parallel_config_pb2.ParallelConfigWorldSizeAcrossDpResponse(result=result)


def _parallel_config_use_ubatching(
    request: parallel_config_pb2.ParallelConfigUseUbatchingRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigUseUbatchingResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).use_ubatching
    return parallel_config_pb2.ParallelConfigUseUbatchingResponse(result=result)


def _parallel_config_num_ubatches(
    request: parallel_config_pb2.ParallelConfigNumUbatchesRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigNumUbatchesResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).num_ubatches
    return parallel_config_pb2.ParallelConfigNumUbatchesResponse(result=result)


def _parallel_config_use_sequence_parallel_moe(
    request: parallel_config_pb2.ParallelConfigUseSequenceParallelMoeRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigUseSequenceParallelMoeResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).use_sequence_parallel_moe
    return parallel_config_pb2.ParallelConfigUseSequenceParallelMoeResponse(result=result)


def _parallel_config_nnodes_within_dp(
    request: parallel_config_pb2.ParallelConfigNnodesWithinDpRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigNnodesWithinDpResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).nnodes_within_dp
    return parallel_config_pb2.ParallelConfigNnodesWithinDpResponse(result=result)


def _parallel_config_node_rank_within_dp(
    request: parallel_config_pb2.ParallelConfigNodeRankWithinDpRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigNodeRankWithinDpResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).node_rank_within_dp
    return parallel_config_pb2.ParallelConfigNodeRankWithinDpResponse(result=result)


def _parallel_config_local_world_size(
    request: parallel_config_pb2.ParallelConfigLocalWorldSizeRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigLocalWorldSizeResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).local_world_size
    return parallel_config_pb2.ParallelConfigLocalWorldSizeResponse(result=result)


def _parallel_config_local_engines_only(
    request: parallel_config_pb2.ParallelConfigLocalEnginesOnlyRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigLocalEnginesOnlyResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).local_engines_only
    return parallel_config_pb2.ParallelConfigLocalEnginesOnlyResponse(result=result)


def _parallel_config_use_ray(
    request: parallel_config_pb2.ParallelConfigUseRayRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigUseRayResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).use_ray
    return parallel_config_pb2.ParallelConfigUseRayResponse(result=result)


def _parallel_config_use_all2all(
    request: parallel_config_pb2.ParallelConfigUseAll2allRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigUseAll2allResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).use_all2all
    return parallel_config_pb2.ParallelConfigUseAll2allResponse(result=result)


def _parallel_config_use_batched_dp_moe(
    request: parallel_config_pb2.ParallelConfigUseBatchedDpMoeRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigUseBatchedDpMoeResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).use_batched_dp_moe
    return parallel_config_pb2.ParallelConfigUseBatchedDpMoeResponse(result=result)


def _parallel_config_pcp_shard_decode_requests(
    request: parallel_config_pb2.ParallelConfigPcpShardDecodeRequestsRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigPcpShardDecodeRequestsResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).pcp_shard_decode_requests
    return parallel_config_pb2.ParallelConfigPcpShardDecodeRequestsResponse(result=result)


def _parallel_config_cpu_distributed_timeout(
    request: parallel_config_pb2.ParallelConfigCpuDistributedTimeoutRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigCpuDistributedTimeoutResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).cpu_distributed_timeout
    return parallel_config_pb2.ParallelConfigCpuDistributedTimeoutResponse(result=None if result is None else wire.to_duration(result))


def _parallel_config_set_dcp_defaults(
    request: parallel_config_pb2.ParallelConfigSetDcpDefaultsRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigSetDcpDefaultsResponse:
    optional: dict[str, Any] = {}
    if request.HasField("comm_backend"):
        optional["comm_backend"] = request.comm_backend
    if request.HasField("q_replicate"):
        optional["q_replicate"] = request.q_replicate
    objects.parallel_config(present(request, "receiver"), wire).set_dcp_defaults(**optional)
    return parallel_config_pb2.ParallelConfigSetDcpDefaultsResponse()


def _parallel_config_get_local_gpu_index(
    request: parallel_config_pb2.ParallelConfigGetLocalGpuIndexRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigGetLocalGpuIndexResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dp_local_rank"):
        optional["dp_local_rank"] = request.dp_local_rank
    result = objects.parallel_config(present(request, "receiver"), wire).get_local_gpu_index(request.local_rank, **optional)
    return parallel_config_pb2.ParallelConfigGetLocalGpuIndexResponse(result=result)


def _parallel_config_check_kv_cache_block_size(
    request: parallel_config_pb2.ParallelConfigCheckKvCacheBlockSizeRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigCheckKvCacheBlockSizeResponse:
    objects.parallel_config(present(request, "receiver"), wire).check_kv_cache_block_size(request.block_size)
    return parallel_config_pb2.ParallelConfigCheckKvCacheBlockSizeResponse()


def _parallel_config_reconfigure_for_independent_dp_rank(
    request: parallel_config_pb2.ParallelConfigReconfigureForIndependentDpRankRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigReconfigureForIndependentDpRankResponse:
    objects.parallel_config(present(request, "receiver"), wire).reconfigure_for_independent_dp_rank()
    return parallel_config_pb2.ParallelConfigReconfigureForIndependentDpRankResponse()


def _parallel_config_compute_hash(
    request: parallel_config_pb2.ParallelConfigComputeHashRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigComputeHashResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).compute_hash()
    return parallel_config_pb2.ParallelConfigComputeHashResponse(result=result)


def _parallel_config_get_next_dp_init_port(
    request: parallel_config_pb2.ParallelConfigGetNextDpInitPortRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigGetNextDpInitPortResponse:
    result = objects.parallel_config(present(request, "receiver"), wire).get_next_dp_init_port()
    return parallel_config_pb2.ParallelConfigGetNextDpInitPortResponse(result=result)


def _parallel_config_stateless_init_dp_group(
    request: parallel_config_pb2.ParallelConfigStatelessInitDpGroupRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigStatelessInitDpGroupResponse:
    optional: dict[str, Any] = {}
    if request.HasField("return_store"):
        optional["return_store"] = request.return_store
    result = wire.gated("ParallelConfig.stateless_init_dp_group", objects.parallel_config(present(request, "receiver"), wire).stateless_init_dp_group, **optional)
    return parallel_config_pb2.ParallelConfigStatelessInitDpGroupResponse(result=wire.to_process_group(result))


def _parallel_config_has_unfinished_dp(
    request: parallel_config_pb2.ParallelConfigHasUnfinishedDpRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigHasUnfinishedDpResponse:
    result = wire.gated("ParallelConfig.has_unfinished_dp", ParallelConfig.has_unfinished_dp, wire.process_group(present(request, "dp_group")), request.has_unfinished)
    return parallel_config_pb2.ParallelConfigHasUnfinishedDpResponse(result=result)


def _parallel_config_sync_kv_cache_memory_size(
    request: parallel_config_pb2.ParallelConfigSyncKvCacheMemorySizeRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigSyncKvCacheMemorySizeResponse:
    result = wire.gated("ParallelConfig.sync_kv_cache_memory_size", ParallelConfig.sync_kv_cache_memory_size, wire.process_group(present(request, "dp_group")), request.kv_cache_memory)
    return parallel_config_pb2.ParallelConfigSyncKvCacheMemorySizeResponse(result=result)


def _parallel_config_sync_dp_state(
    request: parallel_config_pb2.ParallelConfigSyncDpStateRequest, wire: Wire
) -> parallel_config_pb2.ParallelConfigSyncDpStateResponse:
    result = wire.gated("ParallelConfig.sync_dp_state", ParallelConfig.sync_dp_state, wire.process_group(present(request, "dp_group")), request.has_unfinished, request.pending_pause)
    return parallel_config_pb2.ParallelConfigSyncDpStateResponse(item_1=result[0], item_2=result[1])


def _eplb_config_new(
    request: eplb_config_pb2.EPLBConfigNewRequest, wire: Wire
) -> eplb_config_pb2.EPLBConfigNewResponse:
    optional: dict[str, Any] = {}
    if request.HasField("window_size"):
        optional["window_size"] = request.window_size
    if request.HasField("step_interval"):
        optional["step_interval"] = request.step_interval
    if request.HasField("num_redundant_experts"):
        optional["num_redundant_experts"] = request.num_redundant_experts
    if request.HasField("log_balancedness"):
        optional["log_balancedness"] = request.log_balancedness
    if request.HasField("log_balancedness_interval"):
        optional["log_balancedness_interval"] = request.log_balancedness_interval
    if request.HasField("use_async"):
        optional["use_async"] = request.use_async
    if request.HasField("policy"):
        optional["policy"] = request.policy
    if request.HasField("communicator"):
        optional["communicator"] = request.communicator
    if request.HasField("enable_migration_batching"):
        optional["enable_migration_batching"] = request.enable_migration_batching
    result = EPLBConfig(**optional)
    return eplb_config_pb2.EPLBConfigNewResponse(result=objects.to_eplb_config(result, wire))


def _eplb_config_communicator_in_use(
    request: eplb_config_pb2.EPLBConfigCommunicatorInUseRequest, wire: Wire
) -> eplb_config_pb2.EPLBConfigCommunicatorInUseResponse:
    result = objects.eplb_config(present(request, "receiver"), wire).communicator_in_use
    return eplb_config_pb2.EPLBConfigCommunicatorInUseResponse(result=result)


def _eplb_config_migration_batching_enabled(
    request: eplb_config_pb2.EPLBConfigMigrationBatchingEnabledRequest, wire: Wire
) -> eplb_config_pb2.EPLBConfigMigrationBatchingEnabledResponse:
    result = objects.eplb_config(present(request, "receiver"), wire).migration_batching_enabled
    return eplb_config_pb2.EPLBConfigMigrationBatchingEnabledResponse(result=result)


def _fault_tolerance_config_new(
    request: fault_tolerance_config_pb2.FaultToleranceConfigNewRequest, wire: Wire
) -> fault_tolerance_config_pb2.FaultToleranceConfigNewResponse:
    optional: dict[str, Any] = {}
    if request.HasField("engine_recovery_timeout_sec"):
        optional["engine_recovery_timeout_sec"] = request.engine_recovery_timeout_sec
    result = FaultToleranceConfig(**optional)
    return fault_tolerance_config_pb2.FaultToleranceConfigNewResponse(result=objects.to_fault_tolerance_config(result, wire))


def _handle_is_completed(
    request: handle_pb2.HandleIsCompletedRequest, wire: Wire
) -> handle_pb2.HandleIsCompletedResponse:
    result = objects.handle(present(request, "receiver"), wire).is_completed()
    return handle_pb2.HandleIsCompletedResponse(result=result)


def _handle_wait(
    request: handle_pb2.HandleWaitRequest, wire: Wire
) -> handle_pb2.HandleWaitResponse:
    objects.handle(present(request, "receiver"), wire).wait()
    return handle_pb2.HandleWaitResponse()


def _parallel_sizes_new(
    request: parallel_sizes_pb2.ParallelSizesNewRequest, wire: Wire
) -> parallel_sizes_pb2.ParallelSizesNewResponse:
    optional: dict[str, Any] = {}
    if request.HasField("tensor"):
        optional["tensor"] = request.tensor
    if request.HasField("pipeline"):
        optional["pipeline"] = request.pipeline
    if request.HasField("data"):
        optional["data"] = request.data
    if request.HasField("prefill_context"):
        optional["prefill_context"] = request.prefill_context
    if request.HasField("decode_context"):
        optional["decode_context"] = request.decode_context
    result = ParallelSizes(**optional)
    return parallel_sizes_pb2.ParallelSizesNewResponse(result=objects.to_parallel_sizes(result, wire))


def _parallel_sizes_replica_size(
    request: parallel_sizes_pb2.ParallelSizesReplicaSizeRequest, wire: Wire
) -> parallel_sizes_pb2.ParallelSizesReplicaSizeResponse:
    result = objects.parallel_sizes(present(request, "receiver"), wire).replica_size
    return parallel_sizes_pb2.ParallelSizesReplicaSizeResponse(result=result)


def _parallel_sizes_as_dict(
    request: parallel_sizes_pb2.ParallelSizesAsDictRequest, wire: Wire
) -> parallel_sizes_pb2.ParallelSizesAsDictResponse:
    result = objects.parallel_sizes(present(request, "receiver"), wire).as_dict()
    return parallel_sizes_pb2.ParallelSizesAsDictResponse(result=wire.to_term(result))


def _parallel_sizes_describe(
    request: parallel_sizes_pb2.ParallelSizesDescribeRequest, wire: Wire
) -> parallel_sizes_pb2.ParallelSizesDescribeResponse:
    result = objects.parallel_sizes(present(request, "receiver"), wire).describe()
    return parallel_sizes_pb2.ParallelSizesDescribeResponse(result=result)


def _topology_new(
    request: topology_pb2.TopologyNewRequest, wire: Wire
) -> topology_pb2.TopologyNewResponse:
    result = Topology(request.world_size, objects.parallel_sizes(present(request, "sizes"), wire))
    return topology_pb2.TopologyNewResponse(result=objects.to_topology(result, wire))


def _topology_external_data(
    request: topology_pb2.TopologyExternalDataRequest, wire: Wire
) -> topology_pb2.TopologyExternalDataResponse:
    result = objects.topology(present(request, "receiver"), wire).external_data
    return topology_pb2.TopologyExternalDataResponse(result=result)


def _topology_tensor_groups(
    request: topology_pb2.TopologyTensorGroupsRequest, wire: Wire
) -> topology_pb2.TopologyTensorGroupsResponse:
    result = objects.topology(present(request, "receiver"), wire).tensor_groups()
    return topology_pb2.TopologyTensorGroupsResponse(result=[types_pb2.Int64List(values=item) for item in result])


def _topology_decode_context_groups(
    request: topology_pb2.TopologyDecodeContextGroupsRequest, wire: Wire
) -> topology_pb2.TopologyDecodeContextGroupsResponse:
    result = objects.topology(present(request, "receiver"), wire).decode_context_groups()
    return topology_pb2.TopologyDecodeContextGroupsResponse(result=[types_pb2.Int64List(values=item) for item in result])


def _topology_prefill_context_groups(
    request: topology_pb2.TopologyPrefillContextGroupsRequest, wire: Wire
) -> topology_pb2.TopologyPrefillContextGroupsResponse:
    result = objects.topology(present(request, "receiver"), wire).prefill_context_groups()
    return topology_pb2.TopologyPrefillContextGroupsResponse(result=[types_pb2.Int64List(values=item) for item in result])


def _topology_pipeline_groups(
    request: topology_pb2.TopologyPipelineGroupsRequest, wire: Wire
) -> topology_pb2.TopologyPipelineGroupsResponse:
    result = objects.topology(present(request, "receiver"), wire).pipeline_groups()
    return topology_pb2.TopologyPipelineGroupsResponse(result=[types_pb2.Int64List(values=item) for item in result])


def _topology_data_groups(
    request: topology_pb2.TopologyDataGroupsRequest, wire: Wire
) -> topology_pb2.TopologyDataGroupsResponse:
    result = objects.topology(present(request, "receiver"), wire).data_groups()
    return topology_pb2.TopologyDataGroupsResponse(result=[types_pb2.Int64List(values=item) for item in result])


def _topology_expert_groups(
    request: topology_pb2.TopologyExpertGroupsRequest, wire: Wire
) -> topology_pb2.TopologyExpertGroupsResponse:
    result = objects.topology(present(request, "receiver"), wire).expert_groups()
    return topology_pb2.TopologyExpertGroupsResponse(result=[types_pb2.Int64List(values=item) for item in result])


def _topology_engram_tensor_groups(
    request: topology_pb2.TopologyEngramTensorGroupsRequest, wire: Wire
) -> topology_pb2.TopologyEngramTensorGroupsResponse:
    result = objects.topology(present(request, "receiver"), wire).engram_tensor_groups(request.size)
    return topology_pb2.TopologyEngramTensorGroupsResponse(result=[types_pb2.Int64List(values=item) for item in result])


def _topology_engram_data_groups(
    request: topology_pb2.TopologyEngramDataGroupsRequest, wire: Wire
) -> topology_pb2.TopologyEngramDataGroupsResponse:
    result = objects.topology(present(request, "receiver"), wire).engram_data_groups(request.size)
    return topology_pb2.TopologyEngramDataGroupsResponse(result=[types_pb2.Int64List(values=item) for item in result])


def _topology_coordinates(
    request: topology_pb2.TopologyCoordinatesRequest, wire: Wire
) -> topology_pb2.TopologyCoordinatesResponse:
    result = objects.topology(present(request, "receiver"), wire).coordinates(request.rank)
    return topology_pb2.TopologyCoordinatesResponse(item_1=result[0], item_2=result[1], item_3=result[2], item_4=result[3], item_5=result[4])


def _tensor_metadata_new(
    request: tensor_metadata_pb2.TensorMetadataNewRequest, wire: Wire
) -> tensor_metadata_pb2.TensorMetadataNewResponse:
    result = TensorMetadata(request.device, wire.dtype(request.dtype), wire.size(request.size))
    return tensor_metadata_pb2.TensorMetadataNewResponse(result=objects.to_tensor_metadata(result, wire))


METHODS: dict[str, Dispatch] = {
    "/vllm.distributed.v1.Distributed/UseSchedYield": Dispatch(
        "USE_SCHED_YIELD",
        distributed_pb2.UseSchedYieldRequest,
        _use_sched_yield,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/AllGather": Dispatch(
        "all_gather",
        distributed_pb2.AllGatherRequest,
        _all_gather,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/AllGatherFake": Dispatch(
        "all_gather_fake",
        distributed_pb2.AllGatherFakeRequest,
        _all_gather_fake,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/AllReduce": Dispatch(
        "all_reduce",
        distributed_pb2.AllReduceRequest,
        _all_reduce,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/AllReduceFake": Dispatch(
        "all_reduce_fake",
        distributed_pb2.AllReduceFakeRequest,
        _all_reduce_fake,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/BroadcastTensorDict": Dispatch(
        "broadcast_tensor_dict",
        distributed_pb2.BroadcastTensorDictRequest,
        _broadcast_tensor_dict,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/CheckpointPrepareDistributedState": Dispatch(
        "checkpoint_prepare_distributed_state",
        distributed_pb2.CheckpointPrepareDistributedStateRequest,
        _checkpoint_prepare_distributed_state,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/CheckpointRestoreDistributedState": Dispatch(
        "checkpoint_restore_distributed_state",
        distributed_pb2.CheckpointRestoreDistributedStateRequest,
        _checkpoint_restore_distributed_state,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/CleanupDistEnvAndMemory": Dispatch(
        "cleanup_dist_env_and_memory",
        distributed_pb2.CleanupDistEnvAndMemoryRequest,
        _cleanup_dist_env_and_memory,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/ComputeLogicalMaps": Dispatch(
        "compute_logical_maps",
        distributed_pb2.ComputeLogicalMapsRequest,
        _compute_logical_maps,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/CpuAllReduceInPlace": Dispatch(
        "cpu_all_reduce_",
        distributed_pb2.CpuAllReduceInPlaceRequest,
        _cpu_all_reduce_in_place,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/CreateTcpStore": Dispatch(
        "create_tcp_store",
        distributed_pb2.CreateTcpStoreRequest,
        _create_tcp_store,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/DestroyDistributedEnvironment": Dispatch(
        "destroy_distributed_environment",
        distributed_pb2.DestroyDistributedEnvironmentRequest,
        _destroy_distributed_environment,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/DestroyModelParallel": Dispatch(
        "destroy_model_parallel",
        distributed_pb2.DestroyModelParallelRequest,
        _destroy_model_parallel,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/DirectRegisterCustomOp": Dispatch(
        "direct_register_custom_op",
        distributed_pb2.DirectRegisterCustomOpRequest,
        _direct_register_custom_op,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/Divide": Dispatch(
        "divide",
        distributed_pb2.DivideRequest,
        _divide,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/EnsureDivisibility": Dispatch(
        "ensure_divisibility",
        distributed_pb2.EnsureDivisibilityRequest,
        _ensure_divisibility,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/EnsureModelParallelInitialized": Dispatch(
        "ensure_model_parallel_initialized",
        distributed_pb2.EnsureModelParallelInitializedRequest,
        _ensure_model_parallel_initialized,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/ExpertBalancedness": Dispatch(
        "expert_balancedness",
        distributed_pb2.ExpertBalancednessRequest,
        _expert_balancedness,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetCachedTcpStoreClient": Dispatch(
        "get_cached_tcp_store_client",
        distributed_pb2.GetCachedTcpStoreClientRequest,
        _get_cached_tcp_store_client,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetContextModelParallelGroup": Dispatch(
        "get_context_model_parallel_group",
        distributed_pb2.GetContextModelParallelGroupRequest,
        _get_context_model_parallel_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetCpuDistributedTimeoutOrNone": Dispatch(
        "get_cpu_distributed_timeout_or_none",
        distributed_pb2.GetCpuDistributedTimeoutOrNoneRequest,
        _get_cpu_distributed_timeout_or_none,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetCurrentParallelConfigOrNone": Dispatch(
        "get_current_parallel_config_or_none",
        distributed_pb2.GetCurrentParallelConfigOrNoneRequest,
        _get_current_parallel_config_or_none,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetDcpGroup": Dispatch(
        "get_dcp_group",
        distributed_pb2.GetDcpGroupRequest,
        _get_dcp_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetDcpWorldSizeAndRank": Dispatch(
        "get_dcp_world_size_and_rank",
        distributed_pb2.GetDcpWorldSizeAndRankRequest,
        _get_dcp_world_size_and_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetDecodeContextModelParallelRank": Dispatch(
        "get_decode_context_model_parallel_rank",
        distributed_pb2.GetDecodeContextModelParallelRankRequest,
        _get_decode_context_model_parallel_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetDecodeContextModelParallelWorldSize": Dispatch(
        "get_decode_context_model_parallel_world_size",
        distributed_pb2.GetDecodeContextModelParallelWorldSizeRequest,
        _get_decode_context_model_parallel_world_size,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetDistributedInitMethod": Dispatch(
        "get_distributed_init_method",
        distributed_pb2.GetDistributedInitMethodRequest,
        _get_distributed_init_method,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetDistributedTimeoutOrNone": Dispatch(
        "get_distributed_timeout_or_none",
        distributed_pb2.GetDistributedTimeoutOrNoneRequest,
        _get_distributed_timeout_or_none,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetDpGroup": Dispatch(
        "get_dp_group",
        distributed_pb2.GetDpGroupRequest,
        _get_dp_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetEngramDpGroup": Dispatch(
        "get_engram_dp_group",
        distributed_pb2.GetEngramDpGroupRequest,
        _get_engram_dp_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetEngramDpSize": Dispatch(
        "get_engram_dp_size",
        distributed_pb2.GetEngramDpSizeRequest,
        _get_engram_dp_size,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetEpGroup": Dispatch(
        "get_ep_group",
        distributed_pb2.GetEpGroupRequest,
        _get_ep_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetEplbGroup": Dispatch(
        "get_eplb_group",
        distributed_pb2.GetEplbGroupRequest,
        _get_eplb_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetEtpGroup": Dispatch(
        "get_etp_group",
        distributed_pb2.GetEtpGroupRequest,
        _get_etp_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetExpertMap": Dispatch(
        "get_expert_map",
        distributed_pb2.GetExpertMapRequest,
        _get_expert_map,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetExpertPlacement": Dispatch(
        "get_expert_placement",
        distributed_pb2.GetExpertPlacementRequest,
        _get_expert_placement,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetInnerDpWorldGroup": Dispatch(
        "get_inner_dp_world_group",
        distributed_pb2.GetInnerDpWorldGroupRequest,
        _get_inner_dp_world_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetNodeCount": Dispatch(
        "get_node_count",
        distributed_pb2.GetNodeCountRequest,
        _get_node_count,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetPcpGroup": Dispatch(
        "get_pcp_group",
        distributed_pb2.GetPcpGroupRequest,
        _get_pcp_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetPipelineModelParallelRank": Dispatch(
        "get_pipeline_model_parallel_rank",
        distributed_pb2.GetPipelineModelParallelRankRequest,
        _get_pipeline_model_parallel_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetPpGroup": Dispatch(
        "get_pp_group",
        distributed_pb2.GetPpGroupRequest,
        _get_pp_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetPpIndices": Dispatch(
        "get_pp_indices",
        distributed_pb2.GetPpIndicesRequest,
        _get_pp_indices,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetTcpUri": Dispatch(
        "get_tcp_uri",
        distributed_pb2.GetTcpUriRequest,
        _get_tcp_uri,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetTensorModelParallelRank": Dispatch(
        "get_tensor_model_parallel_rank",
        distributed_pb2.GetTensorModelParallelRankRequest,
        _get_tensor_model_parallel_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetTensorModelParallelWorldSize": Dispatch(
        "get_tensor_model_parallel_world_size",
        distributed_pb2.GetTensorModelParallelWorldSizeRequest,
        _get_tensor_model_parallel_world_size,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetTpGroup": Dispatch(
        "get_tp_group",
        distributed_pb2.GetTpGroupRequest,
        _get_tp_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetWorkerRankSuffix": Dispatch(
        "get_worker_rank_suffix",
        distributed_pb2.GetWorkerRankSuffixRequest,
        _get_worker_rank_suffix,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GetWorldGroup": Dispatch(
        "get_world_group",
        distributed_pb2.GetWorldGroupRequest,
        _get_world_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/GraphCapture": Dispatch(
        "graph_capture",
        distributed_pb2.GraphCaptureRequest,
        _graph_capture,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/InTheSameNodeAs": Dispatch(
        "in_the_same_node_as",
        distributed_pb2.InTheSameNodeAsRequest,
        _in_the_same_node_as,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/InitDistributedEnvironment": Dispatch(
        "init_distributed_environment",
        distributed_pb2.InitDistributedEnvironmentRequest,
        _init_distributed_environment,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/InitGlooProcessGroup": Dispatch(
        "init_gloo_process_group",
        distributed_pb2.InitGlooProcessGroupRequest,
        _init_gloo_process_group,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/InitLogger": Dispatch(
        "init_logger",
        distributed_pb2.InitLoggerRequest,
        _init_logger,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/InitModelParallelGroup": Dispatch(
        "init_model_parallel_group",
        distributed_pb2.InitModelParallelGroupRequest,
        _init_model_parallel_group,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/InitWorldGroup": Dispatch(
        "init_world_group",
        distributed_pb2.InitWorldGroupRequest,
        _init_world_group,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/InitializeModelParallel": Dispatch(
        "initialize_model_parallel",
        distributed_pb2.InitializeModelParallelRequest,
        _initialize_model_parallel,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/IsGlobalFirstRank": Dispatch(
        "is_global_first_rank",
        distributed_pb2.IsGlobalFirstRankRequest,
        _is_global_first_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/IsLocalFirstRank": Dispatch(
        "is_local_first_rank",
        distributed_pb2.IsLocalFirstRankRequest,
        _is_local_first_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/IsTorchEqualOrNewer": Dispatch(
        "is_torch_equal_or_newer",
        distributed_pb2.IsTorchEqualOrNewerRequest,
        _is_torch_equal_or_newer,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/IsWeakContiguous": Dispatch(
        "is_weak_contiguous",
        distributed_pb2.IsWeakContiguousRequest,
        _is_weak_contiguous,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/Logger": Dispatch(
        "logger",
        distributed_pb2.LoggerRequest,
        _logger,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/ModelParallelIsInitialized": Dispatch(
        "model_parallel_is_initialized",
        distributed_pb2.ModelParallelIsInitializedRequest,
        _model_parallel_is_initialized,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/PatchTensorParallelGroup": Dispatch(
        "patch_tensor_parallel_group",
        distributed_pb2.PatchTensorParallelGroupRequest,
        _patch_tensor_parallel_group,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/PatchedFusedScaledMatmulReduceScatter": Dispatch(
        "patched_fused_scaled_matmul_reduce_scatter",
        distributed_pb2.PatchedFusedScaledMatmulReduceScatterRequest,
        _patched_fused_scaled_matmul_reduce_scatter,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/PatchedFusedScaledMatmulReduceScatterFake": Dispatch(
        "patched_fused_scaled_matmul_reduce_scatter_fake",
        distributed_pb2.PatchedFusedScaledMatmulReduceScatterFakeRequest,
        _patched_fused_scaled_matmul_reduce_scatter_fake,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/PrepareCommunicationBufferForModel": Dispatch(
        "prepare_communication_buffer_for_model",
        distributed_pb2.PrepareCommunicationBufferForModelRequest,
        _prepare_communication_buffer_for_model,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/RebalanceExperts": Dispatch(
        "rebalance_experts",
        distributed_pb2.RebalanceExpertsRequest,
        _rebalance_experts,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/ReduceScatter": Dispatch(
        "reduce_scatter",
        distributed_pb2.ReduceScatterRequest,
        _reduce_scatter,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/ReduceScatterFake": Dispatch(
        "reduce_scatter_fake",
        distributed_pb2.ReduceScatterFakeRequest,
        _reduce_scatter_fake,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/ResolveObjByQualname": Dispatch(
        "resolve_obj_by_qualname",
        distributed_pb2.ResolveObjByQualnameRequest,
        _resolve_obj_by_qualname,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/ResumeDeviceComms": Dispatch(
        "resume_device_comms",
        distributed_pb2.ResumeDeviceCommsRequest,
        _resume_device_comms,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/SchedYield": Dispatch(
        "sched_yield",
        distributed_pb2.SchedYieldRequest,
        _sched_yield,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/SetCurrentParallelConfig": Dispatch(
        "set_current_parallel_config",
        distributed_pb2.SetCurrentParallelConfigRequest,
        _set_current_parallel_config,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/SetCustomAllReduce": Dispatch(
        "set_custom_all_reduce",
        distributed_pb2.SetCustomAllReduceRequest,
        _set_custom_all_reduce,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/SplitTensorAlongLastDim": Dispatch(
        "split_tensor_along_last_dim",
        distributed_pb2.SplitTensorAlongLastDimRequest,
        _split_tensor_along_last_dim,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/StatelessDestroyTorchDistributedProcessGroup": Dispatch(
        "stateless_destroy_torch_distributed_process_group",
        distributed_pb2.StatelessDestroyTorchDistributedProcessGroupRequest,
        _stateless_destroy_torch_distributed_process_group,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/StatelessInitTorchDistributedProcessGroup": Dispatch(
        "stateless_init_torch_distributed_process_group",
        distributed_pb2.StatelessInitTorchDistributedProcessGroupRequest,
        _stateless_init_torch_distributed_process_group,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/SuppressStdout": Dispatch(
        "suppress_stdout",
        distributed_pb2.SuppressStdoutRequest,
        _suppress_stdout,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/SuspendDeviceComms": Dispatch(
        "suspend_device_comms",
        distributed_pb2.SuspendDeviceCommsRequest,
        _suspend_device_comms,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/TensorModelParallelAllGather": Dispatch(
        "tensor_model_parallel_all_gather",
        distributed_pb2.TensorModelParallelAllGatherRequest,
        _tensor_model_parallel_all_gather,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/TensorModelParallelAllReduce": Dispatch(
        "tensor_model_parallel_all_reduce",
        distributed_pb2.TensorModelParallelAllReduceRequest,
        _tensor_model_parallel_all_reduce,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/TensorModelParallelGather": Dispatch(
        "tensor_model_parallel_gather",
        distributed_pb2.TensorModelParallelGatherRequest,
        _tensor_model_parallel_gather,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/TensorModelParallelReduceScatter": Dispatch(
        "tensor_model_parallel_reduce_scatter",
        distributed_pb2.TensorModelParallelReduceScatterRequest,
        _tensor_model_parallel_reduce_scatter,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.Distributed/VerifyGroupSizeDividesPartition": Dispatch(
        "verify_group_size_divides_partition",
        distributed_pb2.VerifyGroupSizeDividesPartitionRequest,
        _verify_group_size_divides_partition,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/New": Dispatch(
        "GroupCoordinator.new",
        group_coordinator_pb2.GroupCoordinatorNewRequest,
        _group_coordinator_new,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/DeviceCommunicator": Dispatch(
        "GroupCoordinator.device_communicator",
        group_coordinator_pb2.GroupCoordinatorDeviceCommunicatorRequest,
        _group_coordinator_device_communicator,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/DeviceGroup": Dispatch(
        "GroupCoordinator.device_group",
        group_coordinator_pb2.GroupCoordinatorDeviceGroupRequest,
        _group_coordinator_device_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/CpuGroup": Dispatch(
        "GroupCoordinator.cpu_group",
        group_coordinator_pb2.GroupCoordinatorCpuGroupRequest,
        _group_coordinator_cpu_group,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/TorchDistributedBackend": Dispatch(
        "GroupCoordinator.torch_distributed_backend",
        group_coordinator_pb2.GroupCoordinatorTorchDistributedBackendRequest,
        _group_coordinator_torch_distributed_backend,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/DeviceIndex": Dispatch(
        "GroupCoordinator.device_index",
        group_coordinator_pb2.GroupCoordinatorDeviceIndexRequest,
        _group_coordinator_device_index,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/CpuTimeout": Dispatch(
        "GroupCoordinator.cpu_timeout",
        group_coordinator_pb2.GroupCoordinatorCpuTimeoutRequest,
        _group_coordinator_cpu_timeout,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/UseCustomOpCall": Dispatch(
        "GroupCoordinator.use_custom_op_call",
        group_coordinator_pb2.GroupCoordinatorUseCustomOpCallRequest,
        _group_coordinator_use_custom_op_call,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/UseCpuCustomSendRecv": Dispatch(
        "GroupCoordinator.use_cpu_custom_send_recv",
        group_coordinator_pb2.GroupCoordinatorUseCpuCustomSendRecvRequest,
        _group_coordinator_use_cpu_custom_send_recv,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/FirstRank": Dispatch(
        "GroupCoordinator.first_rank",
        group_coordinator_pb2.GroupCoordinatorFirstRankRequest,
        _group_coordinator_first_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/LastRank": Dispatch(
        "GroupCoordinator.last_rank",
        group_coordinator_pb2.GroupCoordinatorLastRankRequest,
        _group_coordinator_last_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/IsFirstRank": Dispatch(
        "GroupCoordinator.is_first_rank",
        group_coordinator_pb2.GroupCoordinatorIsFirstRankRequest,
        _group_coordinator_is_first_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/IsLastRank": Dispatch(
        "GroupCoordinator.is_last_rank",
        group_coordinator_pb2.GroupCoordinatorIsLastRankRequest,
        _group_coordinator_is_last_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/NextRank": Dispatch(
        "GroupCoordinator.next_rank",
        group_coordinator_pb2.GroupCoordinatorNextRankRequest,
        _group_coordinator_next_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/PrevRank": Dispatch(
        "GroupCoordinator.prev_rank",
        group_coordinator_pb2.GroupCoordinatorPrevRankRequest,
        _group_coordinator_prev_rank,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/MakeSiblingDeviceGroup": Dispatch(
        "GroupCoordinator.make_sibling_device_group",
        group_coordinator_pb2.GroupCoordinatorMakeSiblingDeviceGroupRequest,
        _group_coordinator_make_sibling_device_group,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Destroy": Dispatch(
        "GroupCoordinator.destroy",
        group_coordinator_pb2.GroupCoordinatorDestroyRequest,
        _group_coordinator_destroy,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/GraphCapture": Dispatch(
        "GroupCoordinator.graph_capture",
        group_coordinator_pb2.GroupCoordinatorGraphCaptureRequest,
        _group_coordinator_graph_capture,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/PrepareCommunicationBufferForModel": Dispatch(
        "GroupCoordinator.prepare_communication_buffer_for_model",
        group_coordinator_pb2.GroupCoordinatorPrepareCommunicationBufferForModelRequest,
        _group_coordinator_prepare_communication_buffer_for_model,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Dispatch": Dispatch(
        "GroupCoordinator.dispatch",
        group_coordinator_pb2.GroupCoordinatorDispatchRequest,
        _group_coordinator_dispatch,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/DispatchRouterLogits": Dispatch(
        "GroupCoordinator.dispatch_router_logits",
        group_coordinator_pb2.GroupCoordinatorDispatchRouterLogitsRequest,
        _group_coordinator_dispatch_router_logits,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Combine": Dispatch(
        "GroupCoordinator.combine",
        group_coordinator_pb2.GroupCoordinatorCombineRequest,
        _group_coordinator_combine,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/AllocateCombineInput": Dispatch(
        "GroupCoordinator.allocate_combine_input",
        group_coordinator_pb2.GroupCoordinatorAllocateCombineInputRequest,
        _group_coordinator_allocate_combine_input,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/CombineIntoOutput": Dispatch(
        "GroupCoordinator.combine_into_output",
        group_coordinator_pb2.GroupCoordinatorCombineIntoOutputRequest,
        _group_coordinator_combine_into_output,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/CreateMqBroadcaster": Dispatch(
        "GroupCoordinator.create_mq_broadcaster",
        group_coordinator_pb2.GroupCoordinatorCreateMqBroadcasterRequest,
        _group_coordinator_create_mq_broadcaster,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/CreateSingleReaderMqBroadcasters": Dispatch(
        "GroupCoordinator.create_single_reader_mq_broadcasters",
        group_coordinator_pb2.GroupCoordinatorCreateSingleReaderMqBroadcastersRequest,
        _group_coordinator_create_single_reader_mq_broadcasters,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/BroadcastObject": Dispatch(
        "GroupCoordinator.broadcast_object",
        group_coordinator_pb2.GroupCoordinatorBroadcastObjectRequest,
        _group_coordinator_broadcast_object,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/BroadcastObjectList": Dispatch(
        "GroupCoordinator.broadcast_object_list",
        group_coordinator_pb2.GroupCoordinatorBroadcastObjectListRequest,
        _group_coordinator_broadcast_object_list,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/BroadcastTensorDict": Dispatch(
        "GroupCoordinator.broadcast_tensor_dict",
        group_coordinator_pb2.GroupCoordinatorBroadcastTensorDictRequest,
        _group_coordinator_broadcast_tensor_dict,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/SendObject": Dispatch(
        "GroupCoordinator.send_object",
        group_coordinator_pb2.GroupCoordinatorSendObjectRequest,
        _group_coordinator_send_object,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/IsendObject": Dispatch(
        "GroupCoordinator.isend_object",
        group_coordinator_pb2.GroupCoordinatorIsendObjectRequest,
        _group_coordinator_isend_object,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/RecvObject": Dispatch(
        "GroupCoordinator.recv_object",
        group_coordinator_pb2.GroupCoordinatorRecvObjectRequest,
        _group_coordinator_recv_object,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Barrier": Dispatch(
        "GroupCoordinator.barrier",
        group_coordinator_pb2.GroupCoordinatorBarrierRequest,
        _group_coordinator_barrier,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/AllReduce": Dispatch(
        "GroupCoordinator.all_reduce",
        group_coordinator_pb2.GroupCoordinatorAllReduceRequest,
        _group_coordinator_all_reduce,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/AllReduceInPlace": Dispatch(
        "GroupCoordinator.all_reduce_",
        group_coordinator_pb2.GroupCoordinatorAllReduceInPlaceRequest,
        _group_coordinator_all_reduce_in_place,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/AllGather": Dispatch(
        "GroupCoordinator.all_gather",
        group_coordinator_pb2.GroupCoordinatorAllGatherRequest,
        _group_coordinator_all_gather,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/AllGatherv": Dispatch(
        "GroupCoordinator.all_gatherv",
        group_coordinator_pb2.GroupCoordinatorAllGathervRequest,
        _group_coordinator_all_gatherv,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/ReduceScatter": Dispatch(
        "GroupCoordinator.reduce_scatter",
        group_coordinator_pb2.GroupCoordinatorReduceScatterRequest,
        _group_coordinator_reduce_scatter,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/ReduceScatterv": Dispatch(
        "GroupCoordinator.reduce_scatterv",
        group_coordinator_pb2.GroupCoordinatorReduceScattervRequest,
        _group_coordinator_reduce_scatterv,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/ReduceScattervIntoOutput": Dispatch(
        "GroupCoordinator.reduce_scatterv_into_output",
        group_coordinator_pb2.GroupCoordinatorReduceScattervIntoOutputRequest,
        _group_coordinator_reduce_scatterv_into_output,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/CpuAllReduceInPlace": Dispatch(
        "GroupCoordinator.cpu_all_reduce_",
        group_coordinator_pb2.GroupCoordinatorCpuAllReduceInPlaceRequest,
        _group_coordinator_cpu_all_reduce_in_place,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Gather": Dispatch(
        "GroupCoordinator.gather",
        group_coordinator_pb2.GroupCoordinatorGatherRequest,
        _group_coordinator_gather,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Broadcast": Dispatch(
        "GroupCoordinator.broadcast",
        group_coordinator_pb2.GroupCoordinatorBroadcastRequest,
        _group_coordinator_broadcast,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Send": Dispatch(
        "GroupCoordinator.send",
        group_coordinator_pb2.GroupCoordinatorSendRequest,
        _group_coordinator_send,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Recv": Dispatch(
        "GroupCoordinator.recv",
        group_coordinator_pb2.GroupCoordinatorRecvRequest,
        _group_coordinator_recv,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/SendTensorDict": Dispatch(
        "GroupCoordinator.send_tensor_dict",
        group_coordinator_pb2.GroupCoordinatorSendTensorDictRequest,
        _group_coordinator_send_tensor_dict,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/RecvTensorDict": Dispatch(
        "GroupCoordinator.recv_tensor_dict",
        group_coordinator_pb2.GroupCoordinatorRecvTensorDictRequest,
        _group_coordinator_recv_tensor_dict,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/IsendTensorDict": Dispatch(
        "GroupCoordinator.isend_tensor_dict",
        group_coordinator_pb2.GroupCoordinatorIsendTensorDictRequest,
        _group_coordinator_isend_tensor_dict,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/IrecvTensorDict": Dispatch(
        "GroupCoordinator.irecv_tensor_dict",
        group_coordinator_pb2.GroupCoordinatorIrecvTensorDictRequest,
        _group_coordinator_irecv_tensor_dict,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/MqBroadcaster": Dispatch(
        "GroupCoordinator.mq_broadcaster",
        group_coordinator_pb2.GroupCoordinatorMqBroadcasterRequest,
        _group_coordinator_mq_broadcaster,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessGroupCoordinator/New": Dispatch(
        "StatelessGroupCoordinator.new",
        stateless_group_coordinator_pb2.StatelessGroupCoordinatorNewRequest,
        _stateless_group_coordinator_new,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.StatelessGroupCoordinator/MakeSiblingDeviceGroup": Dispatch(
        "StatelessGroupCoordinator.make_sibling_device_group",
        stateless_group_coordinator_pb2.StatelessGroupCoordinatorMakeSiblingDeviceGroupRequest,
        _stateless_group_coordinator_make_sibling_device_group,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.StatelessGroupCoordinator/Destroy": Dispatch(
        "StatelessGroupCoordinator.destroy",
        stateless_group_coordinator_pb2.StatelessGroupCoordinatorDestroyRequest,
        _stateless_group_coordinator_destroy,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessGroupCoordinator/Size": Dispatch(
        "StatelessGroupCoordinator.size",
        stateless_group_coordinator_pb2.StatelessGroupCoordinatorSizeRequest,
        _stateless_group_coordinator_size,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/New": Dispatch(
        "StatelessProcessGroup.new",
        stateless_process_group_pb2.StatelessProcessGroupNewRequest,
        _stateless_process_group_new,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/Create": Dispatch(
        "StatelessProcessGroup.create",
        stateless_process_group_pb2.StatelessProcessGroupCreateRequest,
        _stateless_process_group_create,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/SendDstCounter": Dispatch(
        "StatelessProcessGroup.send_dst_counter",
        stateless_process_group_pb2.StatelessProcessGroupSendDstCounterRequest,
        _stateless_process_group_send_dst_counter,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/RecvSrcCounter": Dispatch(
        "StatelessProcessGroup.recv_src_counter",
        stateless_process_group_pb2.StatelessProcessGroupRecvSrcCounterRequest,
        _stateless_process_group_recv_src_counter,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/BroadcastSendCounter": Dispatch(
        "StatelessProcessGroup.broadcast_send_counter",
        stateless_process_group_pb2.StatelessProcessGroupBroadcastSendCounterRequest,
        _stateless_process_group_broadcast_send_counter,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/BroadcastRecvSrcCounter": Dispatch(
        "StatelessProcessGroup.broadcast_recv_src_counter",
        stateless_process_group_pb2.StatelessProcessGroupBroadcastRecvSrcCounterRequest,
        _stateless_process_group_broadcast_recv_src_counter,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/Entries": Dispatch(
        "StatelessProcessGroup.entries",
        stateless_process_group_pb2.StatelessProcessGroupEntriesRequest,
        _stateless_process_group_entries,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/SendObj": Dispatch(
        "StatelessProcessGroup.send_obj",
        stateless_process_group_pb2.StatelessProcessGroupSendObjRequest,
        _stateless_process_group_send_obj,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/RecvObj": Dispatch(
        "StatelessProcessGroup.recv_obj",
        stateless_process_group_pb2.StatelessProcessGroupRecvObjRequest,
        _stateless_process_group_recv_obj,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/BroadcastObj": Dispatch(
        "StatelessProcessGroup.broadcast_obj",
        stateless_process_group_pb2.StatelessProcessGroupBroadcastObjRequest,
        _stateless_process_group_broadcast_obj,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/AllGatherObj": Dispatch(
        "StatelessProcessGroup.all_gather_obj",
        stateless_process_group_pb2.StatelessProcessGroupAllGatherObjRequest,
        _stateless_process_group_all_gather_obj,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/Barrier": Dispatch(
        "StatelessProcessGroup.barrier",
        stateless_process_group_pb2.StatelessProcessGroupBarrierRequest,
        _stateless_process_group_barrier,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/Send": Dispatch(
        "StatelessProcessGroup.send",
        stateless_process_group_pb2.StatelessProcessGroupSendRequest,
        _stateless_process_group_send,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/Recv": Dispatch(
        "StatelessProcessGroup.recv",
        stateless_process_group_pb2.StatelessProcessGroupRecvRequest,
        _stateless_process_group_recv,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/Broadcast": Dispatch(
        "StatelessProcessGroup.broadcast",
        stateless_process_group_pb2.StatelessProcessGroupBroadcastRequest,
        _stateless_process_group_broadcast,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/AllReduce": Dispatch(
        "StatelessProcessGroup.all_reduce",
        stateless_process_group_pb2.StatelessProcessGroupAllReduceRequest,
        _stateless_process_group_all_reduce,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/ExpireData": Dispatch(
        "StatelessProcessGroup.expire_data",
        stateless_process_group_pb2.StatelessProcessGroupExpireDataRequest,
        _stateless_process_group_expire_data,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.StatelessProcessGroup/Destroy": Dispatch(
        "StatelessProcessGroup.destroy",
        stateless_process_group_pb2.StatelessProcessGroupDestroyRequest,
        _stateless_process_group_destroy,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Dispatch": Dispatch(
        "DeviceCommunicatorBase.dispatch",
        device_communicator_base_pb2.DeviceCommunicatorBaseDispatchRequest,
        _device_communicator_base_dispatch,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/DispatchRouterLogits": Dispatch(
        "DeviceCommunicatorBase.dispatch_router_logits",
        device_communicator_base_pb2.DeviceCommunicatorBaseDispatchRouterLogitsRequest,
        _device_communicator_base_dispatch_router_logits,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Combine": Dispatch(
        "DeviceCommunicatorBase.combine",
        device_communicator_base_pb2.DeviceCommunicatorBaseCombineRequest,
        _device_communicator_base_combine,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/AllocateCombineInput": Dispatch(
        "DeviceCommunicatorBase.allocate_combine_input",
        device_communicator_base_pb2.DeviceCommunicatorBaseAllocateCombineInputRequest,
        _device_communicator_base_allocate_combine_input,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/CombineIntoOutput": Dispatch(
        "DeviceCommunicatorBase.combine_into_output",
        device_communicator_base_pb2.DeviceCommunicatorBaseCombineIntoOutputRequest,
        _device_communicator_base_combine_into_output,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/AllReduce": Dispatch(
        "DeviceCommunicatorBase.all_reduce",
        device_communicator_base_pb2.DeviceCommunicatorBaseAllReduceRequest,
        _device_communicator_base_all_reduce,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/AllReduceInPlace": Dispatch(
        "DeviceCommunicatorBase.all_reduce_",
        device_communicator_base_pb2.DeviceCommunicatorBaseAllReduceInPlaceRequest,
        _device_communicator_base_all_reduce_in_place,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/CpuAllReduceInPlace": Dispatch(
        "DeviceCommunicatorBase.cpu_all_reduce_",
        device_communicator_base_pb2.DeviceCommunicatorBaseCpuAllReduceInPlaceRequest,
        _device_communicator_base_cpu_all_reduce_in_place,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/AllGather": Dispatch(
        "DeviceCommunicatorBase.all_gather",
        device_communicator_base_pb2.DeviceCommunicatorBaseAllGatherRequest,
        _device_communicator_base_all_gather,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/AllGatherv": Dispatch(
        "DeviceCommunicatorBase.all_gatherv",
        device_communicator_base_pb2.DeviceCommunicatorBaseAllGathervRequest,
        _device_communicator_base_all_gatherv,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/ReduceScatter": Dispatch(
        "DeviceCommunicatorBase.reduce_scatter",
        device_communicator_base_pb2.DeviceCommunicatorBaseReduceScatterRequest,
        _device_communicator_base_reduce_scatter,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/ReduceScatterv": Dispatch(
        "DeviceCommunicatorBase.reduce_scatterv",
        device_communicator_base_pb2.DeviceCommunicatorBaseReduceScattervRequest,
        _device_communicator_base_reduce_scatterv,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/ReduceScattervIntoOutput": Dispatch(
        "DeviceCommunicatorBase.reduce_scatterv_into_output",
        device_communicator_base_pb2.DeviceCommunicatorBaseReduceScattervIntoOutputRequest,
        _device_communicator_base_reduce_scatterv_into_output,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Gather": Dispatch(
        "DeviceCommunicatorBase.gather",
        device_communicator_base_pb2.DeviceCommunicatorBaseGatherRequest,
        _device_communicator_base_gather,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Broadcast": Dispatch(
        "DeviceCommunicatorBase.broadcast",
        device_communicator_base_pb2.DeviceCommunicatorBaseBroadcastRequest,
        _device_communicator_base_broadcast,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Send": Dispatch(
        "DeviceCommunicatorBase.send",
        device_communicator_base_pb2.DeviceCommunicatorBaseSendRequest,
        _device_communicator_base_send,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Recv": Dispatch(
        "DeviceCommunicatorBase.recv",
        device_communicator_base_pb2.DeviceCommunicatorBaseRecvRequest,
        _device_communicator_base_recv,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/BatchIsendIrecv": Dispatch(
        "DeviceCommunicatorBase.batch_isend_irecv",
        device_communicator_base_pb2.DeviceCommunicatorBaseBatchIsendIrecvRequest,
        _device_communicator_base_batch_isend_irecv,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/GetSymmetricMemoryBuffer": Dispatch(
        "DeviceCommunicatorBase.get_symmetric_memory_buffer",
        device_communicator_base_pb2.DeviceCommunicatorBaseGetSymmetricMemoryBufferRequest,
        _device_communicator_base_get_symmetric_memory_buffer,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/PrepareCommunicationBufferForModel": Dispatch(
        "DeviceCommunicatorBase.prepare_communication_buffer_for_model",
        device_communicator_base_pb2.DeviceCommunicatorBasePrepareCommunicationBufferForModelRequest,
        _device_communicator_base_prepare_communication_buffer_for_model,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Suspend": Dispatch(
        "DeviceCommunicatorBase.suspend",
        device_communicator_base_pb2.DeviceCommunicatorBaseSuspendRequest,
        _device_communicator_base_suspend,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Resume": Dispatch(
        "DeviceCommunicatorBase.resume",
        device_communicator_base_pb2.DeviceCommunicatorBaseResumeRequest,
        _device_communicator_base_resume,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/CheckpointPrepare": Dispatch(
        "DeviceCommunicatorBase.checkpoint_prepare",
        device_communicator_base_pb2.DeviceCommunicatorBaseCheckpointPrepareRequest,
        _device_communicator_base_checkpoint_prepare,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/CheckpointRestore": Dispatch(
        "DeviceCommunicatorBase.checkpoint_restore",
        device_communicator_base_pb2.DeviceCommunicatorBaseCheckpointRestoreRequest,
        _device_communicator_base_checkpoint_restore,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.DeviceCommunicatorBase/Destroy": Dispatch(
        "DeviceCommunicatorBase.destroy",
        device_communicator_base_pb2.DeviceCommunicatorBaseDestroyRequest,
        _device_communicator_base_destroy,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/New": Dispatch(
        "MessageQueue.new",
        message_queue_pb2.MessageQueueNewRequest,
        _message_queue_new,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/CreateFromHandle": Dispatch(
        "MessageQueue.create_from_handle",
        message_queue_pb2.MessageQueueCreateFromHandleRequest,
        _message_queue_create_from_handle,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/CreateFromProcessGroup": Dispatch(
        "MessageQueue.create_from_process_group",
        message_queue_pb2.MessageQueueCreateFromProcessGroupRequest,
        _message_queue_create_from_process_group,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.MessageQueue/CreateFromProcessGroupSingleReader": Dispatch(
        "MessageQueue.create_from_process_group_single_reader",
        message_queue_pb2.MessageQueueCreateFromProcessGroupSingleReaderRequest,
        _message_queue_create_from_process_group_single_reader,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.MessageQueue/IsWriter": Dispatch(
        "MessageQueue.is_writer",
        message_queue_pb2.MessageQueueIsWriterRequest,
        _message_queue_is_writer,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/NLocalReader": Dispatch(
        "MessageQueue.n_local_reader",
        message_queue_pb2.MessageQueueNLocalReaderRequest,
        _message_queue_n_local_reader,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/NRemoteReader": Dispatch(
        "MessageQueue.n_remote_reader",
        message_queue_pb2.MessageQueueNRemoteReaderRequest,
        _message_queue_n_remote_reader,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/ShuttingDown": Dispatch(
        "MessageQueue.shutting_down",
        message_queue_pb2.MessageQueueShuttingDownRequest,
        _message_queue_shutting_down,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/ExportHandle": Dispatch(
        "MessageQueue.export_handle",
        message_queue_pb2.MessageQueueExportHandleRequest,
        _message_queue_export_handle,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/WaitUntilReady": Dispatch(
        "MessageQueue.wait_until_ready",
        message_queue_pb2.MessageQueueWaitUntilReadyRequest,
        _message_queue_wait_until_ready,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.MessageQueue/Enqueue": Dispatch(
        "MessageQueue.enqueue",
        message_queue_pb2.MessageQueueEnqueueRequest,
        _message_queue_enqueue,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/Dequeue": Dispatch(
        "MessageQueue.dequeue",
        message_queue_pb2.MessageQueueDequeueRequest,
        _message_queue_dequeue,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/Recv": Dispatch(
        "MessageQueue.recv",
        message_queue_pb2.MessageQueueRecvRequest,
        _message_queue_recv,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.MessageQueue/BroadcastObject": Dispatch(
        "MessageQueue.broadcast_object",
        message_queue_pb2.MessageQueueBroadcastObjectRequest,
        _message_queue_broadcast_object,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.MessageQueue/Shutdown": Dispatch(
        "MessageQueue.shutdown",
        message_queue_pb2.MessageQueueShutdownRequest,
        _message_queue_shutdown,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GraphCaptureContext/New": Dispatch(
        "GraphCaptureContext.new",
        graph_capture_context_pb2.GraphCaptureContextNewRequest,
        _graph_capture_context_new,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/New": Dispatch(
        "ParallelConfig.new",
        parallel_config_pb2.ParallelConfigNewRequest,
        _parallel_config_new,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/WorldSizeAcrossDp": Dispatch(
        "ParallelConfig.world_size_across_dp",
        parallel_config_pb2.ParallelConfigWorldSizeAcrossDpRequest,
        _parallel_config_world_size_across_dp,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/UseUbatching": Dispatch(
        "ParallelConfig.use_ubatching",
        parallel_config_pb2.ParallelConfigUseUbatchingRequest,
        _parallel_config_use_ubatching,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/NumUbatches": Dispatch(
        "ParallelConfig.num_ubatches",
        parallel_config_pb2.ParallelConfigNumUbatchesRequest,
        _parallel_config_num_ubatches,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/UseSequenceParallelMoe": Dispatch(
        "ParallelConfig.use_sequence_parallel_moe",
        parallel_config_pb2.ParallelConfigUseSequenceParallelMoeRequest,
        _parallel_config_use_sequence_parallel_moe,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/NnodesWithinDp": Dispatch(
        "ParallelConfig.nnodes_within_dp",
        parallel_config_pb2.ParallelConfigNnodesWithinDpRequest,
        _parallel_config_nnodes_within_dp,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/NodeRankWithinDp": Dispatch(
        "ParallelConfig.node_rank_within_dp",
        parallel_config_pb2.ParallelConfigNodeRankWithinDpRequest,
        _parallel_config_node_rank_within_dp,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/LocalWorldSize": Dispatch(
        "ParallelConfig.local_world_size",
        parallel_config_pb2.ParallelConfigLocalWorldSizeRequest,
        _parallel_config_local_world_size,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/LocalEnginesOnly": Dispatch(
        "ParallelConfig.local_engines_only",
        parallel_config_pb2.ParallelConfigLocalEnginesOnlyRequest,
        _parallel_config_local_engines_only,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/UseRay": Dispatch(
        "ParallelConfig.use_ray",
        parallel_config_pb2.ParallelConfigUseRayRequest,
        _parallel_config_use_ray,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/UseAll2all": Dispatch(
        "ParallelConfig.use_all2all",
        parallel_config_pb2.ParallelConfigUseAll2allRequest,
        _parallel_config_use_all2all,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/UseBatchedDpMoe": Dispatch(
        "ParallelConfig.use_batched_dp_moe",
        parallel_config_pb2.ParallelConfigUseBatchedDpMoeRequest,
        _parallel_config_use_batched_dp_moe,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/PcpShardDecodeRequests": Dispatch(
        "ParallelConfig.pcp_shard_decode_requests",
        parallel_config_pb2.ParallelConfigPcpShardDecodeRequestsRequest,
        _parallel_config_pcp_shard_decode_requests,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/CpuDistributedTimeout": Dispatch(
        "ParallelConfig.cpu_distributed_timeout",
        parallel_config_pb2.ParallelConfigCpuDistributedTimeoutRequest,
        _parallel_config_cpu_distributed_timeout,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/SetDcpDefaults": Dispatch(
        "ParallelConfig.set_dcp_defaults",
        parallel_config_pb2.ParallelConfigSetDcpDefaultsRequest,
        _parallel_config_set_dcp_defaults,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/GetLocalGpuIndex": Dispatch(
        "ParallelConfig.get_local_gpu_index",
        parallel_config_pb2.ParallelConfigGetLocalGpuIndexRequest,
        _parallel_config_get_local_gpu_index,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/CheckKvCacheBlockSize": Dispatch(
        "ParallelConfig.check_kv_cache_block_size",
        parallel_config_pb2.ParallelConfigCheckKvCacheBlockSizeRequest,
        _parallel_config_check_kv_cache_block_size,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/ReconfigureForIndependentDpRank": Dispatch(
        "ParallelConfig.reconfigure_for_independent_dp_rank",
        parallel_config_pb2.ParallelConfigReconfigureForIndependentDpRankRequest,
        _parallel_config_reconfigure_for_independent_dp_rank,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/ComputeHash": Dispatch(
        "ParallelConfig.compute_hash",
        parallel_config_pb2.ParallelConfigComputeHashRequest,
        _parallel_config_compute_hash,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/GetNextDpInitPort": Dispatch(
        "ParallelConfig.get_next_dp_init_port",
        parallel_config_pb2.ParallelConfigGetNextDpInitPortRequest,
        _parallel_config_get_next_dp_init_port,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelConfig/StatelessInitDpGroup": Dispatch(
        "ParallelConfig.stateless_init_dp_group",
        parallel_config_pb2.ParallelConfigStatelessInitDpGroupRequest,
        _parallel_config_stateless_init_dp_group,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.ParallelConfig/HasUnfinishedDp": Dispatch(
        "ParallelConfig.has_unfinished_dp",
        parallel_config_pb2.ParallelConfigHasUnfinishedDpRequest,
        _parallel_config_has_unfinished_dp,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.ParallelConfig/SyncKvCacheMemorySize": Dispatch(
        "ParallelConfig.sync_kv_cache_memory_size",
        parallel_config_pb2.ParallelConfigSyncKvCacheMemorySizeRequest,
        _parallel_config_sync_kv_cache_memory_size,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.ParallelConfig/SyncDpState": Dispatch(
        "ParallelConfig.sync_dp_state",
        parallel_config_pb2.ParallelConfigSyncDpStateRequest,
        _parallel_config_sync_dp_state,
        inline=False,
        collective=True,
    ),
    "/vllm.distributed.v1.EPLBConfig/New": Dispatch(
        "EPLBConfig.new",
        eplb_config_pb2.EPLBConfigNewRequest,
        _eplb_config_new,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.EPLBConfig/CommunicatorInUse": Dispatch(
        "EPLBConfig.communicator_in_use",
        eplb_config_pb2.EPLBConfigCommunicatorInUseRequest,
        _eplb_config_communicator_in_use,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.EPLBConfig/MigrationBatchingEnabled": Dispatch(
        "EPLBConfig.migration_batching_enabled",
        eplb_config_pb2.EPLBConfigMigrationBatchingEnabledRequest,
        _eplb_config_migration_batching_enabled,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.FaultToleranceConfig/New": Dispatch(
        "FaultToleranceConfig.new",
        fault_tolerance_config_pb2.FaultToleranceConfigNewRequest,
        _fault_tolerance_config_new,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Handle/IsCompleted": Dispatch(
        "Handle.is_completed",
        handle_pb2.HandleIsCompletedRequest,
        _handle_is_completed,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Handle/Wait": Dispatch(
        "Handle.wait",
        handle_pb2.HandleWaitRequest,
        _handle_wait,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelSizes/New": Dispatch(
        "ParallelSizes.new",
        parallel_sizes_pb2.ParallelSizesNewRequest,
        _parallel_sizes_new,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelSizes/ReplicaSize": Dispatch(
        "ParallelSizes.replica_size",
        parallel_sizes_pb2.ParallelSizesReplicaSizeRequest,
        _parallel_sizes_replica_size,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelSizes/AsDict": Dispatch(
        "ParallelSizes.as_dict",
        parallel_sizes_pb2.ParallelSizesAsDictRequest,
        _parallel_sizes_as_dict,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.ParallelSizes/Describe": Dispatch(
        "ParallelSizes.describe",
        parallel_sizes_pb2.ParallelSizesDescribeRequest,
        _parallel_sizes_describe,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/New": Dispatch(
        "Topology.new",
        topology_pb2.TopologyNewRequest,
        _topology_new,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/ExternalData": Dispatch(
        "Topology.external_data",
        topology_pb2.TopologyExternalDataRequest,
        _topology_external_data,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/TensorGroups": Dispatch(
        "Topology.tensor_groups",
        topology_pb2.TopologyTensorGroupsRequest,
        _topology_tensor_groups,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/DecodeContextGroups": Dispatch(
        "Topology.decode_context_groups",
        topology_pb2.TopologyDecodeContextGroupsRequest,
        _topology_decode_context_groups,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/PrefillContextGroups": Dispatch(
        "Topology.prefill_context_groups",
        topology_pb2.TopologyPrefillContextGroupsRequest,
        _topology_prefill_context_groups,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/PipelineGroups": Dispatch(
        "Topology.pipeline_groups",
        topology_pb2.TopologyPipelineGroupsRequest,
        _topology_pipeline_groups,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/DataGroups": Dispatch(
        "Topology.data_groups",
        topology_pb2.TopologyDataGroupsRequest,
        _topology_data_groups,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/ExpertGroups": Dispatch(
        "Topology.expert_groups",
        topology_pb2.TopologyExpertGroupsRequest,
        _topology_expert_groups,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/EngramTensorGroups": Dispatch(
        "Topology.engram_tensor_groups",
        topology_pb2.TopologyEngramTensorGroupsRequest,
        _topology_engram_tensor_groups,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/EngramDataGroups": Dispatch(
        "Topology.engram_data_groups",
        topology_pb2.TopologyEngramDataGroupsRequest,
        _topology_engram_data_groups,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Topology/Coordinates": Dispatch(
        "Topology.coordinates",
        topology_pb2.TopologyCoordinatesRequest,
        _topology_coordinates,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.TensorMetadata/New": Dispatch(
        "TensorMetadata.new",
        tensor_metadata_pb2.TensorMetadataNewRequest,
        _tensor_metadata_new,
        inline=True,
        collective=False,
    ),
}
"""Every RPC of vllm.distributed.v1, by path."""
