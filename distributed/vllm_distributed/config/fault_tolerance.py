"""FaultToleranceConfig: what an engine does about a fault."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from vllm_distributed.config.kinds import NotNegative
from vllm_distributed.config.settings import SETTINGS, undoes_refused_assignments

__all__ = ["FaultToleranceConfig"]


@undoes_refused_assignments()
@dataclass(config=SETTINGS)
class FaultToleranceConfig:
    """What an engine does about a fault.

    Raises:
        ValidationError: naming field, value and rule, for a value out of range or an unknown field.
    """

    engine_recovery_timeout_sec: NotNegative = 120
    """How many seconds an engine that failed waits to be told what to do, before it raises the
    error."""
