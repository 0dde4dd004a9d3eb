"""Certificates that a process makes for itself, for those whom it tells of them.

A pool makes one for a listener of ranks that nobody but the ranks it launches knows of, and a rank
one for the calls that come to it from other hosts. They are told on connections that are safe
already, so no authority signs them: who connects trusts this one certificate and no other.
"""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

SERVER_NAME = "rank.vllm-bridge.internal"
"""In every such certificate: which host it is of is said beside it."""

REMEDY = 'install it: pip install "vllm-distributed[clusters]"'

# A clock may be wrong, and a world may live long.
_BEFORE, _AFTER = timedelta(days=1), timedelta(days=3650)


class CannotMakeError(Exception):
    """The package `cryptography` is not installed."""


@dataclass(frozen=True)
class OwnCertificate:
    """A certificate and its key, in PEM."""

    certificate: str
    key: str

    def server_context(self) -> ssl.SSLContext:
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # OpenSSL reads files only.
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "pair.pem"
            path.touch(mode=0o600)
            path.write_text(self.key + self.certificate)
            context.load_cert_chain(path)
        return context


def make_certificate() -> OwnCertificate:
    """A new one.

    Raises:
        CannotMakeError: the package that makes them is not there.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        raise CannotMakeError(
            f"the package cryptography makes certificates, and is not here; {REMEDY}"
        ) from None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, SERVER_NAME)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _AFTER)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return OwnCertificate(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )
