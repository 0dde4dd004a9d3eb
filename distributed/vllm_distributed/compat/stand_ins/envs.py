"""`vllm.envs`: the environment variables that groups and collectives go by, read when asked for."""

from __future__ import annotations

import os
from collections.abc import Callable

__all__ = ["environment_variables", "is_set"]


def _text(name: str, default: str | None) -> Callable[[], str | None]:
    return lambda: os.environ.get(name, default)


def _number(name: str, default: int | None) -> Callable[[], int | None]:
    return lambda: int(os.environ[name]) if os.environ.get(name) else default


def _switch(name: str) -> Callable[[], bool]:
    return lambda: os.environ.get(name, "0").strip().lower() in ("1", "true")


environment_variables: dict[str, Callable[[], object]] = {
    "LOCAL_RANK": _number("LOCAL_RANK", 0),
    "VLLM_ALLOW_INSECURE_SERIALIZATION": _switch("VLLM_ALLOW_INSECURE_SERIALIZATION"),
    "VLLM_ALL2ALL_BACKEND": _text("VLLM_ALL2ALL_BACKEND", "allgather_reducescatter"),
    "VLLM_BATCH_INVARIANT": _switch("VLLM_BATCH_INVARIANT"),
    "VLLM_DISTRIBUTED_USE_SPLIT_GROUP": _switch("VLLM_DISTRIBUTED_USE_SPLIT_GROUP"),
    "VLLM_DP_MASTER_IP": _text("VLLM_DP_MASTER_IP", "127.0.0.1"),
    "VLLM_DP_MASTER_PORT": _number("VLLM_DP_MASTER_PORT", 0),
    "VLLM_DP_RANK": _number("VLLM_DP_RANK", 0),
    "VLLM_DP_RANK_LOCAL": _number("VLLM_DP_RANK_LOCAL", None),
    "VLLM_DP_SIZE": _number("VLLM_DP_SIZE", 1),
    "VLLM_HOST_IP": _text("VLLM_HOST_IP", ""),
    "VLLM_LOGGING_LEVEL": _text("VLLM_LOGGING_LEVEL", "INFO"),
    "VLLM_LOOPBACK_IP": _text("VLLM_LOOPBACK_IP", ""),
    "VLLM_MQ_MAX_CHUNK_BYTES_MB": _number("VLLM_MQ_MAX_CHUNK_BYTES_MB", 24),
    "VLLM_PORT": _number("VLLM_PORT", None),
    "VLLM_PP_LAYER_PARTITION": _text("VLLM_PP_LAYER_PARTITION", None),
    "VLLM_RINGBUFFER_WARNING_INTERVAL": _number("VLLM_RINGBUFFER_WARNING_INTERVAL", 60),
}
"""What reads each variable, by name."""


def is_set(name: str) -> bool:
    """Return whether a variable of `environment_variables` is in the environment.

    Raises `AttributeError` for any other name.
    """
    if name not in environment_variables:
        raise AttributeError(f"module 'vllm.envs' has no attribute {name!r}")
    return name in os.environ


def __getattr__(name: str) -> object:
    read = environment_variables.get(name)
    if read is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return read()


def __dir__() -> list[str]:
    return sorted(environment_variables)
