"""A rank process, from its first instruction to its last.

The launcher has forked it and hands over the control connection. The main thread reads that
connection until it ends; ending is how a rank learns that its pool is gone.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from vllm_bridge._generated import control_pb2
from vllm_bridge.confinement import OFF, Policy, close_unix_sockets, confine
from vllm_bridge.durations import from_duration
from vllm_bridge.process import logs
from vllm_bridge.process.emissions import EMITTER
from vllm_bridge.rank.world.assignment import wait_for_assignment
from vllm_bridge.transport import control
from vllm_bridge.transport.address import private_socket, unix_path
from vllm_bridge.transport.grpc_options import RANK_SERVER, message_limits
from vllm_bridge.transport.tls_channel import Channel, pending

if TYPE_CHECKING:
    from vllm_bridge._generated.rank_pb2 import Emission
    from vllm_bridge._generated.types_pb2 import ErrorDetail
    from vllm_bridge.codec.errors import BridgeError
    from vllm_bridge.rank.handler import RankState
    from vllm_bridge.rank.sessions import MemoryPlace

EXIT_STOPPED = 0
EXIT_FAILED = 1

DEFAULT_HEARTBEAT_SECONDS = 1.0

# For calls that stood at the gate when the pool went away.
LAST_ANSWERS_SECONDS = 0.5

# For contexts that are still entered when the rank ends.
LAST_EXITS_SECONDS = 0.5

# The kernel counts a wait in milliseconds, in 31 bits.
_LONGEST_WAIT_S = 1_000_000.0

# In the server's directory, and gone with it.
_TEMPORARY = "tmp"

SWITCH_SECONDS = 0.0001
"""How long a thread that waits for the interpreter lets another go on. With Python's own 5 ms, a
call in Python code on the executor holds up inline calls in frames by 5 ms; with this by 0.3 ms.
Calls are no slower: 25,000 a second on the executor with either, measured."""

INLINE_THREADS = 2
"""Server threads for inline methods, which are short: one more would only fight for the GIL."""


def _nothing(status: int) -> None:
    """A launcher sees the exit status itself."""


def main(
    channel: socket.socket, rendezvous: socket.socket | None, shared_gate: int | None
) -> NoReturn:
    """Serve until the pool says stop or is gone. Never returns."""
    serve(channel, rendezvous, shared_gate)


def serve(
    channel: Channel,
    rendezvous: socket.socket | None = None,
    shared_gate: int | None = None,
    before_end: Callable[[int], None] = _nothing,
) -> NoReturn:
    """As `main`, over any connection. `before_end` is told the exit status."""
    status = EXIT_FAILED
    try:
        # A process that is kept ready waits for its assignment with everything imported.
        _import_all()
        assigned = wait_for_assignment(channel, rendezvous, shared_gate)
        if assigned.message is not None:
            rank = _Rank(channel, assigned.message)
            status = rank.run(assigned.rendezvous, assigned.shared_gate)
    except BaseException:  # noqa: BLE001 - the last frame of the process
        # The pool quotes the end of stderr when a rank dies before it is ready.
        traceback.print_exc()
    finally:
        with suppress(Exception):
            before_end(status)
        # Not sys.exit: threads of gRPC and of gloo may be stuck in a call that never ends.
        os._exit(status)


def _import_all() -> None:
    """What the forkserver must not import: gRPC's threads do not survive a fork."""
    import grpc  # noqa: F401

    from vllm_bridge.rank import grpc_carrier, reports  # noqa: F401
    from vllm_bridge.rank.frames import server  # noqa: F401


class _Rank:
    def __init__(self, channel: Channel, assignment: control_pb2.RankAssignment) -> None:
        self._channel = channel
        self._sending = threading.Lock()
        self._assignment = assignment
        # Came beside messages that are not complete yet.
        self._descriptors: list[int] = []
        self._world = assignment.world if assignment.HasField("world") else None

    def run(self, rendezvous: socket.socket | None, shared_gate: int | None) -> int:
        """The rank's life; returns the exit status."""
        # Imported here, in the forked child: gRPC's threads do not survive a fork.
        import grpc

        from vllm_bridge._generated.dispatch import METHODS
        from vllm_bridge.gate.rank_gate import RankGate
        from vllm_bridge.gate.turns import Turns
        from vllm_bridge.rank.allow.allow_list import AllowList
        from vllm_bridge.rank.executor import Executor
        from vllm_bridge.rank.failures import bridge_error
        from vllm_bridge.rank.frames.server import FramesServer
        from vllm_bridge.rank.grpc_carrier import GrpcCarrier, listen
        from vllm_bridge.rank.handler import Calls, RankState
        from vllm_bridge.rank.journal import Journal
        from vllm_bridge.rank.observe.traces import Traces
        from vllm_bridge.rank.services import RankService, object_methods
        from vllm_bridge.rank.sessions import RankSessions
        from vllm_bridge.rank.world import joining

        try:
            # There is no second thread yet, and from here on every thread is confined.
            self._confine()
        except OSError as error:
            return self._failed(bridge_error(error, rank=None, call_id=""))
        assigned = self._world
        journal = Journal()
        executor = Executor(journal)
        logs.setup_rank(self._assignment, executor.running)
        EMITTER.install(self._send_emission, executor.running)
        gate = (
            RankGate(assigned, self._send_all, shared_gate) if assigned and assigned.gate else None
        )
        state = RankState(
            rank=assigned.rank if assigned else None,
            sessions=RankSessions(
                assigned.epoch if assigned else 0,
                partial(executor.later, "ending a session"),
                self._memory_place(),
                # The sessions of a world have one rank each, and each rank one process, unless it
                # is replaced.
                home="" if assigned and not assigned.new_ranks else self._assignment.rank_id,
            ),
            journal=journal,
            executor=executor,
            allow_list=AllowList(self._assignment.allowed_prefixes),
            gate=gate,
            turns=Turns(gate.shared_gate if gate is not None else None),
            max_queue=self._assignment.max_queue,
            traces=Traces() if self._assignment.traces else None,
        )
        service = RankService(state, assigned)
        calls = Calls(state, METHODS | object_methods() | service.methods())
        inline = ThreadPoolExecutor(INLINE_THREADS, thread_name_prefix="rank-inline")
        frames_path = unix_path(self._assignment.listen_frames)
        frames = (
            FramesServer(calls, inline, self._assignment.max_message_bytes) if frames_path else None
        )
        server = grpc.server(
            inline,
            handlers=[GrpcCarrier(calls, self._assignment.call_key)],
            options=[*RANK_SERVER, *message_limits(self._assignment.max_message_bytes)],
        )
        try:
            # Before any thread runs that might make a file under this mask.
            with private_socket():
                listening = listen(server, self._assignment)
                if frames is not None and frames_path is not None:
                    frames.listen(frames_path)
            close_unix_sockets()
            # Meeting the other ranks takes a while; the server starts meanwhile.
            joined = None
            if assigned:
                joined = executor.submit(partial(joining.join, assigned, rendezvous))
            server.start()
            if frames is not None:
                sys.setswitchinterval(SWITCH_SECONDS)
                frames.start()
            if joined is not None:
                joined.result()
        except Exception as error:  # noqa: BLE001 - the pool reports it to the client that started the world
            return self._failed(bridge_error(error, rank=state.rank, call_id=""))
        if gate is not None:
            gate.install()
        ready = control_pb2.Ready(
            endpoint=listening.endpoint,
            certificate=listening.certificate,
            pid=os.getpid(),
            frames_endpoint=self._assignment.listen_frames,
        )
        self._send(control_pb2.RankToPool(ready=ready))
        if not self._follow(state) and gate is not None and gate.close():
            # For the answers of the calls that waited there: the executor sends those in frames.
            wait([executor.submit(lambda: None)], LAST_ANSWERS_SECONDS)
            server.stop(LAST_ANSWERS_SECONDS).wait(LAST_ANSWERS_SECONDS)
        self._send_spans(state)
        if state.sessions.contexts():
            # A call that is stuck in the executor is not waited for.
            wait([executor.submit(state.sessions.exit_contexts)], LAST_EXITS_SECONDS)
        if frames is not None:
            frames.close()
        self._remove_sockets()
        return EXIT_STOPPED

    def _confine(self) -> None:
        """Have the kernel refuse what this rank has no business with."""
        wanted = self._assignment.confinement
        policy = Policy(wanted.mode or OFF, _paths(wanted.readable), _paths(wanted.writable))
        home = Path(self._assignment.listen.removeprefix("unix:")).parent
        confine(policy, home / _TEMPORARY, [home])

    def _failed(self, failure: BridgeError) -> int:
        """Tell the pool why there is no rank."""
        self._send(control_pb2.RankToPool(failed=failure.to_detail()))
        return EXIT_FAILED

    def _follow(self, state: RankState) -> bool:
        """Do what the pool says until it says stop (then True), or is gone."""
        from vllm_bridge.rank.reports import Heartbeats
        from vllm_bridge.rank.world.changing import Standby

        frames, heartbeats = control.Frames(), Heartbeats(state)
        self._standby = Standby(state, self._answer)
        interval_s = self._heartbeat_interval_s()
        # Not a timeout of the socket: another thread may be sending.
        readable = select.poll()
        readable.register(self._channel, select.POLLIN)
        beat_at = time.monotonic()
        while True:
            left_s = beat_at - time.monotonic()
            if left_s <= 0:
                if state.gate is not None:
                    state.gate.flush()
                self._send(control_pb2.RankToPool(heartbeat=heartbeats.next()))
                self._send_spans(state)
                beat_at = time.monotonic() + interval_s
            elif pending(self._channel) or readable.poll(min(left_s, _LONGEST_WAIT_S) * 1000):
                data, fds = control.receive_some_with_descriptors(self._channel)
                self._descriptors.extend(fds)
                if not data:
                    return False
                for body in frames.feed(data):
                    if self._obey(control_pb2.PoolToRank.FromString(body), state):
                        return True

    def _obey(self, message: control_pb2.PoolToRank, state: RankState) -> bool:
        """Do what one message says; True when it says stop."""
        ack = control_pb2.Ack()
        kind = message.WhichOneof("message")
        if kind == "verdict":
            if state.gate is not None:
                state.gate.verdict(message.verdict)
        elif kind == "peer_died":
            if state.gate is not None:
                state.gate.peer_died(message.peer_died.rank)
        elif kind == "drain":
            self._drain(message.request_id, state)
            return False
        elif kind == "stop":
            return True
        elif kind == "standby":
            fd = self._descriptors.pop(0) if message.standby.shared_gate else None
            self._standby.obey(message.request_id, message.standby, fd)
            return False
        elif kind == "register_session":
            request = message.register_session
            state.sessions.register(
                request.session_id, fail_fast=request.fail_fast, number=request.number
            )
        elif kind == "drop_session":
            ack.kept = not self._drop(state, message.drop_session)
        if message.request_id:
            self._send(control_pb2.RankToPool(request_id=message.request_id, ack=ack))
        return False

    def _drain(self, request_id: int, state: RankState) -> None:
        state.draining.set()
        if request_id:
            ack = control_pb2.RankToPool(request_id=request_id, ack=control_pb2.Ack())
            # Behind all calls that have come.
            state.executor.later("saying that calls have ended", lambda: self._send(ack))

    def _memory_place(self) -> MemoryPlace | None:
        from vllm_bridge.rank.sessions import MemoryPlace

        directory = self._assignment.shared_memory
        if not directory:
            return None
        return MemoryPlace(Path(directory), self._assignment.max_segment_bytes)

    def _heartbeat_interval_s(self) -> float:
        if not self._assignment.HasField("heartbeat_interval"):
            return DEFAULT_HEARTBEAT_SECONDS
        return from_duration(self._assignment.heartbeat_interval).total_seconds()

    def _drop(self, state: RankState, request: control_pb2.DropSession) -> bool:
        if not request.HasField("unless_used_within"):
            return state.sessions.drop(request.session_id)
        if any(record.session_id == request.session_id for record in state.journal.active()):
            return False
        return state.sessions.drop(request.session_id, from_duration(request.unless_used_within))

    def _answer(self, request_id: int, failure: ErrorDetail | None, port: int) -> None:
        ack = control_pb2.Ack(failure=failure, port=port)
        self._send(control_pb2.RankToPool(request_id=request_id, ack=ack))

    def _send(self, message: control_pb2.RankToPool) -> None:
        self._send_all([message])

    def _send_spans(self, state: RankState) -> None:
        spans = state.traces.take() if state.traces is not None else None
        if spans is not None:
            self._send(control_pb2.RankToPool(spans=spans))

    def _send_emission(self, emission: Emission) -> None:
        self._send(control_pb2.RankToPool(emission=emission))

    def _send_all(self, messages: Sequence[control_pb2.RankToPool]) -> None:
        frames = b"".join(map(control.frame, messages))
        # The pool may be gone; the next receive finds out.
        with self._sending, suppress(OSError):
            self._channel.sendall(frames)

    def _remove_sockets(self) -> None:
        for place in (self._assignment.listen, self._assignment.listen_frames):
            path = unix_path(place)
            if path is not None:
                path.unlink(missing_ok=True)


def _paths(places: Sequence[bytes]) -> tuple[Path, ...]:
    return tuple(Path(os.fsdecode(place)) for place in places)
