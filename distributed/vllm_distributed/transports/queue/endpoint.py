"""What the two ends of a message queue share: when they stop, and how long they wait."""

from __future__ import annotations

import threading
import time

from vllm_distributed.errors import MessageQueueClosedError, MessageQueueTimeoutError
from vllm_distributed.transports.queue.handle import Handle

__all__ = ["Endpoint", "listed"]


class Endpoint:
    """One end of the queue that `handle` describes; `stopped` is set when it is shut down."""

    def __init__(self, handle: Handle, stopped: threading.Event) -> None:
        self.handle = handle
        self._timeout_s = handle.timeout_s
        self._stopped = stopped

    def check_open(self) -> None:
        """Raise `MessageQueueClosedError` if this end was shut down."""
        if self._stopped.is_set():
            raise self.was_shut_down()

    @staticmethod
    def was_shut_down() -> MessageQueueClosedError:
        """Return the error of a call on an end that was shut down."""
        return MessageQueueClosedError("this endpoint of the message queue was shut down")

    def deadline(self) -> float:
        """Return until when to wait by default, on the clock of `time.monotonic`."""
        return time.monotonic() + self._timeout_s

    def missing(self, names: str, ranks: list[int]) -> MessageQueueTimeoutError:
        """Return the error of a wait for others that did not come."""
        return MessageQueueTimeoutError(
            f"the message queue is not ready: {names} did not come within "
            f"{self.handle.timeout_s:g} s",
            readers=ranks,
        )


def listed(ranks: list[int]) -> str:
    """Return ranks as words for a message."""
    return ", ".join(map(str, ranks)) or "none"
