"""Batches of events per second, from a publisher to a subscriber in another process, beside the
plainest code that does it: JSON in a ZeroMQ message, without numbers, replay and a thread.

    python benchmarks/kv_events.py [--batches 20000] [--blocks 16]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import zmq

from vllm_distributed.kv_events import (
    BlockStored,
    KVEventBatch,
    KVEventSubscriber,
    ReceivedBatch,
    ZmqEventPublisher,
)

ROUNDS = 3


def event(number: int, blocks: int) -> BlockStored:
    hashes: list[bytes | int] = [number * blocks + block for block in range(blocks)]
    return BlockStored(hashes, None, list(range(16 * blocks)), 16, None, "GPU", None)


def publish(how: str, address: str, blocks: int) -> None:
    """Publish as many batches as each line says."""
    events = [event(number, blocks) for number in range(64)]
    if how == "ours":
        publisher = ZmqEventPublisher(0, address, f"{address}-replay")
        print("listening", flush=True)
        for line in sys.stdin:
            for number in range(int(line)):
                publisher.publish(KVEventBatch(ts=1.0, events=[events[number % 64]]))
        publisher.shutdown()
        return
    pub = zmq.Context.instance().socket(zmq.PUB)
    pub.set_hwm(100_000)
    pub.bind(address)
    print("listening", flush=True)
    for line in sys.stdin:
        for number in range(int(line)):
            stored = events[number % 64]
            plain = {
                "ts": 1.0,
                "events": [
                    {
                        "type": "BlockStored",
                        "block_hashes": stored.block_hashes,
                        "parent_block_hash": None,
                        "token_ids": stored.token_ids,
                        "block_size": 16,
                        "lora_id": None,
                        "medium": "GPU",
                        "lora_name": None,
                    }
                ],
            }
            pub.send(json.dumps(plain).encode())
    pub.close()


@contextmanager
def receiver(how: str, address: str) -> Iterator[Callable[[], object]]:
    """What returns the next batch."""
    if how == "ours":
        with KVEventSubscriber(address, f"{address}-replay", max_waiting=100_000) as subscriber:
            assert subscriber.receive(0.5) is None  # connected by then

            def receive() -> object:
                item = subscriber.receive(30)
                assert isinstance(item, ReceivedBatch), (item, subscriber.counts)
                return item

            yield receive
        return
    sub = zmq.Context.instance().socket(zmq.SUB)
    sub.set_hwm(100_000)
    sub.connect(address)
    sub.setsockopt(zmq.SUBSCRIBE, b"")
    time.sleep(0.5)
    yield lambda: json.loads(sub.recv())["events"]
    sub.close()


def seconds(how: str, counts: list[int], blocks: int) -> list[float]:
    """How long so many batches take, until the last is read."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [
                *(sys.executable, __file__, "--publish", how, f"ipc://{folder}/events"),
                *("--blocks", str(blocks)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        taken = []
        with receiver(how, f"ipc://{folder}/events") as receive:
            for count in counts:
                begun = time.perf_counter()
                print(count, file=process.stdin, flush=True)
                for _ in range(count):
                    receive()
                taken.append(time.perf_counter() - begun)
        process.stdin.close()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=20_000)
    parser.add_argument("--blocks", type=int, default=16)
    parser.add_argument("--publish", nargs=2)
    given = parser.parse_args()
    if given.publish:
        publish(*given.publish, given.blocks)
        return
    many: dict[str, list[float]] = {"ours": [], "plain": []}
    one: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(ROUNDS):
        for how in many:
            *singles, all_of_them = seconds(how, [1] * 200 + [given.batches], given.blocks)
            many[how].append(all_of_them)
            one[how] += singles
    ours, plain = (statistics.median(many[how]) for how in ("ours", "plain"))
    print(
        f"batches of {given.blocks} blocks: {given.batches / ours:,.0f}/s, plain JSON "
        f"{given.batches / plain:,.0f}/s: {plain / ours:.2f} x"
    )
    ours, plain = (statistics.median(one[how]) * 1e6 for how in ("ours", "plain"))
    print(f"one batch: {ours:.0f} us, plain JSON {plain:.0f} us: {plain / ours:.2f} x")


if __name__ == "__main__":
    main()
