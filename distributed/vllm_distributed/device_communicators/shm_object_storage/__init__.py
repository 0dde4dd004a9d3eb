"""Objects that one process stores and the others of its node read, out of shared memory.

vLLM's `vllm.distributed.device_communicators.shm_object_storage`, with nothing pickled, and with no
lock that a killed reader could hold. docs/object-storage.md says more.
"""

from vllm_distributed.device_communicators.shm_object_storage.ring_buffer import (
    SingleWriterShmRingBuffer,
)
from vllm_distributed.device_communicators.shm_object_storage.serde import (
    MsgpackSerde,
    ObjectSerde,
)
from vllm_distributed.device_communicators.shm_object_storage.storage import (
    ShmObjectStorageHandle,
    SingleWriterShmObjectStorage,
)

__all__ = [
    "MsgpackSerde",
    "ObjectSerde",
    "ShmObjectStorageHandle",
    "SingleWriterShmObjectStorage",
    "SingleWriterShmRingBuffer",
]
