"""What the kernel refuses ranks: each rule by trying what it forbids, in a rank of a real pool."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pool_harness import Pool, alive, children, environment, eventually, start_pool
from snakepit_harness import Worker, connect, spawn, wait_ready
from test_serve import refused

from vllm_bridge import confinement
from vllm_bridge.client import Session
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.confinement import STRICT, landlock, seccomp, syscalls
from vllm_bridge.pool.observe.status import as_text

THINGS = "forbidden_things"
REFUSED = ("EPERM", "EACCES")
MODES = ("strict", "writes", "off")

TOKEN = "a token for ranks to look for"


@pytest.fixture(scope="module")
def pools(short_tmp: Path) -> Iterator[dict[str, Pool]]:
    """A server of each mode, with user code."""
    started = {}
    for mode in MODES:
        arguments = ["--size", "1", "--allow", f"{THINGS}.", "--confine", mode]
        started[mode] = start_pool(short_tmp / mode, *arguments, entry_point=None)
    yield started
    for pool in started.values():
        pool.stop()


Try = Callable[..., Any]


@pytest.fixture
def tried(pools: dict[str, Pool]) -> Iterator[Callable[..., Any]]:
    """Calls a function of `forbidden_things` in the rank of a mode."""
    sessions: dict[str, Session] = {}

    def call(mode: str, function: str, *arguments: Any) -> Any:
        if mode not in sessions:
            sessions[mode] = pools[mode].client().open_session(affinity="strict_queue")
        return sessions[mode].run(f"{THINGS}.{function}", *arguments)

    yield call
    for session in sessions.values():
        session.close()


def not_refused(outcomes: dict[str, str]) -> dict[str, str]:
    return {name: said for name, said in outcomes.items() if said not in REFUSED}


def refusals(outcomes: dict[str, str]) -> set[str]:
    return {name for name, said in outcomes.items() if said in REFUSED}


def test_the_status_says_how_ranks_are_confined(pools: dict[str, Pool]) -> None:
    for mode, pool in pools.items():
        status = pool.client().status()
        assert status.pools[0].confinement == mode
        assert f"confinement {mode}" in as_text(status)


def test_this_machine_can_confine() -> None:
    """Without this the tests below would test nothing."""
    assert landlock.abi() > 0


# --- strict ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["strict", "writes"])
def test_no_dangerous_system_call(tried: Try, mode: str) -> None:
    outcomes = tried(mode, "calls")
    assert len(outcomes) > 40
    assert set(outcomes.values()) == {"EPERM"}, not_refused(outcomes)


def test_strict_starts_no_program(tried: Try) -> None:
    assert not_refused(tried("strict", "programs")) == {}
    assert refusals(tried("off", "programs")) == set()


def test_strict_reads_the_interpreter_and_its_packages_only(
    tried: Try, tmp_path: Path, pools: dict[str, Pool]
) -> None:
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    for place in (secret, "/etc/passwd", "/etc", "/", Path.home(), "/proc", "/tmp", "/root"):
        assert tried("strict", "reads", str(place)) in REFUSED, place
    for pid in (pools["strict"].pid, pools["strict"].forkserver, 1):
        assert tried("strict", "reads", f"/proc/{pid}/environ") in REFUSED
        assert tried("strict", "reads", f"/proc/{pid}/cmdline") in REFUSED
    for place in (os.__file__, torch.__file__, THINGS, sys.prefix):
        path = place if place != THINGS else str(Path(__file__).with_name(f"{THINGS}.py"))
        assert tried("strict", "reads", path) == "done", path


@pytest.mark.parametrize("mode", ["strict", "writes"])
def test_no_writing_elsewhere(tried: Try, tmp_path: Path, mode: str) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    outcomes = tried(mode, "writes", str(tmp_path), str(file))
    # A move between directories that may not be is EXDEV to the kernel, so that `mv` copies.
    assert {name: said for name, said in not_refused(outcomes).items() if said != "EXDEV"} == {}
    assert file.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [file]


def test_strict_changes_no_attributes(tried: Try, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    file.chmod(0o600)
    assert not_refused(tried("strict", "attributes", str(file))) == {}
    assert file.stat().st_mode & 0o777 == 0o600


def test_strict_has_the_sockets_of_gloo_and_grpc_only(tried: Try) -> None:
    outcomes = tried("strict", "sockets")
    # Its own unix socket is there already, and with another it could ask a daemon for programs.
    assert refusals(outcomes) == {"unix", "audit", "packets", "icmp", "crypto", "host"}
    works = {name for name, said in outcomes.items() if said == "done"}
    assert works == set(outcomes) - refusals(outcomes)


def test_strict_leaves_other_processes_alone(tried: Try) -> None:
    assert not_refused(tried("strict", "others")) == {}


def test_every_thread_is_confined(tried: Try, pools: dict[str, Pool]) -> None:
    found = tried("strict", "from_a_new_thread", "/etc/passwd")
    assert set(found.values()) <= set(REFUSED), found
    for mode in MODES:
        tried(mode, "reads", "/")  # there is a rank
        (rank,) = children(pools[mode].forkserver)
        assert confined(rank) == {("0", "0") if mode == "off" else ("1", "2")}
    assert confined(pools["strict"].forkserver) == {("0", "0")}


def confined(pid: int) -> set[tuple[str, str]]:
    """NoNewPrivs and Seccomp of all threads."""
    found = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        found.add((fields["NoNewPrivs"].strip(), fields["Seccomp"].strip()))
    return found


@pytest.mark.parametrize("mode", MODES)
def test_daily_work_goes_on(tried: Try, mode: str) -> None:
    outcomes = tried(mode, "daily_work")
    assert {name: said for name, said in outcomes.items() if said != "done"} == {}


@pytest.mark.parametrize("mode", ["strict", "writes"])
def test_worlds_of_confined_ranks(pools: dict[str, Pool], mode: str) -> None:
    client = pools[mode].client()
    with client.start_world(tensor_parallel_size=2) as world:

        def work(rank: Session) -> list[float]:
            # Small and large: through messages, and through shared memory of the session.
            rank.call("tensor_model_parallel_all_reduce", torch.ones(4))
            large = rank.call("tensor_model_parallel_all_reduce", torch.ones(1 << 20))
            return [float(large.sum())]

        assert world.run(work) == [[2.0 * (1 << 20)]] * 2
        pids = children(pools[mode].forkserver)
        assert set().union(*map(confined, pids)) == {("1", "2")}
        assert client.diagnose(world.world_id)


def test_strict_is_the_default(real_pool: Pool) -> None:
    with real_pool.client() as client:
        # A rank that has only been forked is not confined yet.
        eventually(lambda: client.status().pools[0].ready == 2, 60)
        assert client.status().pools[0].confinement == "strict"
    for rank in children(real_pool.forkserver):
        assert confined(rank) == {("1", "2")}


# --- writes, off, and what is opened --------------------------------------------------------------


def test_writes_reads_and_starts_programs(tried: Try, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_text("x")
    assert tried("writes", "reads", str(weights)) == "done"
    assert refusals(tried("writes", "programs")) == set()
    said, place = tried("writes", "echo", "hello").split()
    assert said == "hello"
    assert place.endswith("/tmp")
    # What it starts is confined with it.
    assert tried("writes", "child_writes", str(tmp_path / "new")) != 0
    assert tried("writes", "child_writes", f"{place}/new") == 0


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Folders by what is to be opened of them, with a file in each."""
    made = {name: tmp_path / name for name in ("closed", "readable", "writable")}
    for place in made.values():
        place.mkdir()
        (place / "file").write_text("x")
    return made


def check_places(pool: Pool, places: dict[str, Path], closed: str) -> None:
    """What a rank may do in the folders; `closed` is what reading in the closed one ends with."""
    with pool.client() as client:
        session = client.open_session(affinity="strict_queue")

        def run(function: str, *given: str) -> Any:
            return session.run(f"{THINGS}.{function}", *given)

        read = {name: run("reads", f"{place}/file") for name, place in places.items()}
        assert read == {"closed": closed, "readable": "done", "writable": "done"}
        run("open_file", f"{places['writable']}/new", "w")
        for name in ("closed", "readable"):
            with pytest.raises(BridgeError) as caught:
                run("open_file", f"{places[name]}/new", "w")
            assert f"--writable {places[name]}" in str(caught.value)


def test_writes_is_the_default_with_allow(short_tmp: Path, places: dict[str, Path]) -> None:
    pool = start_pool(
        short_tmp / "default",
        *("--size", "1", "--allow", f"{THINGS}.", "--readable", str(places["readable"])),
        *("--writable", str(places["writable"])),
        entry_point=None,
    )
    try:
        check_places(pool, places, closed="done")
    finally:
        pool.stop()


def test_strict_with_folders_from_a_configuration_file(
    short_tmp: Path, tmp_path: Path, places: dict[str, Path]
) -> None:
    config = tmp_path / "vllm.toml"
    config.write_text(
        f'[pools.default]\nsize = 1\nallow = ["{THINGS}."]\nconfine = "strict"\n'
        f'readable = ["{places["readable"]}"]\nwritable = ["{places["writable"]}"]\n'
    )
    pool = start_pool(short_tmp / "file", "--config", str(config), entry_point=None)
    try:
        check_places(pool, places, closed="EACCES")
        # They die with a killed server as others do, and nothing is left of it.
        processes = pool.processes()
        os.kill(pool.pid, signal.SIGKILL)
        eventually(lambda: not any(map(alive, processes[1:])))
        eventually(lambda: not pool.runtime_dirs())
    finally:
        pool.stop()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('confine = "tight"', "confine is 'tight'; it should be one of strict, writes, off"),
        ('readable = ["relative"]', "'relative'; it should be an absolute path"),
        ('writable = ["/no/such/place"]', "'/no/such/place'; it should be a folder or file that"),
        ("writable = [1]", "writable.0 is 1; it should be an absolute path"),
        ('readable = "/etc"', "it should be a valid list"),
    ],
)
def test_mistakes_in_a_file(lines: str, said: str, tmp_path: Path) -> None:
    config = tmp_path / "vllm.toml"
    config.write_text(f"[pools.default]\n{lines}\n")
    assert said in refused("serve", "--config", str(config))


def test_mistakes_on_the_command_line() -> None:
    for arguments, said in (
        (("--confine", "tight"), "invalid choice: 'tight'"),
        (("--writable", "/no/such/place"), "'/no/such/place' should be a folder or file that"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "vllm_bridge", "serve", *arguments],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 2
        assert said in done.stderr


# --- what an error says ---------------------------------------------------------------------------


def message(tried: Try, mode: str, function: str, *arguments: str) -> tuple[str, BridgeError]:
    with pytest.raises(BridgeError) as caught:
        tried(mode, function, *arguments)
    return str(caught.value), caught.value


def test_an_error_of_confinement_says_so_and_how_to_open_it(tried: Try, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_text("x")
    said, error = message(tried, "strict", "open_file", str(weights))
    assert "confined (mode 'strict'" in said
    assert f"--readable {tmp_path}" in said
    assert error.details["confinement"] == "strict"
    assert error.details["path"] == str(weights)
    assert error.python_type == "PermissionError"

    said, _ = message(tried, "strict", "wrapped_open", str(weights))
    assert said.startswith("the weights cannot be loaded: this rank is confined")

    said, _ = message(tried, "strict", "start", "/bin/true")
    assert "starts no programs" in said
    assert "--confine" in said

    said, error = message(tried, "writes", "open_file", str(weights), "w")
    assert "confined (mode 'writes'" in said
    assert f"--writable {tmp_path}" in said
    assert "--readable" not in said


def test_other_errors_say_nothing_of_it(tried: Try, tmp_path: Path) -> None:
    for mode in MODES:
        for function, path in (
            ("open_file", str(tmp_path / "none")),
            ("start", f"{sys.prefix}/no-such-program"),
        ):
            said, error = message(tried, mode, function, path)
            if mode == STRICT and function == "start":
                continue  # no program is looked for
            assert error.python_type == "FileNotFoundError"
            assert "confined" not in said


# --- a kernel without -----------------------------------------------------------------------------

LACKING = """
import os, sys
from vllm_bridge.confinement import seccomp, syscalls
syscalls.no_new_privileges()
seccomp.forbid(sys.argv[1].split(","), sockets_of_ranks_only=False)
os.execv(sys.argv[2], sys.argv[2:])
"""


def lacking(*calls: str) -> tuple[str, ...]:
    return (sys.executable, "-c", LACKING, ",".join(calls))


def test_a_kernel_without_landlock_is_said_once_and_ranks_run(short_tmp: Path) -> None:
    before = lacking("landlock_create_ruleset")
    pool = start_pool(
        *(short_tmp / "old", "--size", "1", "--allow", f"{THINGS}."),
        *("--metrics", "127.0.0.1:0"),
        entry_point=None,
        before=before,
    )
    try:
        with pool.client() as client:
            session = client.open_session(affinity="strict_queue")
            assert session.call("get_pp_indices", 61, 0, 4) == (0, 15)
            # What there is holds.
            assert set(session.run(f"{THINGS}.calls").values()) == {"EPERM"}
            assert session.run(f"{THINGS}.open_file", f"{short_tmp}/old-new", "w") is None
            assert client.status().pools[0].confinement.startswith("writes: files are not confined")
        assert pool.stderr().count("no Landlock") == 1
    finally:
        pool.stop()


@pytest.mark.parametrize(
    ("call", "said"), [("landlock_create_ruleset", "no Landlock"), ("seccomp", "no seccomp")]
)
def test_confinement_that_is_asked_for_and_cannot_be_is_refused(call: str, said: str) -> None:
    done = subprocess.run(
        [
            *lacking(call),
            *(sys.executable, "-m", "vllm_bridge", "serve", "--confine", "strict"),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
    )
    assert done.returncode == 2, done
    assert "--confine strict cannot be had on this machine" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_oldest_landlock_has_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    handled = []

    def call(name: str, *arguments: Any) -> int:
        if name == "landlock_create_ruleset":
            handled.append(arguments[0]._obj.handled_access_fs)
            raise OSError(errno.ENOMSG, "enough")
        return 0

    for version, most in ((1, 1 << 13), (2, 1 << 14), (3, 1 << 15), (5, 1 << 16), (9, 1 << 16)):
        monkeypatch.setattr(landlock, "abi", lambda version=version: version)
        monkeypatch.setattr(landlock, "call", call)
        with pytest.raises(OSError, match="enough"):
            landlock.restrict(landlock.Right(0xFFFF), [], own_signals=True)
        assert handled[-1] == most - 1, version


def test_another_processor_has_landlock_and_no_seccomp(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (syscalls, seccomp, confinement):
        monkeypatch.setattr(module, "MACHINE", None)
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert landlock.abi() > 0
    assert confinement.missing() == (
        "system calls are not confined: no seccomp is known for the processor 'riscv64'"
    )


# --- Snakepit -------------------------------------------------------------------------------------


def worker_of(folder: Path, *arguments: str, **environment: str) -> Worker:
    process, ready, stderr = spawn(folder, *arguments, **environment)
    worker = connect(process, wait_ready(process, ready, stderr), stderr)
    # What wrote the file ends, a moment after it is there.
    eventually(lambda: children(process.pid) == [])
    return worker


@pytest.mark.parametrize(
    ("arguments", "mode"),
    [((), "strict"), (("--allow", "posix."), "writes"), (("--confine", "off"), "off")],
)
def test_snakepit_workers_are_confined(
    tmp_path: Path, arguments: tuple[str, ...], mode: str
) -> None:
    worker = worker_of(tmp_path / "snake", *arguments, TMPDIR=str(tmp_path))
    try:
        assert confined(worker.process.pid) == {("0", "0") if mode == "off" else ("1", "2")}
        result = worker.function("vllm_distributed", "get_pp_indices", 61, 0, 4)
        assert result is not None
        if mode == "writes":
            with pytest.raises(Exception, match="--writable"):
                worker.function("posix", "mkdir", str(tmp_path / "new"))
    finally:
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(20) == 0, worker.stderr()
    left = [path for folder in tmp_path.glob("vllm-*") for path in folder.iterdir()]
    assert left == [], "its temporary directory goes with it"
