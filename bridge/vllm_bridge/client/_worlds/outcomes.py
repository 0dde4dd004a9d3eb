"""What has become of each rank's part of a call or run, and the one error that says it of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from vllm_bridge.codec.errors import BridgeError, Category

GRACE_SECONDS = 0.1
"""From the first failure until the other ranks are given up: what they say themselves says more."""

Errors = Literal["first", "all"]
"""What `World.run` raises: the first exception at once, or all that come shortly after it."""

# That a peer is gone says less than what the peer itself says.
_CONSEQUENCES = ("peer_died", "abandoned", "run_cancelled")


@dataclass(frozen=True)
class Outcome:
    """What one rank came to: a value, or an error."""

    value: Any = None
    error: BaseException | None = None

    @property
    def ok(self) -> bool:
        """Whether there was no error."""
        return self.error is None

    def result(self) -> Any:
        """The value. Raises the error."""
        if self.error is not None:
            raise self.error
        return self.value


class Outcomes:
    """Those of all ranks, as they come."""

    def __init__(self, ranks: Sequence[int]) -> None:
        self.ranks = tuple(ranks)
        self.heard: dict[int, Outcome] = {}
        # Of which nothing was sent, as another one had failed.
        self.unsent: set[int] = set()
        self._failed = False

    @property
    def failed(self) -> bool:
        """Whether one has failed."""
        return self._failed

    def add(self, rank: int, outcome: Outcome) -> None:
        """One has come."""
        self.heard[rank] = outcome
        self._failed = self._failed or not outcome.ok

    def errors(self) -> dict[int, BaseException]:
        """What those have raised that have failed, in the order of their ranks."""
        found = {rank: self.heard[rank].error for rank in self.ranks if rank in self.heard}
        return {rank: error for rank, error in found.items() if error is not None}

    def values(self) -> dict[int, Any]:
        """The values of all ranks, in their order.

        Raises:
            BridgeError: a rank has failed; `details["outcomes"]` has all of them.
        """
        errors = {
            rank: as_error(self.heard[rank].error)
            for rank in self.ranks
            if rank in self.heard and not self.heard[rank].ok
        }
        if errors:
            raise self._together(errors)
        return {rank: self.heard[rank].value for rank in self.ranks}

    def _together(self, errors: Mapping[int, BridgeError]) -> BridgeError:
        rank = next(
            (rank for rank, error in errors.items() if error.reason not in _CONSEQUENCES),
            next(iter(errors)),
        )
        error = errors[rank]
        error.details["outcomes"] = {rank: self._said(rank, errors) for rank in self.ranks}
        error.details["errors"] = {rank: error.message for rank, error in errors.items()}
        error.rank = rank if error.rank is None else error.rank
        return error

    def _said(self, rank: int, errors: Mapping[int, BridgeError]) -> str:
        if rank in errors:
            return "not_reached" if errors[rank].details.get("ran") is False else "error"
        if rank in self.unsent:
            return "not_reached"
        return "ok" if rank in self.heard else "cancelled"


def as_error(error: BaseException | None) -> BridgeError:
    """An exception of a function of the user's, as the error of a run."""
    if isinstance(error, BridgeError):
        return error
    made = BridgeError(
        Category.WORKER,
        "run_failed",
        f"the function failed: {type(error).__name__}: {error}",
        python_type=type(error).__name__,
    )
    made.__cause__ = error
    return made


def check_errors(errors: object) -> None:
    """Raise BridgeError (validation, `invalid_option`) unless it is one of `Errors`."""
    if errors not in ("first", "all"):
        raise BridgeError(
            Category.VALIDATION,
            "invalid_option",
            f'errors is {errors!r}; it must be "first" or "all"',
            details={"argument": "errors"},
        )


def unfinished(what: str, timeout: timedelta | None) -> BridgeError:
    """The error of waiting in vain for what goes on."""
    waited = "" if timeout is None else f" after {timeout.total_seconds():g} s"
    return BridgeError(
        Category.TIMEOUT,
        "future_not_ready",
        f"{what} has not ended{waited}, and goes on: ask again, or cancel it",
        details={"state": "pending"},
    )


def cancelled_by_caller(what: str) -> BridgeError:
    """The error of what was given up by whoever had begun it."""
    return BridgeError(
        Category.GRPC_ERROR,
        "cancelled",
        f"{what} was cancelled by its caller. Calls that ranks were running go on, others "
        "never run",
    )
