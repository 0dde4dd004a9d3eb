"""Rules of calls on tensors, of coordinators and their communicators."""

from __future__ import annotations

import math
from typing import Any

import torch

from vllm_bridge._generated.control_pb2 import RECEIVE, SEND
from vllm_bridge.gate.facts import (
    Facts,
    Group,
    dim_of,
    of_coordinator,
    rows,
    words,
)
from vllm_bridge.gate.rules.registry import (
    Members,
    facts_of,
    group_of,
    on_coordinators,
    on_tensors,
    peer_of,
    rule,
)
from vllm_distributed import GroupCoordinator
from vllm_distributed import call_agreement as agreement
from vllm_distributed.arguments import check_shape
from vllm_distributed.transports.expert_parallel import dispatch_arguments

Tensors = torch.Tensor | list[torch.Tensor]

Out = Tensors | None
"""Where a result goes is each rank's own affair: of no rule's facts."""


def agreed(members: Members, call: agreement.Agreement, tensor: torch.Tensor) -> Facts | None:
    """The facts of a call by the table of what its members must agree on."""
    shape = str(list(tensor.shape))
    return facts_of(group_of(members), call.operation, *call.parts(), shape=shape)


@on_tensors("all_reduce")
def all_reduce(
    group: Members, input_: torch.Tensor, out: Out = None, op: str = "sum"
) -> Facts | None:
    return agreed(group, agreement.all_reduce(input_.dtype, input_.shape, op), input_)


@on_tensors("all_reduce_")
def _all_reduce_in_place(group: Members, input_: torch.Tensor, op: str = "sum") -> Facts | None:
    return all_reduce(group, input_, op=op)


@on_tensors("cpu_all_reduce_")
def _small_all_reduce(group: Members, tensor: torch.Tensor) -> Facts | None:
    return agreed(group, agreement.all_reduce(tensor.dtype, tensor.shape, "sum"), tensor)


@on_tensors("all_gather")
def all_gather(
    group: Members, input_: torch.Tensor, dim: int = -1, out: Out = None
) -> Facts | None:
    call = agreement.all_gather(input_.dtype, input_.shape, dim_of(input_, dim))
    return agreed(group, call, input_)


@on_tensors("all_gatherv")
def _all_gatherv(
    group: Members,
    input_: Tensors,
    dim: int = 0,
    sizes: list[int] | None = None,
    out: Out = None,
) -> Facts | None:
    tensors = input_ if isinstance(input_, list) else [input_]
    if len(tensors) == 1:
        (tensor,) = tensors
        if sizes is None:
            return all_gather(group, tensor, dim)
        call = agreement.all_gatherv(tensor.dtype, tensor.shape, dim_of(tensor, dim), sizes)
        return agreed(group, call, tensor)
    # Without sizes every rank's extent is this one's, or the call is wrong.
    each = [
        [_extent(tensor, dim)] * group.world_size if sizes is None else sizes for tensor in tensors
    ]
    return facts_of(
        group_of(group),
        "all_gatherv",
        *words(tensors=rows(tensors, dim), sizes=each),
    )


def _extent(tensor: torch.Tensor, dim: int) -> int:
    return tensor.size(dim_of(tensor, dim)) if tensor.dim() else 1


@on_tensors("reduce_scatter")
def reduce_scatter(
    group: Members, input_: torch.Tensor, dim: int = -1, out: Out = None
) -> Facts | None:
    return _reduce_scatterv(group, input_, dim)


@on_tensors("reduce_scatterv")
def _reduce_scatterv(
    group: Members,
    input_: torch.Tensor,
    dim: int = -1,
    sizes: list[int] | None = None,
    out: Out = None,
) -> Facts | None:
    at = dim_of(input_, dim)
    if sizes is None:
        sizes = [_extent(input_, dim) // group.world_size] * group.world_size
    return agreed(group, agreement.reduce_scatter(input_.dtype, input_.shape, at, sizes), input_)


@on_tensors("reduce_scatterv_into_output")
def _reduce_scatterv_into_output(
    group: Members,
    input_: torch.Tensor,
    output: torch.Tensor,
    dim: int = -1,
    sizes: list[int] | None = None,
) -> Facts | None:
    return _reduce_scatterv(group, input_, dim, sizes)


@on_tensors("gather")
def gather(
    group: Members, input_: torch.Tensor, dst: int = 0, dim: int = -1, out: Out = None
) -> Facts | None:
    call = agreement.gather(input_.dtype, input_.shape, dim_of(input_, dim), dst)
    return agreed(group, call, input_)


@on_coordinators("broadcast")
def _broadcast(group: Members, input_: torch.Tensor, src: int = 0) -> Facts | None:
    return agreed(group, agreement.broadcast(input_.dtype, input_.shape, src), input_)


# Tokens of expert parallelism


@on_tensors("dispatch")
def _dispatch(
    group: Members,
    hidden_states: torch.Tensor,
    topk_weights: torch.Tensor | None = None,
    topk_ids: torch.Tensor | None = None,
    is_sequence_parallel: bool = False,
    extra_tensors: list[torch.Tensor] | None = None,
    sizes: list[int] | None = None,
    router_logits: torch.Tensor | None = None,
) -> Facts | None:
    weights, ids, over_all = dispatch_arguments(
        topk_weights, topk_ids, is_sequence_parallel, router_logits
    )
    tensors = [hidden_states, weights, *([] if ids is None else [ids]), *(extra_tensors or [])]
    # Without sizes the ranks tell each other first: all of them do, or none.
    given = "found out" if sizes is None else sizes
    parts = words(tensors=rows(tensors, 0), sizes=given)
    return facts_of(_tokens_of(group, over_all), "dispatch", *parts)


@on_tensors("dispatch_router_logits")
def _dispatch_router_logits(
    group: Members,
    hidden_states: torch.Tensor,
    router_logits: torch.Tensor,
    is_sequence_parallel: bool = False,
    extra_tensors: list[torch.Tensor] | None = None,
    sizes: list[int] | None = None,
) -> Facts | None:
    return _dispatch(
        group, hidden_states, router_logits, None, is_sequence_parallel, extra_tensors, sizes
    )


@on_tensors("combine")
def _combine(
    group: Members,
    hidden_states: torch.Tensor,
    is_sequence_parallel: bool = False,
    sizes: list[int] | None = None,
) -> Facts | None:
    parts = agreement.all_reduce(hidden_states.dtype, hidden_states.shape).parts()
    return facts_of(_tokens_of(group, is_sequence_parallel), "combine", *parts)


def _tokens_of(members: Members, over_all: bool) -> Group | None:
    """The ranks between which tokens are exchanged.

    Those of the expert parallel group whose tokens differ form a grid, whose axes are the data and
    the prefill context parallel groups: of the group's ranks every n-th one.
    """
    if over_all or not isinstance(members, GroupCoordinator) or not members._tokens.groups:
        return group_of(members)
    axes = [group for group in members._tokens.groups if group.world_size > 1]
    if len(axes) == 1 and isinstance(axes[0], GroupCoordinator):
        return of_coordinator(axes[0])
    step = members.world_size // math.prod(axis.world_size for axis in axes)
    ranks = members.ranks[members.rank_in_group % max(step, 1) :: max(step, 1)]
    if any(rank not in ranks for axis in axes for rank in axis.ranks):
        return None  # groups that the caller made, laid out in another way
    return Group(
        f"{members.unique_name} tokens",
        ranks,
        ranks.index(members.rank),
        len(ranks),
        members._groups.timeout,
    )


# Point to point


def _message(
    members: Members, operation: str, dtype: torch.dtype, shape: torch.Size, **more: Any
) -> Facts | None:
    parts = (("kind", "tensor"), *agreement.message(dtype, shape).parts())
    return facts_of(group_of(members), operation, *parts, shape=str(list(shape)), **more)


@on_tensors("send")
def _send(group: Members, tensor: torch.Tensor, dst: int | None = None) -> Facts | None:
    peer = peer_of(group, dst, +1)
    return _message(group, "send", tensor.dtype, tensor.shape, direction=SEND, peer=peer)


@on_tensors("recv")
def _recv(
    group: Members,
    size: torch.Size,
    dtype: torch.dtype,
    src: int | None = None,
    out: Out = None,
) -> Facts | None:
    peer, shape = peer_of(group, src, -1), check_shape("recv", size)
    return _message(group, "recv", dtype, shape, direction=RECEIVE, peer=peer)


@on_tensors("combine_into_output")
def _combine_into_output(
    group: Members,
    hidden_states: torch.Tensor,
    output: torch.Tensor,
    is_sequence_parallel: bool = False,
    sizes: list[int] | None = None,
) -> Facts | None:
    return _combine(group, hidden_states, is_sequence_parallel, sizes)


@rule("DeviceCommunicatorBase.broadcast")
def _communicator_broadcast(group: Members, tensor: torch.Tensor, src: int = 0) -> Facts | None:
    return _broadcast(group, tensor, src)


@rule(
    "DeviceCommunicatorBase.suspend",
    "DeviceCommunicatorBase.resume",
    "DeviceCommunicatorBase.checkpoint_prepare",
    "DeviceCommunicatorBase.checkpoint_restore",
)
def _memory(group: Members) -> Facts | None:
    return facts_of(group_of(group), "suspend or resume")
