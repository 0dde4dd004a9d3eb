"""Calls in frames, counted, logged and forwarded as those over gRPC are."""

from __future__ import annotations

from typing import NamedTuple

import grpc

from vllm_bridge.pool.calls.proxy import Proxy
from vllm_bridge.pool.frames.client_frames import FrameContext, Metadata, Serve
from vllm_bridge.pool.server.request_log import RequestLog


class _Details(NamedTuple):
    """As gRPC has them."""

    method: str
    invocation_metadata: Metadata


def served(log: RequestLog, proxy: Proxy) -> Serve:
    """What runs a call."""

    async def handler(details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return proxy.service(details)

    async def serve(method: str, body: bytes, context: FrameContext) -> bytes:
        details = _Details(method, context.invocation_metadata())
        found = await log.intercept_service(handler, details)
        if found is None or found.unary_unary is None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        answer: bytes = await found.unary_unary(body, context)
        return answer

    return serve
