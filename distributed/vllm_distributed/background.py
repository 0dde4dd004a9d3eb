"""Threads that nobody waits for. None of them ends in silence."""

from __future__ import annotations

import threading
from collections.abc import Callable

from vllm_distributed.logger import init_logger

__all__ = ["Failed", "background_thread", "tell"]

_logger = init_logger(__name__)

Failed = Callable[[BaseException], object]
"""Tells whatever depends on something in the background that it has failed."""


def background_thread(
    what: str, work: Callable[[], object], failed: Failed | None = None
) -> threading.Thread:
    """Return a daemon thread, for the caller to start. What it raises is logged, and told."""

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the last frame of the thread
            tell(what, error, failed)

    return threading.Thread(target=run, name=f"vllm_distributed {what}", daemon=True)


def tell(what: str, error: BaseException, failed: Failed | None) -> None:
    """Log that something in the background has failed, and have what depends on it fail."""
    _logger.error("%s failed", what, exc_info=error)
    if failed is not None:
        try:
            failed(error)
        except Exception:
            _logger.exception("telling of the failure of %s failed", what)
