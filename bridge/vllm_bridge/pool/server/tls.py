"""TLS of a server that listens on TCP: reading the files, and refusing settings that cannot work.

OpenSSL checks the files before anything is started, because gRPC says nothing about what is wrong
with a certificate: it would only refuse every connection.
"""

from __future__ import annotations

import logging
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

import grpc

from vllm_bridge.transport.address import Address, ListenError, TcpAddress

_logger = logging.getLogger("vllm_bridge.pool")

_BEGIN = b"-----BEGIN "


@dataclass(frozen=True)
class TlsFiles:
    """Paths of PEM files, as the operator gave them."""

    certificate: Path | None = None
    key: Path | None = None
    # Given: clients must show a certificate that it has signed.
    client_ca: Path | None = None


NO_TLS = TlsFiles()


@dataclass(frozen=True)
class Tls:
    """The contents of the files, checked."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None
    # The same, for listeners of our own.
    context: ssl.SSLContext

    def credentials(self) -> grpc.ServerCredentials:
        """For gRPC."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)],
            root_certificates=self.client_ca,
            require_client_auth=self.client_ca is not None,
        )


@dataclass(frozen=True)
class Guard:
    """What keeps strangers from a TCP port, and what the operator said to do without."""

    token: str | None
    tls: Tls | None
    insecure_loopback: bool
    insecure_plaintext: bool

    def check(self, address: TcpAddress) -> None:
        """Refuse to listen where everybody could run code, or read a token on its way.

        Raises:
            ListenError: what is missing, and the options that give it.
        """
        if self.tls is not None and self.tls.client_ca is not None:
            return
        if self.token is None:
            self._check_open(address)
        elif self.tls is None and not address.loopback and not self.insecure_plaintext:
            raise ListenError(
                f"{address}: the token, and all else, would travel in clear text: give --tls-cert "
                "FILE and --tls-key FILE; or, on a network that nobody else can read, say "
                "--insecure-plaintext"
            )

    def check_page(self, address: TcpAddress) -> None:
        """Refuse to show the page where strangers can see it, or read the token on its way.

        A loopback port without a token is fine: nothing on the page changes anything.

        Raises:
            ListenError: what is missing, and the options that give it.
        """
        if self.tls is not None and self.tls.client_ca is not None:
            return
        if address.loopback:
            return
        if self.token is None:
            raise ListenError(
                f"--page {address}: whoever reaches this port can see what runs here, so it needs "
                "a token: give --token-file FILE, or set VLLM_BRIDGE_TOKEN; or want client "
                "certificates with --tls-client-ca FILE; or give --page 127.0.0.1:PORT"
            )
        if self.tls is None and not self.insecure_plaintext:
            raise ListenError(
                f"--page {address}: the token would travel in clear text: give --tls-cert FILE and "
                "--tls-key FILE, or --page 127.0.0.1:PORT; or, on a network that nobody else can "
                "read, say --insecure-plaintext"
            )

    def _check_open(self, address: TcpAddress) -> None:
        remedy = (
            "give --token-file FILE, or set VLLM_BRIDGE_TOKEN; or want client certificates with "
            "--tls-client-ca FILE"
        )
        if not address.loopback:
            raise ListenError(
                f"{address}: whoever reaches this port can run code here, so it needs a token: "
                f"{remedy}"
            )
        if not self.insecure_loopback:
            raise ListenError(
                f"{address}: every user of this machine can reach this port, so it needs a token: "
                f"{remedy}; or say --insecure-loopback"
            )


def read_tls(
    files: TlsFiles,
    address: Address | None,
    page: TcpAddress | None = None,
    join: TcpAddress | None = None,
) -> Tls | None:
    """The server's TLS, that of its page and of its listener for ranks; None when no file is given.

    Raises:
        ListenError: a file is missing, cannot be read, is not what it should be, or there is
            nothing to secure: a unix socket is protected by the permissions of its file.
    """
    if files == NO_TLS:
        return None
    if not isinstance(address, TcpAddress) and page is None and join is None:
        place = str(address) if address is not None else "a unix socket"
        raise ListenError(
            f"TLS is for TCP, and this server listens on {place}; leave out the --tls options, or "
            "give --listen HOST:PORT (or --join HOST:PORT, for ranks)"
        )
    if files.certificate is None:
        raise ListenError("TLS needs the server's certificate: give --tls-cert FILE")
    if files.key is None:
        raise ListenError(
            f"the certificate {files.certificate} needs its private key: give --tls-key FILE"
        )
    certificate = _read("--tls-cert", files.certificate, b"CERTIFICATE")
    key = _read("--tls-key", files.key, b"PRIVATE KEY")
    context = _context(files.certificate, files.key, key)
    client_ca = None
    if files.client_ca is not None:
        client_ca = _read("--tls-client-ca", files.client_ca, b"CERTIFICATE")
        _want_clients_of(context, files.client_ca, client_ca)
    return Tls(certificate, key, client_ca, context)


def warn_of_open_key(files: TlsFiles) -> None:
    """Say so when everybody can open the private key. It may be meant so, in a container."""
    if files.key is not None and files.key.stat().st_mode & stat.S_IRWXO:
        _logger.warning(
            "every user of this machine can open the private key %s: chmod 600 it", files.key
        )


def _read(option: str, path: Path, what: bytes) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ListenError(f"{option}: cannot read {path}: {error.strerror or error}") from None
    if not any(what in line for line in content.splitlines() if line.startswith(_BEGIN)):
        raise ListenError(
            f"{option}: {path} is not a PEM file with a {what.decode().lower()} in it "
            f"(-----BEGIN {what.decode()}-----)"
        )
    return content


def _context(certificate: Path, key: Path, content: bytes) -> ssl.SSLContext:
    if b"ENCRYPTED" in content:
        raise ListenError(f"--tls-key: {key} is encrypted; give a key without a passphrase")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ListenError(
                f"--tls-key: {key} is not the key of the certificate {certificate}"
            ) from None
        raise ListenError(
            f"--tls-cert, --tls-key: {certificate} and {key} cannot be used: {_reason(error)}"
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _want_clients_of(context: ssl.SSLContext, path: Path, content: bytes) -> None:
    try:
        context.load_verify_locations(cadata=content.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise ListenError(f"--tls-client-ca: {path} cannot be used: {_reason(error)}") from None
    context.verify_mode = ssl.CERT_REQUIRED


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or str(error)
    return str(reason).replace("_", " ").lower()
