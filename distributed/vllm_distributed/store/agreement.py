"""The ranks of a world agree, through the store, that all of them make the same call.

Making process groups is collective and, in torch, unforgiving: a rank that comes with other sizes,
or not at all, leaves the others hanging in a connection that never comes, and the counters from
which torch makes group names out of step. So before any group is made every rank posts what it was
asked to do and reads what the others posted. All are there and agree: go. All are there and differ:
every rank raises the same error, at once. One is missing at the deadline: the others raise an error
that names it, and the attempt is abandoned, so that it counts for nobody.

How they come together, or give up, is `store/attempts.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from vllm_distributed import entry
from vllm_distributed.bounded import GRACE_S, UnansweredError, bounded
from vllm_distributed.compat.torch_internals import Store
from vllm_distributed.errors import (
    DistributedError,
    RollCallError,
    RollCallMismatchError,
    RollCallTimeoutError,
    StoreLostError,
)
from vllm_distributed.process_groups.making import Making
from vllm_distributed.store.attempts import Attempt, Attempts
from vllm_distributed.store.node import node_identity
from vllm_distributed.store.peers import Peers, named, own_process

__all__ = ["Answer", "StoreAgreement"]

Answer = dict[str, Any]  # plain values that JSON can carry

_PREFIX = "vllm_distributed/agreement"
_PATIENCE_S = 0.5
_LOOK_EVERY_S = 0.1
_ERRORS: dict[str, type[RollCallError]] = {
    kind.reason: kind for kind in (RollCallError, RollCallMismatchError, RollCallTimeoutError)
}


class StoreAgreement:
    """The agreements of one world, numbered so that each is held once."""

    def __init__(
        self,
        store: Store,
        rank: int,
        world_size: int,
        timeout: timedelta,
        address: str | None = None,
    ) -> None:
        self._attempts = Attempts(store, _PREFIX, world_size, "the world")
        self._rank = rank
        self._world_size = world_size
        # The most ranks that any of us thinks there are.
        self._widest = world_size
        self._timeout = timeout
        self._address = address
        self._answers: list[Answer] = []
        self._deadline = 0.0
        self._process = f"process {os.getpid()} on {socket.gethostname()} ({node_identity()})"

    def hold(
        self,
        call: str,
        agree: Mapping[str, Any],
        extra: Mapping[str, Any],
        deadline: float | None = None,
        watch: Callable[[], None] | None = None,
    ) -> list[Answer]:
        """Return every rank's answer, in rank order, once all of them made the same call.

        `agree` holds what must be equal on all ranks, `extra` what each rank lets the others know;
        `deadline`, of `time.monotonic()`, is by default when the timeout ends from now; what
        `watch` raises meanwhile ends the wait. Collective over the world. Raises
        `RollCallTimeoutError` if a rank is missing then, or has died, `RollCallMismatchError` if
        the ranks disagree, `StoreLostError` if the store's server goes away or does not answer.
        """
        if self._world_size > 1:
            entry.about_to_send()
        if deadline is None:
            deadline = time.monotonic() + self._timeout.total_seconds()
        mine: Answer = {
            "call": call,
            "agree": dict(agree),
            "extra": dict(extra),
            "process": self._process,
            "life": {**own_process(), "address": self._address},
            "making": secrets.token_hex(8),
        }
        try:
            answers = bounded(
                lambda: self._hold(mine, deadline),
                deadline + GRACE_S,
                watch=watch or (lambda: self._look(call)),
                every_s=_LOOK_EVERY_S,
                give_up=lambda: self._interrupted(call),
            )
        except DistributedError:
            raise
        except (RuntimeError, UnansweredError) as error:  # of the connection to the store
            why = str(error) or f"it did not answer for {self._timeout.total_seconds():g} s"
            raise StoreLostError(
                f"{call}: the store of this world cannot be reached any more ({why}): rank 0, "
                f"which serves it, is gone, or the way to it is cut; destroy the environment and "
                f"initialise it again",
                call=call,
                missing=[0],
            ) from error
        _check_agreement(call, answers)
        self._answers, self._deadline = answers, deadline
        return answers

    def making(self, *, serves: bool) -> Making:
        """Return what watches over the groups that are made because of the latest agreement.

        `serves`: the store ends with this process.
        """
        return Making(
            self._rank,
            self._world_size,
            self._peers(),
            self._address,
            store=self._attempts.store if self._world_size > 1 else None,
            token=self._answers[0]["making"],
            deadline=self._deadline,
            serves=serves,
        )

    def let_others_read(self) -> None:
        """Return when the others have read the latest attempt, or soon: for rank 0 before it
        stops serving the store because of a failure they are about to see too."""
        latest = self._attempts.latest
        if latest is not None:
            with contextlib.suppress(RuntimeError, UnansweredError):
                bounded(
                    lambda: latest.let_others_read(self._widest), time.monotonic() + _PATIENCE_S
                )

    def _hold(self, mine: Answer, deadline: float) -> list[Answer]:
        """In a thread of its own: nothing here looks at signals."""
        attempt = self._attempts.begin_undecided()
        self._post(attempt, mine)
        why = attempt.decided(deadline, partial(self._missing_report, attempt, mine))
        answers: list[Answer] = [] if why else [json.loads(part) for part in attempt.parts()]
        read = attempt.leave()
        if why:
            report = json.loads(why)
            self._widest = max(self._widest, report["details"].get("world_size", 0))
            if self._rank == 0:
                self.let_others_read()
            raise _ERRORS[report["reason"]](report["message"], **report["details"])
        if self._rank == 0:
            self._attempts.delete_earlier_wholly(self._widest)
        if read == self._world_size:
            self._attempts.delete_latest(self._widest)
        return answers

    def _look(self, call: str) -> None:
        """Raise `RollCallTimeoutError` if a rank of an earlier agreement has died."""
        dead = self._peers().dead()
        if not dead:
            return
        message = (
            f"{call}: {named(dead)} of the world of {self._world_size} is gone: its process has "
            f"ended. Destroy the environment, and initialise it again on every rank"
        )
        with contextlib.suppress(RuntimeError, UnansweredError):
            report = _report(RollCallTimeoutError, message, missing=dead)
            bounded(lambda: self._give_up(report), time.monotonic() + GRACE_S)
        raise RollCallTimeoutError(message, missing=dead, world_size=self._world_size)

    def _peers(self) -> Peers:
        return Peers(
            self._rank, {rank: answer["life"] for rank, answer in enumerate(self._answers)}
        )

    def _interrupted(self, call: str) -> None:
        message = f"{call}: interrupted on rank {self._rank}"
        self._give_up(_report(RollCallError, message, rank=self._rank))

    def _give_up(self, report: str) -> None:
        if self._attempts.latest is not None:
            self._attempts.latest.end(report)

    def _post(self, attempt: Attempt, mine: Answer) -> None:
        """Post the answer; the last rank gives the go."""
        store, key, call, text = self._attempts.store, attempt.key, mine["call"], json.dumps(mine)
        others = int(store.compare_set(f"{key}/size", "", str(self._world_size)))
        if others != self._world_size:
            # It takes no part, but the rank that serves the store must know that it will read.
            store.compare_set(f"{key}/{self._rank}", "", text)
            message = (
                f"{call}: rank {self._rank} says world_size={self._world_size}, another rank says "
                f"world_size={others}: start every rank with the same world_size"
            )
            facts = {"rank": self._rank, "world_size": self._world_size, "others": others}
            attempt.end(_report(RollCallMismatchError, message, **facts))
            return
        posted = store.compare_set(f"{key}/{self._rank}", "", text).decode()
        if posted == text:
            attempt.arrived()
            return
        message = (
            f"{call}: two processes say that they are rank {self._rank} of the world of "
            f"{self._world_size}: {self._process} and {json.loads(posted)['process']}; give each a "
            f"rank of its own"
        )
        attempt.end(_report(RollCallError, message, rank=self._rank))

    def _missing_report(self, attempt: Attempt, mine: Answer, missing: list[int]) -> str:
        others = []
        for rank in sorted(set(range(self._world_size)) - set(missing)):
            answer = json.loads(self._attempts.store.get(f"{attempt.key}/{rank}"))
            if answer["agree"] != mine["agree"] or answer["call"] != mine["call"]:
                others.append(f"rank {rank} asks for {_words(answer['call'], answer['agree'])}")
        seconds = self._timeout.total_seconds()
        note = f" ({'; '.join(others)})" if others else ""
        return _report(
            RollCallTimeoutError,
            f"{mine['call']}: {named(missing)} of the world of {self._world_size} did not make "
            f"the call within {seconds:g} s on rank {self._rank}{note}. Nothing was changed on "
            f"any rank: make the call on all {self._world_size} ranks at once",
            missing=missing,
            world_size=self._world_size,
            timeout_s=seconds,
        )


def _report(kind: type[RollCallError], message: str, **details: object) -> str:
    """Return why an attempt is given up, as the store keeps it."""
    return json.dumps({"reason": kind.reason, "message": message, "details": details})


def _check_agreement(call: str, answers: Sequence[Answer]) -> None:
    """Every rank sees the same answers, so every rank comes to the same verdict."""
    asked: dict[str, list[int]] = {}
    for rank, answer in enumerate(answers):
        asked.setdefault(_words(answer["call"], answer["agree"]), []).append(rank)
    if len(asked) == 1:
        return
    differences = "; ".join(f"{named(ranks)}: {words}" for words, ranks in asked.items())
    raise RollCallMismatchError(
        f"the ranks do not ask for the same: {differences}. Nothing was changed on any rank: make "
        f"the same call with the same arguments on all of them",
        call=call,
        asked={words: list(ranks) for words, ranks in asked.items()},
    )


def _words(call: str, agree: Mapping[str, Any]) -> str:
    return f"{call}({', '.join(f'{name}={value}' for name, value in agree.items())})"
