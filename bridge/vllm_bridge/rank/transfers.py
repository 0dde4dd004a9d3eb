"""Calls in parts on their way: how many move at a time, and what becomes of one that does not.

A stream that moves holds one of a few places, so that what is in memory at a time has a bound. One
whose next part does not come, or whose reader does not read, lends its place to another, and is
ended when nothing has moved for long: streams that never end keep no call from a rank.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.caller import Caller
from vllm_bridge.process import background

_logger = logging.getLogger("vllm_bridge.rank.calls")

MAX_STREAMS = 64
"""Calls in parts that a rank has at a time; each has a thread. More are refused by name."""

AT_A_TIME = 4
"""Of them, those that move."""

PATIENCE_SECONDS = 0.5
"""Without a part for so long, the place goes to another."""

STALLED_SECONDS: float = 30
"""Without a part for so long, the stream is ended."""

# For the refusals of those that are too many.
_SPARE_THREADS = 4

_LOOK_SECONDS = 0.25


class CallerGone(Exception):
    """Nobody waits for the call any more; it never ran."""


class Transfers:
    """Those of one rank."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(MAX_STREAMS + _SPARE_THREADS, "rank-transfer")
        self._streams = threading.Semaphore(MAX_STREAMS)
        self._places = threading.Semaphore(AT_A_TIME)
        self._lock = threading.Lock()
        self._sending: set[Transfer] = set()
        self._watched = False

    @contextlib.contextmanager
    def begin(self, caller: Caller) -> Iterator[Transfer]:
        """One call, from its first part to its last.

        Raises:
            BridgeError: (pool, `queue_full`) there are as many as may be.
        """
        if not self._streams.acquire(blocking=False):
            raise BridgeError(
                Category.POOL,
                "queue_full",
                f"{MAX_STREAMS} calls in parts are on their way to or from this rank already, and "
                "no more may be; try again later",
                details={"depth": MAX_STREAMS, "limit": MAX_STREAMS},
            )
        transfer = Transfer(self._places, caller)
        try:
            yield transfer
        finally:
            with self._lock:
                self._sending.discard(transfer)
            transfer.lend()
            self._streams.release()

    def sent(self, transfer: Transfer, parts: Iterator[bytes]) -> Iterator[bytes]:
        """The parts of an answer, as fast as its reader takes them."""
        for part in parts:
            transfer.move()
            self._watch(transfer)
            yield part

    def _watch(self, transfer: Transfer) -> None:
        with self._lock:
            self._sending.add(transfer)
            if not self._watched:
                background.thread("transfers", self._look, failed=self._unwatched).start()
                self._watched = True

    def _look(self) -> None:
        """Nothing else notices a reader that does not read: what carries the call waits for it in
        the stream's own thread."""
        pause = threading.Event()
        while True:
            pause.wait(_LOOK_SECONDS)
            with self._lock:
                sending = list(self._sending)
                if not sending:
                    self._watched = False
                    return
            for transfer in sending:
                transfer.look()

    def _unwatched(self, error: BaseException) -> None:
        # The next part that is sent begins another.
        with self._lock:
            self._watched = False


class Transfer:
    """One call in parts."""

    def __init__(self, places: threading.Semaphore, caller: Caller) -> None:
        self._places = places
        self._caller = caller
        self._lock = threading.Lock()
        self._has_place = False
        self._moved_at = time.monotonic()

    def move(self) -> None:
        """Take a place, if it has none, for what moves next. Raises `CallerGone`."""
        self._moved_at = time.monotonic()
        while not self._has_place:
            if not self._caller.is_active():
                raise CallerGone
            if self._places.acquire(timeout=PATIENCE_SECONDS):
                with self._lock:
                    self._has_place = True
        self._moved_at = time.monotonic()

    def lend(self) -> None:
        """Let another have its place."""
        with self._lock:
            held, self._has_place = self._has_place, False
        if held:
            self._places.release()

    def look(self) -> None:
        """See whether its reader still reads; from another thread."""
        waited_s = time.monotonic() - self._moved_at
        if waited_s > PATIENCE_SECONDS:
            self.lend()
        if waited_s > STALLED_SECONDS:
            _logger.warning(
                "a call in parts was ended: its answer was not read for %.0f s", waited_s
            )
            self._caller.cancel()

    def received(self, requests: Iterator[bytes]) -> Iterator[bytes]:
        """The parts of a request as they come.

        Raises:
            BridgeError: (timeout, `transfer_stalled`) none has come for long.
        """
        parts: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
        wanted = threading.Semaphore(0)
        over = threading.Event()

        def read() -> None:
            # The iterator waits for ever; it ends with the call, whichever side ends that.
            try:
                for part in requests:
                    parts.put(part)
                    wanted.acquire()
                    if over.is_set():
                        return
                parts.put(None)
            except Exception as error:  # noqa: BLE001 - raised where the parts are waited for
                parts.put(error)

        background.thread("parts of a call", read, failed=parts.put).start()
        try:
            while (part := self._next(parts)) is not None:
                if isinstance(part, BaseException):
                    raise part
                self.move()
                yield part
                wanted.release()
        finally:
            over.set()
            wanted.release()

    def _next(
        self, parts: SimpleQueue[bytes | BaseException | None]
    ) -> bytes | BaseException | None:
        with contextlib.suppress(Empty):
            return parts.get(timeout=PATIENCE_SECONDS)
        self.lend()
        try:
            return parts.get(timeout=STALLED_SECONDS - PATIENCE_SECONDS)
        except Empty:
            raise BridgeError(
                Category.TIMEOUT,
                "transfer_stalled",
                f"no part of the call has come for {STALLED_SECONDS:g} s; it was given up, and "
                "never ran",
                details={"ran": False, "waited_s": STALLED_SECONDS},
            ) from None
