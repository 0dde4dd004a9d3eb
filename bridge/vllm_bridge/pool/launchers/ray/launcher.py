"""The launcher "ray": ranks in the bundles of a placement group.

Ray decides on which nodes they are, and starts an actor for each, which starts the rank: a process
that dials in, as those of other launchers do. What Ray knows of its end is told here.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.joins.joined import JoinedProcess
from vllm_bridge.pool.launchers.joins.joins import Door, Expected, Joins
from vllm_bridge.pool.launchers.protocol import Exit, WorldPlan
from vllm_bridge.pool.launchers.ray.process import RayProcess, check_installed
from vllm_bridge.pool.settings.launch_options import RAY
from vllm_bridge.pool.settings.ray_options import RayOptions
from vllm_bridge.process import background, logs
from vllm_bridge.ray.environment import shared
from vllm_bridge.ray.plan import PlanError, parse_bundle_indices
from vllm_bridge.transport.address import ListenError

_logger = logging.getLogger("vllm_bridge.pool.launchers.ray")

BUNDLE_INDICES = "VLLM_RAY_BUNDLE_INDICES"

# The pool's own address, for ranks, where the operator says so.
_HOST_IP = "VLLM_HOST_IP"

# What Ray says of a world without room is worth more than that time has passed.
_GRACE_SECONDS = 2.0

# For a placement group to be freed.
_FREE_SECONDS = 5.0


class RayLauncher:
    """Implements `Launcher`. One process runs Ray for each cluster."""

    name = RAY

    def __init__(self, joins: Joins) -> None:
        self._joins = joins
        self._running: dict[tuple[str, bool], asyncio.Task[_Connected]] = {}

    def check(self, plan: WorldPlan) -> None:
        """As `Launcher.check`."""
        check_installed()
        options = plan.options.ray
        if options.address.startswith("ray://"):
            raise _invalid(
                f"ray: address is {options.address!r}; it must be that of the cluster itself, e.g. "
                '"10.0.0.1:6379": Ray\'s client cannot place actors by bundle'
            )
        indices = _indices(options)
        if indices is not None and len(indices) != plan.sizes.world_size:
            raise _invalid(
                f"bundle_indices, or {BUNDLE_INDICES}, name {len(indices)} bundles, and "
                f"{plan.world_id} has {plan.sizes.world_size} ranks; name one for each rank"
            )

    async def launch(self, plan: WorldPlan) -> RayLaunch:
        """As `Launcher.launch`."""
        options = plan.options.ray
        timeout_s = plan.start_timeout.total_seconds()
        give_up_at = asyncio.get_running_loop().time() + timeout_s
        ray = await self._connected(options, timeout_s)
        # Of this epoch: the group of the one before may not be freed yet.
        world = f"{plan.world_id} (epoch {plan.epoch})"
        try:
            placed = await ray.process.ask(
                "place",
                world=world,
                ranks=plan.sizes.world_size,
                tensor_parallel_size=plan.sizes.tensor_parallel_size,
                bundle=dict(options.resources),
                strategy=options.placement_strategy,
                selector=dict(options.label_selector),
                placement_group=options.placement_group,
                indices=_indices(options),
                timeout_s=max(give_up_at - asyncio.get_running_loop().time(), 0.0),
            )
            for warning in placed["warnings"]:
                logs.log(_logger, logging.WARNING, f"{world}: {warning}", world_id=plan.world_id)
            door = await self._door(ray.host)
        except BaseException:
            ray.process.tell("free", world=world)
            raise
        return RayLaunch(
            ray.process, world, placed["places"], door, self._joins.expect(plan), give_up_at
        )

    async def close(self) -> None:
        """As `Launcher.close`."""
        running, self._running = self._running, {}
        for connecting in running.values():
            connecting.cancel()
        await asyncio.gather(*(_close(connecting) for connecting in running.values()))

    async def _door(self, host: str) -> Door:
        """Where ranks dial in: at the operator's address for ranks, but with a certificate that
        this server makes and hands to them."""
        if self._joins.public is not None:
            host = self._joins.public.address.host
        try:
            return await self._joins.listen_privately(os.environ.get(_HOST_IP) or host)
        except ListenError as error:
            raise BridgeError(
                Category.VALIDATION,
                "no_join_address",
                f"{error}: ranks on other nodes have to reach this pool. Say where with --join "
                f"HOST:PORT, or set {_HOST_IP} to this host's address",
            ) from None

    async def _connected(self, options: RayOptions, timeout_s: float) -> _Connected:
        """The process that runs Ray for this cluster; a new one where there is none that lives."""
        key = (options.address or os.environ.get("RAY_ADDRESS", ""), options.start)
        connecting = self._running.get(key)
        if connecting is None or _over(connecting):
            work = _connect(*key, timeout_s)
            connecting = background.awaited("connecting to a Ray cluster", work)
            self._running[key] = connecting
        return await asyncio.shield(connecting)


class _Connected:
    def __init__(self, process: RayProcess, host: str) -> None:
        self.process = process
        # The address that the cluster has for this host.
        self.host = host


class RayLaunch:
    """The ranks of one epoch of a world; implements `Launch`."""

    # Rank 0 is asked to listen.
    init_method = ""

    def __init__(
        self,
        process: RayProcess,
        world: str,
        places: list[dict[str, Any]],
        door: Door,
        expected: Expected,
        give_up_at: float,
    ) -> None:
        self._process = process
        self._world = world
        self._places = places
        self._door = door
        self._expected = expected
        self._give_up_at = give_up_at
        self._given = shared(os.environ)
        self._freed = False

    async def start(self, rank: int, rank_id: str) -> JoinedProcess:
        """As `Launch.start`."""
        place = self._places[rank]
        where = f"rank {rank} on node {place['node']}"
        exited = self._process.exit_of(rank_id)
        try:
            joined = await self._joined(rank, rank_id, place, where, exited)
        except BaseException:
            exited.cancel()
            raise
        joined.reported = True
        joined.on_kill(lambda: self._process.tell("kill", rank_id=rank_id), _tail(exited))
        exited.add_done_callback(_report(joined))
        return joined

    async def end(self) -> None:
        """As `Launch.end`."""
        self._expected.close()
        if self._freed or self._process.ended.done():
            return
        self._freed = True
        freeing = background.task(
            "freeing a placement group", self._process.ask("free", world=self._world)
        )
        await asyncio.wait({freeing}, timeout=_FREE_SECONDS)

    async def _joined(
        self,
        rank: int,
        rank_id: str,
        place: dict[str, Any],
        where: str,
        exited: asyncio.Future[tuple[Exit, str]],
    ) -> JoinedProcess:
        plan = self._expected.plan
        command = self._expected.command(
            self._door,
            rank,
            local_rank=place["local_rank"],
            node=place["node"],
            address=place["address"],
        )
        arrival = background.awaited("a rank of Ray's", self._expected.arrival(rank, rank_id))
        launching = background.awaited(
            "starting a rank with Ray",
            self._process.ask(
                "launch",
                world=self._world,
                rank=rank,
                rank_id=rank_id,
                # The interpreter is that of its node.
                arguments=command.argv[1:],
                given=self._given,
                own=command.environment,
                runtime_env=dict(plan.options.ray.runtime_env),
            ),
        )
        try:
            events: set[asyncio.Future[Any]] = {arrival, exited, launching}
            while not arrival.done():
                left = self._give_up_at - asyncio.get_running_loop().time() + _GRACE_SECONDS
                done, _ = await asyncio.wait(
                    events, timeout=max(left, 0.0), return_when=asyncio.FIRST_COMPLETED
                )
                if launching in done:
                    events.discard(launching)
                    launching.result()
                if exited in done and not arrival.done():
                    raise _ended_early(where, *exited.result())
                if not done:
                    raise BridgeError(
                        Category.TIMEOUT,
                        "ranks_missing",
                        f"after {plan.start_timeout.total_seconds():g} s {where} has not joined; "
                        f"{self._expected.missing()}. Look whether that node reaches this pool at "
                        f"{self._door.address}, or raise the pool's start_timeout "
                        "(--start-timeout)",
                        rank=rank,
                    )
            return arrival.result()
        finally:
            arrival.cancel()
            launching.cancel()


def _report(joined: JoinedProcess) -> Callable[[asyncio.Future[tuple[Exit, str]]], None]:
    def report(exited: asyncio.Future[tuple[Exit, str]]) -> None:
        if not exited.cancelled():
            joined.ended(exited.result()[0])

    return report


def _tail(exited: asyncio.Future[tuple[Exit, str]]) -> Callable[[], str]:
    return lambda: exited.result()[1] if exited.done() and not exited.cancelled() else ""


def _ended_early(where: str, how: Exit, stderr: str) -> BridgeError:
    quoted = f"; it wrote:\n{stderr}" if stderr else ""
    return BridgeError(
        Category.WORKER, "launch_failed", f"{where} {how.clause()} before it joined{quoted}"
    )


async def _connect(address: str, start: bool, timeout_s: float) -> _Connected:
    process = await RayProcess.start()
    try:
        answer = await asyncio.wait_for(
            process.ask("connect", address=address, start=start), timeout_s
        )
    except (asyncio.TimeoutError, TimeoutError):
        await process.close()
        raise BridgeError(
            Category.POOL,
            "ray_unreachable",
            f"the Ray cluster at {address or 'this host'} did not answer within {timeout_s:g} s",
            details={"address": address},
        ) from None
    except BaseException:
        await asyncio.shield(process.close())
        raise
    _logger.info("Ray %s at %s, in process %s", answer["version"], answer["address"], process.pid)
    return _Connected(process, answer["host"])


async def _close(connecting: asyncio.Task[_Connected]) -> None:
    await asyncio.wait({connecting})
    if not connecting.cancelled() and connecting.exception() is None:
        await connecting.result().process.close()


def _over(connecting: asyncio.Task[_Connected]) -> bool:
    if not connecting.done():
        return False
    if connecting.cancelled() or connecting.exception() is not None:
        return True
    return connecting.result().process.ended.done()


def _indices(options: RayOptions) -> list[int] | None:
    if options.bundle_indices:
        return list(options.bundle_indices)
    named = os.environ.get(BUNDLE_INDICES, "")
    try:
        return parse_bundle_indices(named) if named else None
    except PlanError as error:
        raise _invalid(str(error)) from None


def _invalid(message: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, "invalid_argument", message)
