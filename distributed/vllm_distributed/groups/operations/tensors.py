"""A coordinator's operations on tensors: checked and carried out by its communicator.

Those that models call become the operators of `custom_ops` wherever a tensor is more than its
values: under `torch.compile`, for a graph can hold an operator; where a program is traced with fake
tensors; and where autograd needs the gradient. The others are refused there, or break the graph.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch.compiler import is_compiling

from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.errors import GradientError, InvalidArgumentError
from vllm_distributed.tensors.kinds import FOR_OPERATORS, check_differentiable
from vllm_distributed.tensors.reductions import check_linear
from vllm_distributed.transports.device import DeviceCommunicatorBase

__all__ = ["TensorOperations"]


class Operators(Protocol):
    """What `custom_ops` registers."""

    def all_reduce(
        self, tensor: torch.Tensor, group_name: str, op: str = "sum"
    ) -> torch.Tensor: ...
    def all_gather(
        self, tensor: torch.Tensor, dim: int, world_size: int, group_name: str
    ) -> torch.Tensor: ...
    def reduce_scatter(
        self, tensor: torch.Tensor, dim: int, world_size: int, group_name: str
    ) -> torch.Tensor: ...


@outside_graphs(but=("all_reduce", "all_gather", "reduce_scatter"))
class TensorOperations:
    """Collectives and point to point on single tensors.

    A result is new memory, unless the caller passes a place for it as `out`; see
    `GroupCoordinator`.
    """

    unique_name: str
    world_size: int
    _communicator: DeviceCommunicatorBase

    # A communicator of one's own need not know `out`: it is passed on only where there is one.

    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        """Return the sum of the group's tensors in a new tensor; the input is not changed.

        All ranks pass the same shape, dtype and `op`: `sum`, `max`, `min`, `avg` or `product`,
        element by element. Through shared memory, on one node, 16-bit floats
        are summed in float32 and rounded once; over gloo they are summed in their own precision.
        Integers wrap around; booleans are combined by or. `out` may be the input itself, which is
        replaced then. Differentiable without `out`: the gradient is the sum of the ranks'
        gradients, for `avg` their average, and for `max`, `min` and `product` there is none.

        `avg` is the sum divided by the group's size, for floats and complex numbers. `max`, `min`
        and `product` are for floats, signed integers, `uint8` and booleans, `product` for the other
        unsigned integers too; of booleans `max` is or, `min` and `product` are and. Where a rank
        has a NaN, `max` and `min` are NaN through shared memory, and may be any rank's elsewhere.
        Collective over the group.

        Raises:
            InvalidArgumentError: for another `op`.
            UnsupportedDtypeError: before anything is sent, for a dtype that has no exact result
                over the backend.
        """
        if not is_compiling():
            try:
                if op != "sum":
                    return self._communicator.all_reduce(input_, out, op)
                if out is None:
                    return self._communicator.all_reduce(input_)
                return self._communicator.all_reduce(input_, out)
            except FOR_OPERATORS:
                check_differentiable()
        _check_place(input_, out)
        if input_.requires_grad and torch.is_grad_enabled():
            check_linear(op)
        result = _operators().all_reduce(input_, self.unique_name, op)
        return _placed(result, out)

    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        """Replace `input_` by the sum of the group's tensors, and return it.

        As `all_reduce`, but in place and so without a new tensor. Collective over the group.

        Raises:
            InvalidArgumentError: for an input with several elements in the same place in memory,
                such as an expanded one.
        """
        if op != "sum":
            return self._communicator.all_reduce_(input_, op)
        return self._communicator.all_reduce_(input_)

    def all_gather(
        self, input_: torch.Tensor, dim: int = -1, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the tensors of all ranks, in rank order, concatenated along `dim`.

        All ranks pass the same shape and dtype; the result's extent along `dim` is the input's
        times the group's size. Tensors without dims become a vector. Differentiable without `out`,
        by `reduce_scatter`. Collective over the group.

        Raises:
            InvalidArgumentError: if `dim` is out of range.
        """
        if not is_compiling():
            try:
                if out is None:
                    return self._communicator.all_gather(input_, dim)
                return self._communicator.all_gather(input_, dim, out)
            except FOR_OPERATORS:
                check_differentiable()
        _check_place(input_, out)
        result = _operators().all_gather(input_, dim, self.world_size, self.unique_name)
        return _placed(result, out)

    def all_gatherv(
        self,
        input_: torch.Tensor | list[torch.Tensor],
        dim: int = 0,
        sizes: list[int] | None = None,
        out: torch.Tensor | list[torch.Tensor] | None = None,
    ) -> torch.Tensor | list[torch.Tensor]:
        """Return the tensors of all ranks, of different extents along `dim`, concatenated along it.

        `sizes` is each rank's extent along `dim`, the same list on every rank; without it all are
        equal. A list of tensors gives a list of results, for which `sizes` holds each time; all are
        checked before the first is sent, and `out` is a list, too. Collective over the group.

        Raises:
            InvalidArgumentError: if this rank's entry is not its tensor's extent.
        """
        if out is None:
            return self._communicator.all_gatherv(input_, dim, sizes)
        return self._communicator.all_gatherv(input_, dim, sizes, out)

    def reduce_scatter(
        self, input_: torch.Tensor, dim: int = -1, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return this rank's equal part, along `dim`, of the sum of the group's tensors.

        All ranks pass the same shape and dtype; rank i gets the i-th part. Dtypes as for
        `all_reduce`. Differentiable without `out`, by `all_gather`. Collective over the group.

        Raises:
            InvalidArgumentError: if `dim` is out of range or its extent does not divide by the
                group's size.
        """
        if not is_compiling():
            try:
                if out is None:
                    return self._communicator.reduce_scatter(input_, dim)
                return self._communicator.reduce_scatter(input_, dim, out)
            except FOR_OPERATORS:
                check_differentiable()
        _check_place(input_, out)
        result = _operators().reduce_scatter(input_, dim, self.world_size, self.unique_name)
        return _placed(result, out)

    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int = -1,
        sizes: list[int] | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return this rank's part, `sizes[rank_in_group]` along `dim`, of the group's sum.

        As `reduce_scatter`, for parts of different extents; `sizes` is the same list on every rank
        and sums to the input's extent. Collective over the group.

        Raises:
            InvalidArgumentError: if `sizes` has another sum.
        """
        if out is None:
            return self._communicator.reduce_scatterv(input_, dim, sizes)
        return self._communicator.reduce_scatterv(input_, dim, sizes, out)

    def reduce_scatterv_into_output(
        self,
        input_: torch.Tensor,
        output: torch.Tensor,
        dim: int = -1,
        sizes: list[int] | None = None,
    ) -> torch.Tensor:
        """Write what `reduce_scatterv` returns into `output`, and return that.

        `output` is what `out` may be there. Collective over the group.

        Raises:
            As `reduce_scatterv`.
        """
        return self._communicator.reduce_scatterv_into_output(input_, output, dim, sizes)

    def cpu_all_reduce_(self, tensor: torch.Tensor) -> torch.Tensor:
        """Replace a small tensor on the CPU by its sum over the group, and return it.

        As `all_reduce_`, whatever the group's device is: through shared memory, on one node, else
        over the CPU group in as few messages as there can be. Every rank gets the same bits.
        Collective over the group.

        Raises:
            InvalidTypeError: for what is no dense tensor on the CPU.
            UnsupportedDtypeError: before anything is sent.
        """
        return self._communicator.cpu_all_reduce_(tensor)

    def gather(
        self,
        input_: torch.Tensor,
        dst: int = 0,
        dim: int = -1,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor | None:
        """Return, on `dst`, the tensors of all ranks concatenated along `dim`; elsewhere None.

        All ranks pass the same shape and dtype, and `out` on `dst` alone. Collective over the
        group.

        Raises:
            InvalidRankError, InvalidArgumentError: for a `dst` or `dim` out of range.
        """
        if out is None:
            return self._communicator.gather(input_, dst, dim)
        return self._communicator.gather(input_, dst, dim, out)

    def broadcast(self, input_: torch.Tensor, src: int = 0) -> torch.Tensor:
        """Replace `input_` by the tensor of `src`, and return it.

        All ranks pass the same shape and dtype, any dtype. Collective over the group.

        Raises:
            InvalidRankError: for a `src` out of range.
            InvalidArgumentError: for a tensor with several elements in the same place in memory,
                such as an expanded one.
        """
        return self._communicator.broadcast(input_, src)

    def send(self, tensor: torch.Tensor, dst: int | None = None) -> None:
        """Send a tensor to `dst` (default: the next rank), which calls `recv` with its shape and
        dtype.

        Over gloo and NCCL a tensor without elements is not sent at all.

        Raises:
            InvalidRankError: if `dst` is out of range or this rank itself.
        """
        self._communicator.send(tensor, dst)

    def recv(
        self,
        size: torch.Size,
        dtype: torch.dtype,
        src: int | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the tensor of this shape and dtype that `src` (default: the previous rank) sends.

        `size` is any sequence of integers, or one integer for a vector.

        Raises:
            InvalidRankError: if `src` is out of range or this rank itself.
            InvalidTypeError, InvalidArgumentError: for what is no shape or dtype.
            CollectiveMismatchError: if, through shared memory, `src` sent another dtype or number
                of elements, which are dropped.
            MessageStepError: if it sent it in a later step than this rank is in.
        """
        if out is None:
            return self._communicator.recv(size, dtype, src)
        return self._communicator.recv(size, dtype, src, out)


def _check_place(input_: torch.Tensor, out: torch.Tensor | None) -> None:
    """Refuse to write a result that has a gradient into a tensor that has none."""
    if out is not None and input_.requires_grad and torch.is_grad_enabled():
        raise GradientError(
            "input_ requires a gradient, and a result in out has none: call it without out, or "
            "under torch.no_grad()",
            argument="out",
        )


def _placed(result: torch.Tensor, out: torch.Tensor | None) -> torch.Tensor:
    """Return the result of an operator, which knows no `out`, where the caller wants it."""
    if out is None:
        return result
    if out.shape != result.shape or out.dtype != result.dtype:  # `copy_` would make it fit
        raise InvalidArgumentError(
            f"out has shape {list(out.shape)} and {out.dtype}, and the result has shape "
            f"{list(result.shape)} and {result.dtype}: pass a tensor like it",
            argument="out",
        )
    return out.copy_(result)


def _operators() -> Operators:
    return torch.ops.vllm_distributed
