"""Values of flags, and what is wrong with them."""

from __future__ import annotations

import argparse
from datetime import timedelta

from vllm_bridge.durations import of_seconds


class UsageError(Exception):
    """Something the caller has to change; the message is one line for stderr."""


def count(least: int) -> type[int]:
    """A whole number of that or more."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return number

    return parse  # type: ignore[return-value]


def seconds(text: str) -> timedelta:
    """A number of seconds above 0."""
    try:
        duration = of_seconds(float(text))
    except (ValueError, OverflowError):
        duration = timedelta(0)
    if duration <= timedelta(0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return duration
