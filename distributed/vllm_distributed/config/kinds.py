"""The kinds of values that fields of a configuration have, with their ranges.

To a caller, and to `typing.get_type_hints`, they are plain `int`, `str` and so on.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from vllm_distributed.errors import InvalidArgumentError

__all__ = [
    "All2AllBackend",
    "AtLeastOne",
    "CPUList",
    "DCPCommBackend",
    "DataParallelBackend",
    "DistributedExecutorBackend",
    "EPLBCommunicatorBackend",
    "EPLBPolicyOption",
    "Executor",
    "ExpertPlacementStrategy",
    "NotNegative",
    "PlacementGroup",
    "Port",
    "RuntimeEnv",
    "choices_of",
]

# What numactl's --physcpubind takes: numbers and ranges, a range perhaps with a stride.
_CPU_LIST = re.compile(r"\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*")


class _OneOf:
    """A check that a text is one of `choices`."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def __call__(self, value: str) -> str:
        if value not in self.choices:
            raise InvalidArgumentError(
                f"{value!r} is not one of {', '.join(self.choices)}", choices=list(self.choices)
            )
        return value


def _not_a_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise InvalidArgumentError(f"{value} is a boolean where a number is wanted")
    return value


def _is_cpu_list(value: str) -> str:
    if not _CPU_LIST.fullmatch(value):
        raise InvalidArgumentError(
            f"{value!r} is not a list of CPUs as numactl reads it, such as '0-3' or '0,2,4-7'"
        )
    return value


def choices_of(kind: Any) -> tuple[str, ...]:
    """Return the texts that a kind of this module allows.

    >>> choices_of(DataParallelBackend)
    ('mp', 'ray')
    """
    for note in get_args(kind):
        check = getattr(note, "func", None)
        if isinstance(check, _OneOf):
            return check.choices
    return ()


# Of others' classes: whatever their owners make.
Executor = PlacementGroup = RuntimeEnv = Any

_Number = BeforeValidator(_not_a_boolean)

AtLeastOne = Annotated[int, _Number, Field(ge=1)]
NotNegative = Annotated[int, _Number, Field(ge=0)]
Port = Annotated[int, _Number, Field(ge=0, le=65535)]
CPUList = Annotated[str, AfterValidator(_is_cpu_list)]

ExpertPlacementStrategy = Annotated[str, AfterValidator(_OneOf("linear", "round_robin"))]
DistributedExecutorBackend = Annotated[
    str, AfterValidator(_OneOf("ray", "mp", "uni", "external_launcher"))
]
DataParallelBackend = Annotated[str, AfterValidator(_OneOf("mp", "ray"))]
DCPCommBackend = Annotated[str, AfterValidator(_OneOf("ag_rs", "a2a"))]
EPLBPolicyOption = Annotated[str, AfterValidator(_OneOf("default"))]
EPLBCommunicatorBackend = Annotated[
    str,
    AfterValidator(
        _OneOf("torch_nccl", "torch_gloo", "shared_memory", "torch_xccl", "nixl", "pynccl")
    ),
]
All2AllBackend = Annotated[
    str,
    AfterValidator(
        _OneOf(
            "allgather_reducescatter",
            "deepep_high_throughput",
            "deepep_low_latency",
            "deepep_v2",
            "mori_high_throughput",
            "mori_low_latency",
            "moonep",
            "nixl_ep",
            "flashinfer_nvlink_two_sided",
            "flashinfer_nvlink_one_sided",
            "passthrough",
            # of version 0.14 only
            "naive",
            "pplx",
            "flashinfer_all2allv",
        )
    ),
]
