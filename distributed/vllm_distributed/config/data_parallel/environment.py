"""Data parallel settings from the environment, for programs that start one process per rank."""

from __future__ import annotations

import os
from collections.abc import Mapping

from vllm_distributed.errors import InvalidArgumentError

__all__ = ["external_launcher_rank", "settings_from_environment"]

_NUMBERS = {  # variable: (field, least value, greatest value)
    "VLLM_DP_SIZE": ("data_parallel_size", 1, None),
    "VLLM_DP_RANK": ("data_parallel_rank", 0, None),
    "VLLM_DP_RANK_LOCAL": ("data_parallel_rank_local", 0, None),
    "VLLM_DP_MASTER_PORT": ("data_parallel_master_port", 0, 65535),
}


def settings_from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, int | str]:
    """Return, by field, what the VLLM_DP_* variables say; nothing where VLLM_DP_SIZE is not set.

    The local rank is the rank where it is not set. Raises `InvalidArgumentError` naming variable,
    value and rule.

    >>> settings_from_environment({"VLLM_DP_SIZE": "2", "VLLM_DP_RANK": "1"})
    {'data_parallel_size': 2, 'data_parallel_rank': 1, 'data_parallel_rank_local': 1}
    """
    if not environ.get("VLLM_DP_SIZE"):
        return {}
    settings: dict[str, int | str] = {}
    for variable, (field, least, greatest) in _NUMBERS.items():
        if environ.get(variable):
            settings[field] = _number(variable, environ[variable], least, greatest)
    if "data_parallel_rank" in settings:
        settings.setdefault("data_parallel_rank_local", settings["data_parallel_rank"])
    if environ.get("VLLM_DP_MASTER_IP"):
        settings["data_parallel_master_ip"] = environ["VLLM_DP_MASTER_IP"]
    return settings


def external_launcher_rank(
    replica_size: int, data_parallel_size: int, environ: Mapping[str, str] = os.environ
) -> int:
    """Return the data parallel rank of the process that an external launcher gave the rank RANK.

    Raises `InvalidArgumentError` if RANK is not set, is no number, or is not in the world.
    """
    text = environ.get("RANK")
    if not text:
        raise InvalidArgumentError(
            "distributed_executor_backend='external_launcher' with data_parallel_size="
            f"{data_parallel_size} needs the environment variable RANK, which is not set: start "
            "the process with torchrun, or set it",
            variable="RANK",
        )
    rank, world_size = _number("RANK", text, 0), replica_size * data_parallel_size
    if rank >= world_size:
        raise InvalidArgumentError(
            f"environment variable RANK={rank} is not in a world of {world_size} ranks "
            f"({data_parallel_size} replicas of {replica_size})",
            variable="RANK",
            value=rank,
        )
    return rank // replica_size


def _number(variable: str, text: str, least: int, greatest: int | None = None) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise InvalidArgumentError(
            f"environment variable {variable}={text!r} must be an integer", variable=variable
        ) from error
    if number < least:
        raise InvalidArgumentError(
            f"environment variable {variable}={text!r} must be at least {least}", variable=variable
        )
    if greatest is not None and number > greatest:
        raise InvalidArgumentError(
            f"environment variable {variable}={text!r} must be in {least}..{greatest}",
            variable=variable,
        )
    return number
