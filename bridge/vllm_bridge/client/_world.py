"""A world of a client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._blocking import blocking, now
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
from vllm_bridge.client._ranks import on_all_ranks, with_outcomes
from vllm_bridge.client._recording import RecordFormat, Recording, record
from vllm_bridge.client._session import Session
from vllm_bridge.client._streams import Logs, Subscription
from vllm_bridge.client._world_future import WorldFuture
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

    As a context manager, what `start_world` and `restart_world` return stops it at the end of the
    block. What `Client.world` and `slice` return leaves it to whoever started it.
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
            halves = world.slice(tp=0, dp=range(0, 2))

        The axes are those of data, pipeline, prefill context and tensor parallelism. A coordinate
        is an int, where -1 is the last one of the axis, or a range. Functions get the sessions of
        these ranks, whose `info.rank` is that of the whole world. While a slice runs it has the
        turn of the whole world, and what stops, restarts or describes it does so with its world.

        Raises:
            BridgeError: (validation) `invalid_argument`: a coordinate is out of range, or none.
        """
        wanted = {"dp": dp, "pp": pp, "pcp": pcp, "tp": tp}
        ranks = [session.info.rank for session in self.ranks]
        return World(self._link, self.info, sliced(self.info, ranks, wanted))

    def run(
        self,
        function: Callable[[Session], V],
        *,
        timeout: timedelta | None = None,
        errors: Errors = "first",
    ) -> list[V]:
        """Run `function(session)` once per rank, each in its own thread; results in rank order.

        Runs of one world take turns, whichever threads, processes and clients they come from, in
        the order in which they came; one inside of another, in the thread of its function, is part
        of that one's turn. A call that is part of another run, or of none, never meets those of
        this one (`run_overlap`). `start_world(concurrent=True)` makes worlds without turns.

        With a `timeout`, which the wait for the turn is part of, no call that `function` makes
        lasts beyond it, whatever timeout of its own it has.

        Raises:
            RankError: the exception of the rank that failed first, at once, which is of its own
                class, too; `rank` says which that was. The calls of the other ranks are given up,
                and later ones of theirs refused (`run_cancelled`). With `errors="all"`: an
                `ExceptionGroup` of those of all ranks that fail within a tenth of a second; on
                Python 3.10 the first one, with notes that name the others.
            BridgeError: (timeout) `run_timeout`: the turn has not come in time, and who has it;
                (pool) `queue_full`: too many runs wait for theirs.
        """
        seconds(timeout)
        check_errors(errors)
        run = runs.begin(timeout)
        with blocking(turns.taken(self._link, self.info, run)):
            return on_all_ranks(self.world_id, self.ranks, function, run, errors)

    def submit(
        self, function: Callable[[Session], object], *, timeout: timedelta | None = None
    ) -> WorldFuture:
        """As `run`, but without waiting for the results: they are collected later.

            future = world.submit(step)
            for rank, outcome in future.as_completed():
                print(rank, outcome.value)
            results = future.result()

        Of several that were submitted it is not said which one has its turn first.
        """
        seconds(timeout)

        def work(tell: Tell) -> list[object]:
            run = runs.begin(timeout)
            with blocking(turns.taken(self._link, self.info, run)):
                return with_outcomes(self.ranks, function, run, tell)

        return WorldFuture(f"a run of {self.world_id}", work)

    def call(
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

            sums = world.call("tensor_model_parallel_all_reduce", torch.ones(2))
            answers = world.call(
                "my_app.model.forward", batch, dispatch=("scatter", 0), collect=("concat", 0)
            )

        `name` is that of a function of `vllm_distributed`, or the qualified name of anything that
        the ranks allow, which has a dot.

        `dispatch`, which positional arguments the ranks get: "all", the same; ("scatter", dim),
        each data parallel replica its part, of tensors along that dimension, of lists in parts of
        one length, of anything else all of it; ("per_rank", function), what `function(rank)`
        returns, a list. Keyword arguments go to all ranks as they are.

        `collect`, what is made of the results: "list", in rank order; "first", that of the first
        rank; "same", the one that all have; "one_per_replica", those of the first tensor parallel
        rank of each replica's last stage, where the output of a model is; ("concat", dim), these
        joined.

        A call is a run: it takes its turn on the world, or is part of the run that it is made in.
        `timeout` covers the wait for the turn, too. A function that has an argument of one of these
        names takes it by position.

        Raises:
            BridgeError: of the rank that says most, when one has failed; the calls of the others
                are given up then. `details["outcomes"]` has what became of each rank's call: "ok",
                "error", "not_reached" (it never ran), or "cancelled" because another one had
                failed; `details["errors"]`, the messages. (worker) `results_differ`: of "same";
                (validation) `invalid_option`: no such dispatch or collect; `invalid_argument`: the
                arguments cannot be cut; `cannot_collect`: the results cannot be joined. As `run`.
        """
        return self._call(name, args, kwargs, dispatch, collect, timeout, timeout_profile)

    def submit_call(
        self,
        name: str,
        *args: object,
        dispatch: Dispatch = "all",
        collect: Collect = "list",
        timeout: timedelta | None = None,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> WorldFuture:
        """As `call`, but without waiting for the result: see `submit`."""
        calls.check_call(name, timeout, timeout_profile)

        def work(tell: Tell) -> Any:
            return self._call(name, args, kwargs, dispatch, collect, timeout, timeout_profile, tell)

        return WorldFuture(f"the call of {name} on {self.world_id}", work)

    def put(
        self,
        name: str,
        function: Callable[[Session], RemoteObject],
        *,
        timeout: timedelta | None = None,
    ) -> None:
        """Keep on every rank, under a name, the object that `function(session)` returns.

            world.put("weights", lambda session: session.run("my_app.model.load", "weights.pt"))
            world.call("my_app.model.forward", Named("weights"), batch)

        `Named(name)`, as an argument of a call, stands for each rank's own object. It is kept until
        `delete`, or the end of the world, also when the process that made it has ended. A name that
        is used again has the later object.

        Raises:
            As `run`. BridgeError: (validation) `invalid_argument`: the function returned no object
                of the rank, or the name has not 1 to 200 printable characters.
        """
        text("name", name)

        def on_rank(session: Session) -> None:
            now(calls.keep(session._calls, name, function(session)))

        self.run(on_rank, timeout=timeout)

    def named(self, *, timeout: timedelta | None = None) -> list[str]:
        """The names that `put` has given, sorted: those that all ranks have. Raises as `call`."""
        return now(calls.named(self._members(), timeout))

    def delete(self, name: str, *, timeout: timedelta | None = None) -> None:
        """Forget what has a name, on every rank, where anything has. Raises as `call`."""
        now(calls.delete(self._members(), name, timeout))

    def copy(self, kept: Kept, to: int, *, timeout: timedelta | None = None) -> Kept:
        """Copy what one rank keeps to another one, without passing this client.

            there = world.copy(weights, to=1)

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
        return now(passed(self._members(), kept, to, timeout, forget=False))

    def move(self, kept: Kept, to: int, *, timeout: timedelta | None = None) -> Kept:
        """As `copy`; where it was it is released when it has arrived."""
        return now(passed(self._members(), kept, to, timeout, forget=True))

    def load(
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
        return now(calls.load(self._members(), module, timeout, on_progress))

    def subscribe(
        self, topic: str | None = None, *, timeout: timedelta | None = None
    ) -> Subscription:
        """What code in the ranks emits on a topic from now on (`vllm_bridge.emit`); None: on any.

            with world.subscribe("tokens") as emissions:
                for emission in emissions:
                    print(emission.rank, emission.value)

        The emissions of one rank come in their order. A reader that is over a thousand behind
        misses the oldest: `emission.dropped` says how many. It goes on when the world is restarted,
        and ends when it is closed, with an error when the pool is gone, or `timeout` has passed.
        """
        made = EmissionCalls(self._link, self.world_id, topic, timeout)
        now(made.started())
        return Subscription(made)

    def record(
        self,
        *,
        last: int = 0,
        format: RecordFormat = "chrome",
        timeout: timedelta | None = CONTROL_TIMEOUT,
    ) -> Recording:
        """What the ranks have done last, for a tool to show; answers also when all are stuck.

            world.record().save("trace.json")  # for https://ui.perfetto.dev

        It has the last calls, and the last operations of the ranks' groups, user code's included.
        `format` "chrome" is one trace, with a track for each rank and arrows between the members of
        one operation; "torch" is what `python -m torch.distributed.flight_recorder.fr_trace FOLDER`
        reads, which says whom a collective waits for. `last` is how many of each there are for each
        rank at most (0: all that it keeps, 1,000). Ranks that do not answer are in `missing`.

        Raises:
            BridgeError: (validation) `wrong_type`: no possible `last` or `format`.
        """
        return now(record(self._link, self.world_id, last, format, timeout))

    def logs(
        self,
        ranks: Collection[int] | None = None,
        *,
        follow: bool = True,
        tail: int | None = None,
        fold: bool = True,
        timeout: timedelta | None = None,
    ) -> Logs:
        """Lines that its ranks, and the server about it, write to stdout, stderr and their logs.

            with world.logs() as lines:
                for line in lines:
                    print(line.at, line.ranks, line.safe)

        First those that are kept, the last 64 KiB of each rank, of dead ones too; `tail` is the
        most of them. Then, with `follow`, those from now on, until it is closed. `ranks`: only
        theirs; of a slice those of its ranks. With `fold` equal lines that several ranks write
        within a second come once, a tenth of a second late, with all of them in `ranks`. A reader
        that is over ten thousand lines behind misses the oldest: `line.dropped` says how many.

        Raises:
            BridgeError: (pool) `world_not_found`; `too_many_watchers`; (timeout) `timeout` has
                passed; (worker) the pool is gone.
        """
        made = LogCalls(
            self._link.channels,
            self.world_id,
            self._only if ranks is None else ranks,
            follow=follow,
            tail=tail,
            fold=fold,
            timeout=timeout,
        )
        now(made.started())
        return Logs(made)

    def refresh(self, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> pool_pb2.World:
        """How the world is now."""
        self._with(now(get_world(self._link, self.world_id, timeout)))
        return self.info

    def restart(self, *, timeout: timedelta | None = None) -> World:
        """Start it again, failed or stopped, as it was asked for, with the next epoch.

        `ranks` are new sessions from then on; the old ones are refused. `timeout` bounds the start,
        beside the limits of the pool. Returns itself.
        """
        self.info = now(restart_world(self._link, self.world_id, timeout))
        self.ranks = self._sessions()
        return self

    def resize(self, data_parallel_size: int, *, timeout: timedelta | None = None) -> World:
        """Give the world another data parallel size, while it lives. Returns itself.

            world.resize(data_parallel_size=4)

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
        return self._with(now(resize_world(self._link, self.info, data_parallel_size, timeout)))

    def replace_rank(self, rank: int | Sequence[int], *, timeout: timedelta | None = None) -> World:
        """Put a new process in the place of a rank, dead (`on_failure="keep"`) or alive. Returns
        itself.

            world.replace_rank(1)

        What the old one kept is gone: its refs and names are refused. The others keep theirs. Takes
        the world's turn, and a spare rank where there is one. Several ranks are replaced at once,
        which dead ones have to be.

        Raises:
            BridgeError: as `resize`.
        """
        return self._with(now(replace_ranks(self._link, self.info, rank, timeout)))

    def stop(self, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> bool:
        """Stop its ranks. False when it had ended before."""
        return now(stop_world(self._link, self.world_id, timeout))

    def __enter__(self) -> World:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._started:
            self.stop()

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

    def _call(
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
        return now(
            calls.call(
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
        )
