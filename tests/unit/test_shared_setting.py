"""The setting that keeps a process's groups out of shared memory."""

from __future__ import annotations

import pytest

from vllm_distributed.transports.shm import negotiate as shared_agreement


@pytest.mark.parametrize("value", ["0", "false", "False", "OFF", " no "])
def test_it_can_be_said_in_the_usual_ways(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(shared_agreement.SETTING, value)
    answer = shared_agreement._own_answer()
    assert answer is shared_agreement._Answer.SWITCHED_OFF


@pytest.mark.parametrize("value", [None, "", "1", "true"])
def test_otherwise_memory_is_shared(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is None:
        monkeypatch.delenv(shared_agreement.SETTING, raising=False)
    else:
        monkeypatch.setenv(shared_agreement.SETTING, value)
    assert shared_agreement._own_answer() is shared_agreement._Answer.YES
