"""Generated from the signatures of vllm_distributed by `make codegen`. Do not edit."""

from __future__ import annotations

from typing import Any

import vllm_distributed

from vllm_bridge._generated import distributed_pb2, group_coordinator_pb2, types_pb2
from vllm_bridge.codec.dispatch import Dispatch, present
from vllm_bridge.codec.wire import Wire


def _use_sched_yield(
    request: distributed_pb2.UseSchedYieldRequest, wire: Wire
) -> distributed_pb2.UseSchedYieldResponse:
    result = vllm_distributed.USE_SCHED_YIELD
    return distributed_pb2.UseSchedYieldResponse(result=result)


def _broadcast_tensor_dict(
    request: distributed_pb2.BroadcastTensorDictRequest, wire: Wire
) -> distributed_pb2.BroadcastTensorDictResponse:
    optional: dict[str, Any] = {}
    if request.HasField("tensor_dict"):
        optional["tensor_dict"] = wire.term(request.tensor_dict)
    if request.HasField("src"):
        optional["src"] = request.src
    result = vllm_distributed.broadcast_tensor_dict(**optional)
    return distributed_pb2.BroadcastTensorDictResponse(result=wire.to_term(result))


def _cleanup_dist_env_and_memory(
    request: distributed_pb2.CleanupDistEnvAndMemoryRequest, wire: Wire
) -> distributed_pb2.CleanupDistEnvAndMemoryResponse:
    optional: dict[str, Any] = {}
    if request.HasField("shutdown_ray"):
        optional["shutdown_ray"] = request.shutdown_ray
    vllm_distributed.cleanup_dist_env_and_memory(**optional)
    return distributed_pb2.CleanupDistEnvAndMemoryResponse()


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
    vllm_distributed.ensure_model_parallel_initialized(request.tensor_model_parallel_size, request.pipeline_model_parallel_size, **optional)
    return distributed_pb2.EnsureModelParallelInitializedResponse()


def _get_context_model_parallel_group(
    request: distributed_pb2.GetContextModelParallelGroupRequest, wire: Wire
) -> distributed_pb2.GetContextModelParallelGroupResponse:
    result = vllm_distributed.get_context_model_parallel_group()
    return distributed_pb2.GetContextModelParallelGroupResponse(result=wire.to_group(result))


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


def _get_dp_group(
    request: distributed_pb2.GetDpGroupRequest, wire: Wire
) -> distributed_pb2.GetDpGroupResponse:
    result = vllm_distributed.get_dp_group()
    return distributed_pb2.GetDpGroupResponse(result=wire.to_group(result))


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


def _get_world_group(
    request: distributed_pb2.GetWorldGroupRequest, wire: Wire
) -> distributed_pb2.GetWorldGroupResponse:
    result = vllm_distributed.get_world_group()
    return distributed_pb2.GetWorldGroupResponse(result=wire.to_group(result))


def _in_the_same_node_as(
    request: distributed_pb2.InTheSameNodeAsRequest, wire: Wire
) -> distributed_pb2.InTheSameNodeAsResponse:
    optional: dict[str, Any] = {}
    if request.HasField("source_rank"):
        optional["source_rank"] = request.source_rank
    result = vllm_distributed.in_the_same_node_as(wire.process_group(present(request, "pg")), **optional)
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
    vllm_distributed.init_distributed_environment(**optional)
    return distributed_pb2.InitDistributedEnvironmentResponse()


def _init_logger(
    request: distributed_pb2.InitLoggerRequest, wire: Wire
) -> distributed_pb2.InitLoggerResponse:
    result = vllm_distributed.init_logger(request.name)
    return distributed_pb2.InitLoggerResponse(result=wire.to_term(result))


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
    result = vllm_distributed.init_model_parallel_group([list(item.values) for item in request.group_ranks], request.local_rank, request.backend, **optional)
    return distributed_pb2.InitModelParallelGroupResponse(result=wire.to_group(result))


def _init_world_group(
    request: distributed_pb2.InitWorldGroupRequest, wire: Wire
) -> distributed_pb2.InitWorldGroupResponse:
    result = vllm_distributed.init_world_group(list(request.ranks), request.local_rank, request.backend)
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
    vllm_distributed.initialize_model_parallel(**optional)
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


def _model_parallel_is_initialized(
    request: distributed_pb2.ModelParallelIsInitializedRequest, wire: Wire
) -> distributed_pb2.ModelParallelIsInitializedResponse:
    result = vllm_distributed.model_parallel_is_initialized()
    return distributed_pb2.ModelParallelIsInitializedResponse(result=result)


def _resolve_obj_by_qualname(
    request: distributed_pb2.ResolveObjByQualnameRequest, wire: Wire
) -> distributed_pb2.ResolveObjByQualnameResponse:
    result = wire.resolve_obj_by_qualname(request.qualname)
    return distributed_pb2.ResolveObjByQualnameResponse(result=wire.to_term(result))


def _sched_yield(
    request: distributed_pb2.SchedYieldRequest, wire: Wire
) -> distributed_pb2.SchedYieldResponse:
    vllm_distributed.sched_yield()
    return distributed_pb2.SchedYieldResponse()


def _split_tensor_along_last_dim(
    request: distributed_pb2.SplitTensorAlongLastDimRequest, wire: Wire
) -> distributed_pb2.SplitTensorAlongLastDimResponse:
    optional: dict[str, Any] = {}
    if request.HasField("contiguous_split_chunks"):
        optional["contiguous_split_chunks"] = request.contiguous_split_chunks
    result = vllm_distributed.split_tensor_along_last_dim(wire.tensor(present(request, "tensor")), request.num_partitions, **optional)
    return distributed_pb2.SplitTensorAlongLastDimResponse(result=[wire.to_tensor(item) for item in result])


def _tensor_model_parallel_all_gather(
    request: distributed_pb2.TensorModelParallelAllGatherRequest, wire: Wire
) -> distributed_pb2.TensorModelParallelAllGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = vllm_distributed.tensor_model_parallel_all_gather(wire.tensor(present(request, "input_")), **optional)
    return distributed_pb2.TensorModelParallelAllGatherResponse(result=wire.to_tensor(result))


def _tensor_model_parallel_all_reduce(
    request: distributed_pb2.TensorModelParallelAllReduceRequest, wire: Wire
) -> distributed_pb2.TensorModelParallelAllReduceResponse:
    result = vllm_distributed.tensor_model_parallel_all_reduce(wire.tensor(present(request, "input_")))
    return distributed_pb2.TensorModelParallelAllReduceResponse(result=wire.to_tensor(result))


def _tensor_model_parallel_gather(
    request: distributed_pb2.TensorModelParallelGatherRequest, wire: Wire
) -> distributed_pb2.TensorModelParallelGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = vllm_distributed.tensor_model_parallel_gather(wire.tensor(present(request, "input_")), **optional)
    return distributed_pb2.TensorModelParallelGatherResponse(result=None if result is None else wire.to_tensor(result))


def _tensor_model_parallel_reduce_scatter(
    request: distributed_pb2.TensorModelParallelReduceScatterRequest, wire: Wire
) -> distributed_pb2.TensorModelParallelReduceScatterResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = vllm_distributed.tensor_model_parallel_reduce_scatter(wire.tensor(present(request, "input_")), **optional)
    return distributed_pb2.TensorModelParallelReduceScatterResponse(result=wire.to_tensor(result))


def _group_coordinator_device_communicator(
    request: group_coordinator_pb2.GroupCoordinatorDeviceCommunicatorRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorDeviceCommunicatorResponse:
    result = wire.group(present(request, "receiver")).device_communicator
    return group_coordinator_pb2.GroupCoordinatorDeviceCommunicatorResponse(result=wire.to_term(result))


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


def _group_coordinator_all_reduce(
    request: group_coordinator_pb2.GroupCoordinatorAllReduceRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllReduceResponse:
    result = wire.group(present(request, "receiver")).all_reduce(wire.tensor(present(request, "input_")))
    return group_coordinator_pb2.GroupCoordinatorAllReduceResponse(result=wire.to_tensor(result))


def _group_coordinator_all_reduce_in_place(
    request: group_coordinator_pb2.GroupCoordinatorAllReduceInPlaceRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllReduceInPlaceResponse:
    result = wire.group(present(request, "receiver")).all_reduce_(wire.tensor(present(request, "input_")))
    return group_coordinator_pb2.GroupCoordinatorAllReduceInPlaceResponse(result=wire.to_tensor(result))


def _group_coordinator_all_gather(
    request: group_coordinator_pb2.GroupCoordinatorAllGatherRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = wire.group(present(request, "receiver")).all_gather(wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorAllGatherResponse(result=wire.to_tensor(result))


def _group_coordinator_all_gatherv(
    request: group_coordinator_pb2.GroupCoordinatorAllGathervRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorAllGathervResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.group(present(request, "receiver")).all_gatherv(wire.term(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorAllGathervResponse(result=wire.to_term(result))


def _group_coordinator_reduce_scatter(
    request: group_coordinator_pb2.GroupCoordinatorReduceScatterRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorReduceScatterResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = wire.group(present(request, "receiver")).reduce_scatter(wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorReduceScatterResponse(result=wire.to_tensor(result))


def _group_coordinator_reduce_scatterv(
    request: group_coordinator_pb2.GroupCoordinatorReduceScattervRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorReduceScattervResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dim"):
        optional["dim"] = request.dim
    if request.HasField("sizes"):
        optional["sizes"] = list(request.sizes.values)
    result = wire.group(present(request, "receiver")).reduce_scatterv(wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorReduceScattervResponse(result=wire.to_tensor(result))


def _group_coordinator_gather(
    request: group_coordinator_pb2.GroupCoordinatorGatherRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorGatherResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    if request.HasField("dim"):
        optional["dim"] = request.dim
    result = wire.group(present(request, "receiver")).gather(wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorGatherResponse(result=None if result is None else wire.to_tensor(result))


def _group_coordinator_broadcast(
    request: group_coordinator_pb2.GroupCoordinatorBroadcastRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBroadcastResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    result = wire.group(present(request, "receiver")).broadcast(wire.tensor(present(request, "input_")), **optional)
    return group_coordinator_pb2.GroupCoordinatorBroadcastResponse(result=wire.to_tensor(result))


def _group_coordinator_broadcast_object(
    request: group_coordinator_pb2.GroupCoordinatorBroadcastObjectRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBroadcastObjectResponse:
    optional: dict[str, Any] = {}
    if request.HasField("obj"):
        optional["obj"] = wire.term(request.obj)
    if request.HasField("src"):
        optional["src"] = request.src
    result = wire.group(present(request, "receiver")).broadcast_object(**optional)
    return group_coordinator_pb2.GroupCoordinatorBroadcastObjectResponse(result=wire.to_term(result))


def _group_coordinator_broadcast_object_list(
    request: group_coordinator_pb2.GroupCoordinatorBroadcastObjectListRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBroadcastObjectListResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    if request.HasField("group"):
        optional["group"] = wire.process_group(request.group)
    result = wire.group(present(request, "receiver")).broadcast_object_list(wire.term(present(request, "obj_list")), **optional)
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
    result = wire.group(present(request, "receiver")).broadcast_tensor_dict(**optional)
    return group_coordinator_pb2.GroupCoordinatorBroadcastTensorDictResponse(result=wire.to_term(result))


def _group_coordinator_barrier(
    request: group_coordinator_pb2.GroupCoordinatorBarrierRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorBarrierResponse:
    wire.group(present(request, "receiver")).barrier()
    return group_coordinator_pb2.GroupCoordinatorBarrierResponse()


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
    result = wire.group(present(request, "receiver")).send_tensor_dict(wire.term(present(request, "tensor_dict")), **optional)
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
    result = wire.group(present(request, "receiver")).recv_tensor_dict(**optional)
    return group_coordinator_pb2.GroupCoordinatorRecvTensorDictResponse(result=wire.to_term(result))


def _group_coordinator_send_object(
    request: group_coordinator_pb2.GroupCoordinatorSendObjectRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorSendObjectResponse:
    wire.group(present(request, "receiver")).send_object(wire.term(present(request, "obj")), request.dst)
    return group_coordinator_pb2.GroupCoordinatorSendObjectResponse()


def _group_coordinator_recv_object(
    request: group_coordinator_pb2.GroupCoordinatorRecvObjectRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorRecvObjectResponse:
    result = wire.group(present(request, "receiver")).recv_object(request.src)
    return group_coordinator_pb2.GroupCoordinatorRecvObjectResponse(result=wire.to_term(result))


def _group_coordinator_send(
    request: group_coordinator_pb2.GroupCoordinatorSendRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorSendResponse:
    optional: dict[str, Any] = {}
    if request.HasField("dst"):
        optional["dst"] = request.dst
    wire.group(present(request, "receiver")).send(wire.tensor(present(request, "tensor")), **optional)
    return group_coordinator_pb2.GroupCoordinatorSendResponse()


def _group_coordinator_recv(
    request: group_coordinator_pb2.GroupCoordinatorRecvRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorRecvResponse:
    optional: dict[str, Any] = {}
    if request.HasField("src"):
        optional["src"] = request.src
    result = wire.group(present(request, "receiver")).recv(wire.size(request.size), wire.dtype(request.dtype), **optional)
    return group_coordinator_pb2.GroupCoordinatorRecvResponse(result=wire.to_tensor(result))


def _group_coordinator_make_sibling_device_group(
    request: group_coordinator_pb2.GroupCoordinatorMakeSiblingDeviceGroupRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorMakeSiblingDeviceGroupResponse:
    optional: dict[str, Any] = {}
    if request.HasField("group_desc"):
        optional["group_desc"] = request.group_desc
    result = wire.group(present(request, "receiver")).make_sibling_device_group(**optional)
    return group_coordinator_pb2.GroupCoordinatorMakeSiblingDeviceGroupResponse(result=wire.to_process_group(result))


def _group_coordinator_destroy(
    request: group_coordinator_pb2.GroupCoordinatorDestroyRequest, wire: Wire
) -> group_coordinator_pb2.GroupCoordinatorDestroyResponse:
    wire.group(present(request, "receiver")).destroy()
    return group_coordinator_pb2.GroupCoordinatorDestroyResponse()


METHODS: dict[str, Dispatch] = {
    "/vllm.distributed.v1.Distributed/UseSchedYield": Dispatch(
        "USE_SCHED_YIELD",
        distributed_pb2.UseSchedYieldRequest,
        _use_sched_yield,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/BroadcastTensorDict": Dispatch(
        "broadcast_tensor_dict",
        distributed_pb2.BroadcastTensorDictRequest,
        _broadcast_tensor_dict,
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
    "/vllm.distributed.v1.Distributed/GetContextModelParallelGroup": Dispatch(
        "get_context_model_parallel_group",
        distributed_pb2.GetContextModelParallelGroupRequest,
        _get_context_model_parallel_group,
        inline=True,
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
    "/vllm.distributed.v1.Distributed/GetDpGroup": Dispatch(
        "get_dp_group",
        distributed_pb2.GetDpGroupRequest,
        _get_dp_group,
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
    "/vllm.distributed.v1.Distributed/GetWorldGroup": Dispatch(
        "get_world_group",
        distributed_pb2.GetWorldGroupRequest,
        _get_world_group,
        inline=True,
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
    "/vllm.distributed.v1.Distributed/ModelParallelIsInitialized": Dispatch(
        "model_parallel_is_initialized",
        distributed_pb2.ModelParallelIsInitializedRequest,
        _model_parallel_is_initialized,
        inline=True,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/ResolveObjByQualname": Dispatch(
        "resolve_obj_by_qualname",
        distributed_pb2.ResolveObjByQualnameRequest,
        _resolve_obj_by_qualname,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.Distributed/SchedYield": Dispatch(
        "sched_yield",
        distributed_pb2.SchedYieldRequest,
        _sched_yield,
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
    "/vllm.distributed.v1.GroupCoordinator/Barrier": Dispatch(
        "GroupCoordinator.barrier",
        group_coordinator_pb2.GroupCoordinatorBarrierRequest,
        _group_coordinator_barrier,
        inline=False,
        collective=True,
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
    "/vllm.distributed.v1.GroupCoordinator/SendObject": Dispatch(
        "GroupCoordinator.send_object",
        group_coordinator_pb2.GroupCoordinatorSendObjectRequest,
        _group_coordinator_send_object,
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
    "/vllm.distributed.v1.GroupCoordinator/MakeSiblingDeviceGroup": Dispatch(
        "GroupCoordinator.make_sibling_device_group",
        group_coordinator_pb2.GroupCoordinatorMakeSiblingDeviceGroupRequest,
        _group_coordinator_make_sibling_device_group,
        inline=False,
        collective=False,
    ),
    "/vllm.distributed.v1.GroupCoordinator/Destroy": Dispatch(
        "GroupCoordinator.destroy",
        group_coordinator_pb2.GroupCoordinatorDestroyRequest,
        _group_coordinator_destroy,
        inline=False,
        collective=False,
    ),
}
"""Every RPC of vllm.distributed.v1, by path."""
