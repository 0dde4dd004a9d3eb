"""Where the current configuration is kept. Costs nothing to import, unlike the configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm_distributed.config.parallel import ParallelConfig

__all__ = ["current", "replace"]

# Of the process and not of the thread or the context, as all parallel state is.
_current: ParallelConfig | None = None


def current() -> ParallelConfig | None:
    """Return the current configuration."""
    return _current


def replace(config: ParallelConfig | None) -> ParallelConfig | None:
    """Make `config` the current one and return what was."""
    global _current
    before, _current = _current, config
    return before
