"""Calls on the ranks of a world, each in a thread of its own, and how they ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pool_harness import eventually

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client import Session, World
from vllm_bridge.codec.calls import RemoteObject, decode_term, encode_term
from vllm_bridge.codec.errors import BridgeError

Call = Callable[[Session], Any]

LONG = timedelta(seconds=20)


@dataclass
class Outcome:
    """What became of a call."""

    value: Any
    error: BridgeError | None
    seconds: float

    @property
    def reason(self) -> str:
        return "ok" if self.error is None else self.error.reason

    @property
    def message(self) -> str:
        return "" if self.error is None else self.error.message


def attempt(session: Session, call: Call) -> Outcome:
    """Make a call, and say how it ended."""
    begin = time.monotonic()
    try:
        value, error = call(session), None
    except BridgeError as caught:
        value, error = None, caught
    return Outcome(value, error, time.monotonic() - begin)


class Callers:
    """One thread per rank and some more."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(8)

    def begin(self, session: Session, call: Call) -> Future[Outcome]:
        """Make a call in the background."""
        return self._threads.submit(attempt, session, call)

    def together(self, world: World, calls: Sequence[Call | None]) -> list[Outcome | None]:
        """Make one call per rank at once, none where there is none."""
        begun = [
            None if call is None else self.begin(session, call)
            for session, call in zip(world.ranks, calls, strict=True)
        ]
        return [None if one is None else one.result(60) for one in begun]

    def close(self) -> None:
        self._threads.shutdown()


def named(name: str, *args: Any, timeout: timedelta = LONG, **kwargs: Any) -> Call:
    """A call of a function of the module."""
    return lambda session: session.invoke(name, args, kwargs, timeout=timeout)


def on_tp(name: str, *args: Any, timeout: timedelta = LONG, **kwargs: Any) -> Call:
    """A call of a method of the tensor parallel group."""

    def call(session: Session) -> Any:
        group = session.call("get_tp_group")
        return session.invoke(f"GroupCoordinator.{name}", (group, *args), kwargs, timeout=timeout)

    return call


def sleep(seconds: float, timeout: timedelta = LONG) -> Call:
    """A call that keeps the rank's executor busy."""
    return lambda session: session.run("time.sleep", seconds, timeout=timeout)


def method(target: RemoteObject, name: str, *args: Any, timeout: timedelta = LONG) -> Call:
    """A call of any method of an object that stays in its rank."""

    def call(session: Session) -> Any:
        request = rank_pb2.CallRequest(
            object=target.to_ref(), method=name, args=encode_term(list(args))
        )
        body = session.send("/vllm.bridge.v1.Objects/Call", request.SerializeToString(), timeout)
        return decode_term(types_pb2.Term.FromString(body))

    return call


def at_gate(session: Session) -> bool:
    """Whether a call of the rank waits at the gate."""
    return any(call.at_gate_s and not call.gated_s for call in session.inspect().calls)


def wait_until_at_gate(session: Session) -> None:
    """Return when a call of the rank waits at the gate."""
    eventually(lambda: at_gate(session))


def wait_until_running(session: Session) -> None:
    """Return when the rank runs a call."""
    eventually(lambda: any(call.state == rank_pb2.RUNNING for call in session.inspect().calls))
