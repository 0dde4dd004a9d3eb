"""What an operator can set on a pool, with the defaults in one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

DEFAULT_ENTRY_POINT = "vllm_bridge.rank.process:main"
DEFAULT_ALLOWED_PREFIXES = ("torch.", "vllm_distributed.")

# The largest length that gRPC can express: a signed 32-bit integer.
MAX_MESSAGE_BYTES = 2**31 - 1


@dataclass(frozen=True)
class PoolSettings:
    """Sizes, limits and times of one pool."""

    # Ranks outside any world.
    size: int = 2
    max_world_size: int = 64
    max_worlds: int = 64
    max_sessions: int = 10_000
    # Calls of `hint` sessions, and opening sessions, that wait for a rank.
    max_queue: int = 1_000
    session_idle: timedelta = timedelta(hours=1)
    # On top of a world's own timeout: time for its processes to come up and report.
    start_timeout: timedelta = timedelta(seconds=30)
    # Between asking a rank to stop and killing it.
    stop_grace: timedelta = timedelta(milliseconds=500)
    allowed_prefixes: tuple[str, ...] = DEFAULT_ALLOWED_PREFIXES
    max_message_bytes: int = MAX_MESSAGE_BYTES
    entry_point: str = DEFAULT_ENTRY_POINT

    def grpc_options(self) -> list[tuple[str, int]]:
        """Options for servers and channels: no message limit below the setting."""
        return [
            ("grpc.max_receive_message_length", self.max_message_bytes),
            ("grpc.max_send_message_length", self.max_message_bytes),
        ]
