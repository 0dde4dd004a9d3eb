"""The pools of a server, by name."""

from __future__ import annotations

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.confinement import OFF, missing
from vllm_bridge.pool.ranks.factory import RankFactory
from vllm_bridge.pool.ranks.standalone import Standalone
from vllm_bridge.pool.settings import DEFAULT_POOL, PoolSettings


class NamedPool:
    """One pool: its settings, its ranks outside worlds, and the maker of its ranks."""

    def __init__(self, name: str, settings: PoolSettings, factory: RankFactory) -> None:
        self.name = name
        self.settings = settings
        self.factory = factory
        mode = settings.policy.mode
        lacks = missing() if mode != OFF else ""
        self._confinement = f"{mode}: {lacks}" if lacks else mode
        self.standalone = Standalone(name, factory, settings)

    @property
    def failure(self) -> str:
        """Why it takes no calls; empty while it does."""
        failure = self.standalone.failure
        return failure.message if failure else ""

    def info(self, sessions: int) -> pool_pb2.PoolInfo:
        """As clients see it, with the number of its sessions."""
        standalone = self.standalone
        return pool_pb2.PoolInfo(
            name=self.name,
            size=self.settings.size,
            ready=len(standalone.ready()),
            idle=len(standalone.idle()),
            queued=standalone.depth,
            max_queue=self.settings.max_queue,
            sessions=sessions,
            restarts=standalone.restarts,
            failure=self.failure,
            confinement=self._confinement,
        )


class Pools:
    """All of them. Which there are is fixed when the server starts."""

    def __init__(self, pools: list[NamedPool]) -> None:
        self._pools = {pool.name: pool for pool in pools}

    def get(self, name: str) -> NamedPool:
        """The pool of that name; the default one for the empty name.

        Raises:
            BridgeError: `pool_not_found`, listing the pools.
        """
        pool = self._pools.get(name or DEFAULT_POOL)
        if pool is None:
            raise BridgeError(
                Category.POOL,
                "pool_not_found",
                f"there is no pool {name!r} here; the pools are: {', '.join(self._pools)}",
                details={"pool_name": name, "pools": list(self._pools)},
            )
        return pool

    def all(self) -> list[NamedPool]:
        """All pools, in the order in which they were configured."""
        return list(self._pools.values())
