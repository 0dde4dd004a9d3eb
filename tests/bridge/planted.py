"""What the fuzzer of names must find: functions that do what no open name does."""

from __future__ import annotations

import subprocess
from pathlib import Path

VALUE = 1


def write(*args: object, **more: object) -> None:
    Path("planted").write_text("planted")


def start(*args: object, **more: object) -> None:
    subprocess.run(["true"], check=True)


def change(*args: object, **more: object) -> None:
    Changed.value += 1


class Changed:
    """Its attribute is counted up."""

    value = 0
