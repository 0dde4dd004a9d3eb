"""A short run of `benchmarks/soak.py`; the long one is for people."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pool_harness import environment

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def test_soak() -> None:
    size = ("--sessions", "48", "--callers", "16", "--slack", "24")
    done = subprocess.run(
        [sys.executable, str(SOAK), "--seconds", "8", "--kill-every", "1.5", *size],
        capture_output=True,
        text=True,
        timeout=110,
        env=environment(),
    )
    assert done.returncode in (0, 1), done.stderr
    figures = json.loads(done.stdout)
    assert figures["ok"], done.stdout
    # It did what it is for.
    assert figures["killed"] >= 3
    assert figures["by_outcome"]["rank_killed"] >= 1
    assert min(figures["by_kind"].values()) >= 1
    assert figures["calls"] > 50
