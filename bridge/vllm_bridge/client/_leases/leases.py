"""The leases of a client: of each world in use one, whose runs need no round trip for their turns.

The pool says on a lease's stream when somebody else asks: then the runs that came before go first,
and later ones ask again. A lease that is idle is given back soon. It ends with this process,
however that ends, since its stream does.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from datetime import timedelta

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls import runs
from vllm_bridge.client._calls.channels import Channels
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.io import Lock
from vllm_bridge.client._calls.runs import Run, WorldKey
from vllm_bridge.client._calls.timeouts import ASK_TIMEOUT
from vllm_bridge.client._leases.lease import Lease, Waiting, this_client
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.process import background
from vllm_bridge.transport.frames.calling import Cancelled

_REPORT = "/vllm.bridge.v1.Pool/ReportTurn"

# So long a lease without a run is kept, and so often it is looked whether there is one.
_IDLE_SECONDS = 0.1
_LOOK_SECONDS = 0.05

# So long before its deadline, or a tenth of what is left, a run that waits asks who has the turn.
_AHEAD_SECONDS = 0.05


class Leases:
    """Those of one client. Threads may share it."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._io = channels.io
        # Never held while anything is waited for.
        self._mutex = threading.Lock()
        # Of each world the one that runs may join.
        self._latest: dict[WorldKey, Lease] = {}
        # All that are not over.
        self._leases: set[Lease] = set()
        # Held while somebody looks after them; released to end that.
        self._looking: Lock | None = None

    async def take(self, key: WorldKey, run: Run) -> Waiting:
        """Wait for the turn of a run. It ends with `leave`, also where this raises.

        Raises:
            BridgeError: (timeout) `run_timeout`; `queue_full`; `draining`; (pool) `run_cancelled`.
            grpc.RpcError: what has become of the lease.
        """
        self._channels.check()
        waiting = Waiting(self._mutex)
        with self._mutex:
            lease = self._latest.get(key)
            if lease is not None and lease.begin(waiting):
                return waiting
        try:
            await self._wait(key, run, waiting)
        except BaseException:
            await self.leave(waiting)
            raise
        return waiting

    async def leave(self, waiting: Waiting) -> None:
        """The turn is over, or not waited for any more."""
        with self._mutex:
            lease = waiting.lease
            if lease is None:
                return
            lease.leave(waiting)
            over = lease.advance()
        if over:
            await self._give_back(lease)

    async def close(self) -> None:
        """The client ends; so do the streams."""
        with self._mutex:
            leases = list(self._leases)
            looking, self._looking = self._looking, None
        for lease in leases:
            self._forget(lease, _closed())
        if looking is not None:
            looking.release()

    async def _wait(self, key: WorldKey, run: Run, waiting: Waiting) -> None:
        wake = self._io.lock()
        await wake.acquire(None)
        waiting.wake = wake
        await self._join(key, waiting)
        with run.waiting(waiting):
            limit = seconds(run.left())
            if limit is not None:
                limit -= min(_AHEAD_SECONDS, 0.1 * limit)
            came = await wake.acquire(limit)
        if not came:
            late = await self._late(waiting, run)
            if late is not None:
                raise late
        if waiting.cancelled and not waiting.settled:
            raise runs.cancelled("this run inside of it never had its turn", ran=False)
        if waiting.error is not None:
            raise waiting.error

    async def _join(self, key: WorldKey, waiting: Waiting) -> None:
        made = None
        with self._mutex:
            lease = self._latest.get(key)
            if lease is None or lease.closed:
                lease = made = Lease(uuid.uuid4().hex, key)
                self._latest[key] = lease
                self._leases.add(lease)
            lease.join(waiting)
            lease.advance()
        if made is not None:
            await self._ask(made, waiting)

    async def _ask(self, lease: Lease, first: Waiting) -> None:
        _, world_id, epoch = lease.world
        request = pool_pb2.TakeTurnRequest(
            world_id=world_id,
            epoch=epoch,
            holder=first.holder,
            lease_id=lease.lease_id,
            client=this_client(),
        )
        try:
            lease.stream = self._channels.stream("TakeTurn", request)
            self._io.background(self._read, lease)
            await self._look_after_them()
        except BaseException as error:
            self._forget(lease, error)
            raise

    async def _read(self, lease: Lease) -> None:
        """What the pool says of a lease, until it is over."""
        stream = lease.stream
        error: BaseException | None = _closed()
        with runs.outside():
            try:
                while stream is not None:
                    await self._heard(lease, pool_pb2.Turn.FromString(await stream.next()))
            except StopAsyncIteration:
                error = None
            except Cancelled:
                pass
            except grpc.RpcError as lost:
                error = lost
            except Exception as defect:
                error = background.defect("the turns of a world", defect)
                raise
            finally:
                self._forget(lease, error)

    async def _heard(self, lease: Lease, turn: pool_pb2.Turn) -> None:
        report = None
        with self._mutex:
            if turn.tell:
                report = lease.report()
                report.tell = turn.tell
            elif turn.HasField("refused"):
                lease.settle(BridgeError.from_detail(turn.refused))
                lease.closed = True
            elif turn.wanted:
                lease.closed = True
            elif turn.waits:
                lease.waits(turn.max_waiting)
            elif turn.number:
                lease.give(turn)
            else:
                lease.settle()
            over = report is None and lease.advance()
        if report is not None:
            await self._report(report)
        elif over:
            await self._give_back(lease)

    async def _report(self, report: pool_pb2.ReportTurnRequest) -> None:
        # The pool asks again.
        with contextlib.suppress(BridgeError):
            await self._channels.pool(
                "ReportTurn", report, pool_pb2.ReportTurnResponse, ASK_TIMEOUT
            )

    async def _give_back(self, lease: Lease) -> None:
        """A lease that is over; runs that it had no number for need another one."""
        with self._mutex:
            moved = list(lease.queue)
            lease.queue.clear()
            report = lease.report()
            self._drop(lease)
        if lease.stream is not None:
            if lease.shared or not lease.given:
                report.given_back = True
                try:
                    lease.farewell = await self._channels.begin(
                        self._channels.endpoint,
                        _REPORT,
                        report.SerializeToString(),
                        None,
                        later=True,
                    )
                except (BridgeError, ValueError):
                    # The client is closed.
                    lease.stream.cancel()
            else:
                lease.stream.cancel()
        for waiting in moved:
            await self._join(lease.world, waiting)

    def _forget(self, lease: Lease, error: BaseException | None) -> None:
        """Its stream has ended. The run that has begun goes on; its calls say what has happened."""
        with self._mutex:
            lease.closed = lease.over = True
            lease.settle(error)
            self._drop(lease)
        if lease.stream is not None:
            # Whatever this side has failed at, the pool gives the turn to others.
            lease.stream.cancel()

    def _drop(self, lease: Lease) -> None:
        self._leases.discard(lease)
        if self._latest.get(lease.world) is lease:
            del self._latest[lease.world]

    async def _look_after_them(self) -> None:
        if self._looking is not None:
            return
        looking = self._io.lock()
        await looking.acquire(None)
        with self._mutex:
            if self._looking is not None:
                return
            self._looking = looking
        self._io.background(self._look, looking)

    async def _look(self, ended: Lock) -> None:
        """Give back those that are idle, until there are none left."""
        try:
            with runs.outside():
                while self._leases and not await ended.acquire(_LOOK_SECONDS):
                    await self._give_back_idle()
        finally:
            with self._mutex:
                if self._looking is ended:
                    self._looking = None
        # One may have been made since the last look.
        if self._leases:
            await self._look_after_them()

    async def _give_back_idle(self) -> None:
        with self._mutex:
            idle = [lease for lease in self._leases if lease.idle(_IDLE_SECONDS)]
            for lease in idle:
                lease.closed = True
            over = [lease for lease in idle if lease.advance()]
        for lease in over:
            await self._give_back(lease)

    async def _late(self, waiting: Waiting, run: Run) -> BridgeError | None:
        """Why a run has not had its turn in time; None: it has come."""
        question = None
        with self._mutex:
            lease = waiting.lease
            if waiting.settled or lease is None:
                return None
            ahead, held_by = lease.ahead(waiting), lease.run_info()
            if not lease.given:
                question = lease.report()
                question.whose_turn = True
        if question is not None:
            with contextlib.suppress(BridgeError):
                answer = await self._channels.pool(
                    "ReportTurn", question, pool_pb2.ReportTurnResponse, _left(run)
                )
                ahead += answer.ahead
                held_by = answer.run if answer.HasField("run") else None
        with self._mutex:
            if waiting.settled:
                return None
        return _too_late(waiting, lease.world[1], held_by, ahead)


def _closed() -> BridgeError:
    return BridgeError(
        Category.POOL,
        "run_cancelled",
        "the client was closed while this run waited for its turn; it never began",
        details={"ran": False},
    )


def _left(run: Run) -> timedelta:
    left = 0.0 if run.ends is None else run.ends - time.monotonic()
    return timedelta(seconds=max(left, 0.001))


def _too_late(
    waiting: Waiting, world_id: str, held_by: pool_pb2.RunInfo | None, ahead: int
) -> BridgeError:
    details: dict[str, object] = {"world_id": world_id, "state": "turn", "ran": False}
    has = "others came before"
    if held_by is not None:
        has = f"run {held_by.number} ({held_by.holder}) has it since {held_by.held_s:.1f} s"
        details |= {"run": held_by.number, "holder": held_by.holder}
        if ahead:
            has += f", and {ahead} others came before this one"
    return BridgeError(
        Category.TIMEOUT,
        "run_timeout",
        f"this run waited {time.monotonic() - waiting.since:.1f} s for its turn on {world_id}, and "
        f"never began: {has}. Runs of one world take turns; give it a longer timeout, or see what "
        "the run does that has its turn (Client.diagnose)",
        details=details,
    )
