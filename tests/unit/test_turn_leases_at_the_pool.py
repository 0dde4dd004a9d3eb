"""Leases of a world's turn, at the pool: one client at a time, in order, and no number twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.worlds.turns import Turns

DRAINING = BridgeError(Category.POOL, "draining", "the server is stopping")


class Client:
    """One lease, and what the pool has said of it."""

    def __init__(self, turns: Turns, name: str) -> None:
        self.turns, self.name = turns, name
        self.heard: list[pool_pb2.Turn] = []
        self.news = asyncio.Event()
        self.error: BridgeError | None = None
        self.task = asyncio.ensure_future(self.serve())

    async def serve(self) -> None:
        """As the stream of the service."""
        try:
            with self.turns.lease(self.name, f"a run of {self.name}", self.name) as turn:
                async for message in self.turns.messages(turn):
                    self.heard.append(message)
                    self.news.set()
        except BridgeError as error:
            self.error = error
        finally:
            self.news.set()

    async def hears(self, what: Callable[[pool_pb2.Turn], object]) -> pool_pb2.Turn:
        """The first message of that kind, when it has come."""
        while True:
            found = [each for each in self.heard if what(each)]
            if found:
                return found[0]
            if self.error is not None:
                raise self.error
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 20)

    async def given(self) -> pool_pb2.Turn:
        """The message with the numbers."""
        return await self.hears(lambda turn: turn.number)

    async def says(self, **what: object) -> pool_pb2.ReportTurnResponse:
        """Report that."""
        request = pool_pb2.ReportTurnRequest(world_id="w", lease_id=self.name)
        request.MergeFrom(pool_pb2.ReportTurnRequest(**what))  # type: ignore[arg-type]
        return await self.turns.report(request)

    async def killed(self) -> None:
        """Its stream ends."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@asynccontextmanager
async def of(turns: Turns, *names: str) -> AsyncIterator[list[Client]]:
    """Clients that ask in this order."""
    clients = []
    for name in names:
        clients.append(Client(turns, name))
        await asyncio.sleep(0)
    try:
        yield clients
    finally:
        for client in clients:
            await client.killed()


def drive(scenario: Callable[[Turns], Awaitable[None]], limit: int = 100) -> None:
    async def body() -> None:
        await scenario(Turns("w", limit))

    asyncio.run(body())


async def single(turns: Turns) -> int:
    async with turns.take("one run", None) as number:
        return number


def test_numbers_go_on_where_a_lease_ended_and_behind_all_of_one_whose_client_died() -> None:
    async def scenario(turns: Turns) -> None:
        async with of(turns, "first") as (first,):
            turn = await first.given()
            assert (turn.number, turn.block > 1000) == (1, True)
            await first.says(given_back=True, latest=7)
            await first.task
        assert await single(turns) == 8
        async with of(turns, "second") as (second,):
            turn = await second.given()
            assert turn.number == 9
            await second.killed()
            assert await single(turns) == 9 + turn.block
        async with of(turns, "third") as (third,):
            before = (await third.given()).number
            # More than it was given, or less: it is believed as far as it can be.
            await third.says(given_back=True, latest=3)
        assert await single(turns) == before

    drive(scenario)


def test_whoever_asks_behind_a_lease_closes_it_once() -> None:
    async def scenario(turns: Turns) -> None:
        async with of(turns, "first", "second", "third") as (first, second, third):
            assert (await third.hears(lambda turn: turn.waits)).max_waiting == 100
            await second.hears(lambda turn: turn.wanted)
            for client in (first, second):
                assert len([each for each in client.heard if each.wanted]) == 1
            assert not [each for each in third.heard if each.wanted or each.number]
            assert turns.waiting == 2
            await first.says(given_back=True, latest=1)
            assert (await second.given()).number == 2
            await second.killed()
            await third.given()

    drive(scenario)


def test_a_client_is_asked_who_has_its_turn() -> None:
    async def scenario(turns: Turns) -> None:
        async with of(turns, "first", "second") as (first, second):
            await first.given()
            await second.hears(lambda turn: turn.waits)
            asked = asyncio.ensure_future(turns.refresh(20))
            question = await first.hears(lambda turn: turn.tell)
            run = pool_pb2.RunInfo(number=5, holder="the\nfifth", held_s=2.0)
            await first.says(tell=question.tell, run=run, waiting=3)
            # Nobody has the turn of a lease that waits.
            question = await second.hears(lambda turn: turn.tell)
            await second.says(tell=question.tell, run=run, waiting=2)
            await asked
            held = turns.info()
            assert held is not None
            assert (held.number, held.holder, held.held_s >= 2) == (5, "the?fifth", True)
            assert turns.waiting == 5
            names = [turns.holder(number) for number in (1, 5, 6, 2**40)]
            assert names == ["a run of first", "the?fifth", "first", ""]
            answer = await second.says(whose_turn=True)
            assert (answer.run.number, answer.ahead) == (5, 3)
            # No answer, and no run.
            await turns.refresh(0.01)
            await first.says(tell=3)
            assert turns.info() is None
            assert turns.waiting == 2

    drive(scenario)


def test_an_answer_that_another_one_has_overtaken_changes_nothing() -> None:
    async def scenario(turns: Turns) -> None:
        async with of(turns, "first") as (first,):
            await first.given()
            await turns.refresh(0)
            await turns.refresh(0)
            await first.says(tell=2)
            await first.says(tell=1, run=pool_pb2.RunInfo(number=1, holder="over"), waiting=9)
            assert turns.info() is None
            assert turns.waiting == 0

    drive(scenario)


def test_a_run_that_the_gate_has_seen_is_asked_for_once() -> None:
    async def scenario(turns: Turns) -> None:
        async with of(turns, "first") as (first,):
            await first.given()
            for number in (1, 4, 4, 3, 4):
                turns.seen(number)
            await first.hears(lambda turn: turn.tell)
            assert len([each for each in first.heard if each.tell]) == 1

    drive(scenario)


def test_when_no_more_turns_are_given_a_lease_lets_no_run_begin() -> None:
    async def scenario(turns: Turns) -> None:
        async with of(turns, "first", "second") as (first, second):
            await first.given()
            await second.hears(lambda turn: turn.waits)
            turns.refuse(DRAINING)
            assert (await first.hears(lambda turn: turn.HasField("refused"))).refused.reason == (
                "draining"
            )
            await second.task
            assert second.error is not None
            assert second.error.reason == "draining"
            assert turns.info() is not None
            async with of(turns, "late") as (late,):
                await late.task
                assert late.error is not None
            await first.says(given_back=True, latest=1)
            await first.task
            assert (first.error, turns.info()) == (None, None)

    drive(scenario)


def test_the_end_of_the_world_ends_leases_with_its_reason() -> None:
    async def scenario(turns: Turns) -> None:
        async with of(turns, "first", "second") as clients:
            await clients[0].given()
            turns.end(BridgeError(Category.POOL, "world_stopped", "over"))
            for client in clients:
                await client.task
                assert client.error is not None
                assert client.error.reason == "world_stopped"

    drive(scenario)


def test_leases_that_are_too_many_are_refused_by_name() -> None:
    async def scenario(turns: Turns) -> None:
        async with of(turns, "first", "second", "third") as (_, second, third):
            await second.hears(lambda turn: turn.waits)
            await third.task
            assert third.error is not None
            assert third.error.reason == "queue_full"

    drive(scenario, limit=1)


@pytest.mark.parametrize("seeds", [range(start, start + 40) for start in range(0, 200, 40)])
def test_leases_and_single_turns_come_in_order_whoever_dies(seeds: range) -> None:
    for seed in seeds:
        asyncio.run(schedule(random.Random(seed), f"seed {seed}"))


async def schedule(draw: random.Random, seed: str) -> None:
    """Clients that ask, run, give back or die at random; what happened is compared with the order
    in which they asked."""
    turns = Turns("w", 1000)
    given: list[int] = []
    numbers: list[int] = []
    holding: list[int] = []
    left: set[int] = set()

    async def pause() -> None:
        for _ in range(draw.randrange(4)):
            await asyncio.sleep(0)

    async def has(order: int, number: int, count: int) -> None:
        given.append(order)
        holding.append(order)
        assert holding == [order], seed
        try:
            for used in range(number, number + count):
                numbers.append(used)
                await pause()
        finally:
            holding.remove(order)

    async def one_run(order: int) -> None:
        async with turns.take(f"run {order}", None) as number:
            await has(order, number, 1)

    async def lease(order: int) -> None:
        name = f"lease {order}"
        request = pool_pb2.ReportTurnRequest(world_id="w", lease_id=name)
        with turns.lease(name, name, name) as turn:
            async for message in turns.messages(turn):
                if message.tell:
                    request.tell = message.tell
                    await turns.report(request)
                elif message.number:
                    count = draw.randrange(4)
                    await has(order, message.number, count)
                    request.latest = message.number + count - 1 if count else 0
                    request.given_back = True
                    await turns.report(request)

    asked = [
        asyncio.ensure_future(one_run(order) if draw.random() < 0.3 else lease(order))
        for order in range(12)
    ]
    for _ in range(60):
        await pause()
        if draw.random() < 0.15:
            order = draw.randrange(12)
            asked[order].cancel()
            left.add(order)
        if draw.random() < 0.1:
            await turns.refresh(0)
    outcomes = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20)
    for outcome in outcomes:
        assert outcome is None or isinstance(outcome, asyncio.CancelledError), (seed, outcome)
    assert given == sorted(given), seed
    assert set(given) | left == set(range(12)), seed
    assert numbers == sorted(set(numbers)), seed
    assert (turns.waiting, turns.info()) == (0, None), seed
