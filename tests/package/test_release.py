"""examples/release_app as `mix release` makes it: with its Python packages, in another folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pool_harness import eventually

from conftest import ROOT, dependencies

APP = ROOT / "examples" / "release_app"


@pytest.fixture(scope="module")
def release(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The release, moved to where it was not built."""
    base = tmp_path_factory.mktemp("release")
    shutil.copytree(APP, base / "app", ignore=shutil.ignore_patterns("_build", "deps"))
    (wheel,) = built.glob("*.whl")
    overlay = base / "app" / "rel" / "overlays" / "python"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--target", str(overlay), str(wheel)], check=True, timeout=300)
    subprocess.run(
        ["mix", "release", "--quiet", "--path", str(base / "made")],
        cwd=base / "app",
        env={**os.environ, "MIX_ENV": "prod", "VLLM_DISTRIBUTED": str(ROOT)},
        check=True,
        timeout=600,
    )
    moved = Path(tempfile.mkdtemp(prefix="release-", dir="/tmp")) / "app"
    shutil.move(base / "made", moved)
    yield moved
    shutil.rmtree(moved.parent)


def test_it_starts_answers_stops_and_leaves_nothing(release: Path) -> None:
    runtime = release.parent / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(release.parent),
        "LC_ALL": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(runtime),
        "RANKS_PYTHON": sys.executable,
        # torch, behind what the release has.
        "PYTHONPATH": dependencies(),
        "RELEASE_NODE": f"release_app_{os.getpid()}",
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(release / "bin" / "release_app"), *words],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    before = set(os.listdir("/dev/shm"))
    started = subprocess.Popen(
        [str(release / "bin" / "release_app"), "start"],
        env=environment,
        cwd="/",
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 90
        while "{:ok" not in (answer := run("rpc", "IO.inspect(ReleaseApp.sums())")).stdout:
            said = answer.stdout + answer.stderr
            assert started.poll() is None, said
            assert time.monotonic() < deadline, said
        assert answer.stdout == "{:ok, [[3.0], [3.0]]}\n"
        origin = run("rpc", "IO.puts(ReleaseApp.origin())").stdout
        assert origin.startswith(str(release / "python")), origin
        assert list(runtime.iterdir())
        assert run("stop").returncode == 0
        assert started.wait(30) == 0
    finally:
        if started.poll() is None:
            started.kill()
            started.wait()
    # The ranks were in the session of the release.
    eventually(lambda: processes_of(started.pid) == [], 30)
    assert list(runtime.iterdir()) == []
    assert {name for name in set(os.listdir("/dev/shm")) - before if "vllm" in name} == set()


def processes_of(session: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        if int(fields[3]) == session and fields[0] != "Z" and "epmd" not in text:
            found.append(text)
    return found
