"""Connections between the processes of a transfer: messages of JSON, and bytes behind them.

A message is a mark, a length and JSON; nothing that is received is more than plain values. Who does
not answer in time, or is gone, is named.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
import os
import select
import selectors
import socket
import struct
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vllm_distributed.errors import (
    EncodingError,
    InvalidArgumentError,
    RendezvousError,
    WeightTransferError,
    WeightTransferTimeoutError,
)

__all__ = [
    "Link",
    "Message",
    "Watch",
    "accept_all",
    "close_all",
    "collect",
    "dial",
    "failure",
    "given_up",
    "heard",
    "listen",
]

Message = dict[str, Any]
Watch = Callable[[], None]

_HEAD = struct.Struct("<4sQ")
_MARK = b"VDW1"
_LONGEST = 1 << 28
"""Of a message: the names and shapes of a million parameters."""
_LOOK_S = 0.1
_FAREWELL_S = 0.25


_open: weakref.WeakSet[Link] = weakref.WeakSet()


def _nothing() -> None:
    pass


def _in_child() -> None:
    """A forked child keeps none open: its parent's end would not be seen."""
    for link in list(_open):
        link.close()


os.register_at_fork(after_in_child=_in_child)


class Link:
    """One end of a connection; `name` is who is at the other one."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        self._socket = sock
        self.name = name
        _open.add(self)
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def own_address(self) -> str:
        """This process's end."""
        return str(self._socket.getsockname()[0])

    def fileno(self) -> int:
        """Return the descriptor, to be selected by."""
        return self._socket.fileno()

    def send(self, message: Message, until: float, watch: Watch = _nothing) -> None:
        """Send a message by `until`, of `time.monotonic()`."""
        body = json.dumps(message, separators=(",", ":")).encode()
        self.send_bytes(_HEAD.pack(_MARK, len(body)) + body, until, watch)

    def send_bytes(self, data: Any, until: float, watch: Watch = _nothing) -> None:
        """Send bytes as they are."""
        left = memoryview(data).cast("B")
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, until, watch)
            except OSError as error:
                raise failure(f"{self.name} is gone: {error}", gone=[self.name]) from error

    def receive(self, until: float, watch: Watch = _nothing) -> Message:
        """Return the next message."""
        head = bytearray(_HEAD.size)
        self.receive_into(head, until, watch)
        mark, length = _HEAD.unpack(head)
        if mark != _MARK or length > _LONGEST:
            raise EncodingError(f"{self.name} sent something else than a message of this package")
        body = bytearray(length)
        self.receive_into(body, until, watch)
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise EncodingError(f"{self.name} sent a message that is none: {error}") from error
        if not isinstance(message, dict):
            raise EncodingError(f"{self.name} sent {type(message).__name__} in place of a message")
        return message

    def receive_into(self, room: Any, until: float, watch: Watch = _nothing) -> None:
        """Fill `room` with bytes as they come."""
        left = memoryview(room).cast("B")
        while left:
            try:
                count = self._socket.recv_into(left)
            except BlockingIOError:
                self._wait(select.POLLIN, until, watch)
                continue
            except OSError as error:
                raise failure(f"{self.name} is gone: {error}", gone=[self.name]) from error
            if not count:
                raise failure(
                    f"{self.name} is gone: its process has ended, or it left", [self.name]
                )
            left = left[count:]

    def _wait(self, event: int, until: float, watch: Watch) -> None:
        poll = select.poll()
        poll.register(self._socket, event)
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise failure(f"{self.name} did nothing in time", missing=[self.name])
            if poll.poll(min(left, _LOOK_S) * 1000):
                return
            watch()

    def say_farewell(self, farewell: Message, until: float) -> None:
        """Send the last message, if the other end takes it in time."""
        with contextlib.suppress(WeightTransferError, OSError):
            self.send(farewell, until)
            self._socket.shutdown(socket.SHUT_WR)

    def drain(self, until: float) -> None:
        """Read until the other end has closed: what came and was not read would make the kernel
        drop what was sent last."""
        rest = bytearray(1 << 16)
        with contextlib.suppress(WeightTransferError, OSError):
            while True:
                self.receive_into(rest, until)

    def close(self) -> None:
        """Close it. Idempotent."""
        self._socket.close()


def close_all(links: Sequence[Link], farewell: Message | None = None) -> None:
    """Close all; `farewell` is sent before."""
    until = time.monotonic() + _FAREWELL_S
    if farewell is not None:
        for link in links:
            link.say_farewell(farewell, until)
        for link in links:
            link.drain(until)
    for link in links:
        link.close()


def given_up(error: BaseException) -> Message:
    """Return the message of who gives a transfer up because of `error`."""
    if isinstance(error, WeightTransferError):
        named = {key: error.details.get(key, []) for key in ("gone", "missing")}
        return {"op": "abort", "reason": str(error), **named}
    why = "it was left before its end" if isinstance(error, GeneratorExit) else repr(error)
    return {"op": "abort", "reason": why}


def heard(message: Message, what: str) -> WeightTransferError:
    """Return the error of a transfer that another one has given up, as it was told."""
    named = {key: [str(each) for each in message.get(key, ())] for key in ("gone", "missing")}
    return failure(f"{what}: {message.get('reason')}", **named)


def failure(
    message: str, gone: Sequence[str] = (), missing: Sequence[str] = (), **details: object
) -> WeightTransferError:
    """Return the error of a transfer in which some are gone or did not come in time."""
    kind = WeightTransferTimeoutError if missing and not gone else WeightTransferError
    return kind(message, gone=list(gone), missing=list(missing), **details)


def collect(
    links: Iterable[Link],
    wanted: Callable[[Link, Message], bool],
    until: float,
    what: str,
    watch: Watch = _nothing,
) -> None:
    """Receive from each link until `wanted` says that one was what is waited for. Who has not sent
    it by `until` is named, and so is who is gone, at once."""
    waiting = list(links)
    with selectors.DefaultSelector() as selector:
        for link in waiting:
            selector.register(link, selectors.EVENT_READ)
        while waiting:
            left = until - time.monotonic()
            if left <= 0:
                names = [link.name for link in waiting]
                raise failure(f"{', '.join(names)} did not {what} in time", missing=names)
            for key, _ in selector.select(min(left, _LOOK_S)):
                ready: Any = key.fileobj
                if wanted(ready, ready.receive(until, watch)):
                    selector.unregister(ready)
                    waiting.remove(ready)
            watch()


def listen(host: str, port: int = 0) -> socket.socket:
    """Return a socket that listens on one address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        if ipaddress.ip_address(str(address[0]).partition("%")[0]).is_unspecified:
            raise InvalidArgumentError(
                f"{host!r} stands for every interface: give the address that the others connect to"
            )
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise RendezvousError(
            f"nothing can listen on host {host}, port {port} ({error}): give an address of this "
            f"machine, and a port that nobody uses, or 0",
            host=host,
            port=port,
        ) from error
    return listener


def dial(place: Message, number: int, name: str, until: float) -> Link:
    """Return a connection to who listens at `place`, to whom this is target `number`."""
    try:
        sock = socket.create_connection(
            (place["host"], place["port"]), timeout=max(until - time.monotonic(), 0.001)
        )
    except OSError as error:
        raise RendezvousError(
            f"{name} is not at {place['host']}, {place['port']}: {error}"
        ) from error
    link = Link(sock, name)
    link.send({"token": place["token"], "number": number}, until)
    return link


def accept_all(
    listener: socket.socket, token: str, numbers: Iterable[int], until: float
) -> dict[int, Link]:
    """Return connections of targets, by their numbers. Who does not know `token` is turned away."""
    found: dict[int, Link] = {}
    wanted = set(numbers)
    try:
        while wanted - found.keys():
            left = until - time.monotonic()
            if left <= 0:
                names = [f"target {number}" for number in sorted(wanted - found.keys())]
                raise failure(f"{', '.join(names)} did not connect in time", missing=names)
            listener.settimeout(min(left, _LOOK_S))
            try:
                link = Link(listener.accept()[0], "a process that connected")
            except TimeoutError:
                continue
            number = _number(link, token, min(until, time.monotonic() + _FAREWELL_S))
            if number in wanted and number not in found:
                link.name = f"target {number}"
                found[number] = link
            else:
                link.close()
    except BaseException:
        for link in found.values():
            link.close()
        raise
    return found


def _number(link: Link, token: str, until: float) -> int:
    try:
        said = link.receive(until)
    except (WeightTransferError, EncodingError):
        return -1
    given, number = said.get("token"), said.get("number")
    is_known = isinstance(given, str) and hmac.compare_digest(given.encode(), token.encode())
    return number if is_known and isinstance(number, int) else -1
