"""The rank's side of the gate: a call that other ranks take part in asks before it sends anything.

The gate is armed for the call that the executor runs, with the rule for what must be equal on all
members. When the call is about to send (`vllm_distributed.entry`) the rank tells the pool, and the
executor waits until the pool says go or no. A call that fails its own checks, or sends nothing,
never comes that far.

Where the ranks of a world share a host, the members of a group first look whether all of them have
arrived (`vllm_bridge.gate.shared_gate`). After `PATIENCE_S` there, a member asks the pool.

The verdict is read by the thread that reads the control connection. It wakes the executor with a
bare lock: that costs less than an event or a condition.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import torch.distributed as dist

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import LONGEST_S
from vllm_bridge.gate.caller import Caller
from vllm_bridge.gate.counts import Counts
from vllm_bridge.gate.facts import CREATE, Facts, remember
from vllm_bridge.gate.pending import PendingCall, Record, refusal_of
from vllm_bridge.gate.rules.collectives import RULES, Rule
from vllm_bridge.gate.shared_gate import NO_DEADLINE, Answer, Seat, SharedGate
from vllm_bridge.transport.metadata import RunLabel
from vllm_distributed import entry
from vllm_distributed.forks import leave_to_parent

# A call is answered this much before its deadline, or this share of the time left, whichever is
# less: so that the reason arrives before the caller gives up by itself.
_AHEAD_S = 0.05
_AHEAD_SHARE = 0.1

PATIENCE_S = 0.02
"""How long a call waits for the other members before it asks the pool."""

HURRY_SECONDS = 0.05
"""How long a report waits until a call at the shared gate has told the pool."""

CALLER_GONE = "its caller has gone"
WITHDRAWN = "it was withdrawn"

# All of them at once.
Send = Callable[[Sequence[control_pb2.RankToPool]], None]


class RankGate:
    """The gate of one rank's calls. One for the process."""

    def __init__(
        self, world: control_pb2.WorldAssignment, send: Send, shared_gate: int | None = None
    ) -> None:
        """`shared_gate`: the descriptor of the memory that the ranks of the world share."""
        self._rank = world.rank
        self._world_size = world.world_size
        self._send = send
        self._tickets = itertools.count(1)
        self._waiting: dict[int, PendingCall] = {}
        # For threads other than the executor that wait for a verdict.
        self._settled = threading.Condition()
        # Calls that have ended, and when, of which the pool has not been told.
        self._ended: deque[tuple[control_pb2.Done, float]] = deque()
        # The last call that ended without the pool knowing of it.
        self._passed: tuple[PendingCall, bool, float] | None = None
        self._at_shared: PendingCall | None = None
        self._shared = (
            None if shared_gate is None else SharedGate(shared_gate, world.rank, world.world_size)
        )
        self.counts = Counts()
        """Calls that were let through without the pool."""
        self._closed = False
        self._armed: GatedCall | None = None
        leave_to_parent(self, "the gate of the world", "_shared", "_send")

    @property
    def shared_gate(self) -> SharedGate | None:
        """The shared gate, where calls start without the pool."""
        return self._shared

    def renew(self, world_size: int, shared_gate: int | None) -> None:
        """The world has other ranks, and this one keeps its number. In the executor's thread, which
        runs no call; takes over the descriptor."""
        self._world_size = world_size
        before, self._shared = (
            self._shared,
            None if shared_gate is None else SharedGate(shared_gate, self._rank, world_size),
        )
        if before is not None:
            before.forget_seats()

    def install(self) -> None:
        """Have the package ask here before it sends."""
        entry.set_hook(self._about_to_send)

    def verdict(self, verdict: control_pb2.Verdict) -> None:
        """The pool has decided. Called by the thread that reads the control connection."""
        pending = self._waiting.pop(verdict.ticket, None)
        if pending is not None:
            pending.settle(verdict)
            with self._settled:
                self._settled.notify_all()

    def peer_died(self, rank: int) -> None:
        """Another rank of the world is dead: calls of its groups go to the pool, which refuses
        them. Called by the thread that reads the control connection."""
        if self._shared is None:
            return
        self._shared.lose(rank)
        pending = self._at_shared
        if pending is not None and rank in pending.facts.group.members:
            self._hurry(pending)

    def wait_for_verdict(self, pending: PendingCall, timeout_s: float) -> None:
        """Return when the pool has decided; for any thread but the executor."""
        with self._settled:
            self._settled.wait_for(lambda: not pending.waiting, timeout_s)

    def withdraw(self, record: Record, timeout_s: float) -> None:
        """Let a running call go that has not passed, whether it waits here or is on its way; return
        when it has gone, or has begun. For any thread but the executor."""
        record.leaving = WITHDRAWN
        with self._settled:
            self._settled.wait_for(lambda: not record.nears_gate, timeout_s)
        pending = record.pending
        if pending is not None and pending.waiting:
            self.leave(pending, WITHDRAWN)
            # The executor notes what the gate said; the pool decides in one place, at once.
            self.wait_for_verdict(pending, timeout_s)

    def decided(self, record: Record) -> None:
        """The call stands at the gate, or does not come to it."""
        record.nears_gate = False
        if record.leaving:
            with self._settled:
                self._settled.notify_all()

    def leave(self, pending: PendingCall, why: str) -> None:
        """Ask the pool to let a call go without its answer; it may have decided already."""
        pending.leaving = why
        if not pending.waiting:
            return
        if pending.at_pool:
            self._send_leave(pending, why)
        else:
            self._hurry(pending)

    def close(self) -> bool:
        """The pool has gone: nobody will answer. True when a call was waiting."""
        self._closed = True
        waiting, self._waiting = self._waiting, {}
        for pending in waiting.values():
            pending.settle(None)
        if self._shared is not None:
            self._shared.nudge()
        return bool(waiting) or self._at_shared is not None

    def arm(self, call: GatedCall) -> None:
        """The next message of the package in this thread is the first of this call."""
        self._armed = call

    def disarm(self) -> None:
        """The call is over, or has passed."""
        self._armed = None

    def pass_through(self, facts: Facts, record: Record, caller: Caller) -> PendingCall:
        """Return when all members have come and ask for the same, as they or the pool find.

        Raises:
            BridgeError: the pool has refused the call.
        """
        pending = PendingCall(next(self._tickets), facts, record, self._rank)
        record.pending = pending
        # A caller that leaves from now on withdraws the call; one that has left starts none.
        if why := CALLER_GONE if record.gone_at else record.leaving:
            pending.waiting = False
            record.refusal = refusal_of(_never_began(facts, why).to_detail(), self._rank, record)
            raise BridgeError.from_detail(record.refusal)
        self.decided(record)
        turn, shared_gate = record.run.turn, self._shared
        if turn and shared_gate is not None:
            shared_gate.end()
        seat = self._seat(facts)
        if seat is None or not self._meet(seat, pending, record, caller):
            self._ask_pool(seat, pending, record, caller)
        if turn and shared_gate is not None:
            shared_gate.resume(turn)
        return pending

    def _seat(self, facts: Facts) -> Seat | None:
        """This rank's seat at the shared gate; None for calls that only the referee decides."""
        group = facts.group
        if self._shared is None or facts.eager or facts.direction != control_pb2.COLLECTIVE:
            return None
        return self._shared.seat(group.key, group.members, group.rank) if group.members else None

    def _meet(self, seat: Seat, pending: PendingCall, record: Record, caller: Caller) -> bool:
        """Whether the members have let the call through by themselves."""
        left_s, deadline_ns = _remaining_s(caller, pending.facts), NO_DEADLINE
        if left_s is not None:
            deadline_ns = time.monotonic_ns() + int(left_s * 1e9)
        answer = seat.arrive(_digest(pending.facts, record.run), deadline_ns)
        if answer is Answer.WAIT:
            self._at_shared = pending
            patience_s = PATIENCE_S if left_s is None else min(left_s, PATIENCE_S)
            answer = seat.wait(
                patience_s, lambda: bool(self._closed or pending.hurried or record.gone_at)
            )
            self._at_shared = None
        if answer is not Answer.GO:
            return False
        pending.go()
        self._tell_hurried(pending)
        self.counts.add("", "go", pending.gated_at - pending.at_gate, 0, 0)
        return True

    def _ask_pool(
        self, seat: Seat | None, pending: PendingCall, record: Record, caller: Caller
    ) -> None:
        facts = pending.facts
        messages = self._take_ended()
        for key in (*facts.also, facts.group.key):
            last = key == facts.group.key
            ticket = pending.ticket if last else next(self._tickets)
            message = self._enter(ticket, key, facts, record, caller)
            if last and not facts.eager:
                self._waiting[ticket] = pending
            if seat is not None:
                message.sequence = seat.sequence
            messages.append(control_pb2.RankToPool(enter=message))
        self._send(messages)
        pending.at_pool = True
        self._tell_hurried(pending)
        if facts.eager:
            pending.gated_at = pending.at_gate
            return
        if self._closed:
            # It may have arrived after the others were refused.
            self._waiting.pop(pending.ticket, None)
            raise _pool_gone(facts)
        if pending.leaving or record.gone_at:
            self._send_leave(pending, pending.leaving or CALLER_GONE)
        verdict = pending.wait()
        if verdict is None:
            raise _pool_gone(facts)
        if seat is not None:
            seat.back_from_pool(go=verdict.go)
        if record.refusal is not None:
            raise BridgeError.from_detail(record.refusal)

    def _hurry(self, pending: PendingCall) -> None:
        pending.hurried = True
        if self._shared is not None:
            self._shared.nudge()

    def _tell_hurried(self, pending: PendingCall) -> None:
        if pending.hurried:
            with self._settled:
                self._settled.notify_all()

    def _send_leave(self, pending: PendingCall, why: str) -> None:
        leave = control_pb2.Leave(ticket=pending.ticket, why=why)
        self._send([control_pb2.RankToPool(leave=leave)])

    def done(self, pending: PendingCall, *, ok: bool) -> None:
        """A call that was let through has ended. The pool is told with the next message: one of its
        own would cost as much as an Enter."""
        now = time.monotonic()
        if pending.at_pool:
            self._ended.append((control_pb2.Done(ticket=pending.ticket, ok=ok), now))
        else:
            self._passed = (pending, ok, now)

    def report(self) -> None:
        """Tell the pool of calls that have ended, and of the one that waits at the shared gate."""
        self.flush()
        pending = self._at_shared
        if pending is not None:
            self._hurry(pending)
            with self._settled:
                self._settled.wait_for(
                    lambda: pending.at_pool or not pending.waiting, HURRY_SECONDS
                )

    def flush(self) -> None:
        """Tell the pool of the calls that have ended."""
        if self._ended or self._passed:
            self._send(self._take_ended())

    def applies(self, facts: Facts) -> bool:
        """Whether the group's ranks are those of the pool's world, not of one user code made."""
        if not facts.group.members:
            return facts.group.size > 1
        return (
            dist.is_initialized()
            and dist.get_world_size() == self._world_size
            and dist.get_rank() == self._rank
        )

    def _take_ended(self) -> list[control_pb2.RankToPool]:
        messages = []
        with suppress(IndexError):  # another thread may be taking them too
            while True:
                done, when = self._ended.popleft()
                _set(done.age, time.monotonic() - when)
                messages.append(control_pb2.RankToPool(done=done))
        passed, self._passed = self._passed, None
        if passed is not None:
            pending, ok, when = passed
            done = control_pb2.Done(
                ticket=pending.ticket,
                ok=ok,
                group=pending.facts.group.key,
                operation=pending.facts.operation,
            )
            _set(done.age, time.monotonic() - when)
            messages.append(control_pb2.RankToPool(done=done))
        return messages

    def _about_to_send(self) -> None:
        call = self._armed
        if call is not None and call.thread == threading.get_ident():
            self._armed = None
            call.about_to_send()

    def _enter(
        self, ticket: int, key: str, facts: Facts, record: Record, caller: Caller
    ) -> control_pb2.Enter:
        group = facts.group
        message = control_pb2.Enter(
            ticket=ticket,
            group=key,
            members=group.members,
            rank_in_group=group.rank,
            size=group.size,
            operation=facts.operation,
            parts=[control_pb2.AgreedPart(name=name, value=value) for name, value in facts.told],
            direction=facts.direction,
            peer=facts.peer,
            # Nothing waits for the first of two creations: the answer to the second covers it.
            eager=facts.eager or key != group.key,
            session_id=record.session_id,
            call_id=record.call_id,
            turn=record.run.turn,
            nested=record.run.nested,
        )
        _set(message.age, time.monotonic() - record.queued_at)
        remaining = _remaining_s(caller, facts)
        if remaining is not None:
            _set(message.remaining, remaining)
        return message


class GatedCall:
    """The pass of one call; implements `codec.wire.GatePass`."""

    def __init__(self, gate: RankGate, record: Record, caller: Caller) -> None:
        self._gate = gate
        self._record = record
        self._caller = caller
        self._ask: Callable[[], Facts | None] = _nothing
        self._pending: PendingCall | None = None
        self.thread = threading.get_ident()

    def __call__(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Run the function, gated where there is a rule for it."""
        rule = RULES.get(name)
        if rule is None:
            self._gate.decided(self._record)
            return function(*args, **kwargs)
        self._ask = lambda: _facts_of(rule, function, args, kwargs)
        self._gate.arm(self)
        ok = False
        try:
            result = function(*args, **kwargs)
            ok = True
        finally:
            self._gate.disarm()
            if self._pending is not None:
                # After its answer was sent: nobody waits for this.
                self._record.ending = functools.partial(self._gate.done, self._pending, ok=ok)
        if self._pending is not None and self._pending.facts.operation == CREATE:
            remember(result, self._pending.facts)
        return result

    def about_to_send(self) -> None:
        """Wait at the gate; raises what the pool says instead of go."""
        facts = self._ask()
        if facts is not None and self._gate.applies(facts):
            self._pending = self._gate.pass_through(facts, self._record, self._caller)
        else:
            self._gate.decided(self._record)


def _facts_of(
    rule: Rule, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Facts | None:
    receiver = getattr(function, "__self__", None)
    return rule(*args, **kwargs) if receiver is None else rule(receiver, *args, **kwargs)


def _digest(facts: Facts, run: RunLabel) -> bytes:
    """Stands for what all members must agree on, the run that they are part of included."""
    text = "\0".join(
        (facts.operation, str(run), *(f"{name}\1{value}" for name, value in facts.parts))
    )
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _nothing() -> None:
    return None


def _remaining_s(caller: Caller, facts: Facts) -> float | None:
    limits = []
    left = caller.time_remaining()
    # gRPC says that a call without a deadline has longer left.
    if left is not None and left < LONGEST_S:
        limits.append(left - min(_AHEAD_S, _AHEAD_SHARE * left))
    if facts.limit_s is not None:
        limits.append(facts.limit_s)
    return max(min(limits), 0.0) if limits else None


def _set(duration: Any, seconds: float) -> None:
    duration.seconds = int(seconds)
    duration.nanos = int((seconds - int(seconds)) * 1e9)


def _never_began(facts: Facts, why: str) -> BridgeError:
    return BridgeError(
        Category.POOL,
        "withdrawn",
        f"{facts.operation} on {facts.group.key} never began: {why}",
        details={"group": facts.group.key, "operation": facts.operation, "ran": False},
    )


def _pool_gone(facts: Facts) -> BridgeError:
    return BridgeError(
        Category.WORKER,
        "pool_gone",
        f"{facts.operation} on {facts.group.key} never began: the pool, which lets the ranks of a "
        "world begin together, is gone, and this rank ends with it. Start a pool and a new world",
        details={"group": facts.group.key, "operation": facts.operation, "ran": False},
    )
