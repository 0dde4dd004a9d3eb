"""Runs of a world take turns, whichever process and client they come from: the client's side."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls import runs
from vllm_bridge.client._calls.channels import Channels
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.runs import Run, Turn, WorldKey
from vllm_bridge.client._calls.timeouts import Deadline
from vllm_bridge.client._leases.lease import Waiting
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport.metadata import NO_RUN, TURN, RunLabel

# There are no turns on a world that is over; each call of the run says what became of it.
_OVER = frozenset(
    {"session_worker_unavailable", "stale_session", "world_not_found", "world_stopped"}
)


@contextlib.asynccontextmanager
async def taken(link: Link, world: pool_pb2.World, run: Run) -> AsyncIterator[None]:
    """Wait for the turn of a run, and have it; or take part in that of the run around it.

    Raises:
        BridgeError: (timeout) `run_timeout`: it has not come in time; `queue_full`: too many wait.
    """
    key = (link.channels.endpoint, world.world_id, world.epoch)
    around = run.turn_on(key)
    if world.concurrent:
        yield
    elif around is not None and not around.over:
        async with _inside(around, run):
            yield
    else:
        async with _alone(link, key, world.generation, run):
            yield


def metadata(key: WorldKey) -> tuple[tuple[str, str], ...]:
    """What a call to a rank of a world says of the run that the calling thread is in."""
    turn = of(key)
    return ((TURN, str(turn.label)),) if turn and not turn.over else ()


def of(key: WorldKey) -> Turn | None:
    """The turn of the calling thread's, or task's, run on a world."""
    run = runs.current()
    return None if run is None else run.turn_on(key)


async def inner_run_over(key: WorldKey, error: BridgeError, deadline: Deadline) -> bool:
    """Whether a refused call may be sent again, after waiting until that is so.

    The functions of a run go on while one of them has started a run inside. A call of theirs that
    is part of the run around may stand in the way of that one's: it is refused before it begins,
    and has its time when the run inside is over.
    """
    if error.reason != "run_overlap":
        return False
    turn = of(key)
    if turn is None or str(error.details.get("met")) not in turn.inside:
        return False
    left = deadline.left()
    if await turn.lock.acquire(seconds(left)):
        turn.lock.release()
    return True


@contextlib.asynccontextmanager
async def _alone(link: Link, key: WorldKey, generation: int, run: Run) -> AsyncIterator[None]:
    waiting, run.turn = await _waited(link, key, run)
    try:
        await _check_generation(link.channels, waiting, generation, run)
        yield
    finally:
        if waiting is not None:
            await link.leases.leave(waiting)


async def _waited(link: Link, key: WorldKey, run: Run) -> tuple[Waiting | None, Turn | None]:
    """The turn, when it has come; None where there are none."""
    try:
        waiting = await link.leases.take(key, run)
    except grpc.RpcError as error:
        # An older server.
        if error.code() == grpc.StatusCode.UNIMPLEMENTED:
            return None, None
        failure = link.channels.pool_error(error)
        if failure.reason in _OVER:
            return None, Turn(key, NO_RUN, link.io, over=True)
        raise failure from None
    if not waiting.number:
        return waiting, None
    return waiting, Turn(key, RunLabel(waiting.number), link.io)


async def _check_generation(
    channels: Channels, waiting: Waiting | None, generation: int, run: Run
) -> None:
    """Raise where the ranks of the world have changed since the client got it. The pool says how.

    Raises:
        BridgeError: (pool) `stale_world`.
    """
    lease = None if waiting is None else waiting.lease
    if lease is None or lease.generation in (None, generation):
        return
    _, world_id, epoch = lease.world
    request = pool_pb2.ReportTurnRequest(world_id=world_id, epoch=epoch, generation=generation)
    await channels.pool("ReportTurn", request, pool_pb2.ReportTurnResponse, run.left())


@contextlib.asynccontextmanager
async def _inside(around: Turn, run: Run) -> AsyncIterator[None]:
    left = run.left()
    if not await around.lock.acquire(seconds(left)):
        raise _too_late(around.world[1], f"another run inside of run {around.label} has it")
    try:
        run.turn = around.inner()
        yield
    finally:
        around.lock.release()


def _too_late(world_id: str, why: str) -> BridgeError:
    return BridgeError(
        Category.TIMEOUT,
        "run_timeout",
        f"the timeout of World.run passed before its turn on {world_id} had come, so it never "
        f"began: {why}. Runs of one world take turns; give it a longer timeout, or see what the "
        "run does that has its turn (Client.diagnose)",
        details={"world_id": world_id, "state": "turn", "ran": False},
    )
