"""How the ranks of a world are started, in the words of ParallelConfig."""

from __future__ import annotations

from dataclasses import dataclass, field

from vllm_bridge.pool.settings.ray_options import RayOptions

MP = "mp"
RAY = "ray"
EXTERNAL = "external_launcher"

BACKENDS = (MP, RAY, EXTERNAL)
"""What `distributed_executor_backend` may be."""


@dataclass(frozen=True)
class LaunchOptions:
    """What a world's request, or else its pool, says of that."""

    distributed_executor_backend: str = MP
    # On how many hosts they are; 0: on as many as they turn out to be.
    nnodes: int = 0
    # With "ray".
    ray: RayOptions = field(default_factory=RayOptions)
