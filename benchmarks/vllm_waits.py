"""Where a worker of vLLM spends a step: what `vllm_matrix.py --where` has its workers extended by.

vLLM makes `Waits` part of its worker class, whose methods an engine calls in every worker. They
count the time in collectives of a group, and in waiting for the next step's message.
"""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Callable
from typing import Any

_COLLECTIVES = ("all_reduce", "all_gather", "gather", "broadcast", "broadcast_tensor_dict")
_PLACES = [
    *(("vllm.distributed.parallel_state", "GroupCoordinator", name) for name in _COLLECTIVES),
    ("vllm.distributed.device_communicators.shm_broadcast", "MessageQueue", "dequeue"),
    ("vllm.distributed.device_communicators.shm_broadcast", "MessageQueue", "enqueue"),
]
_seconds: dict[str, float] = {}
_calls: dict[str, int] = {}
_inside: list[str] = []


class Waits:
    """Methods of every worker."""

    def begin_waits(self) -> None:
        """Count from now on."""
        _seconds.clear()
        _calls.clear()
        for module, owner, name in _PLACES:
            found = getattr(importlib.import_module(module), owner)
            if not hasattr(getattr(found, name), "is_timed"):
                setattr(found, name, _timed(name, getattr(found, name)))

    def end_waits(self) -> dict[str, list[float]]:
        """Return of each call that was made: how often, and for how many seconds in all."""
        return {name: [_calls[name], _seconds[name]] for name in _seconds}


def _timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def timed(*arguments: Any, **options: Any) -> Any:
        if _inside:  # one that another is made of
            return call(*arguments, **options)
        _inside.append(name)
        started = time.perf_counter()
        try:
            return call(*arguments, **options)
        finally:
            _inside.pop()
            _seconds[name] = _seconds.get(name, 0.0) + time.perf_counter() - started
            _calls[name] = _calls.get(name, 0) + 1

    timed.is_timed = True  # type: ignore[attr-defined]
    return timed
