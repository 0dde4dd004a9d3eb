"""The targets decide among themselves whether new weights count: all of them, or none.

Each tells target 0 that it has everything, or that it gives up; target 0 decides when all have, or
when one has not in time, and tells the others. A target that hears nothing of target 0, because
that has ended in this moment, keeps the old weights and says that it does not know of the others.
"""

from __future__ import annotations

import contextlib
import time

from vllm_distributed.errors import WeightTransferError
from vllm_distributed.weight_transfer.cpu.links import (
    Link,
    Message,
    collect,
    failure,
    given_up,
    heard,
)
from vllm_distributed.weight_transfer.cpu.meeting import Session

__all__ = ["agree", "grace"]


def grace(timeout_s: float) -> float:
    """Return how much longer than those who know who is missing the others wait to be told."""
    return timeout_s + 2.0 + timeout_s / 10


def agree(session: Session, transfer: str, timeout_s: float) -> None:
    """Return when all targets of `session` have called this with the same `transfer`. Else raise,
    on all of them. Collective among the targets."""
    if session.number == 0:
        _decide(session, transfer, timeout_s)
    elif session.others:
        _ask(session.others[0], transfer, timeout_s)


def _decide(session: Session, transfer: str, timeout_s: float) -> None:
    links = list(session.others.values())

    def is_ready(link: Link, message: Message) -> bool:
        if message.get("op") == "abort":
            raise heard(message, f"{link.name} gave the transfer up")
        return message == {"op": "ready", "transfer": transfer}

    until = time.monotonic() + timeout_s
    try:
        collect(links, is_ready, until, "finish the transfer")
    except WeightTransferError as error:
        for link in links:
            with contextlib.suppress(WeightTransferError):
                link.send(given_up(error), time.monotonic() + 1.0)
        raise
    for link in links:
        # Who has ended in this moment has no weights any more: the trainer names it.
        with contextlib.suppress(WeightTransferError):
            link.send({"op": "commit", "transfer": transfer}, time.monotonic() + 1.0)


def _ask(first: Link, transfer: str, timeout_s: float) -> None:
    until = time.monotonic() + grace(timeout_s)
    first.send({"op": "ready", "transfer": transfer}, until)
    try:
        while True:
            message = first.receive(until)
            if message == {"op": "commit", "transfer": transfer}:
                return
            if message.get("op") == "abort":
                break
    except WeightTransferError as error:
        raise failure(
            f"{error}. This target keeps the old weights; whether others have the new ones, their "
            f"versions say",
            gone=["target 0"],
            in_doubt=True,
        ) from error
    raise heard(message, "the transfer was given up")
