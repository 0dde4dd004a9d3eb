"""Sleeping until another has changed a word of memory."""

from __future__ import annotations

import mmap
import threading
import time

import pytest

from vllm_distributed.transports.shm.futex import CAN_WAKE, address_of, sleep_while, wake
from vllm_distributed.transports.shm.wait import Wait

LONG_S = 60.0


def test_who_sleeps_is_woken() -> None:
    assert CAN_WAKE
    memory = mmap.mmap(-1, mmap.PAGESIZE)
    words = memoryview(memory).cast("Q")
    address = address_of(memory) + 8

    def sleeper() -> None:
        while not words[1]:
            sleep_while(address, 0, LONG_S)

    thread = threading.Thread(target=sleeper, daemon=True)
    thread.start()
    words[1] = 1  # before this the kernel lets it sleep, after it no more
    wake(address)
    thread.join(LONG_S / 2)
    assert not thread.is_alive()


@pytest.mark.parametrize("word", [1, 2**32 + 1, 2**64 - 1])
def test_nobody_sleeps_when_the_word_has_changed(word: int) -> None:
    memory = mmap.mmap(-1, mmap.PAGESIZE)
    memoryview(memory).cast("Q")[0] = word
    started = time.monotonic()
    sleep_while(address_of(memory), word - 1, LONG_S)
    assert time.monotonic() - started < LONG_S / 2


def test_a_sleep_ends_with_its_time() -> None:
    memory = mmap.mmap(-1, mmap.PAGESIZE)
    for seconds in (0.0, 0.001, 0.02):
        started = time.monotonic()
        sleep_while(address_of(memory), 0, seconds)
        assert seconds <= time.monotonic() - started < LONG_S


def test_a_wait_sleeps_as_it_is_told_and_ends_with_its_deadline() -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    deadline = time.monotonic() + 0.05
    wait = Wait(deadline, sleep)
    while wait.pause():
        pass
    assert time.monotonic() >= deadline
    assert slept
    assert 0 <= min(slept) <= max(slept) <= 0.001
