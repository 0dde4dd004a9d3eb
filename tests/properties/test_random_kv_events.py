"""Long runs of a publisher that loses batches and restarts, and of two processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[1] / "unit"))

from kv_events_fake import follow

from vllm_distributed.kv_events import (
    KVEventSubscriber,
    PublisherRestarted,
    ReceivedBatch,
)

STEPS = st.lists(st.sampled_from(["arrives", "arrives", "lost", "restarts"]), max_size=150)
STEPS_OF_PROCESSES = st.lists(
    st.sampled_from(["arrives", "arrives", "arrives", "lost", "lost", "breaks", "comes back"]),
    max_size=60,
)

PROGRAM = """
import sys
from vllm_distributed.kv_events import AllBlocksCleared, KVEventBatch, ZmqEventPublisher
publisher = ZmqEventPublisher(0, sys.argv[1], sys.argv[2], buffer_steps=100_000)
print("begun", flush=True)
for number in range(10**9):
    publisher.publish(KVEventBatch(ts=float(number), events=[AllBlocksCleared()]))
"""


@settings(max_examples=6000, deadline=None)
@given(STEPS, st.integers(0, 40), st.booleans())
def test_random_losses_and_restarts(steps: list[str], kept: int, asks: bool) -> None:
    follow(steps, kept, asks=asks)


@settings(max_examples=600, deadline=None)
@given(STEPS_OF_PROCESSES, st.integers(0, 20), st.booleans())
def test_random_connections_to_random_processes(steps: list[str], kept: int, asks: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        follow(steps, kept, asks=asks, folder=folder)


def test_publishers_that_are_killed_and_come_back(tmp_path: Path) -> None:
    """Each batch comes once and in order, whoever publishes it."""
    addresses = [f"ipc://{tmp_path}/events", f"ipc://{tmp_path}/replay"]

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *addresses], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        return process

    process = begin()
    with KVEventSubscriber(*addresses, first_sequence=0, max_waiting=1000) as subscriber:
        for killed in range(4):
            expected, restarts, received = None, 0, 0
            while received < 3000:
                item = subscriber.receive(30)
                assert item is not None
                if isinstance(item, PublisherRestarted):
                    restarts += 1
                    expected = 0
                    continue
                first = item.sequence if isinstance(item, ReceivedBatch) else item.first
                assert expected is None or first == expected
                expected = (first if isinstance(item, ReceivedBatch) else item.last) + 1
                received += isinstance(item, ReceivedBatch)
                assert not isinstance(item, ReceivedBatch) or item.batch.ts == item.sequence
            assert restarts == (killed > 0)
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
            process = begin()
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
