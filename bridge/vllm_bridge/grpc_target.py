"""What gRPC is told of an address: it reads one as a URI, where a path may be anything."""

from __future__ import annotations

import os
from urllib.parse import quote

_UNIX = "unix:"


def grpc_target(endpoint: str) -> str:
    """`unix:PATH` with the path's bytes escaped; any other endpoint as it is."""
    if not endpoint.startswith(_UNIX):
        return endpoint
    path = endpoint.removeprefix(_UNIX)
    if path.startswith("//"):
        # Of a URI, what is between two slashes and the next would be a host.
        path = "/" + path.lstrip("/")
    return _UNIX + quote(os.fsencode(path), safe="/")
