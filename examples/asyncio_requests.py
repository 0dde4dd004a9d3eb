"""Many requests at once with asyncio, of which one is cancelled.

vllm-bridge serve --listen unix:/tmp/vllm.sock --size 2
python examples/asyncio_requests.py unix:/tmp/vllm.sock
"""

import asyncio
import sys
from datetime import timedelta

import torch

from vllm_bridge.aio import Session, connect


async def norm(session: Session, number: int) -> float:
    vector = torch.full((3,), float(number))
    result: torch.Tensor = await session.run("torch.norm", vector, timeout=timedelta(seconds=30))
    return float(result)


async def main(endpoint: str) -> None:
    async with connect(endpoint) as client, client.open_session() as session:
        norms = await asyncio.gather(*(norm(session, number) for number in range(8)))
        print([round(value, 2) for value in norms])
        late = asyncio.create_task(norm(session, 9))
        late.cancel()
        await asyncio.wait([late])
        print("cancelled:", late.cancelled())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
