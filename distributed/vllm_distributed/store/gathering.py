"""All members of a group bring some bytes together in a store: a barrier, and an all-gather.

As in the agreement of a world (`store/agreement.py`) the verdict of an attempt, go or given up, is
one compare-and-set, so that members cannot come to different ones: either all that came pass, or
all that came raise an error that names who is missing. A member that was given up learns it when it
comes and goes on to the next attempt, where the others are if they try again.
"""

from __future__ import annotations

import contextlib
import time

from vllm_distributed.compat.torch_internals import Store
from vllm_distributed.errors import RollCallTimeoutError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.store.waiting import wait_for_key

__all__ = ["StoreGathering"]

_GO = "go"
_PATIENCE_S = 0.5


class StoreGathering:
    """The gatherings of one kind on one group, numbered so that each is held once."""

    def __init__(self, store: Store, name: str, rank: int, world_size: int) -> None:
        self._store = store
        leave_to_parent(self, "the stateless process group", "_store")
        self._name = name
        self._rank = rank
        self._world_size = world_size
        self._number = 0
        self._attempt = ""
        self._kept_from = 0

    def hold(self, data: bytes, timeout_s: float) -> list[bytes]:
        """Return what every member brought, in rank order.

        Collective. Raises `RollCallTimeoutError` naming the members that did not come within
        `timeout_s` seconds, torch's RuntimeError if the store is gone.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            attempt = f"{self._name}/{self._number}"
            self._attempt = attempt
            self._store.set(f"{attempt}/{self._rank}", data)  # type: ignore[arg-type]  # stubs
            if self._store.add(f"{attempt}/arrived", 1) == self._world_size:
                self._store.compare_set(f"{attempt}/verdict", "", _GO)
            missing = self._verdict(attempt, deadline)
            self._number += 1
            if not missing:
                break
            self._store.set(f"{attempt}/{self._rank}/read", "1")
            if self._rank not in missing:  # else they gave up before this rank came
                raise self._timed_out(missing, timeout_s)
        gathered = self._store.multi_get([f"{attempt}/{rank}" for rank in range(self._world_size)])
        self._delete_earlier()
        self._store.set(f"{attempt}/{self._rank}/read", "1")  # the last thing: see let_others_read
        return [bytes(part) for part in gathered]

    def give_up(self) -> None:
        """End the gathering that this member waits in, in another thread, without it."""
        if self._attempt:
            self._store.compare_set(f"{self._attempt}/verdict", "", str(self._rank))

    def let_others_read(self) -> None:
        """Return when those who came to the latest gathering have read how it ended, or soon: for
        the rank that serves the store, before it stops."""
        if self._number == 0:
            return
        attempt = f"{self._name}/{self._number - 1}"
        with contextlib.suppress(RuntimeError):
            came = [
                rank for rank in range(self._world_size) if self._store.check([f"{attempt}/{rank}"])
            ]
            end = time.monotonic() + _PATIENCE_S
            for rank in came:
                wait_for_key(self._store, f"{attempt}/{rank}/read", end)

    def _verdict(self, attempt: str, deadline: float) -> list[int]:
        """Return who is missing."""
        key = f"{attempt}/verdict"
        if not wait_for_key(self._store, key, deadline):
            missing = [
                str(rank)
                for rank in range(self._world_size)
                if not self._store.check([f"{attempt}/{rank}"])
            ]
            self._store.compare_set(key, "", ",".join(missing) or _GO)
        verdict = self._store.get(key).decode()
        return [] if verdict == _GO else [int(rank) for rank in verdict.split(",")]

    def _delete_earlier(self) -> None:
        """Everybody came to the latest attempt, so nobody reads the ones before it any more."""
        latest = self._number - 1
        for number in range(self._kept_from, latest):
            attempt = f"{self._name}/{number}"
            self._store.delete_key(f"{attempt}/{self._rank}")
            self._store.delete_key(f"{attempt}/{self._rank}/read")
            if self._rank == 0:
                self._store.delete_key(f"{attempt}/arrived")
                self._store.delete_key(f"{attempt}/verdict")
        self._kept_from = latest

    def _timed_out(self, missing: list[int], timeout_s: float) -> RollCallTimeoutError:
        names = ", ".join(map(str, missing))
        return RollCallTimeoutError(
            f"{self._name}: {'rank' if len(missing) == 1 else 'ranks'} {names} of the group of "
            f"{self._world_size} did not come within {timeout_s:g} s on rank {self._rank}: make "
            f"the call on all ranks, or give it a longer timeout; the group is usable",
            missing=missing,
            world_size=self._world_size,
            timeout_s=timeout_s,
        )
