"""The pool's gate when the referee itself fails."""

from __future__ import annotations

import asyncio
from typing import Any

from vllm_bridge._generated import control_pb2
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.ranks.rank import RankPosition
from vllm_bridge.pool.worlds.gate import Gate


class _Rank:
    rank_id = "rank-0"
    name = "rank 0 of w (pid 1)"
    position = RankPosition(0, "w", 1)

    def __init__(self) -> None:
        self.verdicts: list[control_pb2.Verdict] = []

    def send_verdict(self, verdict: control_pb2.Verdict) -> None:
        self.verdicts.append(verdict)


class _Broken:
    def enter(self, member: object, enter: object) -> list[Any]:
        raise KeyError("tp:0")


def test_a_defect_of_the_referee_is_an_answer_and_not_a_hang() -> None:
    async def enter() -> list[control_pb2.Verdict]:
        gate: Any = Gate(Observer())
        gate._referee = _Broken()
        rank = _Rank()
        gate.enter(rank, control_pb2.Enter(ticket=7, group="tp:0", operation="barrier"))
        return rank.verdicts

    (verdict,) = asyncio.run(enter())
    assert (verdict.ticket, verdict.go, verdict.refusal.reason) == (7, False, "gate_failed")
    assert "barrier on tp:0" in verdict.refusal.message
