"""Which rank a process is: the environments of what starts processes; contradictions."""

from __future__ import annotations

import pytest

from vllm_bridge.cli.join.environment import Told, ToldWrongError, describe, per_node, read

NO_FLAGS = Told("flags")

# Written from the variables that each one documents, with values that fit together; not recorded
# but where it says so.
TORCHRUN = {
    "RANK": "3",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "2",
    "GROUP_RANK": "1",
    "ROLE_RANK": "3",
    "MASTER_ADDR": "10.0.0.1",
    "MASTER_PORT": "29400",
    "TORCHELASTIC_RUN_ID": "run",
}
SLURM = {
    "SLURM_PROCID": "5",
    "SLURM_LOCALID": "1",
    "SLURM_NTASKS": "8",
    "SLURM_NPROCS": "8",
    "SLURM_NODEID": "1",
    "SLURM_NNODES": "2",
    "SLURM_JOB_ID": "42",
    "SLURM_STEP_NODELIST": "node[01-02]",
}
# Recorded: rank 3 of `srun --ntasks 4` on one node, by Slurm 22.05; without the names of its host.
SLURM_RECORDED = {
    "SLURM_CLUSTER_NAME": "test",
    "SLURM_CPUS_ON_NODE": "4",
    "SLURM_GTIDS": "0,1,2,3",
    "SLURM_JOBID": "1",
    "SLURM_JOB_CPUS_PER_NODE": "4",
    "SLURM_JOB_ID": "1",
    "SLURM_JOB_NODELIST": "one",
    "SLURM_JOB_NUM_NODES": "1",
    "SLURM_JOB_PARTITION": "all",
    "SLURM_LOCALID": "3",
    "SLURM_NNODES": "1",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "one",
    "SLURM_NPROCS": "4",
    "SLURM_NTASKS": "4",
    "SLURM_PRIO_PROCESS": "0",
    "SLURM_PROCID": "3",
    "SLURM_STEPID": "0",
    "SLURM_STEP_ID": "0",
    "SLURM_STEP_NODELIST": "one",
    "SLURM_STEP_NUM_NODES": "1",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_TASKS_PER_NODE": "4",
    "SLURM_TASKS_PER_NODE": "4",
}
LWS = {
    "LWS_WORKER_INDEX": "2",
    "LWS_GROUP_SIZE": "4",
    "LWS_LEADER_ADDRESS": "vllm-0.vllm.default",
    "LWS_GROUP_INDEX": "0",
}
JOBSET = {
    "JOB_COMPLETION_INDEX": "3",
    "JOBSET_NAME": "vllm",
    "REPLICATED_JOB_NAME": "ranks",
    "JOB_GLOBAL_INDEX": "0",
}
OPEN_MPI = {
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_SIZE": "4",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
    "PMIX_RANK": "1",
}
HYDRA = {"PMI_RANK": "2", "PMI_SIZE": "4", "MPI_LOCALRANKID": "0", "MPI_LOCALNRANKS": "2"}


@pytest.mark.parametrize(
    ("environment", "by", "rank", "size", "local"),
    [
        (TORCHRUN, "torchrun", 3, 4, 1),
        (SLURM, "Slurm", 5, 8, 1),
        (SLURM_RECORDED, "Slurm", 3, 4, 3),
        (LWS, "LeaderWorkerSet", 2, 4, None),
        (JOBSET, "an indexed Job", 3, None, None),
        (OPEN_MPI, "MPI", 1, 4, 1),
        (HYDRA, "MPI", 2, 4, 0),
        # Two that agree, the second of which knows less.
        ({**LWS, "JOB_COMPLETION_INDEX": "2"}, "LeaderWorkerSet", 2, 4, None),
        # srun starts MPI's processes: both say the same.
        (
            {**SLURM, "PMI_RANK": "5", "PMI_SIZE": "8"},
            "Slurm",
            5,
            8,
            1,
        ),
        # One torchrun on each of two hosts, as tasks of Slurm: those count hosts.
        (
            {**TORCHRUN, "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_LOCALID": "0"},
            "torchrun",
            3,
            4,
            1,
        ),
        # Many things set these without being torchrun.
        ({**SLURM, "WORLD_SIZE": "2"}, "Slurm", 5, 8, 1),
        ({**SLURM, "RANK": ""}, "Slurm", 5, 8, 1),
    ],
)
def test_environments_of_what_starts_processes(
    environment: dict[str, str], by: str, rank: int, size: int | None, local: int | None
) -> None:
    told = read(NO_FLAGS, environment)
    assert (told.by, told.rank, told.world_size, told.local_rank) == (by, rank, size, local)
    assert describe(told).startswith(f"rank {rank}")
    assert by in describe(told)


def test_flags_go_first_and_complete_what_the_environment_says() -> None:
    flags = Told("flags", rank=0, world_size=2, names={"rank": "--rank"})
    assert read(flags, {}).by == "flags"
    size = Told("flags", world_size=8, names={"world_size": "--world-size"})
    told = read(size, JOBSET)
    assert (told.by, told.rank, told.world_size) == ("an indexed Job", 3, 8)


@pytest.mark.parametrize(
    ("flags", "environment", "words"),
    [
        (NO_FLAGS, {}, ["nothing says which rank this is", "--rank", "SLURM_PROCID"]),
        (NO_FLAGS, {**TORCHRUN, "RANK": "x"}, ["RANK is 'x'", "whole number"]),
        (NO_FLAGS, {**TORCHRUN, "RANK": "-1"}, ["RANK is '-1'"]),
        (NO_FLAGS, {**TORCHRUN, "RANK": "4"}, ["RANK is 4", "WORLD_SIZE is 4", "0 to 3"]),
        (NO_FLAGS, {**TORCHRUN, "LOCAL_RANK": "2"}, ["LOCAL_RANK is 2", "LOCAL_WORLD_SIZE is 2"]),
        (
            NO_FLAGS,
            {**SLURM, "OMPI_COMM_WORLD_RANK": "1"},
            [
                "SLURM_PROCID is 5 (Slurm)",
                "OMPI_COMM_WORLD_RANK is 1 (MPI)",
                "--ignore-environment",
            ],
        ),
        (
            NO_FLAGS,
            {**TORCHRUN, "SLURM_PROCID": "0", "SLURM_NTASKS": "2"},
            ["RANK is 3 (torchrun)", "SLURM_PROCID is 0 (Slurm)"],
        ),
        (
            Told("flags", rank=1, names={"rank": "--rank"}),
            SLURM,
            ["--rank is 1 (flags)", "SLURM_PROCID is 5 (Slurm)"],
        ),
        (
            Told("flags", world_size=4, names={"world_size": "--world-size"}),
            SLURM,
            ["--world-size is 4 (flags)", "SLURM_NTASKS is 8 (Slurm)"],
        ),
        (
            NO_FLAGS,
            {**LWS, "JOB_COMPLETION_INDEX": "1"},
            ["LWS_WORKER_INDEX is 2", "JOB_COMPLETION_INDEX is 1"],
        ),
    ],
)
def test_what_contradicts_itself_is_named_on_both_sides(
    flags: Told, environment: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(ToldWrongError) as caught:
        read(flags, environment)
    assert [word for word in words if word not in str(caught.value)] == []


def test_one_process_on_each_host_forks_its_ranks() -> None:
    hosts = read(NO_FLAGS, {"LWS_WORKER_INDEX": "1", "LWS_GROUP_SIZE": "2"})
    ranks = per_node(hosts, 3)
    assert [(one.rank, one.local_rank, one.world_size) for one in ranks] == [
        (3, 0, 6),
        (4, 1, 6),
        (5, 2, 6),
    ]
    assert [one.rank for one in per_node(read(NO_FLAGS, JOBSET), 2)] == [6, 7]


def test_forking_where_there_are_several_already_is_an_error() -> None:
    with pytest.raises(ToldWrongError, match=r"LOCAL_WORLD_SIZE is 2.*--ranks-per-node"):
        per_node(read(NO_FLAGS, TORCHRUN), 2)
    with pytest.raises(ToldWrongError, match="SLURM_LOCALID is 1"):
        per_node(read(NO_FLAGS, SLURM), 2)
