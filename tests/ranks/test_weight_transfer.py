"""Weights from a trainer outside of the world to the ranks in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import weights_harness as weights
from rank_harness import World

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("shared_memory", [True, False], ids=["shared memory", "tcp"])
def test_each_rank_has_its_part_bit_by_bit(
    world_of: Callable[..., World], count: int, shared_memory: bool
) -> None:
    seed = count + shared_memory
    # Buckets smaller than some tensors, and larger than others.
    info = weights.info_for(count, shared_memory=shared_memory, packed_buffer_size_bytes=1000)
    threads = weights.Threads()
    model = weights.parameters(seed, count)

    def train() -> tuple[int, list[weights.Progress]]:
        steps: list[weights.Progress] = []
        engine = weights.trainer(info, model.tensors)
        version = engine.send_weights(on_progress=steps.append)
        engine.shutdown()
        return version, steps

    port = info.master_port
    threads.start("trainer", train)
    world = world_of(count, tensor_model_parallel_size=count)
    for rank, (version, wrong, steps) in enumerate(
        world.run(weights.world_serve, seed, count, port)
    ):
        assert (version, wrong) == (1, [])
        own = sum(model.part(name, rank, count).nbytes for name in model.tensors)
        assert steps[-1][:2] == (own, own)
        assert [step.done for step in steps] == sorted(step.done for step in steps)
    version, steps = threads.join()["trainer"]
    assert version == 1
    assert steps[-1].done == steps[-1].total == sum(each.nbytes for each in model.tensors.values())
