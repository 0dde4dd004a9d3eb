"""How bytes move within a group."""

from vllm_distributed.transports.device import DeviceCommunicatorBase
from vllm_distributed.transports.queue.queue import MessageQueue

__all__ = ["DeviceCommunicatorBase", "MessageQueue"]
