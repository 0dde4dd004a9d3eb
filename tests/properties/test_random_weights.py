"""Long random transfers of weights, and trainers that are killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from typing import Any

import pytest
import weights_harness as weights
import weights_schedules
from test_weight_transfer_failures import MODEL, end, serve_in_a_process, started
from weights_harness import Group

from vllm_distributed.errors import WeightTransferError, WeightTransferTimeoutError

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("seed", range(1000, 1003))
def test_random_transfers(seed: int) -> None:
    assert weights_schedules.run(seed, time.monotonic() + 3, most_targets=8) > 3


def train(port_of: Any, seed: int, count: int, shared_memory: bool) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port_of.send(listener.getsockname()[1])
    info = weights.info_for(
        count, listen_socket=listener, packed_buffer_size_bytes=64, shared_memory=shared_memory
    )
    engine = weights.trainer(info, weights.parameters(seed, count).tensors)
    port_of.send("met")
    engine.send_weights()
    port_of.send("sent")
    signal.pause()


def test_trainers_that_are_killed_at_any_moment() -> None:
    choose = random.Random(7)
    until = time.monotonic() + 10
    old = new = 0
    while time.monotonic() < until:
        count, seed = choose.randint(1, 4), choose.randrange(1000)
        group = Group(count, weights.parameters(seed, count))
        ours, theirs = weights.context.Pipe()
        shared_memory = choose.random() < 0.5
        process = weights.context.Process(
            target=train, args=(theirs, seed, count, shared_memory), daemon=True
        )
        process.start()
        theirs.close()
        port = ours.recv()
        threads = weights.Threads()
        for rank, engine in enumerate(group.engines):

            def serve(engine: Any = engine) -> Any:
                return weights.joined(engine, port, count).receive_update()  # noqa: B023

            threads.start(rank, serve)
        assert ours.recv() == "met"
        ours.poll(choose.random() * 0.05)  # some time, or until it has sent all
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join(20)
        results = threads.join()
        versions = {engine.weight_version for engine in group.engines}
        # All or none of them, and what they say is what they have.
        assert len(versions) == 1, results
        if versions == {1}:
            new += 1
            assert group.is_new()
            assert set(results.values()) == {1}
        else:
            old += 1
            assert group.is_old()
            for result in results.values():
                assert isinstance(result, WeightTransferError)
                assert result.details["gone"] == ["trainer"]
        assert set(group.meet().round().values()) == {versions.pop() + 1}
        assert group.is_new()
        group.close()
    assert old > 0
    print(f"{old} rounds ended with the old weights, {new} with the new")


def test_a_target_that_stops_is_named_at_the_deadline() -> None:
    group = Group(3, MODEL)
    info = weights.info_for(3, packed_buffer_size_bytes=500, timeout_s=0.6)
    process, pipe = started(serve_in_a_process, info.master_port, 1)
    port = info.master_port
    threads = weights.Threads()
    for rank in (0, 2):
        engine = group.engines[rank]
        threads.start(
            rank, lambda engine=engine: weights.joined(engine, port, 3, 0.6).receive_update()
        )
    threads.start("trainer", lambda: weights.trainer(info, MODEL.tensors).send_weights())
    assert pipe.recv() > 0
    os.kill(process.pid, signal.SIGSTOP)
    for result in threads.join().values():
        assert isinstance(result, WeightTransferTimeoutError)
        assert result.details["missing"] == ["target 1"], str(result)
    end(process)
    assert group.is_old()


def test_a_trainer_that_is_not_there_is_named() -> None:
    group = Group(3, MODEL)
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(WeightTransferTimeoutError, match=r"trainer did not come within 0\.3 s"),
    ):
        weights.joined(group.engines[0], taken.getsockname()[1], 3, 0.3)
