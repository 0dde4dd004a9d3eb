"""How a tensor on a device gets to the host's memory, as far as it can be seen without a device."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vllm_distributed.transports import staged

MANY = torch.arange(staged._SMALLEST_PINNED, dtype=torch.float32)


class Asked:
    """Stands in for `torch.empty` where there is memory that a device reaches."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, refuses: bool = False) -> None:
        self.pinned: list[bool] = []
        self._empty, self._refuses = torch.empty, refuses
        monkeypatch.setattr(torch, "empty", self)

    def __call__(self, *size: Any, pin_memory: bool = False, **how: Any) -> torch.Tensor:
        self.pinned.append(pin_memory)
        if self._refuses:
            raise RuntimeError("cannot pin")
        return self._empty(*size, **how)


def test_many_bytes_go_through_memory_that_the_device_reaches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch)
    strided = MANY.view(2, -1).t()
    copy = staged._copy_on_host(strided)
    assert asked.pinned == [True]
    assert torch.equal(copy, strided)
    assert copy.is_contiguous()


def test_few_bytes_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    assert torch.equal(staged._copy_on_host(MANY[:10]), MANY[:10])
    assert asked.pinned == []


def test_where_none_is_to_be_had_any_memory_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, refuses=True)
    assert torch.equal(staged._copy_on_host(MANY), MANY)
    assert asked.pinned == [True]
