"""A Ray cluster, as far as ranks need it: placement groups, and an actor for each rank."""

from __future__ import annotations

import inspect
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, GetTimeoutError, RayActorError
from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from vllm_bridge.process import background
from vllm_bridge.ray.actor import RankActor
from vllm_bridge.ray.messages import Message
from vllm_bridge.ray.plan import Node, Place, PlanError, fits, plan, spanning_groups
from vllm_bridge.ray.shortage import NodeResources, missing

# A wait for a placement group looks this often whether it is still wanted.
LOOK_SECONDS = 0.5

# For an actor to end its rank when asked to; then Ray ends the actor, and the rank with it.
KILL_SECONDS = 1.0

# An actor that cannot be reached may be alive: it is asked again, until Ray says that it is dead.
ASK_AGAIN_SECONDS = 0.2

# The start, the wait, and a kill beside it.
_ACTOR_THREADS = 3

# What an id looks like, beside which a group may have a name.
_ID_DIGITS = 36


class ClusterError(Exception):
    """What the pool is told instead of an answer."""

    def __init__(self, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.reason = reason
        self.details = details

    def as_message(self) -> Message:
        """As JSON knows it."""
        return {"reason": self.reason, "message": str(self), "details": self.details}


@dataclass
class _World:
    group: PlacementGroup | None = None
    # Whether it is ours to remove.
    made: bool = False
    bundle: Mapping[str, float] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    freed: bool = False


@dataclass
class _Rank:
    rank_id: str
    world_id: str
    place: Place
    actor: Any
    ended: bool = False


class Cluster:
    """The one that this process is connected to."""

    def __init__(self, tell: Callable[[Message], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._worlds: dict[str, _World] = {}
        self._ranks: dict[str, _Rank] = {}
        self._actor: Any = None
        # What has happened, for a thread of our own: Ray's, which calls back, must not call Ray.
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        background.thread("what Ray says", self._handle_news).start()

    def connect(self, answer: Callable[[Any], None], address: str, start: bool) -> None:
        """Connect to the cluster at an address, or to the one that runs on this host."""
        if not ray.is_initialized():
            logging.getLogger("ray").setLevel(logging.ERROR)
            wanted = "local" if start else address or os.environ.get("RAY_ADDRESS") or "auto"
            try:
                ray.init(address=wanted, logging_level=logging.ERROR, log_to_driver=True)
            except ConnectionError as error:
                raise ClusterError(
                    "ray_unreachable",
                    f"{_nowhere(wanted)} ({_first_line(error)}). Start one with `ray start "
                    "--head`, name its address (`RAY_ADDRESS`, or `address` of the options `ray`), "
                    "or ask for one of this host alone with `start: true` there",
                    address=wanted,
                ) from None
            self._actor = ray.remote(RankActor)
        context = ray.get_runtime_context()
        answer(
            {
                "address": context.gcs_address,
                "version": ray.__version__,
                "node": context.get_node_id(),
                "host": ray.util.get_node_ip_address(),
            }
        )

    def expect(self, world: str) -> None:
        """It is about to be placed; from now on it can be freed."""
        with self._lock:
            self._worlds[world] = _World()

    def place(
        self,
        answer: Callable[[Any], None],
        *,
        world: str,
        ranks: int,
        tensor_parallel_size: int,
        bundle: Mapping[str, float],
        strategy: str,
        selector: Mapping[str, str],
        placement_group: str,
        indices: list[int] | None,
        timeout_s: float,
    ) -> None:
        """Have a bundle for each rank, and say where they are."""
        entry = self._worlds.get(world)
        if entry is None:
            return
        try:
            group = _given(placement_group)
            made = group is None
            if group is None:
                group = _made(ranks, bundle, strategy, selector)
            with self._lock:
                entry.group, entry.made, entry.bundle = group, made, bundle
            if not self._wait(entry, group, timeout_s):
                raise ClusterError(
                    "ray_no_room",
                    f"Ray found no place for {world} in {timeout_s:g} s: "
                    + _why(ranks, bundle, strategy, selector, group, made),
                    cluster_resources=ray.cluster_resources(),
                    available_resources=ray.available_resources(),
                )
            table = placement_group_table(group)
            nodes = _nodes()
            able = {
                index: table["bundles_to_node_id"][index]
                for index, resources in table["bundles"].items()
                if fits(resources, bundle)
            }
            entry.places = plan(
                ranks,
                able,
                nodes,
                first_node=ray.get_runtime_context().get_node_id(),
                indices=indices,
            )
        except PlanError as error:
            raise ClusterError("invalid_argument", str(error)) from None
        finally:
            if not entry.places or entry.freed:
                self._worlds.setdefault(world, entry)
                self._free(world)
        warning = spanning_groups(entry.places, tensor_parallel_size)
        answer(
            {
                "places": [place.as_message() for place in entry.places],
                "warnings": [warning] if warning else [],
                "placement_group": group.id.hex(),
                "made": made,
            }
        )

    def launch(
        self,
        answer: Callable[[Any], None],
        *,
        world: str,
        rank: int,
        rank_id: str,
        arguments: list[str],
        given: dict[str, str],
        own: dict[str, str],
        runtime_env: dict[str, Any],
    ) -> None:
        """Start a rank at its place."""
        with self._lock:
            entry = self._worlds.get(world)
            if entry is None or entry.freed:
                raise ClusterError("launch_failed", f"the placement group of {world} is freed")
            entry.live.add(rank_id)
        place = entry.places[rank]
        resources = dict(entry.bundle)
        actor = self._actor.options(
            num_cpus=resources.pop("CPU", 0),
            num_gpus=resources.pop("GPU", 0),
            resources=resources,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=_ACTOR_THREADS,
            scheduling_strategy=PlacementGroupSchedulingStrategy(
                placement_group=entry.group,
                placement_group_bundle_index=place.bundle,
            ),
            runtime_env=runtime_env or None,
        ).remote()
        known = _Rank(rank_id, world, place, actor)
        with self._lock:
            self._ranks[rank_id] = known
        self._start(known, answer, arguments, given, own)

    def kill(self, answer: Callable[[Any], None], *, rank_id: str) -> None:
        """End a rank now; how it ended is told as of any other."""
        known = self._ranks.get(rank_id)
        if known is not None and not known.ended:
            known.actor.kill.remote()
            self._later(KILL_SECONDS, partial(self._end_actor, known))
        answer({})

    def free(self, answer: Callable[[Any], None], *, world: str) -> None:
        """End what lives of a world, and free its placement group."""
        self._free(world)
        answer({})

    def close(self) -> None:
        """End everything, and leave the cluster."""
        for world in list(self._worlds):
            self._free(world)
        if ray.is_initialized():
            ray.shutdown()

    def _wait(self, entry: _World, group: PlacementGroup, timeout_s: float) -> bool:
        give_up = time.monotonic() + timeout_s
        while (left_s := give_up - time.monotonic()) > 0 and not entry.freed:
            if group.wait(min(left_s, LOOK_SECONDS)):
                return True
        return False

    def _start(self, known: _Rank, answer: Callable[[Any], None], *how: Any) -> None:
        def done(outcome: Future[Any]) -> None:
            if isinstance(outcome.exception(), ActorUnavailableError):
                # It starts its rank once, however often it is asked to.
                self._later(ASK_AGAIN_SECONDS, lambda: self._start(known, answer, *how))
            else:
                self._started(known, answer, outcome)

        self._when_done(known.actor.start.remote(*how), done)

    def _started(self, known: _Rank, answer: Callable[[Any], None], outcome: Future[Any]) -> None:
        error = outcome.exception()
        if error is None and "error" not in outcome.result():
            answer(outcome.result())
            self._await(known)
            return
        why = outcome.result()["error"] if error is None else _why_lost(known, error)
        self._over(known)
        answer(
            ClusterError("launch_failed", f"rank {known.place.rank} could not be started: {why}")
        )

    def _await(self, known: _Rank) -> None:
        self._when_done(known.actor.wait.remote(), partial(self._ended, known))

    def _when_done(self, reference: Any, then: Callable[[Future[Any]], None]) -> None:
        reference.future().add_done_callback(lambda outcome: self._news.put(partial(then, outcome)))

    def _handle_news(self) -> None:
        while True:
            with background.step("what Ray says"):
                self._news.get()()

    def _ended(self, known: _Rank, outcome: Future[Any]) -> None:
        error = outcome.exception()
        if isinstance(error, ActorUnavailableError):
            self._later(ASK_AGAIN_SECONDS, partial(self._await, known))
            return
        if error is None:
            self._tell({"event": "exited", "rank_id": known.rank_id, **outcome.result()})
        else:
            why = _why_lost(known, error)
            self._tell({"event": "lost", "rank_id": known.rank_id, "why": why})
        self._over(known)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, self._news.put, (work,))
        timer.daemon = True
        timer.start()

    def _over(self, known: _Rank) -> None:
        self._end_actor(known)
        with self._lock:
            known.ended = True
            self._ranks.pop(known.rank_id, None)
            entry = self._worlds.get(known.world_id)
            last = False
            if entry is not None:
                entry.live.discard(known.rank_id)
                last = not entry.live
        if last:
            self._free(known.world_id)

    def _end_actor(self, known: _Rank) -> None:
        if not known.ended:
            ray.kill(known.actor, no_restart=True)

    def _free(self, world: str) -> None:
        with self._lock:
            entry = self._worlds.pop(world, None)
            if entry is None:
                return
            entry.freed = True
            ranks = [known for known in self._ranks.values() if known.world_id == world]
        for known in ranks:
            self._end_actor(known)
        if entry.made:
            remove_placement_group(entry.group)


def _given(named: str) -> PlacementGroup | None:
    """The group of that id or name, or the one that this process runs in."""
    if not named:
        return ray.util.get_current_placement_group()
    if len(named) == _ID_DIGITS and all(digit in "0123456789abcdef" for digit in named):
        return PlacementGroup(ray.PlacementGroupID(bytes.fromhex(named)))
    try:
        return ray.util.get_placement_group(named)
    except ValueError:
        raise ClusterError(
            "invalid_argument",
            f"there is no placement group {named!r} in this cluster; give the name or the id "
            "(`group.id.hex()`) of one that is there, or none to have one made",
        ) from None


def _made(
    ranks: int, bundle: Mapping[str, float], strategy: str, selector: Mapping[str, str]
) -> PlacementGroup:
    options: dict[str, Any] = {}
    if selector:
        if "bundle_label_selector" not in inspect.signature(placement_group).parameters:
            raise ClusterError(
                "invalid_argument",
                f"Ray {ray.__version__} knows no label selectors for placement groups; use a later "
                "one, or leave out `label_selector`",
            )
        options["bundle_label_selector"] = [dict(selector)] * ranks
    try:
        return placement_group([dict(bundle)] * ranks, strategy=strategy, **options)
    except ValueError as error:
        raise ClusterError("invalid_argument", _first_line(error)) from None


def _nodes() -> dict[str, Node]:
    return {
        node["NodeID"]: Node(
            node["NodeID"],
            node.get("NodeName") or node["NodeManagerHostname"],
            node["NodeManagerAddress"],
        )
        for node in ray.nodes()
    }


def _why(
    ranks: int,
    bundle: Mapping[str, float],
    strategy: str,
    selector: Mapping[str, str],
    group: PlacementGroup,
    made: bool,
) -> str:
    if not made:
        state = placement_group_table(group).get("state", "unknown")
        return f"the placement group {group.id.hex()} is not ready, but {state}"
    nodes = [
        NodeResources(
            node.get("NodeName") or node["NodeManagerHostname"],
            node["Resources"],
            node.get("Labels") or {},
        )
        for node in ray.nodes()
        if node["Alive"]
    ]
    return missing(ranks, bundle, strategy, selector, nodes, ray.available_resources())


def _why_lost(known: _Rank, error: BaseException) -> str:
    node = known.place.node
    try:
        dead = any(
            found["NodeID"] == known.place.node_id and not found["Alive"] for found in ray.nodes()
        )
    except (ray.exceptions.RayError, OSError):
        dead = False
    if dead:
        return f"its node {node} ({known.place.address}) has left the Ray cluster or died"
    if isinstance(error, (RayActorError, GetTimeoutError)):
        return f"its Ray actor on node {node} died: {_first_line(error)}"
    return f"its Ray actor on node {node} failed: {_first_line(error)}"


def _nowhere(address: str) -> str:
    if address == "auto":
        return "no Ray cluster runs on this host"
    return f"no Ray cluster answers at {address}"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
