"""Sockets whose paths have what a URI reads otherwise: they work, or are refused in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pool_harness import FAKE, SHORT, Pool, connect, environment, start_pool

from vllm_bridge.client import connect as connect_to
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.process import runtime_dir
from vllm_bridge.process.runtime_dir import RuntimeDir
from vllm_bridge.transport.address import AddressError, ListenError, parse_address

NAMES = ["a#b", "a?b=c", "a%41b", "grün ß", "[x]:1@", 'q"\\;*']


@pytest.mark.parametrize("name", NAMES)
def test_a_socket_and_a_directory_of_any_name(short_tmp: Path, name: str) -> None:
    """Clients reach the pool, and ranks directly, whose sockets are in the runtime directory."""
    base = short_tmp / name
    pool = start_pool(base, "--size", "1", "--listen", f"unix:{base / name}.sock")
    try:
        assert pool.endpoint == f"unix:{base / name}.sock"
        with connect(pool.endpoint) as client:
            with client.open_session(affinity="strict_queue") as session:
                assert session.info.endpoint.startswith(f"unix:{base}/")
                assert session.send(FAKE + "Echo", b"1", SHORT) == b"1"
            # Through the pool, which has its own way to the rank.
            with client.open_session() as session:
                assert session.send(FAKE + "Echo", b"2", SHORT) == b"2"
    finally:
        assert pool.stop() == 0
    assert [path.name for path in base.iterdir() if path.suffix == ".sock"] == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/tmp/a,b", "comma"),
        ("/tmp/" + "x" * 120, "125 bytes"),
        ("/tmp/\udcff", "no UTF-8"),
        ("/tmp/\0", "NUL"),
        ("", "wants a path"),
    ],
)
def test_a_path_that_no_socket_may_have_is_refused(path: str, why: str) -> None:
    with pytest.raises(AddressError, match=why):
        parse_address(f"unix:{path}")
    with pytest.raises(BridgeError, match=why) as caught:
        connect_to(f"unix:{path}")
    assert caught.value.reason == "bad_endpoint"


def serve(*arguments: bytes | str, **variables: str) -> str:
    """What a server that does not start says, in one line."""
    command = [sys.executable, "-m", "vllm_bridge", "serve", "--rank-entry-point", "fake_rank:main"]
    found = subprocess.run(
        [*command, *arguments], env=environment(**variables), capture_output=True, timeout=30
    )
    assert found.returncode != 0
    assert found.stdout == b""
    (line,) = found.stderr.decode().strip().splitlines()
    return line


def test_the_command_line_refuses_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert "no UTF-8" in serve("--listen", b"unix:/tmp/\xff.sock")


def test_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(AddressError, match="give an absolute path"):
        parse_address("unix:relative.sock")


def test_no_temporary_directory_but_a_runtime_directory(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_tmp))
    made = RuntimeDir.create()
    assert made.path.parent == short_tmp
    made.remove()
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    with pytest.raises(ListenError, match="no temporary directory is there and writable"):
        RuntimeDir.create()


@pytest.mark.parametrize("name", ["a,b", "\udcff", "x" * 100])
def test_a_runtime_directory_that_no_socket_can_be_in_is_passed_over(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    odd = short_tmp / name
    odd.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(odd))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(short_tmp))
    assert runtime_dir._base() == short_tmp
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(odd))
    with pytest.raises(ListenError, match="Set XDG_RUNTIME_DIR or TMPDIR"):
        RuntimeDir.create()
    odd.rmdir()


def test_the_socket_of_the_second_server_stays_when_the_first_stops(
    start: Callable[..., Pool], short_tmp: Path
) -> None:
    path = short_tmp / "shared-place.sock"
    first = start("--size", "0", "--listen", f"unix:{path}")
    path.unlink()
    second = start("--size", "0", "--listen", f"unix:{path}")
    assert first.stop() == 0
    with connect(second.endpoint) as client:
        assert client.status(timeout=SHORT).pools
    assert second.stop() == 0
    assert not path.exists()


def test_the_socket_goes_with_a_server_whose_forkserver_is_gone(
    start: Callable[..., Pool], short_tmp: Path
) -> None:
    path = short_tmp / "alone.sock"
    pool = start("--size", "0", "--listen", f"unix:{path}")
    os.kill(pool.forkserver, 9)
    assert pool.stop() == 0
    assert not path.exists()


def test_a_directory_without_a_lock_goes_when_it_is_old(tmp_path: Path) -> None:
    """What a rank wrote while its pool removed it has kept it; a new one is being made."""
    old, new = (tmp_path / f"{runtime_dir.PREFIX}{name}" for name in ("old", "new"))
    for path in (old, new):
        path.mkdir()
        (path / "rank-1.sock").touch()
    hour_ago = time.time() - 3600
    os.utime(old, (hour_ago, hour_ago))
    runtime_dir.remove_stale(tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_socket_that_is_bound_while_its_directory_is_removed_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was found by its name before, and is put in after the directory was emptied."""
    directory = tmp_path / "vllm-bridge-1"
    directory.mkdir()
    (directory / "lock").touch()
    rmtree, emptied = runtime_dir.shutil.rmtree, []

    def empties(path: Path, ignore_errors: bool) -> None:
        emptied.append(path)
        assert not directory.exists()  # nobody new finds it
        if len(emptied) == 1:
            (path / "lock").unlink()
            (path / "rank-1.sock").touch()  # so that it is not empty when it is to go
            return
        rmtree(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(runtime_dir.shutil, "rmtree", empties)
    runtime_dir.remove_directory(directory)
    runtime_dir.remove_directory(directory)  # is gone
    assert len(emptied) >= 2
    assert list(tmp_path.iterdir()) == []
