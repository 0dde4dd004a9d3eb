"""Where recent calls of `hint` sessions went, so that one can be withdrawn or asked about."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from vllm_bridge._generated import rank_pb2
from vllm_bridge.pool.ranks.rank import Rank

MAX_CALLS = 10_000


@dataclass(eq=False)
class PlacedCall:
    """A call that came through the pool."""

    session_id: str
    call_id: str
    method: str
    # None while it is queued in the pool.
    rank: Rank | None = None
    queued_at: float = field(default_factory=time.monotonic)
    # It left the pool's queue without running: withdrawn, cancelled, past its deadline.
    withdrawn: bool = False

    def to_message(self) -> rank_pb2.CallRecord:
        """As `Rank.Withdraw` answers, for a call that never left the pool."""
        return rank_pb2.CallRecord(
            call_id=self.call_id,
            session_id=self.session_id,
            method=self.method,
            state=rank_pb2.WITHDRAWN if self.withdrawn else rank_pb2.QUEUED,
            queued_s=time.monotonic() - self.queued_at,
        )


class PlacedCalls:
    """The most recent calls that carried a call id."""

    def __init__(self) -> None:
        self._calls: OrderedDict[tuple[str, str], PlacedCall] = OrderedDict()

    def add(self, session_id: str, call_id: str, method: str) -> PlacedCall:
        """Note a call that has just arrived."""
        call = PlacedCall(session_id, call_id, method)
        if call_id:
            self._calls[session_id, call_id] = call
            if len(self._calls) > MAX_CALLS:
                self._calls.popitem(last=False)
        return call

    def find(self, session_id: str, call_id: str) -> PlacedCall | None:
        """The call, if it was recent."""
        return self._calls.get((session_id, call_id))
