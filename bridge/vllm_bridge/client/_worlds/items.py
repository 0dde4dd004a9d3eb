"""The items of an iterator that stays in its rank, fetched several at a time; in coroutines."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vllm_bridge._generated import rank_pb2
from vllm_bridge.client._calls import runs
from vllm_bridge.client._calls.checks import text, wrong_type
from vllm_bridge.client._calls.session import SessionCalls
from vllm_bridge.client._calls.timeouts import UNSET, Deadline, Timeout
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import to_duration

if TYPE_CHECKING:
    from vllm_bridge.codec.calls import RemoteObject

# As many at a time as the rank has ready: it says no more are when the first has waited so long.
MOST_ITEMS = 256
_WITHIN = timedelta(milliseconds=2)

_WANTED = "the qualified name of a function, or an iterator that a call has returned"


class ItemCalls:
    """One iterator of a rank. One at a time may read it."""

    def __init__(
        self,
        session: SessionCalls,
        of: str | RemoteObject,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        timeout: Timeout,
        timeout_profile: str,
    ) -> None:
        if isinstance(of, str):
            text("of", of, _WANTED)
        elif not callable(getattr(of, "to_ref", None)):
            raise wrong_type("of", of, _WANTED)
        self._session = session
        self._of, self._args, self._kwargs = of, args, kwargs
        self._timeout, self._profile = timeout, text("timeout_profile", timeout_profile)
        self._deadline: Deadline | None = None
        self._made: RemoteObject | None = None
        self._items: deque[Any] = deque()
        self._count = 1
        self._over = False

    @property
    def open(self) -> bool:
        """Whether the rank keeps something for it."""
        return self._made is not None

    async def next(self) -> Any:
        """The next item; raises StopAsyncIteration when there is none, BridgeError."""
        try:
            while not self._items:
                if self._over:
                    raise StopAsyncIteration
                await self._fetch()
        except BridgeError:
            await self.close()
            raise
        return self._items.popleft()

    async def close(self) -> None:
        """End it in the rank. What was fetched is forgotten."""
        made, self._made = self._made, None
        self._over = True
        self._items.clear()
        if made is None or self._session.link.closed:
            return
        request = rank_pb2.ReleaseRequest(objects=[made.to_ref()])
        # Also where a whole `World.run` is over.
        with runs.outside():
            try:
                exchange = await self._session.objects(
                    "Release", request, lambda response, _: None, UNSET, self._profile
                )
                await exchange.result()
            except BridgeError:
                # Its session has ended, or its rank has: so has it.
                return

    async def _fetch(self) -> None:
        from vllm_bridge.codec.calls import decode_term

        if self._deadline is None:
            stream = await self._session.link.profiles.resolve_stream(self._timeout, self._profile)
            self._deadline = Deadline(stream)
        made = self._made
        if made is None:
            made = self._made = await self._begin()
        request = rank_pb2.NextRequest(object=made.to_ref(), max_items=self._count)
        request.within.CopyFrom(to_duration(_WITHIN))

        def decode(response: bytes, storage: Any) -> tuple[list[Any], bool]:
            answer = rank_pb2.NextResponse.FromString(response)
            return [decode_term(item, storage) for item in answer.items], answer.done

        exchange = await self._session.objects("Next", request, decode, await self._allowed())
        items, done = await exchange.result()
        self._items.extend(items)
        if done:
            self._made, self._over = None, True
        elif len(items) == self._count:
            self._count = min(2 * self._count, MOST_ITEMS)

    async def _begin(self) -> RemoteObject:
        await self._session.link.io.load("vllm_bridge.codec.calls")
        from vllm_bridge.codec.calls import RemoteObject

        made: object = self._of
        if isinstance(self._of, str):
            made = await self._session.run(
                self._of, self._args, self._kwargs, await self._allowed(), self._profile
            )
        if not isinstance(made, RemoteObject):
            raise BridgeError(
                Category.VALIDATION,
                "not_a_stream",
                f"{self._of} returned {made!r:.200}, which is not read item by item",
            )
        return made

    async def _allowed(self) -> timedelta | None:
        """How long the next call has: as its profile says, within the stream's time."""
        allowed = await self._session.allowed(UNSET, self._profile)
        left = None if self._deadline is None else self._deadline.left()
        if allowed is None or left is None:
            return left if allowed is None else allowed
        return min(allowed, left)
