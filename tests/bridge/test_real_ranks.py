"""The pool with real ranks: what a user of the Python client relies on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from pool_harness import Pool, connect, eventually

import vllm_bridge.client
from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.codec.errors import BridgeError, Category

Start = Callable[..., Pool]

pytestmark = pytest.mark.wire


@pytest.fixture
def real(real_pool: Pool) -> Iterator[Client]:
    with connect(real_pool.endpoint) as client:
        client.open_session(affinity="strict_queue").close()  # torch has been loaded
        yield client


@pytest.mark.parametrize("affinity", ["hint", "strict_queue", "strict_fail_fast"])
def test_typed_call(real: Client, affinity: str) -> None:
    with real.open_session(affinity=affinity) as session:
        assert session.call("get_pp_indices", 61, 0, 4, timeout=timedelta(seconds=5)) == (0, 15)


def test_python_error_arrives_as_such(real: Client) -> None:
    with real.open_session() as session, pytest.raises(BridgeError) as caught:
        session.run("torch.arange", "not a number")
    assert caught.value.category == Category.PYTHON_ERROR
    assert caught.value.python_type.endswith("TypeError")


def test_all_reduce(real: Client) -> None:
    with real.start_world(tensor_parallel_size=2) as world:

        def work(session: Session) -> list[float]:
            rank = session.call("get_tensor_model_parallel_rank")
            mine = torch.full((3,), float(rank + 1))
            total = session.call("tensor_model_parallel_all_reduce", mine)
            return list(total.tolist())

        assert world.run(work) == [[3.0] * 3] * 2


def test_sizes_reach_the_groups(real: Client) -> None:
    with real.start_world(tensor_parallel_size=2, pipeline_parallel_size=2) as world:
        places = world.run(
            lambda session: (
                session.call("get_tensor_model_parallel_rank"),
                session.call("get_tp_group").ranks,
                session.call("get_pp_group").ranks,
            )
        )
    assert places == [
        (0, (0, 1), (0, 2)),
        (1, (0, 1), (1, 3)),
        (0, (2, 3), (0, 2)),
        (1, (2, 3), (1, 3)),
    ]


@pytest.mark.timing
@pytest.mark.parametrize("direct", [True, False])
def test_death_during_a_collective_is_told_within_two_seconds(real: Client, direct: bool) -> None:
    world = real.start_world(tensor_parallel_size=3)
    if not direct:
        for session in world.ranks:
            session.info.endpoint = ""
    victim = world.ranks[2]

    def reduce(session: Session) -> object:
        return session.call("tensor_model_parallel_all_reduce", torch.ones(4))

    def busy(session: Session) -> Callable[[], object]:
        return lambda: len(session.inspect().calls) == 1

    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(reduce, session) for session in world.ranks[:2]]
        for session in world.ranks[:2]:
            eventually(busy(session))
        before = time.monotonic()
        os.kill(victim.info.pid, signal.SIGKILL)
        for call in waiting:
            with pytest.raises(BridgeError) as caught:
                call.result(20)
            said = caught.value.message
            # A survivor may see its peer's connection break before it is ended itself.
            assert "rank 2" in said or "gloo" in said.lower() or "peer" in said.lower(), said
        assert time.monotonic() - before < 2.0
    with pytest.raises(BridgeError, match=rf"rank 2 of {world.world_id} .*SIGKILL") as caught:
        reduce(world.ranks[0])
    assert caught.value.reason == "session_worker_unavailable"
    assert world.refresh().state == pool_pb2.WORLD_FAILED


def test_unknown_backend_fails_the_start(real: Client) -> None:
    with pytest.raises(BridgeError, match="nosuch") as caught:
        real.start_world(tensor_parallel_size=2, backend="nosuch")
    assert caught.value.rank in (0, 1)


def test_timeout_of_a_running_call(real: Client) -> None:
    with real.start_world(tensor_parallel_size=2, gate=False) as world:
        with pytest.raises(BridgeError, match="running") as caught:
            world.ranks[0].call(
                "tensor_model_parallel_all_reduce",
                torch.ones(1),
                timeout=timedelta(seconds=1),
            )
        assert caught.value.category == Category.TIMEOUT
        assert caught.value.details == {"state": "running"}


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def the_machine_is_busy() -> bool:
    """Whether loading torch, which takes a second and a half, takes longer."""
    before = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.monotonic() - before > 2.2


@pytest.mark.timing
@pytest.mark.parametrize(("ranks", "seconds"), [(4, 1.5), (8, 2.0)])
def test_worlds_are_up_soon(real: Client, ranks: int, seconds: float) -> None:
    """No rank loads torch, which would be more than a second of processor time for each."""
    took = []
    for _ in range(3):
        before = time.monotonic()
        with real.start_world(tensor_parallel_size=ranks) as world:
            took.append(time.monotonic() - before)
            used = [processor_s(rank.pid) for rank in world.info.ranks]
        assert max(used) < 0.5, used
        if took[-1] < seconds:
            return
    assert the_machine_is_busy(), took


def test_forkserver_has_one_thread(real: Client, real_pool: Pool) -> None:
    assert len(list(Path(f"/proc/{real_pool.forkserver}/task").iterdir())) == 1
    maps = Path(f"/proc/{real_pool.forkserver}/maps").read_text()
    assert "libtorch_cpu" in maps
    assert "cygrpc" not in maps


def test_idle_ranks_are_small(real: Client) -> None:
    # torch for CUDA has more libraries, whose tables of addresses each process writes.
    limit = 60 * 1024 if torch.version.cuda is None else 80 * 1024
    with real.start_world(tensor_parallel_size=4) as world:
        for rank in world.info.ranks:
            lines = Path(f"/proc/{rank.pid}/smaps_rollup").read_text().splitlines()
            (pss,) = [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
            assert pss < limit


def test_session_in_direct_use_does_not_expire(start: Start) -> None:
    pool = start("--session-idle", "1", entry_point=None)
    with pool.client() as client:
        used = client.open_session("used", affinity="strict_queue")
        client.open_session("idle", affinity="strict_queue")

        def only_used_is_left() -> object:
            # Straight to the rank: the pool sees nothing of it.
            used.call("get_pp_indices", 61, 0, 4)
            left = [session.session_id for session in client.status().sessions]
            return left == ["used"] or left

        eventually(only_used_is_left, 10)
        eventually(lambda: len(client.status().sessions) == 0, 10)
        with pytest.raises(BridgeError) as caught:
            used.call("get_pp_indices", 61, 0, 4)
        assert caught.value.reason in ("session_not_found", "session_closed")


def _ask(client: Client, session_id: str, patience_s: float) -> pool_pb2.Session:
    request = pool_pb2.GetSessionRequest(session_id=session_id)
    request.wait_for_end.FromTimedelta(timedelta(seconds=patience_s))
    return client._pool("GetSession", request, pool_pb2.Session, timedelta(seconds=20))


@pytest.mark.timing
def test_who_asks_for_the_end_of_a_session_hears_of_it_at_once(real: Client) -> None:
    world = real.start_world(tensor_parallel_size=2)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(_ask, real, world.ranks[0].session_id, 8)
        os.kill(world.ranks[1].info.pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(BridgeError, match=r"rank 1 of .* was killed by signal 9") as caught:
            answer.result(timeout=10)
    assert time.monotonic() - began < 6  # it asked for eight seconds
    assert caught.value.reason == "session_worker_unavailable"


def test_who_asks_for_the_end_of_a_live_session_is_told_it_lives(real: Client) -> None:
    session = real.open_session(affinity="strict_queue")
    assert _ask(real, session.session_id, 0.05).pid == session.info.pid
    session.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tensor_parallel_size": "2"}, "tensor_parallel_size is '2'; it must be an int"),
        ({"timeout": 5}, "timeout is 5; it must be a datetime.timedelta"),
    ],
)
def test_wrong_types_for_a_world_are_named(
    real: Client, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(BridgeError, match=said):
        real.start_world(**options)


def test_a_timeout_that_is_a_number_is_named(real: Client) -> None:
    session = real.open_session()
    with pytest.raises(BridgeError, match="timeout is 5; it must be a datetime"):
        session.call("get_pp_indices", 61, 0, 4, timeout=5)


@pytest.mark.parametrize("endpoint", ["localhost", "/run/vllm.sock", "tcp://host:1x"])
def test_an_endpoint_of_no_known_form_is_refused(endpoint: str) -> None:
    with pytest.raises(BridgeError, match=r"unix:PATH nor HOST:PORT|no scheme") as caught:
        vllm_bridge.client.connect(endpoint)
    assert caught.value.reason == "bad_endpoint"


def test_a_world_is_stopped_by_its_id(real: Client) -> None:
    world = real.start_world()
    assert real.stop_world(world.world_id)
    assert not real.stop_world(world.world_id)
    with pytest.raises(BridgeError, match=r"was stopped\. Start a new world"):
        world.ranks[0].call("get_tp_group")
