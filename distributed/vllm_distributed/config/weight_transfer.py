"""WeightTransferConfig: how weights come from a trainer."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from vllm_distributed.config.settings import SETTINGS, undoes_refused_assignments

__all__ = ["WeightTransferConfig"]


@undoes_refused_assignments()
@dataclass(config=SETTINGS)
class WeightTransferConfig:
    """How weights come from a trainer. Source: vLLM.

    Raises:
        ValidationError: naming field, value and rule, for a value out of range or an unknown field.
    """

    backend: str = "nccl"
    """A name in `WeightTransferEngineFactory`: `cpu`, `nccl`, or one that was registered there."""
