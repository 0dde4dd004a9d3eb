"""`vllm-bridge serve`: ready line, ends, refusals."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pool_harness import Pool, alive, connect, environment, eventually

from vllm_bridge.codec.errors import BridgeError, Category

Start = Callable[..., Pool]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vllm_bridge", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        env=environment(**variables),
    )


def refused(*arguments: str, **variables: str) -> str:
    """The one line with which the command ends."""
    done = run(*arguments, **variables)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_pool_does_not_load_torch(start: Start) -> None:
    pool = start()
    with pool.client() as client:
        client.start_world(tensor_parallel_size=2).stop()
    assert "torch" not in Path(f"/proc/{pool.pid}/maps").read_text()
    assert pool.endpoint.startswith("unix:")


def test_default_socket_is_in_a_private_directory(pool: Pool) -> None:
    path = Path(pool.endpoint.removeprefix("unix:"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_everything(start: Start, number: signal.Signals) -> None:
    pool = start()
    with pool.client() as client:
        client.open_session(affinity="strict_queue")
        client.start_world(tensor_parallel_size=2)
    processes = pool.processes()
    assert len(processes) == 6
    pool.process.send_signal(number)
    assert pool.process.wait(10) == 0
    assert not [pid for pid in processes if alive(pid)]
    assert pool.runtime_dirs() == []
    assert "Traceback" not in pool.stderr()


def test_stops_while_the_forkserver_is_still_loading(start: Start) -> None:
    pool = start()
    processes = pool.processes()
    assert pool.stop() == 0
    assert not [pid for pid in processes if alive(pid)]
    assert pool.runtime_dirs() == []


def test_embedded_stops_at_the_end_of_stdin(start: Start) -> None:
    pool = start("--embedded")
    assert pool.process.stdin is not None
    pool.process.stdin.close()
    assert pool.process.wait(10) == 0
    assert pool.runtime_dirs() == []


def test_not_embedded_ignores_stdin(start: Start) -> None:
    pool = start()
    assert pool.process.stdin is not None
    pool.process.stdin.close()
    with pool.client() as client:
        client.open_session(affinity="strict_queue")
    assert pool.process.poll() is None


def test_ranks_cannot_write_to_stdout(start: Start) -> None:
    pool = start()
    with pool.client() as client:
        client.open_session(affinity="strict_queue")
    assert pool.process.stdout is not None
    eventually(lambda: "[rank-0] hello from a rank's stdout" in pool.stderr() or pool.stderr())
    pool.process.send_signal(signal.SIGTERM)
    assert pool.process.stdout.read() == ""


def test_port_zero_reports_the_real_port(start: Start) -> None:
    pool = start("--listen", "127.0.0.1:0", "--insecure-loopback")
    host, port = pool.endpoint.split(":")
    assert host == "127.0.0.1"
    assert int(port) > 0
    with pool.client() as client:
        assert client.status().pid == pool.pid


def test_own_socket_path_is_removed(start: Start, short_tmp: Path) -> None:
    path = short_tmp / "mine.sock"
    pool = start("--listen", f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert pool.stop() == 0
    assert not path.exists()


def test_socket_of_a_live_server_is_not_taken(start: Start, short_tmp: Path) -> None:
    path = short_tmp / "live.sock"
    pool = start("--listen", f"unix:{path}")
    assert "another server is listening" in refused("serve", "--listen", f"unix:{path}")
    with pool.client() as client:
        assert client.status().pid == pool.pid


def test_socket_file_of_a_dead_server_is_replaced(start: Start, short_tmp: Path) -> None:
    path = short_tmp / "stale.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    pool = start("--listen", f"unix:{path}")
    with pool.client() as client:
        assert client.status().pid == pool.pid


def test_file_that_is_no_socket_is_kept(short_tmp: Path) -> None:
    path = short_tmp / "precious"
    path.write_text("data")
    assert "no socket" in refused("serve", "--listen", f"unix:{path}")
    assert path.read_text() == "data"


def test_port_in_use(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        message = refused("serve", "--listen", place, "--insecure-loopback")
    assert "in use" in message
    assert place in message


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nonsense", "neither unix:PATH nor HOST:PORT"),
        ("127.0.0.1:99999", "neither"),
        (":80", "neither"),
        ("::1:80", "brackets"),
        ("unix:", "wants a path"),
        ("unix:/nonexistent-directory/x.sock", "/nonexistent-directory"),
        ("unix:/tmp/" + "x" * 120, "at most 107"),
        ("no-such-host.invalid:0", "no-such-host.invalid"),
        ("127.0.0.1:0", "--insecure-loopback"),
        ("0.0.0.0:0", "needs a token"),
    ],
)
def test_bad_places(place: str, said: str) -> None:
    arguments = ["--insecure-plaintext"] if "no-such" in place else []
    variables = {"VLLM_BRIDGE_TOKEN": "t"} if "no-such" in place else {}
    assert said in refused("serve", "--listen", place, *arguments, **variables)


def test_insecure_loopback_is_for_loopback_only() -> None:
    message = refused("serve", "--listen", "0.0.0.0:0", "--insecure-loopback")
    assert "needs a token" in message


def test_directory_that_is_not_writable() -> None:
    # Nobody may make files there, root included.
    assert "not writable" in refused("serve", "--listen", "unix:/proc/self/x.sock")


@pytest.mark.parametrize(
    "arguments", [["--size", "-1"], ["--size", "x"], ["--max-world-size", "0"]]
)
def test_bad_numbers(arguments: list[str]) -> None:
    done = run("serve", *arguments)
    assert done.returncode == 2
    assert "whole number" in done.stderr
    assert "Traceback" not in done.stderr


def test_token_is_wanted_on_every_call(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    file.chmod(0o600)
    pool = start("--listen", "127.0.0.1:0", "--token-file", str(file))
    with pool.client("s3cret") as right:
        session = right.open_session(affinity="strict_queue")
        assert session.info.endpoint == "", "ranks are out of reach over TCP"
        assert session.send("/vllm.distributed.v1.Fake/Echo", b"hi", None) == b"hi"
        forwarded = json.loads(session.send("/vllm.distributed.v1.Fake/Context", b"", None))
        assert "authorization" not in forwarded["metadata"]
    for token in (None, "wrong", "s3cret2", "s3cre"):
        with connect(pool.endpoint, token=token) as wrong:
            with pytest.raises(BridgeError, match="token") as caught:
                wrong.status()
            assert caught.value.reason == "unauthenticated"
            assert caught.value.category == Category.POOL


def test_token_from_the_environment(start: Start) -> None:
    pool = start("--listen", "127.0.0.1:0", VLLM_BRIDGE_TOKEN="t0ken")
    done = run("status", "--connect", pool.endpoint)
    assert done.returncode == 1
    assert "token" in done.stderr
    done = run("status", "--connect", pool.endpoint, VLLM_BRIDGE_TOKEN="t0ken")
    assert done.returncode == 0, done


def test_status_as_text_and_json(pool: Pool) -> None:
    with pool.client() as client, client.open_session(affinity="strict_queue"):
        text = run("status", "--connect", pool.endpoint)
        assert f"pid {pool.pid}" in text.stdout
        assert text.stdout.count("takes frames and gRPC") == 2
        parsed = json.loads(run("status", "--connect", pool.endpoint, "--json").stdout)
    assert parsed["pid"] == pool.pid
    assert len(parsed["ranks"]) == 2


def test_status_of_ranks_that_take_no_frames_and_from_afar(start: Start) -> None:
    pool = start(FAKE_RANK_FRAMES="0")
    with pool.client() as client, client.open_session(affinity="strict_queue"):
        text = run("status", "--connect", pool.endpoint).stdout
        assert (text.count("takes gRPC"), text.count("frames")) == (2, 0)
    far = start("--listen", "127.0.0.1:0", "--insecure-loopback")
    with far.client() as client, client.open_session(affinity="strict_queue"):
        assert "takes" not in run("status", "--connect", far.endpoint).stdout.replace(
            "takes no", ""
        )


def test_status_of_nothing(tmp_path: Path) -> None:
    done = run("status", "--connect", f"unix:{tmp_path}/none.sock")
    assert done.returncode == 1
    assert "no pool answers" in done.stderr
    assert "Traceback" not in done.stderr


def test_rank_that_cannot_start_says_why(start: Start) -> None:
    pool = start(entry_point="no_such_module:main")
    with pool.client() as client, pytest.raises(BridgeError) as caught:
        client.open_session(affinity="strict_queue")
    assert caught.value.category == Category.WORKER
    assert "No module named 'no_such_module'" in caught.value.message
    assert "exited with status 1 before it was ready" in caught.value.message


def test_pool_without_standalone_ranks(start: Start) -> None:
    pool = start("--size", "0")
    with pool.client() as client:
        with pytest.raises(BridgeError, match="size 0") as caught:
            client.open_session(affinity="strict_queue")
        assert caught.value.reason == "no_ranks"
        assert len(client.start_world(tensor_parallel_size=2).ranks) == 2
