"""What a server that drains refuses, in the pool and in its ranks."""

from __future__ import annotations

from vllm_bridge.codec.errors import BridgeError, Category


def draining(what: str) -> BridgeError:
    """The error for what comes after the server was asked to stop."""
    return BridgeError(
        Category.POOL,
        "draining",
        f"{what} is refused: the server is stopping, and lets what runs come to its end. It never "
        "ran; try again with the next server",
        details={"ran": False},
    )
