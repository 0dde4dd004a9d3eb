"""What a cluster lacks for the bundles of a world. Pure, and needs no Ray."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vllm_bridge.ray.plan import fits

Resources = Mapping[str, float]
Selector = Mapping[str, str]

# "in(a,b)", "!in(a,b)", "!a", "a": Ray's own forms.
_SELECTED = re.compile(r"(!?)in\((.*)\)")


@dataclass(frozen=True)
class NodeResources:
    """What a live node has in all."""

    name: str
    total: Resources
    labels: Mapping[str, str] = field(default_factory=dict)


def missing(
    ranks: int,
    bundle: Resources,
    strategy: str,
    selector: Selector,
    nodes: Sequence[NodeResources],
    available: Resources,
) -> str:
    """Why bundles for so many ranks have no place: each thing that is missing, with numbers.

    Args:
        ranks: Number of bundles.
        bundle: What each of them holds.
        strategy: How they are to lie on nodes.
        selector: Labels that their nodes must have.
        nodes: The live nodes.
        available: What is free now, in the whole cluster.
    """
    total = _sum(node.total for node in nodes)
    lacks = [
        f"{ranks * amount:g} {name} are needed, and the cluster has {total.get(name, 0.0):g}"
        for name, amount in bundle.items()
        if ranks * amount > total.get(name, 0.0)
    ]
    chosen = [node for node in nodes if _selected(node, selector)]
    if selector and not chosen:
        lacks.append(f"no node has the labels {dict(selector)}; there are {_labels_of(nodes)}")
    able = [node for node in chosen if fits(node.total, bundle)]
    if chosen and not able:
        lacks.append(f"no node has {_resources(bundle)}; {_largest(chosen, bundle)}")
    if strategy == "STRICT_SPREAD" and len(able) < ranks:
        lacks.append(
            f"STRICT_SPREAD needs {ranks} nodes with {_resources(bundle)} each, and there are "
            f"{len(able)}"
        )
    whole = {name: ranks * amount for name, amount in bundle.items()}
    if strategy == "STRICT_PACK" and not any(fits(node.total, whole) for node in chosen):
        lacks.append(
            f"STRICT_PACK needs one node with {_resources(whole)}; {_largest(chosen, whole)}"
        )
    if not lacks:
        lacks = [
            f"{ranks * amount:g} {name} are needed, and {available.get(name, 0.0):g} of "
            f"{total.get(name, 0.0):g} are free: other worlds, actors or tasks use the rest"
            for name, amount in bundle.items()
            if ranks * amount > available.get(name, 0.0)
        ]
    if not lacks:
        lacks = ["what is free is on other nodes than it would have to be"]
    return f"{'; '.join(lacks)} (cluster_resources: {_resources(total)}; {len(nodes)} nodes)"


def _selected(node: NodeResources, selector: Selector) -> bool:
    return all(_accepts(rule, node.labels.get(key)) for key, rule in selector.items())


def _accepts(rule: str, value: str | None) -> bool:
    found = _SELECTED.fullmatch(rule)
    if found:
        inside = value in found[2].split(",")
        return inside != bool(found[1])
    if rule.startswith("!"):
        return value != rule[1:]
    return value == rule


def _labels_of(nodes: Sequence[NodeResources]) -> str:
    values: dict[str, set[str]] = defaultdict(set)
    for node in nodes:
        for key, value in node.labels.items():
            if not key.startswith("ray.io/node-id"):
                values[key].add(value)
    listed = ", ".join(f"{key}: {' '.join(sorted(found))}" for key, found in sorted(values.items()))
    return listed or "no labels"


def _largest(nodes: Sequence[NodeResources], wanted: Resources) -> str:
    def share(node: NodeResources) -> float:
        return min(
            (node.total.get(name, 0.0) / amount for name, amount in wanted.items() if amount)
        )

    if not nodes:
        return "there is no node"
    best = max(nodes, key=share)
    has = {name: best.total.get(name, 0.0) for name in wanted}
    return f"{best.name} has most, {_resources(has)}"


def _sum(parts: Iterable[Resources]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for part in parts:
        for name, amount in part.items():
            total[name] += amount
    return dict(total)


# Bytes, or markers of a node: nobody asks for them in bundles by accident.
_OTHERS = re.compile(r"node:.*|memory|object_store_memory|accelerator_type:.*")


def _resources(resources: Resources) -> str:
    counted = {name: amount for name, amount in resources.items() if not _OTHERS.fullmatch(name)}
    return ", ".join(f"{name} {amount:g}" for name, amount in sorted(counted.items())) or "nothing"
