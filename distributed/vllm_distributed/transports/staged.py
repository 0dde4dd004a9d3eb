"""Tensors on a device over a group of the gloo backend: by way of the host's memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from vllm_distributed.arguments import check_dense
from vllm_distributed.tensors.dtypes import check_writable, write_into
from vllm_distributed.tensors.kinds import check_gradient, check_real
from vllm_distributed.transports.base import Transport

__all__ = ["StagedTransport"]

_SMALLEST_PINNED = 64 * 1024
"""Bytes below which the copy is over before it matters where it goes."""


class StagedTransport(Transport):
    """Copies a CUDA tensor to the host, works there, and copies the result back.

    Correct, and slow: for tests and for hosts whose accelerators have no backend of their own.
    `recv` gives a CPU tensor, as gloo's groups have the CPU for their device.
    """

    def __init__(self, host: Transport) -> None:
        super().__init__(host.unique_name, host.rank_in_group, host.world_size)
        self._host = host

    def check(self, tensor: torch.Tensor, name: str) -> None:
        check_dense(name, tensor)
        if not tensor.is_cuda:
            self._host.check(tensor, name)

    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        near = _near("all_reduce", input_)
        if near is not input_:  # nobody else's: no need of another one
            return _back(input_, self._host.all_reduce_(near, op), out)
        return self._host.all_reduce(input_, out, op)

    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        near = _near("all_reduce_", input_)
        if near is not input_:
            check_writable(input_, "all_reduce_")
        return _written(input_, self._host.all_reduce_(near, op))

    def all_gather(
        self, input_: torch.Tensor, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        near = _near("all_gather", input_)
        return _back(input_, self._host.all_gather(near, dim, _there(out, near, input_)), out)

    def all_gatherv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        near = _near("all_gatherv", input_)
        result = self._host.all_gatherv(near, dim, sizes, _there(out, near, input_))
        return _back(input_, result, out)

    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        near = _near("reduce_scatter", input_)
        result = self._host.reduce_scatterv(near, dim, sizes, _there(out, near, input_))
        return _back(input_, result, out)

    def gather(
        self, input_: torch.Tensor, dst: int, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor | None:
        near = _near("gather", input_)
        result = self._host.gather(near, dst, dim, _there(out, near, input_))
        return None if result is None else _back(input_, result, out)

    def broadcast(self, input_: torch.Tensor, src: int) -> torch.Tensor:
        near = _near("broadcast", input_)
        if near is not input_:
            check_writable(input_, "broadcast")
        return _written(input_, self._host.broadcast(near, src))

    def send(self, tensor: torch.Tensor, dst: int) -> None:
        self._host.send(_near("send", tensor), dst)

    def recv(
        self, size: torch.Size, dtype: torch.dtype, src: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        return self._host.recv(size, dtype, src, out)

    def suspend(self) -> None:
        self._host.suspend()

    def resume(self) -> None:
        self._host.resume()

    def destroy(self) -> None:
        self._host.destroy()


def _near(operation: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor, or its copy on the host. Refuses anything else."""
    if isinstance(tensor, torch.Tensor) and tensor.is_cuda and tensor.layout is torch.strided:
        check_real(operation, tensor)
        check_gradient(operation, tensor)
        return _copy_on_host(tensor.detach())
    return tensor


def _copy_on_host(tensor: torch.Tensor) -> torch.Tensor:
    """Return a copy in memory that the device reaches by itself, which is twice as fast, if there
    is any to be had: torch keeps such memory and hands it out again."""
    if tensor.nbytes < _SMALLEST_PINNED:
        return tensor.cpu()
    try:
        near = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu", pin_memory=True)
    except RuntimeError:  # locked memory is limited
        return tensor.cpu()
    return near.copy_(tensor)


def _there(
    out: torch.Tensor | None, near: torch.Tensor, input_: torch.Tensor
) -> torch.Tensor | None:
    """Return the `out` that the host can write into: the caller's, unless it is on the device."""
    return out if near is input_ else None


def _back(
    like: torch.Tensor, result: torch.Tensor, out: torch.Tensor | None = None
) -> torch.Tensor:
    if out is not None:
        return _written(out, result)
    return result.to(like.device) if like.is_cuda else result


def _written(target: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    if result is not target:
        write_into(target, result)
    return target
