"""Long runs of a publisher that loses batches and restarts, and of two processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[1] / "unit"))

from kv_events_fake import follow

from vllm_distributed.kv_events import (
    KVEventSubscriber,
    LostBatches,
    PublisherRestarted,
    ReceivedBatch,
)

STEPS = st.lists(st.sampled_from(["arrives", "arrives", "lost", "restarts"]), max_size=150)
STEPS_OF_PROCESSES = st.lists(
    st.sampled_from(
        ["arrives", "arrives", "arrives", "lost", "lost", "breaks", "comes back", "came back"]
    ),
    max_size=60,
)

PROGRAM = """
import os
import sys
from vllm_distributed.kv_events import AllBlocksCleared, KVEventBatch, ZmqEventPublisher
publisher = ZmqEventPublisher(0, sys.argv[1], sys.argv[2], buffer_steps=100_000)
print("begun", flush=True)
for number in range(1_000_000):
    publisher.publish(KVEventBatch(float(number), [AllBlocksCleared()], os.getpid()))
"""


@settings(max_examples=800, deadline=None)
@given(STEPS, st.integers(0, 40), st.booleans())
def test_random_losses_and_restarts(steps: list[str], kept: int, asks: bool) -> None:
    follow(steps, kept, asks=asks)


@settings(max_examples=300, deadline=None)
@given(STEPS_OF_PROCESSES, st.integers(0, 20), st.booleans())
def test_random_connections_to_random_processes(steps: list[str], kept: int, asks: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        follow(steps, kept, asks=asks, folder=folder)


def test_publishers_that_are_killed_and_come_back(tmp_path: Path) -> None:
    """Each batch comes once and in order, whoever publishes it."""
    addresses = [f"ipc://{tmp_path}/events", f"ipc://{tmp_path}/replay"]

    @contextmanager
    def publisher() -> Iterator[int]:
        """Its process, until it is killed."""
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *addresses], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "begun\n"
                yield process.pid
            finally:
                process.kill()

    with KVEventSubscriber(*addresses, first_sequence=0, max_waiting=1000) as subscriber:
        expected, said = 0, []
        for _ in range(5):
            with publisher() as pid:
                received = 0
                while received < 2000:
                    item = subscriber.receive(30)
                    assert item is not None, said
                    if not isinstance(item, ReceivedBatch):
                        said.append(item)
                    if isinstance(item, PublisherRestarted):
                        expected = 0 if item.certain else expected
                        continue
                    first = item.sequence if isinstance(item, ReceivedBatch) else item.first
                    assert first == expected, (item, said)
                    expected = (first if isinstance(item, ReceivedBatch) else item.last) + 1
                    if isinstance(item, ReceivedBatch):
                        assert item.batch.ts == item.sequence
                        received += item.batch.data_parallel_rank == pid
        restarts = [item for item in said if isinstance(item, PublisherRestarted)]
        assert len(restarts) >= 4 or any(isinstance(item, LostBatches) for item in said)
