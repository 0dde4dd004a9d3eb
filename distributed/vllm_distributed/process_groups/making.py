"""Making process groups over gloo: from the right address, in time, and told when a rank fails.

Gloo listens on the address that this machine's name has, which may have none, or one that the
others cannot reach. The address from which this process reached the store is one that leads to the
others, so that is used, unless GLOO_SOCKET_IFNAME or VLLM_HOST_IP names another.

Gloo waits in C++ for every member's address and connection. So it does in a thread, while this one
looks whether the ranks of this node still run, and whether a rank has said, under a key of the
store, that it failed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar, Token
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

from vllm_distributed.background import background_thread
from vllm_distributed.bounded import GRACE_S, UnansweredError, bounded
from vllm_distributed.compat.torch_internals import (
    Store,
    gloo_backend,
    gloo_made_by,
    second_connection,
    without_prefixes,
)
from vllm_distributed.durations import cut
from vllm_distributed.errors import CollectiveError, DistributedError, InvalidArgumentError
from vllm_distributed.logger import logger
from vllm_distributed.store.peers import Peers, named
from vllm_distributed.store.reach import ADDRESS_SETTING, INTERFACE_SETTING, configured_address

__all__ = ["Making", "current_making", "make_gloo", "set_world_making", "supervised_gloo"]

_PREFIX = "vllm_distributed/making"
_LOOK_EVERY_S = 0.1
_PATIENCE_S = 0.4

Result = TypeVar("Result")


class Making:
    """The groups that some ranks make together; entered while they do.

    `store` is one that all of them are connected to, and `token` a name for this making that nobody
    used before; without a store only the ranks of this node are watched. Until `deadline`.
    """

    def __init__(
        self,
        me: int,
        world_size: int,
        peers: Peers,
        address: str | None,
        *,
        store: Store | None = None,
        token: str = "",
        deadline: float = math.inf,
        serves: bool = False,
    ) -> None:
        self.peers, self.address = peers, address
        self._me, self._world_size, self._deadline = me, world_size, deadline
        self._store = None if store is None else without_prefixes(store)
        self._key, self._serves = f"{_PREFIX}/{token}", serves
        self._aside: Store | None = None
        self._is_connecting = self._is_told = False
        self._groups = 0
        self._name, self._ranks = "a process group", list(range(world_size))
        self._entered: list[Token[Making | None]] = []

    def later(self) -> Making:
        """Return what watches over groups that are made when this is over."""
        return Making(self._me, self._world_size, self.peers, self.address)

    def __enter__(self) -> Making:
        self._entered.append(_current.set(self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _current.reset(self._entered.pop())
        with contextlib.suppress(RuntimeError, UnansweredError):
            if error is not None:
                self._reach(lambda store: self._tell(store, error))
            elif self._groups:
                self._reach(lambda store: store.delete_key(f"{self._key}/groups/{self._me}"))
        self._aside = None

    @contextlib.contextmanager
    def group(self, name: str, ranks: Sequence[int]) -> Iterator[None]:
        """Call the groups that are made in this block so."""
        before = self._name, self._ranks
        self._name, self._ranks = name, list(ranks)
        try:
            yield
        finally:
            self._name, self._ranks = before

    def make(self, store: Store, rank: int, world_size: int, timeout: timedelta) -> Any:
        """Return torch's gloo backend, connected to the other members'.

        Raises `CollectiveError` naming the ranks that died, failed or did not come.
        """
        timeout = cut(timeout)
        until = min(time.monotonic() + timeout.total_seconds(), self._deadline)
        try:
            return bounded(
                lambda: self._backend(store, rank, world_size, timeout),
                until + GRACE_S,
                watch=self.look,
                every_s=_LOOK_EVERY_S,
            )
        except DistributedError:
            raise
        except UnansweredError:
            raise self._failure(timeout, "") from None
        except RuntimeError as error:
            self._raise_if_dead(self.peers.dead_soon())
            raise self._failure(timeout, f": {error}") from error

    def _backend(self, store: Store, rank: int, world_size: int, timeout: timedelta) -> Any:
        if self._store is not None and world_size > 1:
            self._say_where(self._store)
        if os.environ.get(INTERFACE_SETTING):
            try:
                configured_address()
            except InvalidArgumentError as error:  # as gloo would fail, but in words
                raise RuntimeError(str(error)) from error
            return gloo_backend(store, rank, world_size, timeout, None)
        address = configured_address() or self.address
        if world_size == 1 and address is None:
            address = "127.0.0.1"  # nobody will come
        return gloo_backend(store, rank, world_size, timeout, address)

    def pass_by(self) -> None:
        """Count a group that this rank is no member of, as its members do: who has come to how many
        groups is compared."""
        if self._store is not None:
            self._say_where(self._store)

    # While it lasts

    def look(self) -> None:
        """Raise `CollectiveError` if a rank will not come."""
        self._raise_if_dead(self.peers.dead())
        if not self._step_aside():
            return
        with contextlib.suppress(UnansweredError):
            text = self._reach(self._look_up)
            if text is not None:
                report = json.loads(text)
                raise CollectiveError(
                    f"{self._what()}: rank {report['rank']} failed ({report['error']}): see what "
                    f"is wrong there, and make the call again on every rank",
                    group=self._name,
                    rank=report["rank"],
                )

    def _look_up(self, store: Store) -> bytes | None:
        if not store.check([f"{self._key}/failed"]):
            return None
        self._is_told = True
        store.add(f"{self._key}/told", 1)
        return bytes(store.get(f"{self._key}/failed"))

    def _tell(self, store: Store, error: BaseException) -> None:
        what = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error).strip()
        text = json.dumps({"rank": self._me, "error": what[:500] or type(error).__name__})
        store.compare_set(f"{self._key}/failed", "", text)
        if not self._serves and not self._is_told:
            store.add(f"{self._key}/told", 1)  # a failure of its own: it reads no other's
        end = time.monotonic() + _PATIENCE_S
        while self._serves and time.monotonic() < end:  # the store ends with this rank
            if store.add(f"{self._key}/told", 0) >= self._world_size - 1:
                return
            time.sleep(0.02)

    def _say_where(self, store: Store) -> None:
        """Say how many groups this rank has come to."""
        self._groups += 1
        store.set(f"{self._key}/groups/{self._me}", str(self._groups))

    def _behind(self, store: Store) -> list[int]:
        """Return the members of this group that have not come to it."""
        keys = {rank: f"{self._key}/groups/{rank}" for rank in self._ranks if rank != self._me}
        return [
            rank
            for rank, key in keys.items()
            if not store.check([key]) or int(store.get(key)) < self._groups
        ]

    def _reach(self, call: Callable[[Store], Result]) -> Result | None:
        """Call with the store, for a moment: gloo may wait in this connection to it."""
        store = self._aside or self._store
        return None if store is None else bounded(lambda: call(store), time.monotonic() + GRACE_S)

    def _step_aside(self) -> bool:
        """Return whether there is a connection that gloo does not wait in.

        It is made in the background, and only when a wait takes a while: that may take seconds, see
        `store.attempts.wait_for_key`.
        """
        if self._aside is None and not self._is_connecting and self._store is not None:
            self._is_connecting = True
            background_thread("connection to the store", self._connect_aside).start()
        return self._aside is not None

    def _connect_aside(self) -> None:
        try:
            if self._store is not None:
                self._aside = second_connection(self._store)
        except RuntimeError as error:  # gloo, which needs the store as well, will say so
            logger.debug("no second connection to the store: %s", error)

    def _raise_if_dead(self, dead: list[int]) -> None:
        if not dead:
            return
        named = ", ".join(f"{rank} (process {self.peers.pid(rank)})" for rank in dead)
        raise CollectiveError(
            f"{self._what()}: rank {named} is gone: its process has ended. Start it again, and "
            f"make the call again on every rank",
            group=self._name,
            rank=dead[0],
            missing=dead,
        )

    def _failure(self, timeout: timedelta, why: str) -> CollectiveError:
        missing: list[int] = []
        with contextlib.suppress(RuntimeError, UnansweredError):
            missing = self._reach(self._behind) or []
        if missing:
            why_not = f"{named(missing)} did not come to it"
        else:
            address = os.environ.get(ADDRESS_SETTING) or self.address or "this machine's name"
            why_not = (
                f"its members may not reach each other (this one's address is {address}: set "
                f"{INTERFACE_SETTING} or {ADDRESS_SETTING} for another)"
            )
        return CollectiveError(
            f"{self._what()} within {timeout.total_seconds():g} s: {why_not}{why}",
            group=self._name,
            rank=self._me,
            missing=missing,
            timeout_s=timeout.total_seconds(),
        )

    def _what(self) -> str:
        return f"rank {self._me} could not connect to the other members of {self._name}"


_current: ContextVar[Making | None] = ContextVar("making", default=None)
_of_world: Making | None = None


def set_world_making(making: Making | None) -> None:
    """Set what watches over groups of this process's world that are made one by one."""
    global _of_world
    _of_world = making


def current_making() -> Making | None:
    """Return what groups are made under now."""
    return _current.get() or _of_world


def make_gloo(store: Store, rank: int, world_size: int, timeout: timedelta) -> Any:
    """Return torch's gloo backend, connected, made as `Making.make` does."""
    making = current_making() or Making(rank, world_size, Peers(rank, {}), None)
    return making.make(store, rank, world_size, timeout)


@contextlib.contextmanager
def supervised_gloo(name: str, ranks: Sequence[int]) -> Iterator[None]:
    """Have torch make its gloo backends by `make_gloo` in this block, of a group called `name`."""
    making = current_making()
    block = contextlib.nullcontext() if making is None else making.group(name, ranks)
    with block, gloo_made_by(make_gloo):
        yield
