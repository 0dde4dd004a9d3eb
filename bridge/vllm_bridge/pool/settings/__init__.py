"""What an operator can set, of a server and of each of its pools, and all the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from vllm_bridge.confinement.policy import Policy, default_mode
from vllm_bridge.pool.settings.launch_options import MP
from vllm_bridge.pool.settings.profiles import STANDARD, TimeoutProfile
from vllm_bridge.pool.settings.ray_options import RayOptions
from vllm_bridge.pool.settings.restart_policy import ALWAYS, RestartPolicy
from vllm_bridge.transport.grpc_options import Options, message_limits

DEFAULT_POOL = "default"
DEFAULT_ENTRY_POINT = "vllm_bridge.rank.process:main"
DEFAULT_ALLOWED_PREFIXES = ("torch.", "vllm_distributed.")

# The largest length that gRPC can express: a signed 32-bit integer.
MAX_MESSAGE_BYTES = 2**31 - 1


class SettingsError(Exception):
    """What is wrong with a setting, in one line that names its place, its value and the rule."""


@dataclass(frozen=True)
class PoolSettings:
    """Sizes, limits and times of one pool."""

    # Ranks outside any world.
    size: int = 2
    max_world_size: int = 64
    max_worlds: int = 64
    max_sessions: int = 10_000
    # Calls of `hint` sessions, and opening sessions, that wait for a rank of the pool; and, in each
    # rank, calls that wait for its executor.
    max_queue: int = 1_000
    # How long they may wait in the pool's queue, whatever their deadline; None: as long as that.
    queue_timeout: timedelta | None = None
    session_idle: timedelta = timedelta(hours=1)
    # On top of a world's own timeout: time for its processes to come up and report.
    start_timeout: timedelta = timedelta(seconds=30)
    # Between asking a rank to stop and killing it.
    stop_grace: timedelta = timedelta(milliseconds=500)
    # Whether ranks outside worlds that die are replaced.
    restart: RestartPolicy = ALWAYS
    heartbeat_interval: timedelta = timedelta(seconds=1)
    # A rank that has sent no heartbeat for so long is killed.
    heartbeat_timeout: timedelta = timedelta(seconds=15)
    # A rank whose call has passed its deadline, or lost its caller, so long ago is killed.
    overdue_grace: timedelta = timedelta(seconds=60)
    allowed_prefixes: tuple[str, ...] = DEFAULT_ALLOWED_PREFIXES
    max_message_bytes: int = MAX_MESSAGE_BYTES
    # How the ranks of a world are started where its request does not say, and on how many hosts (0:
    # on as many as they turn out to be); names of ParallelConfig.
    distributed_executor_backend: str = MP
    nnodes: int = 0
    # With "ray".
    ray: RayOptions = field(default_factory=RayOptions)
    # What the kernel refuses the ranks; None: "strict", or "writes" where more is allowed.
    confine: str | None = None
    # Files and directories that confined ranks may read, and write, beside those of their mode.
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()

    @property
    def policy(self) -> Policy:
        """How ranks are confined."""
        own_code = self.allowed_prefixes != DEFAULT_ALLOWED_PREFIXES
        return Policy(self.confine or default_mode(own_code=own_code), self.readable, self.writable)

    def grpc_options(self) -> Options:
        """Options for servers and channels: no message limit below the setting."""
        return message_limits(self.max_message_bytes)


@dataclass(frozen=True)
class ServerSettings:
    """A server: its pools, and what they share."""

    pools: Mapping[str, PoolSettings] = field(
        default_factory=lambda: {DEFAULT_POOL: PoolSettings()}
    )
    profiles: Mapping[str, TimeoutProfile] = field(default_factory=lambda: dict(STANDARD))
    # How long what a client owns outlives its last attachment.
    attach_grace: timedelta = timedelta(seconds=5)
    max_attachments: int = 1_000
    # How long what runs may go on after SIGTERM.
    drain_seconds: timedelta = timedelta(seconds=10)
    # Segments of shared memory that a session may have; 0: none, all tensors go through the socket.
    max_segments: int = 16
    # Of one of them; None: a quarter of the file system they are in.
    max_segment_bytes: int | None = None
    entry_point: str = DEFAULT_ENTRY_POINT

    def grpc_options(self) -> Options:
        """Options for the server: room for the largest message of any pool."""
        return message_limits(self.max_message_bytes)

    @property
    def max_message_bytes(self) -> int:
        """Of the largest message of any pool."""
        return max(pool.max_message_bytes for pool in self.pools.values())


Given = Mapping[str, Any]
"""Values by name, of those settings only that somebody has set."""


def server_settings(
    pools: Mapping[str, Given], profiles: Mapping[str, Given], server: Given
) -> ServerSettings:
    """The settings with defaults for all that is not given.

    There always is a pool "default". Profiles come on top of the standard ones, and may redefine
    them; what one does not say is as in the profile "default".

    Raises:
        SettingsError: values that do not go together.
    """
    named = {DEFAULT_POOL: {}, **pools}
    table = dict(STANDARD)
    for name in sorted(profiles, key=lambda name: name != "default"):
        table[name] = replace(table["default"], **profiles[name])
    return ServerSettings(
        pools={name: _pool_settings(name, given) for name, given in named.items()},
        profiles=table,
        **server,
    )


def _pool_settings(name: str, given: Given) -> PoolSettings:
    known: dict[str, Any] = {
        key: tuple(value) if key in ("readable", "writable") else value
        for key, value in given.items()
        if key != "allow"
    }
    settings = PoolSettings(
        **known, allowed_prefixes=(*DEFAULT_ALLOWED_PREFIXES, *given.get("allow", ()))
    )
    for prefix in given.get("allow", ()):
        if not all(part.isidentifier() for part in prefix.removesuffix(".").split(".")):
            raise SettingsError(
                f"allow of pool {name!r} has {prefix!r}, which begins no Python name; write a "
                'module of yours, e.g. "mypackage."'
            )
    interval, timeout = settings.heartbeat_interval, settings.heartbeat_timeout
    if timeout < 2 * interval:
        raise SettingsError(
            f"heartbeat_timeout of pool {name!r} is {timeout.total_seconds():g} s; it must be at "
            f"least twice its heartbeat_interval, which is {interval.total_seconds():g} s"
        )
    return settings
