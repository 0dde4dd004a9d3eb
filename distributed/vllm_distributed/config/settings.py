"""What the configuration classes have in common: how they refuse a value.

Pydantic checks an assignment, cross-field rules included, but leaves the new value in place when a
cross-field rule refuses it. Here a refused assignment leaves the object as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

__all__ = ["SETTINGS", "Breach", "refuse", "undoes_refused_assignments"]

SETTINGS = ConfigDict(extra="forbid", validate_assignment=True, arbitrary_types_allowed=True)

Class = TypeVar("Class", bound=type)


@dataclass(frozen=True)
class Breach:
    """A rule between fields that a configuration breaks: the field to blame, its value, why."""

    field: str
    value: object
    why: str


def refuse(title: str, breaches: Iterable[Breach]) -> None:
    """Raise pydantic's `ValidationError` with one error for each breach, if there are any.

    Raised inside a validator it becomes part of what pydantic raises.
    """
    errors = [
        InitErrorDetails(
            type=PydanticCustomError("rule", "{why}", {"why": breach.why}),
            loc=(breach.field,),
            input=breach.value,
        )
        for breach in breaches
    ]
    if errors:
        raise ValidationError.from_exception_data(title, errors)


def undoes_refused_assignments(*following: str) -> Callable[[Class], Class]:
    """Make a pydantic dataclass, which this decorates, put a refused assignment back.

    Fields named here follow from others, and cannot be assigned another value.
    """

    def decorate(cls: Class) -> Class:
        assign: Callable[..., None] = cls.__setattr__

        def __setattr__(self: object, name: str, value: object) -> None:
            before = dict(vars(self))
            if name in following and value != before.get(name):
                why = f"{name}={value!r} cannot be assigned: it follows from other fields"
                refuse(cls.__name__, [Breach(name, value, why)])
            try:
                assign(self, name, value)
            except BaseException:
                vars(self).clear()
                vars(self).update(before)
                raise

        cls.__setattr__ = __setattr__  # type: ignore[assignment]
        return cls

    return decorate
