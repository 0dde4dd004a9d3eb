"""The hand-written services of a rank: `Rank` (inspection) and `Objects`."""

from __future__ import annotations

import os
import time
from typing import Any

from google.protobuf.message import Message

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge._generated.control_pb2 import WorldAssignment
from vllm_bridge.codec.dispatch import Dispatch, present
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.gate.rules.collectives import gated_name
from vllm_bridge.rank.handler import RankState
from vllm_bridge.rank.journal import State
from vllm_bridge.rank.observe.recording import recorded
from vllm_bridge.rank.passing import receive, send
from vllm_bridge.rank.reports import call_record, thread_stacks
from vllm_bridge.rank.streams import close, next_items

# For the pool's answer to a call that wants to leave the gate.
_VERDICT_SECONDS = 1.0


class RankService:
    """Inspection, answered beside the executor."""

    def __init__(self, state: RankState, world: WorldAssignment | None) -> None:
        self._state = state
        self._world = world

    def methods(self) -> dict[str, Dispatch]:
        """The service's methods by path."""
        return {
            "/vllm.bridge.v1.Rank/Inspect": _inline(
                "Rank.inspect", rank_pb2.InspectRequest, self._inspect
            ),
            "/vllm.bridge.v1.Rank/Withdraw": _inline(
                "Rank.withdraw", rank_pb2.WithdrawRequest, self._withdraw
            ),
            "/vllm.bridge.v1.Rank/Record": _inline(
                "Rank.record", rank_pb2.RecordRequest, self._record
            ),
        }

    def _inspect(self, request: rank_pb2.InspectRequest, wire: Wire) -> Message:
        world, now = self._world, time.monotonic()
        journal = self._state.journal
        if self._state.gate is not None:
            # The answer must not be older than what the pool's referee knows.
            self._state.gate.report()
        return rank_pb2.InspectResponse(
            pid=os.getpid(),
            rank=world.rank if world else None,
            world_id=world.world_id if world else "",
            epoch=world.epoch if world else 0,
            calls=[call_record(record, now) for record in journal.active()],
            sessions=len(self._state.sessions),
            objects=self._state.sessions.objects(),
            ended=[call_record(record, now) for record in journal.latest()],
            contexts=self._state.sessions.contexts(),
            stacks=thread_stacks() if request.with_stacks else [],
        )

    def _record(self, request: rank_pb2.RecordRequest, wire: Wire) -> Message:
        rank = self._world.rank if self._world else 0
        return rank_pb2.RankRecord(content=recorded(self._state, rank, request))

    def _withdraw(self, request: rank_pb2.WithdrawRequest, wire: Wire) -> Message:
        record = self._state.journal.withdraw(request.session_id, request.call_id)
        if record is None:
            unknown = rank_pb2.CallRecord(
                call_id=request.call_id, session_id=request.session_id, state=rank_pb2.UNKNOWN
            )
            return rank_pb2.WithdrawResponse(call=unknown)
        if record.state is State.RUNNING:
            # The executor notes why it never began.
            self._state.turns.leave(record, _VERDICT_SECONDS)
            if self._state.gate is not None:
                self._state.gate.withdraw(record, _VERDICT_SECONDS)
        return rank_pb2.WithdrawResponse(
            call=call_record(record, time.monotonic()), refusal=record.refusal
        )


def object_methods() -> dict[str, Dispatch]:
    """The methods of `Objects`, by path."""
    return {
        "/vllm.bridge.v1.Objects/Call": _queued("Objects.call", rank_pb2.CallRequest, _call),
        "/vllm.bridge.v1.Objects/GetAttribute": _queued(
            "Objects.get_attribute", rank_pb2.GetAttributeRequest, _get_attribute
        ),
        "/vllm.bridge.v1.Objects/Fetch": _queued("Objects.fetch", rank_pb2.FetchRequest, _fetch),
        "/vllm.bridge.v1.Objects/Release": _queued(
            "Objects.release", rank_pb2.ReleaseRequest, _release
        ),
        "/vllm.bridge.v1.Objects/Enter": _queued("Objects.enter", rank_pb2.EnterRequest, _enter),
        "/vllm.bridge.v1.Objects/Exit": _queued("Objects.exit", rank_pb2.ExitRequest, _exit),
        "/vllm.bridge.v1.Objects/Next": _queued("Objects.next", rank_pb2.NextRequest, next_items),
        "/vllm.bridge.v1.Objects/Name": _queued("Objects.name", rank_pb2.NameRequest, _name),
        "/vllm.bridge.v1.Objects/Send": _queued("Objects.send", rank_pb2.SendRequest, send),
        "/vllm.bridge.v1.Objects/Receive": _queued(
            "Objects.receive", rank_pb2.ReceiveRequest, receive
        ),
        "/vllm.bridge.v1.Objects/Load": _queued("Objects.load", rank_pb2.LoadRequest, _load),
    }


def _inline(name: str, request: type[Message], call: Any) -> Dispatch:
    return Dispatch(name, request, call, inline=True, collective=False)


def _queued(name: str, request: type[Message], call: Any) -> Dispatch:
    return Dispatch(name, request, call, inline=False, collective=False)


def _call(request: rank_pb2.CallRequest, wire: Wire) -> Message:
    args, kwargs = wire.term(request.args), wire.term(request.kwargs)
    if not isinstance(args, list | None):
        raise _wrong("args", "a list", args)
    if not isinstance(kwargs, dict | None) or any(type(key) is not str for key in kwargs or ()):
        raise _wrong("kwargs", "a map with string keys", kwargs)
    if request.WhichOneof("target") == "qualified_name":
        target = wire.allow_list.resolve_callable(request.qualified_name)
    else:
        receiver = wire.objects.get(present(request, "object"))
        target = (
            wire.allow_list.method(receiver, request.method)
            if request.method
            else wire.allow_list.called(receiver)
        )
    given, named = target.arguments(args or (), kwargs or {})
    name = gated_name(target.function)
    if name is None:
        return wire.to_term(target.function(*given, **named))
    return wire.to_term(wire.gated(name, target.function, *given, **named))


def _get_attribute(request: rank_pb2.GetAttributeRequest, wire: Wire) -> Message:
    value = wire.objects.get(present(request, "object"))
    return wire.to_term(wire.allow_list.attribute(value, request.name))


def _fetch(request: rank_pb2.FetchRequest, wire: Wire) -> Message:
    ref = present(request, "object")
    return wire.by_value().to_tensor(wire.tensor(types_pb2.Tensor(ref=ref)))


def _release(request: rank_pb2.ReleaseRequest, wire: Wire) -> Message:
    released = 0
    for ref in request.objects:
        value = wire.objects.peek(ref)
        if wire.objects.release(ref):
            released += 1
            close(value)
    return rank_pb2.ReleaseResponse(released=released)


def _enter(request: rank_pb2.EnterRequest, wire: Wire) -> Message:
    ref = present(request, "context")
    context = wire.objects.get(ref)
    value = wire.objects.contexts.enter(ref, context, wire.allow_list.check_context)
    try:
        return wire.to_term(value)
    except BridgeError as error:
        # Its caller will think that it was not entered.
        wire.objects.contexts.exit(ref, error.message)
        raise


def _exit(request: rank_pb2.ExitRequest, wire: Wire) -> Message:
    ref = present(request, "context")
    wire.objects.get(ref)
    contexts = wire.objects.contexts
    try:
        return rank_pb2.ExitResponse(suppressed=contexts.exit(ref, request.error))
    finally:
        if request.release and ref.id not in contexts:
            wire.objects.release(ref)


def _name(request: rank_pb2.NameRequest, wire: Wire) -> Message:
    if request.HasField("object"):
        wire.objects.name(request.name, wire.objects.get(request.object))
    elif request.forget:
        wire.objects.forget_name(request.name)
    return rank_pb2.NameResponse(names=wire.objects.names())


def _load(request: rank_pb2.LoadRequest, wire: Wire) -> Message:
    return rank_pb2.LoadResponse(names=wire.allow_list.load(request.module))


def _wrong(argument: str, wanted: str, value: object) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "wrong_type",
        f"{argument} must be {wanted}, not a {type(value).__name__}",
        details={"argument": argument},
    )
