"""The token of a server: where it comes from, and who else may have read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

VARIABLE = "VLLM_BRIDGE_TOKEN"

JOIN_CA_VARIABLE = "VLLM_BRIDGE_JOIN_CA"
"""The certificate, in PEM, of the pool that a rank joins which that pool has launched."""

SECRET_VARIABLES = frozenset(
    # The last ones have the keys of whoever collects traces.
    {VARIABLE, "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"}
)
"""What the processes that run clients' calls must not find in their environment."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

# A header's limit in common servers and proxies; a token is a line.
_MAX_BYTES = 8192


class TokenError(Exception):
    """A token that is none, in one line that says where it comes from and what to do."""


def read_token(file: Path | None) -> str | None:
    """The token from the file, or else from the environment; None when neither is given.

    Raises:
        TokenError: it is blank, cannot be read, cannot travel in a header, or is in a file that
            other users of the machine can open.
    """
    if file is not None:
        return checked_token(_content(file), f"the token file {file}")
    value = os.environ.get(VARIABLE)
    if value is None:
        return None
    return checked_token(value, f"the variable {VARIABLE}")


def checked_token(text: str, source: str) -> str:
    """The token without the blanks around it.

    Raises:
        TokenError: nothing is left, or it cannot travel in a header.
    """
    token = text.strip()
    if not token:
        kind = "empty" if not text else "blank"
        remedy = "put one into it" if "file" in source else "leave it out, or give one"
        raise TokenError(f"{source} is {kind}, and that is no token; {remedy}")
    # It travels in a header.
    if not token.isascii() or not token.isprintable():
        raise TokenError(f"the token in {source} has characters other than printable ASCII")
    return token


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            found = os.fstat(opened.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_mode & _OTHERS:
                raise TokenError(
                    f"the token file {file} has mode {stat.S_IMODE(found.st_mode):04o}, so other "
                    "users than its owner can open it, and whoever has the token can run code "
                    f"here; make it private: chmod 600 {file}"
                )
            content = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise TokenError(f"cannot read the token file {file}: {error.strerror or error}") from None
    if len(content) > _MAX_BYTES:
        raise TokenError(
            f"the token file {file} has more than {_MAX_BYTES} bytes; a token is a line"
        )
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise TokenError(f"cannot read the token file {file}: it is not text") from None
