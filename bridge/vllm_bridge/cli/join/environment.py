"""Which rank a process is: from its flags, and from what started it has put into its environment.

Each source that is there is read; the first that knows the rank is used, and those that say
something else of the same are an error that names both. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


class ToldWrongError(Exception):
    """What is wrong with what a process was told, in one sentence."""


@dataclass(frozen=True)
class Told:
    """What one source says. None: it does not say."""

    # "flags", "torchrun", "Slurm" ...
    by: str
    rank: int | None = None
    world_size: int | None = None
    local_rank: int | None = None
    local_world_size: int | None = None
    # The flag or variable that each came from, for people.
    names: Mapping[str, str] | None = None

    def named(self, field: str) -> str:
        """What it says of that, e.g. "SLURM_PROCID is 3"."""
        name = (self.names or {}).get(field, field)
        return f"{name} is {getattr(self, field)}"


_FIELDS = ("rank", "world_size", "local_rank", "local_world_size")

_SOURCES: tuple[tuple[str, Mapping[str, tuple[str, ...]]], ...] = (
    (
        "torchrun",
        {
            "rank": ("RANK",),
            "world_size": ("WORLD_SIZE",),
            "local_rank": ("LOCAL_RANK",),
            "local_world_size": ("LOCAL_WORLD_SIZE",),
        },
    ),
    (
        "Slurm",
        {
            "rank": ("SLURM_PROCID",),
            "world_size": ("SLURM_NTASKS", "SLURM_NPROCS"),
            "local_rank": ("SLURM_LOCALID",),
        },
    ),
    (
        "LeaderWorkerSet",
        {"rank": ("LWS_WORKER_INDEX",), "world_size": ("LWS_GROUP_SIZE",)},
    ),
    ("an indexed Job", {"rank": ("JOB_COMPLETION_INDEX",)}),
    (
        "MPI",
        {
            "rank": ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"),
            "world_size": ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"),
            "local_rank": ("OMPI_COMM_WORLD_LOCAL_RANK", "PMI_LOCAL_RANK", "MPI_LOCALRANKID"),
            "local_world_size": (
                "OMPI_COMM_WORLD_LOCAL_SIZE",
                "PMI_LOCAL_SIZE",
                "MPI_LOCALNRANKS",
            ),
        },
    ),
)

VARIABLES = tuple(name for _, fields in _SOURCES for names in fields.values() for name in names)
"""All variables that are read."""


def read(flags: Told, environment: Mapping[str, str]) -> Told:
    """Which rank this process is.

    Raises:
        ToldWrongError: nothing says so, a value is no number or out of range, or two sources
            contradict each other.
    """
    sources = [flags, *(_source(by, fields, environment) for by, fields in _SOURCES)]
    knowing = [source for source in sources if source.rank is not None]
    if not knowing:
        raise ToldWrongError(
            "nothing says which rank this is: give --rank N, or start it with torchrun, srun, "
            "mpirun, or as a LeaderWorkerSet or an indexed Job of Kubernetes (read are "
            f"{', '.join(VARIABLES)})"
        )
    used = knowing[0]
    if used is not flags:
        used = _with_flags(used, flags)
    for other in knowing[1:]:
        _check_same(used, other)
    used = _completed(used, knowing[1:])
    _check_range(used)
    return used


def _source(by: str, fields: Mapping[str, tuple[str, ...]], environment: Mapping[str, str]) -> Told:
    found: dict[str, int] = {}
    names: dict[str, str] = {}
    for field, variables in fields.items():
        for name in variables:
            if field in found or not environment.get(name):
                continue
            found[field], names[field] = _number(name, environment[name]), name
    # Such a name alone means nothing: many things set WORLD_SIZE.
    return Told(by, **found, names=names) if "rank" in found else Told(by)


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ToldWrongError(f"{name} is {text[:40]!r}; it must be a whole number of 0 or more")
    return int(text)


def _with_flags(used: Told, flags: Told) -> Told:
    """What flags say beside the rank goes before what the environment does, unless they differ."""
    for field in _FIELDS:
        mine, theirs = getattr(flags, field), getattr(used, field)
        if mine is not None and theirs is not None and mine != theirs:
            raise _contradiction(flags, used, field)
        if mine is not None:
            names = {**(used.names or {}), field: (flags.names or {}).get(field, field)}
            used = replace(used, **{field: mine}, names=names)
    return used


def _check_same(used: Told, other: Told) -> None:
    """Two sources speak of the same processes, or one counts the agents that start the other's."""
    if _counts_agents(used, other):
        return
    for field in _FIELDS:
        mine, theirs = getattr(used, field), getattr(other, field)
        if mine is not None and theirs is not None and mine != theirs:
            raise _contradiction(used, other, field)


def _counts_agents(used: Told, other: Told) -> bool:
    """Whether the other's ranks are the hosts of these, as with torchrun under srun."""
    each = used.local_world_size
    if each is None or used.rank is None or used.world_size is None or other.rank is None:
        return False
    size = other.world_size if other.world_size is not None else used.world_size // each
    return used.world_size == size * each and used.rank // each == other.rank and each > 1


def _contradiction(used: Told, other: Told, field: str) -> ToldWrongError:
    return ToldWrongError(
        f"{used.named(field)} ({used.by}), and {other.named(field)} ({other.by}): they cannot both "
        "be right. Unset one, or give all by flags with --ignore-environment"
    )


def _completed(used: Told, others: list[Told]) -> Told:
    """With what only the others know; they agree with it where both speak."""
    for other in others:
        if _counts_agents(used, other):
            continue
        for field in ("world_size", "local_rank"):
            if getattr(used, field) is None and getattr(other, field) is not None:
                names = {**(used.names or {}), field: (other.names or {}).get(field, field)}
                used = replace(used, **{field: getattr(other, field)}, names=names)
    return used


def _check_range(used: Told) -> None:
    for number, size in (("rank", "world_size"), ("local_rank", "local_world_size")):
        at, of = getattr(used, number), getattr(used, size)
        if at is not None and of is not None and at >= of:
            raise ToldWrongError(
                f"{used.named(number)}, and {used.named(size)} ({used.by}): ranks go from 0 to "
                f"{max(of - 1, 0)}"
            )


def per_node(told: Told, count: int) -> list[Told]:
    """The ranks that one process forks, where each host has one such process, and so many ranks.

    Raises:
        ToldWrongError: the hosts have more than one such process.
    """
    several = told.local_world_size not in (None, 1) or told.local_rank not in (None, 0)
    if several:
        what = "local_world_size" if told.local_world_size not in (None, 1) else "local_rank"
        raise ToldWrongError(
            f"{told.named(what)} ({told.by}), so this host has several such processes already: "
            "start one on each host, or leave --ranks-per-node out"
        )
    first = (told.rank or 0) * count
    size = None if told.world_size is None else told.world_size * count
    return [
        Told(
            told.by,
            rank=first + local,
            world_size=size,
            local_rank=local,
            local_world_size=count,
            names=told.names,
        )
        for local in range(count)
    ]


def describe(told: Told) -> str:
    """What was used, for people: "rank 3 of 8, by Slurm (SLURM_PROCID, SLURM_NTASKS)"."""
    of = "" if told.world_size is None else f" of {told.world_size}"
    names = ", ".join((told.names or {}).values())
    return f"rank {told.rank}{of}, by {told.by}" + (f" ({names})" if names else "")
