"""Snakepit's own service, on the Elixir side: it keeps the tools that are written in Elixir."""

from __future__ import annotations

import threading

import grpc

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport.grpc_options import CHANNEL

SERVICE = "/snakepit.bridge.BridgeService/"

CORRELATION_HEADER = "x-snakepit-correlation-id"

LONGEST_SECONDS = 120.0
"""For a forwarded call whose caller set no deadline."""


class Elixir:
    """A connection that is made when it is first needed."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None

    def forward(
        self, method: str, request: bytes, timeout: float | None, correlation_id: str
    ) -> bytes:
        """What that service answers to a request; the bytes are passed on as they are.

        Raises:
            BridgeError: (validation, `no_elixir_address`) the worker was started without one;
                (worker or timeout) nobody answered there, in time.
        """
        if not self._address:
            raise BridgeError(
                Category.VALIDATION,
                "no_elixir_address",
                f"{method} is answered by the Elixir side, and this worker does not know where "
                "that is; start it with --elixir-address HOST:PORT",
            )
        with self._lock:
            if self._channel is None:
                self._channel = grpc.insecure_channel(self._address, options=CHANNEL)
        limit = LONGEST_SECONDS if timeout is None else min(timeout, LONGEST_SECONDS)
        call = self._channel.unary_unary(SERVICE + method)
        metadata = ((CORRELATION_HEADER, correlation_id),) if correlation_id else ()
        try:
            return bytes(call(request, timeout=limit, metadata=metadata))
        except grpc.RpcError as error:
            late = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            raise BridgeError(
                Category.TIMEOUT if late else Category.WORKER,
                "elixir_timeout" if late else "elixir_unavailable",
                f"{method} at {self._address} failed: {error.code().name}: {error.details()}",
                details={"address": self._address, "status": error.code().name},
            ) from None
