"""Collectives as torch operators, which a compiled graph can hold.

A graph cannot hold a coordinator, so an operator names its group; coordinators are looked up,
weakly, when it runs. All are out of place. Their `_fake` twins give shapes and dtypes only, for
tracing. They are registered for every device under the library `vllm_distributed`.

The gradient of a sum over the group is the sum of the gradients, that of an all-gather their
reduce-scatter, and the other way round: `backward` computes, on every rank, the gradient of the sum
of what all ranks call `backward` for. So all ranks must call it, as they did the operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from vllm_distributed.arguments import check_dim, check_divides
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.flight.recording import recorded
from vllm_distributed.groups.coordinator import GroupCoordinator, find_group
from vllm_distributed.tensors.kinds import FOR_OPERATORS, check_differentiable
from vllm_distributed.tensors.reductions import check_linear, check_reduction

__all__ = [
    "all_gather",
    "all_gather_fake",
    "all_reduce",
    "all_reduce_fake",
    "direct_register_custom_op",
    "reduce_scatter",
    "reduce_scatter_fake",
]

NAMESPACE = "vllm_distributed"
EVERY_DEVICE = "CompositeExplicitAutograd"

_library = torch.library.Library(NAMESPACE, "FRAGMENT")  # type: ignore[no-untyped-call]


def direct_register_custom_op(
    op_name: str,
    op_func: Callable[..., Any],
    mutates_args: list[str] | None = None,
    fake_impl: Callable[..., Any] | None = None,
    target_lib: torch.library.Library | None = None,
    dispatch_key: str | None = None,
    tags: Any = (),
) -> None:
    """Register `op_func` as the operator `torch.ops.<library>.<op_name>`.

    Its annotations are its schema; `mutates_args` names the arguments it changes. `fake_impl`
    computes shapes and dtypes alone, and is needed for `torch.compile`. `target_lib` is by default
    this package's own (`torch.ops.vllm_distributed`); `dispatch_key` the devices it is for, by
    default all. `tags` are torch's operator tags. Costs less to call than
    `torch.library.custom_op`. An operator lives as long as its library, by default the process.
    Local to the process. Refused behind the bridge, where no function is an argument.

    Raises:
        InvalidArgumentError: if the name is taken, or the annotations make no schema.
    """
    if not isinstance(op_name, str) or not callable(op_func):
        raise InvalidTypeError(
            f"an operator is registered with a name and a function, got {op_name!r} and {op_func!r}"
        )
    library: Any = _library if target_lib is None else target_lib  # torch has no types for it
    namespace = str(library.ns)
    try:
        schema = torch.library.infer_schema(op_func, mutates_args=mutates_args or [])
        library.define(f"{op_name}{schema}", tags=tags)
    except (RuntimeError, ValueError) as error:
        raise InvalidArgumentError(
            f"{op_name!r} cannot be registered as an operator of {namespace!r}: {error}",
            op_name=op_name,
            library=namespace,
        ) from error
    library.impl(op_name, op_func, dispatch_key=dispatch_key or EVERY_DEVICE)
    if fake_impl is not None:
        torch.library.register_fake(f"{namespace}::{op_name}", fake_impl, lib=library)


def all_reduce(tensor: torch.Tensor, group_name: str, op: str = "sum") -> torch.Tensor:
    """Return the sum of the tensors of the group with this unique name, such as `tp:0`, or what
    else `op` says, in a new tensor.

    As `GroupCoordinator.all_reduce`, also in its gradient. Collective over the group.

    Raises:
        GroupNotInitializedError: naming the groups there are.
    """
    if not torch.compiler.is_compiling():
        try:
            return _all_reduce(tensor, group_name, op)
        except FOR_OPERATORS:
            check_differentiable()
    if tensor.requires_grad and torch.is_grad_enabled():
        check_linear(op)
    return _operator("all_reduce")(tensor, group_name, op)


def _all_reduce(tensor: torch.Tensor, group_name: str, op: str = "sum") -> torch.Tensor:
    group = find_group(group_name)
    reduce = group.device_communicator.all_reduce
    if op != "sum":
        return _apart(recorded(group, "all_reduce", reduce, tensor, None, op), tensor)
    return _apart(recorded(group, "all_reduce", reduce, tensor), tensor)


def all_reduce_fake(tensor: torch.Tensor, group_name: str, op: str = "sum") -> torch.Tensor:
    """Return an uninitialised tensor like `all_reduce`'s result. Local: nothing is sent."""
    if op != "sum":
        check_reduction("all_reduce", op, tensor)
    check_dim("all_reduce", tensor, -1)
    return torch.empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)


def all_gather(tensor: torch.Tensor, dim: int, world_size: int, group_name: str) -> torch.Tensor:
    """Return the tensors of the group with this unique name concatenated along `dim`.

    As `GroupCoordinator.all_gather`. `world_size` is the group's size. Collective over the group.

    Raises:
        GroupNotInitializedError: naming the groups there are.
        InvalidArgumentError: for another `world_size` or a `dim` out of range.
    """
    if not torch.compiler.is_compiling():
        try:
            return _all_gather(tensor, dim, world_size, group_name)
        except FOR_OPERATORS:
            check_differentiable()
    return _operator("all_gather")(tensor, dim, world_size, group_name)


def _all_gather(tensor: torch.Tensor, dim: int, world_size: int, group_name: str) -> torch.Tensor:
    group = _group_of(world_size, group_name)
    gather = group.device_communicator.all_gather
    return _apart(recorded(group, "all_gather", gather, tensor, dim), tensor)


def all_gather_fake(
    tensor: torch.Tensor, dim: int, world_size: int, group_name: str
) -> torch.Tensor:
    """Return an uninitialised tensor like `all_gather`'s result. Local: nothing is sent."""
    at = check_dim("all_gather", tensor, dim)
    shape = list(tensor.shape) or [1]
    shape[at] *= _checked_size(world_size)
    return torch.empty(shape, dtype=tensor.dtype, device=tensor.device)


def reduce_scatter(
    tensor: torch.Tensor, dim: int, world_size: int, group_name: str
) -> torch.Tensor:
    """Return this rank's part, along `dim`, of the sum over the group with this unique name.

    As `GroupCoordinator.reduce_scatter`. `world_size` is the group's size. Collective over the
    group.

    Raises:
        GroupNotInitializedError: naming the groups there are.
        InvalidArgumentError: for another `world_size`, or a `dim` out of range or of an extent that
            does not divide.
    """
    if not torch.compiler.is_compiling():
        try:
            return _reduce_scatter(tensor, dim, world_size, group_name)
        except FOR_OPERATORS:
            check_differentiable()
    return _operator("reduce_scatter")(tensor, dim, world_size, group_name)


def _reduce_scatter(
    tensor: torch.Tensor, dim: int, world_size: int, group_name: str
) -> torch.Tensor:
    group = _group_of(world_size, group_name)
    scatter = group.device_communicator.reduce_scatter
    return _apart(recorded(group, "reduce_scatter", scatter, tensor, dim), tensor)


def reduce_scatter_fake(
    tensor: torch.Tensor, dim: int, world_size: int, group_name: str
) -> torch.Tensor:
    """Return an uninitialised tensor like `reduce_scatter`'s result. Local: nothing is sent."""
    at = check_dim("reduce_scatter", tensor, dim)
    shape = list(tensor.shape) or [1]
    shape[at] = check_divides("reduce_scatter", tensor, at, _checked_size(world_size))
    return torch.empty(shape, dtype=tensor.dtype, device=tensor.device)


def _checked_size(world_size: int) -> int:
    if not isinstance(world_size, (int, torch.SymInt)) or world_size < 1:
        raise InvalidArgumentError(
            f"world_size must be an integer of at least 1, got {world_size!r}",
            world_size=repr(world_size),
        )
    return world_size


def _operator(name: str) -> Callable[..., torch.Tensor]:
    return getattr(torch.ops.vllm_distributed, name)  # type: ignore[no-any-return]


def _group_of(world_size: int, group_name: str) -> GroupCoordinator:
    group = find_group(group_name)
    if group.world_size != world_size:
        raise InvalidArgumentError(
            f"world_size={world_size} is not that of group {group_name!r}, which has "
            f"{group.world_size} ranks: pass its world_size",
            world_size=world_size,
            group=group_name,
        )
    return group


def _apart(result: torch.Tensor, input_: torch.Tensor) -> torch.Tensor:
    """An operator must not return its argument, which a group of one does."""
    return result.clone() if result is input_ else result


def register_operators(
    operators: Sequence[tuple[str, Callable[..., Any], Callable[..., Any]]],
) -> None:
    """Register operators of this package: name, function, and the one for shapes alone."""
    for name, function, fake in operators:
        direct_register_custom_op(name, function, fake_impl=fake)


def _remember_linear(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    check_linear(inputs[2])
    _remember(ctx, inputs, output)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    tensor, *ctx.others = inputs
    ctx.shape = tensor.shape


def _all_reduce_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    return _operator("all_reduce")(gradient, *ctx.others), None, None


def _all_gather_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    # A tensor without dims was gathered as a vector.
    own = _operator("reduce_scatter")(gradient, *ctx.others)
    return own.reshape(ctx.shape), None, None, None


def _reduce_scatter_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    whole = _operator("all_gather")(gradient, *ctx.others)
    return whole.reshape(ctx.shape), None, None, None


register_operators(
    [
        ("all_reduce", _all_reduce, all_reduce_fake),
        ("all_gather", _all_gather, all_gather_fake),
        ("reduce_scatter", _reduce_scatter, reduce_scatter_fake),
    ]
)
for _name, _backward, _before in (
    ("all_reduce", _all_reduce_backward, _remember_linear),
    ("all_gather", _all_gather_backward, _remember),
    ("reduce_scatter", _reduce_scatter_backward, _remember),
):
    torch.library.register_autograd(
        f"{NAMESPACE}::{_name}", _backward, setup_context=_before, lib=_library
    )
