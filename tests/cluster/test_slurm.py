"""Ranks that Slurm's srun starts: one node, whose daemons the test itself starts. Needs root.

The node has a network and a name of its own, so that Slurm's fixed ports are free there.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from netns import Host, hosts
from pool_harness import eventually

from vllm_bridge.cli.join.environment import Told, read
from vllm_bridge.client import Session, connect

LONG = timedelta(seconds=120)
BRIDGE = [sys.executable, "-m", "vllm_bridge"]
NEEDED = ("munged", "slurmctld", "slurmd", "srun", "scontrol")
MISSING = [name for name in NEEDED if shutil.which(name) is None]

pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"Slurm is not installed (apt-get install slurm-wlm munge): no {', '.join(MISSING)}",
)

# `localhost` is the one name that resolves on every machine without being told.
CONFIGURATION = """\
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={base}/munge.sock
CredType=cred/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool
SlurmctldPidFile={base}/slurmctld.pid
SlurmdPidFile={base}/slurmd.pid
SlurmctldLogFile={base}/slurmctld.log
SlurmdLogFile={base}/slurmd.log
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def end(process: subprocess.Popen[str]) -> None:
    """Ask it to end; then end it."""
    process.terminate()
    try:
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def says_up(node: Host, base: Path) -> bool:
    ping = [*node.prefix(), "scontrol", "ping"]
    env = {**os.environ, "SLURM_CONF": str(base / "slurm.conf")}
    done = subprocess.run(ping, env=env, capture_output=True, text=True, timeout=60, check=False)
    return "is UP" in done.stdout


@pytest.fixture
def base() -> Iterator[Path]:
    """A directory whose name is short enough for sockets, and which munge trusts."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as made:
        for name in ("state", "spool"):
            (Path(made) / name).mkdir()
        yield Path(made)


@pytest.fixture
def node(base: Path) -> Iterator[Host]:
    """A host on which Slurm runs."""
    key = base / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o600)
    (base / "slurm.conf").write_text(CONFIGURATION.format(base=base))
    munged = ["munged", "--foreground", "--force", f"--key-file={key}"]
    munged += [f"--socket={base}/munge.sock", f"--pid-file={base}/munged.pid"]
    munged += [f"--seed-file={base}/munge.seed", f"--log-file={base}/munged.log"]
    env = {"SLURM_CONF": str(base / "slurm.conf")}
    with contextlib.ExitStack() as stack:
        (host,) = stack.enter_context(hosts(1))
        assert host.popen(["hostname", "localhost"]).wait(20) == 0
        for command in (munged, ["slurmctld", "-D"], ["slurmd", "-D"]):
            # What they say is in their logs too; a pipe that nobody reads would stop them.
            daemon = subprocess.Popen(
                [*host.prefix(), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, **env},
            )
            stack.callback(end, daemon)
            if command is munged:
                eventually((base / "munge.sock").exists)
        eventually(lambda: says_up(host, base))
        yield host


def total(session: Session) -> float:
    ones = torch.ones(1)
    return float(session.call("tensor_model_parallel_all_reduce", ones, timeout=LONG).item())


def test_tasks_of_srun_are_a_world(node: Host, base: Path) -> None:
    env = {"SLURM_CONF": str(base / "slurm.conf"), "XDG_RUNTIME_DIR": str(base)}
    serve = [*BRIDGE, "serve", "--size", "0", "--join", "127.0.0.1:0", "--insecure-loopback"]
    with contextlib.ExitStack() as stack:
        pool = node.popen([*serve, "--start-timeout", "120"], env)
        stack.callback(end, pool)
        assert pool.stdout is not None
        ready = json.loads(pool.stdout.readline())
        join = [*BRIDGE, "join", "--pool", ready["join"], "--world", "run", "--wait", "60"]
        # What Slurm tells each task, before the task becomes a rank.
        keep = f'env > {base}/told.$SLURM_PROCID; exec "$@"'
        tasks = node.popen(["srun", "-n", "4", "sh", "-c", keep, "sh", *join], env)
        stack.callback(end, tasks)
        client = stack.enter_context(connect(ready["endpoint"]))
        world = stack.enter_context(
            client.start_world(
                world_id="run",
                tensor_parallel_size=4,
                distributed_executor_backend="external_launcher",
            )
        )
        assert world.run(total, timeout=LONG) == [4.0] * 4
        assert [rank.local_rank for rank in world.info.ranks] == [0, 1, 2, 3]
        assert {rank.node for rank in world.info.ranks} == {"localhost"}
        world.stop()
        _, said = tasks.communicate(timeout=60)
        assert tasks.returncode == 0, said
        for rank in range(4):
            lines = (base / f"told.{rank}").read_text().splitlines()
            told = read(Told("flags"), dict(line.partition("=")[::2] for line in lines))
            assert (told.rank, told.world_size, told.local_rank) == (rank, 4, rank)
            assert "Slurm" in said
