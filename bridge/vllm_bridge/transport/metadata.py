"""Metadata keys of calls, and the words for affinities in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category

SESSION_ID = "vllm-session-id"
AFFINITY = "vllm-affinity"
POOL_NAME = "vllm-pool-name"
CALL_ID = "vllm-call-id"
EPOCH = "vllm-epoch"
"""Of the world whose session it is, as the caller knows it: one of an earlier epoch is refused."""
CLIENT_ID = "vllm-client-id"
"""Whose the session is that the call opens by its first use, as in OpenSessionRequest."""
TENSORS = "vllm-tensors"
CONTEXT = "vllm-context"
"""Id of the context that the caller is inside of: the call runs in its rank, also in a session that
has several."""
SHARED_MEMORY = "vllm-shared-memory"
"""`KEY NAME`: the key of the session's shared memory, and a segment that the call may write to."""
TURN = "vllm-turn"
"""The run that the call is part of: `TURN`, or `TURN.NESTED` in a run inside that one."""
METHOD = "vllm-method"
"""Path of the method that a `Chunks.Call` runs."""
PARTS = "vllm-parts"
"""In the initial metadata of the answer to a `Chunks.Call`: the rank takes the call."""
AUTHORIZATION = "authorization"
TRACEPARENT = "traceparent"
"""The span that the call is part of, see https://www.w3.org/TR/trace-context/."""
TRACESTATE = "tracestate"

TENSORS_AS_REFS = "ref"
"""Value of `TENSORS`: result tensors stay in their rank."""

AFFINITIES: Mapping[str, pool_pb2.Affinity] = {
    "hint": pool_pb2.HINT,
    "strict_queue": pool_pb2.STRICT_QUEUE,
    "strict_fail_fast": pool_pb2.STRICT_FAIL_FAST,
}
FAIL_FAST = "strict_fail_fast"
AFFINITY_NAMES = {number: name for name, number in AFFINITIES.items()}


_TURN = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?", re.ASCII)


class RunLabel(NamedTuple):
    """Which run of its world a call is part of. The later of two is the greater."""

    # The number of its turn; 0: it is part of no run.
    turn: int = 0
    # Of the runs inside of that one; 0: the outermost.
    nested: int = 0

    def __str__(self) -> str:
        return f"{self.turn}.{self.nested}" if self.nested else str(self.turn)

    def held_by(self, holder: str) -> str:
        """How people call the run, e.g. "run 7 (process 4711 on host-3)"."""
        return f"run {self} ({holder})" if holder else f"run {self}"


NO_RUN = RunLabel()


def run_named(text: str) -> RunLabel:
    """What a call says in `TURN`.

    Raises:
        BridgeError: category `validation`, for anything else.
    """
    if not text:
        return NO_RUN
    found = _TURN.fullmatch(text)
    if found is None:
        raise BridgeError(
            Category.VALIDATION,
            "malformed_request",
            f"the metadata {TURN} is {text[:60]!r}; it must be the number of a turn, as TakeTurn "
            "gives it, such as 7, or 7.2 for a run inside of that one",
        )
    return RunLabel(int(found[1]), int(found[2] or 0))


def affinity_named(name: str) -> pool_pb2.Affinity:
    """The affinity of that name; unspecified for the empty one.

    Raises:
        BridgeError: category `validation`, for any other name.
    """
    if not name:
        return pool_pb2.AFFINITY_UNSPECIFIED
    try:
        return AFFINITIES[name]
    except KeyError:
        raise BridgeError(
            Category.VALIDATION,
            "invalid_affinity",
            f"affinity {name!r} is not one of {', '.join(AFFINITIES)}",
            details={"affinity": name},
        ) from None


def text(metadata: Iterable[tuple[str, str | bytes]], key: str) -> str:
    """The last value of a textual key, or the empty string."""
    found = ""
    for name, value in metadata:
        if name == key and isinstance(value, str):
            found = value
    return found
