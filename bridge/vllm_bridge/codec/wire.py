"""The types of the contract, as the generated dispatch code uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import torch
import torch.distributed as dist
from google.protobuf.duration_pb2 import Duration
from torch.distributed import ProcessGroup

import vllm_distributed
from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import tensors, terms
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.named_values import device_named
from vllm_bridge.durations import from_duration, to_duration
from vllm_distributed.compat.torch_internals import is_alive

T = TypeVar("T")


class Contexts(Protocol):
    """Context managers that a session has entered."""

    def enter(self, ref: types_pb2.Ref, context: Any, check: Callable[[object], None]) -> Any:
        """Enter one that passes the check; what its `__enter__` returns."""
        ...

    def exit(self, ref: types_pb2.Ref, error: str) -> bool:
        """Exit the last one; whether it suppresses the error."""
        ...

    def __contains__(self, ref_id: object) -> bool:
        """Whether the object of that id is entered."""
        ...


class Objects(terms.ObjectSpace, Protocol):
    """An object space that can also forget, and enter contexts."""

    @property
    def contexts(self) -> Contexts:
        """What is entered."""
        ...

    @property
    def failures(self) -> dict[str, Exception]:
        """What iterators raised after the items that were fetched last, by their refs."""
        ...

    def name(self, name: str, value: object) -> None:
        """Keep an object under a name."""
        ...

    def forget_name(self, name: str) -> None:
        """Nothing has that name any more."""
        ...

    def names(self) -> list[str]:
        """The names there are."""
        ...

    def peek(self, ref: types_pb2.Ref) -> object:
        """The kept object, or None."""
        ...

    def release(self, ref: types_pb2.Ref) -> bool:
        """Forget an object; False when it was not there."""
        ...


class Target(Protocol):
    """Something that a client may call."""

    @property
    def function(self) -> Callable[..., Any]:
        """What runs."""
        ...

    def arguments(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, with objects of torch for the names of such."""
        ...


class NameResolver(Protocol):
    """Qualified names that a client may use."""

    def resolve(self, qualified_name: str) -> Any:
        """The object of that name."""
        ...

    def resolve_callable(self, qualified_name: str) -> Target:
        """As `resolve`, for something to call."""
        ...

    def attribute(self, value: object, name: str) -> Any:
        """`value.name`, where a client may read it."""
        ...

    def method(self, value: object, name: str) -> Target:
        """`value.name`, where a client may call it."""
        ...

    def called(self, value: object) -> Target:
        """An object, where a client may call it."""
        ...

    def load(self, module: str) -> list[str]:
        """Import a module of the operator's; the public names that a client may use."""
        ...

    def check_argument(self, value: object) -> None:
        """Refuse an object that is no argument."""
        ...

    def check_result(self, value: object, *, stream: bool = False) -> None:
        """Refuse an object that a client may not have."""
        ...

    def check_context(self, value: object) -> None:
        """Refuse a context that a client may not enter."""
        ...


class GatePass(Protocol):
    """Runs a call that other ranks take part in, and asks the gate before it sends anything."""

    def __call__(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """What the function returns."""
        ...


class Wire:
    """Converts the arguments and the result of one call, in one session.

    `keep_tensors`: results stay in the rank and travel as refs. `storage`: where bytes of tensors
    are that are not in their message.
    """

    def __init__(
        self,
        objects: Objects,
        allow_list: NameResolver,
        *,
        keep_tensors: bool = False,
        storage: tensors.Storage = tensors.INLINE,
    ) -> None:
        self.objects = objects
        self._storage = storage
        self.allow_list = allow_list
        self.keep_tensors = keep_tensors
        self.gate_pass: GatePass | None = None
        """Set for a call that has to pass the gate of its world."""

    def gated(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call a function that other ranks take part in; `name` is its qualified one."""
        if self.gate_pass is None:
            return function(*args, **kwargs)
        return self.gate_pass(name, function, args, kwargs)

    def by_value(self) -> Wire:
        """The same conversions, with tensors by value."""
        return Wire(self.objects, self.allow_list, storage=self._storage)

    def resolve_obj_by_qualname(self, qualname: str) -> Any:
        """`vllm_distributed.resolve_obj_by_qualname`, behind the allow list."""
        return self.allow_list.resolve(qualname)

    def init_distributed_environment(self, **arguments: Any) -> None:
        """`vllm_distributed.init_distributed_environment`, without rendezvous in files."""
        method = str(arguments.get("distributed_init_method", "env://"))
        # Any other scheme is one of torch's handlers, some of which make files.
        if ":" in method and not method.startswith(("tcp://", "env://")):
            raise BridgeError(
                Category.VALIDATION,
                "path_not_allowed",
                f"distributed_init_method is {method[:200]!r}; a client may not name files of the "
                'server, nor torch\'s other handlers: use "tcp://HOST:PORT", "env://" or start a '
                "world",
                details={"argument": "distributed_init_method"},
            )
        vllm_distributed.init_distributed_environment(**arguments)

    def tensor(self, message: types_pb2.Tensor) -> torch.Tensor:
        """A tensor argument."""
        return terms.tensor_value(message, self, self._storage)

    def to_tensor(self, value: torch.Tensor) -> types_pb2.Tensor:
        """A tensor result."""
        return terms.tensor_message(value, self, keep=self.keep_tensors, storage=self._storage)

    def term(self, message: types_pb2.Term) -> Any:
        """An argument of any type."""
        return terms.decode(message, self, self._storage)

    def to_term(self, value: object) -> types_pb2.Term:
        """A result of any type."""
        return terms.encode(value, self, keep_tensors=self.keep_tensors, storage=self._storage)

    def put(self, value: object) -> types_pb2.Ref:
        """Keep an object that somebody's code has returned, where a client may have it."""
        self.allow_list.check_result(value, stream=True)
        return self.objects.put(value)

    def get(self, ref: types_pb2.Ref) -> object:
        """The kept object, as an argument of a call."""
        value = self.objects.get(ref)
        self.allow_list.check_argument(value)
        return value

    def group(self, message: types_pb2.GroupCoordinator) -> vllm_distributed.GroupCoordinator:
        """A coordinator argument."""
        group: vllm_distributed.GroupCoordinator = self._object(
            message.ref, vllm_distributed.GroupCoordinator
        )
        return group

    def to_group(self, value: vllm_distributed.GroupCoordinator) -> types_pb2.GroupCoordinator:
        """A coordinator result: the handle and its facts."""
        return types_pb2.GroupCoordinator(
            ref=self.objects.put(value),
            unique_name=value.unique_name,
            ranks=value.ranks,
            rank=value.rank,
            rank_in_group=value.rank_in_group,
            world_size=value.world_size,
            local_rank=value.local_rank,
            backend=value.backend,
            device=str(value.device),
        )

    def instance(self, message: types_pb2.Ref, kind: type[T]) -> T:
        """The object a method is called on."""
        value: T = self._object(message, kind)
        return value

    def kept(self, ref: types_pb2.Ref) -> Any:
        """An object of any class."""
        return self._object(ref, object)

    def to_object(self, value: object) -> types_pb2.Ref:
        """An object that stays here."""
        return self.put(value)

    def keep(self, value: object) -> types_pb2.Ref:
        """An object of an exposed class that stays here."""
        return self.objects.put(value)

    def process_group(self, message: types_pb2.ProcessGroup) -> ProcessGroup:
        """A torch process group argument."""
        group: ProcessGroup = self._object(message.ref, ProcessGroup)
        return group

    def to_process_group(self, value: ProcessGroup) -> types_pb2.ProcessGroup:
        """A torch process group result."""
        # A stateless group is not among those that torch.distributed has a record of.
        known = dist.is_initialized() and is_alive(value)
        return types_pb2.ProcessGroup(
            ref=self.objects.put(value),
            unique_name=value.group_name if known else "",
            ranks=dist.get_process_group_ranks(value) if known else range(value.size()),
            rank_in_group=value.rank(),
            world_size=value.size(),
            backend=dist.get_backend(value) if known else value.name(),
        )

    def dtype(self, name: str) -> torch.dtype:
        """A dtype argument."""
        return tensors.dtype_named(name)

    def to_dtype(self, value: torch.dtype) -> str:
        """A dtype result."""
        return tensors.dtype_name(value)

    def size(self, extents: Iterable[int]) -> torch.Size:
        """A shape argument."""
        return torch.Size(list(extents))

    def to_size(self, value: torch.Size) -> list[int]:
        """A shape result."""
        return list(value)

    def device(self, name: str) -> torch.device:
        """A device argument."""
        return device_named(name)

    def to_device(self, value: torch.device) -> str:
        """A device result."""
        return str(value)

    def duration(self, message: Duration) -> timedelta:
        """A duration argument."""
        return from_duration(message)

    def to_duration(self, value: timedelta) -> Duration:
        """A duration result."""
        return to_duration(value)

    def _object(self, ref: types_pb2.Ref, kind: type) -> Any:
        if not ref.id:
            raise BridgeError(
                Category.VALIDATION,
                "missing_argument",
                f"a {kind.__name__} is needed here and none was given",
            )
        value = self.objects.get(ref)
        if kind is object:
            self.allow_list.check_argument(value)
        elif not isinstance(value, kind):
            raise BridgeError(
                Category.VALIDATION,
                "wrong_type",
                f"the ref {ref.id} is a {type(value).__name__}; a {kind.__name__} is needed here",
                details={"ref": ref.id},
            )
        return value
