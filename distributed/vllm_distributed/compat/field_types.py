"""The types of a configuration's fields, as vLLM's parser of arguments reads them.

It makes a flag of each field by its type: numbers, texts, `Literal`. Ours have a text for a type,
and checks in it.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

__all__ = ["give_types"]


def give_types(
    cls: type, kinds: types.ModuleType, choices: Callable[[str], tuple[Any, ...]]
) -> None:
    """Have each field of a dataclass say a type without checks.

    `kinds` has those that fields are annotated with; `choices` returns the values of one that are
    to be had, by its name, and nothing for all that `kinds` allows.
    """
    names = {id(getattr(kinds, name)): name for name in kinds.__all__}

    def plain(hint: Any) -> Any:
        origin, parts = typing.get_origin(hint), typing.get_args(hint)
        if origin is Annotated:
            allowed = kinds.choices_of(hint)
            allowed = (allowed and choices(names.get(id(hint), ""))) or allowed
            return Literal[allowed] if allowed else plain(parts[0])
        if origin in (Union, types.UnionType):
            return Union[tuple(map(plain, parts))]  # noqa: UP007 - of a tuple
        if origin is list:
            return list[plain(parts[0])]  # type: ignore[misc]
        return hint

    hints = typing.get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        field.type = plain(hints[field.name])
