"""Logging: one logger tree named after the package, quiet unless the application configures it."""

from __future__ import annotations

import logging

__all__ = ["init_logger", "logger"]


def init_logger(name: str) -> logging.Logger:
    """Return the logger of a module; call it as `init_logger(__name__)`.

    Handlers and levels are the application's: this package adds none.
    """
    return logging.getLogger(name)


logger: logging.Logger = init_logger("vllm_distributed")
