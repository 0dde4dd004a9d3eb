"""Whether a client is this process's own, or its parent's."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

from vllm_bridge.codec.errors import BridgeError, Category


class Inherited(Protocol):
    """What a forked child closes without a word to the other end."""

    def drop(self) -> None:
        """Close the child's copy of it; the parent's stays as it is."""


class _Here:
    """This process, and not one that it was forked from: another object in each."""


_here = _Here()
_forking = 0
_held: weakref.WeakSet[Inherited] = weakref.WeakSet()


class Place:
    """Where something was made. It is of use there only."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._made_in = _here

    def check(self) -> None:
        """Refuse what a forked child has of its parent.

        Raises:
            BridgeError: (validation, `forked_process`) the process was forked since.
        """
        if self._made_in is not _here:
            raise BridgeError(
                Category.VALIDATION,
                "forked_process",
                f"this process ({os.getpid()}) was forked from process {_forking}, and "
                f"{self._what} is its parent's: a forked child cannot share its connections. "
                "Nothing was sent. Call it in the parent, or make a client of the child's own "
                "with connect()",
                details={"parent": _forking, "ran": False},
            )


def drop_in_children(held: Inherited) -> None:
    """Have forked children close their copies: the far end would take them for the parent."""
    _held.add(held)


def _before() -> None:
    global _forking
    _forking = os.getpid()


def _in_child() -> None:
    global _here
    _here = _Here()
    for held in list(_held):
        held.drop()
    _held.clear()


# Windows has no forks.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
