"""From a gRPC call to a Python call and back.

`service` runs on gRPC's polling thread and decides where the call goes: to the executor, to a
server thread (inline methods), or straight to an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import grpc
from google.protobuf.message import DecodeError

from vllm_bridge import metadata as keys
from vllm_bridge.codec.dispatch import Dispatch
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow_list import AllowList
from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.failures import bridge_error
from vllm_bridge.rank.journal import Journal, Record
from vllm_bridge.rank.sessions import RankSession, RankSessions


@dataclass(frozen=True)
class RankState:
    """What the calls of a rank share."""

    rank: int | None
    sessions: RankSessions
    journal: Journal
    executor: Executor
    allow_list: AllowList


class RankHandler(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves a table of methods."""

    def __init__(self, state: RankState, methods: Mapping[str, Dispatch]) -> None:
        self._state = state
        self._methods = methods

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Route one call; None means UNIMPLEMENTED."""
        path: str = details.method
        dispatch = self._methods.get(path)
        if dispatch is None:
            return None
        metadata = dict(details.invocation_metadata)
        record = Record(metadata.get(keys.SESSION_ID, ""), metadata.get(keys.CALL_ID, ""), path)
        behaviour: _Refusal | _Call
        try:
            session = self._state.sessions.get(record.session_id)
            self._check_busy(dispatch, session, metadata)
        except BridgeError as error:
            error.rank = self._state.rank
            error.call_id = record.call_id
            behaviour = _Refusal(error)
        else:
            wire = Wire(
                session.objects,
                self._state.allow_list,
                keep_tensors=metadata.get(keys.TENSORS) == keys.TENSORS_AS_REFS,
            )
            kind = _Call if dispatch.inline else _QueuedCall
            behaviour = kind(self._state, dispatch, record, wire)
        # Requests are parsed where the call runs, not on the polling thread.
        return grpc.unary_unary_rpc_method_handler(behaviour)

    def _check_busy(
        self, dispatch: Dispatch, session: RankSession, metadata: Mapping[str, str]
    ) -> None:
        if dispatch.inline or not self._state.executor.busy:
            return
        if session.fail_fast or metadata.get(keys.AFFINITY) == keys.FAIL_FAST:
            raise BridgeError(
                Category.WORKER,
                "worker_busy",
                f"the rank is busy ({len(self._state.journal)} calls running or waiting) and "
                "the session's affinity is strict_fail_fast; try again, or use strict_queue",
                details={"calls": len(self._state.journal)},
            )


class _Refusal:
    """Answers a call that may not run."""

    def __init__(self, error: BridgeError) -> None:
        self._error = error

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        _abort(context, self._error)


class _Call:
    """One call, run in whatever thread gRPC gives it."""

    def __init__(self, state: RankState, dispatch: Dispatch, record: Record, wire: Wire) -> None:
        self._state = state
        self._dispatch = dispatch
        self._record = record
        self._wire = wire

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            response: bytes = self._dispatch.call(
                self._dispatch.request.FromString(request), self._wire
            ).SerializeToString()
        except DecodeError as error:
            _abort(context, self._malformed(error))
        except Exception as error:  # noqa: BLE001 - whatever a call raises is its caller's answer
            _abort(
                context,
                bridge_error(error, rank=self._state.rank, call_id=self._record.call_id),
            )
        return response

    def _malformed(self, error: DecodeError) -> BridgeError:
        return BridgeError(
            Category.VALIDATION,
            "malformed_request",
            f"not a {self._dispatch.request.DESCRIPTOR.full_name}: {error}",
            rank=self._state.rank,
            call_id=self._record.call_id,
        )


class _QueuedCall(_Call):
    """One call on the executor."""

    def __init__(self, state: RankState, dispatch: Dispatch, record: Record, wire: Wire) -> None:
        super().__init__(state, dispatch, record, wire)
        # Where grpc looks for the thread to run this behaviour in.
        self.experimental_thread_pool = state.executor.lane(record)

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        if not self._state.journal.start(self._record):
            _abort(
                context,
                BridgeError(
                    Category.TIMEOUT,
                    "withdrawn",
                    f"{self._dispatch.name} was withdrawn while it waited in the queue; "
                    "it never ran",
                    rank=self._state.rank,
                    call_id=self._record.call_id,
                ),
            )
        return super().__call__(request, context)


def _abort(context: grpc.ServicerContext, error: BridgeError) -> NoReturn:
    context.set_trailing_metadata(error.trailers())
    context.abort(error.status, error.to_detail().message)
    raise error  # not reached: abort raises
