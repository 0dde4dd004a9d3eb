"""What the gate has refused lately, for people who look a moment later."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from vllm_bridge._generated import pool_pb2
from vllm_bridge.gate.referee import Decision
from vllm_bridge.pool.observe.model.activity import wall

MAX_REFUSALS = 50

KEEP_SECONDS = 300.0


class Refusals:
    """The latest refusals of a server's gate. Used in its event loop alone."""

    def __init__(self) -> None:
        # With when they were made, of `time.monotonic`.
        self._latest: deque[tuple[float, pool_pb2.Refusal]] = deque(maxlen=MAX_REFUSALS)

    def add(self, decisions: Sequence[Decision]) -> None:
        """Keep those of these decisions that refuse, one for each world and reason. They were made
        together: of a deadlock they are in the order of its cycle."""
        found: dict[tuple[str, int, str], pool_pb2.Refusal] = {}
        for decision in decisions:
            if decision.verdict.go:
                continue
            member, detail = decision.member, decision.verdict.refusal
            key = (member.world_id, member.epoch, detail.reason)
            refusal = found.get(key)
            if refusal is None:
                refusal = found[key] = pool_pb2.Refusal(
                    world_id=member.world_id,
                    epoch=member.epoch,
                    reason=detail.reason,
                    message=detail.message,
                )
                refusal.at.FromNanoseconds(int(wall() * 1e9))
                self._latest.append((time.monotonic(), refusal))
            if member.rank is not None:
                refusal.ranks.append(member.rank)

    def latest(self) -> list[pool_pb2.Refusal]:
        """Of the last `KEEP_SECONDS`, oldest first."""
        since = time.monotonic() - KEEP_SECONDS
        return [refusal for at, refusal in self._latest if at > since]
