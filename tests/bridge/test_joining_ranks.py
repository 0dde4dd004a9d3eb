"""Worlds whose ranks somebody else starts: `vllm-bridge join`, over TLS, with a token."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import torch
import trustme
from pool_harness import Pool, connect, environment, eventually, start_pool, stop_process

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.errors import BridgeError

TOKEN = "t0ken"
LONG = timedelta(seconds=60)
# What a busy machine may add to a limit.
IN_TIME_S = 10.0

Join = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of an authority, and a certificate of it for this machine."""
    base = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    pair = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(base / "ca.pem")
    pair.cert_chain_pems[0].write_to_path(base / "cert.pem")
    pair.private_key_pem.write_to_path(base / "key.pem")
    return base


@pytest.fixture(scope="module")
def joined_pool(ca: Path, short_tmp: Path) -> Iterator[Pool]:
    pool = start_pool(
        short_tmp / "joined",
        *("--size", "0", "--join", "127.0.0.1:0", "--allow", "os."),
        *("--tls-cert", str(ca / "cert.pem"), "--tls-key", str(ca / "key.pem")),
        entry_point=None,
        VLLM_BRIDGE_TOKEN=TOKEN,
    )
    yield pool
    pool.stop()
    print(pool.stderr())


@pytest.fixture(scope="module")
def joined_client(joined_pool: Pool) -> Iterator[Client]:
    with connect(joined_pool.endpoint, token=TOKEN) as client:
        yield client


@pytest.fixture
def join(joined_pool: Pool, ca: Path, short_tmp: Path) -> Iterator[Join]:
    """Starts `vllm-bridge join`; what is left of them ends with the test."""
    started: list[subprocess.Popen[str]] = []
    runtime = short_tmp / "ranks"
    runtime.mkdir(exist_ok=True)

    def begin(*arguments: str, token: str = TOKEN, **variables: str) -> subprocess.Popen[str]:
        given = environment(VLLM_BRIDGE_TOKEN=token, XDG_RUNTIME_DIR=str(runtime), **variables)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "vllm_bridge", "join"),
                *("--pool", joined_pool.ready["join"], "--tls-ca", str(ca / "ca.pem")),
                *arguments,
            ],
            env=given,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)
    # No rank has left its sockets behind, unless it was killed; then the next one removes them.
    shutil.rmtree(runtime)


def started(client: Client, world_id: str, **options: object) -> Callable[[], World]:
    """Begin to start a world; the function waits for it."""
    found: list[World | BaseException] = []

    def start() -> None:
        try:
            given = {"tensor_parallel_size": 2, **options}
            found.append(
                client.start_world(
                    world_id=world_id,
                    distributed_executor_backend="external_launcher",
                    **given,  # type: ignore[arg-type]
                )
            )
        except BridgeError as error:
            found.append(error)

    thread = threading.Thread(target=start)
    thread.start()

    def wait() -> World:
        thread.join(120)
        (result,) = found
        if isinstance(result, BaseException):
            raise result
        return result

    return wait


def total(session: Session) -> float:
    ones = torch.ones(1)
    return float(session.call("tensor_model_parallel_all_reduce", ones, timeout=LONG).item())


def torchrun(rank: int, size: int = 2) -> dict[str, str]:
    """As torchrun tells it, with all ranks on one host."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(size),
    }


def environ_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def test_a_world_of_ranks_that_join(joined_client: Client, join: Join) -> None:
    """Comes up, computes, shows where its ranks are, and fails by name when one dies."""
    world = started(joined_client, "joined", nnodes=1)
    processes = [join("--world", "joined", "--wait", "60", **torchrun(rank)) for rank in range(2)]
    with world() as live:
        assert live.run(total, timeout=LONG) == [2.0, 2.0]
        ranks = list(live.info.ranks)
        assert [(rank.pid, rank.local_rank) for rank in ranks] == [
            (process.pid, rank) for rank, process in enumerate(processes)
        ]
        assert {rank.launcher for rank in ranks} == {"external_launcher"}
        assert {rank.node for rank in ranks} == {os.uname().nodename}
        assert {rank.address for rank in ranks} == {"127.0.0.1"}
        assert live.info.distributed_executor_backend == "external_launcher"
        # What a client chooses to run must not find the server's token.
        for process in processes:
            assert TOKEN.encode() not in environ_of(process.pid)
        killed = time.monotonic()
        processes[1].kill()
        eventually(lambda: live.refresh().state == pool_pb2.WORLD_FAILED)
        assert time.monotonic() - killed < 2.0
        assert "rank 1 of joined" in live.info.failure
        assert "lost its connection to the pool" in live.info.failure
        # The other one has lost its pool, and ends.
        assert processes[0].wait(20) == 0
        # Again, with ranks that somebody starts again.
        again = started(joined_client, "joined")
        processes = [
            join("--world", "joined", "--wait", "60", "--ranks-per-node", "2", "--rank", "0")
        ]
        with again() as second:
            assert second.info.epoch == live.info.epoch + 1
            assert second.run(total, timeout=LONG) == [2.0, 2.0]
            with pytest.raises(BridgeError, match="started by 'external_launcher'"):
                second.resize(data_parallel_size=2)
            assert second.stop()
            assert processes[0].wait(20) == 0


def test_a_pool_that_is_gone_takes_its_ranks_along(
    ca: Path, short_tmp: Path, join: Join, joined_pool: Pool
) -> None:
    pool = start_pool(
        short_tmp / "gone",
        *("--size", "0", "--join", "127.0.0.1:0", "--insecure-loopback"),
        entry_point=None,
    )
    with contextlib.ExitStack() as stack:
        stack.callback(pool.stop)
        client = stack.enter_context(connect(pool.endpoint))
        world = started(client, "gone", tensor_parallel_size=1)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "vllm_bridge", "join", "--pool", pool.ready["join"]),
                *("--world", "gone", "--rank", "0", "--wait", "60"),
            ],
            env=environment(),
        )
        stack.callback(process.kill)
        assert world().info.ranks[0].pid == process.pid
        os.kill(pool.pid, signal.SIGKILL)
        assert process.wait(20) == 0


def test_ranks_with_certificates_and_one_that_goes_silent(short_tmp: Path, tmp_path: Path) -> None:
    """A certificate of the right authority is as good as a token; none is named as what is missing.
    A rank whose connection stays open and says nothing any more is given up at the limit."""
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    pairs = {"server": authority, "rank": authority, "stranger": stranger}
    for name, issuer in pairs.items():
        pair = issuer.issue_cert("127.0.0.1")
        pair.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        pair.private_key_pem.write_to_path(tmp_path / f"{name}-key.pem")
    config = tmp_path / "pool.toml"
    config.write_text("[pools.default]\nheartbeat_interval = 0.5\nheartbeat_timeout = 3.0\n")
    pool = start_pool(
        short_tmp / "certified",
        *("--size", "0", "--join", "127.0.0.1:0", "--config", str(config)),
        *(
            "--tls-cert",
            str(tmp_path / "server.pem"),
            "--tls-key",
            str(tmp_path / "server-key.pem"),
        ),
        *("--tls-client-ca", str(tmp_path / "ca.pem")),
        entry_point=None,
    )

    def join(who: str | None) -> subprocess.Popen[str]:
        shown = ("--tls-cert", f"{tmp_path}/{who}.pem", "--tls-key", f"{tmp_path}/{who}-key.pem")
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "vllm_bridge", "join", "--pool", pool.ready["join"]),
                *("--world", "certified", "--rank", "0", "--wait", "60"),
                *("--tls-ca", str(tmp_path / "ca.pem"), *(shown if who else ())),
            ],
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        )

    with contextlib.ExitStack() as stack:
        stack.callback(pool.stop)
        client = stack.enter_context(connect(pool.endpoint))
        world = started(client, "certified", tensor_parallel_size=1)
        joined = join("rank")
        strangers = [join(None), join("stranger")]
        for process in (joined, *strangers):
            stack.callback(process.kill)
        for process in strangers:
            status, sentence = ending(process)
            assert status == 1
            assert "certificate" in sentence
        live = world()
        assert live.info.ranks[0].pid == joined.pid
        silent = time.monotonic()
        stop_process(joined.pid)
        eventually(lambda: live.refresh().state == pool_pb2.WORLD_FAILED)
        assert time.monotonic() - silent < 3.0 + IN_TIME_S
        assert "rank 0 of certified" in live.info.failure
        assert "no heartbeat for" in live.info.failure


def ending(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and the last line of stderr."""
    text = process.communicate(timeout=60)[1]
    return process.returncode, text.strip().splitlines()[-1]


def test_what_keeps_a_rank_from_joining_is_said_in_one_line(join: Join, ca: Path) -> None:
    tries = {
        "token": join("--world", "w", "--rank", "0", token="other"),
        "world": join("--world", "w", "--rank", "0"),
        "authority": join("--world", "w", "--rank", "0", "--tls-ca", str(ca / "cert.pem")),
        "told": join("--world", "w", RANK="1", WORLD_SIZE="2", SLURM_PROCID="0"),
        "nobody": join("--world", "w", "--rank", "0", "--pool", "127.0.0.1:1"),
    }
    endings = {name: ending(process) for name, process in tries.items()}
    words = {
        "token": (1, "refused: the token that was sent is not this pool's"),
        "world": (1, "refused: no world 'w' waits for ranks here (none do)"),
        "authority": (1, "cannot be trusted"),
        "told": (2, "RANK is 1 (torchrun), and SLURM_PROCID is 0 (Slurm)"),
        "nobody": (1, "no pool takes ranks at 127.0.0.1:1"),
    }
    for name, (status, sentence) in words.items():
        assert endings[name][0] == status, endings[name]
        assert sentence in endings[name][1]


def test_a_listener_for_ranks_is_guarded_as_one_for_clients() -> None:
    from test_serve import refused

    assert "needs a token" in refused("serve", "--join", "127.0.0.1:0")
    clear = refused("serve", "--join", "192.0.2.1:0", VLLM_BRIDGE_TOKEN=TOKEN)
    assert "clear text" in clear
    assert "over TCP" in refused("serve", "--join", "unix:/tmp/somewhere.sock")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"nnodes": 2}, "nnodes is 2; it must be 1 with"),
        ({"distributed_executor_backend": "uni"}, "must be one of mp, ray, external_launcher"),
        (
            {"distributed_executor_backend": "external_launcher", "spare_ranks": 1},
            "spare_ranks is 1; it must be 0 with",
        ),
    ],
)
def test_options_that_do_not_go_together(
    joined_client: Client, options: dict[str, object], words: str
) -> None:
    with pytest.raises(BridgeError, match=words):
        joined_client.start_world(**options)  # type: ignore[arg-type]
