"""Times beyond the clock of a kernel, of gRPC, of protobuf or of asyncio: long means long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
import torch
from google.protobuf.duration_pb2 import Duration
from pool_harness import FAKE, Pool, connect

from vllm_bridge._generated import pool_pb2
from vllm_bridge.cli import inspection, values
from vllm_bridge.client import BridgeError, Client
from vllm_bridge.client._blocking import now
from vllm_bridge.durations import LONGEST, from_duration, of_seconds, to_duration
from vllm_bridge.pool.settings.config_file import read
from vllm_bridge.pool.settings.restart_policy import RestartPolicy
from vllm_bridge.transport.metadata import SESSION_ID

MILLISECONDS = timedelta(milliseconds=2**53)
BEYOND = [timedelta.max, timedelta(days=250 * 365), MILLISECONDS, LONGEST]


@pytest.mark.parametrize("time", BEYOND)
def test_a_real_world_with_such_a_timeout(real_pool: Pool, time: timedelta) -> None:
    with (
        connect(real_pool.endpoint) as client,
        client.start_world(tensor_parallel_size=2, timeout=time) as world,
    ):

        def work(session: object) -> list[float]:
            group = session.call("get_tp_group", timeout=time)  # type: ignore[attr-defined]
            session.invoke("GroupCoordinator.barrier", [group], timeout=time)  # type: ignore[attr-defined]
            tensor = torch.ones(2)
            found: torch.Tensor = session.invoke(  # type: ignore[attr-defined]
                "GroupCoordinator.all_reduce", [group, tensor], timeout=time
            )
            return found.tolist()

        assert world.run(work, timeout=time) == [[2.0, 2.0]] * 2


@pytest.mark.parametrize("seconds", [2**31, 2**32, 2**63 - 1, -1, -(2**63), 0])
def test_a_world_whose_timeout_was_sent_by_somebody_else(client: Client, seconds: int) -> None:
    request = pool_pb2.StartWorldRequest(tensor_parallel_size=1, timeout=Duration(seconds=seconds))

    def start() -> pool_pb2.World:
        return client._pool("StartWorld", request, pool_pb2.World, None)

    if seconds > 0:
        client.stop_world(start().world_id)
        return
    with pytest.raises(BridgeError) as caught:
        start()
    assert caught.value.details["field"] == "timeout"
    assert "must be more than 0" in caught.value.message


@pytest.mark.parametrize("seconds", [2.0**32, 4e9])
@pytest.mark.parametrize("direct", [True, False])
def test_a_deadline_that_another_client_has_set(
    client: Client, pool: Pool, seconds: float, direct: bool
) -> None:
    with client.open_session(affinity="strict_queue") as session:
        endpoint = session.info.endpoint if direct else pool.endpoint
        with grpc.insecure_channel(endpoint) as channel:
            call = channel.unary_unary(FAKE + "Echo")
            metadata = ((SESSION_ID, session.session_id),)
            assert call(b"1", timeout=seconds, metadata=metadata) == b"1"


@pytest.mark.parametrize("time", [*BEYOND, timedelta.min, timedelta(seconds=1.5), timedelta(0)])
def test_durations(time: timedelta) -> None:
    assert from_duration(to_duration(time)) == max(min(time, LONGEST), -LONGEST)


@pytest.mark.parametrize("seconds", [2**63 - 1, -(2**63)])
def test_durations_beyond_timedelta(seconds: int) -> None:
    assert abs(from_duration(Duration(seconds=seconds))) == LONGEST


@pytest.mark.parametrize("text", ["1e300", "inf", "9223372036854775807"])
def test_the_command_line(text: str) -> None:
    assert values.seconds(text) == LONGEST


def test_the_configuration_file(tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    path.write_text(
        "[server]\nattach_grace = 1e300\n[pools.default]\nsession_idle = 9223372036854775807\n"
        "[profiles.long]\ncall_timeout = inf\n"
    )
    assert "1e300" not in str(read(path))
    assert of_seconds(float("inf")) == LONGEST


def test_a_server_with_such_settings(start: Callable[..., Pool], short_tmp: Path) -> None:
    path = short_tmp / "long.toml"
    path.write_text(
        "[server]\nattach_grace = 1e300\n[pools.default]\nsize = 1\nsession_idle = 1e18\n"
        "start_timeout = 1e18\nqueue_timeout = 1e18\nheartbeat_timeout = 1e18\n"
        "[profiles.default]\ncall_timeout = 1e18\n"
    )
    pool = start("--config", str(path))
    with (
        connect(pool.endpoint, client_id="long") as client,
        client.open_session(affinity="strict_queue") as session,
        client.start_world(),
    ):
        assert session.send(FAKE + "Echo", b"1", session.allowed(timedelta.max)) == b"1"
        assert now(client._link.profiles.resolve(None, "")) is None


def test_a_real_rank_whose_heartbeats_are_far_apart(
    start: Callable[..., Pool], short_tmp: Path
) -> None:
    path = short_tmp / "rare.toml"
    # 30 days: more milliseconds than a wait of the kernel may have.
    path.write_text(
        "[pools.default]\nsize = 1\nheartbeat_interval = 2592000\nheartbeat_timeout = 1e18\n"
    )
    pool = start("--config", str(path), entry_point=None)
    with connect(pool.endpoint) as client:
        first = client.open_session(affinity="strict_queue")
        # What the pool says is still read by the rank's main thread.
        second = client.open_session(affinity="strict_queue")
        assert first.run("torch.ones", 1).tolist() == second.run("torch.ones", 1).tolist() == [1.0]


def test_restart_policies_and_pauses_between_looks() -> None:
    assert RestartPolicy.parse("3/999999999").within == LONGEST
    assert inspection.pause("1e300") == LONGEST.total_seconds()
