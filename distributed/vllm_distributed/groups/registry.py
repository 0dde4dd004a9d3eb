"""The groups alive in this process, by unique name.

A name is the group's kind and the lowest number not in use (`tp:0`), so that a group made after
destroy gets the name it had the first time, on every rank alike. Entries are weak: a group that
nobody holds is not kept alive, and its name is free again.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from vllm_distributed.errors import GroupNotInitializedError

__all__ = ["Registry"]


class Named(Protocol):
    """What is found by its name."""

    @property
    def unique_name(self) -> str: ...


Group = TypeVar("Group", bound=Named)


class Registry(Generic[Group]):
    """Groups by unique name."""

    def __init__(self) -> None:
        self._groups: weakref.WeakValueDictionary[str, Group] = weakref.WeakValueDictionary()

    def next_name(self, kind: str) -> str:
        """Return the name the next group of this kind gets."""
        number = 0
        while f"{kind}:{number}" in self._groups:
            number += 1
        return f"{kind}:{number}"

    def add(self, group: Group) -> None:
        """Make a group findable under its unique name."""
        self._groups[group.unique_name] = group

    def remove(self, group: Group) -> None:
        """Forget a group; its name is free again."""
        if self._groups.get(group.unique_name) is group:
            del self._groups[group.unique_name]

    @contextmanager
    def freed(self, groups: Sequence[Group]) -> Iterator[None]:
        """The names of these groups are free in this block. After it they have them again; what
        was made under those names is not findable until it is added."""
        for group in groups:
            self.remove(group)
        try:
            yield
        finally:
            for group in groups:
                self.add(group)

    def __iter__(self) -> Iterator[Group]:
        """The groups, in the order they were added."""
        yield from list(self._groups.values())

    def find(self, unique_name: str) -> Group:
        """Return the group of a unique name such as `tp:0`."""
        group = self._groups.get(unique_name)
        if group is None:
            known = ", ".join(sorted(self._groups)) or "none"
            raise GroupNotInitializedError(
                f"there is no group named {unique_name!r} in this process (there are: {known}); "
                f"initialize_model_parallel() makes tp:0, pp:0 and so on",
                group=unique_name,
            )
        return group
