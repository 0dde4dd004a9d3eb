"""Options of all gRPC servers and channels: of pools, ranks, Snakepit's workers and clients."""

from __future__ import annotations

from collections.abc import Sequence

Options = Sequence[tuple[str, int]]


def message_limits(limit: int) -> Options:
    """Of messages in both directions, in bytes; 0 or -1: none."""
    names = ("grpc.max_receive_message_length", "grpc.max_send_message_length")
    return tuple((name, limit or -1) for name in names)


MAX_PENDING = 1_000_000
_MAX_PENDING_SECONDS = 24 * 3600

# What gRPC does with calls that have come and that nobody has looked at yet: it keeps them. By
# itself it drops them, in silence and at random, once 1,000 wait, and after 30 seconds; their
# callers see `CANCELLED`, which does not say that the call never ran. We count calls ourselves, and
# refuse those above `max_queue` by name (`queue_full`). So that every call gets as far as that, the
# limits of gRPC are above any burst: of calls it has read so far it holds little but their headers.
_KEEP_PENDING_CALLS: Options = (
    ("grpc.server.max_pending_requests", MAX_PENDING),
    ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING),
    ("grpc.server_max_unrequested_time_in_server", _MAX_PENDING_SECONDS),
)

RANK_SERVER: Options = (
    ("grpc.so_reuseport", 0),
    # Keepalive pings of clients that hold a connection while a long call runs are not abuse.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    *_KEEP_PENDING_CALLS,
)
"""A rank is driven by a few connections; the defaults of gRPC are for a public server."""

POOL_SERVER: Options = (
    *RANK_SERVER,
    # A client whose machine is gone says nothing: this is how its connection, and with it its
    # attachment, is found to be broken.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)

SNAKEPIT_SERVER: Options = (*RANK_SERVER, *message_limits(-1))
"""Snakepit's limit of messages is its own; a deadline is what bounds a call here."""

NO_PROXY: Options = (("grpc.enable_http_proxy", 0),)
"""gRPC takes a proxy from the environment also for loopback, and the token goes to it."""

CHANNEL: Options = (*message_limits(-1), *NO_PROXY)

KEEPALIVE: Options = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Of a ping that gRPC has sent for its own ends: it sends no other while that is not answered.
    ("grpc.http2.ping_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
)
"""Of a client's connection to its pool. A pool that is stopped, or whose machine is gone, says
nothing: this is how calls without a deadline notice it. While none is in flight nothing is sent.
Ranks are seen to by their pool."""
