"""Handles of operations that were started and not waited for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import torch

from vllm_distributed import forks
from vllm_distributed.background import background_thread
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.transports.base import failure, wait_for_work

__all__ = ["Handle", "WorkHandle", "finished"]


@outside_graphs()
class Handle:
    """An operation under way.

    What it reads from or writes to stays alive until it is done, also if the handle is dropped;
    it must not be changed, or read, before.
    """

    def is_completed(self) -> bool:
        """Return whether the operation is done, well or not. Does not block."""
        raise NotImplementedError

    def wait(self) -> None:
        """Return when the operation is done; for work on a device, when the current stream has
        been made to wait for it.

        Raises:
            CollectiveError: if the operation failed.
            CollectiveTimeoutError: if the peer did not take part within the group's timeout; a
                second call raises it again.
        """
        raise NotImplementedError


@outside_graphs()
class WorkHandle(Handle):
    """Works of one call of one process group, waited for together.

    gloo's works do not know that they are done until they are waited for, and what is still to be
    sent is lost with the work. So the first `is_completed` of a handle, or dropping a handle that
    was not waited for, leaves the waiting to a thread; a plain `wait` never starts one.
    """

    def __init__(
        self,
        name: str,
        operation: str,
        works: Sequence[Any],
        buffers: Sequence[torch.Tensor],
        *,
        knows_when_done: bool,
    ) -> None:
        self._batch = _Batch(name, operation, list(works), list(buffers), knows_when_done)
        self._knows_when_done = knows_when_done

    def is_completed(self) -> bool:
        self._batch.check_process()
        if self._knows_when_done:
            return self._batch.is_completed()
        self._batch.wait_in_background()
        return self._batch.done.is_set()

    def wait(self) -> None:
        self._batch.wait()

    def __del__(self) -> None:
        batch = getattr(self, "_batch", None)
        if batch is None or self._knows_when_done or batch.done.is_set():
            return
        try:
            batch.check_process()
            batch.wait_in_background()
        except RuntimeError:  # the interpreter is going down, or the parent waits: no more threads
            return


class _Batch:
    def __init__(
        self,
        name: str,
        operation: str,
        works: list[Any],
        buffers: list[torch.Tensor],
        knows_when_done: bool,
    ) -> None:
        self._knows_when_done = knows_when_done
        self._name = name
        self._operation = operation
        self._works = works
        self._buffers = buffers
        self._process = forks.here
        self._claim = threading.Lock()  # never released by the thread that waits for the works
        self._error: RuntimeError | None = None
        self.done = threading.Event()

    def check_process(self) -> None:
        """Raise in a forked child, which has none of the threads that end the works."""
        if self._process is not forks.here:
            forks.keep_for_ever(self)
            raise forks.forked(f"an {self._operation} on {self._name}")

    def is_completed(self) -> bool:
        return self.done.is_set() or all(work.is_completed() for work in self._works)

    def wait(self) -> None:
        self.check_process()
        if self._claim.acquire(blocking=False):
            self._finish()
        else:
            self.done.wait()  # the works' own timeout bounds it
        if self._error is not None:
            raise failure(self._name, self._operation, self._error) from self._error

    def wait_in_background(self) -> None:
        if self._claim.acquire(blocking=False):
            background_thread(f"{self._operation} {self._name}", self._finish).start()

    def _finish(self) -> None:
        try:
            for work in self._works:
                if self._knows_when_done:  # a device's stream waits, and not this thread
                    work.wait()
                else:
                    wait_for_work(work, knows_when_done=False)
        except RuntimeError as error:
            self._error = error
        except BaseException as error:
            # Also Ctrl-C in the waiting thread: for later callers the operation is not done.
            self._error = RuntimeError(f"{type(error).__name__}: {error}")
            raise
        finally:
            self._works, self._buffers = [], []
            self.done.set()


def finished() -> Handle:
    """Return a handle of something that needed no work."""
    return WorkHandle("", "", [], [], knows_when_done=True)
