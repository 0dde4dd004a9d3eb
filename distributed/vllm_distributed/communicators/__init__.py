"""How bytes move within a group.

`Handle` is a message queue's here, as in vLLM; that of an operation under way has the same name in
`vllm_distributed` itself.
"""

from vllm_distributed.transports.device import DeviceCommunicatorBase
from vllm_distributed.transports.queue.handle import ExportedHandle as Handle
from vllm_distributed.transports.queue.queue import MessageQueue

__all__ = ["DeviceCommunicatorBase", "Handle", "MessageQueue"]
