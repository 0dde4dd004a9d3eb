"""Ranks that torchrun starts: two agents, as on two hosts, each with two processes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import torch

from vllm_bridge.client import Session, connect

LONG = timedelta(seconds=120)
BRIDGE = [sys.executable, "-m", "vllm_bridge"]


def total(session: Session) -> float:
    ones = torch.ones(1)
    return float(session.call("tensor_model_parallel_all_reduce", ones, timeout=LONG).item())


def test_two_agents_of_torchrun(tmp_path: Path) -> None:
    serve = [*BRIDGE, "serve", "--size", "0", "--join", "127.0.0.1:0", "--insecure-loopback"]
    pool = subprocess.Popen(
        [*serve, "--start-timeout", "120"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    agents: list[subprocess.Popen[bytes]] = []
    try:
        assert pool.stdout is not None
        ready = json.loads(pool.stdout.readline())
        torchrun = [
            *(sys.executable, "-m", "torch.distributed.run", "--nnodes", "2"),
            # Where the agents meet; a file, because a port would have to be chosen beforehand.
            *("--nproc-per-node", "2", "--rdzv-backend", "c10d", "--rdzv-id", "test"),
            *("--rdzv-endpoint", str(tmp_path / "meeting"), "--rdzv-conf", "store_type=file"),
            *("--no-python", *BRIDGE, "join"),
            *("--pool", ready["join"], "--world", "run", "--wait", "60"),
        ]
        agents += [subprocess.Popen(torchrun) for _ in range(2)]
        with (
            connect(ready["endpoint"]) as client,
            client.start_world(
                world_id="run",
                tensor_parallel_size=4,
                distributed_executor_backend="external_launcher",
            ) as world,
        ):
            assert world.run(total, timeout=LONG) == [4.0] * 4
            # As each agent counts its own.
            assert [rank.local_rank for rank in world.info.ranks] == [0, 1, 0, 1]
            world.stop()
            assert [agent.wait(60) for agent in agents] == [0, 0]
    finally:
        for process in (*agents, pool):
            process.kill()
            process.wait()
