"""Connections of a client: to its pool, with TLS where asked for, and straight to ranks."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf.message import Message

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls import runs
from vllm_bridge.client._calls.checks import has_detail, wrong_type
from vllm_bridge.client._calls.io import Call, Io, Stream
from vllm_bridge.client._calls.parts import CHUNKS_CALL, PartsCall
from vllm_bridge.codec.errors import BridgeError, Category, from_rpc_error
from vllm_bridge.process.forks import Place
from vllm_bridge.transport.address import (
    AddressError,
    TcpAddress,
    grpc_target,
    parse_address,
    unix_path,
)
from vllm_bridge.transport.far_channels import far_options
from vllm_bridge.transport.frames.calling import Metadata
from vllm_bridge.transport.grpc_options import CHANNEL, KEEPALIVE
from vllm_bridge.transport.metadata import AUTHORIZATION
from vllm_bridge.transport.server_token import TokenError, checked_token

if TYPE_CHECKING:
    from vllm_bridge.codec.chunks import ChunkStorage

# How gRPC says that the other end closed a connection at once, as one does that wants TLS.
_CLOSED = ("Socket closed", "Connection reset", "recvmsg")

_OTHER_NAME = (
    "The server's certificate is for another name: connect by a name that is in it, or say which "
    "one with `server_name=` (--tls-server-name)"
)

# What it says of TLS, and what to do.
_TLS_REMEDIES = {
    "WRONG_VERSION_NUMBER": (
        "What listens there speaks no TLS: leave `ca=`, `cert=`, `key=` and `server_name=` out "
        "(--tls-...), or correct the endpoint"
    ),
    "CERTIFICATE_VERIFY_FAILED": (
        "The server's certificate is not of the authority in `ca=` (--tls-ca), or has expired: "
        "give the right one, or renew it"
    ),
    "Hostname Verification Check failed": _OTHER_NAME,
    "does not match SSL server name": _OTHER_NAME,
    "Socket closed": (
        "The server closed the connection after the handshake: it may want a client certificate "
        "(`cert=` and `key=`; --tls-cert, --tls-key), or another one than was given"
    ),
}

_BEGIN = b"-----BEGIN "

R = TypeVar("R", bound=Message)

File = str | Path


@dataclass(frozen=True)
class ClientTls:
    """Paths of PEM files; the system's authorities where there is no `ca`."""

    ca: File | None = None
    cert: File | None = None
    key: File | None = None
    # The name in the server's certificate, where it is not the host of the endpoint.
    server_name: str | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """For gRPC.

        Raises:
            BridgeError: (validation, `bad_tls`) a file cannot be read or is no PEM, or one of
                `cert` and `key` is missing.
        """
        if (self.cert is None) != (self.key is None):
            given, missing = ("cert", "key") if self.key is None else ("key", "cert")
            raise _bad_tls(f"{given}= is given without {missing}=; a client's certificate is both")
        return grpc.ssl_channel_credentials(
            root_certificates=_pem("ca", self.ca, b"CERTIFICATE"),
            certificate_chain=_pem("cert", self.cert, b"CERTIFICATE"),
            private_key=_pem("key", self.key, b"PRIVATE KEY"),
        )

    def options(self) -> tuple[tuple[str, str], ...]:
        """Options of the channel."""
        if self.server_name is None:
            return ()
        return (("grpc.ssl_target_name_override", self.server_name),)


class Channels:
    """One channel per endpoint, made when it is first used. Threads may share it."""

    def __init__(self, endpoint: str, token: str | None, tls: ClientTls, io: Io) -> None:
        self.io = io
        self._place = Place(f"the client of {endpoint}")
        if not isinstance(endpoint, str):
            raise wrong_type("endpoint", endpoint, "a str: unix:PATH or HOST:PORT")
        try:
            address = parse_address(endpoint)
        except AddressError as error:
            raise BridgeError(Category.VALIDATION, "bad_endpoint", f"endpoint {error}") from None
        self.endpoint = endpoint
        self._authorization = _authorization(token)
        self._tls = tls
        self._credentials = None
        if tls != ClientTls():
            if not isinstance(address, TcpAddress):
                raise _bad_tls(f"TLS is for TCP, and the endpoint is {endpoint}")
            self._credentials = tls.credentials()
        self._lock = threading.Lock()
        self._channels: dict[str, Any] = {}
        # Of ranks on other hosts, by their endpoints.
        self._far: dict[str, pool_pb2.ReachRankResponse] = {}

    async def begin(
        self,
        endpoint: str,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Metadata = (),
        *,
        later: bool = False,
    ) -> Call:
        """Begin one raw call.

        Raises:
            BridgeError: (validation, `forked_process`) in a forked child.
        """
        more = (*metadata, *(self._authorization if endpoint == self.endpoint else ()))
        return await self.io.call(
            self._channel(endpoint),
            method,
            request,
            timeout,
            more,
            cancellable=later or runs.current() is not None,
        )

    def in_parts(
        self,
        endpoint: str,
        request: bytes,
        chunks: ChunkStorage,
        timeout: timedelta | None,
        metadata: Metadata,
    ) -> Call:
        """Begin one raw call with tensors in parts. Raises as `begin`."""
        more = (*metadata, *(self._authorization if endpoint == self.endpoint else ()))
        channel = self._channel(endpoint)
        parts = chunks.outgoing(request)
        return PartsCall(self.io.exchange(channel, CHUNKS_CALL, parts, timeout, more), chunks)

    async def send(
        self,
        endpoint: str,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Metadata = (),
    ) -> bytes:
        """One raw call, given up with the `World.run` that it is part of.

        Raises:
            grpc.RpcError: it failed.
            BridgeError: (pool, `run_cancelled`) its run did; (validation, `forked_process`) in a
                forked child.
        """
        run = runs.checked()
        return await runs.answer(
            run, await self.begin(endpoint, method, request, timeout, metadata)
        )

    async def pool(
        self, name: str, request: Message, kind: type[R], timeout: timedelta | None
    ) -> R:
        """A call of the pool's own service. Raises BridgeError."""
        path = f"/vllm.bridge.v1.Pool/{name}"
        try:
            response = await self.send(self.endpoint, path, request.SerializeToString(), timeout)
        except grpc.RpcError as error:
            raise self.pool_error(error) from None
        return kind.FromString(response)

    def trust(self, far: pool_pb2.ReachRankResponse) -> None:
        """A rank on another host takes calls there."""
        self._far[far.endpoint] = far

    def stream(self, name: str, request: Message, timeout: timedelta | None = None) -> Stream:
        """A stream of the pool's own service, of bytes."""
        return self.io.stream(
            self._channel(self.endpoint),
            f"/vllm.bridge.v1.Pool/{name}",
            request.SerializeToString(),
            timeout,
            self._authorization,
        )

    def pool_error(self, error: grpc.RpcError) -> BridgeError:
        """What a failed call to the pool means."""
        said = error.details() or "no reason given"
        # Of a certificate's name gRPC itself says UNAUTHENTICATED.
        lost = error.code() == grpc.StatusCode.UNAVAILABLE or "SSL server name" in said
        if lost and not has_detail(error):
            return BridgeError(
                Category.GRPC_ERROR,
                "pool_unreachable",
                f"no pool answers at {self.endpoint}: {said}. {self._remedy(said)}",
            )
        return from_rpc_error(error)

    def _remedy(self, said: str) -> str:
        """What to do about a connection that failed with these words of gRPC."""
        if self._credentials is None:
            closed = any(words in said for words in _CLOSED)
            if closed and unix_path(self.endpoint) is None:
                return (
                    "Something there closed the connection before a word: if it wants TLS, give "
                    "`ca=` (--tls-ca FILE); else correct the endpoint"
                )
        else:
            for words, remedy in _TLS_REMEDIES.items():
                if words in said:
                    return remedy
        return (
            f"Start one there with `vllm-bridge serve --listen {self.endpoint}`, or correct the "
            "endpoint"
        )

    async def close(self) -> None:
        """Close all connections."""
        with self._lock:
            channels, self._channels = self._channels, {}
        for channel in channels.values():
            await self.io.close(channel)

    def check(self) -> None:
        """Raises BridgeError: (validation) `forked_process`: in a forked child; `other_loop`."""
        self._place.check()
        self.io.check()

    def _channel(self, endpoint: str) -> Any:
        self.check()
        with self._lock:
            channel = self._channels.get(endpoint)
            if channel is None:
                channel = self._channels[endpoint] = self._open(endpoint)
        return channel

    def _open(self, endpoint: str) -> Any:
        target = grpc_target(endpoint)
        far = self._far.get(endpoint)
        if far is not None:
            trust = grpc.ssl_channel_credentials(far.certificate.encode())
            return self.io.channel(target, (*CHANNEL, *far_options(far.server_name)), trust)
        # Those on the pool's host are reached over unix sockets only.
        if endpoint != self.endpoint:
            return self.io.channel(target, CHANNEL, None)
        options = (*CHANNEL, *KEEPALIVE, *self._tls.options())
        return self.io.channel(target, options, self._credentials)


def _authorization(token: str | None) -> tuple[tuple[str, str], ...]:
    if token is None:
        return ()
    try:
        return ((AUTHORIZATION, f"Bearer {checked_token(token, 'token=')}"),)
    except TokenError as error:
        raise BridgeError(Category.VALIDATION, "bad_token", str(error)) from None


def _pem(name: str, path: File | None, what: bytes) -> bytes | None:
    if path is None:
        return None
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _bad_tls(f"{name}={str(path)!r} cannot be read: {error.strerror or error}") from None
    if not any(what in line for line in content.splitlines() if line.startswith(_BEGIN)):
        raise _bad_tls(f"{name}={str(path)!r} is not a PEM file with a {what.decode().lower()}")
    return content


def _bad_tls(message: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, "bad_tls", message)
