"""How bytes move within a group."""

from vllm_distributed.communicators.base import DeviceCommunicatorBase
from vllm_distributed.communicators.gloo import GlooCommunicator
from vllm_distributed.communicators.solo import SoloCommunicator

__all__ = ["DeviceCommunicatorBase", "GlooCommunicator", "SoloCommunicator"]
