"""Rank processes of `vllm_distributed`, served as typed gRPC calls.

`vllm_bridge.client` drives a pool from Python; `vllm-bridge serve` runs one. Code that a rank runs
has `emit`.
"""

from vllm_bridge.process.emissions import EMITTER
from vllm_bridge.version import __version__

__all__ = ["__version__", "emit"]


def emit(topic: str, value: object) -> bool:
    """Send a value to whoever has subscribed to a topic, while a call of this rank runs.

    For progress, tokens, and the like: it arrives before the call's result, or about then. The
    value travels as a result does, without objects of the rank. It returns when the value is on its
    way, and waits for no subscriber: one that reads too slowly misses the oldest values, and is
    told how many. May be called from any thread.

    Args:
        topic: 1 to 200 characters.
        value: numbers, text, bytes, lists, dicts, dense tensors; at most 1 MiB.

    Returns:
        Whether this process is a rank. Elsewhere nothing happens, so that the same code runs there.

    Raises:
        ValueError: the topic is none, or the value is too large.
        TypeError: the value, or something in it, cannot travel.
    """
    return EMITTER.emit(topic, value)
