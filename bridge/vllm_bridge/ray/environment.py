"""Which of the pool's environment variables ranks on other hosts get. Pure, and needs no Ray.

Settings of libraries are meant for all ranks: with a `NCCL_SOCKET_IFNAME` that only rank 0 has, a
world does not come up. What a host's own environment says stands.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from vllm_bridge.transport.server_token import SECRET_VARIABLES

PREFIXES = ("NCCL_", "GLOO_", "UCX_", "HF_", "VLLM_")

# vLLM's own names for more of them.
EXTRA_PREFIXES = "VLLM_RAY_EXTRA_ENV_VAR_PREFIXES_TO_COPY"
EXTRA_NAMES = "VLLM_RAY_EXTRA_ENV_VARS_TO_COPY"

OWN = frozenset(
    {
        "CUDA_VISIBLE_DEVICES",
        "LOCAL_RANK",
        "LOCAL_WORLD_SIZE",
        "MASTER_ADDR",
        "MASTER_PORT",
        "RANK",
        "WORLD_SIZE",
        "VLLM_BRIDGE",
        "VLLM_DP_MASTER_IP",
        "VLLM_DP_MASTER_PORT",
        "VLLM_DP_RANK",
        "VLLM_DP_RANK_LOCAL",
        "VLLM_HOST_IP",
        "VLLM_HOST_PORT",
        "VLLM_PORT",
        "VLLM_PYTHON",
        "VLLM_RAY_BUNDLE_INDICES",
        "VLLM_RAY_PER_WORKER_GPUS",
    }
)
"""What means something else on every host, or in every process."""


def shared(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that all ranks get: those of the prefixes, and what vLLM's two names add."""
    prefixes = (*PREFIXES, *_listed(environment.get(EXTRA_PREFIXES, "")))
    names = set(_listed(environment.get(EXTRA_NAMES, "")))
    return {
        name: value
        for name, value in environment.items()
        if (name.startswith(prefixes) or name in names)
        and name not in OWN
        and name not in SECRET_VARIABLES
    }


def set_defaults(own: MutableMapping[str, str], given: Mapping[str, str]) -> None:
    """Add what is given, where the environment of the host does not say otherwise."""
    for name, value in given.items():
        own.setdefault(name, value)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
