"""What the bridge exposes, and how each callable behaves.

Every function in `vllm_distributed.__all__` is exposed, and every public method and property of the
classes in `CLASSES`: adding one there and running `make codegen` is all it takes to reach it from
Elixir. A public name that is none of these is in `NOT_EXPOSED`, with the reason. The sets below
name the exceptions to the common case (a call on the executor, by value).
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import torch

import vllm_distributed

DISTRIBUTED = "Distributed"
"""Name of the service of the module's functions; the other services are named after classes."""

NEW = "new"
"""Name of the RPC that makes an object of a class."""

CLASSES: dict[str, type] = {
    "GroupCoordinator": vllm_distributed.GroupCoordinator,
    "StatelessGroupCoordinator": vllm_distributed.StatelessGroupCoordinator,
    "StatelessProcessGroup": vllm_distributed.StatelessProcessGroup,
    "DeviceCommunicatorBase": vllm_distributed.DeviceCommunicatorBase,
    "MessageQueue": vllm_distributed.MessageQueue,
    "GraphCaptureContext": vllm_distributed.GraphCaptureContext,
    "ParallelConfig": vllm_distributed.ParallelConfig,
    "EPLBConfig": vllm_distributed.EPLBConfig,
    "FaultToleranceConfig": vllm_distributed.FaultToleranceConfig,
    "Handle": vllm_distributed.Handle,
    "ParallelSizes": vllm_distributed.ParallelSizes,
    "Topology": vllm_distributed.Topology,
    "TensorMetadata": vllm_distributed.TensorMetadata,
}
"""Classes whose methods are exposed, by service name."""

PLAIN_DATA: frozenset[str] = frozenset({"ParallelSizes", "Topology", "TensorMetadata"})
"""Classes without an identity: their objects travel as the values of their fields."""

FIELDS: dict[str, dict[str, object]] = {
    "StatelessGroupCoordinator": {
        "unique_name": str,
        "ranks": list[int],
        "rank": int,
        "rank_in_group": int,
        "world_size": int,
        "local_rank": int,
        "backend": str,
        "device": torch.device,
        "global_world_size": int,
        "tcp_store_group": vllm_distributed.StatelessProcessGroup,
    },
    "StatelessProcessGroup": {"rank": int, "world_size": int, "data_expiration_seconds": int},
    "DeviceCommunicatorBase": {
        "unique_name": str,
        "rank_in_group": int,
        "world_size": int,
        "device": torch.device,
    },
    "MessageQueue": {},
    "Handle": {},
}
"""Attributes that an object shows to clients, with their types, where its class is no dataclass.
Only appended to."""

MADE_ELSEWHERE: frozenset[str] = frozenset({"DeviceCommunicatorBase", "Handle"})
"""Classes that a client does not make: their objects come from others, such as a handle from
`GroupCoordinator.isend_object`."""

CONFIGURATION: frozenset[str] = frozenset({"ParallelConfig", "EPLBConfig", "FaultToleranceConfig"})
"""Classes that are Elixir modules below `Vllm.Config`, not `Vllm.Distributed`."""

INLINE: frozenset[str] = frozenset(
    {
        "divide",
        "ensure_divisibility",
        "get_distributed_init_method",
        "get_pp_indices",
        "get_tcp_uri",
        "is_torch_equal_or_newer",
        "model_parallel_is_initialized",
        "get_world_group",
        "get_tp_group",
        "get_pp_group",
        "get_dp_group",
        "get_ep_group",
        "get_dcp_group",
        "get_context_model_parallel_group",
        "get_pcp_group",
        "get_inner_dp_world_group",
        "get_tensor_model_parallel_world_size",
        "get_tensor_model_parallel_rank",
        "get_pipeline_model_parallel_rank",
        "get_decode_context_model_parallel_world_size",
        "get_decode_context_model_parallel_rank",
        "get_dcp_world_size_and_rank",
        "get_eplb_group",
        "get_etp_group",
        "get_engram_dp_group",
        "get_engram_dp_size",
        "get_worker_rank_suffix",
        "get_distributed_timeout_or_none",
        "get_cpu_distributed_timeout_or_none",
        "verify_group_size_divides_partition",
        "get_expert_placement",
        "get_node_count",
        "is_global_first_rank",
        "is_local_first_rank",
        "TensorMetadata.new",
        "ParallelSizes.new",
        "ParallelSizes.as_dict",
        "ParallelSizes.describe",
        "Topology.new",
        "Topology.coordinates",
        "Topology.tensor_groups",
        "Topology.decode_context_groups",
        "Topology.prefill_context_groups",
        "Topology.pipeline_groups",
        "Topology.data_groups",
        "Topology.expert_groups",
        "Topology.engram_tensor_groups",
        "Topology.engram_data_groups",
    }
)
"""Functions that only compute or read: answered beside the executor, also while it is busy."""

_ON_TENSORS = (
    "all_reduce",
    "all_reduce_",
    "all_gather",
    "all_gatherv",
    "reduce_scatter",
    "reduce_scatterv",
    "reduce_scatterv_into_output",
    "cpu_all_reduce_",
    "gather",
    "broadcast",
    "dispatch",
    "dispatch_router_logits",
    "combine",
    "combine_into_output",
)

_ON_COORDINATORS = (
    *_ON_TENSORS,
    "broadcast_object",
    "broadcast_object_list",
    "broadcast_tensor_dict",
    "barrier",
    "new",
    "make_sibling_device_group",
    "create_mq_broadcaster",
    "create_single_reader_mq_broadcasters",
)

COLLECTIVE: frozenset[str] = frozenset(
    {
        "init_distributed_environment",
        "initialize_model_parallel",
        "ensure_model_parallel_initialized",
        "init_world_group",
        "init_model_parallel_group",
        "in_the_same_node_as",
        "all_gather",
        "all_reduce",
        "reduce_scatter",
        "patched_fused_scaled_matmul_reduce_scatter",
        "init_gloo_process_group",
        "stateless_init_torch_distributed_process_group",
        "tensor_model_parallel_all_reduce",
        "tensor_model_parallel_all_gather",
        "tensor_model_parallel_reduce_scatter",
        "tensor_model_parallel_gather",
        "broadcast_tensor_dict",
        "cpu_all_reduce_",
        "suspend_device_comms",
        "resume_device_comms",
        "checkpoint_prepare_distributed_state",
        "checkpoint_restore_distributed_state",
        "DeviceCommunicatorBase.suspend",
        "DeviceCommunicatorBase.resume",
        "DeviceCommunicatorBase.checkpoint_prepare",
        "DeviceCommunicatorBase.checkpoint_restore",
        *(f"GroupCoordinator.{name}" for name in _ON_COORDINATORS),
        "StatelessGroupCoordinator.new",
        "StatelessGroupCoordinator.make_sibling_device_group",
        *(f"DeviceCommunicatorBase.{name}" for name in _ON_TENSORS),
        "StatelessProcessGroup.create",
        "StatelessProcessGroup.broadcast_obj",
        "StatelessProcessGroup.all_gather_obj",
        "StatelessProcessGroup.broadcast",
        "StatelessProcessGroup.all_reduce",
        "StatelessProcessGroup.barrier",
        "MessageQueue.create_from_process_group",
        "MessageQueue.create_from_process_group_single_reader",
        "MessageQueue.wait_until_ready",
        "MessageQueue.broadcast_object",
        "ParallelConfig.stateless_init_dp_group",
        "ParallelConfig.has_unfinished_dp",
        "ParallelConfig.sync_kv_cache_memory_size",
        "ParallelConfig.sync_dp_state",
    }
)
"""Calls that every member of the group must make."""

_BETWEEN_COORDINATORS = (
    "send",
    "recv",
    "send_object",
    "isend_object",
    "recv_object",
    "send_tensor_dict",
    "recv_tensor_dict",
    "isend_tensor_dict",
    "irecv_tensor_dict",
)

POINT_TO_POINT: frozenset[str] = frozenset(
    {
        *(f"GroupCoordinator.{name}" for name in _BETWEEN_COORDINATORS),
        "DeviceCommunicatorBase.send",
        "DeviceCommunicatorBase.recv",
        "DeviceCommunicatorBase.batch_isend_irecv",
        "StatelessProcessGroup.send_obj",
        "StatelessProcessGroup.recv_obj",
        "StatelessProcessGroup.send",
        "StatelessProcessGroup.recv",
        "MessageQueue.enqueue",
        "MessageQueue.dequeue",
    }
)
"""Calls that meet one call of one other member."""

CONTEXT_MANAGERS: frozenset[str] = frozenset(
    {
        "graph_capture",
        "patch_tensor_parallel_group",
        "set_current_parallel_config",
        "suppress_stdout",
        "GroupCoordinator.graph_capture",
    }
)
"""Functions that return a context manager: given a function, Elixir runs it inside."""

NUMBERS: dict[str, dict[str, int]] = {
    "GroupCoordinator.new": {"timeout": 7, "use_all2all": 8},
    "StatelessGroupCoordinator.new": {
        "use_message_queue_broadcaster": 5,
        "group_name": 6,
        "host": 7,
        "group_ports": 8,
        "global_rank": 9,
        "global_world_size": 10,
        "coord_store": 11,
        "timeout": 12,
        "use_all2all": 13,
    },
    "MessageQueue.new": {"timeout": 7, "enable_shm_tensor_arena": 8},
    "MessageQueue.dequeue": {"cancel": 3, "indefinite": 4},
    "StatelessProcessGroup.new": {"timeout": 5, "socket": 6},
    "stateless_init_torch_distributed_process_group": {
        "listen_socket": 7,
        "timeout": 8,
        "return_store": 9,
    },
}
"""Field numbers of parameters that are not where they were promised first: vLLM's order of them has
changed, and the numbers stay. A new one there gets the next number that was never used."""

CONSTANTS: dict[str, str] = {
    "logger": "The logger of the package: an object that stays in its rank.",
    "USE_SCHED_YIELD": "Whether `sched_yield` asks the operating system.",
}
"""Plain values of the module that are exposed as calls without parameters, with their doc."""

NOT_EXPOSED: dict[str, str] = {
    "adopt_listen_socket": "takes a socket of this process",
    "distributed": "a block of this process; clients have worlds",
    "install_as_vllm": "changes the imports of this process, which serves no vLLM code",
    "install_into_vllm": "changes the imports of this process, which serves no vLLM code",
    "register_type": "takes functions of this process",
    "set_message_step": "the runs of a world are counted already, and its messages belong to them",
    "DistributedError": "the base of the errors: a client gets them as errors, by reason",
}
"""Public names of the module that make no sense from outside its process, and why."""


def _mq_broadcaster(
    self: vllm_distributed.GroupCoordinator,
) -> vllm_distributed.MessageQueue | None:
    """The message queue through which rank 0 of the group sends objects; None where it has none."""
    queue: vllm_distributed.MessageQueue | None = self.mq_broadcaster
    return queue


ATTRIBUTES: dict[str, dict[str, Callable[..., object]]] = {
    "GroupCoordinator": {"mq_broadcaster": _mq_broadcaster},
}
"""Attributes of objects that are exposed as properties are: by a function with their type and
doc."""

GUARDED: frozenset[str] = frozenset({"resolve_obj_by_qualname", "init_distributed_environment"})
"""Functions that could reach any Python object, or any file: served by the method of `Wire` that
has their name."""


class Kind(Enum):
    """How a name is reached in Python."""

    FUNCTION = "function"
    CONSTRUCTOR = "constructor"
    # A class method or static method: called on the class.
    FACTORY = "factory"
    METHOD = "method"
    PROPERTY = "property"
    CONSTANT = "constant"


@dataclass(frozen=True)
class Exposed:
    """One callable (or constant) of the surface."""

    service: str
    name: str
    kind: Kind
    target: object
    inline: bool
    collective: bool
    doc: str

    @property
    def gated(self) -> bool:
        """Whether other ranks take part in it."""
        return self.collective or self.qualified_name in POINT_TO_POINT

    @property
    def context_manager(self) -> bool:
        """Whether it returns one."""
        return self.qualified_name in CONTEXT_MANAGERS

    @property
    def qualified_name(self) -> str:
        """For people: `get_tp_group`, `GroupCoordinator.all_reduce`."""
        return self.name if self.service == DISTRIBUTED else f"{self.service}.{self.name}"


def exposed() -> Iterator[Exposed]:
    """Everything the bridge serves, in the order of `__all__` and of definition."""
    for name in vllm_distributed.__all__:
        value = getattr(vllm_distributed, name)
        if name in CONSTANTS:
            yield Exposed(
                DISTRIBUTED,
                name,
                Kind.CONSTANT,
                value,
                inline=True,
                collective=False,
                doc=CONSTANTS[name],
            )
        elif name not in NOT_EXPOSED and isinstance(value, types.FunctionType):
            yield _exposed(DISTRIBUTED, name, Kind.FUNCTION, value)
    for service, cls in CLASSES.items():
        if service not in MADE_ELSEWHERE:
            yield _exposed(service, NEW, Kind.CONSTRUCTOR, cls)
        for name, member in own_members(cls).items():
            if name.startswith("_"):
                continue
            if isinstance(member, property) and member.fget is not None:
                yield _exposed(service, name, Kind.PROPERTY, member.fget)
            elif isinstance(member, classmethod | staticmethod):
                yield _exposed(service, name, Kind.FACTORY, getattr(cls, name))
            elif isinstance(member, types.FunctionType):
                yield _exposed(service, name, Kind.METHOD, member)
        for name, function in ATTRIBUTES.get(service, {}).items():
            yield _exposed(service, name, Kind.PROPERTY, function)


def base_of(service: str) -> str | None:
    """The exposed class that this one derives from: its methods work on objects of both."""
    cls = CLASSES[service]
    bases = [name for name, base in CLASSES.items() if base is not cls and issubclass(cls, base)]
    return bases[0] if bases else None


def own_members(cls: type) -> dict[str, object]:
    """Return what a class has, less what it inherits unchanged from an exposed one."""
    inherited: dict[str, object] = {}
    for base in CLASSES.values():
        if base is not cls and issubclass(cls, base):
            inherited |= _members(base)
    return {
        name: member for name, member in _members(cls).items() if inherited.get(name) is not member
    }


_LAST = ("send_tensor_dict", "recv_tensor_dict", "isend_tensor_dict", "irecv_tensor_dict")
"""Methods that the contract has behind the others."""


def _members(cls: type) -> dict[str, object]:
    members: dict[str, object] = {}
    for base in reversed(cls.__mro__[:-1]):
        if base is CLASSES["GroupCoordinator"]:  # the contract has its own methods in front
            members = {**vars(base), **members, **vars(base)}
        elif base is not tuple:  # of a NamedTuple, whose methods are tuples' own
            members |= vars(base)
    for name in _LAST:
        if name in members:
            members[name] = members.pop(name)
    return members


def _exposed(service: str, name: str, kind: Kind, target: Callable[..., object]) -> Exposed:
    qualified = name if service == DISTRIBUTED else f"{service}.{name}"
    return Exposed(
        service=service,
        name=name,
        kind=kind,
        target=target,
        inline=kind is Kind.PROPERTY or qualified in INLINE,
        collective=qualified in COLLECTIVE,
        doc=inspect.getdoc(target) or "",
    )
