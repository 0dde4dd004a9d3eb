"""One function on all ranks of a world, in a thread each."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from vllm_bridge.client._calls.runs import Run, label
from vllm_bridge.process import background

if TYPE_CHECKING:
    from vllm_bridge.client._session import Session

V = TypeVar("V")

# For the threads of the other ranks to end, when one has failed and their calls are given up.
_LEAVE_SECONDS = 0.2


def on_all_ranks(
    world_id: str,
    sessions: Sequence[Session],
    function: Callable[[Session], V],
    run: Run,
) -> list[V]:
    """Results in rank order, or the exception of the rank that failed first, at once."""
    outcomes: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()

    def one(rank: int, session: Session) -> None:
        # What it raises goes to the caller of `World.run`; it must not end this thread.
        try:
            outcomes.put((rank, function(session), None))
        except BaseException as error:  # noqa: BLE001
            outcomes.put((rank, None, error))

    results: dict[int, V] = {}
    threads = []
    with run.entered():
        for rank, session in enumerate(sessions):
            context = contextvars.copy_context()
            # One that is stuck in a function of the user's does not keep the program from its end.
            thread = background.thread("World.run", context.run, one, rank, session)
            threads.append(thread)
        try:
            for thread in threads:
                thread.start()
            while len(results) < len(threads):
                rank, result, error = outcomes.get()
                if error is not None:
                    label(error, world_id, rank)
                    raise error
                results[rank] = result
        except BaseException:
            # Also Ctrl-C.
            run.cancel()
            _leave(threads)
            raise
    return [results[rank] for rank in range(len(threads))]


def _leave(threads: Sequence[threading.Thread]) -> None:
    give_up_at = time.monotonic() + _LEAVE_SECONDS
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(give_up_at - time.monotonic(), 0))
