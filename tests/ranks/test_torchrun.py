"""The example under torchrun, as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_runs_under_torchrun() -> None:
    """With -O, under which a check that is an `assert` would be gone."""
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            "2",
            "--no-python",
            sys.executable,
            "-O",
            str(ROOT / "examples" / "torchrun_all_reduce.py"),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "distributed"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    for rank in range(2):
        assert f"rank {rank} of 2: [3.0, 3.0]" in finished.stdout
