"""`vllm.config` beside the parallel configuration: `VllmConfig` and the current one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vllm_distributed.config.current import (
    get_current_parallel_config_or_none,
    set_current_parallel_config,
)
from vllm_distributed.config.parallel import ParallelConfig
from vllm_distributed.errors import EnvironmentNotInitializedError

__all__ = [
    "VllmConfig",
    "get_current_vllm_config",
    "get_current_vllm_config_or_none",
    "set_current_vllm_config",
]


@dataclass
class VllmConfig:
    """A parallel configuration under the name that vLLM keeps it by."""

    parallel_config: ParallelConfig = field(default_factory=ParallelConfig)
    """How the model is laid out over processes."""
    model_config: Any = None
    """Not read: there is no engine."""


_current: VllmConfig | None = None


@contextmanager
def set_current_vllm_config(
    vllm_config: VllmConfig, check_compile: bool = False, prefix: str | None = None
) -> Iterator[None]:
    """Make a configuration the current one, and its parallel configuration that of this package,
    while the context lasts. The other arguments concern vLLM's compiler: they are not read."""
    global _current
    before, _current = _current, vllm_config
    try:
        with set_current_parallel_config(vllm_config.parallel_config):
            yield
    finally:
        _current = before


def get_current_vllm_config_or_none() -> VllmConfig | None:
    """Return the current configuration; one around the current `ParallelConfig` where only that was
    set; None where there is none."""
    if _current is not None:
        return _current
    config = get_current_parallel_config_or_none()
    return None if config is None else VllmConfig(config)


def get_current_vllm_config() -> VllmConfig:
    """Return the current configuration.

    Raises `EnvironmentNotInitializedError` where there is none.
    """
    config = get_current_vllm_config_or_none()
    if config is None:
        raise EnvironmentNotInitializedError(
            "there is no current configuration: use set_current_vllm_config(VllmConfig(...))"
        )
    return config
