"""The sizes of a world, in one table: requests, assignments, worlds and ranks all read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vllm_bridge._generated.control_pb2 import WorldAssignment

ARGUMENTS = {
    "tensor_parallel_size": "tensor_model_parallel_size",
    "pipeline_parallel_size": "pipeline_model_parallel_size",
    "data_parallel_size": "data_parallel_size",
    "prefill_context_parallel_size": "prefill_context_model_parallel_size",
    "decode_context_parallel_size": "decode_context_model_parallel_size",
}
"""The field of each size in the messages, and the argument of `initialize_model_parallel`."""


@dataclass(frozen=True)
class WorldSizes:
    """The parallel sizes, named as in the messages."""

    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    data_parallel_size: int = 1
    prefill_context_parallel_size: int = 1
    decode_context_parallel_size: int = 1

    @classmethod
    def of(cls, assignment: WorldAssignment) -> WorldSizes:
        """The sizes of the world that a rank is assigned to."""
        return cls(**{name: getattr(assignment, name) for name in ARGUMENTS})

    @property
    def world_size(self) -> int:
        """Number of ranks. Decode context parallelism divides the tensor parallel ranks."""
        return (
            self.tensor_parallel_size
            * self.pipeline_parallel_size
            * self.data_parallel_size
            * self.prefill_context_parallel_size
        )

    def named(self) -> dict[str, Any]:
        """Sizes by the field of the messages."""
        return dict(vars(self))

    def arguments(self) -> dict[str, Any]:
        """Sizes by the argument of `initialize_model_parallel`."""
        return {ARGUMENTS[name]: size for name, size in self.named().items()}
