"""A communicator used directly, as models and libraries do, without its coordinator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.groups.member import DestroyedCommunicator

TWO = {"tensor_model_parallel_size": 2}


def communicators() -> list[vd.DeviceCommunicatorBase]:
    """The group's own one, and one made on its process groups."""
    group = vd.get_tp_group()
    made = vd.DeviceCommunicatorBase(
        group.cpu_group, group.device, group.device_group, group.unique_name
    )
    return [group.device_communicator, made]


def collectives() -> None:
    for communicator in communicators():
        rank = communicator.rank_in_group
        mine = torch.arange(4.0).reshape(2, 2) + 10 * rank
        total = torch.tensor([[10.0, 12.0], [14.0, 16.0]])
        assert torch.equal(communicator.all_reduce(mine), total)
        assert mine[0, 0] == 10 * rank, "out of place"
        in_place = mine.clone()
        assert communicator.all_reduce_(in_place) is in_place
        assert torch.equal(in_place, total)
        both = torch.cat([torch.arange(4.0).reshape(2, 2) + 10 * one for one in (0, 1)], 1)
        assert torch.equal(communicator.all_gather(mine), both)
        gathered = communicator.gather(mine, dst=1)
        assert (gathered is None) == (rank == 0)
        assert gathered is None or torch.equal(gathered, both)
        assert torch.equal(communicator.reduce_scatter(mine, 0), total[rank : rank + 1])
        received = communicator.broadcast(torch.full((3,), float(rank)), 1)
        assert received.tolist() == [1.0] * 3


def into() -> None:
    for communicator in communicators():
        rank = communicator.rank_in_group
        mine = torch.arange(4.0) + 10 * rank
        out, part, both = torch.empty(4), torch.empty(2), torch.empty(8)
        assert communicator.all_reduce(mine, out) is out
        assert communicator.reduce_scatter(mine, 0, part) is part
        assert communicator.all_gather(mine, 0, both) is both
        total = torch.tensor([10.0, 12.0, 14.0, 16.0])
        assert torch.equal(out, total)
        assert torch.equal(part, total[2 * rank : 2 * rank + 2])
        assert torch.equal(both, torch.cat([mine - 10 * rank, mine + 10 - 10 * rank]))
        assert communicator.reduce_scatterv(mine, 0, [2, 2], part.zero_()) is part
        assert torch.equal(part, total[2 * rank : 2 * rank + 2])
        assert communicator.all_gatherv(mine, 0, [4, 4], both.zero_()) is both
        assert both[4] == 10
        gathered = communicator.gather(mine, 1, 0, both.zero_() if rank == 1 else None)
        assert gathered is (both if rank == 1 else None)
        if rank == 0:
            communicator.send(mine)
        else:
            assert communicator.recv(torch.Size([4]), torch.float32, out=out) is out
            assert torch.equal(out, mine - 10)


def uneven() -> None:
    for communicator in communicators():
        rank = communicator.rank_in_group
        sizes = [1, 3]
        mine = torch.full((sizes[rank], 2), float(rank))
        for several in (mine, [mine, mine + 1]):
            result = communicator.all_gatherv(several, 0, sizes)
            first = result[0] if isinstance(result, list) else result
            assert isinstance(result, list) == isinstance(several, list)
            assert first[:, 0].tolist() == [0.0, 1.0, 1.0, 1.0]
        part = communicator.reduce_scatterv(torch.arange(4.0), 0, sizes)
        assert part.tolist() == [[0.0], [2.0, 4.0, 6.0]][rank]


def from_one_to_the_other() -> None:
    for communicator in communicators():
        if communicator.rank_in_group == 0:
            communicator.send(torch.arange(3))
            communicator.send(torch.ones(2, 2), 1)
        else:
            assert communicator.recv(torch.Size([3]), torch.int64).tolist() == [0, 1, 2]
            assert communicator.recv(torch.Size([2, 2]), torch.float32, 0).sum() == 4


def tokens() -> None:
    for communicator in communicators():
        rank = communicator.rank_in_group
        hidden = torch.full((2, 4), float(rank))
        weights, ids = torch.full((2, 1), 0.5), torch.full((2, 1), rank)
        everybody, _, their_ids = communicator.dispatch(hidden, weights, ids)
        assert everybody[:, 0].tolist() == [0.0, 0.0, 1.0, 1.0]
        assert their_ids.flatten().tolist() == [0, 0, 1, 1]
        states, logits = communicator.dispatch_router_logits(hidden, hidden + 1)
        assert torch.equal(logits, states + 1)
        assert communicator.combine(everybody)[:, 0].tolist() == [2.0 * rank] * 2


def life() -> None:
    own, made = communicators()
    model = torch.nn.Linear(2, 2)
    made.prepare_communication_buffer_for_model(model)
    made.destroy()
    made.destroy()
    # It gave back what was its own: the process groups are the coordinator's.
    assert own.all_reduce(torch.ones(1)).item() == 2


@pytest.mark.parametrize(
    "check",
    [collectives, into, uneven, from_one_to_the_other, tokens, life],
    ids=lambda f: f.__name__,
)
def test_a_communicator_by_itself(
    world_of: Callable[..., World], check: Callable[[], None]
) -> None:
    world_of(2, **TWO).run(check)


def test_the_communicator_of_a_destroyed_group_refuses_every_operation() -> None:
    gone = DestroyedCommunicator(unique_name="gone:0")
    operations = [name for name in dir(vd.DeviceCommunicatorBase) if not name.startswith("_")]
    assert "all_reduce" in operations
    for name in operations:
        with pytest.raises(vd.errors.GroupDestroyedError, match="gone:0"):
            getattr(gone, name)()
