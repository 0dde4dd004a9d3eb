"""What all who look are sent: made once, while there are any."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections import deque
from collections.abc import AsyncIterator

from vllm_bridge.pool.observe.model.changes import Json, Model
from vllm_bridge.pool.page.lines import Lines
from vllm_bridge.process import background

INTERVAL_S = 1.0
"""A message at least so often: a page that hears nothing for longer says so."""

# Changes that a reader who was held up is still sent one by one; then it gets everything again.
_KEPT_CHANGES = 8

# Changes that are followed though nobody is there to hear of them: a browser may be back at once.
_ALONE = 3

# For so long an answer of `now` is good.
_SAME_S = 0.5

_KEPT_CALLS = 20
_KEPT_REFUSALS = 50
_KEPT_SECONDS = 300

_OF_CALLS = ("sequence", "operation", "group", "parts", "at_gate_at", "gated_at", "ended_at")
_LIVE = ("WORLD_STARTING", "WORLD_READY", "WORLD_DEGRADED")


class Feed:
    """One server's. Used in its event loop alone."""

    def __init__(self, model: Model, lines: Lines) -> None:
        self._model = model
        self._lines = lines
        self._began = time.monotonic()
        self._readers = 0
        self._news = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._closed = False
        self._whole = Whole()
        # Of the latest change, and the latest ones with their numbers.
        self._number = 0
        self._changes: deque[tuple[int, Json]] = deque(maxlen=_KEPT_CHANGES)
        # What `now` has found, and when.
        self._looked = (-_SAME_S, Whole())
        # Messages that more than one reader gets, until the next change.
        self._made: dict[tuple[object, ...], bytes] = {}

    async def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._news.set()
        tasks = [task for task in (self._watching, self._listening) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def now(self, world: str | None) -> bytes:
        """What is so now, as JSON; or was a moment ago, for one who asks again and again."""
        made_at, whole = self._looked
        if time.monotonic() - made_at > _SAME_S:
            whole = Whole()
            whole.merge(self._model.snapshot())
            self._looked = (time.monotonic(), whole)
        shown = whole.pick(world, "")
        return _json(self._message(whole.of(shown), shown))

    async def stream(self, world: str | None) -> AsyncIterator[bytes]:
        """Events: `state` with everything, then with what has changed; `lines`.

        `world`: its id; empty: ranks outside worlds; None: the one there is, whichever it is.
        """
        self._readers += 1
        self._watch()
        try:
            number, shown, line = 0, "", 0
            yield b"retry: 1000\n\n"
            while not self._closed:
                if self._whole.known:
                    now = self._whole.pick(world, shown)
                    parts, number = self._since(number, now, again=now != shown)
                    shown = now
                    parts.append(self._new_lines(line))
                    line = self._lines.number
                    yield b"".join(parts)
                await self._next()
                self._watch()
        finally:
            self._readers -= 1

    async def _next(self) -> None:
        news = self._news
        with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
            await asyncio.wait_for(news.wait(), INTERVAL_S)

    def _watch(self) -> None:
        # Also again, after it has failed.
        if (self._watching is None or self._watching.done()) and not self._closed:
            self._watching = background.task("the page's feed", self._follow())
        if (self._listening is None or self._listening.done()) and not self._closed:
            self._listening = background.task("the page's lines", self._lines.follow())

    async def _follow(self) -> None:
        try:
            alone = 0
            async for change in self._model.watch(INTERVAL_S):
                _leave_out_what_is_not_drawn(change)
                self._whole.merge(change)
                self._number += 1
                self._changes.append((self._number, change))
                self._made.clear()
                self._news.set()
                self._news = asyncio.Event()
                alone = 0 if self._readers else alone + 1
                if alone > _ALONE:
                    self._rest()
                    return
        finally:
            # It costs nothing while nobody looks. After a failure readers get everything again.
            self._whole = Whole()
            self._changes.clear()
            self._made.clear()

    def _rest(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None
        self._lines.forget()

    def _since(self, number: int, world: str, *, again: bool) -> tuple[list[bytes], int]:
        """The messages for a reader who has had all up to this change."""
        missed = [change for change in self._changes if change[0] > number]
        new = any(change.get("complete") for _, change in missed)
        if again or new or not number or len(missed) < self._number - number:
            key: tuple[object, ...] = ("whole", world)
            if key not in self._made:
                whole = self._message(self._whole.of(world), world)
                self._made[key] = _event("state", whole | {"complete": True})
            return [self._made[key]], self._number
        if not missed:
            # Only that we are there.
            return [_event("state", {"at": time.time()})], number
        parts = []
        for each, change in missed:
            key = ("change", each, world)
            if key not in self._made:
                self._made[key] = _event("state", self._message(self._whole.only(change, world)))
            parts.append(self._made[key])
        return parts, self._number

    def _message(self, found: Json, world: str | None = None) -> Json:
        if world is not None:
            found |= {
                "world": world,
                "interval_s": INTERVAL_S,
                "host": socket.gethostname(),
                "up_s": round(time.monotonic() - self._began, 1),
            }
        return found

    def _new_lines(self, number: int) -> bytes:
        if self._lines.number == number:
            return b""
        key = ("lines", number, self._lines.number)
        if key not in self._made:
            self._made[key] = _event("lines", self._lines.since(number))
        return self._made[key]


class Whole:
    """All that the model's changes add up to."""

    def __init__(self) -> None:
        self._state: Json = {}

    @property
    def known(self) -> bool:
        """Whether there has been anything."""
        return bool(self._state)

    def merge(self, change: Json) -> None:
        """Take in a change, as `Model.watch` describes it."""
        if change.get("complete"):
            self._state = {}
        state = self._state
        state["at"] = change["at"]
        if "server" in change:
            state.setdefault("server", {}).update(change["server"])
        for kind in ("pools", "worlds", "ranks"):
            entries = state.setdefault(kind, {})
            for name, entry in change.get(kind, {}).items():
                if entry is None:
                    entries.pop(name, None)
                    state.setdefault("calls", {}).pop(name, None)
                else:
                    entries.setdefault(name, {}).update(entry)
        refusals = [*state.get("refusals", ()), *change.get("refusals", ())]
        state["refusals"] = refusals[-_KEPT_REFUSALS:]
        calls = state.setdefault("calls", {})
        for rank, new in change.get("calls", {}).items():
            if rank in state["ranks"]:
                calls[rank] = [*calls.get(rank, ()), *new][-_KEPT_CALLS:]
        histories = state.setdefault("histories", {})
        for name, new in change.get("histories", {}).items():
            old = histories.get(name, {})
            histories[name] = {
                key: [*old.get(key, ()), *value][-_KEPT_SECONDS:]
                if isinstance(value, list)
                else value
                for key, value in new.items()
            }

    def pick(self, asked: str | None, shown: str) -> str:
        """The world that is shown to a reader who has asked for this one, and sees that one."""
        worlds = self._state.get("worlds", {})
        if asked is not None:
            return asked if asked in worlds else ""
        if shown in worlds:
            return shown
        live = [name for name, world in worlds.items() if world.get("state") in _LIVE]
        return [*worlds, *live][-1] if worlds else ""

    def of(self, world: str) -> Json:
        """All of it, with the ranks of one world; of those outside worlds when it is empty."""
        return self.only(self._state, world)

    def only(self, change: Json, world: str) -> Json:
        """A change without what is of other worlds' ranks."""
        found = dict(change)
        ranks = self._state.get("ranks", {})
        if "ranks" in change:
            found["ranks"] = {
                name: entry
                for name, entry in change["ranks"].items()
                if entry is None or ranks.get(name, {}).get("world_id") == world
            }
        if "calls" in change:
            found["calls"] = {
                name: new
                for name, new in change["calls"].items()
                if ranks.get(name, {}).get("world_id") == world
            }
        if "histories" in change:
            wanted = ("", world)
            histories = change["histories"]
            found["histories"] = {key: histories[key] for key in wanted if key in histories}
        return found


def _leave_out_what_is_not_drawn(change: Json) -> None:
    """Of calls, the most of a change where ranks are busy."""
    if "calls" in change:
        change["calls"] = {
            rank: [{name: call[name] for name in _OF_CALLS} for call in new if call["operation"]]
            for rank, new in change["calls"].items()
        }


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _event(name: str, value: object) -> bytes:
    # JSON has no newline of its own, so that nothing in it can begin another event.
    return b"event: " + name.encode() + b"\ndata: " + _json(value) + b"\n\n"
