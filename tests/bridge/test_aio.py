"""The asynchronous client: the blocking one with `await`, over both carriers."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import torch
from frames_harness import MOMENT, FramesServer, Peer, echo
from pool_harness import FAKE, SHORT, Block, Pool

import vllm_bridge.aio
import vllm_bridge.client
from vllm_bridge.aio import Client, Future, Session, World, connect
from vllm_bridge.aio._frames import Connection
from vllm_bridge.client._calls.future import FutureCalls
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport.frames.calling import FrameFailure, NotSent

pytestmark = pytest.mark.timeout(90)

ECHO = FAKE + "Echo"
BLOCK = FAKE + "Block"

Test = Callable[[Client], Coroutine[Any, Any, None]]


@pytest.fixture
def drive(pool: Pool) -> Callable[..., None]:
    """Run a coroutine function with a client of the shared pool."""

    def run(test: Test, **options: Any) -> None:
        async def body() -> None:
            async with connect(pool.endpoint, **options) as client:
                await test(client)

        asyncio.run(body())

    return run


@pytest.fixture
def server(short_tmp: Path) -> Iterator[FramesServer]:
    """A frames socket that echoes."""
    server = FramesServer(short_tmp / f"a{len(list(short_tmp.iterdir()))}.sock", echo)
    yield server
    server.close()


async def eventually(condition: Callable[[], object]) -> None:
    for _ in range(1500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("not so after 15 s")


async def strict(client: Client, carrier: str = "frames", place: str | None = None) -> Session:
    """A session of a fake rank, over that carrier, or of a frames socket of the test."""
    session = await client.open_session(affinity="strict_queue")
    info = type(session.info)()
    info.CopyFrom(session.info)
    if place is not None:
        info.frames_endpoint = place
    elif carrier == "grpc":
        info.frames_endpoint = ""
    made = Session(client._link, info)
    assert await made.carrier() == carrier
    return made


async def submit(session: Session, path: str, body: bytes, timeout: timedelta = SHORT) -> Future:
    """As `Session.submit`, of a method of fake ranks."""
    calls = session._calls
    exchange = calls._exchange(
        lambda storage: (path, body), lambda answer, storage: answer, timeout, later=True
    )
    return Future(FutureCalls(calls.link.io, exchange, await exchange.begin(), path))


def public(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(member)
        for name, member in vars(kind).items()
        if not name.startswith("_") and inspect.isfunction(member)
    }


def test_the_names_are_those_of_the_blocking_client() -> None:
    assert vllm_bridge.aio.__all__ == vllm_bridge.client.__all__
    exported = {name for name in vars(vllm_bridge.aio) if not name.startswith("_")}
    assert exported == set(vllm_bridge.aio.__all__)
    kinds = (
        "Client",
        "Session",
        "World",
        "WorldFuture",
        "Watch",
        "Future",
        "Items",
        "Subscription",
    )
    for name in kinds:
        ours = public(getattr(vllm_bridge.aio, name))
        theirs = public(getattr(vllm_bridge.client, name))
        # A property there; here it may have to connect.
        ours.pop("carrier", None)
        assert set(ours) == set(theirs), name
        for method, signature in theirs.items():
            parameters = [(p.name, p.kind, p.default) for p in signature.parameters.values()]
            own = [(p.name, p.kind, p.default) for p in ours[method].parameters.values()]
            assert own == parameters, f"{name}.{method}"
    arguments = inspect.signature(vllm_bridge.client.connect).parameters
    assert inspect.signature(connect).parameters == arguments


@pytest.mark.parametrize("carrier", ["frames", "grpc"])
def test_calls_errors_and_deadlines(
    drive: Callable[..., None], block: Callable[[], Block], carrier: str
) -> None:
    async def test(client: Client) -> None:
        session = await strict(client, carrier)
        bodies = [f"{number}".encode() for number in range(200)]
        answers = await asyncio.gather(*(session.send(ECHO, body, SHORT) for body in bodies))
        assert answers == bodies
        assert await session.send(ECHO, bytes(3 << 20), SHORT) == bytes(3 << 20)
        with pytest.raises(BridgeError) as caught:
            await session.send(FAKE + "Fail", b"", SHORT)
        assert (caught.value.reason, caught.value.details) == ("scripted", {"value": 7})
        held = block()
        with pytest.raises(BridgeError) as caught:
            await session.send(BLOCK, str(held.path).encode(), timedelta(seconds=2))
        assert caught.value.reason == "deadline_exceeded"
        assert caught.value.details == {"state": "running"}
        held.end()
        assert await session.send(ECHO, b"2", SHORT) == b"2"

    drive(test)


@pytest.mark.parametrize("carrier", ["frames", "grpc"])
def test_a_call_whose_task_is_cancelled_is_over(
    drive: Callable[..., None], block: Callable[[], Block], carrier: str
) -> None:
    async def test(client: Client) -> None:
        session = await strict(client, carrier)
        held = block()
        running = asyncio.create_task(session.send(BLOCK, str(held.path).encode(), SHORT))
        await eventually(held.started)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        held.end()
        assert await session.send(ECHO, b"1", SHORT) == b"1"

    drive(test)


def test_a_rank_hears_of_a_call_whose_task_is_cancelled(
    drive: Callable[..., None], server: FramesServer
) -> None:
    async def test(client: Client) -> None:
        session = await strict(client, place=server.endpoint)
        waiting = asyncio.create_task(session.send(ECHO, b"silence", SHORT))
        await eventually(lambda: server.kinds() == ["call"])
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await eventually(lambda: server.kinds() == ["call", "cancel"])
        assert await session.send(ECHO, b"1", SHORT) == b"1"
        assert len(server.peers) == 1

    drive(test)


@pytest.mark.parametrize("carrier", ["frames", "grpc"])
def test_futures(drive: Callable[..., None], block: Callable[[], Block], carrier: str) -> None:
    async def test(client: Client) -> None:
        session = await strict(client, carrier)
        futures = [await submit(session, ECHO, b"%d" % number) for number in range(20)]
        assert [await future for future in reversed(futures)] == [
            b"%d" % number for number in reversed(range(20))
        ]
        assert futures[0].done()
        assert not futures[0].cancel()
        held = block()
        running = await submit(session, BLOCK, str(held.path).encode())
        await eventually(held.started)
        queued = await submit(session, ECHO, b"never")
        assert not running.done()
        with pytest.raises(BridgeError) as caught:
            await running.result(MOMENT)
        assert caught.value.reason == "future_not_ready"
        assert queued.cancel()
        with pytest.raises(BridgeError) as caught:
            await queued
        assert (caught.value.category, caught.value.reason) == (Category.GRPC_ERROR, "cancelled")
        held.end()
        assert await running == b"unblocked"
        short = await submit(session, ECHO, bytes(2 << 20))
        assert await short.result(SHORT) == bytes(2 << 20)

    drive(test)


def test_the_deadline_of_a_future_is_fixed_when_it_begins(
    drive: Callable[..., None], server: FramesServer
) -> None:
    async def test(client: Client) -> None:
        session = await strict(client, place=server.endpoint)
        future = await submit(session, ECHO, b"silence", MOMENT)
        await eventually(future.done)
        with pytest.raises(BridgeError) as caught:
            await future.result(SHORT)
        assert caught.value.reason == "deadline_exceeded"
        await eventually(lambda: "cancel" in server.kinds())

    drive(test)


def test_a_session_of_a_pool_and_a_watch(drive: Callable[..., None]) -> None:
    async def test(client: Client) -> None:
        assert (await client.status()).pools
        async with client.watch() as watch:
            async with client.open_session() as session:
                assert await session.send(ECHO, b"1", SHORT) == b"1"
                again = await client.session(session.session_id)
                assert again.session_id == session.session_id
            events = []
            async for event in watch:
                events.append(event.session.session.session_id)
                if events.count(session.session_id) >= 2:
                    break
            asyncio.get_running_loop().call_later(0.1, watch._calls.close)
            assert [event async for event in watch if event.HasField("world")] == []
        with pytest.raises(BridgeError) as caught:
            await client.session(session.session_id)
        assert caught.value.reason == "session_closed"
        with pytest.raises(BridgeError, match="affinity 'none'"):
            await client.open_session(affinity="none")

    drive(test, client_id="asynchronous")


def test_an_owner_that_closes_ends_what_it_owned(start: Callable[..., Pool]) -> None:
    async def test(endpoint: str) -> None:
        async with connect(endpoint, client_id="owner") as client:
            session = await client.open_session()
        async with connect(endpoint) as other:

            async def gone() -> bool:
                try:
                    await other.session(session.session_id)
                except BridgeError:
                    return True
                return False

            for _ in range(1500):
                if await gone():
                    return
                await asyncio.sleep(0.01)
            pytest.fail("its session is still there")

    asyncio.run(test(start("--size", "1").endpoint))


def world_test(
    drive: Callable[..., None], test: Callable[[Client, World], Awaitable[None]]
) -> None:
    async def body(client: Client) -> None:
        async with client.start_world(tensor_parallel_size=2) as world:
            await test(client, world)

    drive(body)


def test_a_run_of_a_world(drive: Callable[..., None]) -> None:
    async def test(client: Client, world: World) -> None:
        async def rank_of(session: Session) -> int:
            assert await session.send(ECHO, b"1", SHORT) == b"1"
            return session.info.rank

        assert await world.run(rank_of) == [0, 1]
        # Runs of one world take turns, of tasks too.
        inside = 0

        async def alone(session: Session) -> int:
            nonlocal inside
            inside += 1
            assert inside <= 2
            await session.send(ECHO, b"1", SHORT)
            inside -= 1
            return 1

        assert await asyncio.gather(*(world.run(alone) for _ in range(5))) == [[1, 1]] * 5

        async def nested(session: Session) -> list[int]:
            return await world.run(rank_of) if session.info.rank == 0 else []

        assert await world.run(nested) == [[0, 1], []]
        assert (await world.refresh()).world_size == 2

    world_test(drive, test)


def test_a_run_that_fails_ends_at_once_and_names_the_rank(
    drive: Callable[..., None], block: Callable[[], Block]
) -> None:
    async def test(client: Client, world: World) -> None:
        held = block()
        ended: list[object] = []

        async def work(session: Session) -> bytes:
            if session.info.rank == 1:
                await eventually(held.started)
                raise KeyError("of the user's own")
            try:
                return await session.send(BLOCK, str(held.path).encode(), SHORT)
            except asyncio.CancelledError:
                with pytest.raises(BridgeError) as caught:
                    await session.send(ECHO, b"1", SHORT)
                ended.append(caught.value.reason)
                raise

        with pytest.raises(KeyError) as caught:
            await world.run(work)
        assert caught.value.rank == 1  # type: ignore[attr-defined]
        assert ended == ["run_cancelled"]
        held.end()

        async def again(session: Session) -> bytes:
            return await session.send(ECHO, b"1", SHORT)

        assert await world.run(again) == [b"1", b"1"]

    world_test(drive, test)


def test_the_timeout_of_a_run_bounds_its_calls_and_its_turn(
    drive: Callable[..., None], block: Callable[[], Block]
) -> None:
    async def test(client: Client, world: World) -> None:
        held = block()

        async def work(session: Session) -> bytes:
            if session.info.rank == 1:
                return b""
            return await session.send(BLOCK, str(held.path).encode(), await session.allowed(None))

        async def nothing(session: Session) -> None:
            return None

        running = asyncio.create_task(world.run(work, timeout=timedelta(seconds=3)))
        await eventually(held.started)
        with pytest.raises(BridgeError) as caught:
            await world.run(nothing, timeout=MOMENT)
        assert caught.value.reason == "run_timeout"
        with pytest.raises(BridgeError) as caught:
            await running
        assert (caught.value.reason, caught.value.rank) == ("deadline_exceeded", 0)
        held.end()

    world_test(drive, test)


def test_a_run_that_is_cancelled(drive: Callable[..., None], block: Callable[[], Block]) -> None:
    async def test(client: Client, world: World) -> None:
        held = block()

        async def work(session: Session) -> bytes:
            if session.info.rank == 1:
                return b""
            return await session.send(BLOCK, str(held.path).encode(), SHORT)

        running = asyncio.create_task(world.run(work))
        await eventually(held.started)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        held.end()

        async def again(session: Session) -> bytes:
            return await session.send(ECHO, b"1", SHORT)

        assert await world.run(again) == [b"1", b"1"]

    world_test(drive, test)


def test_a_client_is_of_one_loop(pool: Pool) -> None:
    client = connect(pool.endpoint)

    async def status() -> None:
        await client.status()

    async def close() -> None:
        await client.close()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(status())
    with pytest.raises(BridgeError) as caught:
        asyncio.run(status())
    assert caught.value.reason == "other_loop"
    loop.run_until_complete(close())
    loop.close()


def test_a_connection_that_ends(server: FramesServer) -> None:
    async def test() -> None:
        connection = Connection(server.path)
        calls = [connection.begin(ECHO, b"silence", None, ()) for _ in range(3)]
        waiting = [asyncio.create_task(call.answer()) for call in calls]
        await eventually(lambda: len(server.received) == 3)
        server.peers[0].close()
        for task in waiting:
            with pytest.raises(FrameFailure) as caught:
                await task
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert connection.over
        with pytest.raises(NotSent):
            connection.begin(ECHO, b"", None, ())
        connection.close()

    asyncio.run(test())


def test_a_rank_that_reads_nothing(short_tmp: Path) -> None:
    released = threading.Event()

    def deaf(peer: Peer) -> None:
        released.wait(30)

    async def test(server: FramesServer) -> None:
        connection = Connection(server.path)
        calls = [connection.begin(ECHO, bytes(900_000), MOMENT, ()) for _ in range(2)]
        for call in calls:
            with pytest.raises(FrameFailure) as caught:
                await call.answer()
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        unsent = connection.begin(ECHO, bytes(10), None, ())
        released.set()
        # The rank has not had it, and the call may go another way.
        with pytest.raises(NotSent):
            await unsent.answer()
        connection.close()

    server = FramesServer(short_tmp / "deaf.sock", deaf)
    asyncio.run(test(server))
    server.close()


def test_closing_leaves_nothing(pool: Pool) -> None:
    async def test() -> None:
        before = len(os.listdir("/proc/self/fd"))
        client = connect(pool.endpoint)
        session = await strict(client)
        assert await session.send(ECHO, b"1", SHORT) == b"1"
        connection = next(iter(client._link.ranks._connections.values()))
        assert isinstance(connection, Connection)
        assert connection._socket.fileno() >= 0
        await client.close()
        assert connection._socket.fileno() == -1
        # gRPC has descriptors of its own for the process; none is left per client.
        async with connect(pool.endpoint) as other:
            await (await strict(other)).send(ECHO, b"1", SHORT)
        await eventually(lambda: len(os.listdir("/proc/self/fd")) <= before + 8)

    asyncio.run(test())


def test_real_ranks(real_pool: Pool) -> None:
    async def test() -> None:
        async with connect(real_pool.endpoint) as client:
            async with client.open_session(
                affinity="strict_queue", timeout=timedelta(seconds=60)
            ) as session:
                assert await session.call("get_pp_indices", 61, 0, 4) == (0, 15)
                futures = [await session.submit("get_pp_indices", 61, rank, 4) for rank in range(4)]
                assert [await f for f in futures] == [(0, 15), (15, 30), (30, 46), (46, 61)]
                large = torch.ones(300_000)
                for _ in range(3):
                    assert torch.equal(await session.run("torch.neg", large), -large)
                assert session._calls._memory.proven
                later = await session.submit_run("torch.neg", large)
                assert torch.equal(await later, -large)
                async with session.context(await session.run("torch.no_grad")):
                    assert await session.run("torch.is_grad_enabled") is False
                assert await session.run("torch.is_grad_enabled") is True
            async with client.open_session() as hint, hint.context("suppress_stdout"):
                assert await hint.run("torch.is_grad_enabled") is True
            async with client.start_world(tensor_parallel_size=2) as world:

                async def total(session: Session) -> float:
                    group = await session.call("get_tp_group")
                    ones = torch.ones(1)
                    summed = await session.call("GroupCoordinator.all_reduce", group, ones)
                    return float(summed.item())

                assert await world.run(total) == [2.0, 2.0]

    asyncio.run(test())
