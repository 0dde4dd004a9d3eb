"""Ranks on several nodes that do not reach each other are told which, before gloo waits for them.

Each test makes its networks by itself, and removes them: they need root. That ranks are on several
nodes is seen by their /dev/shm.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from networks import HERE, THERE, ip, two_networks
from segments import mount, of_its_own

import vllm_distributed as vd
from vllm_distributed.errors import DistributedError, RendezvousError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for networks")
PORT = 29877
LIMIT_S = 60.0


# What the environment of rank 1 says, in one world after the other.
PLACES: list[dict[str, str]] = [
    {},
    {"VLLM_HOST_IP": THERE},
    {"GLOO_SOCKET_IFNAME": "far"},
    {"VLLM_HOST_IP": "127.0.0.1"},
    {"GLOO_SOCKET_IFNAME": "nowhere"},
    {"VLLM_HOST_IP": "fd00:98::2"},
]


def meet_and_say(rank: int) -> None:
    """Join worlds of two nodes, and say what came of each."""
    of_its_own()
    mount("size=64m")
    for place in PLACES:
        os.environ.update(place if rank == 1 else {})
        started = time.monotonic()
        limit = timedelta(seconds=LIMIT_S)
        try:
            vd.init_distributed_environment(2, rank, f"tcp://{HERE}:{PORT}", rank, "gloo", limit)
            said: object = vd.get_world_group().all_reduce(torch.ones(1)).item()
            vd.get_world_group().barrier()
        except DistributedError as error:
            assert time.monotonic() - started < LIMIT_S / 2
            said = f"{error.reason}: {error}"
        print(json.dumps(said), flush=True)
        vd.cleanup_dist_env_and_memory()
        for name in place if rank == 1 else ():
            del os.environ[name]


@needs_root
def test_ranks_of_two_nodes_meet_and_say_who_does_not_reach_whom() -> None:
    with two_networks() as networks:
        ip("-n", networks[1], "addr", "add", "fd00:98::2/64", "dev", "far", "nodad")
        started = [
            subprocess.Popen(
                ["ip", "netns", "exec", network, sys.executable, __file__, str(rank)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for rank, network in enumerate(networks)
        ]
        try:
            texts = [process.communicate(timeout=120)[0].splitlines() for process in started]
        finally:
            for process in started:
                process.kill()
                process.wait()
    said = [[json.loads(line) for line in lines] for lines in texts]
    assert [len(each) for each in said] == [len(PLACES)] * 2
    for each in said:
        assert each[:3] == [2.0, 2.0, 2.0]
        assert each[3].startswith("rendezvous_failed: the ranks do not all reach each other")
        assert "rank 0 -> rank 1 at 127.0.0.1: refused" in each[3]
        assert "GLOO_SOCKET_IFNAME or VLLM_HOST_IP" in each[3]
        assert "rank 0 -> rank 1 at fd00:98::2: IPv6, and this rank's address" in each[5]
        assert f"{HERE} is IPv4" in each[5]
        assert "Some ranks have IPv6 addresses only" in each[5]
    here, there = (each[4] for each in said)
    assert f"rank 1 ({THERE}): environment variable GLOO_SOCKET_IFNAME names 'nowhere'" in here
    assert there.startswith("invalid_argument")
    assert "no interface of this machine: it has lo, far" in there


def test_a_name_that_does_not_resolve_is_said_to_be_that() -> None:
    with pytest.raises(RendezvousError, match=r"'no-such-host\.invalid' does not resolve here"):
        vd.init_distributed_environment(
            2, 1, "tcp://no-such-host.invalid:29876", 1, "gloo", timedelta(seconds=0.5)
        )


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("VLLM_HOST_IP", "no-such-host.invalid", "is a name that does not resolve"),
        ("VLLM_HOST_IP", "203.0.113.7", "is not an address of this machine"),
        ("GLOO_SOCKET_IFNAME", "nowhere", "is no interface of this machine: it has"),
    ],
)
def test_what_the_environment_says_of_addresses_is_checked(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(DistributedError, match=words):
        vd.init_distributed_environment(1, 0, "tcp://127.0.0.1:0", 0, "gloo", timedelta(seconds=20))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    meet_and_say(int(sys.argv[1]))
