"""What a client may do with the objects of a rank: methods and attributes, per exact type.

A type that is not here has none, is no argument and no result: not a subclass of one that is here
either. There is no way to write an attribute.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vllm_bridge import surface
from vllm_bridge.rank.allow.names import TENSOR_METHODS, torch_names


@dataclass(frozen=True)
class Opening:
    """What is open of the objects of one type.

    `methods`: with their parameters that are dtypes and the like, as in `torch_names.txt`.
    `called`: whether an object can be called itself. `argument`: whether it may be sent as one.
    `entered`: whether it may be entered as a context. `keywords`: whether its methods take any.
    """

    methods: Mapping[str, str] = dataclasses.field(default_factory=dict)
    attributes: frozenset[str] = frozenset()
    called: bool = False
    argument: bool = True
    entered: bool = False
    keywords: bool = True


def _opening(methods: str = "", attributes: str = "", **more: bool) -> Opening:
    return Opening(dict.fromkeys(methods.split(), ""), frozenset(attributes.split()), **more)


_TENSOR_ATTRIBUTES = (
    "H T device dtype grad imag is_cpu is_cuda is_leaf is_meta itemsize layout mH mT nbytes ndim "
    "real requires_grad shape"
)

_STORE = _opening(
    "add append check compare_set delete_key get has_extended_api multi_get multi_set num_keys "
    "queue_len queue_pop queue_push set set_timeout wait",
    "timeout",
)
_STREAM = _opening("query synchronize", "device stream_id")
_EVENT = _opening("elapsed_time query record synchronize wait")
_CONTEXT = _opening(argument=False, entered=True)
_DATA = _opening()

OPEN: Mapping[str, Opening] = {
    "torch.Generator": _opening("get_state initial_seed manual_seed seed", "device"),
    "torch.Size": _DATA,
    "torch.device": _opening("", "index type"),
    "torch.dtype": _opening(
        "to_complex to_real", "is_complex is_floating_point is_signed itemsize"
    ),
    "torch.layout": _DATA,
    "torch.memory_format": _DATA,
    "torch.finfo": _opening("", "bits dtype eps max min resolution smallest_normal tiny"),
    "torch.iinfo": _opening("", "bits dtype max min"),
    "torch.Event": _EVENT,
    "torch.cuda.Event": _EVENT,
    "torch.Stream": _STREAM,
    "torch.cuda.Stream": _STREAM,
    "torch.no_grad": _CONTEXT,
    "torch.enable_grad": _CONTEXT,
    "torch.inference_mode": _CONTEXT,
    "torch.nn.Linear": _opening(
        "eval forward state_dict train",
        "bias in_features out_features training weight",
        called=True,
    ),
    "torch.distributed.FileStore": _STORE,
    "torch.distributed.HashStore": _STORE,
    "torch.distributed.PrefixStore": _STORE,
    "torch.distributed.TCPStore": _STORE,
    "torch.distributed.ProcessGroup": _opening("name rank size", "group_name"),
    "torch.distributed.ReduceOp": _DATA,
    "torch.distributed.ReduceOp.RedOpType": _DATA,
    "vllm_distributed.weight_transfer.StagedWeights": _opening("add commit", "missing version"),
    "logging.Logger": _opening(
        "critical debug error getEffectiveLevel info isEnabledFor warning",
        "level name",
        argument=False,
        # `extra=` writes attributes of the record.
        keywords=False,
    ),
}
"""Types by the public name of their class."""

FUNCTIONS = frozenset(
    {("vllm_distributed.groups.operations.tensor_messages", "_finisher.<locals>.finish")}
)
"""Functions that results hold, by module and qualified name: the last steps of `irecv_tensor_dict`.
A client calls them, and sends them nowhere."""

STREAMS: frozenset[type] = frozenset(
    {
        types.GeneratorType,
        enumerate,
        filter,
        map,
        reversed,
        zip,
        *map(
            type,
            (
                iter([]),
                iter(()),
                iter(""),
                iter(b""),
                iter(set()),
                iter({}),
                iter({}.items()),
                iter({}.values()),
                iter(range(0)),
                reversed([]),
            ),
        ),
    }
)
"""Iterators of Python itself: what a stream may be read from."""

_COORDINATORS = "rank ranks world_size local_rank rank_in_group unique_name device"


def opening_of(kind: type) -> Opening | None:
    """What is open of objects of exactly this type; None where nothing is."""
    known = _openings()
    if kind not in known and f"{kind.__module__}.".startswith("vllm_distributed."):
        opening = _own(kind)
        if opening is not None:
            known[kind] = opening
    return known.get(kind)


@functools.cache
def _openings() -> dict[type, Opening]:
    found: dict[type, Opening] = {}
    for name, opening in OPEN.items():
        root, *parts = name.split(".")
        kind = functools.reduce(
            lambda value, part: getattr(value, part, None), parts, _module(root)
        )
        if isinstance(kind, type):
            found[kind] = opening
    torch = _module("torch")
    operators = {
        name.removeprefix("Tensor."): places
        for name, places in torch_names().items()
        if name.startswith("Tensor.")
    }
    attributes = frozenset(_TENSOR_ATTRIBUTES.split())
    tensor = Opening({**operators, **TENSOR_METHODS}, attributes)
    return found | {torch.Tensor: tensor, torch.nn.Parameter: tensor}


def _module(name: str) -> Any:
    __import__(name)
    return sys.modules[name]


def _own(kind: type) -> Opening | None:
    """Of our own classes: what the contract has."""
    services = [name for name, cls in surface.CLASSES.items() if issubclass(kind, cls)]
    if not services:
        return None
    methods: dict[str, str] = {}
    attributes: set[str] = set()
    for item in surface.exposed():
        if item.service not in services:
            continue
        if item.kind is surface.Kind.PROPERTY:
            attributes.add(item.name)
        elif item.kind in (surface.Kind.METHOD, surface.Kind.FACTORY):
            methods[item.name] = own_places(item)
    for service in services:
        attributes.update(_fields(service, surface.CLASSES[service]))
    return Opening(methods, frozenset(attributes))


def _fields(service: str, cls: type) -> Iterable[str]:
    if service == "GroupCoordinator":
        return _COORDINATORS.split()
    if dataclasses.is_dataclass(cls):
        names = [field.name for field in dataclasses.fields(cls)]
    else:
        named_tuple: tuple[str, ...] = getattr(cls, "_fields", ())
        names = [*surface.FIELDS.get(service, ()), *named_tuple]
    return (name for name in names if not name.startswith("_"))


def own_places(item: surface.Exposed) -> str:
    """The parameters of one of our functions that are dtypes or devices, as in `torch_names.txt`.

    Annotations are compared as text, and never evaluated.
    """
    if not callable(item.target):
        return ""
    names = {"torch.dtype": "dtype", "torch.device": "device"}
    parameters = list(inspect.signature(item.target).parameters.values())
    if item.kind is surface.Kind.METHOD:
        parameters = parameters[1:]  # less the receiver
    return " ".join(
        f"{names[type_]}:{place},{parameter.name}"
        for place, parameter in enumerate(parameters)
        for type_ in str(parameter.annotation).split(" | ")
        if type_ in names
    )
