"""All members of a group bring some bytes together in a store: a barrier, and an all-gather."""

from __future__ import annotations

import contextlib
import threading
import time

from vllm_distributed.compat.torch_internals import Store
from vllm_distributed.errors import RollCallTimeoutError
from vllm_distributed.store.attempts import Attempts
from vllm_distributed.store.peers import named

__all__ = ["StoreGathering"]

# A member that died in this moment is waited for no longer.
_OTHERS_LEAVE_S = 5.0


class StoreGathering:
    """The gatherings of one kind on one group.

    Either all that came pass, or all that came raise an error that names who is missing. A member
    that was given up learns it when it comes, and goes on to the next attempt.

    With `rank_0_is_last` rank 0, which serves the store, returns after the others have read how a
    gathering ended: it may end then, and the store with it.
    """

    def __init__(
        self, store: Store, name: str, rank: int, world_size: int, *, rank_0_is_last: bool = False
    ) -> None:
        self._waits_for_others = rank_0_is_last and rank == 0
        self._attempts = Attempts(store, name, world_size, "the stateless process group")
        self._name, self._rank, self._world_size = name, rank, world_size
        self._given_up = threading.Event()

    def hold(self, data: bytes, timeout_s: float) -> list[bytes]:
        """Return what every member brought, in rank order.

        Collective. Raises `RollCallTimeoutError` naming the members that did not come within
        `timeout_s` seconds, torch's RuntimeError if the store is gone.
        """
        given_up = self._given_up = threading.Event()
        attempts, deadline = self._attempts, time.monotonic() + timeout_s
        while True:
            attempt = attempts.begin()
            attempts.store.set(f"{attempt.key}/{self._rank}", data)  # type: ignore[arg-type]  # stubs
            attempt.arrived()
            why = attempt.decided(deadline, lambda missing: ",".join(map(str, missing)))
            if not why:
                break
            attempt.leave()
            missing = [int(rank) for rank in why.split(",")]
            # Else the others gave up before this rank came.
            if self._rank not in missing or given_up.is_set():
                raise self._timed_out(missing, timeout_s)
        gathered = attempt.parts()
        shared = ("arrived", "read", "verdict") if self._rank == 0 else ()
        attempts.delete_earlier(str(self._rank), *shared)
        attempt.leave()  # the last thing: then the store may end
        if self._waits_for_others:
            attempt.wait_until_left(min(deadline, time.monotonic() + _OTHERS_LEAVE_S), given_up)
        return gathered

    def give_up(self) -> None:
        """End the gathering that this member waits in, in another thread, without it."""
        self._given_up.set()
        if self._attempts.latest is not None:
            self._attempts.latest.end(str(self._rank))

    def let_others_read(self) -> None:
        """Return when those who came to the latest gathering have read how it ended, or soon: for
        the rank that serves the store, before it stops."""
        if self._attempts.latest is not None:
            with contextlib.suppress(RuntimeError):
                self._attempts.latest.let_others_read(self._world_size)

    def _timed_out(self, missing: list[int], timeout_s: float) -> RollCallTimeoutError:
        return RollCallTimeoutError(
            f"{self._name}: {named(missing)} of the group of {self._world_size} did not come "
            f"within {timeout_s:g} s on rank {self._rank}: make the call on all ranks, or give it "
            f"a longer timeout; the group is usable",
            missing=missing,
            world_size=self._world_size,
            timeout_s=timeout_s,
        )
