"""The few things needed from torch's tracing and compiling that it offers under private names only.

Kept together, as `torch_internals` is, so that a new version of torch is one file to check. Present
under these names from torch 2.8 (our lowest) to 2.14, but for what has a way round here.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any, TypeVar, cast

import torch

__all__ = [
    "FORWARD",
    "RECORDERS",
    "differentiator",
    "has_modes",
    "is_transforming",
    "is_wrapped",
    "outside_graphs",
    "tracer",
    "untraced",
]

# What a program is traced or transformed by. Asked by name on the way of every call: a function
# around the four questions would cost as much as they do.
has_modes: Callable[[], int] = torch._C._len_torch_dispatch_stack
"""Whether a mode sees every operator: a fake tensor mode, one that records, one of one's own."""
is_transforming: Callable[[], bool] = torch._C._are_functorch_transforms_active
"""Whether a transformation of torch.func does."""
_kept_apart: Any = torch._ops.mode_stack_state_for_pre_dispatch
RECORDERS: list[object | None] = vars(_kept_apart()).get(
    "_ModeStackStateForPreDispatch__infra_modes", [None]
)
"""The modes of a trace from before autograd (`make_fx(pre_dispatch=True)`), which are kept apart;
the first is the one that records."""
FORWARD: Any = torch.autograd.forward_ad
"""Differentiates in forward mode while its `_current_level` is not negative. Tangents are kept
beside their tensors, and no operation of ours knows what becomes of them."""

_functorch: Any = torch._C._functorch
_mode_of: Callable[[Any], object | None] = torch._C._get_dispatch_mode
_MODE_KEYS = torch._C._TorchDispatchModeKey
_TRACING = (_MODE_KEYS.FAKE, _MODE_KEYS.PROXY, _MODE_KEYS.FUNCTIONAL)
_PLAIN_DISPATCH = torch.Tensor.__torch_dispatch__


def tracer() -> str | None:
    """Return what traces or transforms the program here, so that memory must not be looked at.

    A mode of one's own, one that counts operations for instance, sees what passes through it and
    may.
    """
    if RECORDERS[0] is not None:
        return type(RECORDERS[0]).__name__
    if is_transforming():
        kind = _functorch.peek_interpreter_stack().key()
        return f"torch.func's {kind.name.lower()}"
    if has_modes():
        for key in _TRACING:
            mode = _mode_of(key)
            if mode is not None:
                return type(mode).__name__
    return "torch.autograd.forward_ad" if FORWARD._current_level >= 0 else None


def differentiator() -> str | None:
    """Return which transformation of torch.func differentiates the program here, if one does."""
    if not is_transforming():
        return None
    for interpreter in _functorch.get_interpreter_stack():
        name = interpreter.key().name.lower()
        if name in ("grad", "jvp"):
            return f"torch.func's {name}"
    return None


def is_wrapped(tensor: torch.Tensor) -> str | None:
    """Return what a tensor is that has no elements of its own, or stands for another one; None for
    one that has them."""
    kind = type(tensor)
    if kind.__torch_dispatch__ is not _PLAIN_DISPATCH:
        return kind.__name__
    if _functorch.is_batchedtensor(tensor):
        return "tensor under torch.vmap"
    if _functorch.is_gradtrackingtensor(tensor):
        return "tensor under torch.func.grad or the like"
    if torch._is_functional_tensor(tensor):
        return "functional tensor"
    return None


_Class = TypeVar("_Class", bound=type)


def outside_graphs(*, but: Collection[str] = ()) -> Callable[[_Class], _Class]:
    """Have `torch.compile` break its graph at the public methods of a class, and not look inside;
    `but` names those it may trace.

    What they do cannot be traced: a trace would stop in the middle of a step that the other ranks
    wait for. As `torch.compiler.disable`, but without a wrapper, which would cost more than many a
    method does, and without the import of torch's compiler, which takes seconds. Properties are
    traced.
    """

    def mark(marked: _Class) -> _Class:
        for name, value in vars(marked).items():
            if name.startswith("_") or name in but:
                continue
            function = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
            if inspect.isfunction(function):
                kept = untraced(function)
                if kept is not function:
                    setattr(marked, name, type(value)(kept) if function is not value else kept)
        return marked

    return mark


_Function = TypeVar("_Function", bound=Callable[..., Any])

_MESSAGE = "it moves bytes between processes, which no graph can hold"


def untraced(function: _Function) -> _Function:
    """Have `torch.compile` break its graph at a function, and not look inside."""
    frames: Any = torch._C._dynamo.eval_frame
    if not hasattr(frames, "set_code_exec_strategy"):  # before torch 2.7
        return _switching_off(function, frames)
    skip = frames._FrameExecStrategy(frames._FrameAction.SKIP, frames._FrameAction.SKIP)
    frames.set_code_exec_strategy(cast("Any", function).__code__, skip)
    return _said_to_be_disabled(function)


def _switching_off(function: _Function, frames: Any) -> _Function:
    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        before = frames.set_eval_frame(None)
        try:
            return function(*arguments, **named)
        finally:
            frames.set_eval_frame(before)

    return _said_to_be_disabled(cast("_Function", call))


def _said_to_be_disabled(function: _Function) -> _Function:
    marked: Any = function
    marked._torchdynamo_disable = True
    marked._torchdynamo_disable_msg = _MESSAGE
    return function
