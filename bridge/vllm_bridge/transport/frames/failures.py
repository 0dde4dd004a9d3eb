"""What a client hears of a call, or of a connection, that fails."""

from __future__ import annotations

import grpc

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import BridgeError, Category


def failure_of(error: BridgeError) -> Frame.Failure:
    """The failure that a client makes the same error of."""
    detail = error.to_detail()
    return Frame.Failure(code=error.status.value[0], message=detail.message, error=detail)


def status_failure(status: grpc.StatusCode, message: str) -> Frame.Failure:
    """A failure where gRPC itself would have failed the call: without an error of ours."""
    return Frame.Failure(code=status.value[0], message=message)


# In the words of gRPC's server, which a client cannot tell from its own.
def too_large_request(size: int, limit: int) -> Frame.Failure:
    """The failure of a call whose request, or a message of it, is over the limit."""
    return status_failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"SERVER: Received message larger than max ({size} vs. {limit})",
    )


def too_large_answer(size: int, limit: int) -> Frame.Failure:
    """The failure of a call whose response, or a message of it, is over the limit."""
    return status_failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"SERVER: Sent message larger than max ({size} vs. {limit})",
    )


def too_much_metadata(size: int, limit: int) -> Frame.Failure:
    """The failure of a call whose metadata are over the limit."""
    return status_failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"received metadata size exceeds hard limit ({size} vs. {limit})",
    )


BAD_METADATA = BridgeError(
    Category.VALIDATION,
    "malformed_request",
    "the metadata have a value that is no ASCII; keys of such values end in -bin",
)


def too_many_calls(depth: int) -> BridgeError:
    """Why a call is refused that would be one too many of its connection."""
    return BridgeError(
        Category.POOL,
        "queue_full",
        f"{depth} calls are open on this connection already, and no more may be; wait for some of "
        "them, or use another connection",
        details={"depth": depth, "limit": depth},
    )


def malformed(what: str) -> BridgeError:
    """Why a connection is closed."""
    return BridgeError(
        Category.VALIDATION,
        "malformed_frame",
        f"not a frame that may come here: {what}. The connection is closed",
    )


def too_many_connections(limit: int) -> BridgeError:
    """Why a connection is closed before anything has come on it."""
    return BridgeError(
        Category.POOL,
        "too_many_connections",
        f"there are {limit} frames connections here already, and no more may be; close some, send "
        "several calls over one, or use gRPC",
        details={"limit": limit},
    )


def whole_connection(error: BridgeError) -> Frame:
    """The frame before the end of a connection."""
    failure = failure_of(error)
    if error.reason == "too_many_connections":
        failure.code = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    return Frame(id=0, failure=failure)
