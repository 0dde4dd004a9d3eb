"""The ranks of a world that is to come, on one host or several: when all are there, they are told
where to meet."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.settings.launch_options import LaunchOptions
from vllm_bridge.transport.address import TcpAddress


class Meeting:
    """Of ranks that do not inherit the socket at which they meet: rank 0 opens it on its host."""

    def __init__(self, ranks: Sequence[Rank], options: LaunchOptions) -> None:
        self._ranks = ranks
        self._options = options
        self._missing = len(ranks)
        self._init_method: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def arrive(self, rank: Rank, assignment: control_pb2.RankAssignment) -> None:
        """A rank has a process that can be asked. Returns when all have, with the assignment
        complete.

        Raises:
            BridgeError: they are not where they were asked for, or cannot meet.
        """
        self._missing -= 1
        if self._missing == 0:
            try:
                self._init_method.set_result(await self._agree())
            except BridgeError as error:
                self._init_method.set_exception(error)
        world = assignment.world
        world.init_method = await asyncio.shield(self._init_method)
        world.local_rank = rank.local_rank or 0

    async def _agree(self) -> str:
        number_local_ranks(self._ranks)
        self._check_hosts()
        first = self._ranks[0]
        port = await first.listen(first.place.address)
        return f"tcp://{TcpAddress(first.place.address, port)}"

    def _check_hosts(self) -> None:
        wanted = self._options.nnodes
        nodes = {rank.place.host or rank.place.node: rank.place.node for rank in self._ranks}
        if wanted and len(nodes) != wanted:
            raise BridgeError(
                Category.VALIDATION,
                "wrong_hosts",
                f"nnodes is {wanted}, and the ranks of {self._ranks[0].position.world_id} are on "
                f"{len(nodes)}: {', '.join(sorted(nodes.values()))}. Start the ranks on as many "
                "hosts as nnodes says, or leave nnodes out",
                details={"nnodes": wanted, "nodes": sorted(nodes.values())},
            )


def number_local_ranks(ranks: Sequence[Rank]) -> None:
    """Each rank's number among those of its host: as its launcher says, or else counted."""
    seen: Counter[str] = Counter()
    for rank in ranks:
        place = rank.place
        host = place.host or place.node
        rank.local_rank = seen[host] if place.local_rank is None else place.local_rank
        seen[host] += 1
