"""Calls to whole worlds, named objects, iterators, emissions and futures, on real ranks."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import torch
from pool_harness import Block, Pool, connect, eventually, start_pool

import vllm_bridge.aio
from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import BridgeError, Category, Client, Named, Session, World

pytestmark = pytest.mark.timeout(180)

LONG = timedelta(seconds=60)


@pytest.fixture(scope="module")
def own_pool(short_tmp: Any) -> Iterator[Pool]:
    pool = start_pool(short_tmp / "worlds", "--allow", "world_things.", entry_point=None)
    yield pool
    pool.stop()


@pytest.fixture(scope="module")
def client(own_pool: Pool) -> Iterator[Client]:
    with connect(own_pool.endpoint) as client:
        yield client


@pytest.fixture(scope="module")
def world(client: Client) -> Iterator[World]:
    """Two replicas of one rank each."""
    with client.start_world(data_parallel_size=2) as world:
        yield world


def test_a_call_reaches_all_ranks_and_is_one_result(world: World) -> None:
    assert world.call("world_things.rank") == [0, 1]
    assert world.call("get_pp_indices", 61, 0, 4, collect="same") == (0, 15)
    own = world.call("get_pp_indices", dispatch=("per_rank", lambda rank: [61, rank, 4]))
    assert own == [(0, 15), (15, 30)]
    assert world.call("world_things.rank", collect="first") == 0
    doubled = world.call(
        "world_things.doubled",
        torch.tensor([1, 2, 3, 4]),
        [7, 8],
        factor=10,
        dispatch=("scatter", 0),
        collect=("concat", 0),
    )
    assert doubled.tolist() == [11, 21, 31, 41]
    with pytest.raises(BridgeError) as caught:
        world.call("world_things.rank", collect="same")
    assert caught.value.reason == "results_differ"


def test_a_slice_calls_its_ranks(world: World) -> None:
    last = world.slice(dp=-1)
    assert [session.info.rank for session in last.ranks] == [1]
    assert last.call("world_things.rank") == [1]
    assert last.run(lambda session: session.info.rank) == [1]
    with pytest.raises(ValueError, match="mine") as caught:
        last.run(lambda session: (_ for _ in ()).throw(ValueError("mine")))
    assert getattr(caught.value, "rank", None) == 1


def test_one_error_has_the_outcomes_of_all(world: World, block: Callable[[], Block]) -> None:
    held = block()
    with pytest.raises(BridgeError, match="rank 1 will not") as caught:
        world.call("world_things.fail_on", 1, str(held.path), timeout=LONG)
    assert caught.value.rank == 1
    assert caught.value.details["outcomes"] == {0: "cancelled", 1: "error"}
    assert list(caught.value.details["errors"]) == [1]
    held.end()
    with pytest.raises(BridgeError) as caught:
        world.call("world_things.nothing_of_the_kind")
    assert caught.value.reason == "unknown_name"
    assert set(caught.value.details["outcomes"]) == {0, 1}
    with pytest.raises(BridgeError, match="did you mean"):
        world.call("get_pp_indicez")
    assert world.call("world_things.rank") == [0, 1]


def test_the_same_over_grpc(own_pool: Pool, world: World, block: Callable[[], Block]) -> None:
    with connect(own_pool.endpoint, carrier="grpc") as client:
        ours = client.world(world.world_id)
        assert ours.call("world_things.rank") == [0, 1]
        held = block()
        with pytest.raises(BridgeError, match="rank 0 will not") as caught:
            ours.call("world_things.fail_on", 0, str(held.path), timeout=LONG)
        assert caught.value.details["outcomes"] == {0: "error", 1: "cancelled"}
        held.end()
        assert list(ours.ranks[0].iterate("world_things.count", 20)) == list(range(20))


def test_large_tensors_are_dealt_out(world: World) -> None:
    large = torch.arange(1_000_000, dtype=torch.float32)
    for _ in range(2):
        doubled = world.call(
            "torch.mul", large, 2, dispatch=("scatter", 0), collect=("concat", 0), timeout=LONG
        )
        assert torch.equal(doubled, 2 * large)


def test_a_call_is_a_run(world: World) -> None:
    started, go_on = threading.Event(), threading.Event()

    def hold(session: Session) -> object:
        started.set()
        assert go_on.wait(60)
        # Part of this run's turn, on this rank alone.
        (rank,) = world.slice(dp=session.info.rank).call("world_things.rank")
        return rank

    holder = world.submit(hold)
    assert started.wait(60)
    with pytest.raises(BridgeError) as caught:
        world.call("world_things.rank", timeout=timedelta(seconds=1))
    assert caught.value.reason == "run_timeout"
    go_on.set()
    assert holder.result(LONG) == [0, 1]


def test_objects_under_names(world: World, client: Client) -> None:
    world.put("weights", lambda s: s.run("world_things.weights", 10 + s.info.rank))
    assert world.named() == ["weights"]
    assert world.call("world_things.times", Named("weights"), 2) == [20, 22]
    assert world.call("world_things.times", weights=Named("weights"), value=1) == [10, 11]
    again = client.world(world.world_id)
    assert again.call("world_things.times", Named("weights"), 3) == [30, 33]
    with pytest.raises(BridgeError, match="the names are: 'weights'") as caught:
        world.call("world_things.times", Named("wights"), 2)
    assert caught.value.reason == "unknown_named_object"
    with pytest.raises(BridgeError, match="must return an object of the rank, not 5"):
        world.put("five", lambda session: 5)  # type: ignore[arg-type,return-value]
    world.delete("weights")
    world.delete("weights")
    assert world.named() == []


def total(session: Session, kept: Any) -> float:
    return float(session.run("torch.sum", kept))


def test_what_one_rank_keeps_is_passed_on_to_another(world: World) -> None:
    here, there = world.ranks
    tensor: Any = here.keep("torch.arange", 50_000)
    copied = world.copy(tensor, 1)
    sums = 50_000 * 49_999 / 2
    assert (total(there, copied), total(here, tensor)) == (sums, sums)
    assert world.copy(tensor, 0) is tensor
    shard: Any = here.keep("world_things.shard", 3)
    moved = world.move({"x": tensor, **shard}, 1, timeout=LONG)
    assert [total(there, moved[name]) for name in ("x", "a", "b")] == [sums, 3.0, 2.0]
    with pytest.raises(BridgeError) as gone:
        total(here, tensor)
    assert gone.value.reason == "unknown_ref"

    def within(session: Session) -> Any:
        return world.copy(copied, 0) if session.info.rank == 1 else None

    assert total(here, world.run(within)[1]) == sums


def test_what_cannot_be_passed_on_is_refused_by_name(world: World) -> None:
    here, there = world.ranks
    tensor: Any = here.keep("torch.ones", 2)
    weights: Any = here.run("world_things.weights", 1)
    refused: list[tuple[Any, int, str]] = [
        (5, 1, "expected an object of a rank, or a dict of such, got 5"),
        ({}, 1, "expected an object of a rank"),
        (tensor, 2, "has no rank 2 here; it has: 0, 1"),
        ({"a": tensor, "b": there.keep("torch.ones", 2)}, 1, "all be of one rank"),
    ]
    for kept, to, words in refused:
        with pytest.raises(BridgeError, match=words) as caught:
            world.move(kept, to)
        assert caught.value.reason == "invalid_argument"
    with pytest.raises(BridgeError, match="a Weights stays in its rank") as stays:
        world.move(weights, 1)
    assert stays.value.reason == "wrong_type"
    # Both ranks go on.
    assert total(there, world.move(tensor, 1)) == 2.0


async def _passed_on(pool: Pool) -> float:
    async with (
        vllm_bridge.aio.connect(pool.endpoint) as client,
        await client.start_world(data_parallel_size=2) as world,
    ):
        tensor = await world.ranks[1].keep("torch.arange", 3)
        moved = await world.move(await world.copy(tensor, 0), 1)
        return float(await world.ranks[1].run("torch.sum", moved))


def test_passed_on_in_an_event_loop(own_pool: Pool) -> None:
    assert asyncio.run(_passed_on(own_pool)) == 3.0


def test_modules_are_loaded_behind_the_allow_list(world: World) -> None:
    assert "rank" in world.load("world_things")
    with pytest.raises(BridgeError) as caught:
        world.load("subprocess")
    assert caught.value.reason == "name_not_allowed"
    assert set(caught.value.details["outcomes"]) == {0, 1}


def test_items_of_a_generator(world: World) -> None:
    session = world.ranks[1]
    assert list(session.iterate("world_things.count", 1000)) == list(range(1000))
    items = session.iterate("world_things.count", 5, fail_at=2, name="failing")
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(BridgeError, match="no 2"):
        next(items)
    assert list(items) == []
    with pytest.raises(BridgeError) as caught:
        next(session.iterate("world_things.rank"))
    assert caught.value.reason == "not_a_stream"
    made = session.run("world_things.count", 3, name="made")
    assert list(session.iterate(made)) == [0, 1, 2]


def test_a_generator_is_closed_when_the_reading_stops(world: World) -> None:
    session = world.ranks[0]

    def closed() -> list[str]:
        return session.run("world_things.closed")  # type: ignore[no-any-return]

    with session.iterate("world_things.count", 10**9, name="block") as items:
        assert next(items) == 0
    assert "block" in closed()
    assert list(items) == []
    for item in session.iterate("world_things.count", 10**9, name="break"):
        if item == 5:
            break
    gc.collect()
    eventually(lambda: "break" in closed())


def test_what_ranks_emit_reaches_subscribers(world: World) -> None:
    with world.subscribe("steps") as steps, world.subscribe() as everything:
        world.call("world_things.progress", "other", 1)
        world.call("world_things.progress", "steps", 3)
        found = [next(steps) for _ in range(6)]
        assert {emission.topic for emission in found} == {"steps"}
        for rank in (0, 1):
            own = [emission for emission in found if emission.rank == rank]
            assert [emission.value for emission in own] == [
                {"step": step, "rank": rank} for step in range(3)
            ]
            assert [emission.dropped for emission in own] == [0, 0, 0]
            assert {emission.world_id for emission in own} == {world.world_id}
        assert {next(everything).topic for _ in range(2)} <= {"other", "steps"}
        steps.close()
        assert list(steps) == []


def test_futures(world: World, block: Callable[[], Block]) -> None:
    future = world.submit_call("world_things.rank")
    assert sorted((rank, o.value) for rank, o in future.as_completed(LONG)) == [(0, 0), (1, 1)]
    assert (future.result(LONG), future.done(), future.cancel()) == ([0, 1], True, False)
    held = block()
    failing = world.submit_call("world_things.fail_on", 0, str(held.path))
    (rank, outcome), *_ = failing.as_completed(LONG)
    assert rank == 0
    assert not outcome.ok
    with pytest.raises(BridgeError) as caught:
        failing.result(LONG)
    assert caught.value.details["outcomes"] == {0: "error", 1: "cancelled"}
    held.end()
    waits = block()
    stuck = world.submit_call("world_things.fail_on", -1, str(waits.path))
    with pytest.raises(BridgeError) as caught:
        stuck.result(timedelta(milliseconds=50))
    assert (caught.value.category, caught.value.reason) == (Category.TIMEOUT, "future_not_ready")
    with pytest.raises(BridgeError, match="has not ended"):
        list(stuck.as_completed(timedelta(milliseconds=50)))
    assert stuck.cancel()
    with pytest.raises(BridgeError) as caught:
        stuck.result()
    assert caught.value.reason == "cancelled"
    waits.end()
    assert world.call("world_things.rank") == [0, 1]


def test_what_is_cancelled_gives_its_turn_and_its_place_back(world: World) -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def hold(session: Session) -> None:
        started.release()
        assert go_on.wait(60)

    holder = world.submit(hold)
    assert started.acquire(timeout=60)
    waiting = world.submit_call("world_things.rank")
    eventually(lambda: world.refresh().runs_waiting == 1)
    assert waiting.cancel()
    eventually(lambda: world.refresh().runs_waiting == 0)
    # Its function is in nothing that could be given up; the turn is over all the same.
    assert holder.cancel()
    assert world.call("world_things.rank", timeout=LONG) == [0, 1]
    go_on.set()


def test_a_submitted_run_that_fails_says_how(world: World) -> None:
    def fail(session: Session) -> int:
        if session.info.rank == 1:
            raise ValueError("mine")
        return 5

    future = world.submit(fail)
    with pytest.raises(BridgeError, match="the function failed: ValueError: mine") as caught:
        future.result(LONG)
    assert (caught.value.reason, caught.value.rank) == ("run_failed", 1)
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.details["outcomes"] == {0: "ok", 1: "error"}


def test_a_rank_that_dies_is_named_and_slices_go_on(client: Client) -> None:
    with client.start_world(data_parallel_size=2, on_failure="keep") as world:
        items = world.ranks[1].iterate("world_things.count", 10**9)
        assert next(items) == 0
        with world.subscribe("steps") as steps:
            os.kill(world.info.ranks[1].pid, signal.SIGKILL)
            eventually(lambda: world.refresh().ranks[1].state == pool_pb2.DEAD)
            with pytest.raises(BridgeError) as caught:
                world.call("world_things.rank", timeout=LONG)
            assert caught.value.rank == 1
            assert caught.value.details["outcomes"][1] in ("error", "not_reached")
            with pytest.raises(BridgeError):
                list(items)
            rest = world.slice(dp=0)
            assert rest.call("world_things.rank") == [0]
            rest.call("world_things.progress", "steps", 1)
            assert next(steps).rank == 0
        assert world.restart().call("world_things.rank") == [0, 1]
        with pytest.raises(BridgeError) as caught:
            rest.call("world_things.rank")
        assert caught.value.reason == "stale_session"


def test_a_client_that_is_closed_closes_what_it_reads(own_pool: Pool, world: World) -> None:
    with connect(own_pool.endpoint) as client:
        ours = client.world(world.world_id)
        future = ours.submit_call("world_things.rank")
        assert future.result(LONG) == [0, 1]
        items = ours.ranks[0].iterate("world_things.count", 10**9)
        assert next(items) == 0
        steps = ours.subscribe("steps")
    with pytest.raises((BridgeError, ValueError)):
        list(steps)
    # Nothing is sent any more.
    items.close()
    assert list(items) == []


def test_the_same_with_await(own_pool: Pool, world: World, block: Callable[[], Block]) -> None:
    async def test() -> None:
        async with vllm_bridge.aio.connect(own_pool.endpoint) as client:
            ours = await client.world(world.world_id)
            assert await ours.call("world_things.rank") == [0, 1]
            assert await ours.slice(dp=1).call("world_things.rank", collect="first") == 1
            held = block()
            with pytest.raises(BridgeError) as caught:
                await ours.call("world_things.fail_on", 1, str(held.path), timeout=LONG)
            assert caught.value.details["outcomes"] == {0: "cancelled", 1: "error"}
            held.end()

            async def make(session: vllm_bridge.aio.Session) -> Any:
                return await session.run("world_things.weights", 7)

            await ours.put("sevens", make)
            assert await ours.named() == ["sevens"]
            assert await ours.call("world_things.times", Named("sevens"), 2) == [14, 14]
            await ours.delete("sevens")
            assert "rank" in await ours.load("world_things")

            session = ours.ranks[0]
            assert [i async for i in session.iterate("world_things.count", 600)] == [*range(600)]
            async for item in session.iterate("world_things.count", 10**9, name="await"):
                if item == 3:
                    break
            gc.collect()
            for _ in range(3000):
                if "await" in await session.run("world_things.closed"):
                    break
                await asyncio.sleep(0.01)
            else:
                pytest.fail("the generator was not closed")

            async with ours.subscribe("steps") as steps:
                future = await ours.submit_call("world_things.progress", "steps", 2)
                found = [await steps.__anext__() for _ in range(4)]
                assert sorted((e.rank, e.value["step"]) for e in found) == [
                    (0, 0),
                    (0, 1),
                    (1, 0),
                    (1, 1),
                ]
                assert len(await future) == 2

            async def fail(session: vllm_bridge.aio.Session) -> int:
                if session.info.rank == 0:
                    raise ValueError("mine")
                return 5

            failing = await ours.submit(fail)
            heard = {rank: outcome.ok async for rank, outcome in failing.as_completed(LONG)}
            assert heard == {0: False, 1: True}
            with pytest.raises(BridgeError, match="ValueError: mine"):
                await failing
            waits = block()
            stuck = await ours.submit_call("world_things.fail_on", -1, str(waits.path))
            with pytest.raises(BridgeError, match="has not ended"):
                await stuck.result(timedelta(milliseconds=50))
            assert stuck.cancel()
            with pytest.raises(BridgeError, match="was cancelled by its caller"):
                await stuck
            waits.end()
            assert await ours.call("world_things.rank") == [0, 1]

    asyncio.run(test())
