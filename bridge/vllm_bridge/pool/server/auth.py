"""The token of a pool, checked on every call."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.calls.abort import abort
from vllm_bridge.transport.metadata import AUTHORIZATION, text

# Probes of load balancers and schedulers carry no token, and learn nothing but whether calls are
# taken. The stream `Watch`, which holds a connection open, wants one.
HEALTH_CHECK = "/grpc.health.v1.Health/Check"


class TokenCheck(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Refuses calls without `authorization: Bearer TOKEN`, all but the health check."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """As grpc.aio calls it."""
        if handler_call_details.method == HEALTH_CHECK:
            return await continuation(handler_call_details)
        given = text(handler_call_details.invocation_metadata, AUTHORIZATION).encode()
        # In constant time: how long a refusal takes must not say how much of the token was right.
        if hmac.compare_digest(given, self._expected):
            return await continuation(handler_call_details)
        return grpc.unary_unary_rpc_method_handler(_wrong if given else _missing)


async def _missing(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
    return await _refuse(context, "this pool wants its token, and none was sent")


async def _wrong(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
    return await _refuse(context, "the token that was sent is not this pool's")


async def _refuse(context: grpc.aio.ServicerContext, what: str) -> bytes:
    remedy = (
        "give the one it was started with: `token:` of Vllm.Bridge, `token=` of "
        "vllm_bridge.client.connect, the variable VLLM_BRIDGE_TOKEN of the command line, or the "
        "metadata `authorization: Bearer TOKEN`"
    )
    error = BridgeError(Category.POOL, "unauthenticated", f"{what}: {remedy}")
    return await abort(context, error, grpc.StatusCode.UNAUTHENTICATED)
