"""How bytes move within a group."""

from vllm_distributed.communicators.device import DeviceCommunicatorBase
from vllm_distributed.communicators.message_queue import MessageQueue

__all__ = ["DeviceCommunicatorBase", "MessageQueue"]
