"""The launcher "external_launcher": somebody else starts the ranks, and they dial in.

torchrun, srun, Kubernetes, ssh: whatever runs `vllm-bridge join`.
"""

from __future__ import annotations

import asyncio

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.joins.joined import JoinedProcess
from vllm_bridge.pool.launchers.joins.joins import Door, Expected, Joins
from vllm_bridge.pool.launchers.protocol import WorldPlan
from vllm_bridge.pool.settings.launch_options import EXTERNAL


class ExternalLauncher:
    """Waits for ranks that join; implements `Launcher`."""

    name = EXTERNAL

    def __init__(self, joins: Joins) -> None:
        self._joins = joins

    def check(self, plan: WorldPlan) -> None:
        """As `Launcher.check`."""
        self._door(plan)

    def _door(self, plan: WorldPlan) -> Door:
        if self._joins.public is not None:
            return self._joins.public
        raise BridgeError(
            Category.VALIDATION,
            "no_join_address",
            f"the ranks of {plan.world_id} are to join, and this server listens for none: "
            'start it with --join HOST:PORT (in Elixir: `{Vllm.Bridge, args: ["--join", '
            '"HOST:PORT"]}`)',
        )

    async def launch(self, plan: WorldPlan) -> ExternalLaunch:
        """As `Launcher.launch`."""
        door = self._door(plan)
        return ExternalLaunch(self._joins.expect(plan), str(door.address))

    async def close(self) -> None:
        """As `Launcher.close`: the listener is the server's."""


class ExternalLaunch:
    """The ranks of one epoch; implements `Launch`."""

    # Rank 0 is asked to listen.
    init_method = ""

    def __init__(self, expected: Expected, address: str) -> None:
        self._expected = expected
        self._address = address
        timeout = expected.plan.start_timeout
        self._give_up_at = asyncio.get_running_loop().time() + timeout.total_seconds()

    async def start(self, rank: int, rank_id: str) -> JoinedProcess:
        """As `Launch.start`."""
        left = self._give_up_at - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(self._expected.arrival(rank, rank_id), max(left, 0))
        except (asyncio.TimeoutError, TimeoutError):
            plan = self._expected.plan
            raise BridgeError(
                Category.TIMEOUT,
                "ranks_missing",
                f"after {plan.start_timeout.total_seconds():g} s {self._expected.missing()}. Start "
                f"each of them with `vllm-bridge join --pool {self._address} --world "
                f"{plan.world_id}`, or raise the pool's start_timeout (--start-timeout)",
                details={"world_id": plan.world_id},
            ) from None

    async def end(self) -> None:
        """As `Launch.end`."""
        self._expected.close()
