"""What tests have ranks run: opened with `--allow ray_things.`"""

from __future__ import annotations

import os
import time


def variable(name: str) -> str | None:
    """An environment variable of the rank."""
    return os.environ.get(name)


def sleep(seconds: float) -> float:
    """Take a while."""
    time.sleep(seconds)
    return seconds
