"""DeviceCommunicatorBase: the operations of one group on tensors, whatever they travel over."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.arguments import (
    check_dense,
    check_dim,
    check_divides,
    check_dtype,
    check_peer,
    check_process_group,
    check_rank,
    check_shape,
    check_sizes,
    check_switch,
    check_tensor,
)
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.errors import InvalidTypeError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.process_groups.stateless import members_of
from vllm_distributed.tensors.dtypes import check_dense as check_on_host
from vllm_distributed.tensors.dtypes import is_plain
from vllm_distributed.tensors.kinds import check_gradient
from vllm_distributed.tensors.out_arguments import (
    check_apart,
    check_list,
    check_out,
    is_plain_and_apart,
    is_same_memory,
    refuse_out,
    written,
)
from vllm_distributed.tensors.reductions import check_reduction, divide
from vllm_distributed.transports.base import Transport
from vllm_distributed.transports.communicator_tokens import TokenOperations
from vllm_distributed.transports.expert_parallel import TokenExchange, TokenManager
from vllm_distributed.transports.hierarchy.group import Hierarchy
from vllm_distributed.transports.point_to_point import exchange, exchanges_of
from vllm_distributed.transports.select import make_transport
from vllm_distributed.transports.shm.group import SharedMemory
from vllm_distributed.transports.small_reduce import cpu_all_reduce_

__all__ = ["DeviceCommunicatorBase"]


@outside_graphs()
class DeviceCommunicatorBase(TokenOperations):
    """Moves and reduces the tensors of one group: checks the arguments, then sends.

    Complete as it is; code of one's own derives from it and overrides what it does in another way.
    `cpu_group` is the group over gloo, `device_group` the one for tensors on `device`; without a
    `device_group` the group is one rank alone. CPU tensors travel through `shared_memory` where a
    coordinator passes that of its members (of all, or of those of each node), else over the CPU
    group; tensors on a device travel
    over the device group, and where that is gloo like CPU tensors, by way of the host's memory.
    `unique_name` is for messages. `optimised` allows paths made for the device, such as an
    all-reduce through symmetric memory. `global_ranks` and `global_world_size` are accepted for
    code written against vLLM.

    Making one for a group on several devices is collective over the group. `src` and `dst` count
    inside the group. Results are new tensors, or what is passed as `out`. Errors are those of
    `GroupCoordinator`'s operations of the same names.
    """

    def __init__(
        self,
        cpu_group: ProcessGroup | None = None,
        device: torch.device | None = None,
        device_group: ProcessGroup | None = None,
        unique_name: str = "",
        global_ranks: list[int] | None = None,
        global_world_size: int | None = None,
        use_all2all: bool = False,
        *,
        optimised: bool = True,
        shared_memory: SharedMemory | Hierarchy | None = None,
    ) -> None:
        for name, group in (("cpu_group", cpu_group), ("device_group", device_group)):
            if group is not None:
                check_process_group(name, group)
        self.device: torch.device = device or torch.device("cpu")
        """Where the group's tensors live, unless they are on the CPU."""
        self.cpu_group: ProcessGroup | None = cpu_group
        """The process group over gloo."""
        self.device_group: ProcessGroup | None = device_group
        """The process group for tensors on the device."""
        self.unique_name: str = unique_name
        """The group's name, such as `tp:0`."""
        self._transport: Transport = make_transport(
            cpu_group,
            self.device,
            device_group,
            unique_name,
            optimised=optimised,
            shared_memory=shared_memory,
        )
        self.rank_in_group: int = self._transport.rank_in_group
        """This process's number inside the group."""
        self.world_size: int = self._transport.world_size
        """The number of members."""
        self._shares_memory = shared_memory is not None
        self._tell_apart(global_ranks, global_world_size, use_all2all)
        # Weak: else the threads and sockets of a destroyed group stay until a garbage collection.
        self._tokens = TokenExchange([weakref.proxy(self)])
        leave_to_parent(self, f"the group {unique_name}", "cpu_group", "device_group")

    # Without `out` there is no more on the way of a call than the question whether it is there.

    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        """Return the sum of the group's tensors, or what else `op` says. Collective over the
        group."""
        if op != "sum":
            return self._reduced(input_, out, op)
        if out is None:
            return self._transport.all_reduce(input_)
        check_dim("all_reduce", input_, -1)
        if is_plain_and_apart(out, input_, input_.shape):
            self._transport.all_reduce(input_, out)
            return out
        self._check_out("all_reduce", out, input_, input_.shape)
        if is_same_memory(out, input_):
            self._transport.all_reduce_(out)
            return out
        check_apart("all_reduce", out, {"input_": input_})
        return written(out, partial(self._transport.all_reduce, input_))

    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        """Replace `input_` by what `all_reduce` returns. Collective over the group."""
        if op == "sum":
            return self._transport.all_reduce_(input_)
        check_reduction("all_reduce_", op, input_)
        self._transport.all_reduce_(input_, op)
        return self._averaged(input_, op)

    def cpu_all_reduce_(self, tensor: torch.Tensor) -> torch.Tensor:
        """Replace a small tensor on the CPU by its sum over the group. Collective over the
        group."""
        check_on_host(tensor, "cpu_all_reduce_")
        if self._shares_memory or self.cpu_group is None:
            return self._transport.all_reduce_(tensor)
        return cpu_all_reduce_(tensor, self.cpu_group)

    def all_gather(
        self, input_: torch.Tensor, dim: int = -1, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the tensors of all ranks concatenated along `dim`. Collective over the group."""
        at = check_dim("all_gather", input_, dim)
        if out is None:
            return self._transport.all_gather(input_, at)
        shape = tuple(self._gathered(input_, at))
        if is_plain_and_apart(out, input_, shape):
            self._transport.all_gather(input_, at, out)
            return out
        self._check_out("all_gather", out, input_, shape)
        check_apart("all_gather", out, {"input_": input_})
        return written(out, partial(self._transport.all_gather, input_, at))

    def all_gatherv(
        self,
        input_: torch.Tensor | list[torch.Tensor],
        dim: int = 0,
        sizes: list[int] | None = None,
        out: torch.Tensor | list[torch.Tensor] | None = None,
    ) -> torch.Tensor | list[torch.Tensor]:
        """Return the tensors of all ranks, `sizes` long along `dim`, concatenated along it.

        Collective over the group.
        """
        tensors = input_ if isinstance(input_, list) else [input_]
        dims = [check_dim("all_gatherv", tensor, dim) for tensor in tensors]
        if sizes is not None:
            for tensor, at in zip(tensors, dims, strict=True):
                extent = tensor.size(at) if tensor.dim() else 1
                check_sizes("all_gatherv", sizes, self.world_size, extent, self.rank_in_group)
        if len(tensors) > 1:
            self._check_carried({f"input_[{at}]": tensor for at, tensor in enumerate(tensors)})
        moves = [
            partial(self._transport.all_gather, tensor, at)
            if sizes is None
            else partial(self._transport.all_gatherv, tensor, at, sizes)
            for tensor, at in zip(tensors, dims, strict=True)
        ]
        if out is None:
            results = [move() for move in moves]
        else:
            outs: list[Any] = (
                check_list("all_gatherv", out, len(moves)) if isinstance(input_, list) else [out]
            )
            self._check_outs(outs, tensors, dims, sizes)
            results = [written(place, move) for place, move in zip(outs, moves, strict=True)]
        return results if isinstance(input_, list) else results[0]

    def reduce_scatter(
        self, input_: torch.Tensor, dim: int = -1, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return this rank's equal part along `dim` of the sum. Collective over the group."""
        at = check_dim("reduce_scatter", input_, dim)
        share = check_divides("reduce_scatter", input_, at, self.world_size)
        return self._scattered("reduce_scatter", input_, at, [share] * self.world_size, out)

    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int = -1,
        sizes: list[int] | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return this rank's part, of `sizes` along `dim`, of the sum. Collective."""
        if sizes is None:
            return self.reduce_scatter(input_, dim, out)
        at = check_dim("reduce_scatterv", input_, dim)
        extent = input_.size(at) if input_.dim() else 1
        check_sizes("reduce_scatterv", sizes, self.world_size, extent)
        return self._scattered("reduce_scatterv", input_, at, sizes, out)

    def reduce_scatterv_into_output(
        self,
        input_: torch.Tensor,
        output: torch.Tensor,
        dim: int = -1,
        sizes: list[int] | None = None,
    ) -> torch.Tensor:
        """Write what `reduce_scatterv` returns into `output`, and return that. Collective over the
        group."""
        check_tensor("output", output)
        return self.reduce_scatterv(input_, dim, sizes, output)

    def gather(
        self,
        input_: torch.Tensor,
        dst: int = 0,
        dim: int = -1,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor | None:
        """Return on `dst` what `all_gather` would, elsewhere None. Collective over the group.

        `out` is for `dst` alone.
        """
        check_rank("dst", dst, self.world_size, self.unique_name)
        at = check_dim("gather", input_, dim)
        if out is None:
            return self._transport.gather(input_, dst, at)
        if self.rank_in_group != dst:
            refuse_out("gather", self.rank_in_group, dst)
        self._check_out("gather", out, input_, self._gathered(input_, at))
        check_apart("gather", out, {"input_": input_})
        return written(out, partial(self._transport.gather, input_, dst, at))

    def broadcast(self, tensor: torch.Tensor, src: int = 0) -> torch.Tensor:
        """Replace `tensor` by the one of `src`. Collective over the group."""
        check_rank("src", src, self.world_size, self.unique_name)
        return self._transport.broadcast(tensor, src)

    def send(self, tensor: torch.Tensor, dst: int | None = None) -> None:
        """Send to one rank (default: the next), which calls `recv`."""
        self._transport.send(tensor, self._peer("dst", dst, +1))

    def recv(
        self,
        size: torch.Size,
        dtype: torch.dtype,
        src: int | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Receive a tensor on the group's device from one rank (default: the previous)."""
        src = self._peer("src", src, -1)
        size, dtype = check_shape("recv", size), check_dtype("recv", dtype)
        if out is None:
            return self._transport.recv(size, dtype, src)
        check_out("recv", out, size, (dtype, self.device))
        return written(out, partial(self._transport.recv, size, dtype, src))

    def batch_isend_irecv(self, p2p_ops: list[Any]) -> list[torch.Tensor]:
        """Do several sends and receives at once, in whatever order peers come to theirs.

        Each is a `torch.distributed.P2POp` of this group, or a tuple (`"send"` or `"recv"`, tensor,
        peer) whose peer counts inside the group. A receive writes into its tensor. Returns the
        tensors that were received, in the order of the list, when all is done. Meets the peers'
        `batch_isend_irecv` and no other call: what one rank sends to another there arrives in the
        order it was sent. The list may be empty. Local to the ranks it names.

        Raises:
            InvalidTypeError, InvalidRankError, InvalidArgumentError: before anything is sent.
            CollectiveError, CollectiveTimeoutError: if a peer is gone or does not take part.
        """
        ops = exchanges_of(p2p_ops, self.rank_in_group, self.world_size, self.unique_name)
        group = self.cpu_group
        if any(op.tensor.device.type != "cpu" for op in ops):
            group = self.device_group
        return exchange(ops, group, self.unique_name)

    def get_symmetric_memory_buffer(
        self, role: str, shape: list[int], dtype: torch.dtype, device: torch.device
    ) -> torch.Tensor | None:
        """Return memory that the group's devices reach directly, for a use named `role`.

        None where the group has none to give away, as here: collectives take any memory. One's own
        communicator may have some.

        Raises:
            InvalidTypeError, InvalidArgumentError: for what is no shape or dtype.
        """
        if not isinstance(role, str):
            raise InvalidTypeError(f"role must be a string, got {role!r}")
        check_shape("get_symmetric_memory_buffer", shape)
        check_dtype("get_symmetric_memory_buffer", dtype)
        return None

    def prepare_communication_buffer_for_model(self, model: torch.nn.Module) -> None:
        """Size buffers from the model. The transports here need none; one's own may."""

    def suspend(self) -> None:
        """Give back memory that can be had again, which is what ranks share for large collectives.

        Collective over the group. A later call gets it again.
        """
        self._transport.suspend()

    def resume(self) -> None:
        """Get back what `suspend` gave up, if it did. Collective over the group."""
        self._transport.resume()

    def checkpoint_prepare(self) -> None:
        """Do as `suspend`, for a checkpoint of the process. Collective over the group."""
        self.suspend()

    def checkpoint_restore(self) -> None:
        """Do as `resume`, after a checkpoint of the process. Collective over the group."""
        self.resume()

    def destroy(self) -> None:
        """Give back what is held besides the process groups."""
        self._transport.destroy()

    def _tell_apart(
        self, global_ranks: list[int] | None, global_world_size: int | None, use_all2all: bool
    ) -> None:
        """Set which rank of which group this is, as code written against vLLM asks."""
        self.rank: int = self.rank_in_group
        """This process's number inside the group, by vLLM's other name."""
        known = global_ranks or members_of(self.cpu_group or self.device_group)
        self.ranks: list[int] = list(known or range(self.world_size))
        """The global ranks of the members, or their numbers where they have none."""
        self.global_rank: int = self.ranks[self.rank]
        """This process's global rank."""
        self.global_world_size: int = global_world_size or max(self.ranks) + 1
        """The number of ranks that the group's are of."""
        self.is_ep_communicator: bool = self.unique_name.partition(":")[0] == "ep"
        """Whether this is an expert parallel group's."""
        check_switch("use_all2all", use_all2all)
        self.use_all2all: bool = self.is_ep_communicator and use_all2all
        """Whether tokens are exchanged through it."""
        self.all2all_backend: str | None = None
        """What exchanges them, where it is not composed from collectives; None here."""
        self.all2all_manager: Any = None
        """Of an expert parallel group's, what layers of vLLM ask about the exchange."""
        if self.is_ep_communicator:
            self.all2all_manager = TokenManager(self.rank, self.world_size)

    def _reduced(self, input_: torch.Tensor, out: torch.Tensor | None, op: str) -> torch.Tensor:
        """What `all_reduce` does but for sums."""
        check_reduction("all_reduce", op, input_)
        if out is None:
            return self._averaged(self._transport.all_reduce(input_, None, op), op)
        check_dim("all_reduce", input_, -1)
        self._check_out("all_reduce", out, input_, input_.shape)
        if is_same_memory(out, input_):
            self._transport.all_reduce_(out, op)
        else:
            check_apart("all_reduce", out, {"input_": input_})
            written(out, partial(self._transport.all_reduce, input_, op=op))
        return self._averaged(out, op)

    def _averaged(self, total: torch.Tensor, op: str) -> torch.Tensor:
        """Return a total, which for `avg` is a sum, as what was asked for."""
        if op == "avg" and self.world_size > 1:
            divide(total, self.world_size)
        return total

    def _check_carried(self, named: Mapping[str, torch.Tensor]) -> None:
        """Refuse any of several tensors that cannot be carried, before the first is sent."""
        for name, tensor in named.items():
            self._transport.check(tensor, name)

    # What `out` must be

    def _check_out(
        self,
        operation: str,
        out: torch.Tensor,
        input_: torch.Tensor,
        shape: Sequence[int],
        name: str = "out",
    ) -> None:
        """Refuse an `out` that cannot take a result of this shape, and an input whose memory cannot
        be compared with it."""
        if not is_plain(input_):
            check_dense("input_", input_)
            check_gradient(operation, input_)
        check_out(operation, out, shape, (input_.dtype, input_.device), name)

    def _check_outs(
        self,
        outs: Sequence[Any],
        tensors: Sequence[torch.Tensor],
        dims: Sequence[int],
        sizes: Sequence[int] | None,
    ) -> None:
        """Refuse any of several places for gathered tensors, before the first is sent."""
        several = len(outs) > 1
        taken = {
            f"input_[{at}]" if several else "input_": tensor for at, tensor in enumerate(tensors)
        }
        for at, (out, tensor, dim) in enumerate(zip(outs, tensors, dims, strict=True)):
            name = f"out[{at}]" if several else "out"
            shape = self._gathered(tensor, dim, sizes)
            self._check_out("all_gatherv", out, tensor, shape, name)
            check_apart("all_gatherv", out, taken, name)
            taken[name] = out

    def _scattered(
        self,
        operation: str,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None,
    ) -> torch.Tensor:
        if out is None:
            return self._transport.reduce_scatterv(input_, dim, sizes)
        self._check_out(operation, out, input_, self._shape(input_, dim, sizes[self.rank_in_group]))
        check_apart(operation, out, {"input_": input_})
        return written(out, partial(self._transport.reduce_scatterv, input_, dim, sizes))

    def _gathered(
        self, input_: torch.Tensor, dim: int, sizes: Sequence[int] | None = None
    ) -> list[int]:
        """Return the shape of the concatenation along `dim`; without `sizes` all are equal."""
        extent = input_.size(dim) if input_.dim() else 1
        return self._shape(input_, dim, sum(sizes) if sizes else extent * self.world_size)

    def _shape(self, input_: torch.Tensor, dim: int, extent: int) -> list[int]:
        shape = list(input_.shape)
        if self.world_size == 1:  # the result is the input, also one without dims
            return shape
        shape = shape or [1]
        shape[dim] = extent
        return shape

    def _peer(self, name: str, value: int | None, step: int) -> int:
        if value is None:
            if self.world_size > 1:
                return (self.rank_in_group + step) % self.world_size
            value = (self.rank_in_group + step) % self.world_size
        return check_peer(name, value, self.rank_in_group, self.world_size, self.unique_name)
