"""The drivers of examples/minilm: each compares every number with the model in one piece."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pool_harness import environment, start_pool

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
WHERE = os.pathsep.join([str(EXAMPLES), os.environ.get("PYTHONPATH", "")])


def run(*command: str, cwd: Path = EXAMPLES, **variables: str) -> str:
    ran = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.rstrip().endswith("demo: ok"), ran.stdout + ran.stderr
    return ran.stdout


def test_under_torchrun() -> None:
    torchrun = str(Path(sys.executable).with_name("torchrun"))
    said = run(torchrun, "--standalone", "--nproc-per-node", "4", "minilm/with_torchrun.py")
    assert "rank 0: 8.5 million weights" in said
    assert "rank 3: 2.7 million weights" in said


def test_in_a_world_of_a_server_from_python(tmp_path: Path) -> None:
    pool = start_pool(
        tmp_path / "pool",
        *("--size", "1", "--allow", "minilm."),
        entry_point=None,
        PYTHONPATH=f"{environment()['PYTHONPATH']}{os.pathsep}{WHERE}",
    )
    try:
        said = run(sys.executable, "minilm/with_client.py", pool.endpoint)
        assert "A man is eating a piece of bread." in said
    finally:
        pool.stop()


def test_an_elixir_application_that_survives_a_killed_rank() -> None:
    said = run("mix", "run", "demo.exs", cwd=EXAMPLES / "minilm" / "app", PYTHONPATH=WHERE)
    assert "was killed; all answers again after" in said
    assert "epoch 2" in said
