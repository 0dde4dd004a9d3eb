"""What a forked child must leave to its parent.

A child has a copy of everything: of a group's place in shared memory, of sockets to the peers, of
the end of a queue. If it used them it would take its parent's place, and the peers would not know.
So what has such a place says so here when it is made, and in a child its attributes are replaced by
ones that refuse whatever is asked of them. That costs a call nothing, and what the child makes
itself is its own.

Nor may the child give back what it inherited: the destructors of torch's process groups and stores
wait for threads that the child does not have, and take sockets off an epoll instance that it shares
with its parent. Those are kept for as long as the child lives.
"""

from __future__ import annotations

import ctypes
import os
import sys
import weakref
from typing import Any, NoReturn

from vllm_distributed.errors import ForkedProcessError

__all__ = [
    "belongs_to_this_process",
    "forked",
    "is_inherited",
    "keep_for_ever",
    "keep_in_children",
    "leave_to_parent",
]

_places: dict[int, tuple[weakref.ref[Any], str, tuple[str, ...]]] = {}
_kept: weakref.WeakSet[Any] = weakref.WeakSet()
_inherited: set[int] = set()
"""By identity; none of them ever ends."""


class Inherited:
    """Takes the place, in a forked child, of something that is its parent's."""

    def __init__(self, what: str, process: int) -> None:
        self.__dict__.update(_what=what, _process=process)

    def __getattr__(self, name: str) -> NoReturn:
        raise forked(self._what, self._process)

    def __refuse(self, *_: object) -> NoReturn:
        raise forked(self._what, self._process)

    __getitem__ = __setitem__ = __setattr__ = __call__ = __len__ = __iter__ = __refuse
    __enter__ = __exit__ = __contains__ = __refuse

    def __bool__(self) -> bool:
        return True


def forked(what: str, process: int | None = None) -> ForkedProcessError:
    """Return the error for the use of something inherited."""
    process = _parent if process is None else process
    of_world = "" if _rank is None else f"rank {_rank}, "
    return ForkedProcessError(
        f"this process ({os.getpid()}) was forked from {of_world}process {process}, and {what} is "
        f"its parent's: a forked child cannot take its parent's place. Nothing was sent. Call it "
        f"in the parent, or make groups of the child's own: destroy_distributed_environment() in "
        f"the child, then init_distributed_environment() with a world of its own",
        what=what,
        parent=process,
        rank=_rank,
    )


def leave_to_parent(owner: object, what: str, *attributes: str) -> None:
    """Have a forked child refuse to use what is in these attributes of `owner`, and keep it.

    `what` names it, such as `the group tp:0`. None is replaced as well: it would be made when it is
    asked for, with what the parent has.
    """
    key = id(owner)
    _places[key] = (weakref.ref(owner, lambda _: _places.pop(key, None)), what, attributes)


def keep_in_children(resource: Any) -> None:
    """Keep the destructor of this from running in a forked child."""
    _kept.add(resource)


def is_inherited(value: object) -> bool:
    """Return whether this is the parent's, or takes its place: do not use it, nor end it."""
    return type(value) is Inherited or id(value) in _inherited


def belongs_to_this_process(value: object, what: str) -> None:
    """Raise `ForkedProcessError` if this is the parent's."""
    if is_inherited(value):
        raise forked(what)


class Here:
    """This process, and not one that it was forked from: another object in each."""


here = Here()
_parent = 0
_rank: int | None = None
_forking = 0


def _before() -> None:
    global _forking
    _forking = os.getpid()


def _in_child() -> None:
    global here, _parent, _rank
    here, _parent = Here(), _forking
    c10d: Any = sys.modules.get("torch.distributed.distributed_c10d")
    if c10d is not None and c10d.is_initialized():
        _rank = c10d.get_rank()
        for group, (_, store) in c10d._world.pg_map.items():
            keep_for_ever(group)
            keep_for_ever(store)
    for reference, what, attributes in list(_places.values()):
        owner = reference()
        if owner is None:
            continue
        held = vars(owner)
        for name in attributes:
            if type(held.get(name)) is not Inherited:
                keep_for_ever(held.get(name))
            held[name] = Inherited(what, _parent)
    _places.clear()
    for resource in list(_kept):
        keep_for_ever(resource)
    _kept.clear()


def keep_for_ever(value: object) -> None:
    """Never end this, not even with the interpreter, which lets go of all that modules hold."""
    if value is None or isinstance(value, str):
        return
    _inherited.add(id(value))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


os.register_at_fork(before=_before, after_in_child=_in_child)
