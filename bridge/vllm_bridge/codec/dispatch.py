"""What one RPC of the contract is, for its server."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_distributed.errors import DistributedError

M = TypeVar("M", bound=Message)
T = TypeVar("T")


@dataclass(frozen=True)
class Dispatch:
    """A method: how to parse its request, and what to run."""

    name: str
    request: type[Message]
    call: Callable[[Any, Wire], Message]
    inline: bool
    collective: bool


@dataclass(frozen=True)
class Converter:
    """How objects of one class become messages, and messages objects."""

    cls: type
    message: type[Message]
    decode: Callable[[Any, Wire], Any]
    encode: Callable[[Any, Wire], Message]


def derived(value: object, name: str) -> Any:
    """What follows from the fields of an object; None where they do not say."""
    try:
        return getattr(value, name)
    except DistributedError:
        return None


def made(cls: Callable[..., T], fields: Mapping[str, Any]) -> T:
    """An object of the fields that a client sent in place of a ref.

    Raises:
        BridgeError: (validation, `missing_argument`) some that have no default were not sent.
    """
    parameters = inspect.signature(cls).parameters.values()
    missing = [p.name for p in parameters if p.default is p.empty and p.name not in fields]
    if missing:
        name = getattr(cls, "__name__", "object")
        raise BridgeError(
            Category.VALIDATION,
            "missing_argument",
            f"a {name} is needed, as the ref of one or as its fields; {', '.join(missing)} "
            "was not sent",
            details={"argument": missing[0]},
        )
    return cls(**fields)


def present(request: Message, field: str) -> Any:
    """The value of a required message field.

    Raises:
        BridgeError: (validation, `missing_argument`) it was not sent.
    """
    if not request.HasField(field):
        raise BridgeError(
            Category.VALIDATION,
            "missing_argument",
            f"{request.DESCRIPTOR.name} needs {field!r} and it was not sent",
            details={"argument": field},
        )
    return getattr(request, field)
