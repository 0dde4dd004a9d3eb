"""Tasks and threads that nobody waits for. None of them ends in silence.

Every task and thread of this package is begun here. What one raises is logged with its traceback,
and whatever depends on it is told (`failed`), so that it fails by name instead of waiting. A loop
that is to go on guards each of its steps with `step`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - asyncio would when it first needs it, too late
import contextlib
import functools
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from vllm_bridge.codec.errors import BridgeError

_logger = logging.getLogger("vllm_bridge.background")

T = TypeVar("T")

Failed = Callable[[BaseException], object]

# A loop knows its tasks by weak references only.
_tasks: set[asyncio.Task[Any]] = set()


def task(what: str, work: Coroutine[Any, Any, T], failed: Failed | None = None) -> asyncio.Task[T]:
    """Begin a task of the running loop that nobody waits for. `what` is its name in the log."""
    begun = awaited(what, work)
    begun.add_done_callback(functools.partial(_task_ended, what, failed))
    return begun


def awaited(what: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin a task whose outcome its makers wait for, all of them: what it raises is theirs."""
    begun = asyncio.get_running_loop().create_task(work, name=what)
    _tasks.add(begun)
    begun.add_done_callback(_tasks.discard)
    return begun


def in_thread(what: str, work: Callable[..., object], *args: object) -> None:
    """Have the running loop's threads do what would hold it up, and go on."""
    with step(what):
        done = asyncio.get_running_loop().run_in_executor(None, work, *args)
        done.add_done_callback(functools.partial(_task_ended, what, None))


def thread(
    what: str, work: Callable[..., object], *args: object, failed: Failed | None = None
) -> threading.Thread:
    """A daemon thread, for the caller to start. `what` is its name."""

    def run() -> None:
        try:
            work(*args)
        except BaseException as error:  # noqa: BLE001 - the last frame of the thread
            _tell(what, error, failed)

    return threading.Thread(target=run, name=what, daemon=True)


@contextlib.contextmanager
def step(what: str, failed: Failed | None = None) -> Iterator[None]:
    """One step of a loop that goes on whatever it raises."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - told, and the loop goes on
        _tell(what, error, failed)


def defect(what: str, error: BaseException) -> BridgeError:
    """The error of what depends on something that has failed in a way that nobody has foreseen."""
    # Imports gRPC, which the forkserver's maker waits for as little as it can.
    from vllm_bridge.codec.errors import BridgeError, Category

    if isinstance(error, BridgeError):
        return error
    return BridgeError(
        Category.POOL,
        "internal_error",
        f"{what} failed: {type(error).__name__}: {error}. This is a defect, or a limit of the "
        "system; the server's log has more",
        python_type=type(error).__name__,
    )


def _task_ended(what: str, failed: Failed | None, ended: asyncio.Future[Any]) -> None:
    if not ended.cancelled() and (error := ended.exception()) is not None:
        _tell(what, error, failed)


def _tell(what: str, error: BaseException, failed: Failed | None) -> None:
    _logger.error("%s failed", what, exc_info=error)
    if failed is not None:
        try:
            failed(error)
        except Exception:
            _logger.exception("telling of the failure of %s failed", what)
