"""One file with all that is known of a server: what is in it, and what must not be."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from pool_harness import Pool, connect, environment, start_pool

from vllm_bridge.client import World

TOKEN = "t0ken-of-the-server"
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "s3cret-of-the-cloud",
    "OTEL_EXPORTER_OTLP_HEADERS": "api-key=h3ader-of-the-collector",
    "HF_TOKEN": "hf_hub-t0ken",
    "MY_PASSWORD": 'p4ss"word-of-mine',
}
ELEMENT = 1234567.0


@pytest.fixture(scope="module")
def pool(short_tmp: Path) -> Iterator[Pool]:
    opened = short_tmp / SECRETS["AWS_SECRET_ACCESS_KEY"]
    opened.mkdir()
    pool = start_pool(
        short_tmp / "reported",
        *("--size", "1", "--readable", str(opened), "--listen", f"unix:{short_tmp}/reported.sock"),
        entry_point=None,
        VLLM_BRIDGE_TOKEN=TOKEN,
        NCCL_DEBUG="WARN",
        UNKNOWN_SETTING="nobody-asks-for-this",
        **SECRETS,
    )
    yield pool
    pool.stop()


@pytest.fixture(scope="module")
def world(pool: Pool) -> Iterator[World]:
    with (
        connect(pool.endpoint, token=TOKEN) as client,
        client.start_world(tensor_parallel_size=2, world_id="reported") as world,
    ):
        for _ in range(2):
            world.call("tensor_model_parallel_all_reduce", torch.full((3,), ELEMENT))
        yield world


def report(pool: Pool, out: Path, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    arguments = ("report", "--out", str(out), "--connect", pool.endpoint, "--timeout", "60")
    return subprocess.run(
        [sys.executable, "-m", "vllm_bridge", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env=environment(VLLM_BRIDGE_TOKEN=token),
    )


def files_in(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        found = {}
        for member in tar.getmembers():
            content = tar.extractfile(member)
            assert content is not None
            found[member.name.removeprefix("vllm-bridge-report/")] = content.read()
    return found


@pytest.fixture(scope="module")
def files(pool: Pool, world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("report") / "incident.tar.gz"
    done = report(pool, out)
    assert done.returncode == 0, done.stderr
    found = files_in(out)
    said = found["README.txt"].decode()
    assert done.stdout == f"{said}{out}: {out.stat().st_size} bytes\n"
    return found


def test_it_has_what_an_incident_is_understood_by_and_says_so(files: dict[str, bytes]) -> None:
    whole = {"versions.json", "settings.json", "environment.json", "status.txt", "status.json"}
    whole |= {"metrics.txt", "logs.txt", "README.txt"}
    of_world = {"diagnosis.txt", "diagnosis.json", "trace.json"}
    wanted = whole | {f"worlds/reported/{name}" for name in of_world}
    assert wanted <= files.keys()
    lines = files["README.txt"].decode().splitlines()
    for name in files.keys() - {"README.txt"}:
        line = f"{name} ({len(files[name])} bytes): "
        assert any(each.startswith(line) and each != line for each in lines), name
    versions = json.loads(files["versions.json"])
    assert versions["packages"]["torch"].startswith(torch.__version__.split("+")[0])
    assert json.loads(files["settings.json"])["pools"]["default"]["size"] == 1
    assert json.loads(files["environment.json"])["shown"]["NCCL_DEBUG"] == "WARN"
    assert b"world reported (epoch 1): ready, 2 ranks" in files["status.txt"]
    diagnosis = files["worlds/reported/diagnosis.txt"].decode()
    assert "no call waits at the gate" in diagnosis
    assert "thread MainThread" in diagnosis
    events = json.loads(files["worlds/reported/trace.json"])["traceEvents"]
    assert [event["name"] for event in events].count("all_reduce tp:0") >= 4
    assert "[server of reported] world reported is ready" in files["logs.txt"].decode()
    assert b"vllm_bridge_calls_total" in files["metrics.txt"]


def test_it_has_no_secrets(files: dict[str, bytes]) -> None:
    secrets = {TOKEN, "nobody-asks-for-this", "h3ader-of-the-collector", *SECRETS.values()}
    for name, content in files.items():
        for secret in secrets:
            for form in {secret, json.dumps(secret)[1:-1]}:
                assert form.encode() not in content, (name, form)
    known = json.loads(files["environment.json"])
    assert {"VLLM_BRIDGE_TOKEN", "HF_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS"} <= {*known["only_names"]}
    assert not {*SECRETS, "UNKNOWN_SETTING"} & known["shown"].keys()
    # Where an operator has written one into a setting.
    assert "/[hidden]" in files["settings.json"].decode()


def test_it_has_no_contents_of_tensors(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        for form in (b"1234567", b"2469134"):
            assert form not in content, name


def test_somebody_without_the_token_gets_nothing(pool: Pool, tmp_path: Path) -> None:
    done = report(pool, tmp_path / "mine.tar.gz", token="another-token")
    assert done.returncode == 1
    assert "token" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(pool: Pool, tmp_path: Path) -> None:
    out = tmp_path / "no" / "such.tar.gz"
    done = report(pool, out)
    assert done.returncode == 1
    assert f"{out} cannot be written" in done.stderr
