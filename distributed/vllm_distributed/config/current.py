"""The current configuration: what init functions go by where they are not told otherwise.

Costs nothing to import, unlike the configurations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from vllm_distributed.durations import of_seconds
from vllm_distributed.errors import InvalidTypeError

if TYPE_CHECKING:
    from vllm_distributed.config.parallel import ParallelConfig

__all__ = [
    "get_cpu_distributed_timeout_or_none",
    "get_current_parallel_config_or_none",
    "get_distributed_timeout_or_none",
    "set_current_parallel_config",
    "set_source",
]

# Of the process and not of the thread or the context, as all parallel state is.
_current: ParallelConfig | None = None
# Asked where none was made current here: a program's own place for it, such as vLLM's.
_source: Callable[[], ParallelConfig | None] | None = None


@contextmanager
def set_current_parallel_config(config: ParallelConfig | None) -> Iterator[ParallelConfig | None]:
    """Make `config` the current one while the context lasts, and give it.

    Under it `init_distributed_environment` and `initialize_model_parallel` take from it what they
    are not told: see there. The process has one current configuration, whichever thread asks.
    Contexts may be nested; None means none meanwhile.

    Raises:
        InvalidTypeError: for anything else than a `ParallelConfig`.
    """
    global _current
    from vllm_distributed.config.parallel import ParallelConfig

    if config is not None and not isinstance(config, ParallelConfig):
        raise InvalidTypeError(
            f"config must be a ParallelConfig or None, got {type(config).__name__}"
        )
    before, _current = _current, config
    try:
        yield config
    finally:
        _current = before


def get_current_parallel_config_or_none() -> ParallelConfig | None:
    """Return the configuration that `set_current_parallel_config` made current, if any."""
    return _source() if _current is None and _source is not None else _current


def set_source(source: Callable[[], ParallelConfig | None] | None) -> None:
    """Ask `source` for the current configuration where none was made current here. Local to the
    process."""
    global _source
    _source = source


def get_distributed_timeout_or_none() -> timedelta | None:
    """Return the current configuration's `distributed_timeout_seconds` as a duration.

    None without one, or without a configuration.
    """
    config = get_current_parallel_config_or_none()
    return _seconds(None if config is None else config.distributed_timeout_seconds)


def get_cpu_distributed_timeout_or_none() -> timedelta | None:
    """Return the current configuration's `cpu_distributed_timeout_seconds` as a duration.

    None without one, or without a configuration.
    """
    config = get_current_parallel_config_or_none()
    return _seconds(None if config is None else config.cpu_distributed_timeout_seconds)


def _seconds(seconds: int | None) -> timedelta | None:
    return None if seconds is None else of_seconds(seconds)
