"""Publishers of the library, told by lines on stdin what to do.

bind ENDPOINT REPLAY_ENDPOINT HWM     another publisher; prints its two addresses
publish NUMBER COUNT TOKENS           batches of the publisher of that number; prints "done"
"""

from __future__ import annotations

import sys

from vllm_distributed.kv_events import BlockRemoved, BlockStored, KVEventBatch, ZmqEventPublisher

publishers: list[ZmqEventPublisher] = []
published: list[int] = []


def batch(number: int, tokens: int) -> KVEventBatch:
    hashes: list[bytes | int] = [number, number.to_bytes(32, "big")]
    stored = BlockStored(hashes, None, list(range(tokens)), 16, None, "GPU", "größer")
    return KVEventBatch(ts=float(number), events=[stored, BlockRemoved([number], None)])


print("ready", flush=True)
for line in sys.stdin:
    command, *words = line.split()
    if command == "bind":
        endpoint, replay_endpoint, hwm = words
        publisher = ZmqEventPublisher(
            0, endpoint, replay_endpoint, buffer_steps=50, hwm=int(hwm), topic="kv@here"
        )
        publishers.append(publisher)
        published.append(0)
        config = publisher.get_publisher_config()
        print(config.endpoint, config.replay_endpoint, flush=True)
    else:
        which, count, tokens = map(int, words)
        for _ in range(count):
            publishers[which].publish(batch(published[which], tokens))
            published[which] += 1
        print("done", flush=True)
for publisher in publishers:
    publisher.shutdown()
