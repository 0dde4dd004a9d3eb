"""What the log says of groups that do not, or not in all, go through shared memory."""

from __future__ import annotations

import logging

from vllm_distributed.logger import init_logger

__all__ = ["say_why"]

logger = init_logger("vllm_distributed.transports.shm.collectives")

_said: set[str] = set()


def say_why(what: str, reason: str, *, expected: bool = False) -> None:
    """Say it, once for each reason: a world has many groups, and a group many pairs.

    What can be mended on this machine is a warning; what is meant to be so is not.
    """
    if reason not in _said:
        _said.add(reason)
        logger.log(logging.INFO if expected else logging.WARNING, "%s: %s", what, reason)
