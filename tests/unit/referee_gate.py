"""A referee with a clock that a test turns by hand, and ranks that speak to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.gate.referee import Decision, Member, Referee

SEND, RECEIVE = control_pb2.SEND, control_pb2.RECEIVE


def in_world(rank: int, world_id: str = "w") -> Member:
    return Member(
        f"{world_id}-{rank}", world_id, 1, rank, f"rank {rank} of {world_id} (pid {rank})"
    )


def standalone(index: int) -> Member:
    return Member(f"rank-{index}", name=f"rank-{index} (pid {index})")


class Gate:
    """Collects the verdicts, by ticket. Every rank's tickets are unique in all of the test."""

    def __init__(self) -> None:
        self.now = 100.0
        self.referee = Referee(lambda: self.now)
        self.verdicts: dict[int, control_pb2.Verdict] = {}
        self._tickets = 0

    def enter(
        self,
        member: Member,
        operation: str,
        group: str = "tp:0",
        members: Sequence[int] = (0, 1),
        *,
        number: int | None = None,
        size: int | None = None,
        to: int | None = None,
        of: int | None = None,
        timeout: float | None = None,
        queued: float = 0.0,
        eager: bool = False,
        sequence: int = 0,
        run: tuple[int, int] = (0, 0),
        **parts: object,
    ) -> int:
        """`to`, `of`: the other side's number in the group, of a send and of a receive; `run`: the
        number of its turn, and which inside."""
        self._tickets += 1
        enter = control_pb2.Enter(
            ticket=self._tickets,
            group=group,
            members=members,
            size=len(members) if size is None else size,
            operation=operation,
            parts=[
                control_pb2.AgreedPart(name=name, value=str(value)) for name, value in parts.items()
            ],
            eager=eager,
            sequence=sequence,
            call_id=f"call-{self._tickets}",
            turn=run[0],
            nested=run[1],
        )
        if number is not None:
            enter.rank_in_group = number
        elif member.rank is not None:
            enter.rank_in_group = members.index(member.rank)
        if to is not None:
            enter.direction, enter.peer = SEND, to
        elif of is not None:
            enter.direction, enter.peer = RECEIVE, of
        enter.age.FromTimedelta(timedelta(seconds=queued))
        if timeout is not None:
            enter.remaining.FromTimedelta(timedelta(seconds=timeout))
        self.take(self.referee.enter(member, enter))
        return self._tickets

    def create(self, member: Member, group: str, number: int, size: int) -> None:
        self.enter(member, "create", group, (), number=number, size=size, eager=True)

    def leave(self, member: Member, ticket: int, why: str = "its caller has gone") -> None:
        self.take(self.referee.leave(member, ticket, why))

    def expire(self, tell: Callable[[Member], str] | None = None) -> None:
        self.take(self.referee.expire(tell))

    def died(self, member: Member, how: str) -> None:
        self.take(self.referee.died(member, how))

    def change(self, *numbers: int, world_id: str = "w") -> None:
        """These ranks are others from now on, or none."""
        self.take(self.referee.change_world(world_id, 1, set(numbers)))

    def forget(self, world_id: str = "w") -> None:
        self.take(self.referee.forget_world(world_id, 1))

    def take(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            verdict = decision.verdict
            assert verdict.ticket == decision.ticket
            assert verdict.ticket not in self.verdicts, "a second verdict"
            assert verdict.go == (not verdict.HasField("refusal"))
            assert decision.waited_s >= 0
            self.verdicts[verdict.ticket] = verdict

    def went(self, *tickets: int) -> bool:
        return all(t in self.verdicts and self.verdicts[t].go for t in tickets)

    def outcome(self, ticket: int) -> str:
        """ "waits", "go", or the reason of the refusal."""
        verdict = self.verdicts.get(ticket)
        if verdict is None:
            return "waits"
        return "go" if verdict.go else verdict.refusal.reason

    def error(self, ticket: int) -> BridgeError:
        assert not self.verdicts[ticket].go
        return BridgeError.from_detail(self.verdicts[ticket].refusal)

    def message(self, ticket: int) -> str:
        return self.error(ticket).message

    def empty(self) -> bool:
        """Whether the referee holds nothing of any rank, world or group."""
        referee = self.referee
        return not (
            referee._callers
            or referee._worlds
            or len(referee._stateless)
            or referee._waiting
            or referee.due() is not None
        )
