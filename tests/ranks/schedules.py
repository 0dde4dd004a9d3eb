"""Random sequences of operations on overlapping groups, which all ranks of a world know.

A `Step` says which operation on which kind of group; every rank takes it on its own group of that
kind. Inputs follow from the step's number and the member, so each rank can check its results.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from known_values import of_member, same, total

import vllm_distributed as vd

__all__ = ["Groups", "Step", "draw", "end_groups", "make_groups", "take"]

Groups = dict[str, vd.GroupCoordinator]

# Floats: around slots of 16 KiB and 1 MiB, and now and then more.
SIZES = [1, 5, 64, 1000, 4095, 4096, 4097, 20_000, 262_143, 262_145, 700_000]
OFTEN = [20, 10, 20, 10, 5, 5, 5, 5, 2, 2, 1]
DTYPES = [torch.float32, torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool]


@dataclass(frozen=True)
class Step:
    """One operation, at once on all groups of a kind."""

    number: int
    operation: str
    group: str
    size: int
    dtype: torch.dtype
    root: int
    """A member, modulo the group's size."""
    late: int
    """The global rank that comes later than the others, or -1."""


def draw(seed: int, count: int, groups: list[str], ranks: int) -> list[Step]:
    """Return `count` steps, the same for the same seed."""
    chance = random.Random(seed)
    return [
        Step(
            number,
            chance.choice(list(OPERATIONS)),
            chance.choice(groups),
            chance.choices(SIZES, OFTEN)[0],
            chance.choice(DTYPES),
            chance.randrange(64),
            chance.randrange(ranks) if chance.random() < 0.1 else -1,
        )
        for number in range(count)
    ]


def make_groups() -> Groups:
    """Return the world's own groups and some that lie across them: collective over the world."""
    world = vd.get_world_group()
    ranks = list(range(world.world_size))
    again = [ranks]
    halves = [ranks[::2], ranks[1::2]]
    all_but_one = [ranks[1:], ranks[:1]]
    return {
        "world": world,
        "tp": vd.get_tp_group(),
        "pp": vd.get_pp_group(),
        **{
            name: vd.init_model_parallel_group(partition, world.rank, "gloo", group_name=name)
            for name, partition in (
                ("again", again),
                ("halves", halves),
                ("all_but_one", all_but_one),
            )
        },
    }


def end_groups(groups: Groups) -> None:
    """Destroy those that `make_groups` made."""
    for name in ("again", "halves", "all_but_one"):
        groups[name].destroy()


def take(step: Step, groups: Groups) -> None:
    """Do one step on this rank and check what comes out."""
    group = groups[step.group]
    if step.late == group.rank:
        time.sleep(0.002)  # not to wait for anything: the others are to wait for this rank
    try:
        OPERATIONS[step.operation](group, step)
    except AssertionError as error:
        raise AssertionError(f"{step} on {group}: {error}") from error


def _mine(group: vd.GroupCoordinator, step: Step, size: int | None = None) -> torch.Tensor:
    return _of(group, step, group.rank_in_group, size)


def _of(
    group: vd.GroupCoordinator, step: Step, member: int, size: int | None = None
) -> torch.Tensor:
    """Return a member's input: of another beginning in every step."""
    size = step.size if size is None else size
    return of_member([size + 1 + step.number % 7], member, group.world_size, step.dtype)[-size:]


def _total(group: vd.GroupCoordinator, step: Step, size: int) -> torch.Tensor:
    return total([size + 1 + step.number % 7], group.world_size, step.dtype)[-size:]


def _all_reduce(group: vd.GroupCoordinator, step: Step) -> None:
    same(group.all_reduce(_mine(group, step)), _total(group, step, step.size))


def _all_reduce_in_place(group: vd.GroupCoordinator, step: Step) -> None:
    mine = _mine(group, step)
    same(group.all_reduce_(mine), _total(group, step, step.size))


def _all_gather(group: vd.GroupCoordinator, step: Step) -> None:
    parts = [_of(group, step, member) for member in range(group.world_size)]
    same(group.all_gather(parts[group.rank_in_group], 0), torch.cat(parts))


def _all_gatherv(group: vd.GroupCoordinator, step: Step) -> None:
    sizes = [1 + step.size * (member % 2) for member in range(group.world_size)]
    parts = [_of(group, step, member, size) for member, size in enumerate(sizes)]
    result = group.all_gatherv(parts[group.rank_in_group], 0, sizes)
    assert isinstance(result, torch.Tensor)
    same(result, torch.cat(parts))


def _reduce_scatter(group: vd.GroupCoordinator, step: Step) -> None:
    share = -(-step.size // group.world_size)
    extent = share * group.world_size
    summed = _total(group, step, extent)
    result = group.reduce_scatter(_mine(group, step, extent), 0)
    same(result, summed.narrow(0, share * group.rank_in_group, share))


def _gather(group: vd.GroupCoordinator, step: Step) -> None:
    dst = step.root % group.world_size
    result = group.gather(_mine(group, step), dst, 0)
    if group.rank_in_group == dst:
        parts = [_of(group, step, member) for member in range(group.world_size)]
        same(result, torch.cat(parts))


def _broadcast(group: vd.GroupCoordinator, step: Step) -> None:
    src = step.root % group.world_size
    same(group.broadcast(_mine(group, step), src), _of(group, step, src))


def _barrier(group: vd.GroupCoordinator, step: Step) -> None:
    group.barrier()


def _object(group: vd.GroupCoordinator, step: Step) -> None:
    src = step.root % group.world_size
    value = {"step": step.number, "text": "x" * (step.size % 20_000)}
    received = group.broadcast_object(value if group.rank_in_group == src else None, src)
    assert received == value


def _dict(group: vd.GroupCoordinator, step: Step) -> None:
    src = step.root % group.world_size
    mine = _value(group, step, src) if group.rank_in_group == src else None
    _same_dict(group.broadcast_tensor_dict(mine, src), _value(group, step, src))


def _ring(group: vd.GroupCoordinator, step: Step) -> None:
    """Everybody sends to the next: the members of even numbers first."""
    if group.world_size == 1:
        return
    before = (group.rank_in_group - 1) % group.world_size
    mine = _mine(group, step)
    if group.rank_in_group % 2 == 0:
        group.send(mine)
    result = group.recv(mine.size(), step.dtype)
    same(result, _of(group, step, before))
    if group.rank_in_group % 2 == 1:
        group.send(mine)


def _far(group: vd.GroupCoordinator, step: Step) -> None:
    """One sends a dict, an object and a tensor to another, who answers; the others go on."""
    if group.world_size == 1:
        return
    sender = step.root % group.world_size
    receiver = (sender + 1 + step.number % (group.world_size - 1)) % group.world_size
    if group.rank_in_group == sender:
        group.send_tensor_dict(_value(group, step, sender), receiver)
        group.send_object(step.number, receiver)
        handle = group.isend_object("x" * step.size, receiver)
        group.send(_mine(group, step), receiver)
        handle.wait()
        assert group.recv_object(receiver) == [step.number]
    elif group.rank_in_group == receiver:
        _same_dict(group.recv_tensor_dict(sender), _value(group, step, sender))
        assert group.recv_object(sender) == step.number
        assert group.recv_object(sender) == "x" * step.size
        received = group.recv(torch.Size([step.size]), step.dtype, sender)
        same(received, _of(group, step, sender))
        group.send_object([step.number], sender)


def _started(group: vd.GroupCoordinator, step: Step) -> None:
    """Everybody sends a dict to the next and waits for it after a collective."""
    if group.world_size == 1:
        return
    before = (group.rank_in_group - 1) % group.world_size
    sending = group.isend_tensor_dict(_value(group, step, group.rank_in_group))
    received, receiving, finishing = group.irecv_tensor_dict()
    same(group.all_reduce(_mine(group, step, 3)), _total(group, step, 3))
    for handle in [*receiving, *sending]:
        handle.wait()
    for finish in finishing:
        finish()
    _same_dict(received, _value(group, step, before))


def _value(group: vd.GroupCoordinator, step: Step, member: int) -> dict[str, object]:
    return {
        "one": _of(group, step, member),
        "few": [_of(group, step, member, 3), _of(group, step, member, 1500)],
        "number": step.number,
    }


def _same_dict(actual: dict[str, object] | None, expected: dict[str, object]) -> None:
    assert actual is not None
    assert actual["number"] == expected["number"]
    same(actual["one"], expected["one"])  # type: ignore[arg-type]
    for one, other in zip(actual["few"], expected["few"], strict=True):  # type: ignore[call-overload]
        same(one, other)


OPERATIONS: dict[str, Callable[[vd.GroupCoordinator, Step], None]] = {
    "all_reduce": _all_reduce,
    "all_reduce_": _all_reduce_in_place,
    "all_gather": _all_gather,
    "all_gatherv": _all_gatherv,
    "reduce_scatter": _reduce_scatter,
    "gather": _gather,
    "broadcast": _broadcast,
    "barrier": _barrier,
    "broadcast_object": _object,
    "broadcast_tensor_dict": _dict,
    "ring": _ring,
    "far": _far,
    "started": _started,
}
