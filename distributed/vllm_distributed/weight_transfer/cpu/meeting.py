"""How a trainer and its targets find each other: over the package's store, and then by connections.

The trainer serves the store. All agree there, so that who has not come is named. Then each target
connects to the trainer, and the targets to the first of them: they decide among themselves, without
the trainer, whether new weights count.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from vllm_distributed.compat.torch_internals import Store
from vllm_distributed.errors import RendezvousTimeoutError, RollCallTimeoutError
from vllm_distributed.store.connection import Connection, connect_at, join
from vllm_distributed.weight_transfer.cpu.links import (
    Link,
    Message,
    accept_all,
    close_all,
    dial,
    failure,
    given_up,
    listen,
)
from vllm_distributed.weight_transfer.cpu.shared import SharedBuckets

__all__ = ["Session", "join_trainer", "meet_targets"]

_CALL = "weight transfer"


@dataclass
class Session:
    """The connections of one process, until `close`."""

    number: int
    """Of this target; -1 for the trainer."""
    links: dict[int, Link] = field(default_factory=dict)
    """To the trainer (-1), or to the targets by their numbers."""
    others: dict[int, Link] = field(default_factory=dict)
    """Of target 0, to the other targets; of those, to target 0."""
    meeting: Connection | None = None
    """Where they met; the trainer serves it until all have left it."""
    memory: SharedBuckets | None = None
    """Shared by the trainer with the targets on its node."""

    def close(self, why: BaseException | None = None) -> None:
        """Leave; `why` is told to the others. Idempotent."""
        close_all(
            [*self.links.values(), *self.others.values()], None if why is None else given_up(why)
        )
        self.links, self.others = {}, {}
        self.end_meeting()
        if self.memory is not None:
            self.memory.close()
            self.memory = None

    def end_meeting(self) -> None:
        """Leave where they met. Idempotent."""
        meeting, self.meeting = self.meeting, None
        if meeting is not None:
            meeting.close()


def meet_targets(
    host: str, listener: socket.socket, world_size: int, timeout: timedelta
) -> Session:
    """Return the trainer's connections to its targets; `listener` becomes the store's."""

    def make(store: Store, left: timedelta) -> Session:
        until = time.monotonic() + left.total_seconds()
        with _announced(store, "trainer", host) as (own, token):
            links = accept_all(own, token, range(world_size - 1), until)
        return Session(-1, links)

    port = int(listener.getsockname()[1])
    return _join(host, port, 0, world_size, listener, timeout, make)


def join_trainer(host: str, port: int, number: int, world_size: int, timeout: timedelta) -> Session:
    """Return a target's connections to the trainer, and to the other targets."""

    def make(store: Store, left: timedelta) -> Session:
        until = time.monotonic() + left.total_seconds()
        session = Session(number)
        try:
            trainer = dial(_place(store, "trainer", until), number, "trainer", until)
            session.links[-1] = trainer
            if number == 0 and world_size > 2:
                with _announced(store, "first", trainer.own_address) as (own, token):
                    session.others = accept_all(own, token, range(1, world_size - 1), until)
            elif number:
                session.others[0] = dial(_place(store, "first", until), number, "target 0", until)
        except BaseException:
            session.close()
            raise
        return session

    return _join(host, port, number + 1, world_size, None, timeout, make)


def _join(
    host: str,
    port: int,
    rank: int,
    world_size: int,
    listener: socket.socket | None,
    timeout: timedelta,
    make: Any,
) -> Session:
    connect = connect_at(host, port, rank, world_size, listener)
    try:
        connection, session = join(connect, _CALL, {"targets": world_size - 1}, timeout, make)
    except (RollCallTimeoutError, RendezvousTimeoutError) as error:
        missing: Any = error.details.get("missing", [0] if rank else [])
        names = ["trainer" if each == 0 else f"target {each - 1}" for each in missing]
        raise failure(
            f"{', '.join(names)} did not come within {timeout.total_seconds():g} s to the transfer "
            f"at {host}, port {port}: the trainer and its {world_size - 1} targets come at once",
            missing=names,
        ) from error
    found: Session = session
    if rank:
        connection.close()
    else:
        found.meeting = connection
    return found


@contextlib.contextmanager
def _announced(store: Store, who: str, host: str) -> Iterator[tuple[socket.socket, str]]:
    token = secrets.token_hex(16)
    with contextlib.closing(listen(host)) as own:
        place = {"host": host, "port": own.getsockname()[1], "token": token}
        store.set(who, json.dumps(place))
        yield own, token


def _place(store: Store, who: str, until: float) -> Message:
    try:
        store.wait([who], timedelta(seconds=max(until - time.monotonic(), 0.001)))
    except RuntimeError as error:
        name = "trainer" if who == "trainer" else "target 0"
        raise failure(f"{name} did not say in time where it listens", missing=[name]) from error
    place: Message = json.loads(store.get(who))
    return place
