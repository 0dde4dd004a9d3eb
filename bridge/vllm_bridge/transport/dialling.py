"""Dialling in: from a rank's process to its pool, over TCP, with TLS where it leaves loopback."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from vllm_bridge.transport.address import TcpAddress
from vllm_bridge.transport.tls_channel import Channel, TlsChannel, notice_silence

CONNECT_SECONDS = 10.0

ADDRESS_VARIABLE = "VLLM_HOST_IP"


class DialError(Exception):
    """Why there is no connection, in one sentence."""

    def __init__(self, message: str, *, later: bool = False) -> None:
        super().__init__(message)
        # Whether it may succeed later, because nobody is there yet.
        self.later = later


@dataclass(frozen=True)
class DialTls:
    """What a rank knows of its pool's certificate, and has of its own."""

    ca: Path | None = None
    # The same in PEM, where no file has it.
    ca_data: str = ""
    cert: Path | None = None
    key: Path | None = None
    # The name in the pool's certificate, where it is not the host.
    server_name: str | None = None

    @property
    def wanted(self) -> bool:
        """Whether anything is said of TLS."""
        return self != DialTls()

    def context(self) -> ssl.SSLContext:
        """For a client.

        Raises:
            DialError: a file cannot be used.
        """
        if (self.cert is None) != (self.key is None):
            raise DialError("--tls-cert and --tls-key go together: a certificate needs its key")
        try:
            context = ssl.create_default_context(cafile=self.ca, cadata=self.ca_data or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except (OSError, ssl.SSLError) as error:
            raise DialError(f"the files of --tls-... cannot be used: {error}") from None
        return context


def dial(address: TcpAddress, tls: DialTls, *, plaintext: bool) -> tuple[Channel, str]:
    """Connect. Returns the connection, and this process's address on it.

    Raises:
        DialError: why not.
    """
    context = tls.context() if tls.wanted or not (address.loopback or plaintext) else None
    try:
        sock = socket.create_connection((address.host, address.port), timeout=CONNECT_SECONDS)
    except OSError as error:
        why = error.strerror or str(error)
        raise DialError(f"no pool takes ranks at {address}: {why}", later=True) from None
    try:
        notice_silence(sock)
        local = str(sock.getsockname()[0])
        if context is None:
            sock.settimeout(None)
            return sock, local
        channel = TlsChannel(sock, context, tls.server_name or address.host)
        channel.handshake()
        sock.settimeout(None)
        return channel, local
    except ssl.SSLCertVerificationError as error:
        sock.close()
        raise DialError(
            f"the certificate of {address} cannot be trusted: {error.verify_message}. Give "
            "--tls-ca FILE with the authority that signed it, or --tls-server-name with the name "
            "in it"
        ) from None
    except (OSError, ssl.SSLError) as error:
        sock.close()
        remedy = (
            "what listens there may speak no TLS, or want another certificate of ours"
            if context is not None
            else "what listens there may want TLS: give --tls-ca FILE"
        )
        raise DialError(f"no connection to {address}: {error}; {remedy}") from None


def own_addresses(local: str) -> list[str]:
    """By which other hosts may reach this one, the best first: VLLM_HOST_IP, and where the way to
    the pool starts."""
    configured = os.environ.get(ADDRESS_VARIABLE, "")
    # The zone of a link-local address means nothing elsewhere.
    found = [address.partition("%")[0] for address in (configured, local) if address]
    return list(dict.fromkeys(found))
