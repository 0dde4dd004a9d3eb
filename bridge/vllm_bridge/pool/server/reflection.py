"""Which services a server has, by their descriptors, and gRPC server reflection of them.

The generated message modules put every service into protobuf's default pool of descriptors. They
import no torch, unlike the generated dispatch; so what ranks serve is known here without it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection

from vllm_bridge import _generated

HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"]

POOL = "vllm.bridge.v1.Pool"

_OWN = "vllm."


@cache
def services() -> tuple[str, ...]:
    """Full names of our services: those of the pool and those of its ranks."""
    return tuple(sorted(service.full_name for service in _descriptors()))


@cache
def rank_services() -> tuple[str, ...]:
    """Full names of the services that ranks answer."""
    return tuple(name for name in services() if name != POOL)


def method_names() -> dict[str, str]:
    """Path of a method -> its name as metrics call it, e.g. "Pool.OpenSession"."""
    return {
        f"/{service.full_name}/{method.name}": f"{service.name}.{method.name}"
        for service in (*_descriptors(), HEALTH)
        for method in service.methods
    }


def enable(server: grpc.aio.Server) -> None:
    """Serve reflection of everything that the server has."""
    names = (*services(), HEALTH.full_name, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)


def _descriptors() -> Iterator[ServiceDescriptor]:
    for module in pkgutil.iter_modules(_generated.__path__):
        if module.name.endswith("_pb2"):
            loaded = importlib.import_module(f"{_generated.__name__}.{module.name}")
            # Snakepit's service is served by a worker, not by a pool and its ranks.
            if loaded.DESCRIPTOR.package.startswith(_OWN):
                yield from loaded.DESCRIPTOR.services_by_name.values()
