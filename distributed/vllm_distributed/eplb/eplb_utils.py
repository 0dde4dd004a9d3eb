"""What balancing does with streams and events, where there are any."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from vllm_distributed.errors import InvalidArgumentError

if TYPE_CHECKING:
    from vllm_distributed.config.parallel import ParallelConfig

__all__ = ["CpuGpuEvent", "EventStateError", "device_stream", "override_envs_for_eplb"]


@contextmanager
def device_stream(stream: torch.Stream | None) -> Iterator[None]:
    """What is done within goes to a stream; None, and on the CPU: to where it goes anyhow."""
    if stream is None or stream.device.type != "cuda":
        yield
        return
    with torch.cuda.stream(stream):  # type: ignore[arg-type]
        yield


class CpuGpuEvent:
    """What one thread records and another one waits for, on the device as well where there is one;
    again and again, each wait taking one record. Source: vLLM."""

    def __init__(self) -> None:
        self._recorded = threading.Event()
        self._on_device: torch.Event | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether it has happened and nobody has waited for it since."""
        return self._recorded.is_set()

    def record(self, stream: torch.Stream | None = None) -> None:
        """Say that it has happened; what was given to the stream before is part of it.

        Raises `InvalidArgumentError`, a `RuntimeError` too, where nobody has waited since the last.
        """
        if self._recorded.is_set():
            raise EventStateError(
                "CpuGpuEvent.record() called before the previous event was consumed by wait()"
            )
        if torch.cuda.is_available():
            self._on_device = torch.Event(device="cuda")
            self._on_device.record(stream)
        self._recorded.set()

    def wait(self, stream: torch.Stream | None = None, timeout_s: float | None = None) -> bool:
        """Wait until it has happened; the stream waits for the device's part. False where it has
        not within `timeout_s` seconds."""
        if not self._recorded.wait(timeout_s):
            return False
        if self._on_device is not None:
            self._on_device.wait(stream)
        self._recorded.clear()
        return True


class EventStateError(InvalidArgumentError, RuntimeError):
    """An event was recorded twice."""


def override_envs_for_eplb(parallel_config: ParallelConfig, moe_backend: str | None = None) -> None:
    """Leave some of a GPU to kernels that need all of it while NCCL moves experts: set
    `NCCL_MAX_CTAS` to 8, unless it is set, where experts move over NCCL between data parallel
    replicas and `moe_backend` is `deep_gemm_mega_moe`. Local. Source: vLLM."""
    over_nccl = parallel_config.eplb_config.communicator in ("torch_nccl", "pynccl")
    wanted = parallel_config.data_parallel_size > 1 and parallel_config.enable_eplb and over_nccl
    is_set = os.environ.get("NCCL_MAX_CTAS", "").isdigit()
    if wanted and moe_backend == "deep_gemm_mega_moe" and not is_set:
        os.environ["NCCL_MAX_CTAS"] = "8"
