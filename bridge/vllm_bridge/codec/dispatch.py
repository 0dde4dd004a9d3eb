"""What one RPC of the contract is, for whoever serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire

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
