"""The turns of a world, at the pool: one at a time, in order, and none is ever lost."""

from __future__ import annotations

import asyncio
import random

import pytest

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.worlds.turns import Turns


def test_when_no_more_are_given_those_that_wait_are_refused_and_the_held_one_goes_on() -> None:
    async def scenario() -> None:
        turns = Turns("w", limit=100)
        why = BridgeError(Category.POOL, "draining", "the server is stopping")
        async with turns.take("held", None) as number:
            waiting = [asyncio.ensure_future(take_and_leave(turns)) for _ in range(3)]
            while turns.waiting < 3:
                await asyncio.sleep(0)
            turns.refuse(why)
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            outcomes += await asyncio.gather(take_and_leave(turns), return_exceptions=True)
            assert [isinstance(each, BridgeError) and each.reason for each in outcomes] == (
                ["draining"] * 4
            )
            held = turns.info()
            assert held is not None
            assert (held.number, held.holder) == (number, "held")
        assert turns.info() is None
        assert turns.waiting == 0

    asyncio.run(scenario())


async def take_and_leave(turns: Turns) -> None:
    async with turns.take("one that waits", None):
        pass


def test_turns_are_given_in_order_whoever_leaves() -> None:
    async def scenario(seed: int) -> None:
        draw = random.Random(seed)
        turns = Turns("w", limit=100)
        holding: list[int] = []
        given: list[int] = []
        left: set[int] = set()

        async def run(number: int) -> None:
            async with turns.take(f"run {number}", None):
                holding.append(number)
                assert len(holding) == 1, f"seed {seed}"
                given.append(number)
                try:
                    for _ in range(draw.randrange(3)):
                        await asyncio.sleep(0)
                finally:
                    holding.remove(number)

        tasks = [asyncio.ensure_future(run(number)) for number in range(12)]
        for _ in range(30):
            await asyncio.sleep(0)
            if draw.random() < 0.3:
                number = draw.randrange(12)
                tasks[number].cancel()
                left.add(number)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert given == sorted(given), f"seed {seed}"
        assert set(given) | left == set(range(12)), f"seed {seed}"
        assert turns.waiting == 0
        assert turns.info() is None

    for seed in range(200):
        asyncio.run(scenario(seed))


def test_more_runs_than_may_wait_are_refused_by_name() -> None:
    async def scenario() -> None:
        turns = Turns("w", limit=2)

        async def run() -> None:
            async with turns.take("somebody", None):
                await asyncio.Event().wait()

        tasks = [asyncio.ensure_future(run()) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(BridgeError, match="2 runs wait for their turn on w already") as caught:
            await tasks[3]
        assert (caught.value.category, caught.value.reason) == (Category.POOL, "queue_full")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())


def test_who_gives_up_is_told_who_has_the_turn() -> None:
    async def scenario() -> None:
        turns = Turns("w", limit=9)
        loop = asyncio.get_running_loop()
        async with turns.take("process\n4711", None) as number:
            assert number == 1
            with pytest.raises(BridgeError, match=r"run 1 \(process\?4711\) has it") as caught:
                async with turns.take("late", loop.time() + 0.05):
                    pass
            assert caught.value.reason == "run_timeout"
            assert turns.waiting == 0
        async with turns.take("next", None) as number:
            assert number == 2
        assert (turns.holder(1), turns.holder(7)) == ("process?4711", "")

    asyncio.run(scenario())


def test_the_end_of_the_world_ends_them_all() -> None:
    async def scenario() -> None:
        turns = Turns("w", limit=9)

        async def hold() -> None:
            async with turns.take("somebody", None):
                await turns.wait_for_end()

        tasks = [asyncio.ensure_future(hold()) for _ in range(3)]
        await asyncio.sleep(0)
        turns.end(BridgeError(Category.POOL, "world_stopped", "over"))
        for task in tasks:
            with pytest.raises(BridgeError, match="over") as caught:
                await task
            assert caught.value.reason == "world_stopped"
        with pytest.raises(BridgeError, match="over"):
            await hold()

    asyncio.run(scenario())
