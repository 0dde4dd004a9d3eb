"""A world of two ranks from Python: collectives, and what happens when ranks disagree.

vllm-bridge serve --listen unix:/tmp/vllm.sock
python examples/python_world.py unix:/tmp/vllm.sock
"""

import sys

import torch

from vllm_bridge.client import BridgeError, RankError, Session, connect


def step(rank: Session) -> float:
    group = rank.distributed.get_tp_group()
    mine = torch.full((4,), float(group.rank_in_group + 1))
    return float(rank.distributed.GroupCoordinator.all_reduce(group, mine).sum())


def disagree(rank: Session) -> torch.Tensor:
    size = 4 if rank.info.rank == 0 else 5
    return rank.distributed.tensor_model_parallel_all_reduce(torch.ones(size))


def main(endpoint: str) -> None:
    with connect(endpoint) as client, client.start_world(tensor_parallel_size=2) as world:
        print(world)
        print("sums:", world.run(step))
        try:
            world.run(disagree)
        except RankError as error:
            print(f"rank {error.rank} was refused:", str(error).splitlines()[0])
            if not isinstance(error, BridgeError):
                raise
            print("reason:", error.reason)
        # The world is as usable as before.
        print("sums:", world.run(step))


if __name__ == "__main__":
    main(sys.argv[1])
