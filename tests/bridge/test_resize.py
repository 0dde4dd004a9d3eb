"""Worlds that grow, shrink and get ranks replaced while they live."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from gate_harness import (
    LONG,
    Callers,
    Outcome,
    attempt,
    method,
    named,
    wait_until_at_gate,
    wait_until_running,
)
from pool_harness import Pool, alive, children, connect, eventually, start_pool

from vllm_bridge import aio
from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Named, Session, World
from vllm_bridge.codec.calls import RemoteObject
from vllm_bridge.codec.errors import BridgeError, Category


@pytest.fixture(scope="module")
def pool(short_tmp: Path) -> Iterator[Pool]:  # type: ignore[override]
    arguments = ("--size", "0", "--max-world-size", "8", "--allow", "world_things.")
    pool = start_pool(short_tmp / "resized", *arguments, entry_point=None)
    yield pool
    pool.stop()
    print(pool.stderr())


@pytest.fixture(scope="module")
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


@pytest.fixture
def callers() -> Iterator[Callers]:
    callers = Callers()
    yield callers
    callers.close()


def facts(world: World) -> list[dict[str, Any]]:
    """What every rank finds: sums over all its groups, right after a change."""

    def on_rank(session: Session) -> dict[str, Any]:
        mine = torch.tensor([2.0**session.info.rank])
        found: dict[str, Any] = {}
        for kind in ("world", "tp", "dp", "ep"):
            group = session.call(f"get_{kind}_group", timeout=LONG)
            total = session.call("GroupCoordinator.all_reduce", group, mine, timeout=LONG)
            found[kind] = (group.unique_name, sorted(group.ranks), total.item())
        found["first"] = from_first_to_last(session)
        return found

    return world.run(on_rank, timeout=LONG)


def from_first_to_last(session: Session) -> Any:
    """What the last rank of the world has from the first, by a message, and all by a broadcast."""
    world = session.call("get_world_group", timeout=LONG)
    last = world.world_size - 1
    if session.info.rank == 0 < last:
        session.call("GroupCoordinator.send_object", world, ["hello"], last, timeout=LONG)
    elif session.info.rank == last > 0:
        got = session.call("GroupCoordinator.recv_object", world, 0, timeout=LONG)
        assert got == ["hello"]
    mine = "all" if session.info.rank == last else None
    return session.call("GroupCoordinator.broadcast_object", world, mine, last, timeout=LONG)


def check(world: World, tensor: int, data: int) -> None:
    """All groups are those of a new world of these sizes."""
    info = world.refresh()
    assert (info.state, info.world_size) == (pool_pb2.WORLD_READY, tensor * data)
    assert info.data_parallel_size == data
    assert [rank.rank for rank in info.ranks] == list(range(tensor * data))
    for rank, found in enumerate(facts(world)):
        members = {
            "world": range(tensor * data),
            "tp": range(rank - rank % tensor, rank - rank % tensor + tensor),
            "dp": range(rank % tensor, tensor * data, tensor),
            "ep": range(tensor * data),
        }
        assert found.pop("first") == "all"
        assert found == {
            kind: (f"{kind}:0", list(ranks), sum(2.0**each for each in ranks))
            for kind, ranks in members.items()
        }


def pids(world: World) -> list[int]:
    return [rank.pid for rank in world.refresh().ranks]


def test_a_world_grows_and_shrinks_and_ranks_that_stay_keep_what_they_have(client: Client) -> None:
    with client.start_world(tensor_parallel_size=2) as world:
        check(world, 2, 1)
        first = pids(world)
        kept = [session.run("world_things.weights", 10) for session in world.ranks]
        world.put("tens", lambda session: session.run("world_things.weights", 10))
        for data in (2, 4, 2, 1, 2):
            sessions = world.ranks[:2]
            assert world.resize(data_parallel_size=data) is world
            check(world, 2, data)
            assert pids(world)[:2] == first
            # Sessions, objects and their names.
            assert world.ranks[:2] == sessions
            for session, weights in zip(world.ranks, kept, strict=False):
                assert session.run("world_things.times", weights, 7) == 70
            assert world.slice(dp=0).call("world_things.times", Named("tens"), 2) == [20, 20]
            assert world.slice(dp=-1).named() == (["tens"] if data == 1 else [])
            rows = torch.arange(4.0 * data)
            halves = world.call(
                "world_things.doubled", rows, [], dispatch=("scatter", 0), collect=("concat", 0)
            )
            assert halves.tolist() == (2 * rows).tolist()
        assert world.info.epoch == 1
        assert world.info.generation == 5


class Held:
    """A call, outside of runs, that keeps a rank's executor busy until it is let go."""

    def __init__(self, session: Session, callers: Callers, path: Path) -> None:
        self._path = path / f"held-{session.info.pid}"
        self._path.touch()
        self.call = callers.begin(
            session, lambda s: s.run("world_things.fail_on", -1, str(self._path), timeout=LONG)
        )
        wait_until_running(session)

    def let_go(self) -> None:
        self._path.unlink(missing_ok=True)


def resizing(callers: Callers, world: World, **change: Any) -> Future[Outcome]:
    """A resize, or the replacement of a rank, that goes on in another thread."""
    method = world.replace_rank if "rank" in change else world.resize
    return callers.begin(world.ranks[0], lambda _: method(**change))


def pid_of_new(client: Client, world: World, rank: int, begin: Callable[[], Any]) -> int:
    """The process of a rank that is starting because of what `begin` does."""
    known = pids(world)
    with client.watch(world.world_id) as events:
        begin()
        for event in events:
            info = event.rank.rank
            if event.HasField("rank") and info.rank == rank and info.pid not in {0, *known}:
                return int(info.pid)
    raise AssertionError("no rank was started")


def test_a_new_rank_that_is_killed_leaves_the_old_world_whole(
    client: Client, callers: Callers, tmp_path: Path
) -> None:
    with client.start_world(data_parallel_size=2) as world:
        before = pids(world)
        # Rank 0 waits for the others then, and rank 1 never comes to it.
        held = Held(world.ranks[1], callers, tmp_path)
        change: list[Future[Outcome]] = []
        begin = lambda: change.append(resizing(callers, world, data_parallel_size=3))  # noqa: E731
        pid = pid_of_new(client, world, 2, begin)
        os.kill(pid, signal.SIGKILL)
        failed = change[0].result(30)
        assert failed.reason == "rank_died"
        assert f"rank 2 of {world.world_id} (pid {pid})" in failed.message
        assert "killed by signal 9" in failed.message
        assert attempt(world.ranks[0], named("get_tp_group")).reason == "ok", "it waits no more"
        held.let_go()
        assert held.call.result(30).reason == "ok"
        assert pids(world) == before
        assert world.info.generation == 0
        check(world, 1, 2)
        # The next attempt is as the first.
        world.resize(3)
        check(world, 1, 3)
        assert pids(world)[:2] == before


def test_a_rank_that_is_busy_for_too_long_is_named(
    client: Client, callers: Callers, tmp_path: Path, pool: Pool
) -> None:
    with client.start_world(data_parallel_size=2) as world:
        before = pids(world)
        held = Held(world.ranks[1], callers, tmp_path)
        failed = resizing(
            callers, world, data_parallel_size=4, timeout=timedelta(seconds=3)
        ).result(40)
        assert failed.reason == "prepare_timeout"
        assert f"rank 1 of {world.world_id} (pid {before[1]})" in failed.message
        eventually(lambda: not set(children(pool.forkserver)) - set(before))
        held.let_go()
        assert held.call.result(30).reason == "ok"
        check(world, 1, 2)
        assert pids(world) == before


@pytest.mark.parametrize("on_failure", ["fail", "keep"])
def test_a_rank_that_stays_and_is_killed_meanwhile_is_named(
    client: Client, callers: Callers, tmp_path: Path, on_failure: str
) -> None:
    with client.start_world(data_parallel_size=2, on_failure=on_failure) as world:
        Held(world.ranks[1], callers, tmp_path)
        change: list[Future[Outcome]] = []
        begin = lambda: change.append(resizing(callers, world, data_parallel_size=3))  # noqa: E731
        pid_of_new(client, world, 2, begin)
        lost = world.info.ranks[1].pid
        os.kill(lost, signal.SIGKILL)
        failed = change[0].result(30)
        assert failed.message.startswith(f"rank 1 of {world.world_id} (pid {lost})")
        assert "killed by signal 9" in failed.message
        assert world.refresh().world_size == 2
        if on_failure == "fail":
            assert world.info.state == pool_pb2.WORLD_FAILED
            return
        assert world.info.state == pool_pb2.WORLD_DEGRADED
        with pytest.raises(BridgeError, match="rank 1 is dead; replace all dead ranks") as caught:
            world.resize(3)
        assert caught.value.reason == "world_cannot_change"
        world.replace_rank(1)
        check(world, 1, 2)
        world.resize(3)
        check(world, 1, 3)


def test_two_clients_resize_at_once_and_runs_go_on(client: Client, pool: Pool) -> None:
    with client.start_world() as world, connect(pool.endpoint) as second:
        ours, theirs = [2, 1, 3, 2], [3, 2, 1, 4]
        failures: list[Exception] = []
        over = threading.Event()

        def change(on: Client, sizes: list[int]) -> None:
            try:
                for size in sizes:
                    on.world(world.world_id).resize(size)
            except Exception as error:  # noqa: BLE001
                failures.append(error)

        def run() -> None:
            while not over.is_set():
                try:
                    found = second.world(world.world_id).run(total)
                    assert set(found) == {float(len(found))}
                except BridgeError as error:
                    if error.reason != "stale_world":
                        failures.append(error)
                except Exception as error:  # noqa: BLE001
                    failures.append(error)

        threads = [
            threading.Thread(target=change, args=(client, ours)),
            threading.Thread(target=change, args=(second, theirs)),
        ]
        runs = threading.Thread(target=run)
        for thread in (*threads, runs):
            thread.start()
        for thread in threads:
            thread.join(100)
        over.set()
        runs.join(30)
        assert failures == []
        assert world.refresh().data_parallel_size in (2, 4)
        check(world, 1, world.info.data_parallel_size)


def total(session: Session) -> float:
    group = session.call("get_world_group", timeout=LONG)
    summed = session.call("GroupCoordinator.all_reduce", group, torch.ones(1), timeout=LONG)
    return float(summed.item())


def test_a_resize_waits_for_the_run_that_goes_on_and_later_ones_for_it(
    client: Client, callers: Callers, tmp_path: Path, pool: Pool
) -> None:
    with client.start_world() as world, connect(pool.endpoint) as second:
        path = tmp_path / "busy"
        path.touch()
        run = callers.begin(
            world.ranks[0],
            lambda _: world.call("world_things.fail_on", -1, str(path), timeout=LONG),
        )
        wait_until_running(world.ranks[0])
        change = resizing(callers, world, data_parallel_size=2)
        eventually(lambda: client.world(world.world_id).info.runs_waiting == 1)
        stale = second.world(world.world_id)
        later = callers.begin(world.ranks[0], lambda _: stale.run(total))
        eventually(lambda: client.world(world.world_id).info.runs_waiting == 2)
        assert client.world(world.world_id).info.generation == 0
        path.unlink()
        assert run.result(30).reason == "ok"
        assert change.result(60).reason == "ok"
        # It would have run on half of the ranks.
        refused = later.result(30)
        assert refused.reason == "stale_world"
        assert "has 2 ranks now" in refused.message
        stale.refresh()
        assert stale.run(total) == [2.0, 2.0]


@pytest.mark.parametrize(
    ("size", "reason", "says"),
    [
        (0, "invalid_argument", "data_parallel_size is 0; it must be 1 or more"),
        (-3, "invalid_argument", "data_parallel_size is -3; it must be 1 or more"),
        (5, "invalid_argument", "may be at most 4 here, because each replica has 2 ranks"),
        (2**70, "invalid_argument", f"data_parallel_size is {2**70}"),
        ("two", "wrong_type", "it must be an int of at least 1"),
        (True, "wrong_type", "it must be an int of at least 1"),
        (2.0, "wrong_type", "it must be an int of at least 1"),
        (None, "wrong_type", "it must be an int of at least 1"),
    ],
)
def test_a_size_that_cannot_be_is_refused_at_once(
    shared: World, size: Any, reason: str, says: str
) -> None:
    started = time.monotonic()
    with pytest.raises(BridgeError, match=re.escape(says)) as caught:
        shared.resize(size)
    assert caught.value.reason == reason
    assert caught.value.category == Category.VALIDATION
    assert time.monotonic() - started < 5
    assert shared.refresh().generation == 0
    assert shared.run(total) == [2.0, 2.0]


@pytest.fixture(scope="module")
def shared(client: Client) -> Iterator[World]:
    with client.start_world(tensor_parallel_size=2) as world:
        yield world


@pytest.mark.parametrize("rank", [-1, 2, 2**70, "1", True, [], [0, 2], None])
def test_a_rank_that_is_none_is_not_replaced(shared: World, rank: Any) -> None:
    before = pids(shared)
    with pytest.raises(BridgeError, match="rank") as caught:
        shared.replace_rank(rank)
    assert caught.value.reason in ("invalid_argument", "wrong_type")
    assert pids(shared) == before


def test_worlds_that_cannot_change_say_why(client: Client, shared: World) -> None:
    with client.start_world(concurrent=True) as world:
        with pytest.raises(BridgeError, match=r"it is concurrent.*start it without") as caught:
            world.resize(2)
        assert caught.value.reason == "world_cannot_change"
    with pytest.raises(BridgeError, match="was stopped"):
        world.resize(2)

    def inside(session: Session) -> None:
        if session.info.rank == 0:
            shared.resize(2)

    with pytest.raises(BridgeError, match="inside one of its own runs") as caught:
        shared.run(inside)
    assert caught.value.reason == "world_cannot_change"
    with client.start_world() as world:
        world.ranks[0].call("destroy_model_parallel")
        with pytest.raises(BridgeError, match="is not in the world and the groups") as caught:
            world.resize(2)
        assert caught.value.reason == "environment_conflict"


def replace(world: World, lost: int, kept: list[RemoteObject]) -> None:
    before, old = pids(world), world.ranks[lost]
    world.replace_rank(lost)
    check(world, 2, 2)
    same = [a == b for a, b in zip(pids(world), before, strict=True)]
    assert same == [rank != lost for rank in range(4)]
    eventually(lambda: not alive(before[lost]))
    times = "world_things.times"
    gone = attempt(world.ranks[lost], lambda session: session.run(times, kept[lost], 2))
    assert gone.reason == "unknown_ref"
    assert "the process that this rank" in gone.message
    # A session of the process that is gone.
    assert attempt(old, named("get_tp_group")).error is not None
    kept[lost] = world.ranks[lost].run("world_things.weights", 10)
    for session, weights in zip(world.ranks, kept, strict=True):
        assert session.run(times, weights, 2) == 20


def test_a_rank_is_replaced_and_the_others_keep_what_they_have(client: Client, pool: Pool) -> None:
    with client.start_world(
        tensor_parallel_size=2, data_parallel_size=2, on_failure="keep", spare_ranks=1
    ) as world:
        kept = [session.run("world_things.weights", 10) for session in world.ranks]
        world.put("tens", lambda session: session.run("world_things.weights", 10))
        # Alive, then dead; the first and another.
        for lost, dead in ((1, False), (3, True), (0, False)):
            if dead:
                os.kill(world.info.ranks[lost].pid, signal.SIGKILL)
                eventually(lambda: world.refresh().state == pool_pb2.WORLD_DEGRADED)
            replace(world, lost, kept)
        assert world.named() == []
        assert world.slice(dp=1, tp=0).named() == ["tens"]


def test_what_leaves_is_gone_by_name(client: Client) -> None:
    with client.start_world(data_parallel_size=2) as world:
        last, object_there = world.ranks[1], world.ranks[1].run("world_things.weights", 10)
        world.resize(1)
        for way in (last, through_the_pool(last)):
            gone = attempt(way, lambda s: s.run("world_things.times", object_there, 2))
            assert gone.reason == "session_closed", gone.message
            assert "was resized to data_parallel_size=1, and its rank left it" in gone.message
        world.resize(2)
        # Another process has the number now.
        gone = attempt(world.ranks[1], lambda s: s.run("world_things.times", object_there, 2))
        assert gone.reason == "unknown_ref"
        check(world, 1, 2)


def through_the_pool(session: Session) -> Session:
    info = pool_pb2.Session()
    info.CopyFrom(session.info)
    info.endpoint = info.frames_endpoint = ""
    return Session(session._link, info)


def test_a_restart_starts_as_many_as_there_were_last(client: Client) -> None:
    with client.start_world() as world:
        world.resize(3)
        os.kill(world.info.ranks[2].pid, signal.SIGKILL)
        eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
        world.restart()
        assert (world.info.epoch, world.info.generation) == (2, 0)
        check(world, 1, 3)


def held(pid: int) -> dict[str, int]:
    """What a process holds from the system."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return {
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": len(os.listdir(f"/proc/{pid}/task")),
        "gates": maps.count("vllm-shared-gate"),
        "segments": maps.count("/dev/shm/"),
    }


def test_nothing_of_earlier_ranks_and_groups_is_left(client: Client, pool: Pool) -> None:
    others = set(children(pool.forkserver))
    with client.start_world(tensor_parallel_size=2) as world:

        def cycle() -> list[dict[str, int]]:
            world.resize(2)
            # Refs of groups that are destroyed then stay in the sessions.
            world.run(total)
            with pytest.raises(BridgeError):
                world.resize(5)
            world.replace_rank([1, 3])
            world.resize(1)
            world.run(total)
            return [held(world.info.ranks[0].pid), held(pool.pid)]

        first = [cycle() for _ in range(2)][-1]
        for _ in range(3):
            cycle()
        # Connections that are closed, and threads that end, are gone a moment later.
        eventually(lambda: [held(world.info.ranks[0].pid), held(pool.pid)] == first or cycle())
        assert set(children(pool.forkserver)) - others == set(pids(world))


def test_a_world_that_is_stopped_meanwhile_says_so(
    client: Client, callers: Callers, tmp_path: Path, pool: Pool
) -> None:
    others = set(children(pool.forkserver))
    world = client.start_world(data_parallel_size=2)
    Held(world.ranks[1], callers, tmp_path)
    change: list[Future[Outcome]] = []
    begin = lambda: change.append(resizing(callers, world, data_parallel_size=3))  # noqa: E731
    pid_of_new(client, world, 2, begin)
    world.stop()
    failed = change[0].result(30)
    assert failed.reason == "world_stopped", failed.message
    assert "was stopped" in failed.message
    eventually(lambda: set(children(pool.forkserver)) == others)


def test_a_world_without_a_gate_changes_too(client: Client) -> None:
    with client.start_world(gate=False) as world:
        for size in (3, 2):
            world.resize(size)
            check(world, 1, size)


def test_from_asyncio(pool: Pool) -> None:
    async def scenario() -> None:
        async with aio.connect(pool.endpoint) as client:
            world = await client.start_world()
            first = world.ranks[0]
            assert await world.resize(data_parallel_size=2) is world
            assert world.ranks[0] is first
            assert (world.info.world_size, len(world.ranks)) == (2, 2)
            gone = world.ranks[1]
            await world.replace_rank(1)
            assert world.ranks[1] is not gone
            assert await world.call("world_things.rank") == [0, 1]
            with pytest.raises(BridgeError) as caught:
                await world.resize(0)
            assert caught.value.reason == "invalid_argument"
            stale = await client.world(world.world_id)
            await world.resize(1)
            with pytest.raises(BridgeError) as caught:
                await stale.call("world_things.rank")
            assert caught.value.reason == "stale_world"
            await stale.refresh()
            assert await stale.call("world_things.rank") == [0]
            await world.stop()

    asyncio.run(scenario())


def test_the_gate_of_a_changed_world_tells_what_it_told_before(
    client: Client, callers: Callers
) -> None:
    with client.start_world() as world:
        world.resize(2)
        groups = [session.call("get_world_group") for session in world.ranks]
        waiting = callers.begin(world.ranks[0], method(groups[0], "barrier"))
        wait_until_at_gate(world.ranks[0])
        differs = attempt(world.ranks[1], method(groups[1], "all_reduce", torch.ones(1)))
        assert differs.reason == "collective_mismatch"
        assert waiting.result(30).reason == "collective_mismatch"
        check(world, 1, 2)


@pytest.mark.parametrize("concerned", ["joins_nothing", "dies_in_commit"])
def test_what_fails_at_either_end(short_tmp: Path, concerned: str) -> None:
    pool = start_pool(
        short_tmp / concerned, "--size", "0", entry_point=f"failing_ranks:{concerned}"
    )
    try:
        with connect(pool.endpoint) as client:
            world = client.start_world(data_parallel_size=2, on_failure="keep")
            before = pids(world)
            with pytest.raises(BridgeError) as caught:
                world.resize(3)
            error = caught.value
            if concerned == "joins_nothing":
                assert "rank 2" in error.message
                assert "there is no device left for this rank" in error.message
                check(world, 1, 2)
                assert pids(world) == before
            else:
                assert f"rank 1 of {world.world_id} (pid {before[1]})" in error.message
                assert "killed by signal 9" in error.message
                assert world.refresh().state == pool_pb2.WORLD_FAILED
                assert "was changing its ranks" in world.info.failure
                eventually(lambda: children(pool.forkserver) == [])
                world.restart()
                check(world, 1, 2)
    finally:
        pool.stop()
