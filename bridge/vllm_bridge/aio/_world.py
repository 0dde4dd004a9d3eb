"""A world of an asynchronous client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from vllm_bridge._generated import pool_pb2
from vllm_bridge.aio._awaiting import Opening
from vllm_bridge.aio._ranks import on_all_ranks, with_outcomes
from vllm_bridge.aio._session import Session
from vllm_bridge.aio._streams import Logs, Subscription
from vllm_bridge.aio._world_future import WorldFuture
from vllm_bridge.client._calls import runs, turns
from vllm_bridge.client._calls.checks import described_world, seconds, text
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT
from vllm_bridge.client._calls.world import (
    get_world,
    replace_ranks,
    resize_world,
    restart_world,
    sessions_of,
    stop_world,
)
from vllm_bridge.client._recording import RecordFormat, Recording, record
from vllm_bridge.client._worlds import calls
from vllm_bridge.client._worlds.calls import Members, Tell, quiet
from vllm_bridge.client._worlds.emissions import EmissionCalls
from vllm_bridge.client._worlds.layout import Coordinate, sliced
from vllm_bridge.client._worlds.logs import LogCalls
from vllm_bridge.client._worlds.outcomes import Errors, check_errors
from vllm_bridge.client._worlds.passing import Kept, passed
from vllm_bridge.client._worlds.progress import OnProgress

if TYPE_CHECKING:
    from vllm_bridge.client._worlds.dispatch import Collect, Dispatch
    from vllm_bridge.codec.calls import RemoteObject

V = TypeVar("V")


class World:
    """A world that was started, or a slice of one: one strict session per rank.

    As `vllm_bridge.client.World`, whose documentation has the rules.
    """

    def __init__(
        self,
        link: Link,
        info: pool_pb2.World,
        only: Collection[int] | None = None,
        *,
        started: bool = False,
    ) -> None:
        self._link = link
        # Whether it was started for this object, whose block stops it then.
        self._started = started
        # Of a slice, its ranks.
        self._only = only
        # As it was when it was started; see `refresh`.
        self.info = info
        self.ranks = self._sessions()

    def __repr__(self) -> str:
        return described_world(self.info, len(self.ranks))

    @property
    def world_id(self) -> str:
        """Its id."""
        return self.info.world_id

    def slice(
        self,
        *,
        dp: Coordinate | None = None,
        pp: Coordinate | None = None,
        pcp: Coordinate | None = None,
        tp: Coordinate | None = None,
    ) -> World:
        """The part of the world that has the given coordinates, to run, call and collect on.

            last_stage = world.slice(pp=-1)

        Raises:
            BridgeError: (validation) `invalid_argument`: a coordinate is out of range, or none.
        """
        wanted = {"dp": dp, "pp": pp, "pcp": pcp, "tp": tp}
        ranks = [session.info.rank for session in self.ranks]
        return World(self._link, self.info, sliced(self.info, ranks, wanted))

    async def run(
        self,
        function: Callable[[Session], Awaitable[V]],
        *,
        timeout: timedelta | None = None,
        errors: Errors = "first",
    ) -> list[V]:
        """Run `await function(session)` once per rank, each in its own task; results in rank order.

        Runs of one world take turns, whichever tasks, processes and clients they come from. With a
        `timeout`, which the wait for the turn is part of, no call that `function` makes lasts
        beyond it.

        Raises:
            RankError: the exception of the rank that failed first, at once, which is of its own
                class, too; `rank` says which that was. The tasks of the other ranks are cancelled,
                and later calls of theirs refused (`run_cancelled`). With `errors="all"` as
                `vllm_bridge.client.World.run`.
            BridgeError: (timeout) `run_timeout`: the turn has not come in time, and who has it;
                (pool) `queue_full`: too many runs wait for theirs.
        """
        seconds(timeout)
        check_errors(errors)
        run = runs.begin(timeout)
        async with turns.taken(self._link, self.info, run):
            return await on_all_ranks(self.world_id, self.ranks, function, run, errors)

    async def submit(
        self, function: Callable[[Session], Awaitable[object]], *, timeout: timedelta | None = None
    ) -> WorldFuture:
        """As `run`, but returns at once: the results are collected later.

            future = await world.submit(step)
            async for rank, outcome in future.as_completed():
                print(rank, outcome.value)
            results = await future

        Of several that were submitted it is not said which one has its turn first.
        """
        seconds(timeout)

        async def work(tell: Tell) -> list[object]:
            run = runs.begin(timeout)
            async with turns.taken(self._link, self.info, run):
                return await with_outcomes(self.ranks, function, run, tell)

        return WorldFuture(f"a run of {self.world_id}", work)

    async def call(
        self,
        name: str,
        *args: object,
        dispatch: Dispatch = "all",
        collect: Collect = "list",
        timeout: timedelta | None = None,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Any:
        """Make one call on every rank, sent to all of them before one is awaited.

            answers = await world.call(
                "my_app.model.forward", batch, dispatch=("scatter", 0), collect=("concat", 0)
            )

        Raises:
            BridgeError: of the rank that says most, when one has failed. `details["outcomes"]` has
                what became of each rank's call. (worker) `results_differ`; (validation)
                `invalid_option`, `invalid_argument`, `cannot_collect`.
        """
        return await self._call(name, args, kwargs, dispatch, collect, timeout, timeout_profile)

    async def submit_call(
        self,
        name: str,
        *args: object,
        dispatch: Dispatch = "all",
        collect: Collect = "list",
        timeout: timedelta | None = None,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> WorldFuture:
        """As `call`, but returns at once: see `submit`."""
        calls.check_call(name, timeout, timeout_profile)

        async def work(tell: Tell) -> Any:
            return await self._call(
                name, args, kwargs, dispatch, collect, timeout, timeout_profile, tell
            )

        return WorldFuture(f"the call of {name} on {self.world_id}", work)

    async def put(
        self,
        name: str,
        function: Callable[[Session], Awaitable[RemoteObject]],
        *,
        timeout: timedelta | None = None,
    ) -> None:
        """Keep on every rank, under a name, what `await function(session)` returns.

        `Named(name)`, as an argument of a call, stands for each rank's own object.

        Raises:
            As `run`. BridgeError: (validation) `invalid_argument`: the function returned no object
                of the rank, or the name has not 1 to 200 printable characters.
        """
        text("name", name)

        async def on_rank(session: Session) -> None:
            await calls.keep(session._calls, name, await function(session))

        await self.run(on_rank, timeout=timeout)

    async def named(self, *, timeout: timedelta | None = None) -> list[str]:
        """The names that `put` has given, sorted: those that all ranks have. Raises as `call`."""
        return await calls.named(self._members(), timeout)

    async def delete(self, name: str, *, timeout: timedelta | None = None) -> None:
        """Forget what has a name, on every rank, where anything has. Raises as `call`."""
        await calls.delete(self._members(), name, timeout)

    async def copy(self, kept: Kept, to: int, *, timeout: timedelta | None = None) -> Kept:
        """Copy what one rank keeps to another one, without passing this client.

            there = await world.copy(weights, to=1)

        `kept` is an object of a rank of this world, a tensor or a dict, list or tuple with tensors
        and plain values in it, or a dict of such objects of one rank. Returns the same of rank
        `to`, which keeps it until it is released, or the world ends. It travels through the memory
        that the two ranks share, or over gloo between hosts, in a run of these two ranks, which
        takes the turn of the world. For the rank that has it already it is returned as it is.

        Raises:
            BridgeError: (validation) `invalid_argument`: no such rank, or no object of one rank of
                this world; `wrong_type`: an object that has to stay in its rank; `unknown_ref`.
                As `call`.
        """
        return await passed(self._members(), kept, to, timeout, forget=False)

    async def move(self, kept: Kept, to: int, *, timeout: timedelta | None = None) -> Kept:
        """As `copy`; where it was it is released when it has arrived."""
        return await passed(self._members(), kept, to, timeout, forget=True)

    async def load(
        self,
        module: str,
        *,
        timeout: timedelta | None = None,
        on_progress: OnProgress | None = None,
    ) -> list[str]:
        """Import a module in every rank; returns the names in it that a client may use.

        `on_progress` gets a `Progress` for each rank that has imported it, or failed to.

        Raises:
            BridgeError: (validation) `name_not_allowed`: the server does not allow it (`--allow`).
                What the import raised, and on which `rank`. As `call`.
        """
        return await calls.load(self._members(), module, timeout, on_progress)

    def subscribe(
        self, topic: str | None = None, *, timeout: timedelta | None = None
    ) -> Opening[Subscription]:
        """What code in the ranks emits on a topic from now on (`vllm_bridge.emit`); None: on any.

            async with world.subscribe("tokens") as emissions:
                async for emission in emissions:
                    print(emission.rank, emission.value)

        It ends when it is closed, with an error when the pool is gone, or `timeout` has passed.
        """

        async def ask() -> Subscription:
            made = EmissionCalls(self._link, self.world_id, topic, timeout)
            await made.started()
            return Subscription(made)

        return Opening(ask)

    async def record(
        self,
        *,
        last: int = 0,
        format: RecordFormat = "chrome",
        timeout: timedelta | None = CONTROL_TIMEOUT,
    ) -> Recording:
        """What the ranks have done last, for a tool to show; answers also when all are stuck.

            (await world.record()).save("trace.json")  # for https://ui.perfetto.dev

        It has the last calls, and the last operations of the ranks' groups, user code's included.
        `format` "chrome" is one trace, with a track for each rank and arrows between the members of
        one operation; "torch" is what `python -m torch.distributed.flight_recorder.fr_trace FOLDER`
        reads, which says whom a collective waits for. `last` is how many of each there are for each
        rank at most (0: all that it keeps, 1,000). Ranks that do not answer are in `missing`.

        Raises:
            BridgeError: (validation) `wrong_type`: no possible `last` or `format`.
        """
        return await record(self._link, self.world_id, last, format, timeout)

    def logs(
        self,
        ranks: Collection[int] | None = None,
        *,
        follow: bool = True,
        tail: int | None = None,
        fold: bool = True,
        timeout: timedelta | None = None,
    ) -> Opening[Logs]:
        """Lines that its ranks, and the server about it, write to stdout, stderr and their logs.

            async with world.logs() as lines:
                async for line in lines:
                    print(line.at, line.ranks, line.safe)

        See `vllm_bridge.client.World.logs`.
        """

        async def ask() -> Logs:
            made = LogCalls(
                self._link.channels,
                self.world_id,
                self._only if ranks is None else ranks,
                follow=follow,
                tail=tail,
                fold=fold,
                timeout=timeout,
            )
            await made.started()
            return Logs(made)

        return Opening(ask)

    async def refresh(self, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> pool_pb2.World:
        """How the world is now."""
        self._with(await get_world(self._link, self.world_id, timeout))
        return self.info

    async def restart(self, *, timeout: timedelta | None = None) -> World:
        """Start it again, failed or stopped, as it was asked for, with the next epoch.

        `ranks` are new sessions from then on; the old ones are refused. `timeout` bounds the start,
        beside the limits of the pool. Returns itself.
        """
        self.info = await restart_world(self._link, self.world_id, timeout)
        self.ranks = self._sessions()
        return self

    async def resize(self, data_parallel_size: int, *, timeout: timedelta | None = None) -> World:
        """Give the world another data parallel size, while it lives. Returns itself.

            await world.resize(data_parallel_size=4)

        The ranks that stay keep their processes, sessions and objects; new ones, with the highest
        numbers, start with none, and those that leave are ended. Waits for the run that goes on,
        and runs that come meanwhile wait. `timeout` (default: that of the world's own start) bounds
        the start of the new ranks and the making of the groups. A size that it has already changes
        nothing. Runs of other `World`s of this world are refused from then on (`stale_world`)
        until they `refresh`; `restart` starts as many ranks as it had last.

        Raises:
            BridgeError: (validation) `invalid_argument`, `wrong_type`: no possible size;
                `world_cannot_change`: why its ranks cannot. Why a new rank could not start, or how
                one died, or (timeout) `prepare_timeout`: then the world is as it was. As `run`.
        """
        return self._with(await resize_world(self._link, self.info, data_parallel_size, timeout))

    async def replace_rank(
        self, rank: int | Sequence[int], *, timeout: timedelta | None = None
    ) -> World:
        """Put a new process in the place of a rank, dead (`on_failure="keep"`) or alive. Returns
        itself.

            await world.replace_rank(1)

        What the old one kept is gone: its refs and names are refused. The others keep theirs. Takes
        the world's turn, and a spare rank where there is one. Several ranks are replaced at once,
        which dead ones have to be.

        Raises:
            BridgeError: as `resize`.
        """
        return self._with(await replace_ranks(self._link, self.info, rank, timeout))

    async def stop(self, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> bool:
        """Stop its ranks. False when it had ended before."""
        return await stop_world(self._link, self.world_id, timeout)

    async def __aenter__(self) -> World:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._started:
            await self.stop()

    def _with(self, info: pool_pb2.World) -> World:
        """Take it as it is now; sessions of ranks that are the same stay."""
        before, self.info = self.info, info
        if info.epoch == before.epoch and info.generation != before.generation:
            known = {(each.info.session_id, each.info.pid): each for each in self.ranks}
            self.ranks = [
                known.get((each.info.session_id, each.info.pid), each) for each in self._sessions()
            ]
        return self

    def _sessions(self) -> list[Session]:
        only = self._only
        found = sessions_of(self.info)
        return [Session(self._link, rank) for rank in found if only is None or rank.rank in only]

    def _members(self) -> Members:
        return Members(self._link, self.info, [session._calls for session in self.ranks])

    async def _call(
        self,
        name: str,
        args: tuple[object, ...],
        kwargs: dict[str, object],
        dispatch: Dispatch,
        collect: Collect,
        timeout: timedelta | None,
        timeout_profile: str,
        tell: Tell = quiet,
    ) -> Any:
        return await calls.call(
            self._members(),
            name,
            args,
            kwargs,
            dispatch=dispatch,
            collect=collect,
            timeout=timeout,
            timeout_profile=timeout_profile,
            tell=tell,
        )
