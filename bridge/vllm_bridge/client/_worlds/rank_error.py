"""The exception of a rank's function, which says which rank's it is."""

from __future__ import annotations

import builtins
import contextlib
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

# What says less than the failures that caused it.
_CONSEQUENCES = ("run_cancelled", "peer_died", "abandoned")


class RankError(Exception):
    """What the function of a rank has raised in `World.run`; it is that exception as well.

        try:
            world.run(step)
        except RankError as error:
            print(error.rank, error.world_id, error.error)

    A `ValueError` of the function is a `RankError` and a `ValueError`, a `BridgeError` of one of
    its calls a `RankError` and a `BridgeError`, with all their attributes and the traceback. It can
    be pickled where the exception itself can.
    """

    error: BaseException
    """As it was raised."""
    world_id: str
    rank: int | None

    def __reduce__(self) -> tuple[object, ...]:
        return rank_error, (self.error, self.world_id, self.rank)


def rank_error(error: BaseException, world_id: str, rank: int) -> BaseException:
    """The exception of a rank's function with the rank; one that ends the program as it is."""
    if not isinstance(error, Exception):
        return error
    if isinstance(error, RankError):
        return error  # of a run inside
    made = _like(error)
    made.__dict__.update(error.__dict__)
    made.error, made.world_id = error, world_id
    if made.__dict__.get("rank") is None:
        made.rank = rank
    made.__cause__, made.__context__ = error.__cause__, error.__context__
    made.__suppress_context__ = error.__suppress_context__
    note(made, f"raised by the function of rank {rank} in World.run of {world_id}")
    marked: BaseException = made.with_traceback(error.__traceback__)
    return marked


def note(error: BaseException, text: str) -> None:
    """As `add_note`, which Python 3.10 has not; what prints notes there finds them, too."""
    if sys.version_info >= (3, 11):
        error.add_note(text)
    else:
        with contextlib.suppress(AttributeError, TypeError):
            error.__notes__ = [*getattr(error, "__notes__", ()), text]


def together(errors: Mapping[int, BaseException], world_id: str) -> BaseException:
    """The exceptions of several ranks as one: an `ExceptionGroup`, where Python has that (3.11),
    else the first one, with notes that name the others."""
    found = {rank: rank_error(error, world_id, rank) for rank, error in errors.items()}
    own = {rank: error for rank, error in found.items() if not _is_consequence(error)} or found
    first = next(iter(own.values()))
    if not isinstance(first, Exception):
        return first
    raised = [error for error in own.values() if isinstance(error, Exception)]
    group: type[BaseException] | None = getattr(builtins, "ExceptionGroup", None)
    if group is not None:
        ranks = ", ".join(str(rank) for rank in own)
        return group(f"the function of rank {ranks} of {world_id} has failed", raised)
    for rank, error in list(own.items())[1:]:
        note(first, f"the function of rank {rank} has failed too: {type(error).__name__}: {error}")
    return first


def _is_consequence(error: BaseException) -> bool:
    return getattr(error, "reason", None) in _CONSEQUENCES


def _like(error: Exception) -> Any:
    """An empty one of the same kind."""
    try:
        kind: type[Exception] = _kind(type(error))  # type: ignore[arg-type]
        args = error.args
        if isinstance(error, OSError) and error.filename is not None:
            args = (error.errno, error.strerror, error.filename, None, error.filename2)
        made = kind.__new__(kind, *args)
        if type(error).__module__ == "builtins":
            # Those keep what they were made of beside their arguments; others in their `__dict__`.
            made.__init__(*args)  # type: ignore[misc]
        made.args = error.args
    except Exception:  # noqa: BLE001 - a class may forbid what it likes
        made = RankError(str(error))
    return made


@cache
def _kind(kind: type[Exception]) -> type[Exception]:
    name = f"RankError({kind.__name__})"
    return type(
        name, (RankError, kind), {"__module__": "vllm_bridge.client", "__doc__": kind.__doc__}
    )
