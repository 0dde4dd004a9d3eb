"""What both ends of a message queue know: a handle, as plain values, and how long they wait."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, fields
from typing import Any

from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    MessageQueueClosedError,
    MessageQueueTimeoutError,
)
from vllm_distributed.wire.registered_types import register_type

__all__ = ["VERSION", "Endpoint", "ExportedHandle", "Handle", "listed"]

VERSION = 2


@dataclass(frozen=True)
class Handle:
    """Where a queue is. It holds the secret that lets a reader in: it goes to the readers only."""

    version: int
    n_reader: int
    local_reader_ranks: list[int]
    memory: str | None
    """The name of the shared memory, if there are readers on the writer's node."""
    max_chunk_bytes: int
    max_chunks: int
    host: str | None
    """Where the writer listens for readers on other nodes, if there are any."""
    port: int
    token: bytes
    timeout_s: float

    def as_plain(self) -> ExportedHandle:
        """Return the handle as a dict of plain values."""
        return ExportedHandle(asdict(self))

    @classmethod
    def from_plain(cls, value: Any) -> Handle:
        """Return the handle that `as_plain` made the dict from.

        Raises `InvalidTypeError` or `InvalidArgumentError` for anything else.
        """
        if not isinstance(value, dict):
            raise InvalidTypeError(
                f"a message queue's handle is the dict that export_handle() returns, got "
                f"{type(value).__name__}"
            )
        kinds: dict[str, tuple[type, ...]] = {
            "local_reader_ranks": (list,),
            "memory": (str, type(None)),
            "host": (str, type(None)),
            "token": (bytes,),
            "timeout_s": (float, int),
        }
        names = [field.name for field in fields(cls)]
        wrong = [
            name
            for name in names
            if name not in value
            or isinstance(value[name], bool)
            or not isinstance(value[name], kinds.get(name, (int,)))
        ]
        if wrong or set(value) != set(names):
            raise InvalidArgumentError(
                f"not a message queue's handle: wrong, missing or unknown are "
                f"{sorted({*wrong, *(str(key) for key in value if key not in names)})}; pass on "
                f"what export_handle() returned, unchanged"
            )
        handle = cls(**value)
        if handle.version != VERSION:
            raise InvalidArgumentError(
                f"the handle is of version {handle.version}, this package knows {VERSION}: run the "
                f"same version of vllm_distributed on every rank",
                version=handle.version,
            )
        if handle.max_chunk_bytes < 1 or handle.max_chunks < 1 or handle.n_reader < 0:
            raise InvalidArgumentError("not a message queue's handle: its sizes are not positive")
        if not 0 <= handle.port <= 65535 or not handle.timeout_s > 0:
            raise InvalidArgumentError(
                f"not a message queue's handle: port={handle.port} must be in 0..65535, and "
                f"timeout_s={handle.timeout_s} positive"
            )
        return handle


class ExportedHandle(dict[str, Any]):
    """A handle as its readers get it: a dict of plain values, with vLLM's names as attributes.

    It travels between ranks, through a pipe of `multiprocessing` and to Elixir as that dict. What
    the attributes say is for reading only: a reader's endpoint is made of the whole dict.
    """

    @property
    def local_reader_ranks(self) -> list[int]:
        """The ranks of the readers on the writer's node."""
        ranks: list[int] = self["local_reader_ranks"]
        return ranks

    @property
    def buffer_handle(self) -> tuple[int, int, int, str] | None:
        """(readers, bytes of a chunk, chunks, name) of the memory, where readers share it."""
        if self["memory"] is None:
            return None
        readers = len(self.local_reader_ranks)
        return readers, self["max_chunk_bytes"], self["max_chunks"], self["memory"]

    @property
    def local_subscribe_addr(self) -> None:
        """None: large objects go through the shared memory too, in several chunks."""

    @property
    def local_notify_addr(self) -> None:
        """None: who waits is woken through the shared memory."""

    @property
    def remote_subscribe_addr(self) -> str | None:
        """Where the writer listens for readers on other nodes; None where there are none."""
        if self["host"] is None:
            return None
        host = f"[{self['host']}]" if self.remote_addr_ipv6 else self["host"]
        return f"tcp://{host}:{self['port']}"

    @property
    def remote_addr_ipv6(self) -> bool:
        """Whether that is an IPv6 address."""
        return ":" in (self["host"] or "")

    @property
    def tensor_arena_handle(self) -> None:
        """None: the shared memory holds tensors as they are, without an arena beside it."""


# As the dict it is; whether it describes a queue is asked where a reader is made of it.
register_type(ExportedHandle, dict, ExportedHandle)


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
