"""An asynchronous client of a pool, for asyncio: `vllm_bridge.client` with `await`.

    async with connect("unix:/run/user/1000/vllm.sock") as client:
        async with client.start_world(tensor_parallel_size=2) as world:
            async def rank_of(session):
                return await session.call("get_tensor_model_parallel_rank")
            ranks = await world.run(rank_of)

Names, arguments, results and errors are those of `vllm_bridge.client`. What a `with` there ends, an
`async with` here ends; what is only to be had is awaited: `world = await client.start_world(...)`.
A call whose task is cancelled is given up. One client is of one event loop, which copies its
tensors, too.
"""

from vllm_bridge.aio._client import Client, connect
from vllm_bridge.aio._session import Future, Session
from vllm_bridge.aio._streams import Items, Logs, Subscription
from vllm_bridge.aio._watch import Watch
from vllm_bridge.aio._world import World
from vllm_bridge.aio._world_future import WorldFuture
from vllm_bridge.client._calls.timeouts import DEFAULT_CALL_TIMEOUT
from vllm_bridge.client._recording import Recording
from vllm_bridge.client._worlds.emissions import Emission
from vllm_bridge.client._worlds.logs import LogLine
from vllm_bridge.client._worlds.outcomes import Outcome
from vllm_bridge.client._worlds.progress import Progress
from vllm_bridge.client._worlds.rank_error import RankError
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.refs import Named

__all__ = [
    "DEFAULT_CALL_TIMEOUT",
    "BridgeError",
    "Category",
    "Client",
    "Emission",
    "Future",
    "Items",
    "LogLine",
    "Logs",
    "Named",
    "Outcome",
    "Progress",
    "RankError",
    "Recording",
    "Session",
    "Subscription",
    "Watch",
    "World",
    "WorldFuture",
    "connect",
]
