"""Which rank goes into which bundle of a placement group. Pure, and needs no Ray.

Ray numbers bundles in the order in which they were asked for, and puts them where there is room, so
that neighbours in number may be on different hosts. Ranks of one host should be neighbours: a
tensor parallel group is made of neighbours, and is fastest inside a host.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vllm_bridge.rank_numbers import listed

STRATEGIES = ("PACK", "STRICT_PACK", "SPREAD", "STRICT_SPREAD")
DEFAULT_STRATEGY = "PACK"

# Groups that a warning lists; of a large world all may span.
_LISTED_GROUPS = 3

_DIGITS = re.compile(r"(\d+)")


class PlanError(ValueError):
    """Bundles that do not fit the world. The message says which, and what to change."""


@dataclass(frozen=True)
class Node:
    """A node of the cluster. Its id tells it from others: simulated nodes share an address."""

    node_id: str
    name: str
    address: str


@dataclass(frozen=True)
class Place:
    """Where one rank goes."""

    rank: int
    bundle: int
    node_id: str
    # Its name, made unique where nodes share one.
    node: str
    address: str
    # Its number among the ranks of its node.
    local_rank: int

    def as_message(self) -> dict[str, Any]:
        """As JSON knows it."""
        return asdict(self)


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts `node-9` before `node-10`."""
    parts = _DIGITS.split(name)
    # Odd ones are digits.
    return [(1, int(part), "") if i % 2 else (0, 0, part) for i, part in enumerate(parts)]


def parse_bundle_indices(text: str) -> list[int]:
    """The numbers in `VLLM_RAY_BUNDLE_INDICES`, e.g. "2,3,0,1".

    Raises:
        PlanError: it is no list of numbers, or one comes twice.
    """
    try:
        indices = [int(part) for part in text.split(",")]
    except ValueError:
        raise PlanError(
            f"VLLM_RAY_BUNDLE_INDICES is {text!r}; it should be numbers of bundles with commas "
            'between them, one for each rank, e.g. "2,3,0,1"'
        ) from None
    twice = sorted({index for index in indices if indices.count(index) > 1})
    if twice:
        raise PlanError(
            f"VLLM_RAY_BUNDLE_INDICES is {text!r}; bundle {twice[0]} comes twice in it, and each "
            "rank needs a bundle of its own"
        )
    return indices


def fits(bundle: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    """Whether a bundle has what a rank asks for."""
    return all(bundle.get(name, 0.0) >= amount for name, amount in wanted.items())


def plan(
    world_size: int,
    bundles: Mapping[int, str],
    nodes: Mapping[str, Node],
    *,
    first_node: str | None = None,
    indices: Sequence[int] | None = None,
) -> list[Place]:
    """The places of ranks 0 to `world_size` - 1.

    Ranks of a node are neighbours. `first_node` comes first if it has bundles, the others follow in
    the natural order of their names; inside a node the order is that of the bundles. With `indices`
    rank i is in bundle `indices[i]`, whatever its node.

    Args:
        world_size: Number of ranks.
        bundles: The id of the node that each bundle is on, for those bundles that can hold a rank.
        nodes: The nodes by id.
        first_node: The id of the node for rank 0.
        indices: The bundle of each rank.

    Raises:
        PlanError: fewer bundles than ranks; or `indices` of another number, or of no bundle.
    """
    labels = _labels(nodes[node_id] for node_id in set(bundles.values()))
    if indices is None:
        chosen = _by_node(world_size, bundles, labels, first_node)
    else:
        chosen = _as_given(world_size, bundles, indices)
    counts: dict[str, int] = defaultdict(int)
    places = []
    for rank, bundle in enumerate(chosen):
        node = nodes[bundles[bundle]]
        places.append(
            Place(
                rank,
                bundle,
                node.node_id,
                labels[node.node_id],
                node.address,
                counts[node.node_id],
            )
        )
        counts[node.node_id] += 1
    return places


def spanning_groups(places: Sequence[Place], tensor_parallel_size: int) -> str:
    """A warning where tensor parallel groups span nodes; empty where none does.

    They are made of neighbours, see `vllm_distributed.topology`.
    """
    spanning = []
    for first in range(0, len(places), tensor_parallel_size):
        group = places[first : first + tensor_parallel_size]
        if len({place.node_id for place in group}) > 1:
            spanning.append(group)
    if not spanning:
        return ""
    some = "; ".join(_on_nodes(group) for group in spanning[:_LISTED_GROUPS])
    more = len(spanning) - _LISTED_GROUPS
    return (
        f"{len(spanning)} of {len(places) // tensor_parallel_size} tensor parallel groups span "
        f"nodes ({some}{f'; and {more} more' if more > 0 else ''}): each of their "
        "collectives goes over the network. Choose a tensor_parallel_size that divides the ranks "
        'of a node, or placement_strategy "STRICT_PACK"'
    )


def _by_node(
    world_size: int,
    bundles: Mapping[int, str],
    labels: Mapping[str, str],
    first_node: str | None,
) -> list[int]:
    if len(bundles) < world_size:
        raise PlanError(
            f"the placement group has {len(bundles)} bundles that can hold a rank, and the world "
            f"has {world_size} ranks; make a group with a bundle for each, or a smaller world"
        )
    order = sorted(labels, key=lambda node_id: (node_id != first_node, natural(labels[node_id])))
    position = {node_id: at for at, node_id in enumerate(order)}
    return sorted(bundles, key=lambda bundle: (position[bundles[bundle]], bundle))[:world_size]


def _as_given(world_size: int, bundles: Mapping[int, str], indices: Sequence[int]) -> list[int]:
    if len(indices) != world_size:
        raise PlanError(
            f"VLLM_RAY_BUNDLE_INDICES names {len(indices)} bundles, and the world has {world_size} "
            "ranks; name one for each rank"
        )
    for index in indices:
        if index not in bundles:
            raise PlanError(
                f"VLLM_RAY_BUNDLE_INDICES names bundle {index}, which is not in the placement "
                f"group or cannot hold a rank; those that can: {listed(sorted(bundles))}"
            )
    return list(indices)


def _labels(nodes: Iterable[Node]) -> dict[str, str]:
    """The names of nodes by id, with the beginning of the id where several have one name."""
    known = list(nodes)
    names: dict[str, int] = defaultdict(int)
    for node in known:
        names[node.name] += 1
    return {
        node.node_id: node.name if names[node.name] == 1 else f"{node.name}#{node.node_id[:8]}"
        for node in known
    }


def _on_nodes(group: Sequence[Place]) -> str:
    by_node: dict[str, list[int]] = defaultdict(list)
    for place in group:
        by_node[place.node].append(place.rank)
    return ", ".join(f"{node}: ranks {listed(ranks)}" for node, ranks in by_node.items())
