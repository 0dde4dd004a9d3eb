"""Every request on its way in: counted, logged, its ids put on what is logged meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from vllm_bridge.codec.errors import detail_in
from vllm_bridge.pool.calls.abort import abort
from vllm_bridge.pool.observe.metrics import OTHER, Metrics
from vllm_bridge.pool.server.reflection import method_names
from vllm_bridge.process import background, logs
from vllm_bridge.transport import metadata as keys

_logger = logging.getLogger("vllm_bridge.pool.requests")


class RequestLog(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Counts every request, logs its end at level debug, and puts its ids on what it logs."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._methods = method_names()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """As grpc.aio calls it: in the task that then runs the handler."""
        given = handler_call_details.invocation_metadata
        logs.bind(
            call_id=keys.text(given, keys.CALL_ID), session_id=keys.text(given, keys.SESSION_ID)
        )
        handler = await continuation(handler_call_details)
        # Names come from callers: only those that exist may become labels.
        method = self._methods.get(handler_call_details.method, OTHER)
        if handler is None:
            self._metrics.request(method, "unimplemented", 0.0, 0, 0)
            return None
        if handler.unary_unary is None:
            return handler
        return grpc.unary_unary_rpc_method_handler(
            self._counted(method, handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _counted(self, method: str, answer: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        async def run(request: Any, context: grpc.aio.ServicerContext) -> Any:
            begin = time.perf_counter()
            outcome, response = "cancelled", None
            try:
                response = await answer(request, context)
                outcome = "ok"
            except grpc.aio.AbortError:
                outcome = _reason(context)
                raise
            except Exception as error:
                outcome = "internal_error"
                _logger.exception("%s failed by a mistake of the server", method)
                await abort(context, background.defect(method, error))
            finally:
                seconds = time.perf_counter() - begin
                self._metrics.request(method, outcome, seconds, _size(request), _size(response))
                logs.log(
                    _logger,
                    logging.DEBUG,
                    f"{method}: {outcome}",
                    method=method,
                    outcome=outcome,
                    seconds=round(seconds, 6),
                )
            return response

        return run


def _reason(context: grpc.aio.ServicerContext) -> str:
    """The reason of the error that a call was ended with, or its status."""
    detail = detail_in(context.trailing_metadata() or ())
    if detail is not None and detail.reason:
        return detail.reason
    code = context.code()
    # An integer for a status that came from the second hop.
    return code.name.lower() if isinstance(code, grpc.StatusCode) else "error"


def _size(message: object) -> int:
    if isinstance(message, bytes):
        return len(message)
    size = getattr(message, "ByteSize", None)
    return int(size()) if size is not None else 0
