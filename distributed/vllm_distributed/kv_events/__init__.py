"""Events of a KV cache: which blocks were stored and removed, published by who holds the cache and
followed by who routes requests to it.

vLLM's `vllm.distributed.kv_events`, and wire-compatible with it: batches are msgspec structs in
msgpack, one ZeroMQ message each, behind a topic and a sequence number of 8 bytes. What vLLM
publishes can be followed with `KVEventSubscriber`, and what `ZmqEventPublisher` sends can be
followed by vLLM's own subscribers. docs/kv-events.md says more.

Needs msgspec and pyzmq, the extra `events` (`pip install 'vllm-distributed[events]'`).
"""

from __future__ import annotations

from vllm_distributed.kv_events.libraries import need

need("msgspec", "zmq")

from vllm_distributed.kv_events.aggregator import (  # noqa: E402 - they import msgspec
    KVConnectorKVEvents,
    KVEventAggregator,
)
from vllm_distributed.kv_events.events import (  # noqa: E402
    MEDIUM_CPU,
    MEDIUM_GPU,
    MEDIUM_STORAGE,
    AllBlocksCleared,
    BlockRemoved,
    BlockStored,
    EventBatch,
    ExternalBlockHash,
    KVCacheEvent,
    KVEventBatch,
    decode_batch,
    encode_batch,
)
from vllm_distributed.kv_events.items import (  # noqa: E402
    LostBatches,
    PublisherRestarted,
    ReceivedBatch,
    SubscriberCounts,
)
from vllm_distributed.kv_events.publisher import (  # noqa: E402
    EventPublisher,
    EventPublisherFactory,
    NullEventPublisher,
    ZmqEventPublisher,
)
from vllm_distributed.kv_events.subscriber import KVEventSubscriber  # noqa: E402

__all__ = [
    "MEDIUM_CPU",
    "MEDIUM_GPU",
    "MEDIUM_STORAGE",
    "AllBlocksCleared",
    "BlockRemoved",
    "BlockStored",
    "EventBatch",
    "EventPublisher",
    "EventPublisherFactory",
    "ExternalBlockHash",
    "KVCacheEvent",
    "KVConnectorKVEvents",
    "KVEventAggregator",
    "KVEventBatch",
    "KVEventSubscriber",
    "LostBatches",
    "NullEventPublisher",
    "PublisherRestarted",
    "ReceivedBatch",
    "SubscriberCounts",
    "ZmqEventPublisher",
    "decode_batch",
    "encode_batch",
]
