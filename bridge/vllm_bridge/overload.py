"""What gRPC does with calls that have come and that nobody has looked at yet: it keeps them.

By itself it drops them, in silence and at random, once 1,000 wait, and after 30 seconds; their
callers see `CANCELLED`, which does not say that the call never ran. We count calls ourselves, and
refuse those above `max_queue` by name (`queue_full`). So that every call gets as far as that, the
limits of gRPC are above any burst: of calls it has read so far it holds little but their headers.
"""

from __future__ import annotations

from collections.abc import Sequence

MAX_PENDING = 1_000_000
_MAX_PENDING_SECONDS = 24 * 3600

KEEP_PENDING_CALLS: Sequence[tuple[str, int]] = (
    ("grpc.server.max_pending_requests", MAX_PENDING),
    ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING),
    ("grpc.server_max_unrequested_time_in_server", _MAX_PENDING_SECONDS),
)
"""Options of a server."""
