"""From a call, whatever carries it, to a Python call and back.

`Calls.take` decides, in the thread that reads calls, whether one may run. Where it runs is its
carrier's to see to: a `QueuedCall` on the executor, any other beside it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from vllm_bridge.codec.chunks import ChunksMalformed, ChunkStorage
from vllm_bridge.codec.dispatch import Dispatch
from vllm_bridge.codec.draining import draining
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.durations import LONGEST_S
from vllm_bridge.gate.caller import Caller
from vllm_bridge.gate.counts import Counts
from vllm_bridge.gate.rank_gate import CALLER_GONE, GatedCall, RankGate
from vllm_bridge.gate.turns import Turns
from vllm_bridge.process import logs
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.failures import bridge_error
from vllm_bridge.rank.journal import Journal, Record
from vllm_bridge.rank.observe.traces import Traces
from vllm_bridge.rank.sessions import RankSession, RankSessions
from vllm_bridge.rank.transfers import CallerGone, Transfers
from vllm_bridge.transport import metadata as keys
from vllm_distributed.wire.message_steps import set_run

_logger = logging.getLogger("vllm_bridge.rank.calls")

CHUNKS_CALL = "/vllm.bridge.v1.Chunks/Call"

# By busy ranks, too: what has been entered has to be exited.
_ALWAYS_TAKEN = frozenset({"Objects.exit"})

# What of objects is for other ranks, too.
_OBJECTS_GATED = frozenset({"Objects.call", "Objects.send", "Objects.receive"})

# Inline methods that may take time: they wait for the pool, or count what their arguments say.
_NOT_QUICK = ("Rank.", "Topology.", "ParallelSizes.", "get_expert_placement")

Metadata = Mapping[str, "str | bytes"]


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
    # Set when the server stops: no calls are taken but those of runs.
    draining: threading.Event = field(default_factory=threading.Event)
    # None: no traces are exported.
    traces: Traces | None = None
    # For calls that come in parts, while bytes arrive and leave.
    transfers: Transfers = field(default_factory=Transfers)


class Calls:
    """The calls of a table of methods."""

    def __init__(self, state: RankState, methods: Mapping[str, Dispatch]) -> None:
        self.state = state
        self._methods = methods

    def known(self, path: str, metadata: Metadata) -> bool:
        """Whether there is such a method, or the one that a call in parts names."""
        return _method(path, metadata) in self._methods

    def take(self, path: str, metadata: Metadata) -> Call:
        """A call of a known method. Its request is parsed where it runs.

        Raises:
            BridgeError: it may not run.
        """
        return self._take(path, metadata, None)

    def take_in_parts(self, metadata: Metadata) -> CallInParts:
        """A call whose known method the metadata name. Raises as `take` does."""
        chunks = ChunkStorage()
        return CallInParts(self._take(CHUNKS_CALL, metadata, chunks), chunks)

    def _take(self, path: str, metadata: Metadata, chunks: ChunkStorage | None) -> Call:
        path = _method(path, metadata)
        dispatch, state = self._methods[path], self.state
        record = Record(_text(metadata, keys.SESSION_ID), _text(metadata, keys.CALL_ID), path)
        if state.traces is not None:
            record.parent = _text(metadata, keys.TRACEPARENT)
        try:
            state.sessions.check_epoch(record.session_id, _text(metadata, keys.EPOCH))
            session = state.sessions.get(record.session_id)
            record.run = keys.run_named(_text(metadata, keys.TURN))
            state.turns.see(record.run)
            if not _beside_turns(dispatch):
                state.turns.check(record.run, dispatch.name)
            if state.draining.is_set() and not record.run.turn and not _while_draining(dispatch):
                raise draining(dispatch.name)
            self._check_busy(dispatch, session, metadata)
            self._check_queue(dispatch)
        except BridgeError as error:
            error.rank = state.rank
            error.call_id = record.call_id
            state.counts.add(dispatch.name, error.reason, 0.0, 0, 0)
            raise
        wire = Wire(
            session.objects,
            state.allow_list,
            keep_tensors=metadata.get(keys.TENSORS) == keys.TENSORS_AS_REFS,
            storage=chunks or session.memory_of_call(_text(metadata, keys.SHARED_MEMORY)),
        )
        return (Call if dispatch.inline else QueuedCall)(state, dispatch, record, wire)

    def _check_busy(self, dispatch: Dispatch, session: RankSession, metadata: Metadata) -> None:
        if dispatch.inline or dispatch.name in _ALWAYS_TAKEN or not self.state.executor.busy:
            return
        if session.fail_fast or metadata.get(keys.AFFINITY) == keys.FAIL_FAST:
            raise BridgeError(
                Category.WORKER,
                "worker_busy",
                f"the rank is busy ({len(self.state.journal)} calls running or waiting) and "
                "the session's affinity is strict_fail_fast; try again, or use strict_queue",
                details={"calls": len(self.state.journal)},
            )

    def _check_queue(self, dispatch: Dispatch) -> None:
        limit, depth = self.state.max_queue, len(self.state.journal) - 1
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


def _is_gated(dispatch: Dispatch) -> bool:
    """Whether the call may have to pass the gate of its world, before it takes any time."""
    return not dispatch.name.startswith("Objects.") or dispatch.name in _OBJECTS_GATED


def _while_draining(dispatch: Dispatch) -> bool:
    """Whether a server that stops takes the call: it asks about calls, or ends something."""
    return dispatch.name.startswith("Rank.") or dispatch.name in (*_ALWAYS_TAKEN, "Objects.release")


def _method(path: str, metadata: Metadata) -> str:
    return _text(metadata, keys.METHOD) if path == CHUNKS_CALL else path


def _text(metadata: Metadata, key: str) -> str:
    value = metadata.get(key, "")
    return value if isinstance(value, str) else ""


class Call:
    """One call that may run, beside the executor."""

    def __init__(self, state: RankState, dispatch: Dispatch, record: Record, wire: Wire) -> None:
        self.state = state
        self.dispatch = dispatch
        self.record = record
        self._wire = wire

    @property
    def quick(self) -> bool:
        """Whether a thread that has others to serve may run it."""
        return self.dispatch.inline and not self.dispatch.name.startswith(_NOT_QUICK)

    def run(self, request: bytes, caller: Caller) -> bytes:
        """The response, serialized.

        Raises:
            BridgeError: whatever the call raises, as its caller sees it.
        """
        response, outcome = b"", "ok"
        try:
            response = self.dispatch.call(
                self.dispatch.request.FromString(request), self._wire
            ).SerializeToString()
        except DecodeError as error:
            outcome = "malformed_request"
            raise self.malformed(error) from None
        except BaseException as error:
            # Whatever it is: user code may want to end the process that it thinks is its own.
            failure = self.refused(error)
            outcome = failure.reason
            if failure is error:
                raise
            raise failure from error
        finally:
            seconds = time.monotonic() - self.record.queued_at
            self.state.counts.add(self.dispatch.name, outcome, seconds, len(request), len(response))
            self.traced(outcome)
            if _logger.isEnabledFor(logging.DEBUG):
                self._log(outcome, seconds)
        return response

    def traced(self, outcome: str) -> None:
        """It has ended: where it is part of a trace, that is told."""
        if self.record.parent and self.state.traces is not None:
            self.state.traces.add(self.record, self.record.parent, outcome)

    def _log(self, outcome: str, seconds: float) -> None:
        logs.log(
            _logger,
            logging.DEBUG,
            f"{self.dispatch.name}: {outcome}",
            method=self.dispatch.name,
            outcome=outcome,
            seconds=round(seconds, 6),
            session_id=self.record.session_id,
            call_id=self.record.call_id,
        )

    def submit(self, request: bytes, caller: Caller) -> bytes:
        """Run it from a thread that is not its own, and wait for it."""
        return self.run(request, caller)

    def refused(self, error: BaseException) -> BridgeError:
        """The error as the caller sees it."""
        return bridge_error(error, rank=self.state.rank, call_id=self.record.call_id)

    def malformed(self, error: Exception) -> BridgeError:
        """The error for a request that cannot be read."""
        return BridgeError(
            Category.VALIDATION,
            "malformed_request",
            f"not a {self.dispatch.request.DESCRIPTOR.full_name}: {error}",
            rank=self.state.rank,
            call_id=self.record.call_id,
        )


class QueuedCall(Call):
    """One call on the executor."""

    def run(self, request: bytes, caller: Caller) -> bytes:
        """The response, as `Call.run`; in the executor's thread."""
        # Before it starts, so that nobody leaves unseen. False: the call is over for its caller.
        if not caller.add_callback(self._caller_gone):
            self._caller_gone()
        record = self.record
        # Before it counts as running: whoever withdraws it now has it refused.
        record.awaits_turn = bool(record.run.turn) and not _beside_turns(self.dispatch)
        record.nears_gate = self.state.gate is not None and _is_gated(self.dispatch)
        if record.gone_at or not self.state.journal.start(record):
            self.traced("withdrawn")
            raise BridgeError(
                Category.TIMEOUT,
                "withdrawn",
                f"{self.dispatch.name} was withdrawn, or its caller went away, while it "
                "waited in the queue; it never ran",
                rank=self.state.rank,
                call_id=record.call_id,
            )
        # What it sends is for calls of the same run.
        set_run(record.run.turn)
        left = caller.time_remaining()
        if left is not None and left < LONGEST_S:
            record.deadline = record.started_at + left
        try:
            with self._turn() if record.awaits_turn else nullcontext():
                if self.state.gate is not None:
                    self._wire.gate_pass = GatedCall(self.state.gate, record, caller)
                with self.state.sessions.results.of_call(kept=self._wire.keep_tensors):
                    return super().run(request, caller)
        finally:
            # Before the answer: a caller that has it must not find the rank busy.
            self.state.journal.end(record)
            if record.nears_gate and self.state.gate is not None:
                self.state.gate.decided(record)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """While it runs: another run may have got its turn while the call waited."""
        record = self.record
        with ExitStack() as running:
            try:
                running.enter_context(self.state.turns.running(record, self.dispatch.name))
            except BridgeError as error:
                record.refusal = self.refused(error).to_detail()
                raise
            finally:
                self.state.turns.decided(record)
            yield

    def submit(self, request: bytes, caller: Caller) -> bytes:
        """Queue it on the executor."""

        def run() -> bytes:
            if not caller.is_active():
                raise CallerGone
            return self.run(request, caller)

        return self.state.executor.submit_call(self.record, run).result()

    def _caller_gone(self) -> None:
        """The call is over for its caller: answered, cancelled, or past its deadline."""
        record = self.record
        if record.ended_at:
            return
        record.gone_at = time.monotonic()
        if self.state.gate is not None and record.pending is not None:
            self.state.gate.leave(record.pending, CALLER_GONE)


class CallInParts:
    """One call whose tensors come and go in chunks, moved by a thread that only does that."""

    def __init__(self, call: Call, chunks: ChunkStorage) -> None:
        self._call = call
        self._chunks = chunks

    def run(
        self, requests: Iterator[bytes], caller: Caller, accept: Callable[[], None]
    ) -> Generator[bytes, None, None]:
        """The parts of the answer. `accept` says to the caller that its call is taken: a client
        that has sent nothing yet may still send the call to another rank.

        Raises:
            BridgeError: whatever the call raises, as its caller sees it.
        """
        transfers = self._call.state.transfers
        try:
            with transfers.begin(caller) as transfer, suppress(CallerGone):
                accept()
                request = self._chunks.receive(transfer.received(requests))
                answer = self._chunks.parts(self._call.submit(request, caller))
                yield from transfers.sent(transfer, answer)
        except (ChunksMalformed, DecodeError) as error:
            raise self._call.malformed(error) from None
        except BridgeError as error:
            raise self._call.refused(error) from None
