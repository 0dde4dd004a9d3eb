"""The two phases in which members of a world switch to its new groups: members of glass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.worlds import standby
from vllm_bridge.pool.worlds.standby import Standby, State

LONG = timedelta(seconds=30)


class Glass:
    """A member that does at each step what the test says, and notes it."""

    def __init__(self, name: str, **does: Callable[[], Awaitable[None]]) -> None:
        self.name = name
        self.died: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.steps: list[str] = []
        self._does = does

    async def prepare(self) -> None:
        await self._step("prepare")

    async def commit(self) -> None:
        await self._step("commit")

    async def abort(self) -> None:
        await self._step("abort")

    async def _step(self, name: str) -> None:
        self.steps.append(name)
        if name in self._does:
            await self._does[name]()


def fails(reason: str, message: str) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise BridgeError(Category.PYTHON_ERROR, reason, message)

    return fail


async def never() -> None:
    await asyncio.get_running_loop().create_future()


def run(scenario: Callable[[], Awaitable[Any]]) -> None:
    async def main() -> None:
        await scenario()

    asyncio.run(main())


def test_all_prepare_and_then_all_commit() -> None:
    async def scenario() -> None:
        ready, go = asyncio.Event(), asyncio.Event()

        async def late() -> None:
            ready.set()
            await go.wait()

        members = [Glass("a"), Glass("b", prepare=late)]
        change = Standby(members)
        preparing = asyncio.ensure_future(change.prepare(LONG))
        await ready.wait()
        assert change.state is State.PREPARING
        assert all("commit" not in member.steps for member in members)
        go.set()
        await preparing
        assert change.state is State.PREPARED
        await change.commit()
        assert change.state is State.COMMITTED
        await change.abort()
        assert change.state is State.COMMITTED, "there is no way back"
        assert [member.steps for member in members] == [["prepare", "commit"]] * 2

    run(scenario)


@pytest.mark.parametrize("how", ["fails", "dies", "is late", "is not wanted"])
def test_one_that_does_not_prepare_has_all_abort(how: str) -> None:
    async def scenario() -> None:
        does = fails("no_device", "b has no device") if how == "fails" else never
        members = [Glass("a"), Glass("b", prepare=does), Glass("c", prepare=never)]
        change = Standby(members)
        timeout = timedelta(milliseconds=20) if how == "is late" else LONG
        preparing = asyncio.ensure_future(change.prepare(timeout))
        await asyncio.sleep(0)
        if how == "dies":
            members[1].died.set_result("b was killed by signal 9")
        if how == "is not wanted":
            await asyncio.sleep(0)
            preparing.cancel()
        expected: Any = asyncio.CancelledError if how == "is not wanted" else BridgeError
        with pytest.raises(expected) as caught:
            await preparing
        if how != "is not wanted":
            reason, says = {
                "fails": ("no_device", "b has no device"),
                "dies": ("rank_died", "b was killed by signal 9"),
                "is late": ("prepare_timeout", "b, c did not prepare the new groups within 0.02 s"),
            }[how]
            assert caught.value.reason == reason
            assert caught.value.message.startswith(says)
        assert change.state is State.ABORTED
        assert [member.steps for member in members] == [["prepare", "abort"]] * 3

    run(scenario)


def test_a_death_is_told_before_what_others_say_of_it() -> None:
    async def scenario() -> None:
        members = [
            Glass("a", prepare=fails("collective_failed", "a cannot reach b")),
            Glass("b", prepare=never),
        ]
        asyncio.get_running_loop().call_later(
            0.05, members[1].died.set_result, "b was killed by signal 9"
        )
        with pytest.raises(BridgeError, match="b was killed by signal 9"):
            await Standby(members).prepare(LONG)

    run(scenario)


def test_what_a_rank_said_before_its_end_is_told_and_not_its_end() -> None:
    async def scenario() -> None:
        ended = asyncio.Event()

        async def says_why() -> None:
            await ended.wait()
            raise BridgeError(Category.PYTHON_ERROR, "no_device", "b has no device")

        members = [Glass("a", prepare=never), Glass("b", prepare=says_why)]
        preparing = asyncio.ensure_future(Standby(members).prepare(LONG))
        await asyncio.sleep(0)
        members[1].died.set_result("b exited with status 1")
        asyncio.get_running_loop().call_later(0.02, ended.set)
        with pytest.raises(BridgeError, match="b has no device"):
            await preparing

    run(scenario)


def test_an_abort_waits_for_nobody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "ABORT_SECONDS", 0.05)

    async def scenario() -> None:
        members = [Glass("a", abort=never), Glass("b", abort=fails("x", "b cannot"))]
        members.append(Glass("c", prepare=fails("no_device", "c has no device")))
        monkeypatch.setattr(standby, "DEATH_SECONDS", 0.01)
        change = Standby(members)
        with pytest.raises(BridgeError, match="c has no device"):
            await change.prepare(LONG)
        assert change.state is State.ABORTED
        assert all(member.steps[-1] == "abort" for member in members)

    run(scenario)


@pytest.mark.parametrize("how", ["fails", "dies"])
def test_one_that_does_not_commit_fails_the_change(how: str) -> None:
    async def scenario() -> None:
        does = fails("no", "b cannot switch") if how == "fails" else never
        members = [Glass("a"), Glass("b", commit=does)]
        change = Standby(members)
        await change.prepare(LONG)
        committing = asyncio.ensure_future(change.commit())
        await asyncio.sleep(0)
        if how == "dies":
            members[1].died.set_result("b was killed by signal 9")
        with pytest.raises(BridgeError, match=r"b cannot switch|b was killed"):
            await committing
        assert change.state is State.FAILED
        await change.abort()
        assert change.state is State.FAILED
        assert all("abort" not in member.steps for member in members)

    run(scenario)
