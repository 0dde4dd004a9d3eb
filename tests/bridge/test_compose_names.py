"""A short run of `benchmarks/compose_names.py`; the long one is for people."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pool_harness import environment

FUZZER = Path(__file__).parents[2] / "benchmarks" / "compose_names.py"


def composed(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, str(FUZZER), *arguments],
        capture_output=True,
        text=True,
        timeout=80,
        env=environment() | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_no_composition_of_open_names_does_more_than_compute() -> None:
    figures = composed("--seconds", "6", "--seed", "7")
    assert figures["ok"], figures["findings"]
    assert figures["compositions"] > 500
    assert figures["answered"] > 20


def test_what_a_composition_does_is_seen() -> None:
    figures = composed("--seconds", "4", "--seed", "7", "--allow", "planted.")
    found = "\n".join(figures["findings"])
    assert not figures["ok"]
    assert "open ('planted', 'w'" in found
    assert "subprocess.Popen" in found
    assert "Changed.value changed" in found
