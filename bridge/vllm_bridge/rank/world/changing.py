"""A rank whose world gets other members: it makes the new groups, waits, and switches or does not.

All of it is one piece of work in the executor's thread, so no call runs while the groups of some
ranks are those of the new world and those of others are not. What is decided comes over the control
connection meanwhile.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

from vllm_bridge._generated import control_pb2, types_pb2
from vllm_bridge.rank.failures import bridge_error
from vllm_bridge.rank.handler import RankState
from vllm_bridge.rank.world import joining
from vllm_distributed.store.rendezvous import adopt_listen_socket, give_up_listen_socket
from vllm_distributed.world.standby import StandbyGroups

# The rendezvous of a local world never leaves the host.
_HOST = "127.0.0.1"

_Standby = control_pb2.Standby

# The request it answers, and why it could not be done.
Answer = Callable[[int, types_pb2.ErrorDetail | None, int], None]


class AbortedError(Exception):
    """It was decided that the world stays as it is."""


class Standby:
    """What becomes of this rank's groups. Called by the thread that reads the control connection,
    but for `_run`."""

    def __init__(self, state: RankState, answer: Answer) -> None:
        self._state = state
        self._answer = answer
        self._attempt: _Attempt | None = None
        self._port = 0

    def obey(self, request_id: int, message: control_pb2.Standby, fd: int | None) -> None:
        """Do what the pool says; takes over the descriptor."""
        attempt = self._attempt
        if message.step == _Standby.LISTEN:
            self._listen(request_id)
        elif message.step == _Standby.PREPARE:
            attempt = self._attempt = _Attempt(request_id, message, fd)
            self._state.executor.later(
                "changing the world of this rank", lambda: self._run(attempt)
            )
        elif attempt is None or not attempt.decide(request_id, message.step):
            # There is nothing to abort.
            self._give_up_port()
            self._answer(request_id, None, 0)

    def _listen(self, request_id: int) -> None:
        try:
            listener = socket.create_server((_HOST, 0), backlog=socket.SOMAXCONN)
        except OSError as error:
            self._answer(request_id, self._detail(error), 0)
            return
        adopt_listen_socket(listener)
        self._port = int(listener.getsockname()[1])
        self._answer(request_id, None, self._port)

    def _run(self, attempt: _Attempt) -> None:
        if not attempt.begin():
            return
        groups: StandbyGroups | None = None
        try:
            try:
                groups = joining.standby(attempt.message.world, attempt.check)
            except Exception as error:  # noqa: BLE001 - the pool is told
                self._answer(attempt.request_id, self._detail(error), 0)
            else:
                self._answer(attempt.request_id, None, 0)
            request_id, commit = attempt.wait()
            failure = None
            try:
                if groups is not None and commit:
                    self._switch(attempt, groups)
                elif groups is not None:
                    groups.destroy()
            except Exception as error:  # noqa: BLE001 - the pool is told
                failure = self._detail(error)
            self._give_up_port(used=commit)
            self._answer(request_id, failure, 0)
        finally:
            attempt.close()

    def _switch(self, attempt: _Attempt, groups: StandbyGroups) -> None:
        groups.switch()
        gate = self._state.gate
        if gate is not None:
            gate.renew(attempt.message.world.world_size, attempt.take_descriptor())
            self._state.turns.use(gate.shared_gate)

    def _give_up_port(self, *, used: bool = False) -> None:
        port, self._port = self._port, 0
        if port and not used:
            give_up_listen_socket(port)

    def _detail(self, error: Exception) -> types_pb2.ErrorDetail:
        return bridge_error(error, rank=self._state.rank, call_id="").to_detail()


class _Attempt:
    """One of them, until it is decided."""

    def __init__(self, request_id: int, message: control_pb2.Standby, fd: int | None) -> None:
        self.request_id = request_id
        self.message = message
        self._descriptor = fd
        self._lock = threading.Lock()
        self._decided = threading.Event()
        self._decision = (0, False)
        self._begun = self._over = False

    def begin(self) -> bool:
        """The executor has come to it; False where it was aborted before."""
        with self._lock:
            self._begun = not self._over
            return self._begun

    def decide(self, request_id: int, step: control_pb2.Standby.Step) -> bool:
        """Let it be committed or aborted; False where there is nothing to do for that."""
        with self._lock:
            if self._over or self._decided.is_set():
                return False
            if self._begun:
                self._decision = (request_id, step == _Standby.COMMIT)
                self._decided.set()
                return True
            self._over = True
        self.close()
        return False

    def check(self) -> None:
        """Raise where it has been decided before this rank was through."""
        if self._decided.is_set():
            raise AbortedError("the world stays as it is")

    def wait(self) -> tuple[int, bool]:
        """The request that decided it, and whether it is committed."""
        self._decided.wait()
        return self._decision

    def take_descriptor(self) -> int | None:
        """That of the memory for the gate, which is the caller's from here on."""
        fd, self._descriptor = self._descriptor, None
        return fd

    def close(self) -> None:
        """It is over."""
        with self._lock:
            self._over = True
        fd = self.take_descriptor()
        if fd is not None:
            os.close(fd)
