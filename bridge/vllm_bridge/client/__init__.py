"""A synchronous client of a pool.

    with connect("unix:/run/user/1000/vllm.sock") as client:
        with client.start_world(tensor_parallel_size=2) as world:
            ranks = world.run(lambda session: session.call("get_tensor_model_parallel_rank"))

Every failure is a `BridgeError`. Calls go straight to the rank where the session has an endpoint,
and through the pool otherwise; in frames over a unix socket where both are on one host, and over
gRPC otherwise. A caller sees no difference; `Session.carrier` says which it is.

`Session.submit` begins a call and returns a `Future`. `vllm_bridge.aio` is the same client for
asyncio.

How long a call may take is its `timeout`, else its `timeout_profile`, else the client's. Without a
`client_id`, sessions and worlds outlive the client that made them; with one, the pool ends them
when the client is closed, or its process has died, and a grace period is over.
"""

from vllm_bridge.client._calls.timeouts import DEFAULT_CALL_TIMEOUT
from vllm_bridge.client._client import Client, connect
from vllm_bridge.client._future import Future
from vllm_bridge.client._recording import Recording
from vllm_bridge.client._session import Session
from vllm_bridge.client._streams import Items, Logs, Subscription
from vllm_bridge.client._watch import Watch
from vllm_bridge.client._world import World
from vllm_bridge.client._world_future import WorldFuture
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
