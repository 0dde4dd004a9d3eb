# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.
from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import torch
import vllm_distributed
from vllm_bridge.client._calls.timeouts import Timeout
from vllm_bridge.client._objects.kept import Kept, Tensors
from vllm_bridge.codec.calls import RemoteGroup, RemoteObject, RemoteRecord

Tensor = torch.Tensor | Kept
Invoke = Callable[..., Any]

class GroupCoordinator:
    def __call__(
        self,
        group_ranks: Sequence[Sequence[int]],
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        use_message_queue_broadcaster: bool = ...,
        group_name: str | None = ...,
        use_all2all: bool = ...,
        timeout: timedelta | float | None = ...,
    ) -> RemoteGroup: ...
    def device_communicator(self, receiver: Kept) -> RemoteRecord: ...
    def device_group(self, receiver: Kept) -> RemoteGroup: ...
    def cpu_group(self, receiver: Kept) -> RemoteGroup: ...
    def torch_distributed_backend(self, receiver: Kept) -> str: ...
    def device_index(self, receiver: Kept) -> int: ...
    def cpu_timeout(self, receiver: Kept) -> timedelta: ...
    def use_custom_op_call(self, receiver: Kept) -> bool: ...
    def use_cpu_custom_send_recv(self, receiver: Kept) -> bool: ...
    def first_rank(self, receiver: Kept) -> int: ...
    def last_rank(self, receiver: Kept) -> int: ...
    def is_first_rank(self, receiver: Kept) -> bool: ...
    def is_last_rank(self, receiver: Kept) -> bool: ...
    def next_rank(self, receiver: Kept) -> int: ...
    def prev_rank(self, receiver: Kept) -> int: ...
    def make_sibling_device_group(
        self,
        receiver: Kept,
        group_desc: str | None = ...,
    ) -> RemoteGroup: ...
    def destroy(self, receiver: Kept) -> None: ...
    def graph_capture(
        self,
        receiver: Kept,
        graph_capture_context: Kept | Mapping[str, Any] | None = ...,
    ) -> RemoteObject: ...
    def prepare_communication_buffer_for_model(self, receiver: Kept, model: Kept) -> None: ...
    def dispatch(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        topk_weights: Tensor | None = ...,
        topk_ids: Tensor | None = ...,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
        router_logits: Tensor | None = ...,
    ) -> Any: ...
    def dispatch_router_logits(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        router_logits: Tensor,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Any: ...
    def combine(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def allocate_combine_input(
        self,
        receiver: Kept,
        shape: Sequence[int],
        dtype: torch.dtype | str,
        device: torch.device | str,
        is_sequence_parallel: bool = ...,
    ) -> torch.Tensor | None: ...
    def combine_into_output(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        output: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def create_mq_broadcaster(
        self,
        receiver: Kept,
        writer_rank: int = ...,
        external_writer_handle: Any = ...,
        blocking: bool = ...,
    ) -> RemoteRecord: ...
    def create_single_reader_mq_broadcasters(
        self,
        receiver: Kept,
        reader_rank_in_group: int = ...,
        blocking: bool = ...,
    ) -> tuple[RemoteRecord, Any]: ...
    def broadcast_object(self, receiver: Kept, obj: Any = ..., src: int = ...) -> Any: ...
    def broadcast_object_list(
        self,
        receiver: Kept,
        obj_list: Any,
        src: int = ...,
        group: Kept | None = ...,
    ) -> Any: ...
    def broadcast_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any = ...,
        src: int = ...,
        group: Kept | None = ...,
        metadata_group: Kept | None = ...,
    ) -> Any: ...
    def send_object(self, receiver: Kept, obj: Any, dst: int) -> None: ...
    def isend_object(self, receiver: Kept, obj: Any, dst: int) -> RemoteRecord: ...
    def recv_object(self, receiver: Kept, src: int) -> Any: ...
    def barrier(self, receiver: Kept) -> None: ...
    def all_reduce(
        self,
        receiver: Kept,
        input_: Tensor,
        out: Tensor | None = ...,
        op: str = ...,
    ) -> torch.Tensor: ...
    def all_reduce_(self, receiver: Kept, input_: Tensor, op: str = ...) -> torch.Tensor: ...
    def all_gather(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def all_gatherv(
        self,
        receiver: Kept,
        input_: Any,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Any = ...,
    ) -> Any: ...
    def reduce_scatter(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def reduce_scatterv(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def reduce_scatterv_into_output(
        self,
        receiver: Kept,
        input_: Tensor,
        output: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def cpu_all_reduce_(self, receiver: Kept, tensor: Tensor) -> torch.Tensor: ...
    def gather(
        self,
        receiver: Kept,
        input_: Tensor,
        dst: int = ...,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor | None: ...
    def broadcast(self, receiver: Kept, input_: Tensor, src: int = ...) -> torch.Tensor: ...
    def send(self, receiver: Kept, tensor: Tensor, dst: int | None = ...) -> None: ...
    def recv(
        self,
        receiver: Kept,
        size: Sequence[int],
        dtype: torch.dtype | str,
        src: int | None = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def send_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any,
        dst: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Any: ...
    def recv_tensor_dict(
        self,
        receiver: Kept,
        src: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Any: ...
    def isend_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any,
        dst: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> list[RemoteRecord]: ...
    def irecv_tensor_dict(
        self,
        receiver: Kept,
        src: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> tuple[Any, list[RemoteRecord], list[RemoteObject]]: ...
    def mq_broadcaster(self, receiver: Kept) -> RemoteRecord | None: ...

class StatelessGroupCoordinator:
    def __call__(
        self,
        group_ranks: Sequence[Sequence[int]],
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        coord_store: Any = ...,
        use_message_queue_broadcaster: bool = ...,
        group_name: str | None = ...,
        host: str = ...,
        global_rank: int = ...,
        global_world_size: int = ...,
        use_all2all: bool = ...,
        group_ports: Any = ...,
        timeout: timedelta | float | None = ...,
    ) -> RemoteRecord: ...
    def make_sibling_device_group(
        self,
        receiver: Kept | Mapping[str, Any],
        group_desc: str | None = ...,
    ) -> RemoteGroup: ...
    def destroy(self, receiver: Kept | Mapping[str, Any]) -> None: ...
    def size(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def device_communicator(self, receiver: Kept) -> RemoteRecord: ...
    def device_group(self, receiver: Kept) -> RemoteGroup: ...
    def cpu_group(self, receiver: Kept) -> RemoteGroup: ...
    def torch_distributed_backend(self, receiver: Kept) -> str: ...
    def device_index(self, receiver: Kept) -> int: ...
    def cpu_timeout(self, receiver: Kept) -> timedelta: ...
    def use_custom_op_call(self, receiver: Kept) -> bool: ...
    def use_cpu_custom_send_recv(self, receiver: Kept) -> bool: ...
    def first_rank(self, receiver: Kept) -> int: ...
    def last_rank(self, receiver: Kept) -> int: ...
    def is_first_rank(self, receiver: Kept) -> bool: ...
    def is_last_rank(self, receiver: Kept) -> bool: ...
    def next_rank(self, receiver: Kept) -> int: ...
    def prev_rank(self, receiver: Kept) -> int: ...
    def graph_capture(
        self,
        receiver: Kept,
        graph_capture_context: Kept | Mapping[str, Any] | None = ...,
    ) -> RemoteObject: ...
    def prepare_communication_buffer_for_model(self, receiver: Kept, model: Kept) -> None: ...
    def dispatch(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        topk_weights: Tensor | None = ...,
        topk_ids: Tensor | None = ...,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
        router_logits: Tensor | None = ...,
    ) -> Any: ...
    def dispatch_router_logits(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        router_logits: Tensor,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Any: ...
    def combine(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def allocate_combine_input(
        self,
        receiver: Kept,
        shape: Sequence[int],
        dtype: torch.dtype | str,
        device: torch.device | str,
        is_sequence_parallel: bool = ...,
    ) -> torch.Tensor | None: ...
    def combine_into_output(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        output: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def create_mq_broadcaster(
        self,
        receiver: Kept,
        writer_rank: int = ...,
        external_writer_handle: Any = ...,
        blocking: bool = ...,
    ) -> RemoteRecord: ...
    def create_single_reader_mq_broadcasters(
        self,
        receiver: Kept,
        reader_rank_in_group: int = ...,
        blocking: bool = ...,
    ) -> tuple[RemoteRecord, Any]: ...
    def broadcast_object(self, receiver: Kept, obj: Any = ..., src: int = ...) -> Any: ...
    def broadcast_object_list(
        self,
        receiver: Kept,
        obj_list: Any,
        src: int = ...,
        group: Kept | None = ...,
    ) -> Any: ...
    def broadcast_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any = ...,
        src: int = ...,
        group: Kept | None = ...,
        metadata_group: Kept | None = ...,
    ) -> Any: ...
    def send_object(self, receiver: Kept, obj: Any, dst: int) -> None: ...
    def isend_object(self, receiver: Kept, obj: Any, dst: int) -> RemoteRecord: ...
    def recv_object(self, receiver: Kept, src: int) -> Any: ...
    def barrier(self, receiver: Kept) -> None: ...
    def all_reduce(
        self,
        receiver: Kept,
        input_: Tensor,
        out: Tensor | None = ...,
        op: str = ...,
    ) -> torch.Tensor: ...
    def all_reduce_(self, receiver: Kept, input_: Tensor, op: str = ...) -> torch.Tensor: ...
    def all_gather(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def all_gatherv(
        self,
        receiver: Kept,
        input_: Any,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Any = ...,
    ) -> Any: ...
    def reduce_scatter(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def reduce_scatterv(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def reduce_scatterv_into_output(
        self,
        receiver: Kept,
        input_: Tensor,
        output: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def cpu_all_reduce_(self, receiver: Kept, tensor: Tensor) -> torch.Tensor: ...
    def gather(
        self,
        receiver: Kept,
        input_: Tensor,
        dst: int = ...,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor | None: ...
    def broadcast(self, receiver: Kept, input_: Tensor, src: int = ...) -> torch.Tensor: ...
    def send(self, receiver: Kept, tensor: Tensor, dst: int | None = ...) -> None: ...
    def recv(
        self,
        receiver: Kept,
        size: Sequence[int],
        dtype: torch.dtype | str,
        src: int | None = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def send_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any,
        dst: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Any: ...
    def recv_tensor_dict(
        self,
        receiver: Kept,
        src: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Any: ...
    def isend_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any,
        dst: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> list[RemoteRecord]: ...
    def irecv_tensor_dict(
        self,
        receiver: Kept,
        src: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> tuple[Any, list[RemoteRecord], list[RemoteObject]]: ...
    def mq_broadcaster(self, receiver: Kept) -> RemoteRecord | None: ...

class StatelessProcessGroup:
    def __call__(
        self,
        rank: int,
        world_size: int,
        store: Any,
        data_expiration_seconds: int = ...,
        socket: Any = ...,
        timeout: float = ...,
    ) -> RemoteRecord: ...
    def create(
        self,
        host: str,
        port: int,
        rank: int,
        world_size: int,
        data_expiration_seconds: int = ...,
        store_timeout: int = ...,
        listen_socket: Any = ...,
    ) -> RemoteRecord: ...
    def send_dst_counter(self, receiver: Kept | Mapping[str, Any]) -> Any: ...
    def recv_src_counter(self, receiver: Kept | Mapping[str, Any]) -> Any: ...
    def broadcast_send_counter(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def broadcast_recv_src_counter(self, receiver: Kept | Mapping[str, Any]) -> Any: ...
    def entries(self, receiver: Kept | Mapping[str, Any]) -> Any: ...
    def send_obj(self, receiver: Kept | Mapping[str, Any], obj: Any, dst: int) -> None: ...
    def recv_obj(self, receiver: Kept | Mapping[str, Any], src: int) -> Any: ...
    def broadcast_obj(self, receiver: Kept | Mapping[str, Any], obj: Any, src: int) -> Any: ...
    def all_gather_obj(self, receiver: Kept | Mapping[str, Any], obj: Any) -> Any: ...
    def barrier(self, receiver: Kept | Mapping[str, Any], timeout: float = ...) -> None: ...
    def send(self, receiver: Kept | Mapping[str, Any], tensor: Tensor, dst: int) -> None: ...
    def recv(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        src: int,
    ) -> torch.Tensor: ...
    def broadcast(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        src: int,
    ) -> torch.Tensor: ...
    def all_reduce(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        op: Any = ...,
    ) -> torch.Tensor: ...
    def expire_data(self, receiver: Kept | Mapping[str, Any]) -> None: ...
    def destroy(self, receiver: Kept | Mapping[str, Any]) -> None: ...

class DeviceCommunicatorBase:
    def dispatch(
        self,
        receiver: Kept | Mapping[str, Any],
        hidden_states: Tensor,
        topk_weights: Tensor | None = ...,
        topk_ids: Tensor | None = ...,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
        router_logits: Tensor | None = ...,
    ) -> Any: ...
    def dispatch_router_logits(
        self,
        receiver: Kept | Mapping[str, Any],
        hidden_states: Tensor,
        router_logits: Tensor,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Any: ...
    def combine(
        self,
        receiver: Kept | Mapping[str, Any],
        hidden_states: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def allocate_combine_input(
        self,
        receiver: Kept | Mapping[str, Any],
        shape: Sequence[int],
        dtype: torch.dtype | str,
        device: torch.device | str,
        is_sequence_parallel: bool = ...,
    ) -> torch.Tensor | None: ...
    def combine_into_output(
        self,
        receiver: Kept | Mapping[str, Any],
        hidden_states: Tensor,
        output: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def all_reduce(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        out: Tensor | None = ...,
        op: str = ...,
    ) -> torch.Tensor: ...
    def all_reduce_(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        op: str = ...,
    ) -> torch.Tensor: ...
    def cpu_all_reduce_(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
    ) -> torch.Tensor: ...
    def all_gather(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def all_gatherv(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Any,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Any = ...,
    ) -> Any: ...
    def reduce_scatter(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def reduce_scatterv(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def reduce_scatterv_into_output(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        output: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
    ) -> torch.Tensor: ...
    def gather(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        dst: int = ...,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor | None: ...
    def broadcast(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        src: int = ...,
    ) -> torch.Tensor: ...
    def send(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        dst: int | None = ...,
    ) -> None: ...
    def recv(
        self,
        receiver: Kept | Mapping[str, Any],
        size: Sequence[int],
        dtype: torch.dtype | str,
        src: int | None = ...,
        out: Tensor | None = ...,
    ) -> torch.Tensor: ...
    def batch_isend_irecv(
        self,
        receiver: Kept | Mapping[str, Any],
        p2p_ops: Any,
    ) -> list[torch.Tensor]: ...
    def get_symmetric_memory_buffer(
        self,
        receiver: Kept | Mapping[str, Any],
        role: str,
        shape: Sequence[int],
        dtype: torch.dtype | str,
        device: torch.device | str,
    ) -> torch.Tensor | None: ...
    def prepare_communication_buffer_for_model(
        self,
        receiver: Kept | Mapping[str, Any],
        model: Kept,
    ) -> None: ...
    def suspend(self, receiver: Kept | Mapping[str, Any]) -> None: ...
    def resume(self, receiver: Kept | Mapping[str, Any]) -> None: ...
    def checkpoint_prepare(self, receiver: Kept | Mapping[str, Any]) -> None: ...
    def checkpoint_restore(self, receiver: Kept | Mapping[str, Any]) -> None: ...
    def destroy(self, receiver: Kept | Mapping[str, Any]) -> None: ...

class MessageQueue:
    def __call__(
        self,
        n_reader: int,
        n_local_reader: int,
        local_reader_ranks: Sequence[int] | None = ...,
        max_chunk_bytes: int = ...,
        max_chunks: int = ...,
        connect_ip: str | None = ...,
        enable_shm_tensor_arena: bool = ...,
        timeout: timedelta | float | None = ...,
    ) -> RemoteRecord: ...
    def create_from_handle(self, handle: Any, rank: int) -> RemoteRecord: ...
    def create_from_process_group(
        self,
        pg: Any,
        max_chunk_bytes: int,
        max_chunks: int,
        writer_rank: int = ...,
        external_writer_handle: Any = ...,
        blocking: bool = ...,
        timeout: timedelta | float | None = ...,
    ) -> RemoteRecord: ...
    def create_from_process_group_single_reader(
        self,
        pg: Any,
        max_chunk_bytes: int,
        max_chunks: int,
        reader_rank: int = ...,
        blocking: bool = ...,
        timeout: timedelta | float | None = ...,
    ) -> tuple[RemoteRecord, Any]: ...
    def is_writer(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def n_local_reader(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def n_remote_reader(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def shutting_down(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def export_handle(self, receiver: Kept | Mapping[str, Any]) -> Any: ...
    def wait_until_ready(self, receiver: Kept | Mapping[str, Any]) -> None: ...
    def enqueue(
        self,
        receiver: Kept | Mapping[str, Any],
        obj: Any,
        timeout: float | None = ...,
    ) -> None: ...
    def dequeue(
        self,
        receiver: Kept | Mapping[str, Any],
        timeout: float | None = ...,
        indefinite: bool = ...,
        cancel: Any = ...,
    ) -> Any: ...
    def recv(self, socket: Any, timeout: float | None) -> Any: ...
    def broadcast_object(self, receiver: Kept | Mapping[str, Any], obj: Any = ...) -> Any: ...
    def shutdown(self, receiver: Kept | Mapping[str, Any]) -> None: ...

class GraphCaptureContext:
    def __call__(self, stream: Kept | None) -> RemoteRecord: ...

class ParallelConfig:
    def __call__(
        self,
        pipeline_parallel_size: int = ...,
        tensor_parallel_size: int = ...,
        prefill_context_parallel_size: int = ...,
        data_parallel_size: int = ...,
        data_parallel_size_local: int = ...,
        data_parallel_rank: int = ...,
        data_parallel_rank_local: int | None = ...,
        data_parallel_master_ip: str = ...,
        data_parallel_rpc_port: int = ...,
        data_parallel_master_port: int = ...,
        data_parallel_backend: str = ...,
        data_parallel_external_lb: bool = ...,
        data_parallel_hybrid_lb: bool = ...,
        is_moe_model: bool | None = ...,
        enable_expert_parallel: bool = ...,
        enable_ep_weight_filter: bool = ...,
        enable_eplb: bool = ...,
        eplb_config: Kept | Mapping[str, Any] = ...,
        enable_elastic_ep: bool = ...,
        expert_placement_strategy: str = ...,
        all2all_backend: str = ...,
        max_parallel_loading_workers: int | None = ...,
        disable_custom_all_reduce: bool = ...,
        enable_dbo: bool = ...,
        ubatch_size: int = ...,
        dbo_decode_token_threshold: int = ...,
        dbo_prefill_token_threshold: int = ...,
        disable_nccl_for_dp_synchronization: bool | None = ...,
        ray_workers_use_nsight: bool = ...,
        ray_runtime_env: Any = ...,
        placement_group: Any = ...,
        distributed_executor_backend: Any = ...,
        worker_cls: str = ...,
        sd_worker_cls: str = ...,
        worker_extension_cls: str = ...,
        master_addr: str = ...,
        master_port: int = ...,
        node_rank: int = ...,
        nnodes: int = ...,
        numa_bind: bool = ...,
        numa_bind_nodes: Sequence[int] | None = ...,
        numa_bind_cpus: Sequence[str] | None = ...,
        distributed_timeout_seconds: int | None = ...,
        cpu_distributed_timeout_seconds: int | None = ...,
        rank: int = ...,
        _data_parallel_master_port_list: Sequence[int] = ...,
        _coord_store_port: int = ...,
        decode_context_parallel_size: int = ...,
        dcp_comm_backend: str | None = ...,
        dcp_kv_cache_interleave_size: int = ...,
        cp_kv_cache_interleave_size: int = ...,
        _api_process_count: int = ...,
        _api_process_rank: int = ...,
        dp_sync_interval: int = ...,
        enable_hc_sp: bool = ...,
        enable_batch_sharded_sampling: bool | None = ...,
        enable_shm_tensor_arena: bool = ...,
        elastic_ep_max_dp_size: int | None = ...,
        assigned_physical_gpu_ids: Sequence[int] | None = ...,
        dcp_q_replicate: bool | None = ...,
        _allow_auto_resolve_cp_interleave_size: bool = ...,
        enable_fault_tolerance: bool = ...,
        fault_tolerance_config: Kept | Mapping[str, Any] = ...,
    ) -> RemoteRecord: ...
    def world_size_across_dp(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def use_ubatching(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def num_ubatches(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def use_sequence_parallel_moe(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def nnodes_within_dp(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def node_rank_within_dp(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def local_world_size(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def local_engines_only(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def use_ray(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def use_all2all(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def use_batched_dp_moe(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def pcp_shard_decode_requests(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def cpu_distributed_timeout(self, receiver: Kept | Mapping[str, Any]) -> timedelta | None: ...
    def set_dcp_defaults(
        self,
        receiver: Kept | Mapping[str, Any],
        comm_backend: str = ...,
        q_replicate: bool = ...,
    ) -> None: ...
    def get_local_gpu_index(
        self,
        receiver: Kept | Mapping[str, Any],
        local_rank: int,
        dp_local_rank: int | None = ...,
    ) -> int: ...
    def check_kv_cache_block_size(
        self,
        receiver: Kept | Mapping[str, Any],
        block_size: int,
    ) -> None: ...
    def reconfigure_for_independent_dp_rank(self, receiver: Kept | Mapping[str, Any]) -> None: ...
    def compute_hash(self, receiver: Kept | Mapping[str, Any]) -> str: ...
    def get_next_dp_init_port(self, receiver: Kept | Mapping[str, Any]) -> int: ...
    def stateless_init_dp_group(
        self,
        receiver: Kept | Mapping[str, Any],
        return_store: bool = ...,
    ) -> RemoteGroup: ...
    def has_unfinished_dp(self, dp_group: Kept, has_unfinished: bool) -> bool: ...
    def sync_kv_cache_memory_size(self, dp_group: Kept, kv_cache_memory: int) -> int: ...
    def sync_dp_state(
        self,
        dp_group: Kept,
        has_unfinished: bool,
        pending_pause: bool,
    ) -> tuple[bool, bool]: ...

class EPLBConfig:
    def __call__(
        self,
        window_size: int = ...,
        step_interval: int = ...,
        num_redundant_experts: int = ...,
        log_balancedness: bool = ...,
        log_balancedness_interval: int = ...,
        use_async: bool = ...,
        policy: str = ...,
        communicator: str | None = ...,
        enable_migration_batching: bool = ...,
    ) -> RemoteRecord: ...
    def communicator_in_use(self, receiver: Kept | Mapping[str, Any]) -> str: ...
    def migration_batching_enabled(self, receiver: Kept | Mapping[str, Any]) -> bool: ...

class FaultToleranceConfig:
    def __call__(self, engine_recovery_timeout_sec: int = ...) -> RemoteRecord: ...

class Handle:
    def is_completed(self, receiver: Kept | Mapping[str, Any]) -> bool: ...
    def wait(self, receiver: Kept | Mapping[str, Any]) -> None: ...

class ParallelSizes:
    def __call__(
        self,
        tensor: int = ...,
        pipeline: int = ...,
        data: int = ...,
        prefill_context: int = ...,
        decode_context: int = ...,
    ) -> vllm_distributed.ParallelSizes: ...
    def replica_size(self, receiver: vllm_distributed.ParallelSizes | Mapping[str, Any]) -> int: ...
    def as_dict(self, receiver: vllm_distributed.ParallelSizes | Mapping[str, Any]) -> Any: ...
    def describe(self, receiver: vllm_distributed.ParallelSizes | Mapping[str, Any]) -> str: ...

class Topology:
    def __call__(
        self,
        world_size: int,
        sizes: vllm_distributed.ParallelSizes | Mapping[str, Any],
    ) -> vllm_distributed.Topology: ...
    def external_data(self, receiver: vllm_distributed.Topology | Mapping[str, Any]) -> int: ...
    def tensor_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> tuple[tuple[int, ...], ...]: ...
    def decode_context_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> tuple[tuple[int, ...], ...]: ...
    def prefill_context_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> tuple[tuple[int, ...], ...]: ...
    def pipeline_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> tuple[tuple[int, ...], ...]: ...
    def data_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> tuple[tuple[int, ...], ...]: ...
    def expert_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> tuple[tuple[int, ...], ...]: ...
    def engram_tensor_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
        size: int,
    ) -> tuple[tuple[int, ...], ...]: ...
    def engram_data_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
        size: int,
    ) -> tuple[tuple[int, ...], ...]: ...
    def coordinates(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
        rank: int,
    ) -> tuple[int, int, int, int, int]: ...

class TensorMetadata:
    def __call__(
        self,
        device: str,
        dtype: torch.dtype | str,
        size: Sequence[int],
    ) -> vllm_distributed.TensorMetadata: ...

class Distributed:
    def __init__(self, invoke: Invoke) -> None: ...
    @property
    def GroupCoordinator(self) -> GroupCoordinator: ...
    @property
    def StatelessGroupCoordinator(self) -> StatelessGroupCoordinator: ...
    @property
    def StatelessProcessGroup(self) -> StatelessProcessGroup: ...
    @property
    def DeviceCommunicatorBase(self) -> DeviceCommunicatorBase: ...
    @property
    def MessageQueue(self) -> MessageQueue: ...
    @property
    def GraphCaptureContext(self) -> GraphCaptureContext: ...
    @property
    def ParallelConfig(self) -> ParallelConfig: ...
    @property
    def EPLBConfig(self) -> EPLBConfig: ...
    @property
    def FaultToleranceConfig(self) -> FaultToleranceConfig: ...
    @property
    def Handle(self) -> Handle: ...
    @property
    def ParallelSizes(self) -> ParallelSizes: ...
    @property
    def Topology(self) -> Topology: ...
    @property
    def TensorMetadata(self) -> TensorMetadata: ...
    def __call__(
        self,
        *,
        timeout: Timeout = ...,
        timeout_profile: str = "",
        tensors: Tensors = "value",
    ) -> Distributed: ...
    def USE_SCHED_YIELD(self) -> bool: ...
    def all_gather(
        self,
        tensor: Tensor,
        dim: int,
        world_size: int,
        group_name: str,
    ) -> torch.Tensor: ...
    def all_gather_fake(
        self,
        tensor: Tensor,
        dim: int,
        world_size: int,
        group_name: str,
    ) -> torch.Tensor: ...
    def all_reduce(self, tensor: Tensor, group_name: str, op: str = ...) -> torch.Tensor: ...
    def all_reduce_fake(self, tensor: Tensor, group_name: str, op: str = ...) -> torch.Tensor: ...
    def broadcast_tensor_dict(self, tensor_dict: Any = ..., src: int = ...) -> Any: ...
    def checkpoint_prepare_distributed_state(self) -> None: ...
    def checkpoint_restore_distributed_state(self) -> None: ...
    def cleanup_dist_env_and_memory(self, shutdown_ray: bool = ...) -> None: ...
    def compute_logical_maps(
        self,
        physical_to_logical_map: Tensor,
        num_logical_experts: int,
    ) -> tuple[torch.Tensor, torch.Tensor]: ...
    def cpu_all_reduce_(
        self,
        tensor: Tensor,
        group: Kept,
        timeout: timedelta | float | None = ...,
    ) -> torch.Tensor: ...
    def create_tcp_store(
        self,
        host: str,
        port: int,
        listen_socket: Any = ...,
        world_size: int | None = ...,
        is_master: bool = ...,
        timeout: timedelta | float | None = ...,
        wait_for_workers: bool = ...,
        multi_tenant: bool = ...,
        use_libuv: bool = ...,
    ) -> Any: ...
    def destroy_distributed_environment(self) -> None: ...
    def destroy_model_parallel(self) -> None: ...
    def direct_register_custom_op(
        self,
        op_name: str,
        op_func: Kept,
        mutates_args: Sequence[str] | None = ...,
        fake_impl: Kept | None = ...,
        target_lib: Kept | None = ...,
        dispatch_key: str | None = ...,
        tags: Any = ...,
    ) -> None: ...
    def divide(self, numerator: int, denominator: int) -> int: ...
    def ensure_divisibility(self, numerator: int, denominator: int) -> None: ...
    def ensure_model_parallel_initialized(
        self,
        tensor_model_parallel_size: int,
        pipeline_model_parallel_size: int,
        prefill_context_model_parallel_size: int = ...,
        decode_context_model_parallel_size: int = ...,
        backend: str | None = ...,
        data_parallel_size: int | None = ...,
        is_moe_model: bool | None = ...,
        enable_eplb: bool | None = ...,
        engram_tensor_parallel_size: int | None = ...,
        engram_data_parallel_size: int | None = ...,
    ) -> None: ...
    def expert_balancedness(self, load: Tensor, num_gpus: int) -> float: ...
    def get_cached_tcp_store_client(self, host: str, port: int) -> Any: ...
    def get_context_model_parallel_group(self) -> RemoteGroup: ...
    def get_cpu_distributed_timeout_or_none(self) -> timedelta | None: ...
    def get_current_parallel_config_or_none(self) -> RemoteRecord | None: ...
    def get_dcp_group(self) -> RemoteGroup: ...
    def get_dcp_world_size_and_rank(self, enabled: bool = ...) -> tuple[int, int]: ...
    def get_decode_context_model_parallel_rank(self) -> int: ...
    def get_decode_context_model_parallel_world_size(self) -> int: ...
    def get_distributed_init_method(self, ip: str, port: int) -> str: ...
    def get_distributed_timeout_or_none(self) -> timedelta | None: ...
    def get_dp_group(self) -> RemoteGroup: ...
    def get_engram_dp_group(self) -> RemoteGroup | None: ...
    def get_engram_dp_size(self) -> int: ...
    def get_ep_group(self) -> RemoteGroup: ...
    def get_eplb_group(self) -> RemoteGroup: ...
    def get_etp_group(self) -> RemoteGroup: ...
    def get_expert_map(
        self,
        num_experts: int,
        ep_rank: int,
        ep_size: int,
        strategy: str = ...,
    ) -> torch.Tensor: ...
    def get_expert_placement(
        self,
        num_experts: int,
        ep_rank: int,
        ep_size: int,
        strategy: str = ...,
    ) -> list[int]: ...
    def get_inner_dp_world_group(self) -> RemoteGroup: ...
    def get_node_count(self) -> int: ...
    def get_pcp_group(self) -> RemoteGroup: ...
    def get_pipeline_model_parallel_rank(self) -> int: ...
    def get_pp_group(self) -> RemoteGroup: ...
    def get_pp_indices(
        self,
        num_hidden_layers: int,
        pp_rank: int,
        pp_size: int,
    ) -> tuple[int, int]: ...
    def get_tcp_uri(self, ip: str, port: int) -> str: ...
    def get_tensor_model_parallel_rank(self) -> int: ...
    def get_tensor_model_parallel_world_size(self) -> int: ...
    def get_tp_group(self) -> RemoteGroup: ...
    def get_worker_rank_suffix(self, global_rank: int | None = ...) -> str: ...
    def get_world_group(self) -> RemoteGroup: ...
    def graph_capture(self, device: torch.device | str) -> RemoteObject: ...
    def in_the_same_node_as(self, pg: Kept, source_rank: int = ...) -> list[bool]: ...
    def init_distributed_environment(
        self,
        world_size: int = ...,
        rank: int = ...,
        distributed_init_method: str = ...,
        local_rank: int = ...,
        backend: str = ...,
        timeout: timedelta | float | None = ...,
    ) -> None: ...
    def init_gloo_process_group(
        self,
        prefix_store: Any,
        group_rank: int,
        group_size: int,
        timeout: timedelta | float,
    ) -> RemoteGroup: ...
    def init_logger(self, name: str) -> RemoteObject: ...
    def init_model_parallel_group(
        self,
        group_ranks: Sequence[Sequence[int]],
        local_rank: int,
        backend: str,
        use_message_queue_broadcaster: bool = ...,
        group_name: str | None = ...,
        use_device_communicator: bool = ...,
        use_all2all: bool = ...,
    ) -> RemoteGroup: ...
    def init_world_group(
        self,
        ranks: Sequence[int],
        local_rank: int,
        backend: str,
    ) -> RemoteGroup: ...
    def initialize_model_parallel(
        self,
        tensor_model_parallel_size: int = ...,
        pipeline_model_parallel_size: int = ...,
        prefill_context_model_parallel_size: int = ...,
        decode_context_model_parallel_size: int = ...,
        backend: str | None = ...,
        data_parallel_size: int | None = ...,
        is_moe_model: bool | None = ...,
        enable_eplb: bool | None = ...,
        engram_tensor_parallel_size: int | None = ...,
        engram_data_parallel_size: int | None = ...,
    ) -> None: ...
    def is_global_first_rank(self) -> bool: ...
    def is_local_first_rank(self) -> bool: ...
    def is_torch_equal_or_newer(self, target: str) -> bool: ...
    def is_weak_contiguous(self, inp: Tensor) -> bool: ...
    def logger(self) -> RemoteObject: ...
    def model_parallel_is_initialized(self) -> bool: ...
    def patch_tensor_parallel_group(self, tp_group: Kept) -> RemoteObject: ...
    def patched_fused_scaled_matmul_reduce_scatter(
        self,
        A: Tensor,
        B: Tensor,
        A_scale: Tensor,
        B_scale: Tensor,
        reduce_op: str,
        orig_scatter_dim: int,
        scatter_dim_after_maybe_reshape: int,
        group_name: str,
        output_shape: Sequence[int],
        bias: Tensor | None = ...,
        result_scale: Tensor | None = ...,
        out_dtype: torch.dtype | str | None = ...,
        use_fast_accum: bool = ...,
    ) -> torch.Tensor: ...
    def patched_fused_scaled_matmul_reduce_scatter_fake(
        self,
        A: Tensor,
        B: Tensor,
        A_scale: Tensor,
        B_scale: Tensor,
        reduce_op: str,
        orig_scatter_dim: int,
        scatter_dim_after_maybe_reshape: int,
        group_name: str,
        output_shape: Sequence[int],
        bias: Tensor | None = ...,
        result_scale: Tensor | None = ...,
        out_dtype: torch.dtype | str | None = ...,
        use_fast_accum: bool = ...,
    ) -> torch.Tensor: ...
    def prepare_communication_buffer_for_model(self, model: Kept) -> None: ...
    def rebalance_experts(
        self,
        weight: Tensor,
        num_replicas: int,
        num_groups: int,
        num_nodes: int,
        num_gpus: int,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]: ...
    def reduce_scatter(
        self,
        tensor: Tensor,
        dim: int,
        world_size: int,
        group_name: str,
    ) -> torch.Tensor: ...
    def reduce_scatter_fake(
        self,
        tensor: Tensor,
        dim: int,
        world_size: int,
        group_name: str,
    ) -> torch.Tensor: ...
    def resolve_obj_by_qualname(self, qualname: str) -> Any: ...
    def resume_device_comms(self) -> None: ...
    def sched_yield(self) -> None: ...
    def set_current_parallel_config(
        self,
        config: Kept | Mapping[str, Any] | None,
    ) -> RemoteObject: ...
    def set_custom_all_reduce(self, enable: bool) -> None: ...
    def split_tensor_along_last_dim(
        self,
        tensor: Tensor,
        num_partitions: int,
        contiguous_split_chunks: bool = ...,
    ) -> list[torch.Tensor]: ...
    def stateless_destroy_torch_distributed_process_group(self, pg: Kept) -> None: ...
    def stateless_init_torch_distributed_process_group(
        self,
        host: str,
        port: int,
        rank: int,
        world_size: int,
        backend: str,
        group_name: str | None = ...,
        return_store: bool = ...,
        listen_socket: Any = ...,
        timeout: timedelta | float | None = ...,
    ) -> RemoteGroup: ...
    def suppress_stdout(self) -> RemoteObject: ...
    def suspend_device_comms(self) -> None: ...
    def tensor_model_parallel_all_gather(self, input_: Tensor, dim: int = ...) -> torch.Tensor: ...
    def tensor_model_parallel_all_reduce(self, input_: Tensor, op: str = ...) -> torch.Tensor: ...
    def tensor_model_parallel_gather(
        self,
        input_: Tensor,
        dst: int = ...,
        dim: int = ...,
    ) -> torch.Tensor | None: ...
    def tensor_model_parallel_reduce_scatter(
        self,
        input_: Tensor,
        dim: int = ...,
    ) -> torch.Tensor: ...
    def verify_group_size_divides_partition(
        self,
        input_size_per_partition: int,
        group_size: int,
        layer_name: str | None = ...,
        extra_suggestion: str = ...,
    ) -> None: ...

class AsyncGroupCoordinator:
    def __call__(
        self,
        group_ranks: Sequence[Sequence[int]],
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        use_message_queue_broadcaster: bool = ...,
        group_name: str | None = ...,
        use_all2all: bool = ...,
        timeout: timedelta | float | None = ...,
    ) -> Awaitable[RemoteGroup]: ...
    def device_communicator(self, receiver: Kept) -> Awaitable[RemoteRecord]: ...
    def device_group(self, receiver: Kept) -> Awaitable[RemoteGroup]: ...
    def cpu_group(self, receiver: Kept) -> Awaitable[RemoteGroup]: ...
    def torch_distributed_backend(self, receiver: Kept) -> Awaitable[str]: ...
    def device_index(self, receiver: Kept) -> Awaitable[int]: ...
    def cpu_timeout(self, receiver: Kept) -> Awaitable[timedelta]: ...
    def use_custom_op_call(self, receiver: Kept) -> Awaitable[bool]: ...
    def use_cpu_custom_send_recv(self, receiver: Kept) -> Awaitable[bool]: ...
    def first_rank(self, receiver: Kept) -> Awaitable[int]: ...
    def last_rank(self, receiver: Kept) -> Awaitable[int]: ...
    def is_first_rank(self, receiver: Kept) -> Awaitable[bool]: ...
    def is_last_rank(self, receiver: Kept) -> Awaitable[bool]: ...
    def next_rank(self, receiver: Kept) -> Awaitable[int]: ...
    def prev_rank(self, receiver: Kept) -> Awaitable[int]: ...
    def make_sibling_device_group(
        self,
        receiver: Kept,
        group_desc: str | None = ...,
    ) -> Awaitable[RemoteGroup]: ...
    def destroy(self, receiver: Kept) -> Awaitable[None]: ...
    def graph_capture(
        self,
        receiver: Kept,
        graph_capture_context: Kept | Mapping[str, Any] | None = ...,
    ) -> Awaitable[RemoteObject]: ...
    def prepare_communication_buffer_for_model(
        self,
        receiver: Kept,
        model: Kept,
    ) -> Awaitable[None]: ...
    def dispatch(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        topk_weights: Tensor | None = ...,
        topk_ids: Tensor | None = ...,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
        router_logits: Tensor | None = ...,
    ) -> Awaitable[Any]: ...
    def dispatch_router_logits(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        router_logits: Tensor,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[Any]: ...
    def combine(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def allocate_combine_input(
        self,
        receiver: Kept,
        shape: Sequence[int],
        dtype: torch.dtype | str,
        device: torch.device | str,
        is_sequence_parallel: bool = ...,
    ) -> Awaitable[torch.Tensor | None]: ...
    def combine_into_output(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        output: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def create_mq_broadcaster(
        self,
        receiver: Kept,
        writer_rank: int = ...,
        external_writer_handle: Any = ...,
        blocking: bool = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def create_single_reader_mq_broadcasters(
        self,
        receiver: Kept,
        reader_rank_in_group: int = ...,
        blocking: bool = ...,
    ) -> Awaitable[tuple[RemoteRecord, Any]]: ...
    def broadcast_object(
        self,
        receiver: Kept,
        obj: Any = ...,
        src: int = ...,
    ) -> Awaitable[Any]: ...
    def broadcast_object_list(
        self,
        receiver: Kept,
        obj_list: Any,
        src: int = ...,
        group: Kept | None = ...,
    ) -> Awaitable[Any]: ...
    def broadcast_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any = ...,
        src: int = ...,
        group: Kept | None = ...,
        metadata_group: Kept | None = ...,
    ) -> Awaitable[Any]: ...
    def send_object(self, receiver: Kept, obj: Any, dst: int) -> Awaitable[None]: ...
    def isend_object(self, receiver: Kept, obj: Any, dst: int) -> Awaitable[RemoteRecord]: ...
    def recv_object(self, receiver: Kept, src: int) -> Awaitable[Any]: ...
    def barrier(self, receiver: Kept) -> Awaitable[None]: ...
    def all_reduce(
        self,
        receiver: Kept,
        input_: Tensor,
        out: Tensor | None = ...,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_reduce_(
        self,
        receiver: Kept,
        input_: Tensor,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_gather(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_gatherv(
        self,
        receiver: Kept,
        input_: Any,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Any = ...,
    ) -> Awaitable[Any]: ...
    def reduce_scatter(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def reduce_scatterv(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def reduce_scatterv_into_output(
        self,
        receiver: Kept,
        input_: Tensor,
        output: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def cpu_all_reduce_(self, receiver: Kept, tensor: Tensor) -> Awaitable[torch.Tensor]: ...
    def gather(
        self,
        receiver: Kept,
        input_: Tensor,
        dst: int = ...,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor | None]: ...
    def broadcast(
        self,
        receiver: Kept,
        input_: Tensor,
        src: int = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def send(self, receiver: Kept, tensor: Tensor, dst: int | None = ...) -> Awaitable[None]: ...
    def recv(
        self,
        receiver: Kept,
        size: Sequence[int],
        dtype: torch.dtype | str,
        src: int | None = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def send_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any,
        dst: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Awaitable[Any]: ...
    def recv_tensor_dict(
        self,
        receiver: Kept,
        src: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Awaitable[Any]: ...
    def isend_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any,
        dst: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Awaitable[list[RemoteRecord]]: ...
    def irecv_tensor_dict(
        self,
        receiver: Kept,
        src: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Awaitable[tuple[Any, list[RemoteRecord], list[RemoteObject]]]: ...
    def mq_broadcaster(self, receiver: Kept) -> Awaitable[RemoteRecord | None]: ...

class AsyncStatelessGroupCoordinator:
    def __call__(
        self,
        group_ranks: Sequence[Sequence[int]],
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        coord_store: Any = ...,
        use_message_queue_broadcaster: bool = ...,
        group_name: str | None = ...,
        host: str = ...,
        global_rank: int = ...,
        global_world_size: int = ...,
        use_all2all: bool = ...,
        group_ports: Any = ...,
        timeout: timedelta | float | None = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def make_sibling_device_group(
        self,
        receiver: Kept | Mapping[str, Any],
        group_desc: str | None = ...,
    ) -> Awaitable[RemoteGroup]: ...
    def destroy(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...
    def size(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def device_communicator(self, receiver: Kept) -> Awaitable[RemoteRecord]: ...
    def device_group(self, receiver: Kept) -> Awaitable[RemoteGroup]: ...
    def cpu_group(self, receiver: Kept) -> Awaitable[RemoteGroup]: ...
    def torch_distributed_backend(self, receiver: Kept) -> Awaitable[str]: ...
    def device_index(self, receiver: Kept) -> Awaitable[int]: ...
    def cpu_timeout(self, receiver: Kept) -> Awaitable[timedelta]: ...
    def use_custom_op_call(self, receiver: Kept) -> Awaitable[bool]: ...
    def use_cpu_custom_send_recv(self, receiver: Kept) -> Awaitable[bool]: ...
    def first_rank(self, receiver: Kept) -> Awaitable[int]: ...
    def last_rank(self, receiver: Kept) -> Awaitable[int]: ...
    def is_first_rank(self, receiver: Kept) -> Awaitable[bool]: ...
    def is_last_rank(self, receiver: Kept) -> Awaitable[bool]: ...
    def next_rank(self, receiver: Kept) -> Awaitable[int]: ...
    def prev_rank(self, receiver: Kept) -> Awaitable[int]: ...
    def graph_capture(
        self,
        receiver: Kept,
        graph_capture_context: Kept | Mapping[str, Any] | None = ...,
    ) -> Awaitable[RemoteObject]: ...
    def prepare_communication_buffer_for_model(
        self,
        receiver: Kept,
        model: Kept,
    ) -> Awaitable[None]: ...
    def dispatch(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        topk_weights: Tensor | None = ...,
        topk_ids: Tensor | None = ...,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
        router_logits: Tensor | None = ...,
    ) -> Awaitable[Any]: ...
    def dispatch_router_logits(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        router_logits: Tensor,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[Any]: ...
    def combine(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def allocate_combine_input(
        self,
        receiver: Kept,
        shape: Sequence[int],
        dtype: torch.dtype | str,
        device: torch.device | str,
        is_sequence_parallel: bool = ...,
    ) -> Awaitable[torch.Tensor | None]: ...
    def combine_into_output(
        self,
        receiver: Kept,
        hidden_states: Tensor,
        output: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def create_mq_broadcaster(
        self,
        receiver: Kept,
        writer_rank: int = ...,
        external_writer_handle: Any = ...,
        blocking: bool = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def create_single_reader_mq_broadcasters(
        self,
        receiver: Kept,
        reader_rank_in_group: int = ...,
        blocking: bool = ...,
    ) -> Awaitable[tuple[RemoteRecord, Any]]: ...
    def broadcast_object(
        self,
        receiver: Kept,
        obj: Any = ...,
        src: int = ...,
    ) -> Awaitable[Any]: ...
    def broadcast_object_list(
        self,
        receiver: Kept,
        obj_list: Any,
        src: int = ...,
        group: Kept | None = ...,
    ) -> Awaitable[Any]: ...
    def broadcast_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any = ...,
        src: int = ...,
        group: Kept | None = ...,
        metadata_group: Kept | None = ...,
    ) -> Awaitable[Any]: ...
    def send_object(self, receiver: Kept, obj: Any, dst: int) -> Awaitable[None]: ...
    def isend_object(self, receiver: Kept, obj: Any, dst: int) -> Awaitable[RemoteRecord]: ...
    def recv_object(self, receiver: Kept, src: int) -> Awaitable[Any]: ...
    def barrier(self, receiver: Kept) -> Awaitable[None]: ...
    def all_reduce(
        self,
        receiver: Kept,
        input_: Tensor,
        out: Tensor | None = ...,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_reduce_(
        self,
        receiver: Kept,
        input_: Tensor,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_gather(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_gatherv(
        self,
        receiver: Kept,
        input_: Any,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Any = ...,
    ) -> Awaitable[Any]: ...
    def reduce_scatter(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def reduce_scatterv(
        self,
        receiver: Kept,
        input_: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def reduce_scatterv_into_output(
        self,
        receiver: Kept,
        input_: Tensor,
        output: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def cpu_all_reduce_(self, receiver: Kept, tensor: Tensor) -> Awaitable[torch.Tensor]: ...
    def gather(
        self,
        receiver: Kept,
        input_: Tensor,
        dst: int = ...,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor | None]: ...
    def broadcast(
        self,
        receiver: Kept,
        input_: Tensor,
        src: int = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def send(self, receiver: Kept, tensor: Tensor, dst: int | None = ...) -> Awaitable[None]: ...
    def recv(
        self,
        receiver: Kept,
        size: Sequence[int],
        dtype: torch.dtype | str,
        src: int | None = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def send_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any,
        dst: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Awaitable[Any]: ...
    def recv_tensor_dict(
        self,
        receiver: Kept,
        src: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Awaitable[Any]: ...
    def isend_tensor_dict(
        self,
        receiver: Kept,
        tensor_dict: Any,
        dst: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Awaitable[list[RemoteRecord]]: ...
    def irecv_tensor_dict(
        self,
        receiver: Kept,
        src: int | None = ...,
        all_gather_group: Kept | None = ...,
        all_gather_tensors: Any = ...,
    ) -> Awaitable[tuple[Any, list[RemoteRecord], list[RemoteObject]]]: ...
    def mq_broadcaster(self, receiver: Kept) -> Awaitable[RemoteRecord | None]: ...

class AsyncStatelessProcessGroup:
    def __call__(
        self,
        rank: int,
        world_size: int,
        store: Any,
        data_expiration_seconds: int = ...,
        socket: Any = ...,
        timeout: float = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def create(
        self,
        host: str,
        port: int,
        rank: int,
        world_size: int,
        data_expiration_seconds: int = ...,
        store_timeout: int = ...,
        listen_socket: Any = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def send_dst_counter(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[Any]: ...
    def recv_src_counter(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[Any]: ...
    def broadcast_send_counter(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def broadcast_recv_src_counter(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[Any]: ...
    def entries(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[Any]: ...
    def send_obj(
        self,
        receiver: Kept | Mapping[str, Any],
        obj: Any,
        dst: int,
    ) -> Awaitable[None]: ...
    def recv_obj(self, receiver: Kept | Mapping[str, Any], src: int) -> Awaitable[Any]: ...
    def broadcast_obj(
        self,
        receiver: Kept | Mapping[str, Any],
        obj: Any,
        src: int,
    ) -> Awaitable[Any]: ...
    def all_gather_obj(self, receiver: Kept | Mapping[str, Any], obj: Any) -> Awaitable[Any]: ...
    def barrier(
        self,
        receiver: Kept | Mapping[str, Any],
        timeout: float = ...,
    ) -> Awaitable[None]: ...
    def send(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        dst: int,
    ) -> Awaitable[None]: ...
    def recv(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        src: int,
    ) -> Awaitable[torch.Tensor]: ...
    def broadcast(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        src: int,
    ) -> Awaitable[torch.Tensor]: ...
    def all_reduce(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        op: Any = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def expire_data(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...
    def destroy(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...

class AsyncDeviceCommunicatorBase:
    def dispatch(
        self,
        receiver: Kept | Mapping[str, Any],
        hidden_states: Tensor,
        topk_weights: Tensor | None = ...,
        topk_ids: Tensor | None = ...,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
        router_logits: Tensor | None = ...,
    ) -> Awaitable[Any]: ...
    def dispatch_router_logits(
        self,
        receiver: Kept | Mapping[str, Any],
        hidden_states: Tensor,
        router_logits: Tensor,
        is_sequence_parallel: bool = ...,
        extra_tensors: Sequence[Tensor] | None = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[Any]: ...
    def combine(
        self,
        receiver: Kept | Mapping[str, Any],
        hidden_states: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def allocate_combine_input(
        self,
        receiver: Kept | Mapping[str, Any],
        shape: Sequence[int],
        dtype: torch.dtype | str,
        device: torch.device | str,
        is_sequence_parallel: bool = ...,
    ) -> Awaitable[torch.Tensor | None]: ...
    def combine_into_output(
        self,
        receiver: Kept | Mapping[str, Any],
        hidden_states: Tensor,
        output: Tensor,
        is_sequence_parallel: bool = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_reduce(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        out: Tensor | None = ...,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_reduce_(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def cpu_all_reduce_(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
    ) -> Awaitable[torch.Tensor]: ...
    def all_gather(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_gatherv(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Any,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Any = ...,
    ) -> Awaitable[Any]: ...
    def reduce_scatter(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def reduce_scatterv(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def reduce_scatterv_into_output(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        output: Tensor,
        dim: int = ...,
        sizes: Sequence[int] | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def gather(
        self,
        receiver: Kept | Mapping[str, Any],
        input_: Tensor,
        dst: int = ...,
        dim: int = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor | None]: ...
    def broadcast(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        src: int = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def send(
        self,
        receiver: Kept | Mapping[str, Any],
        tensor: Tensor,
        dst: int | None = ...,
    ) -> Awaitable[None]: ...
    def recv(
        self,
        receiver: Kept | Mapping[str, Any],
        size: Sequence[int],
        dtype: torch.dtype | str,
        src: int | None = ...,
        out: Tensor | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def batch_isend_irecv(
        self,
        receiver: Kept | Mapping[str, Any],
        p2p_ops: Any,
    ) -> Awaitable[list[torch.Tensor]]: ...
    def get_symmetric_memory_buffer(
        self,
        receiver: Kept | Mapping[str, Any],
        role: str,
        shape: Sequence[int],
        dtype: torch.dtype | str,
        device: torch.device | str,
    ) -> Awaitable[torch.Tensor | None]: ...
    def prepare_communication_buffer_for_model(
        self,
        receiver: Kept | Mapping[str, Any],
        model: Kept,
    ) -> Awaitable[None]: ...
    def suspend(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...
    def resume(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...
    def checkpoint_prepare(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...
    def checkpoint_restore(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...
    def destroy(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...

class AsyncMessageQueue:
    def __call__(
        self,
        n_reader: int,
        n_local_reader: int,
        local_reader_ranks: Sequence[int] | None = ...,
        max_chunk_bytes: int = ...,
        max_chunks: int = ...,
        connect_ip: str | None = ...,
        enable_shm_tensor_arena: bool = ...,
        timeout: timedelta | float | None = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def create_from_handle(self, handle: Any, rank: int) -> Awaitable[RemoteRecord]: ...
    def create_from_process_group(
        self,
        pg: Any,
        max_chunk_bytes: int,
        max_chunks: int,
        writer_rank: int = ...,
        external_writer_handle: Any = ...,
        blocking: bool = ...,
        timeout: timedelta | float | None = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def create_from_process_group_single_reader(
        self,
        pg: Any,
        max_chunk_bytes: int,
        max_chunks: int,
        reader_rank: int = ...,
        blocking: bool = ...,
        timeout: timedelta | float | None = ...,
    ) -> Awaitable[tuple[RemoteRecord, Any]]: ...
    def is_writer(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def n_local_reader(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def n_remote_reader(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def shutting_down(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def export_handle(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[Any]: ...
    def wait_until_ready(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...
    def enqueue(
        self,
        receiver: Kept | Mapping[str, Any],
        obj: Any,
        timeout: float | None = ...,
    ) -> Awaitable[None]: ...
    def dequeue(
        self,
        receiver: Kept | Mapping[str, Any],
        timeout: float | None = ...,
        indefinite: bool = ...,
        cancel: Any = ...,
    ) -> Awaitable[Any]: ...
    def recv(self, socket: Any, timeout: float | None) -> Awaitable[Any]: ...
    def broadcast_object(
        self,
        receiver: Kept | Mapping[str, Any],
        obj: Any = ...,
    ) -> Awaitable[Any]: ...
    def shutdown(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...

class AsyncGraphCaptureContext:
    def __call__(self, stream: Kept | None) -> Awaitable[RemoteRecord]: ...

class AsyncParallelConfig:
    def __call__(
        self,
        pipeline_parallel_size: int = ...,
        tensor_parallel_size: int = ...,
        prefill_context_parallel_size: int = ...,
        data_parallel_size: int = ...,
        data_parallel_size_local: int = ...,
        data_parallel_rank: int = ...,
        data_parallel_rank_local: int | None = ...,
        data_parallel_master_ip: str = ...,
        data_parallel_rpc_port: int = ...,
        data_parallel_master_port: int = ...,
        data_parallel_backend: str = ...,
        data_parallel_external_lb: bool = ...,
        data_parallel_hybrid_lb: bool = ...,
        is_moe_model: bool | None = ...,
        enable_expert_parallel: bool = ...,
        enable_ep_weight_filter: bool = ...,
        enable_eplb: bool = ...,
        eplb_config: Kept | Mapping[str, Any] = ...,
        enable_elastic_ep: bool = ...,
        expert_placement_strategy: str = ...,
        all2all_backend: str = ...,
        max_parallel_loading_workers: int | None = ...,
        disable_custom_all_reduce: bool = ...,
        enable_dbo: bool = ...,
        ubatch_size: int = ...,
        dbo_decode_token_threshold: int = ...,
        dbo_prefill_token_threshold: int = ...,
        disable_nccl_for_dp_synchronization: bool | None = ...,
        ray_workers_use_nsight: bool = ...,
        ray_runtime_env: Any = ...,
        placement_group: Any = ...,
        distributed_executor_backend: Any = ...,
        worker_cls: str = ...,
        sd_worker_cls: str = ...,
        worker_extension_cls: str = ...,
        master_addr: str = ...,
        master_port: int = ...,
        node_rank: int = ...,
        nnodes: int = ...,
        numa_bind: bool = ...,
        numa_bind_nodes: Sequence[int] | None = ...,
        numa_bind_cpus: Sequence[str] | None = ...,
        distributed_timeout_seconds: int | None = ...,
        cpu_distributed_timeout_seconds: int | None = ...,
        rank: int = ...,
        _data_parallel_master_port_list: Sequence[int] = ...,
        _coord_store_port: int = ...,
        decode_context_parallel_size: int = ...,
        dcp_comm_backend: str | None = ...,
        dcp_kv_cache_interleave_size: int = ...,
        cp_kv_cache_interleave_size: int = ...,
        _api_process_count: int = ...,
        _api_process_rank: int = ...,
        dp_sync_interval: int = ...,
        enable_hc_sp: bool = ...,
        enable_batch_sharded_sampling: bool | None = ...,
        enable_shm_tensor_arena: bool = ...,
        elastic_ep_max_dp_size: int | None = ...,
        assigned_physical_gpu_ids: Sequence[int] | None = ...,
        dcp_q_replicate: bool | None = ...,
        _allow_auto_resolve_cp_interleave_size: bool = ...,
        enable_fault_tolerance: bool = ...,
        fault_tolerance_config: Kept | Mapping[str, Any] = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def world_size_across_dp(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def use_ubatching(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def num_ubatches(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def use_sequence_parallel_moe(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def nnodes_within_dp(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def node_rank_within_dp(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def local_world_size(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def local_engines_only(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def use_ray(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def use_all2all(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def use_batched_dp_moe(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def pcp_shard_decode_requests(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def cpu_distributed_timeout(
        self,
        receiver: Kept | Mapping[str, Any],
    ) -> Awaitable[timedelta | None]: ...
    def set_dcp_defaults(
        self,
        receiver: Kept | Mapping[str, Any],
        comm_backend: str = ...,
        q_replicate: bool = ...,
    ) -> Awaitable[None]: ...
    def get_local_gpu_index(
        self,
        receiver: Kept | Mapping[str, Any],
        local_rank: int,
        dp_local_rank: int | None = ...,
    ) -> Awaitable[int]: ...
    def check_kv_cache_block_size(
        self,
        receiver: Kept | Mapping[str, Any],
        block_size: int,
    ) -> Awaitable[None]: ...
    def reconfigure_for_independent_dp_rank(
        self,
        receiver: Kept | Mapping[str, Any],
    ) -> Awaitable[None]: ...
    def compute_hash(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[str]: ...
    def get_next_dp_init_port(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[int]: ...
    def stateless_init_dp_group(
        self,
        receiver: Kept | Mapping[str, Any],
        return_store: bool = ...,
    ) -> Awaitable[RemoteGroup]: ...
    def has_unfinished_dp(self, dp_group: Kept, has_unfinished: bool) -> Awaitable[bool]: ...
    def sync_kv_cache_memory_size(self, dp_group: Kept, kv_cache_memory: int) -> Awaitable[int]: ...
    def sync_dp_state(
        self,
        dp_group: Kept,
        has_unfinished: bool,
        pending_pause: bool,
    ) -> Awaitable[tuple[bool, bool]]: ...

class AsyncEPLBConfig:
    def __call__(
        self,
        window_size: int = ...,
        step_interval: int = ...,
        num_redundant_experts: int = ...,
        log_balancedness: bool = ...,
        log_balancedness_interval: int = ...,
        use_async: bool = ...,
        policy: str = ...,
        communicator: str | None = ...,
        enable_migration_batching: bool = ...,
    ) -> Awaitable[RemoteRecord]: ...
    def communicator_in_use(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[str]: ...
    def migration_batching_enabled(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...

class AsyncFaultToleranceConfig:
    def __call__(self, engine_recovery_timeout_sec: int = ...) -> Awaitable[RemoteRecord]: ...

class AsyncHandle:
    def is_completed(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[bool]: ...
    def wait(self, receiver: Kept | Mapping[str, Any]) -> Awaitable[None]: ...

class AsyncParallelSizes:
    def __call__(
        self,
        tensor: int = ...,
        pipeline: int = ...,
        data: int = ...,
        prefill_context: int = ...,
        decode_context: int = ...,
    ) -> Awaitable[vllm_distributed.ParallelSizes]: ...
    def replica_size(
        self,
        receiver: vllm_distributed.ParallelSizes | Mapping[str, Any],
    ) -> Awaitable[int]: ...
    def as_dict(
        self,
        receiver: vllm_distributed.ParallelSizes | Mapping[str, Any],
    ) -> Awaitable[Any]: ...
    def describe(
        self,
        receiver: vllm_distributed.ParallelSizes | Mapping[str, Any],
    ) -> Awaitable[str]: ...

class AsyncTopology:
    def __call__(
        self,
        world_size: int,
        sizes: vllm_distributed.ParallelSizes | Mapping[str, Any],
    ) -> Awaitable[vllm_distributed.Topology]: ...
    def external_data(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> Awaitable[int]: ...
    def tensor_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> Awaitable[tuple[tuple[int, ...], ...]]: ...
    def decode_context_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> Awaitable[tuple[tuple[int, ...], ...]]: ...
    def prefill_context_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> Awaitable[tuple[tuple[int, ...], ...]]: ...
    def pipeline_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> Awaitable[tuple[tuple[int, ...], ...]]: ...
    def data_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> Awaitable[tuple[tuple[int, ...], ...]]: ...
    def expert_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
    ) -> Awaitable[tuple[tuple[int, ...], ...]]: ...
    def engram_tensor_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
        size: int,
    ) -> Awaitable[tuple[tuple[int, ...], ...]]: ...
    def engram_data_groups(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
        size: int,
    ) -> Awaitable[tuple[tuple[int, ...], ...]]: ...
    def coordinates(
        self,
        receiver: vllm_distributed.Topology | Mapping[str, Any],
        rank: int,
    ) -> Awaitable[tuple[int, int, int, int, int]]: ...

class AsyncTensorMetadata:
    def __call__(
        self,
        device: str,
        dtype: torch.dtype | str,
        size: Sequence[int],
    ) -> Awaitable[vllm_distributed.TensorMetadata]: ...

class AsyncDistributed:
    def __init__(self, invoke: Invoke) -> None: ...
    @property
    def GroupCoordinator(self) -> AsyncGroupCoordinator: ...
    @property
    def StatelessGroupCoordinator(self) -> AsyncStatelessGroupCoordinator: ...
    @property
    def StatelessProcessGroup(self) -> AsyncStatelessProcessGroup: ...
    @property
    def DeviceCommunicatorBase(self) -> AsyncDeviceCommunicatorBase: ...
    @property
    def MessageQueue(self) -> AsyncMessageQueue: ...
    @property
    def GraphCaptureContext(self) -> AsyncGraphCaptureContext: ...
    @property
    def ParallelConfig(self) -> AsyncParallelConfig: ...
    @property
    def EPLBConfig(self) -> AsyncEPLBConfig: ...
    @property
    def FaultToleranceConfig(self) -> AsyncFaultToleranceConfig: ...
    @property
    def Handle(self) -> AsyncHandle: ...
    @property
    def ParallelSizes(self) -> AsyncParallelSizes: ...
    @property
    def Topology(self) -> AsyncTopology: ...
    @property
    def TensorMetadata(self) -> AsyncTensorMetadata: ...
    def __call__(
        self,
        *,
        timeout: Timeout = ...,
        timeout_profile: str = "",
        tensors: Tensors = "value",
    ) -> AsyncDistributed: ...
    def USE_SCHED_YIELD(self) -> Awaitable[bool]: ...
    def all_gather(
        self,
        tensor: Tensor,
        dim: int,
        world_size: int,
        group_name: str,
    ) -> Awaitable[torch.Tensor]: ...
    def all_gather_fake(
        self,
        tensor: Tensor,
        dim: int,
        world_size: int,
        group_name: str,
    ) -> Awaitable[torch.Tensor]: ...
    def all_reduce(
        self,
        tensor: Tensor,
        group_name: str,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def all_reduce_fake(
        self,
        tensor: Tensor,
        group_name: str,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def broadcast_tensor_dict(self, tensor_dict: Any = ..., src: int = ...) -> Awaitable[Any]: ...
    def checkpoint_prepare_distributed_state(self) -> Awaitable[None]: ...
    def checkpoint_restore_distributed_state(self) -> Awaitable[None]: ...
    def cleanup_dist_env_and_memory(self, shutdown_ray: bool = ...) -> Awaitable[None]: ...
    def compute_logical_maps(
        self,
        physical_to_logical_map: Tensor,
        num_logical_experts: int,
    ) -> Awaitable[tuple[torch.Tensor, torch.Tensor]]: ...
    def cpu_all_reduce_(
        self,
        tensor: Tensor,
        group: Kept,
        timeout: timedelta | float | None = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def create_tcp_store(
        self,
        host: str,
        port: int,
        listen_socket: Any = ...,
        world_size: int | None = ...,
        is_master: bool = ...,
        timeout: timedelta | float | None = ...,
        wait_for_workers: bool = ...,
        multi_tenant: bool = ...,
        use_libuv: bool = ...,
    ) -> Awaitable[Any]: ...
    def destroy_distributed_environment(self) -> Awaitable[None]: ...
    def destroy_model_parallel(self) -> Awaitable[None]: ...
    def direct_register_custom_op(
        self,
        op_name: str,
        op_func: Kept,
        mutates_args: Sequence[str] | None = ...,
        fake_impl: Kept | None = ...,
        target_lib: Kept | None = ...,
        dispatch_key: str | None = ...,
        tags: Any = ...,
    ) -> Awaitable[None]: ...
    def divide(self, numerator: int, denominator: int) -> Awaitable[int]: ...
    def ensure_divisibility(self, numerator: int, denominator: int) -> Awaitable[None]: ...
    def ensure_model_parallel_initialized(
        self,
        tensor_model_parallel_size: int,
        pipeline_model_parallel_size: int,
        prefill_context_model_parallel_size: int = ...,
        decode_context_model_parallel_size: int = ...,
        backend: str | None = ...,
        data_parallel_size: int | None = ...,
        is_moe_model: bool | None = ...,
        enable_eplb: bool | None = ...,
        engram_tensor_parallel_size: int | None = ...,
        engram_data_parallel_size: int | None = ...,
    ) -> Awaitable[None]: ...
    def expert_balancedness(self, load: Tensor, num_gpus: int) -> Awaitable[float]: ...
    def get_cached_tcp_store_client(self, host: str, port: int) -> Awaitable[Any]: ...
    def get_context_model_parallel_group(self) -> Awaitable[RemoteGroup]: ...
    def get_cpu_distributed_timeout_or_none(self) -> Awaitable[timedelta | None]: ...
    def get_current_parallel_config_or_none(self) -> Awaitable[RemoteRecord | None]: ...
    def get_dcp_group(self) -> Awaitable[RemoteGroup]: ...
    def get_dcp_world_size_and_rank(self, enabled: bool = ...) -> Awaitable[tuple[int, int]]: ...
    def get_decode_context_model_parallel_rank(self) -> Awaitable[int]: ...
    def get_decode_context_model_parallel_world_size(self) -> Awaitable[int]: ...
    def get_distributed_init_method(self, ip: str, port: int) -> Awaitable[str]: ...
    def get_distributed_timeout_or_none(self) -> Awaitable[timedelta | None]: ...
    def get_dp_group(self) -> Awaitable[RemoteGroup]: ...
    def get_engram_dp_group(self) -> Awaitable[RemoteGroup | None]: ...
    def get_engram_dp_size(self) -> Awaitable[int]: ...
    def get_ep_group(self) -> Awaitable[RemoteGroup]: ...
    def get_eplb_group(self) -> Awaitable[RemoteGroup]: ...
    def get_etp_group(self) -> Awaitable[RemoteGroup]: ...
    def get_expert_map(
        self,
        num_experts: int,
        ep_rank: int,
        ep_size: int,
        strategy: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def get_expert_placement(
        self,
        num_experts: int,
        ep_rank: int,
        ep_size: int,
        strategy: str = ...,
    ) -> Awaitable[list[int]]: ...
    def get_inner_dp_world_group(self) -> Awaitable[RemoteGroup]: ...
    def get_node_count(self) -> Awaitable[int]: ...
    def get_pcp_group(self) -> Awaitable[RemoteGroup]: ...
    def get_pipeline_model_parallel_rank(self) -> Awaitable[int]: ...
    def get_pp_group(self) -> Awaitable[RemoteGroup]: ...
    def get_pp_indices(
        self,
        num_hidden_layers: int,
        pp_rank: int,
        pp_size: int,
    ) -> Awaitable[tuple[int, int]]: ...
    def get_tcp_uri(self, ip: str, port: int) -> Awaitable[str]: ...
    def get_tensor_model_parallel_rank(self) -> Awaitable[int]: ...
    def get_tensor_model_parallel_world_size(self) -> Awaitable[int]: ...
    def get_tp_group(self) -> Awaitable[RemoteGroup]: ...
    def get_worker_rank_suffix(self, global_rank: int | None = ...) -> Awaitable[str]: ...
    def get_world_group(self) -> Awaitable[RemoteGroup]: ...
    def graph_capture(self, device: torch.device | str) -> Awaitable[RemoteObject]: ...
    def in_the_same_node_as(self, pg: Kept, source_rank: int = ...) -> Awaitable[list[bool]]: ...
    def init_distributed_environment(
        self,
        world_size: int = ...,
        rank: int = ...,
        distributed_init_method: str = ...,
        local_rank: int = ...,
        backend: str = ...,
        timeout: timedelta | float | None = ...,
    ) -> Awaitable[None]: ...
    def init_gloo_process_group(
        self,
        prefix_store: Any,
        group_rank: int,
        group_size: int,
        timeout: timedelta | float,
    ) -> Awaitable[RemoteGroup]: ...
    def init_logger(self, name: str) -> Awaitable[RemoteObject]: ...
    def init_model_parallel_group(
        self,
        group_ranks: Sequence[Sequence[int]],
        local_rank: int,
        backend: str,
        use_message_queue_broadcaster: bool = ...,
        group_name: str | None = ...,
        use_device_communicator: bool = ...,
        use_all2all: bool = ...,
    ) -> Awaitable[RemoteGroup]: ...
    def init_world_group(
        self,
        ranks: Sequence[int],
        local_rank: int,
        backend: str,
    ) -> Awaitable[RemoteGroup]: ...
    def initialize_model_parallel(
        self,
        tensor_model_parallel_size: int = ...,
        pipeline_model_parallel_size: int = ...,
        prefill_context_model_parallel_size: int = ...,
        decode_context_model_parallel_size: int = ...,
        backend: str | None = ...,
        data_parallel_size: int | None = ...,
        is_moe_model: bool | None = ...,
        enable_eplb: bool | None = ...,
        engram_tensor_parallel_size: int | None = ...,
        engram_data_parallel_size: int | None = ...,
    ) -> Awaitable[None]: ...
    def is_global_first_rank(self) -> Awaitable[bool]: ...
    def is_local_first_rank(self) -> Awaitable[bool]: ...
    def is_torch_equal_or_newer(self, target: str) -> Awaitable[bool]: ...
    def is_weak_contiguous(self, inp: Tensor) -> Awaitable[bool]: ...
    def logger(self) -> Awaitable[RemoteObject]: ...
    def model_parallel_is_initialized(self) -> Awaitable[bool]: ...
    def patch_tensor_parallel_group(self, tp_group: Kept) -> Awaitable[RemoteObject]: ...
    def patched_fused_scaled_matmul_reduce_scatter(
        self,
        A: Tensor,
        B: Tensor,
        A_scale: Tensor,
        B_scale: Tensor,
        reduce_op: str,
        orig_scatter_dim: int,
        scatter_dim_after_maybe_reshape: int,
        group_name: str,
        output_shape: Sequence[int],
        bias: Tensor | None = ...,
        result_scale: Tensor | None = ...,
        out_dtype: torch.dtype | str | None = ...,
        use_fast_accum: bool = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def patched_fused_scaled_matmul_reduce_scatter_fake(
        self,
        A: Tensor,
        B: Tensor,
        A_scale: Tensor,
        B_scale: Tensor,
        reduce_op: str,
        orig_scatter_dim: int,
        scatter_dim_after_maybe_reshape: int,
        group_name: str,
        output_shape: Sequence[int],
        bias: Tensor | None = ...,
        result_scale: Tensor | None = ...,
        out_dtype: torch.dtype | str | None = ...,
        use_fast_accum: bool = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def prepare_communication_buffer_for_model(self, model: Kept) -> Awaitable[None]: ...
    def rebalance_experts(
        self,
        weight: Tensor,
        num_replicas: int,
        num_groups: int,
        num_nodes: int,
        num_gpus: int,
    ) -> Awaitable[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]: ...
    def reduce_scatter(
        self,
        tensor: Tensor,
        dim: int,
        world_size: int,
        group_name: str,
    ) -> Awaitable[torch.Tensor]: ...
    def reduce_scatter_fake(
        self,
        tensor: Tensor,
        dim: int,
        world_size: int,
        group_name: str,
    ) -> Awaitable[torch.Tensor]: ...
    def resolve_obj_by_qualname(self, qualname: str) -> Awaitable[Any]: ...
    def resume_device_comms(self) -> Awaitable[None]: ...
    def sched_yield(self) -> Awaitable[None]: ...
    def set_current_parallel_config(
        self,
        config: Kept | Mapping[str, Any] | None,
    ) -> Awaitable[RemoteObject]: ...
    def set_custom_all_reduce(self, enable: bool) -> Awaitable[None]: ...
    def split_tensor_along_last_dim(
        self,
        tensor: Tensor,
        num_partitions: int,
        contiguous_split_chunks: bool = ...,
    ) -> Awaitable[list[torch.Tensor]]: ...
    def stateless_destroy_torch_distributed_process_group(self, pg: Kept) -> Awaitable[None]: ...
    def stateless_init_torch_distributed_process_group(
        self,
        host: str,
        port: int,
        rank: int,
        world_size: int,
        backend: str,
        group_name: str | None = ...,
        return_store: bool = ...,
        listen_socket: Any = ...,
        timeout: timedelta | float | None = ...,
    ) -> Awaitable[RemoteGroup]: ...
    def suppress_stdout(self) -> Awaitable[RemoteObject]: ...
    def suspend_device_comms(self) -> Awaitable[None]: ...
    def tensor_model_parallel_all_gather(
        self,
        input_: Tensor,
        dim: int = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def tensor_model_parallel_all_reduce(
        self,
        input_: Tensor,
        op: str = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def tensor_model_parallel_gather(
        self,
        input_: Tensor,
        dst: int = ...,
        dim: int = ...,
    ) -> Awaitable[torch.Tensor | None]: ...
    def tensor_model_parallel_reduce_scatter(
        self,
        input_: Tensor,
        dim: int = ...,
    ) -> Awaitable[torch.Tensor]: ...
    def verify_group_size_divides_partition(
        self,
        input_size_per_partition: int,
        group_size: int,
        layer_name: str | None = ...,
        extra_suggestion: str = ...,
    ) -> Awaitable[None]: ...
