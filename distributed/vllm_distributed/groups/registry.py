"""The coordinators alive in this process, by unique name.

A name is the group's kind and the lowest number not in use (`tp:0`), so that a group made after
destroy gets the name it had the first time, on every rank alike. Entries are weak: a coordinator
that nobody holds is not kept alive, and its name is free again.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from vllm_distributed.errors import GroupNotInitializedError

if TYPE_CHECKING:
    from vllm_distributed.groups.coordinator import GroupCoordinator

__all__ = ["claim_name", "find_group", "register", "unregister"]

_groups: weakref.WeakValueDictionary[str, GroupCoordinator] = weakref.WeakValueDictionary()


def claim_name(kind: str) -> str:
    """Return the name the next group of this kind gets."""
    number = 0
    while f"{kind}:{number}" in _groups:
        number += 1
    return f"{kind}:{number}"


def register(group: GroupCoordinator) -> None:
    """Make a group findable under its unique name."""
    _groups[group.unique_name] = group


def unregister(group: GroupCoordinator) -> None:
    """Forget a group; its name is free again."""
    if _groups.get(group.unique_name) is group:
        del _groups[group.unique_name]


def find_group(unique_name: str) -> GroupCoordinator:
    """Return the group of a unique name such as `tp:0`."""
    group = _groups.get(unique_name)
    if group is None:
        known = ", ".join(sorted(_groups)) or "none"
        raise GroupNotInitializedError(
            f"there is no group named {unique_name!r} in this process (there are: {known}); "
            f"initialize_model_parallel() makes tp:0, pp:0 and so on",
            group=unique_name,
        )
    return group
