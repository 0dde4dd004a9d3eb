"""Joining the world and leaving it: the torch side of `init_distributed_environment`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import torch.distributed as dist
from torch.distributed.constants import default_pg_timeout

from vllm_distributed.compat.backends import device_for, device_to_bind, resolve_backend
from vllm_distributed.compat.torch_internals import (
    PrefixStore,
    default_store,
    end_default_group,
    forget_world,
    group_timeout,
    next_group_number,
    set_next_group_number,
    world_group,
)
from vllm_distributed.durations import check_timeout, cut
from vllm_distributed.errors import (
    CollectiveError,
    DistributedError,
    EnvironmentConflictError,
    InvalidArgumentError,
    RendezvousError,
    StoreLostError,
)
from vllm_distributed.forks import belongs_to_this_process, is_inherited
from vllm_distributed.process_groups.making import Making, set_world_making, supervised_gloo
from vllm_distributed.process_groups.timeouts import GroupTimeouts, set_world_timeouts
from vllm_distributed.store.agreement import StoreAgreement
from vllm_distributed.store.init_method import InitMethod, parse_init_method
from vllm_distributed.store.node import node_identity
from vllm_distributed.store.reach import check_reach
from vllm_distributed.store.rendezvous import Rendezvous, local_address, meet

__all__ = ["Environment", "join", "local_rank_of"]


ExceptHook = Callable[..., Any]
ExceptHooks = tuple[ExceptHook, ExceptHook]  # before torch wrapped it, and torch's wrapper


@dataclass(eq=False)
class Environment:
    """The world this process is in. `adopted`: the caller's code made torch's default group."""

    rank: int
    world_size: int
    local_rank: int
    backend: str
    timeout: timedelta
    cpu_timeout: timedelta
    """Of groups on the CPU."""
    node_count: int
    adopted: bool
    agreement: StoreAgreement
    rendezvous: Rendezvous | None
    excepthooks: ExceptHooks | None
    making: Making
    """What watches over the making of the world's groups."""

    def describe(self) -> str:
        """Return the facts as words for a message."""
        return f"world_size={self.world_size}, rank={self.rank}"

    def agree(self, call: str, arguments: dict[str, Any]) -> Making:
        """Return when every rank has made this call with these arguments.

        Enter the result while making the groups that the call is about. Also brings torch's
        numbering of groups back in step, which a failure on one rank upsets.
        """
        answers = self.agreement.hold(call, arguments, {"group_number": next_group_number()})
        set_next_group_number(max(answer["extra"]["group_number"] for answer in answers))
        return self.agreement.making(serves=self._serves)

    def install(self) -> None:
        """Have groups of this process that are made one by one be those of this world."""
        set_world_timeouts(GroupTimeouts(self.timeout, self.cpu_timeout))
        set_world_making(self.making.later())

    def give_way(self, successor: Environment) -> None:
        """Stop serving: another world has taken the place of this one, default group and all."""
        if self.excepthooks is not None and successor.excepthooks is not None:
            successor.excepthooks = (self.excepthooks[0], successor.excepthooks[1])
        if self.rendezvous is not None:
            self.rendezvous.close(left=True, keep_port=False)

    def give_up(self) -> None:
        """Stop serving: this world, made beside another one, is not wanted."""
        _put_back(self.excepthooks)
        if self.rendezvous is not None:
            self.rendezvous.close(left=False, keep_port=False)

    def leave(self) -> None:
        """Undo `join`. A forked child only forgets, and its parent's default group too."""
        set_world_timeouts(None)
        set_world_making(None)
        if self.adopted and not is_inherited(self):
            return
        _shut_down(self.rendezvous, self.excepthooks, left=True)

    @property
    def _serves(self) -> bool:
        return self.rendezvous is not None and self.rendezvous.server is not None


def join(
    world_size: int,
    rank: int,
    distributed_init_method: str,
    local_rank: int,
    backend: str,
    timeout: timedelta | None,
    cpu_timeout: timedelta | None = None,
) -> Environment:
    """Return the world joined, or adopted if torch.distributed is initialised already.

    `timeout` bounds the joining and all operations; those of groups on the CPU `cpu_timeout`, if it
    is given, and if it is the only one and no device is in play, everything. If joining fails
    nothing is left behind.
    """
    if timeout is not None:
        timeout = check_timeout("timeout", timeout)
    _check_local_rank(local_rank)
    if cpu_timeout is not None:
        cpu_timeout = cut(cpu_timeout)
    usable = resolve_backend(backend)
    if timeout is None and device_for(usable, 0).type == "cpu":
        timeout = cpu_timeout
    if dist.is_initialized():
        environment = _adopt(
            world_size, rank, distributed_init_method, local_rank, usable, timeout, cpu_timeout
        )
    else:
        method = parse_init_method(distributed_init_method, rank, world_size)
        local = local_rank_of(local_rank, distributed_init_method, method.rank)
        environment = _connect(method, local, usable, timeout or default_pg_timeout, cpu_timeout)
    environment.install()
    return environment


def local_rank_of(local_rank: int, distributed_init_method: str, rank: int) -> int:
    """Return the number of this process on its node, by vLLM's rule where it is not given."""
    if local_rank != -1:
        return local_rank
    text = os.environ.get("LOCAL_RANK")
    if not distributed_init_method.startswith("env://") or not text:
        return rank
    try:
        return int(text)
    except ValueError as error:
        raise InvalidArgumentError(
            f"environment variable LOCAL_RANK={text!r} must be an integer"
        ) from error


def _check_local_rank(local_rank: int) -> None:
    if not isinstance(local_rank, int) or isinstance(local_rank, bool) or local_rank < -1:
        raise InvalidArgumentError(
            f"local_rank must be an integer of at least 0, or -1 to find it out, got "
            f"{local_rank!r}",
            local_rank=repr(local_rank),
        )


def _connect(
    method: InitMethod,
    local_rank: int,
    backend: str,
    timeout: timedelta,
    cpu_timeout: timedelta | None,
) -> Environment:
    excepthook = sys.excepthook
    rendezvous: Rendezvous | None = None
    agreement: StoreAgreement | None = None
    try:
        deadline = time.monotonic() + timeout.total_seconds()
        rendezvous, agreement, nodes = _meet_everybody(method, timeout)
        if nodes > 1:
            check_reach(
                partial(_told, agreement, deadline), method.rank, rendezvous.address, deadline
            )
        making = agreement.making(serves=rendezvous.server is not None)
        everybody = range(method.world_size)
        with making, supervised_gloo("the default group", everybody):
            dist.init_process_group(
                backend,
                store=PrefixStore("default_pg", rendezvous.store),
                rank=method.rank,
                world_size=method.world_size,
                timeout=timeout,
                device_id=device_to_bind(backend, local_rank),
            )
    except BaseException as error:
        if agreement is not None and method.rank == 0:
            agreement.let_others_read()
        _shut_down(rendezvous, (excepthook, sys.excepthook), left=False)
        ours = isinstance(error, DistributedError) and not isinstance(error, CollectiveError)
        if isinstance(error, RuntimeError) and not ours:
            details = error.details if isinstance(error, DistributedError) else {}
            raise RendezvousError(
                f"rank {method.rank} of {method.world_size} could not join the world at "
                f"{method.url!r} within the timeout of {timeout.total_seconds():g} s: {error}",
                init_method=method.url,
                host=method.host,
                port=method.port,
                timeout_s=timeout.total_seconds(),
                **{"rank": method.rank, **{k: details[k] for k in ("missing",) if k in details}},
            ) from error
        raise
    return Environment(
        rank=method.rank,
        world_size=method.world_size,
        local_rank=local_rank,
        backend=backend,
        timeout=timeout,
        cpu_timeout=cpu_timeout or timeout,
        node_count=nodes,
        adopted=False,
        agreement=agreement,
        rendezvous=rendezvous,
        excepthooks=(excepthook, sys.excepthook),
        making=making,
    )


def _told(
    agreement: StoreAgreement, deadline: float, extra: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what every rank tells the others of how they reach each other."""
    call = "init_distributed_environment, whether the ranks reach each other"
    return [answer["extra"] for answer in agreement.hold(call, {}, extra, deadline)]


def _meet_everybody(
    method: InitMethod, timeout: timedelta
) -> tuple[Rendezvous, StoreAgreement, int]:
    """Return the rendezvous, the agreement and the number of nodes.

    A rank that tries again after a failure can be back before rank 0 has stopped serving the
    attempt that failed: it loses that store, and has until the deadline to find the next one.
    """
    deadline = time.monotonic() + timeout.total_seconds()
    while True:
        remaining = timedelta(seconds=max(deadline - time.monotonic(), 0.001))
        rendezvous = meet(method, remaining, timeout)
        try:
            agreement, nodes = _hold_first(
                StoreAgreement(
                    rendezvous.store, method.rank, method.world_size, timeout, rendezvous.address
                ),
                method.world_size,
                deadline,
            )
        except StoreLostError:
            rendezvous.close(left=False)
            if time.monotonic() >= deadline:
                raise
        except BaseException:
            rendezvous.close(left=False)
            raise
        else:
            rendezvous.store.set_timeout(timeout)
            return rendezvous, agreement, nodes


def _adopt(
    world_size: int,
    rank: int,
    distributed_init_method: str,
    local_rank: int,
    backend: str,
    timeout: timedelta | None,
    cpu_timeout: timedelta | None,
) -> Environment:
    belongs_to_this_process(world_group(), "torch's default group")
    actual_rank, actual_size = dist.get_rank(), dist.get_world_size()
    if world_size not in (-1, actual_size) or rank not in (-1, actual_rank):
        raise EnvironmentConflictError(
            f"torch.distributed is already initialised with world_size={actual_size}, "
            f"rank={actual_rank}, but world_size={world_size}, rank={rank} was asked for: pass "
            f"those, or -1, or call torch.distributed.destroy_process_group() first",
            existing={"world_size": actual_size, "rank": actual_rank},
            wanted={"world_size": world_size, "rank": rank},
        )
    limit = timeout or group_timeout(world_group())
    store = default_store()
    agreement, nodes = _hold_first(
        StoreAgreement(
            PrefixStore("vllm_distributed/adopted", store),
            actual_rank,
            actual_size,
            limit,
            local_address(store),
        ),
        actual_size,
        time.monotonic() + limit.total_seconds(),
    )
    return Environment(
        rank=actual_rank,
        world_size=actual_size,
        local_rank=local_rank_of(local_rank, distributed_init_method, actual_rank),
        backend=backend,
        timeout=limit,
        cpu_timeout=cpu_timeout or limit,
        node_count=nodes,
        adopted=True,
        agreement=agreement,
        rendezvous=None,
        excepthooks=None,
        making=agreement.making(serves=False),
    )


def _hold_first(
    agreement: StoreAgreement, world_size: int, deadline: float
) -> tuple[StoreAgreement, int]:
    """Hold the first agreement of a world; return it and the number of nodes."""
    answers = agreement.hold(
        "init_distributed_environment",
        {"world_size": world_size},
        {"node": node_identity(), "group_number": next_group_number()},
        deadline,
    )
    if not dist.is_initialized():
        # A process that makes this world beside another one has made groups before.
        set_next_group_number(max(answer["extra"]["group_number"] for answer in answers))
    return agreement, len({answer["extra"]["node"] for answer in answers})


def _shut_down(
    rendezvous: Rendezvous | None, excepthooks: ExceptHooks | None, *, left: bool
) -> None:
    if dist.is_initialized() and is_inherited(world_group()):
        forget_world()
    # torch counts a failed attempt, and would name the next default group differently from peers
    # whose attempt did not fail.
    end_default_group()
    _put_back(excepthooks)
    if rendezvous is not None:
        rendezvous.close(left=left)


def _put_back(excepthooks: ExceptHooks | None) -> None:
    if excepthooks is not None and sys.excepthook is excepthooks[1]:
        sys.excepthook = excepthooks[0]
