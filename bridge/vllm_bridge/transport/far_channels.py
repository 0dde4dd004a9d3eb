"""Connections to a rank on another host: TLS, that one certificate, and a token with every call."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
import grpc.aio

from vllm_bridge.transport.certificates import SERVER_NAME
from vllm_bridge.transport.grpc_options import Options

# A host that has gone dark says nothing: its calls fail before the pool has given it up.
FAR_KEEPALIVE: Options = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
)


def far_options(server_name: str = SERVER_NAME) -> Sequence[tuple[str, str | int]]:
    """Of a channel there."""
    return (*FAR_KEEPALIVE, ("grpc.ssl_target_name_override", server_name))


def far_credentials(certificate: str, token: str) -> grpc.ChannelCredentials:
    """Trust this certificate, and send that token with every call."""
    return grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(certificate.encode()),
        grpc.access_token_call_credentials(token),
    )


def far_channel(
    endpoint: str, certificate: str, token: str, options: Sequence[tuple[str, int]]
) -> grpc.aio.Channel:
    """For asyncio."""
    return grpc.aio.secure_channel(
        endpoint, far_credentials(certificate, token), options=[*options, *far_options()]
    )
