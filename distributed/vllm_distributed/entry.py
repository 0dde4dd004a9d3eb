"""The moment before an operation sends its first byte, or begins to wait for one.

The package calls `about_to_send` there, on every way into the network, after everything that can be
checked on this rank has been checked. A program that has to know about it, such as a server that
lets a collective begin only when all ranks have come, sets a hook. Whatever the hook raises comes
out of the operation, which has sent nothing and changed nothing: the group stays usable.

An operation may pass here several times, before each of its messages; only the first one means that
nothing has been sent yet. Without a hook, the rule, it costs a look at a global.

No values are moved while a program is traced or transformed, with a fake tensor mode for one: a
trace must not depend on what other ranks send. `about_to_move` sees to that where no tensor of the
caller's was looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from vllm_distributed.compat.torch_tracing import FORWARD, RECORDERS, has_modes, is_transforming
from vllm_distributed.tensors.kinds import refuse_when_traced

__all__ = ["about_to_move", "about_to_send", "set_hook"]

Hook = Callable[[], None]

_hook: Hook | None = None


def _in_child() -> None:
    """A forked child is nobody that the hook knows of."""
    set_hook(None)


os.register_at_fork(after_in_child=_in_child)


def about_to_send() -> None:
    """Run the hook, if there is one, in the thread of the operation."""
    hook = _hook
    if hook is not None:
        hook()


def about_to_move() -> None:
    """As `about_to_send`, for values.

    Raises `TracedTensorError` under a mode or transformation that traces the program.
    """
    if has_modes() or is_transforming() or RECORDERS[0] is not None or FORWARD._current_level >= 0:
        refuse_when_traced()
    hook = _hook
    if hook is not None:
        hook()


def set_hook(hook: Hook | None) -> Hook | None:
    """Have `hook` run from now on, None for nothing; return what was set before.

    One for the process. Local to the process.
    """
    global _hook
    before, _hook = _hook, hook
    return before
