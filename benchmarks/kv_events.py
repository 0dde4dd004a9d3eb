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

import zmq

from vllm_distributed.kv_events import (
    BlockStored,
    KVEventBatch,
    KVEventSubscriber,
    ReceivedBatch,
    ZmqEventPublisher,
)

ROUNDS = 5


def event(number: int, blocks: int) -> BlockStored:
    hashes: list[bytes | int] = [number * blocks + block for block in range(blocks)]
    return BlockStored(hashes, None, list(range(16 * blocks)), 16, None, "GPU", None)


def publish(how: str, address: str, batches: int, blocks: int) -> None:
    """Publish on each line that is read."""
    events = [event(number, blocks) for number in range(64)]
    if how == "ours":
        publisher = ZmqEventPublisher(0, address, f"{address}-replay")
        for _ in sys.stdin:
            for number in range(batches):
                publisher.publish(KVEventBatch(ts=1.0, events=[events[number % 64]]))
        publisher.shutdown()
        return
    pub = zmq.Context.instance().socket(zmq.PUB)
    pub.set_hwm(100_000)
    pub.bind(address)
    for _ in sys.stdin:
        for number in range(batches):
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


def seconds(how: str, batches: int, blocks: int) -> float:
    """How long the batches take from the first that is published to the last that is read."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"ipc://{folder}/events"
        process = subprocess.Popen(
            [
                *(sys.executable, __file__, "--publish", how, address),
                *("--batches", str(batches), "--blocks", str(blocks)),
            ],
            stdin=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        if how == "ours":
            with KVEventSubscriber(address, f"{address}-replay", max_waiting=100_000) as found:
                time.sleep(2)  # connected by then
                begun = time.perf_counter()
                print(file=process.stdin, flush=True)
                for _ in range(batches):
                    assert isinstance(found.receive(30), ReceivedBatch)
        else:
            sub = zmq.Context.instance().socket(zmq.SUB)
            sub.set_hwm(100_000)
            sub.connect(address)
            sub.setsockopt(zmq.SUBSCRIBE, b"")
            time.sleep(2)
            begun = time.perf_counter()
            print(file=process.stdin, flush=True)
            for _ in range(batches):
                assert json.loads(sub.recv())["events"]
            sub.close()
        taken = time.perf_counter() - begun
        process.stdin.close()
        process.wait()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=20_000)
    parser.add_argument("--blocks", type=int, default=16)
    parser.add_argument("--publish", nargs=2)
    given = parser.parse_args()
    if given.publish:
        publish(*given.publish, given.batches, given.blocks)
        return
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(ROUNDS):
        for how in times:
            times[how].append(seconds(how, given.batches, given.blocks))
    ours, plain = (statistics.median(times[how]) for how in ("ours", "plain"))
    print(
        f"batches of {given.blocks} blocks: {given.batches / ours:,.0f}/s, plain JSON "
        f"{given.batches / plain:,.0f}/s: {plain / ours:.2f} x"
    )


if __name__ == "__main__":
    main()
