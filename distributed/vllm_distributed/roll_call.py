"""The ranks of a world agree, through the store, that all of them make the same call.

Making process groups is collective and, in torch, unforgiving: a rank that comes with other sizes,
or not at all, leaves the others hanging in a connection that never comes, and the counters from
which torch makes group names out of step. So before any group is made every rank answers the roll:
it posts what it was asked to do and reads what the others posted. All are there and agree: go. All
are there and differ: every rank raises the same error, at once. One is missing at the deadline: the
others raise an error that names it, and the attempt is abandoned, so that it counts for nobody.

The verdict of an attempt, go or abandoned, is one compare-and-set in the store, so the two cannot
both win; all ranks wait for that one key, so the first to find a reason tells everybody. It also
tells a rank that comes late to skip the attempts it missed. A few round trips to the store (half a
millisecond on loopback); no connection between ranks is used, so nothing is poisoned by failing.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from vllm_distributed import entry
from vllm_distributed.errors import (
    DistributedError,
    RollCallError,
    RollCallMismatchError,
    RollCallTimeoutError,
    StoreLostError,
)
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.node_identity import node_identity
from vllm_distributed.torch_internals import Store

__all__ = ["Answer", "RollCall"]

Answer = dict[str, Any]  # plain values that JSON can carry

_PREFIX = "vllm_distributed/roll_call"
_GO = "go"
_PATIENCE = timedelta(seconds=0.5)
_ERRORS: dict[str, type[RollCallError]] = {
    kind.reason: kind for kind in (RollCallError, RollCallMismatchError, RollCallTimeoutError)
}


class RollCall:
    """The roll calls of one world, numbered so that each is held once."""

    def __init__(self, store: Store, rank: int, world_size: int, timeout: timedelta) -> None:
        self._store = store
        leave_to_parent(self, "the world", "_store")
        self._rank = rank
        self._world_size = world_size
        # The most ranks that any of us thinks there are.
        self._widest = world_size
        self._timeout = timeout
        self._held = 0
        self._process = f"process {os.getpid()} on {socket.gethostname()} ({node_identity()})"

    def hold(self, call: str, agree: Mapping[str, Any], extra: Mapping[str, Any]) -> list[Answer]:
        """Return every rank's answer, in rank order, once all of them made the same call.

        `agree` holds what must be equal on all ranks, `extra` what each rank lets the others know.
        Collective over the world. Raises `RollCallTimeoutError` if a rank is missing when the
        world's timeout ends, `RollCallMismatchError` if the ranks disagree, `StoreLostError` if
        the store's server goes away.
        """
        if self._world_size > 1:
            entry.about_to_send()
        deadline = time.monotonic() + self._timeout.total_seconds()
        mine: Answer = {
            "call": call,
            "agree": dict(agree),
            "extra": dict(extra),
            "process": self._process,
        }
        try:
            attempt = self._next_attempt()
            try:
                self._post(attempt, mine)
                self._wait_for_verdict(attempt, mine, deadline)
            except (KeyboardInterrupt, SystemExit):
                self._abandon(attempt, RollCallError, f"{call}: interrupted on rank {self._rank}")
                raise
            answers = self._read(attempt)
        except DistributedError:
            raise
        except RuntimeError as error:  # torch's, from the connection to the store
            raise StoreLostError(
                f"{call}: the store of this world cannot be reached any more ({error}): rank 0, "
                f"which serves it, is gone; destroy the environment and initialise it again",
                call=call,
            ) from error
        _check_agreement(call, answers)
        return answers

    def let_others_read(self) -> None:
        """Return when the others have read the latest attempt, or soon: for rank 0 before it
        stops serving the store because of a failure they are about to see too."""
        attempt = f"{_PREFIX}/{self._held - 1}"
        with contextlib.suppress(RuntimeError):
            present = [rank for rank in range(self._widest) if self._is_there(attempt, rank)]
            self._store.wait([f"{attempt}/{rank}/read" for rank in present], _PATIENCE)

    def _next_attempt(self) -> str:
        while self._store.check([f"{_PREFIX}/{self._held}/verdict"]):
            self._held += 1
        return f"{_PREFIX}/{self._held}"

    def _post(self, attempt: str, mine: Answer) -> None:
        """Post the answer; who comes last gives the go."""
        call, text = mine["call"], json.dumps(mine)
        others = int(self._store.compare_set(f"{attempt}/size", "", str(self._world_size)))
        if others != self._world_size:
            # It takes no part, but who serves the store must know that it is there to read.
            self._store.compare_set(f"{attempt}/{self._rank}", "", text)
            self._abandon(
                attempt,
                RollCallMismatchError,
                f"{call}: rank {self._rank} says world_size={self._world_size}, another rank says "
                f"world_size={others}: start every rank with the same world_size",
                rank=self._rank,
                world_size=self._world_size,
                others=others,
            )
            return
        posted = self._store.compare_set(f"{attempt}/{self._rank}", "", text).decode()
        if posted != text:
            self._abandon(
                attempt,
                RollCallError,
                f"{call}: two processes say that they are rank {self._rank} of the world of "
                f"{self._world_size}: {self._process} and {json.loads(posted)['process']}; give "
                f"each a rank of its own",
                rank=self._rank,
            )
        elif self._store.add(f"{attempt}/arrived", 1) == self._world_size:
            self._store.compare_set(f"{attempt}/verdict", "", _GO)

    def _wait_for_verdict(self, attempt: str, mine: Answer, deadline: float) -> None:
        remaining = timedelta(seconds=max(deadline - time.monotonic(), 0.001))
        try:
            self._store.wait([f"{attempt}/verdict"], remaining)
        except RuntimeError:
            self._abandon_for_missing(attempt, mine)

    def _abandon_for_missing(self, attempt: str, mine: Answer) -> None:
        ranks = range(self._world_size)
        missing = [rank for rank in ranks if not self._is_there(attempt, rank)]
        others = []
        for rank in sorted(set(ranks) - set(missing)):
            answer = json.loads(self._store.get(f"{attempt}/{rank}"))
            if answer["agree"] != mine["agree"] or answer["call"] != mine["call"]:
                others.append(f"rank {rank} asks for {_words(answer['call'], answer['agree'])}")
        seconds = self._timeout.total_seconds()
        note = f" ({'; '.join(others)})" if others else ""
        self._abandon(
            attempt,
            RollCallTimeoutError,
            f"{mine['call']}: {_ranks(missing)} of the world of {self._world_size} did not make "
            f"the call within {seconds:g} s on rank {self._rank}{note}. Nothing was changed on "
            f"any rank: make the call on all {self._world_size} ranks at once",
            missing=missing,
            world_size=self._world_size,
            timeout_s=seconds,
        )

    def _abandon(
        self, attempt: str, kind: type[RollCallError], message: str, **details: object
    ) -> None:
        """Give the attempt up for everybody, unless it has its verdict already."""
        report = json.dumps({"reason": kind.reason, "message": message, "details": details})
        self._store.compare_set(f"{attempt}/verdict", "", report)

    def _read(self, attempt: str) -> list[Answer]:
        verdict = self._store.get(f"{attempt}/verdict").decode()
        answers: list[Answer] = []
        if verdict == _GO:
            keys = [f"{attempt}/{rank}" for rank in range(self._world_size)]
            answers = [json.loads(answer) for answer in self._store.multi_get(keys)]
        self._held += 1
        self._store.set(f"{attempt}/{self._rank}/read", "1")
        if verdict != _GO:
            report = json.loads(verdict)
            self._widest = max(self._widest, report["details"].get("world_size", 0))
            if self._rank == 0:
                self.let_others_read()
            raise _ERRORS[report["reason"]](report["message"], **report["details"])
        return answers

    def _is_there(self, attempt: str, rank: int) -> bool:
        return self._store.check([f"{attempt}/{rank}"])


def _check_agreement(call: str, answers: Sequence[Answer]) -> None:
    """Every rank sees the same answers, so every rank comes to the same verdict."""
    asked: dict[str, list[int]] = {}
    for rank, answer in enumerate(answers):
        asked.setdefault(_words(answer["call"], answer["agree"]), []).append(rank)
    if len(asked) == 1:
        return
    differences = "; ".join(f"{_ranks(ranks)}: {words}" for words, ranks in asked.items())
    raise RollCallMismatchError(
        f"the ranks do not ask for the same: {differences}. Nothing was changed on any rank: make "
        f"the same call with the same arguments on all of them",
        call=call,
        asked={words: list(ranks) for words, ranks in asked.items()},
    )


def _words(call: str, agree: Mapping[str, Any]) -> str:
    return f"{call}({', '.join(f'{name}={value}' for name, value in agree.items())})"


def _ranks(ranks: Sequence[int]) -> str:
    names = ", ".join(map(str, ranks))
    return f"rank {names}" if len(ranks) == 1 else f"ranks {names}"
