"""Stopping the health service at the very moment at which something has changed."""

from __future__ import annotations

import asyncio

from vllm_bridge.pool.server.health import Health


def test_stop_ends_when_a_change_comes_with_it() -> None:
    async def run() -> None:
        for turns in range(8):
            health = Health(list)
            health.start()
            for _ in range(turns):
                await asyncio.sleep(0)
            health.changed()
            stop = asyncio.ensure_future(health.stop())
            done, _ = await asyncio.wait({stop}, timeout=5)
            assert done, f"still stopping, {turns} turns after it started"

    asyncio.run(run())
