"""Ranks in networks of their own: names that nobody knows, links that are cut, zones of addresses.

Each test makes its networks by itself, and removes them: they need root.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from networks import HERE, ip, two_networks

import vllm_distributed as vd
from vllm_distributed.errors import DistributedError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for networks")
PORT = 29876
WAIT_S = 4
_NEW_NAMES = 0x04000000  # CLONE_NEWUTS


@contextlib.contextmanager
def ranks(networks: tuple[str, str], what: str, *arguments: str) -> Iterator[list[Any]]:
    """Two ranks, one in each network, that do `what` with this machine's name unknown to all."""
    started = [
        subprocess.Popen(
            ["ip", "netns", "exec", network, sys.executable, __file__, what, str(rank), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
        )
        for rank, network in enumerate(networks)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def forget_names() -> None:
    """Give this process's machine a name that nobody knows, and nobody to ask."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NAMES) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    socket.sethostname(f"nobody-{os.getpid()}.invalid")


def meet(rank: int, limit_s: float = 60) -> None:
    vd.init_distributed_environment(
        2, rank, f"tcp://{HERE}:{PORT}", rank, "gloo", timedelta(seconds=limit_s)
    )


def unknown(rank: int) -> None:
    meet(rank)
    vd.initialize_model_parallel(2)
    print(vd.get_tp_group().all_reduce(torch.ones(1)).item(), flush=True)


def cut(rank: int, call: str) -> None:
    """Both meet; when the test has cut the link between them, rank 1 goes on alone."""
    print("loaded", flush=True)
    sys.stdin.readline()
    if call == "stateless":
        group = vd.StatelessProcessGroup.create(HERE, PORT, rank, 2, store_timeout=WAIT_S)
    else:
        meet(rank, WAIT_S)
    print("met", flush=True)
    sys.stdin.readline()
    started = time.monotonic()
    try:
        if call == "stateless":
            group.recv_obj(1 - rank)
        else:
            vd.initialize_model_parallel(2)
    except DistributedError as error:
        print(f"{time.monotonic() - started} {error.reason}", flush=True)
    os._exit(0)


@needs_root
def test_machines_whose_names_nobody_knows_meet_at_once() -> None:
    """Gloo listens where the store was reached from, not where a name leads."""
    with two_networks() as networks, ranks(networks, "unknown") as processes:
        for process in processes:
            out, err = process.communicate(timeout=120)
            assert out.strip() == "2.0", err


@needs_root
@pytest.mark.parametrize("call", ["initialize_model_parallel", "stateless"])
def test_a_cut_link_ends_a_wait_in_time(call: str) -> None:
    with two_networks() as networks, ranks(networks, "cut", call) as processes:
        for process in processes:
            assert process.stdout.readline() == "loaded\n", process.stderr.read()
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout.readline() == "met\n", process.stderr.read()
        ip("-n", networks[1], "link", "set", "far", "down")
        started = time.monotonic()
        process = processes[1]
        out, err = process.communicate("\n", timeout=60)
        seconds, reason = out.split()
        assert float(seconds) < WAIT_S + 5, (out, err)
        assert time.monotonic() - started < 30
        assert reason in ("store_lost", "roll_call_timeout")


def zone(rank: int, address: str) -> None:
    vd.init_distributed_environment(
        2, rank, f"tcp://[{address}%25near]:{PORT}", rank, "gloo", timedelta(seconds=60)
    )
    print(vd.get_world_group().all_reduce(torch.ones(1)).item(), flush=True)


@needs_root
def test_an_address_with_a_zone_is_found() -> None:
    with two_networks() as (network, _):
        ip("-n", network, "addr", "add", "fe80::77/64", "dev", "near", "nodad")
        with ranks((network, network), "zone", "fe80::77") as processes:
            for process in processes:
                out, err = process.communicate(timeout=120)
                assert out.strip() == "2.0", err


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    forget_names()
    {"unknown": unknown, "cut": cut, "zone": zone}[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
