"""The gate of all worlds: what ranks say about calls goes to the referee, and verdicts come back.

Everything happens in turns of the event loop, so a call is let through or refused, never both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from vllm_bridge._generated import control_pb2, rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.referee import Decision, Holder, Member, Referee, Waiting, nobody
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.rank_info import INSPECT_SECONDS, inspect
from vllm_bridge.process import background

_logger = logging.getLogger("vllm_bridge.pool.worlds.gate")

Seen = Callable[[str, int, int], object]
"""Of a world's id, its epoch, and the number of a turn."""

# Of an operation that only makes a stateless group known.
_CREATE = "create"

# Ranks are asked this long before a call has to be refused, so that the refusal says what those
# that did not arrive are doing at that moment and not at their last heartbeat.
_ASK_AHEAD_S = 0.03


# After a failure to refuse calls that are late.
_PAUSE_S = 1.0


class Gate:
    """Stands between the ranks of worlds and the referee; implements `ranks.rank.CallGate`."""

    def __init__(self, observer: Observer, holder: Holder = nobody, seen: Seen = nobody) -> None:
        """`holder`: who has, or had, the turn of that number on that epoch of a world; `seen`: its
        holder may have to be named."""
        self._loop = asyncio.get_running_loop()
        self._seen = seen
        self._referee = Referee(self._loop.time, holder)
        self._metrics, self._refusals = observer.metrics, observer.refusals
        # The ranks of live worlds.
        self._ranks: dict[str, Rank] = {}
        self._positions: dict[tuple[str, int, int], Rank] = {}
        self._members: dict[str, Member] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None
        self._asking: asyncio.Task[None] | None = None
        # What a rank said it is doing, and when, in the loop's time.
        self._said: dict[str, tuple[float, str]] = {}

    def admit(self, rank: Rank) -> None:
        """Take in a rank of a new world."""
        position = rank.position
        rank.gate = self
        self._ranks[rank.rank_id] = rank
        self._positions[position.world_id, position.epoch, position.index] = rank
        rank.on_death(lambda how: self._died(rank, how))

    def change_world(
        self, world_id: str, epoch: int, gone: Sequence[Rank], new: Sequence[Rank]
    ) -> None:
        """A world goes on with other ranks; the new ones have the numbers of those that are gone,
        or numbers that are new."""
        for rank in gone:
            rank.gate = None
            self._positions.pop((world_id, epoch, rank.position.index), None)
            self._ranks.pop(rank.rank_id, None)
            self._said.pop(rank.rank_id, None)
        numbers = {rank.position.index for rank in (*gone, *new)}
        self._deliver(self._referee.change_world(world_id, epoch, numbers))
        for rank in gone:
            self._members.pop(rank.rank_id, None)
        for rank in new:
            self.admit(rank)

    def forget_world(self, world_id: str, epoch: int) -> None:
        """A world is over."""
        for key in [key for key in self._positions if key[:2] == (world_id, epoch)]:
            rank = self._positions.pop(key)
            self._ranks.pop(rank.rank_id, None)
            self._said.pop(rank.rank_id, None)
        self._deliver(self._referee.forget_world(world_id, epoch))
        for rank_id, member in list(self._members.items()):
            if (member.world_id, member.epoch) == (world_id, epoch):
                del self._members[rank_id]

    def waiting(self, world_id: str, epoch: int) -> list[Waiting]:
        """The calls of a world that stand at the gate, longest first."""
        waiting: list[Waiting] = self._referee.waiting(world_id, epoch)
        return waiting

    def enter(self, rank: Rank, message: control_pb2.Enter) -> None:
        """As `CallGate.enter`."""
        try:
            decisions = self._referee.enter(self._member(rank), message)
        except Exception as error:
            # A defect of the referee must not leave the rank waiting, or end it.
            _logger.exception("the referee failed on %s of %s", message.operation, rank.name)
            rank.send_verdict(_failed(message, error))
            return
        self._deliver(decisions)
        if message.turn:
            self._seen(rank.position.world_id, rank.position.epoch, message.turn)
        if message.operation == _CREATE and not message.members and not message.eager:
            rank.send_verdict(control_pb2.Verdict(ticket=message.ticket, go=True))

    def leave(self, rank: Rank, message: control_pb2.Leave) -> None:
        """As `CallGate.leave`."""
        self._deliver(self._referee.leave(self._member(rank), message.ticket, message.why))

    def done(self, rank: Rank, message: control_pb2.Done) -> None:
        """As `CallGate.done`."""
        age = message.age
        ago_s = age.seconds + age.nanos / 1e9
        if message.operation:
            self._referee.passed(self._member(rank), message, ago_s)
        else:
            self._referee.done(self._member(rank), message.ticket, message.ok, ago_s)

    def waiting_of(self, rank: Rank) -> Waiting | None:
        """As `CallGate.waiting_of`."""
        return self._referee.waiting_of(rank.rank_id)

    def _died(self, rank: Rank, how: str) -> None:
        position = rank.position
        current = self._positions.get((position.world_id, position.epoch, position.index))
        if current is not None and current is not rank:
            # It had left its world before, and another one has its number.
            return
        self._deliver(self._referee.died(self._member(rank), how))
        # Also of a world that was forgotten before.
        self._members.pop(rank.rank_id, None)

    def _member(self, rank: Rank) -> Member:
        member = self._members.get(rank.rank_id)
        if member is None:
            position = rank.position
            member = Member(
                rank.rank_id, position.world_id, position.epoch, position.index, rank.name
            )
            self._members[rank.rank_id] = member
        return member

    def _deliver(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            rank = self._ranks.get(decision.member.rank_id)
            if rank is not None:
                rank.send_verdict(decision.verdict)
        for decision in decisions:
            self._metrics.gate_wait(decision.waited_s, decision.outcome)
        self._refusals.add(decisions)
        self._arm()

    def _arm(self) -> None:
        """See that the first deadline is met. A timer that comes too early is left to come: most
        calls are let through long before, and each would cancel one and set another."""
        due = self._referee.due()
        if due is None or (self._armed_for is not None and self._armed_for <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = due
        now = self._loop.time()
        if now < due - _ASK_AHEAD_S:
            self._timer = self._loop.call_at(due - _ASK_AHEAD_S, self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        due = self._referee.due()
        if due is None or due > self._loop.time() + 2 * _ASK_AHEAD_S:
            self._timer, self._armed_for = None, None
            self._arm()
            return
        self._armed_for = due
        self._timer = self._loop.call_at(due, self._expire)
        if self._asking is None or self._asking.done():
            self._asking = background.task("asking ranks what they do", self._ask_ranks())

    async def _ask_ranks(self) -> None:
        waiting = self._referee.waiting()
        busy = {waiting.member.rank_id for waiting in waiting}
        worlds = {(waiting.member.world_id, waiting.member.epoch) for waiting in waiting}
        ranks = [
            rank
            for (world_id, epoch, _), rank in self._positions.items()
            if (world_id, epoch) in worlds and rank.rank_id not in busy and rank.ready
        ]
        await asyncio.gather(*(self._ask_rank(rank) for rank in ranks))

    async def _ask_rank(self, rank: Rank) -> None:
        answer = await inspect(rank, timeout_s=INSPECT_SECONDS)
        if answer is not None and rank.rank_id in self._ranks:
            self._said[rank.rank_id] = (self._loop.time(), _doing(answer))

    def _expire(self) -> None:
        self._timer, self._armed_for = None, None
        with background.step("refusing calls that are late", self._try_again):
            self._deliver(self._referee.expire(self._tell))

    def _try_again(self, _: BaseException) -> None:
        # Not at once: what has failed would fail again, and again.
        self._armed_for = self._loop.time()
        self._timer = self._loop.call_later(_PAUSE_S, self._expire)

    def _tell(self, member: Member) -> str:
        """What an absent member is running; empty when it is idle, or nobody knows."""
        rank = self._ranks.get(member.rank_id)
        if rank is None and member.rank is not None:
            rank = self._positions.get((member.world_id, member.epoch, member.rank))
        if rank is None:
            return ""
        when, doing = self._said.get(rank.rank_id, (0.0, ""))
        heard = self._loop.time() - rank.heartbeat_age() if rank.heartbeat else 0.0
        return doing if when > heard else rank.doing()


def _failed(message: control_pb2.Enter, error: Exception) -> control_pb2.Verdict:
    refusal = BridgeError(
        Category.GRPC_ERROR,
        "gate_failed",
        f"{message.operation} on {message.group} was not let through: the gate failed on it "
        f"({type(error).__name__}: {error}). It never ran; this is a defect of the server, whose "
        "log has the traceback",
        details={"group": message.group, "operation": message.operation, "ran": False},
    )
    return control_pb2.Verdict(ticket=message.ticket, refusal=refusal.to_detail())


def _doing(answer: rank_pb2.InspectResponse) -> str:
    for call in answer.calls:
        if call.state == rank_pb2.RUNNING:
            service, _, method = call.method.rpartition("/")
            return f"running {service.rpartition('.')[2]}.{method} for {call.running_s:.1f} s"
    return ""
