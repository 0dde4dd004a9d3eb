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
from vllm_bridge.rank.handler import RankState
from vllm_bridge.rank.journal import Record, State

_STATES = {
    State.QUEUED: rank_pb2.QUEUED,
    State.RUNNING: rank_pb2.RUNNING,
    State.FINISHED: rank_pb2.FINISHED,
    State.WITHDRAWN: rank_pb2.WITHDRAWN,
}


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
        }

    def _inspect(self, request: rank_pb2.InspectRequest, wire: Wire) -> Message:
        world = self._world
        return rank_pb2.InspectResponse(
            pid=os.getpid(),
            rank=world.rank if world else None,
            world_id=world.world_id if world else "",
            epoch=world.epoch if world else 0,
            calls=[_record(record) for record in self._state.journal.active()],
            sessions=len(self._state.sessions),
            objects=self._state.sessions.objects(),
        )

    def _withdraw(self, request: rank_pb2.WithdrawRequest, wire: Wire) -> Message:
        record = self._state.journal.withdraw(request.session_id, request.call_id)
        if record is not None:
            return rank_pb2.WithdrawResponse(call=_record(record))
        unknown = rank_pb2.CallRecord(
            call_id=request.call_id, session_id=request.session_id, state=rank_pb2.UNKNOWN
        )
        return rank_pb2.WithdrawResponse(call=unknown)


def _record(record: Record) -> rank_pb2.CallRecord:
    now = time.monotonic()
    return rank_pb2.CallRecord(
        call_id=record.call_id,
        session_id=record.session_id,
        method=record.method,
        state=_STATES[record.state],
        queued_s=now - record.queued_at,
        running_s=now - record.started_at if record.started_at else 0.0,
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
    function: Any
    if request.WhichOneof("target") == "qualified_name":
        function = wire.allow_list.resolve_callable(request.qualified_name)
    else:
        function = wire.objects.get(present(request, "object"))
        if request.method:
            function = _public_attribute(function, request.method)
        if not callable(function):
            raise _wrong("object", "something to call", function)
    return wire.to_term(function(*(args or ()), **(kwargs or {})))


def _get_attribute(request: rank_pb2.GetAttributeRequest, wire: Wire) -> Message:
    value = wire.objects.get(present(request, "object"))
    return wire.to_term(_public_attribute(value, request.name))


def _fetch(request: rank_pb2.FetchRequest, wire: Wire) -> Message:
    ref = present(request, "object")
    return wire.by_value().to_tensor(wire.tensor(types_pb2.Tensor(ref=ref)))


def _release(request: rank_pb2.ReleaseRequest, wire: Wire) -> Message:
    return rank_pb2.ReleaseResponse(
        released=sum(wire.objects.release(ref) for ref in request.objects)
    )


def _public_attribute(value: object, name: str) -> Any:
    if name.startswith("_") or not name.isidentifier():
        raise BridgeError(
            Category.VALIDATION,
            "name_not_allowed",
            f"{name!r} may not be used from outside: only public names are",
            details={"name": name},
        )
    return getattr(value, name)


def _wrong(argument: str, wanted: str, value: object) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "wrong_type",
        f"{argument} must be {wanted}, not a {type(value).__name__}",
        details={"argument": argument},
    )
