"""The default policy: which experts to replicate, and on which GPU each replica goes.

The algorithm is DeepSeek's Expert Parallelism Load Balancer (https://github.com/deepseek-ai/EPLB,
described in section 3.4 of the DeepSeek-V3 report, arXiv 2412.19437), written from its
description, with all layers at once in every step:

1. pack groups of experts onto nodes, heaviest first, each to the lightest node with room;
2. replicate within each node: the next replica goes to the expert with the most load per replica;
3. pack the replicas of a node onto its GPUs as in step 1.

Where the groups do not divide among the nodes, all of it is done as if on one node (global).

Greedy packing can lose to a lucky round robin by a few percent (it is within 4/3 of the best, and
round robin may hit the best). So for each layer the round-robin placement is tried too, and kept
where it has the smaller largest load: the result is never worse than it.
"""

from __future__ import annotations

import torch

from vllm_distributed.eplb.checks import check_count, check_divides_evenly, check_load
from vllm_distributed.errors import InvalidArgumentError

__all__ = ["rebalance_experts"]

# Which expert is in each slot, [rows, slots], and how many slots each has, [rows, experts]. A row
# is a layer, or a node of a layer.
_Plan = tuple[torch.Tensor, torch.Tensor]


def rebalance_experts(
    weight: torch.Tensor, num_replicas: int, num_groups: int, num_nodes: int, num_gpus: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return which expert goes into which slot so that every GPU has about the same load.

    `weight` is [layers, logical experts], the load of each expert, of any real dtype.
    `num_replicas` is the number of slots (physical experts) of a layer: at least the number of
    logical experts, a multiple of `num_gpus`; GPU g holds the g-th equal part of the slots.
    `num_groups` is the number of expert groups: where it divides by `num_nodes` the experts of a
    group stay on one node (hierarchical), else placement is global, and neither number need divide
    anything. A replica carries an equal share of its expert's load; a layer without load counts as
    evenly loaded.

    Returns int64 tensors on the CPU: physical to logical [layers, num_replicas]; logical to
    physical [layers, logical experts, most replicas of any], padded with -1; and the number of
    replicas [layers, logical experts], each at least 1. In every layer the largest load of a GPU is
    at most that of a round-robin placement under the same rule about groups.

    Pure, deterministic, local. Source: DeepSeek's EPLB, see the module.

    Raises:
        InvalidArgumentError: naming the numbers for weights that are negative, not finite or not of
            this shape, counts below 1, too few replicas, and counts that do not divide.

    >>> slots, _, counts = rebalance_experts(torch.tensor([[90.0, 10.0, 10.0]]), 4, 1, 1, 2)
    >>> slots.tolist(), counts.tolist()
    ([[0, 1, 0, 2]], [[2, 1, 1]])
    """
    load = check_load("weight", weight)
    num_experts = load.size(1)
    for name, value in (
        ("num_replicas", num_replicas),
        ("num_groups", num_groups),
        ("num_nodes", num_nodes),
        ("num_gpus", num_gpus),
    ):
        check_count(name, value)
    if num_replicas < num_experts:
        raise InvalidArgumentError(
            f"num_replicas={num_replicas} leaves no slot for {num_experts - num_replicas} of the "
            f"{num_experts} experts: give at least one replica to each",
            num_replicas=num_replicas,
            num_experts=num_experts,
        )
    check_divides_evenly("num_replicas", num_replicas, "num_gpus", num_gpus)
    if num_groups % num_nodes:
        num_groups, num_nodes = 1, 1
    check_divides_evenly("num_gpus", num_gpus, "num_nodes", num_nodes)
    check_divides_evenly("num_experts", num_experts, "num_groups", num_groups)
    load = torch.where(load.sum(dim=-1, keepdim=True) > 0, load, torch.ones_like(load))
    slots, counts = _better(
        load,
        num_gpus,
        _balanced(load, num_replicas, num_groups, num_nodes, num_gpus),
        _round_robin(load, num_replicas, num_groups, num_nodes, num_gpus),
    )
    return slots, _inverse(slots, counts), counts


def _balanced(
    load: torch.Tensor, num_replicas: int, num_groups: int, num_nodes: int, num_gpus: int
) -> _Plan:
    layers, num_experts = load.shape
    group_size, gpus_of_node = num_experts // num_groups, num_gpus // num_nodes
    # Step 1. `order`: for each node in turn, the experts it is given.
    groups = load.view(layers, num_groups, group_size).sum(dim=-1)
    group_order = _packed(groups, num_nodes)
    order = _members(group_order, group_size)
    # Steps 2 and 3, with a row for each node of each layer.
    rows = load.gather(1, order).view(layers * num_nodes, num_experts // num_nodes)
    expert_of, counts = _replicated(rows, num_replicas // num_nodes)
    share = (rows / counts).gather(1, expert_of)
    local = expert_of.gather(1, _packed(share, gpus_of_node))
    return _back_to_layers(local, counts, order, num_nodes)


def _round_robin(
    load: torch.Tensor, num_replicas: int, num_groups: int, num_nodes: int, num_gpus: int
) -> _Plan:
    """Groups to nodes, slots to experts and slots to GPUs, each in turn and whatever their load."""
    layers, num_experts = load.shape
    group_size, gpus_of_node = num_experts // num_groups, num_gpus // num_nodes
    groups = _numbers(num_groups).view(-1, num_nodes).t().reshape(1, -1)
    order = _members(groups.expand(layers, -1), group_size)
    slots, experts = num_replicas // num_nodes, num_experts // num_nodes
    dealt = _numbers(slots).view(-1, gpus_of_node).t().reshape(1, -1) % experts
    counts = torch.bincount(dealt.view(-1), minlength=experts).view(1, -1)
    rows = layers * num_nodes
    return _back_to_layers(dealt.expand(rows, -1), counts.expand(rows, -1), order, num_nodes)


def _packed(weight: torch.Tensor, packs: int) -> torch.Tensor:
    """Return the items, [rows, items], reordered so that the p-th equal part of them is pack p.

    Heaviest first, each to the lightest pack that is not full (the first of several), in a loop
    over the items and not the rows: all layers take a step at once.
    """
    rows, items = weight.shape
    room = items // packs
    if packs == 1 or room == 1:  # one item each, or one pack: the order is as good as any
        return _numbers(items).expand(rows, -1)
    heaviest_first = weight.argsort(dim=-1, descending=True, stable=True)
    sorted_weight = weight.gather(1, heaviest_first)
    held = torch.zeros(rows, packs, dtype=weight.dtype, device="cpu")
    taken = torch.zeros(rows, packs, dtype=torch.int64, device="cpu")
    result = torch.empty(rows, items, dtype=torch.int64, device="cpu")
    for step in range(items):
        pack = held.masked_fill(taken == room, float("inf")).argmin(dim=-1, keepdim=True)
        place = pack * room + taken.gather(1, pack)
        result.scatter_(1, place, heaviest_first[:, step : step + 1])
        held.scatter_add_(1, pack, sorted_weight[:, step : step + 1])
        taken.scatter_add_(1, pack, torch.ones_like(pack))
    return result


def _replicated(weight: torch.Tensor, slots: int) -> _Plan:
    """Return the expert of each slot, replicas behind the first copies, and the counts.

    The highest-averages rule: the next slot is for the expert with the most load per replica.
    """
    rows, experts = weight.shape
    counts = torch.ones(rows, experts, dtype=torch.int64, device="cpu")
    expert_of = torch.empty(rows, slots, dtype=torch.int64, device="cpu")
    expert_of[:, :experts] = _numbers(experts)
    one = torch.ones(rows, 1, dtype=torch.int64, device="cpu")
    for slot in range(experts, slots):
        neediest = (weight / counts).argmax(dim=-1, keepdim=True)
        expert_of[:, slot : slot + 1] = neediest
        counts.scatter_add_(1, neediest, one)
    return expert_of, counts


def _members(groups: torch.Tensor, group_size: int) -> torch.Tensor:
    """Return the experts of each row's groups, in the groups' order."""
    members = groups.unsqueeze(-1) * group_size + _numbers(group_size)
    return members.flatten(1)


def _back_to_layers(
    local: torch.Tensor, counts: torch.Tensor, order: torch.Tensor, num_nodes: int
) -> _Plan:
    """Return slots and counts of whole layers from those of nodes, which count experts of their
    own; `order` says which those are."""
    layers, experts_of_node = order.size(0), order.size(1) // num_nodes
    first = _numbers(num_nodes).view(1, num_nodes, 1) * experts_of_node
    of_nodes = local.reshape(layers, num_nodes, local.size(1)) + first
    slots = order.gather(1, of_nodes.flatten(1))
    of_layer = torch.empty_like(order).scatter_(1, order, counts.reshape(order.shape))
    return slots, of_layer


def _better(load: torch.Tensor, num_gpus: int, plan: _Plan, other: _Plan) -> _Plan:
    """Return, layer by layer, `plan`, or `other` where its largest load of a GPU is smaller."""
    keep = _largest(load, num_gpus, plan) <= _largest(load, num_gpus, other)
    keep = keep.unsqueeze(-1)
    return torch.where(keep, plan[0], other[0]), torch.where(keep, plan[1], other[1])


def _largest(load: torch.Tensor, num_gpus: int, plan: _Plan) -> torch.Tensor:
    slots, counts = plan
    share = (load / counts).gather(1, slots)
    return share.view(share.size(0), num_gpus, share.size(1) // num_gpus).sum(dim=-1).amax(dim=-1)


def _numbers(count: int) -> torch.Tensor:
    return torch.arange(count, dtype=torch.int64, device="cpu")


def _inverse(slots: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Return the slots of each expert, ascending, padded with -1."""
    layers, experts = counts.shape
    most = int(counts.max()) if counts.numel() else 1
    by_expert = slots.argsort(dim=-1, stable=True)
    expert = slots.gather(1, by_expert)
    # The how-manieth replica of its expert each is: its place, less where the expert's begin.
    begins = counts.cumsum(dim=-1) - counts
    replica = _numbers(slots.size(1)) - begins.gather(1, expert)
    result = torch.full((layers, experts * most), -1, dtype=torch.int64, device="cpu")
    return result.scatter_(1, expert * most + replica, by_expert).view(layers, experts, most)
