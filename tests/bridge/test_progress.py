"""How far a world's start is, and the import of a module, as both Python clients tell it."""

from __future__ import annotations

import asyncio

import pytest
from pool_harness import Pool

from vllm_bridge import aio
from vllm_bridge.client import BridgeError, Progress, connect


def rises(told: list[Progress]) -> None:
    """The last one says that all ranks are up, and none before it that there are more."""
    assert all(0 <= progress.done <= progress.total == 2 for progress in told)
    assert told[-1].done == 2
    world = told[-1].world
    assert world is not None
    assert len(world.ranks) == 2
    assert len({progress.done for progress in told}) >= 2, told


def test_a_start_and_an_import_are_told(real_pool: Pool) -> None:
    told: list[Progress] = []
    with connect(real_pool.endpoint) as client:
        with client.start_world(tensor_parallel_size=2, on_progress=told.append) as world:
            rises(told)
            assert told[-1].world is not None
            assert told[-1].world.world_id == world.world_id
            loaded: list[Progress] = []
            with pytest.raises(BridgeError):
                world.load("no_such_module", on_progress=loaded.append)
            assert [progress.done for progress in loaded] == [1, 2]
            assert {progress.rank for progress in loaded} == {0, 1}
        with pytest.raises(BridgeError) as caught:
            client.start_world(on_progress=5)  # type: ignore[arg-type]
        assert caught.value.reason == "wrong_type"

        def fail(progress: Progress) -> None:
            raise RuntimeError("mine")

        with client.start_world(on_progress=fail) as world:
            assert world.call("get_tensor_model_parallel_world_size") == [1]


def test_a_start_is_told_to_an_event_loop(real_pool: Pool) -> None:
    async def start() -> list[Progress]:
        told: list[Progress] = []
        async with (
            aio.connect(real_pool.endpoint) as client,
            client.start_world(tensor_parallel_size=2, on_progress=told.append),
        ):
            return told

    rises(asyncio.run(start()))
