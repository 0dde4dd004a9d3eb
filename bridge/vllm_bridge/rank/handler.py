"""From a gRPC call to a Python call and back.

`service` runs on gRPC's polling thread and decides where the call goes: to the executor, to a
server thread (inline methods), or straight to an error.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import NoReturn

import grpc
from google.protobuf.message import DecodeError

from vllm_bridge.codec.dispatch import Dispatch
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.durations import LONGEST_S
from vllm_bridge.gate.counts import Counts
from vllm_bridge.gate.rank_gate import CALLER_GONE, GatedCall, RankGate
from vllm_bridge.gate.turns import Turns
from vllm_bridge.process import logs
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.chunks import ChunksMalformed, ChunkStorage
from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.failures import bridge_error
from vllm_bridge.rank.journal import Journal, Record
from vllm_bridge.rank.sessions import RankSession, RankSessions
from vllm_bridge.rank.transfers import CallerGone, Transfers
from vllm_bridge.transport import metadata as keys
from vllm_distributed.wire.message_steps import set_run

_logger = logging.getLogger("vllm_bridge.rank.calls")

CHUNKS_CALL = "/vllm.bridge.v1.Chunks/Call"

# By busy ranks, too: what has been entered has to be exited.
_ALWAYS_TAKEN = frozenset({"Objects.exit"})


@dataclass(frozen=True)
class RankState:
    """What the calls of a rank share."""

    rank: int | None
    sessions: RankSessions
    journal: Journal
    executor: Executor
    allow_list: AllowList
    # None: outside any world, or in one without a gate.
    gate: RankGate | None = None
    counts: Counts = field(default_factory=Counts)
    turns: Turns = field(default_factory=Turns)
    # Calls that may wait for the executor; 0 for any number.
    max_queue: int = 0
    # For calls that come in parts, while bytes arrive and leave.
    transfers: Transfers = field(default_factory=Transfers)


class RankHandler(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves a table of methods."""

    def __init__(self, state: RankState, methods: Mapping[str, Dispatch]) -> None:
        self._state = state
        self._methods = methods

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Route one call; None means UNIMPLEMENTED."""
        path: str = details.method
        metadata = dict(details.invocation_metadata)
        in_parts = path == CHUNKS_CALL
        if in_parts:
            path = metadata.get(keys.METHOD, "")
        dispatch = self._methods.get(path)
        if dispatch is None:
            return None
        record = Record(metadata.get(keys.SESSION_ID, ""), metadata.get(keys.CALL_ID, ""), path)
        behaviour: _Refusal | _Call | _CallInParts
        try:
            self._state.sessions.check_epoch(record.session_id, metadata.get(keys.EPOCH, ""))
            session = self._state.sessions.get(record.session_id)
            record.run = keys.run_named(metadata.get(keys.TURN, ""))
            self._state.turns.see(record.run)
            if not _beside_turns(dispatch):
                self._state.turns.check(record.run, dispatch.name)
            self._check_busy(dispatch, session, metadata)
            self._check_queue(dispatch)
        except BridgeError as error:
            error.rank = self._state.rank
            error.call_id = record.call_id
            self._state.counts.add(dispatch.name, error.reason, 0.0, 0, 0)
            behaviour = _Refusal(error)
        else:
            chunks = ChunkStorage() if in_parts else None
            wire = Wire(
                session.objects,
                self._state.allow_list,
                keep_tensors=metadata.get(keys.TENSORS) == keys.TENSORS_AS_REFS,
                storage=chunks or session.memory_of_call(metadata.get(keys.SHARED_MEMORY, "")),
            )
            kind = _Call if dispatch.inline else _QueuedCall
            call = kind(self._state, dispatch, record, wire)
            behaviour = _CallInParts(self._state, call, chunks) if chunks else call
        # Requests are parsed where the call runs, not on the polling thread.
        if in_parts:
            return grpc.stream_stream_rpc_method_handler(behaviour)
        return grpc.unary_unary_rpc_method_handler(behaviour)

    def _check_busy(
        self, dispatch: Dispatch, session: RankSession, metadata: Mapping[str, str]
    ) -> None:
        if dispatch.inline or dispatch.name in _ALWAYS_TAKEN or not self._state.executor.busy:
            return
        if session.fail_fast or metadata.get(keys.AFFINITY) == keys.FAIL_FAST:
            raise BridgeError(
                Category.WORKER,
                "worker_busy",
                f"the rank is busy ({len(self._state.journal)} calls running or waiting) and "
                "the session's affinity is strict_fail_fast; try again, or use strict_queue",
                details={"calls": len(self._state.journal)},
            )

    def _check_queue(self, dispatch: Dispatch) -> None:
        limit, depth = self._state.max_queue, len(self._state.journal) - 1
        if dispatch.inline or dispatch.name in _ALWAYS_TAKEN or limit == 0 or depth < limit:
            return
        raise BridgeError(
            Category.POOL,
            "queue_full",
            f"{depth} calls wait for this rank already, and at most {limit} may; try again later, "
            "or give the pool a larger max_queue",
            details={"depth": depth, "limit": limit},
        )


def _beside_turns(dispatch: Dispatch) -> bool:
    """Whether the call may come after its turn: it reads, or exits what was entered."""
    return dispatch.inline or dispatch.name in _ALWAYS_TAKEN


class _Refusal:
    """Answers a call that may not run."""

    def __init__(self, error: BridgeError) -> None:
        self._error = error

    def __call__(self, request: object, context: grpc.ServicerContext) -> bytes:
        _abort(context, self._error)


class _Call:
    """One call, run in whatever thread gRPC gives it."""

    def __init__(self, state: RankState, dispatch: Dispatch, record: Record, wire: Wire) -> None:
        self._state = state
        self._dispatch = dispatch
        self._record = record
        self._wire = wire

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        response, outcome = b"", "ok"
        try:
            response = self._dispatch.call(
                self._dispatch.request.FromString(request), self._wire
            ).SerializeToString()
        except DecodeError as error:
            outcome = "malformed_request"
            _abort(context, self.malformed(error))
        except Exception as error:  # noqa: BLE001 - whatever a call raises is its caller's answer
            failure = bridge_error(error, rank=self._state.rank, call_id=self._record.call_id)
            outcome = failure.reason
            _abort(context, failure)
        finally:
            seconds = time.monotonic() - self._record.queued_at
            self._state.counts.add(
                self._dispatch.name, outcome, seconds, len(request), len(response)
            )
            if _logger.isEnabledFor(logging.DEBUG):
                self._log(outcome, seconds)
        return response

    def _log(self, outcome: str, seconds: float) -> None:
        logs.log(
            _logger,
            logging.DEBUG,
            f"{self._dispatch.name}: {outcome}",
            method=self._dispatch.name,
            outcome=outcome,
            seconds=round(seconds, 6),
            session_id=self._record.session_id,
            call_id=self._record.call_id,
        )

    def submit(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Run it from a thread that is not its own, and wait for it."""
        return self(request, context)

    def refused(self, error: BridgeError) -> BridgeError:
        """An error that has no place yet."""
        error.rank, error.call_id = self._state.rank, self._record.call_id
        return error

    def malformed(self, error: Exception) -> BridgeError:
        """The error for a request that cannot be read."""
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
        self.experimental_thread_pool = state.executor.queue(record)

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        # Before it starts, so that nobody leaves unseen. False: the call is over for its caller.
        if not context.add_callback(self._caller_gone):
            self._caller_gone()
        if self._record.gone_at or not self._state.journal.start(self._record):
            _abort(
                context,
                BridgeError(
                    Category.TIMEOUT,
                    "withdrawn",
                    f"{self._dispatch.name} was withdrawn, or its caller went away, while it "
                    "waited in the queue; it never ran",
                    rank=self._state.rank,
                    call_id=self._record.call_id,
                ),
            )
        record = self._record
        # What it sends is for calls of the same run.
        set_run(record.run.turn)
        left = context.time_remaining()
        if left is not None and left < LONGEST_S:
            record.deadline = record.started_at + left
        try:
            in_turn = record.run.turn and not _beside_turns(self._dispatch)
            with self._turn(context) if in_turn else nullcontext():
                if self._state.gate is not None:
                    self._wire.gate_pass = GatedCall(self._state.gate, record, context)
                with self._state.sessions.results.of_call(kept=self._wire.keep_tensors):
                    return super().__call__(request, context)
        finally:
            # Before the answer: a caller that has it must not find the rank busy.
            self._state.journal.end(record)

    @contextmanager
    def _turn(self, context: grpc.ServicerContext) -> Iterator[None]:
        """While it runs: another run may have got its turn while the call waited."""
        record = self._record
        with ExitStack() as running:
            try:
                running.enter_context(self._state.turns.running(record, self._dispatch.name))
            except BridgeError as error:
                error.rank, error.call_id = self._state.rank, record.call_id
                record.refusal = error.to_detail()
                _abort(context, error)
            yield

    def submit(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Queue it on the executor."""

        def run() -> bytes:
            # gRPC sees to this where it queues a call itself.
            if not context.is_active():
                raise CallerGone
            return self(request, context)

        return self.experimental_thread_pool.submit(run).result()  # type: ignore[no-any-return]

    def _caller_gone(self) -> None:
        """The call is over for its caller: answered, cancelled, or past its deadline."""
        record = self._record
        if record.ended_at:
            return
        record.gone_at = time.monotonic()
        if self._state.gate is not None and record.pending is not None:
            self._state.gate.leave(record.pending, CALLER_GONE)


class _CallInParts:
    """One call whose tensors come and go in chunks, moved by a thread that only does that."""

    def __init__(self, state: RankState, call: _Call, chunks: ChunkStorage) -> None:
        self._call = call
        self._chunks = chunks
        self._transfers = state.transfers
        self.experimental_thread_pool = state.transfers.threads

    def __call__(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            with self._transfers.begin(context) as transfer, suppress(CallerGone):
                # A client that has sent nothing yet may still send the call to another rank.
                context.send_initial_metadata(((keys.PARTS, "accepted"),))
                request = self._chunks.receive(transfer.received(requests))
                answer = self._chunks.parts(self._call.submit(request, context))
                yield from self._transfers.sent(transfer, answer)
        except (ChunksMalformed, DecodeError) as error:
            _abort(context, self._call.malformed(error))
        except BridgeError as error:
            _abort(context, self._call.refused(error))


def _abort(context: grpc.ServicerContext, error: BridgeError) -> NoReturn:
    context.set_trailing_metadata(error.trailers())
    context.abort(error.status, error.to_detail().message)
    raise error  # not reached: abort raises
