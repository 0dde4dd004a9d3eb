"""What balancing does with streams and events, where there are any."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["CpuGpuEvent", "device_stream"]


@contextmanager
def device_stream(stream: torch.Stream | None) -> Iterator[None]:
    """What is done within goes to a stream; None, and on the CPU: to where it goes anyhow."""
    if stream is None or stream.device.type != "cuda":
        yield
        return
    with torch.cuda.stream(stream):  # type: ignore[arg-type]
        yield


class CpuGpuEvent:
    """Something that one thread records and another one waits for, on the device as well where
    there is one. Source: vLLM."""

    def __init__(self) -> None:
        self._recorded = threading.Event()
        self._on_device: torch.Event | None = None

    def record(self, stream: torch.Stream | None = None) -> None:
        """Say that it has happened; what was given to the stream before is part of it."""
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
        return True
