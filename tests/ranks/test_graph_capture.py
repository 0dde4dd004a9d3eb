"""Blocks around groups: graph capture, another tensor parallel group, and communicators."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.distributed as dist
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.errors import (
    EnvironmentConflictError,
    GroupDestroyedError,
    GroupNotInitializedError,
    InvalidArgumentError,
    InvalidTypeError,
)


def capture_on_the_cpu() -> None:
    """Entered with no stream; collectives inside are the usual ones."""
    with vd.graph_capture(torch.device("cpu")) as context:
        assert isinstance(context, vd.GraphCaptureContext)
        assert context.stream is None
        assert vd.tensor_model_parallel_all_reduce(torch.ones(1)).item() == 2
    group = vd.get_tp_group()
    with group.graph_capture() as own:
        assert own.stream is None
    with group.graph_capture(context) as given:
        assert given is context
    with pytest.raises(RuntimeError, match="inside"), vd.graph_capture(group.device):
        raise RuntimeError("inside")


def test_capture_does_nothing_on_the_cpu(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(capture_on_the_cpu)


def test_capture_needs_groups_and_a_device(world_of: Callable[..., World]) -> None:
    with pytest.raises(GroupNotInitializedError), vd.graph_capture(torch.device("cpu")):
        pass
    world_of(1).run(capture_without_a_device)


def capture_without_a_device() -> None:
    if not torch.cuda.is_available():
        with (
            pytest.raises(InvalidArgumentError, match="cuda"),
            vd.graph_capture(torch.device("cuda")),
        ):
            pass


def patched() -> None:
    original, other = vd.get_tp_group(), vd.get_dp_group()
    assert original.world_size == other.world_size == 2
    with vd.patch_tensor_parallel_group(other):
        assert vd.get_tp_group() is other
        assert vd.get_tensor_model_parallel_rank() == other.rank_in_group
        total = vd.tensor_model_parallel_all_reduce(torch.tensor([vd.get_world_group().rank]))
        assert total.item() == sum(other.ranks)
        with (
            pytest.raises(EnvironmentConflictError, match=r"dp:0.*tp:0"),
            vd.patch_tensor_parallel_group(original),
        ):
            pass
        assert vd.get_tp_group() is other  # the refused one undid nothing
    assert vd.get_tp_group() is original
    with pytest.raises(ZeroDivisionError), vd.patch_tensor_parallel_group(other):
        raise ZeroDivisionError
    assert vd.get_tp_group() is original
    with pytest.raises(InvalidTypeError, match="str"), vd.patch_tensor_parallel_group("tp:0"):  # type: ignore[arg-type]
        pass


def test_another_tensor_parallel_group_for_a_block(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=2, data_parallel_size=2).run(patched)


def destroyed_within() -> None:
    """Destroying the groups inside the block brings no destroyed group back afterwards."""
    mine = vd.init_model_parallel_group([[0, 1]], 0, "gloo", group_name="draft")
    with vd.patch_tensor_parallel_group(mine):
        vd.destroy_model_parallel()
        assert vd.get_tp_group() is mine
    with pytest.raises(GroupNotInitializedError):
        vd.get_tp_group()
    mine.destroy()
    with pytest.raises(GroupDestroyedError), mine.graph_capture():
        pass
    with pytest.raises(GroupDestroyedError):
        mine.combine(torch.ones(1))
    vd.initialize_model_parallel(2)


def test_groups_destroyed_within_the_block(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(destroyed_within)


class Recorder(vd.DeviceCommunicatorBase):
    """A communicator of one's own, made with vLLM's keywords."""

    models: list[torch.nn.Module]

    def all_reduce(self, input_: torch.Tensor) -> torch.Tensor:
        return -super().all_reduce(input_)

    def prepare_communication_buffer_for_model(self, model: torch.nn.Module) -> None:
        self.models = [model]


def own_communicator() -> None:
    group = vd.get_tp_group()
    mine = Recorder(
        cpu_group=group.cpu_group,
        device=group.device,
        device_group=group.device_group,
        unique_name=group.unique_name,
    )
    assert (mine.rank_in_group, mine.world_size) == (group.rank_in_group, 2)
    ones = torch.ones(2, 4)
    assert mine.all_reduce(ones).unique().tolist() == [-2.0]
    assert mine.all_gather(ones).shape == (2, 8)
    assert mine.all_gatherv([ones, ones], 0, [2, 2])[1].shape == (4, 4)
    assert mine.reduce_scatter(ones).tolist() == [[2.0] * 2] * 2
    assert mine.reduce_scatterv(ones, 0, [2, 0]).size(0) == (2, 0)[mine.rank_in_group]
    assert (mine.gather(ones, 1) is None) == (mine.rank_in_group == 0)
    if mine.rank_in_group == 0:
        mine.send(ones)
    else:
        assert torch.equal(mine.recv(ones.size(), ones.dtype), ones)
    with pytest.raises(InvalidArgumentError, match="dim=5"):
        mine.all_gather(ones, 5)
    hidden, logits = mine.dispatch(ones, router_logits=ones)
    assert hidden.shape == logits.shape == (4, 4)
    assert mine.combine(hidden).tolist() == [[2.0] * 4] * 2
    model = torch.nn.Linear(2, 2)
    mine.prepare_communication_buffer_for_model(model)
    assert mine.models == [model]
    mine.destroy()
    # Every group is asked; those here have nothing to prepare.
    vd.prepare_communication_buffer_for_model(model)
    group.prepare_communication_buffer_for_model(model)
    with pytest.raises(InvalidTypeError, match="int"):
        vd.prepare_communication_buffer_for_model(1)  # type: ignore[arg-type]


def test_a_communicator_of_ones_own(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(own_communicator)


def switched() -> None:
    """The switch changes nothing about results."""
    for enable in (False, True):
        vd.set_custom_all_reduce(enable)
        group = vd.init_model_parallel_group([[0, 1]], 0, "gloo", group_name="switched")
        assert group.all_reduce(torch.ones(4)).tolist() == [2.0] * 4
        group.destroy()


def test_custom_all_reduce_can_be_switched(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(switched)


def siblings() -> None:
    group = vd.get_tp_group()
    one, other = group.make_sibling_device_group(), group.make_sibling_device_group("named")
    assert len({one, other, group.device_group}) == 3
    assert other.group_desc == "named"
    for sibling in (one, other):
        assert dist.get_process_group_ranks(sibling) == group.ranks
        tensor = torch.ones(1)
        dist.all_reduce(tensor, group=sibling)
        assert tensor.item() == group.world_size


def test_siblings_have_the_same_members(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(siblings)


def etp_is_tp() -> None:
    assert vd.get_etp_group() is vd.get_tp_group()


def test_without_a_size_of_its_own_the_engram_tensor_group_is_the_tensor_group(
    world_of: Callable[..., World],
) -> None:
    world_of(1).run(etp_is_tp)
