"""Compose what a client may call, and watch whether anything happens that is no computation.

    .venv/bin/python benchmarks/compose_names.py                # ten minutes
    .venv/bin/python benchmarks/compose_names.py --seconds 8 --seed 1

Names, methods and attributes are called through a rank's own handlers of calls, in processes of
their own, with generated arguments and with earlier results, most of them open ones and some
closed. An audit hook of Python and snapshots say whether a file was opened for writing, a process
started, code loaded or compiled, a socket connected, or an attribute of a class, a function or a
module changed. Prints the figures as JSON and leaves with status 1 when anything of that happened.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROUND_SECONDS = 20.0
"""How long a process goes on: a new one starts from a clean state, and with another seed."""


def main() -> int:
    options = _options()
    if options.child:
        import composing

        return composing.run(options.seconds, options.seed, options.allow)
    figures, findings, died = _rounds(options)
    print(
        json.dumps(
            {
                "ok": not findings,
                "seconds": options.seconds,
                "seed": options.seed,
                **figures,
                "died": died,
                "findings": findings,
            },
            indent=2,
        )
    )
    return 1 if findings else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--allow", action="append", default=[], help="as of vllm-bridge serve")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _rounds(options: argparse.Namespace) -> tuple[dict[str, int], list[Any], list[str]]:
    figures: Counter[str] = Counter()
    findings: list[Any] = []
    died: list[str] = []
    until, seed = time.monotonic() + options.seconds, options.seed
    while (left := until - time.monotonic()) > 0 or not figures:
        command = [sys.executable, str(Path(__file__).resolve()), "--child"]
        command += ["--seconds", str(max(1.0, min(left, ROUND_SECONDS))), "--seed", str(seed)]
        command += [part for prefix in options.allow for part in ("--allow", prefix)]
        with tempfile.TemporaryDirectory() as sandbox:
            done = subprocess.run(
                command,
                cwd=sandbox,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
            )
        lines = done.stdout.splitlines()
        if done.returncode != 0 or not lines:
            # A kernel of torch that crashed: torch is as safe as it is, and the next round goes on.
            died.append(f"seed {seed}: status {done.returncode}: {_last(done.stderr)}")
            figures["rounds_that_died"] += 1
        for slow in (line for line in done.stderr.splitlines() if " took " in line):
            print(slow, file=sys.stderr)
        for line in lines:
            if line.startswith("{"):
                found = json.loads(line)
                findings += found.pop("findings")
                figures.update(found)
        seed += 1
    return dict(figures), findings, died


def _last(text: str) -> str:
    return text.strip().splitlines()[-1][:300] if text.strip() else ""


if __name__ == "__main__":
    sys.exit(main())
