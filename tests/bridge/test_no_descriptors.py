"""A server that has no descriptor left: what needs one fails by name, and it recovers."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Callable, Iterator

import pytest
from pool_harness import FAKE, SHORT, Pool, connect, eventually

from vllm_bridge.client import Client
from vllm_bridge.codec.errors import BridgeError


@contextlib.contextmanager
def no_descriptor_left(pid: int) -> Iterator[None]:
    """In the block the process has none but those that it has now."""
    used = set(map(int, os.listdir(f"/proc/{pid}/fd")))
    lowest_free = next(number for number in range(len(used) + 1) if number not in used)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def is_ready(client: Client) -> bool:
    return client.status(timeout=SHORT).pools[0].ready == 1


def test_a_forkserver_that_dies_while_no_descriptor_is_free(start: Callable[..., Pool]) -> None:
    pool = start("--size", "1")
    with connect(pool.endpoint) as client:
        eventually(lambda: is_ready(client))
        forkserver = pool.forkserver
        with no_descriptor_left(pool.pid):
            os.kill(forkserver, signal.SIGKILL)
            # Refused by name, at once or when the end is known; nothing waits for a rank for ever.
            with pytest.raises(BridgeError) as caught:
                client.start_world(tensor_parallel_size=8)
            assert caught.value.reason == "launch_failed", caught.value
            with contextlib.suppress(BridgeError):
                client.open_session().send(FAKE + "Echo", b"1", SHORT)
        eventually(lambda: is_ready(client), 30)
        assert client.open_session().send(FAKE + "Echo", b"1", SHORT) == b"1"
        assert pool.forkserver != forkserver
    assert "another takes its place" in pool.stderr()
    assert pool.stop() == 0


def test_a_server_without_a_descriptor_still_stops(start: Callable[..., Pool]) -> None:
    pool = start("--size", "1")
    with connect(pool.endpoint) as client:
        eventually(lambda: is_ready(client))
        with no_descriptor_left(pool.pid):
            os.kill(pool.forkserver, signal.SIGKILL)
            assert pool.stop() == 0


def test_a_forkserver_without_room_for_a_ranks_descriptors_refuses_that_rank(
    start: Callable[..., Pool],
) -> None:
    pool = start("--size", "1")
    with connect(pool.endpoint) as client:
        eventually(lambda: is_ready(client))
        before = client.status().pools[0].restarts
        forkserver = pool.forkserver
        with no_descriptor_left(forkserver):
            with pytest.raises(BridgeError) as caught:
                client.start_world(tensor_parallel_size=2)
            assert caught.value.reason == "launch_failed"
            assert "Too many open files" in caught.value.message
        with client.start_world(tensor_parallel_size=2):
            assert pool.forkserver == forkserver
        # The ranks that there were lived on.
        assert client.status().pools[0].restarts == before
