"""A wheel and an sdist, as `pip install vllm-distributed` gets them."""

from __future__ import annotations

import email
import json
import subprocess
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from conftest import ROOT, fresh_environment

PROGRAM = """
import torch, vllm_bridge, vllm_distributed
from vllm_bridge.client import connect
print(vllm_distributed.__file__)
print(vllm_bridge.__file__)
"""


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_it_can_be_installed_and_used(built: Path, tmp_path: Path, kind: str) -> None:
    (package,) = built.glob(kind)
    python = fresh_environment(tmp_path / "env", package)
    ran = subprocess.run(
        [str(python), "-c", PROGRAM],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for line in ran.stdout.splitlines():
        assert line.startswith(str(tmp_path / "env")), line
    bridge = str(tmp_path / "env" / "bin" / "vllm-bridge")
    server = subprocess.Popen(
        [bridge, "serve", "--embedded", "--size", "1"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        call = (
            "import sys; from vllm_bridge.client import connect\n"
            "with connect(sys.argv[1]) as client:\n"
            "    with client.start_world(tensor_parallel_size=2) as world:\n"
            "        print(world.call('get_pp_indices', 61, 0, 4))\n"
        )
        said = subprocess.run(
            [str(python), "-c", call, ready["endpoint"]],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert said.stdout == "[(0, 15), (0, 15)]\n", said.stderr
    finally:
        _, errors = server.communicate("", timeout=30)
    assert server.returncode == 0, errors


def test_its_metadata_say_what_it_is(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        said = email.message_from_bytes(archive.read(metadata))
        (entries,) = [name for name in names if name.endswith("entry_points.txt")]
        assert "vllm-bridge = vllm_bridge.cli:main" in archive.read(entries).decode()
    assert said["Name"] == "vllm-distributed"
    assert said["Requires-Python"] == ">=3.10"
    assert "Typing :: Typed" in said.get_all("Classifier", [])
    links = {line.split(",")[0] for line in said.get_all("Project-URL", [])}
    assert {"Homepage", "Documentation", "Changelog", "Issues"} <= links
    extras = set(said.get_all("Provides-Extra", []))
    assert {"ray", "page", "otel", "examples", "clusters", "top"} <= extras
    assert "py.typed" in {name.rpartition("/")[2] for name in names}
    assert {name.split("/")[0] for name in names if not name.startswith("vllm_distributed-")} == {
        "vllm_bridge",
        "vllm_distributed",
        "vllm_distributed_overlay.pth",
        "vllm_distributed_overlay.py",
    }
    # What is installed here, and tested with, is what it asks for.
    for line in said.get_all("Requires-Dist", []):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            assert requirement.specifier.contains(version(requirement.name), prereleases=True), line


def test_the_sdist_has_what_the_wheel_is_made_of(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("pyproject.toml", "LICENSE", "README.md", "proto/vllm/bridge/v1/pool.proto"):
        assert name in names
    for path in (ROOT / "distributed").rglob("*.py"):
        assert str(path.relative_to(ROOT)) in names
