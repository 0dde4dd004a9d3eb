"""Objects and tensors that stay in a rank: what may be asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from google.protobuf.message import Message

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.client._calls.checks import text, wrong_type
from vllm_bridge.client._calls.exchange import Decode, Exchange
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.timeouts import UNSET, Timeout
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.refs import Named, StandIn
from vllm_bridge.transport.frames.calling import Metadata
from vllm_bridge.transport.metadata import TENSORS, TENSORS_AS_REFS

if TYPE_CHECKING:
    from vllm_bridge._generated import types_pb2

Kept = StandIn | Named
"""An object that a rank keeps: as a call has returned it, or by its name."""

Callee = str | StandIn | Named
"""What is called: a name, or such an object."""

Tensors = Literal["value", "ref"]
"""Whether tensors of a result come here, or stay in the rank."""


class Calls(Protocol):
    """A session's calls, as much as is needed here."""

    link: Link
    info: pool_pb2.Session

    async def objects(
        self, name: str, request: Message, decode: Decode, timeout: Timeout = UNSET
    ) -> Exchange:
        """A call of the rank's `Objects`."""


async def get_attribute(calls: Calls, of: Kept, name: str, timeout: Timeout) -> Any:
    """What an object that the rank keeps has under a name."""
    from vllm_bridge._generated import types_pb2
    from vllm_bridge.codec.calls import decode_term

    text("name", name, "the name of an attribute")
    request = rank_pb2.GetAttributeRequest(object=await ref_of(calls, of), name=name)
    exchange = await calls.objects(
        "GetAttribute",
        request,
        lambda response, storage: decode_term(types_pb2.Term.FromString(response), storage),
        timeout,
    )
    return await exchange.result()


async def fetch(calls: Calls, of: Kept, timeout: Timeout) -> Any:
    """A tensor that the rank keeps."""
    from vllm_bridge._generated import types_pb2
    from vllm_bridge.codec import tensors

    request = rank_pb2.FetchRequest(object=await ref_of(calls, of))
    exchange = await calls.objects(
        "Fetch",
        request,
        lambda response, storage: tensors.from_message(
            types_pb2.Tensor.FromString(response), storage
        ),
        timeout,
    )
    return await exchange.result()


async def release(calls: Calls, objects: Sequence[Kept], timeout: Timeout) -> int:
    """Have the rank forget objects."""
    request = rank_pb2.ReleaseRequest(objects=[await ref_of(calls, of) for of in objects])
    exchange = await calls.objects(
        "Release",
        request,
        lambda response, _: rank_pb2.ReleaseResponse.FromString(response).released,
        timeout,
    )
    return int(await exchange.result())


async def ref_of(calls: Calls, of: Kept) -> types_pb2.Ref:
    """The ref of an object of this session.

    Raises:
        BridgeError: (validation, `wrong_type`) it is none of a rank.
    """
    # Imports torch, which only those who exchange tensors with ranks should pay for.
    await calls.link.io.load("vllm_bridge.codec.calls")
    from vllm_bridge.codec.calls import RemoteObject, RemoteObjects

    own = RemoteObjects(calls.info.session_id, calls.info.epoch).own(of)
    if not isinstance(own, RemoteObject):
        raise wrong_type("the object", of, "one that a rank keeps, which a call has returned")
    return own.to_ref()


def where(tensors: str) -> Metadata:
    """The metadata that says where tensors of the result are to be.

    Raises:
        BridgeError: (validation, `invalid_option`) it is no such place.
    """
    if tensors not in ("value", "ref"):
        raise BridgeError(
            Category.VALIDATION,
            "invalid_option",
            f'tensors is {tensors!r}; it must be "value" or "ref"',
            details={"argument": "tensors"},
        )
    return ((TENSORS, TENSORS_AS_REFS),) if tensors == "ref" else ()
