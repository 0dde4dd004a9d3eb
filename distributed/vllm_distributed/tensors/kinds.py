"""Tensors that are more than numbers in memory: those that stand for others while a program is
traced or transformed, and those that autograd follows.

A transport reads memory. A fake tensor's memory may hold anything; a slot that a trace looks into
becomes a constant in its graph; and a result from memory has no gradient. So all of them are
refused before anything is sent, except where an operator of `custom_ops` knows better.
"""

from __future__ import annotations

from typing import NoReturn

import torch

from vllm_distributed.compat.torch_tracing import (
    FORWARD,
    RECORDERS,
    differentiator,
    has_modes,
    is_transforming,
    is_wrapped,
    tracer,
)
from vllm_distributed.errors import GradientError, InvalidTypeError, TracedTensorError

__all__ = [
    "FOR_OPERATORS",
    "check_differentiable",
    "check_gradient",
    "check_real",
    "refuse_when_traced",
]

FOR_OPERATORS = (TracedTensorError, GradientError)
"""What is raised, before anything is sent, for calls that an operator can make."""

_OPERATORS = (
    "all_reduce, all_gather and reduce_scatter of a coordinator, and torch.ops.vllm_distributed"
)


def check_real(operation: str, tensor: torch.Tensor) -> None:
    """Refuse a tensor without elements of its own: `TracedTensorError` for one that stands for
    another, `InvalidTypeError` for a nested one."""
    if tensor.is_nested:
        refuse_nested(operation)
    kind = is_wrapped(tensor)
    if kind is not None:
        raise TracedTensorError(
            f"{operation} moves what a tensor has in memory, and this one stands for another, as "
            f"tensors do that a program is traced with: {kind} of {tensor.dtype}. Pass the real "
            f"tensor, outside of the tracing; {_OPERATORS}, can be traced",
            operation=operation,
            kind=kind,
        )


def refuse_nested(operation: str) -> NoReturn:
    """Raise `InvalidTypeError` for a tensor of several shapes, which has none to be asked for."""
    raise InvalidTypeError(
        f"{operation} takes a tensor of one shape, got a nested one: pass its parts (.unbind()) "
        f"one by one, or .to_padded_tensor(0)",
        operation=operation,
    )


def check_gradient(operation: str, tensor: torch.Tensor) -> None:
    """Refuse a tensor whose gradient would be lost."""
    if tensor.requires_grad and torch.is_grad_enabled():
        raise GradientError(
            f"{operation} got a tensor that requires a gradient, which would be lost: pass "
            f"tensor.detach(), or call it under torch.no_grad(). Gradients pass through all_reduce,"
            f" all_gather and reduce_scatter of a coordinator, without out=",
            operation=operation,
        )


def check_differentiable() -> None:
    """Refuse what differentiates in a way that the operators do not know."""
    found = differentiator()
    if found is not None:
        raise GradientError(
            f"the gradients of collectives are those of tensor.backward() and torch.autograd.grad: "
            f"{found} is not one of them",
            differentiator=found,
        )


def refuse_when_traced() -> None:
    """Raise `TracedTensorError` where the program is being traced or transformed."""
    if not (
        has_modes() or is_transforming() or RECORDERS[0] is not None or FORWARD._current_level >= 0
    ):
        return
    found = tracer()
    if found is not None:
        raise TracedTensorError(
            f"nothing is sent while {found} traces or transforms the program: what is moved now "
            f"would not be moved when the trace runs. Call it outside; {_OPERATORS}, can be traced",
            tracer=found,
        )
