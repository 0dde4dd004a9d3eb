"""Long means long: no length of time is too long for a clock below, and none wraps to nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from torch.distributed import HashStore, TCPStore

import vllm_distributed as vd
from vllm_distributed.config.world import _seconds
from vllm_distributed.durations import LONGEST, check_timeout, of_seconds
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

LONG = {
    "timedelta.max": timedelta.max,
    "250 years": timedelta(days=250 * 365.25),
    "2**63-1 us": timedelta(microseconds=2**63 - 1),
    "ten years and a day": timedelta(days=3651),
}


@pytest.mark.parametrize("name", LONG)
def test_what_is_longer_than_clocks_can_count_is_as_long_as_they_can(name: str) -> None:
    assert check_timeout("timeout", LONG[name]) == LONGEST
    assert of_seconds(LONG[name].total_seconds()) == LONGEST


@pytest.mark.parametrize("seconds", [2**63 - 1, 10**22, 10**400, 3.2e8])
def test_any_number_of_seconds_is_a_time(seconds: float) -> None:
    assert of_seconds(seconds) == _seconds(seconds) == LONGEST  # type: ignore[arg-type]


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(InvalidTypeError, match="timedelta"):
        check_timeout("timeout", 5)  # type: ignore[arg-type]
    for value in (timedelta(0), timedelta.min):
        with pytest.raises(InvalidArgumentError, match="positive"):
            check_timeout("timeout", value)


def goes_on(call: Callable[[], Any]) -> bool:
    """Return whether a call that waits for somebody else is not over at once."""
    ended = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    over = ended.wait(0.3)
    assert not failed, failed
    return not over


@pytest.mark.parametrize("name", LONG)
def test_waits_of_any_length_are_not_over_at_once(name: str) -> None:
    limit, seconds = LONG[name], LONG[name].total_seconds()
    server = TCPStore("127.0.0.1", 0, None, True, timedelta(seconds=5), wait_for_workers=False)
    group = vd.StatelessProcessGroup(0, 2, server.clone(), int(seconds), timeout=seconds)
    assert goes_on(lambda: group.barrier(seconds))
    other = vd.StatelessProcessGroup(0, 2, server.clone(), 2**63, timeout=2**63)
    assert goes_on(lambda: other.recv_obj(1))
    assert goes_on(lambda: vd.init_gloo_process_group(HashStore(), 0, 2, limit))
    queue = vd.MessageQueue(1, 1, timeout=limit)
    assert goes_on(queue.wait_until_ready)
    reader = vd.MessageQueue.create_from_handle(queue.export_handle(), 0)
    reader.wait_until_ready()
    assert goes_on(lambda: reader.dequeue(timeout=seconds))
    queue.shutdown()
    reader._stopped.set()


def test_a_world_of_any_timeout_comes_up() -> None:
    vd.init_distributed_environment(1, 0, "tcp://127.0.0.1:0", 0, "gloo", timedelta.max)
    try:
        vd.initialize_model_parallel()
        vd.get_world_group().barrier()
    finally:
        vd.cleanup_dist_env_and_memory()
