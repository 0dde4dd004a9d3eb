"""What one member has of a group that spans hosts, and the two ways its operations go.

What is small goes in two steps inside a host with one message between them: all members bring what
they have, the first one joins it and sends it with what the host called to the first members of the
other hosts, and hands out what all of that makes. What is large is agreed on in the same way, with
nothing in it, and then moved: through shared memory inside, over gloo between.

So all members of all hosts compare their calls before anything is written: where one called
something else every rank gets a `CollectiveMismatchError`, and the group is usable. Any other
failure ends the group: the first member of the host says why, in a store and in its line, and
leaves the other hosts' first members, who pass it on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from time import monotonic

import torch

from vllm_distributed import entry
from vllm_distributed.errors import (
    CollectiveError,
    CollectiveMismatchError,
    CollectiveTimeoutError,
)
from vllm_distributed.store.peers import named
from vllm_distributed.transports.base import Transport
from vllm_distributed.transports.hierarchy.between import (
    MISMATCH,
    NO_ROOM,
    SMALL_BYTES,
    Between,
    Moving,
    Reports,
    Word,
    blamed,
    pieces,
)
from vllm_distributed.transports.hierarchy.hosts import Hosts
from vllm_distributed.transports.shm.collectives import SharedMemoryTransport
from vllm_distributed.transports.shm.group import SharedMemory
from vllm_distributed.transports.shm.layout import ANSWER, BLAME, LINE, SIGN
from vllm_distributed.transports.shm.signature import BARRIER, describe, fit, no_run, of_run
from vllm_distributed.wire.message_steps import Stamp, no_stamp, runs

__all__ = ["Hierarchy"]

_LATE = 1 << 32  # beside how many ranks follow
_AN_UNKNOWN_CALL = 31
# The first member of a host waits for the others' as long as an operation may take, and then finds
# out why they do not come. The members that wait for it hear that.
_GRACE = timedelta(seconds=2)

Inside = Callable[[Sequence[torch.Tensor]], torch.Tensor | None]
"""Makes, of what the members of a host bring, what the host has to say."""

Join = Callable[[Sequence[torch.Tensor]], torch.Tensor | None]
"""Makes, of the bytes that each host has to say, what all members are to have."""


class Hierarchy:
    """`shared` is what the members of this host share, None for one alone; `between` is for the
    first of them. `timeout` returns that of an operation. `flat` carries tensors over gloo between
    all members: those for which a host has no room."""

    def __init__(
        self,
        name: str,
        ranks: Sequence[int],
        hosts: Hosts,
        shared: SharedMemory | None,
        between: Between | None,
        reports: Reports,
        timeout: Callable[[str], timedelta],
        flat: Transport,
        near: Transport,
    ) -> None:
        self.name, self.ranks, self.hosts = name, list(ranks), hosts
        self.shared, self.between, self.flat = shared, between, flat
        self.inside = None if shared is None else SharedMemoryTransport(shared, near)
        """What carries tensors between the members of this host, by their numbers there."""
        self._reports, self._timeout = reports, timeout
        self._owner = os.getpid()
        self._grace = timedelta(0)
        self._is_lost = False
        self._run: Callable[[], int] = no_run
        self._stamp: Callable[[], Stamp] = no_stamp
        if shared is not None:
            shared.steps.timeout = lambda operation: timeout(operation) + self._grace

    def stamped(self, stamp: Callable[[], Stamp], run: Callable[[], int]) -> None:
        """Set what says when a message is sent, and to which run of its world a call belongs."""
        self._stamp, self._run = stamp, run
        if self.shared is not None:
            self.shared.stamped(stamp, run)

    def barrier(self) -> None:
        """Return when every member has called this."""
        self.check()
        entry.about_to_send()
        self.small(BARRIER, None, None, _nothing, _nothing, None)

    def broadcast(self, buffer: torch.Tensor, src: int, number: int) -> None:
        """Replace the elements of a contiguous tensor, of which there are some, by those of
        `src`."""
        hosts = self.hosts
        home, is_source = hosts.host_of(src), hosts.me == src
        first = hosts.members[home].index(src)
        if buffer.nbytes <= SMALL_BYTES:
            here = hosts.here == home
            self.small(
                number,
                buffer,
                buffer if is_source else None,
                # Alone, a member brings no more than its own.
                lambda slots: slots[first if len(slots) > 1 else 0] if here else None,
                lambda said: said[home],
                buffer,
                wants=not is_source,
            )
        elif self.agree(number, buffer.nbytes):
            with self.moving(number):
                self._broadcast_pieces(pieces(buffer), home, first)
        else:
            self.flat.broadcast(buffer, src)

    def _broadcast_pieces(self, buffers: Sequence[torch.Tensor], home: int, first: int) -> None:
        """Hand them out from member `first` of the host `home`."""
        inside, between = self.inside, self.between
        is_here = self.hosts.here == home
        moving: list[Moving] = []
        if between is not None and not is_here:
            moving = [between.start_broadcast(buffer, home) for buffer in buffers]
        for at, buffer in enumerate(buffers):
            if moving and not is_here:
                moving[at].wait()
            if inside is not None:
                inside.broadcast(buffer, first if is_here else 0)
            if between is not None and is_here:
                moving.append(between.start_broadcast(buffer, home))
        if is_here:
            for each in moving:
                each.wait()

    def check(self) -> None:
        """Raise `CollectiveError` if the group cannot be used any more."""
        if self.shared is not None:
            self.shared.steps.check()
        if self._is_lost:
            raise CollectiveError(
                f"an earlier operation on {self.name} failed, and its members are out of step: "
                f"destroy the group and initialise it again on every rank",
                group=self.name,
            )

    # The two ways

    def small(
        self,
        number: int,
        like: torch.Tensor | None,
        source: torch.Tensor | None,
        inside: Inside,
        join: Join,
        target: torch.Tensor | None,
        *,
        wants: bool = True,
    ) -> None:
        """Join what the members bring, in one message between hosts.

        `source` is contiguous and as `like`, on those who bring something; `target`, contiguous, of
        the result's shape and dtype on all, is written where it is wanted.
        """
        self.check()
        with self._failing(number):
            until = self._until(number)
            brought = self._bring(number, like, source, until)
            result: torch.Tensor | None = None
            if self.between is not None:
                payload = inside(brought)
                said = self._exchange(number, 0, payload, until)
                result = join([word.payload for word in said])
            self._hand_out(number, result, target, wants=wants)

    def agree(self, number: int, length: int) -> bool:
        """Return whether every host has room for a tensor of this length, when all have called
        `number`; the same on all members."""
        self.check()
        with self._failing(number):
            until, shared = self._until(number), self.shared
            room = True
            if shared is not None:
                with self._comparing(number, until):
                    room = shared.room_for(length, number)
                    shared.steps.meet_alone(number)
            if self.between is not None:
                said = self._exchange(number, 0 if room else NO_ROOM, None, until)
                room = not any(word.state & NO_ROOM for word in said)
            if shared is None:
                return room
            if self.between is not None:
                shared.steps.say(ANSWER, room)
            self._meet_again(number)
            return bool(shared.steps.said(0, ANSWER))

    @contextlib.contextmanager
    def moving(self, number: int) -> Iterator[None]:
        """Move in this block what all members agreed on: whatever fails, the group is lost."""
        with self._failing(number), self._patient():
            try:
                yield
            except CollectiveMismatchError as error:  # all had called the same
                raise CollectiveError(str(error), group=self.name) from error

    def suspend(self) -> None:
        """Give memory back that can be had again."""
        if self.shared is not None:
            self.shared.suspend()

    def resume(self) -> None:
        """Have the memory again that `suspend` gave back."""
        if self.shared is not None:
            self.shared.resume()

    def close(self) -> None:
        """Leave the others, and give the memory back. Idempotent; nothing in a forked child."""
        if os.getpid() != self._owner:
            return
        if self.shared is not None:
            self.shared.close()
        if self.between is not None:
            self.between.close()

    # Steps

    def _bring(
        self, number: int, like: torch.Tensor | None, source: torch.Tensor | None, until: float
    ) -> Sequence[torch.Tensor]:
        """Return what the members of this host brought, until the next step but one."""
        shared = self.shared
        if shared is None:
            return () if source is None else (source,)
        steps = shared.steps
        with self._comparing(number, until):
            steps.settle(number)
            slots: Sequence[torch.Tensor] = ()
            if like is not None and like.numel():
                parity = (steps.step + 1) & 1
                slots = shared.slots.views(like.dtype, tuple(like.shape), parity).each
                if source is not None:
                    slots[shared.me].copy_(source)
            steps.meet(number)
        return slots

    def _hand_out(
        self, number: int, result: torch.Tensor | None, target: torch.Tensor | None, *, wants: bool
    ) -> None:
        """Write what the first member has into every member's target."""
        shared = self.shared
        has = target is not None and target.numel() > 0
        if result is not None and target is not None and has:
            result = result.reshape(-1).view(torch.uint8)[: target.nbytes].view(target.dtype)
            result = result.view(target.shape)
            if wants:
                target.copy_(result)
        if shared is None:
            return
        if target is None or not has:
            self._meet_again(number)
            return
        parity = (shared.steps.step + 1) & 1
        slot = shared.slots.views(target.dtype, tuple(target.shape), parity).each[0]
        if result is not None:
            slot.copy_(result)
        self._meet_again(number)
        if result is None and wants:
            target.copy_(slot)

    def _meet_again(self, number: int) -> None:
        """Meet the members of this host, when the first one has heard from the other hosts."""
        shared = self.shared
        if shared is None:
            return
        steps = shared.steps
        try:
            with self._patient():
                steps.meet(number)
        except CollectiveMismatchError as error:
            theirs = steps.said(0, SIGN + (steps.step & 1))
            raise self._differs(number, steps.said(0, ANSWER), theirs) from error

    def _exchange(
        self, number: int, state: int, payload: torch.Tensor | None, until: float
    ) -> list[Word]:
        """Say what this host called to the others, and return what they did.

        Raises `CollectiveMismatchError` if a host called something else, on all of its members.
        """
        if self.between is None:
            return []
        called, operation = self._called(number), describe(number)[0]
        flat = None if payload is None else payload.reshape(-1).view(torch.uint8)
        said = self.between.meet(operation, called, state, flat, until)
        for at, word in enumerate(said):
            if word.state & MISMATCH or not fit(word.number, called):
                theirs = _AN_UNKNOWN_CALL if fit(word.number, called) else word.number
                if self.shared is not None:
                    steps = self.shared.steps
                    steps.say(ANSWER, at)
                    with contextlib.suppress(CollectiveMismatchError):
                        steps.meet(self._called(theirs))  # they see what was called there
                raise self._differs(number, at, theirs)
        return said

    @contextlib.contextmanager
    def _comparing(self, number: int, until: float) -> Iterator[None]:
        """Have the other hosts know where members of this one differ in what they called."""
        try:
            yield
        except CollectiveMismatchError as error:
            if self.between is not None:
                operation = describe(number)[0]
                try:
                    self.between.meet(operation, self._called(number), MISMATCH, None, until)
                except CollectiveError as lost:
                    self._end(operation, lost)
            raise error

    def _called(self, number: int) -> int:
        """Return the number of a call of this run; of that, the number of the call."""
        return of_run(number, self._run()) if runs.are_counted else number

    def _differs(self, number: int, host: int, theirs: int) -> CollectiveMismatchError:
        operation, mine = describe(number)
        others = describe(theirs)[1]
        if theirs == _AN_UNKNOWN_CALL:
            others = "not all the same"
        elif others == mine:
            others += ", of other sizes or dims, or in another run"
        there = [self.ranks[member] for member in self.hosts.members[host]]
        return CollectiveMismatchError(
            f"{operation} on {self.name}: this rank called {mine}, but on the host of "
            f"{named(there)} was called {others}. Nothing was moved, and the group is usable: make "
            f"the same call, with the same dtype and size, on every rank",
            group=self.name,
            operation=operation,
            calls={str(rank): others for rank in there},
        )

    def _until(self, number: int) -> float:
        return monotonic() + self._timeout(describe(number)[0]).total_seconds()

    # Failures

    @contextlib.contextmanager
    def _patient(self) -> Iterator[None]:
        before, self._grace = self._grace, _GRACE
        try:
            yield
        finally:
            self._grace = before

    @contextlib.contextmanager
    def _failing(self, number: int) -> Iterator[None]:
        """Whatever but a mismatch ends this block ends the group, on all hosts."""
        try:
            yield
        except CollectiveMismatchError:
            raise
        except BaseException as error:
            found = self._end(describe(number)[0], error)
            if found is error:
                raise
            raise found from error

    def _end(self, operation: str, error: BaseException) -> BaseException:
        """Give the group up; return the error that says best why."""
        if self._is_lost:
            return error
        self._is_lost = True
        if self.between is not None:
            error = self._explained(operation, error)
            self._blame(error)
        else:
            error = self._first_members(operation, error)
        if self.shared is not None:
            self.shared.steps.break_off(operation)
        if self.between is not None:
            self.between.close()
        return error

    def _explained(self, operation: str, error: BaseException) -> BaseException:
        """Return the error for what the first member of another host says, if one does; else say
        to them what happened here."""
        if not isinstance(error, CollectiveError):
            return error
        ranks = blamed(error)
        is_here = bool(ranks) and set(ranks) <= {self.ranks[each] for each in self.hosts.mine}
        if not ranks:  # gloo between the hosts does not know who
            ranks = [
                self.ranks[member]
                for at, members in enumerate(self.hosts.members)
                if at != self.hosts.here
                for member in members
            ]
            error = type(error)(
                f"{error}. It waited for the hosts of {named(ranks)}",
                **{**error.details, "missing": ranks},
            )
        report = None if is_here else self._reports.read()
        if report is None or not report["ranks"] or report["ranks"] == ranks:
            self._reports.say(error)
            return error
        kind = CollectiveTimeoutError if report["late"] else CollectiveError
        found = [int(rank) for rank in report["ranks"]]
        return kind(
            f"{operation} on {self.name} failed on the host of {named(found)}: {report['why']}",
            group=self.name,
            operation=operation,
            rank=found[0],
            missing=found,
        )

    def _blame(self, error: BaseException) -> None:
        """Write down for the members of this host whose fault it was."""
        ranks = blamed(error)[: LINE - BLAME - 1]
        if self.shared is None or not ranks:
            return
        late = _LATE if isinstance(error, CollectiveTimeoutError) else 0
        for at, rank in enumerate(ranks):
            self.shared.steps.say(BLAME + 1 + at, rank)
        self.shared.steps.say(BLAME, late | len(ranks))

    def _first_members(self, operation: str, error: BaseException) -> BaseException:
        """Return the error for what the first member of this host wrote down, if it did."""
        if self.shared is None or not isinstance(error, CollectiveError):
            return error
        first = self.ranks[self.hosts.mine[0]]
        word = self.shared.steps.said(0, BLAME)
        if blamed(error) != [first] or not word:
            return error
        count = word & (_LATE - 1)
        found = [self.shared.steps.said(0, BLAME + 1 + at) for at in range(count)]
        if found == [first]:
            return error
        is_late = bool(word & _LATE)
        what = "did not come to it" if is_late else "gone, or an operation failed there"
        kind = CollectiveTimeoutError if is_late else CollectiveError
        return kind(
            f"{operation} on {self.name} {'timed out' if is_late else 'failed'}: {named(found)} "
            f"{what}. The group cannot be used any more: destroy it and initialise it again on "
            f"every rank",
            group=self.name,
            operation=operation,
            rank=found[0],
            missing=found,
        )


def _nothing(_: Sequence[torch.Tensor]) -> torch.Tensor | None:
    return None
