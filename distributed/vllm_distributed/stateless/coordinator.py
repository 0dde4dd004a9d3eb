"""StatelessGroupCoordinator: a GroupCoordinator apart from torch's world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from torch.distributed import ProcessGroup
from torch.distributed.constants import default_pg_timeout

from vllm_distributed.compat.torch_internals import HashStore, PrefixStore, Store
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.durations import check_timeout
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError, RollCallError
from vllm_distributed.groups.coordinator import GroupCoordinator, new_member
from vllm_distributed.process_groups.stateless import backends_of
from vllm_distributed.stateless.process_group import StatelessProcessGroup
from vllm_distributed.stateless.process_groups import StatelessProcessGroups
from vllm_distributed.store.connection import Connection, Place, connect_at, connect_in, join
from vllm_distributed.topology import check_partition

__all__ = ["StatelessGroupCoordinator"]

_EXPIRATION_S = 3600


@outside_graphs()
class StatelessGroupCoordinator(GroupCoordinator):
    """A `GroupCoordinator` whose members meet by themselves, apart from torch's world.

    torch.distributed need not be initialised, and is left as it is. Several may overlap over the
    same processes, with any members, and come and go while others live: that is how a world grows
    and shrinks. Every method of `GroupCoordinator` works on it. Besides a CPU and a device group it
    has `tcp_store_group`, a `StatelessProcessGroup` of the same members.

    `group_ranks` are lists of global ranks, ascending; this process is `global_rank` of
    `global_world_size` and makes the group of the list its rank is in; only the members of that
    list take part. They meet at `host` and the first port that `group_ports` has for that list (of
    vLLM's three ports per list one is needed), where the list's first rank listens, on nothing but
    `host`: on that port, or on a socket it was given by `adopt_listen_socket`. Or they meet in
    `coord_store`, a torch store all of them are connected to, and nobody listens; it has to live
    while groups are made. `timeout` (default: torch's 30 minutes) bounds the making and each
    operation. `global_world_size` left at 1 means as many as `group_ranks` names.

    The list's first rank serves the group's store, and should be the last to destroy it while
    `tcp_store_group` or `make_sibling_device_group` are in use.

    Collective over the members. A call that fails leaves nothing behind.

    Raises:
        InvalidRankError: naming a rank that is in no list or in two.
        InvalidArgumentError: or a kind of it, for other values that make no sense.
        UnknownBackendError
        RendezvousError: if host and port cannot be bound, or not reached in time.
        RollCallTimeoutError: naming the members that did not come.
        RollCallMismatchError: if members want different groups.
    """

    _groups: StatelessProcessGroups

    def __init__(
        self,
        group_ranks: list[list[int]],
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        coord_store: Any = None,
        use_message_queue_broadcaster: bool = False,
        group_name: str | None = None,
        host: str = "127.0.0.1",
        global_rank: int = 0,
        global_world_size: int = 1,
        use_all2all: bool = False,
        group_ports: list[list[int]] | None = None,
        timeout: timedelta | None = None,
    ) -> None:
        _check_lists("group_ranks", group_ranks)
        backends_of(torch_distributed_backend)
        limit = default_pg_timeout if timeout is None else check_timeout("timeout", timeout)
        world_size = _world_size(group_ranks, global_world_size)
        ranks = check_partition(group_ranks, global_rank, world_size)
        place = Place(ranks.index(global_rank), len(ranks))
        connect = _way_to_meet(
            group_ranks, ranks, place, group_name or "anonymous", host, group_ports, coord_store
        )
        self._identify(
            new_member(group_name, global_rank, list(ranks)),
            local_rank,
            torch_distributed_backend,
            use_device_communicator,
            use_all2all,
        )
        self.group_ranks = group_ranks
        self._groups = StatelessProcessGroups(self._member, self.backend, self.device, limit)
        self.global_world_size: int = world_size
        """The number of processes the lists of ranks are about."""
        self.tcp_store_group: StatelessProcessGroup
        """The same members, through the store alone: for control, without connections."""
        self._connection: Connection | None = None
        self._meet(connect, group_name)
        if use_message_queue_broadcaster:
            self._open_broadcaster()

    def make_sibling_device_group(self, group_desc: str | None = None) -> ProcessGroup:
        """Return a second device process group with the same members, for work that runs beside
        the first one's.

        Collective over the group; the member that serves its store must not have destroyed it.
        `destroy` destroys it too.

        Raises:
            RollCallTimeoutError: naming the members that did not come.
            StoreLostError
        """
        self._member.check_alive()
        if self._connection is None:
            return super().make_sibling_device_group(group_desc)

        def make(store: Store, _: timedelta) -> ProcessGroup:
            self._groups.use(store)
            return super(StatelessGroupCoordinator, self).make_sibling_device_group(group_desc)

        siblings = list(self._groups.siblings)
        try:
            return self._connection.build(
                "make_sibling_device_group", {"backend": self.backend}, self._groups.timeout, make
            )
        except BaseException as error:
            self._groups.siblings = siblings
            if isinstance(error, RollCallError):
                raise self._with_global_ranks(error) from error
            raise

    def destroy(self) -> None:
        """Destroy the group's process groups and its store, and free its name. Idempotent, local
        to the process.

        Any later operation fails with `GroupDestroyedError`.
        """
        if self._member.is_destroyed:
            return
        super().destroy()
        self.tcp_store_group.destroy()
        self._leave()

    def size(self) -> int:
        """Return the number of members."""
        return self.world_size

    def _meet(
        self, connect: Callable[[timedelta, timedelta], Connection], group_name: str | None
    ) -> None:
        agree = {
            "group_ranks": self.ranks,
            "group_name": group_name,
            "backend": self.backend,
        }
        try:
            self._connection, _ = join(
                connect, "StatelessGroupCoordinator", agree, self._groups.timeout, self._make_all
            )
        except BaseException as error:
            super().destroy()
            if isinstance(error, RollCallError):
                raise self._with_global_ranks(error) from error
            raise

    def _make_all(self, store: Store, _: timedelta) -> None:
        self._groups.start_over(PrefixStore("groups", store))
        self._connect()
        self.tcp_store_group = StatelessProcessGroup(
            self.rank_in_group,
            self.world_size,
            PrefixStore("objects", store),
            _EXPIRATION_S,
            None,
            self._groups.timeout.total_seconds(),
        )

    def _leave(self) -> None:
        connection, self._connection = self._connection, None
        self._groups.use(HashStore())
        if connection is not None:
            connection.close()

    def _with_global_ranks(self, error: RollCallError) -> RollCallError:
        """Return the error with what the group's own numbers mean."""
        missing = error.details.get("missing")
        details = {**error.details, "ranks": self.ranks}
        if isinstance(missing, list):
            details["missing_global"] = [self.ranks[rank] for rank in missing]
        return type(error)(
            f"{error} (ranks are counted inside {self.unique_name}, whose members have the global "
            f"ranks {self.ranks})",
            **details,
        )


def _check_lists(name: str, value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(part, list) for part in value):
        raise InvalidTypeError(f"{name} must be a list of lists of integers, got {value!r}")


def _world_size(group_ranks: Sequence[Sequence[int]], given: int) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise InvalidArgumentError(
            f"global_world_size must be an integer of at least 1, got {given!r}"
        )
    named = [rank for part in group_ranks for rank in part if isinstance(rank, int)]
    return max([given, *(rank + 1 for rank in named)]) if given == 1 else given


def _way_to_meet(
    group_ranks: Sequence[Sequence[int]],
    ranks: Sequence[int],
    place: Place,
    name: str,
    host: str,
    group_ports: list[list[int]] | None,
    coord_store: Any,
) -> Callable[[timedelta, timedelta], Connection]:
    if coord_store is not None:
        if not isinstance(coord_store, Store):
            raise InvalidTypeError(
                f"coord_store must be a torch.distributed Store, got {type(coord_store).__name__}"
            )
        if place.world_size > 1:
            members = "-".join(map(str, ranks))
            return connect_in(coord_store, f"{name}/{members}", place)
    if place.world_size == 1:
        return connect_at(host, 0, 0, 1, None)
    if group_ports is None:
        raise InvalidArgumentError(
            f"the members {list(ranks)} have no way to meet: pass group_ports, a list of ports for "
            f"each list of group_ranks, or coord_store, a store that all of them are connected to"
        )
    _check_lists("group_ports", group_ports)
    index = [list(part) for part in group_ranks].index(list(ranks))
    if len(group_ports) != len(group_ranks) or not group_ports[index]:
        raise InvalidArgumentError(
            f"group_ports={group_ports} must have a list of one port or more for each of the "
            f"{len(group_ranks)} lists of group_ranks",
            group_ports=group_ports,
        )
    return connect_at(host, group_ports[index][0], place.rank, place.world_size, None)
