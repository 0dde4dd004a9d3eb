"""Tokens for calls to a rank on another host.

A rank and its pool share a key. The token of a session is made of that key and the session's id, so
that the pool can hand it out, and the rank check it, without telling each other of sessions; it
opens calls of that session and nothing else. The pool itself has one for all calls.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache

KEY_BYTES = 32

_BEARER = "Bearer "
# No session has such an id: it is not printable.
_POOL = "\0pool"


def new_key() -> bytes:
    """For one rank."""
    return secrets.token_bytes(KEY_BYTES)


# A call is checked in microseconds; strangers who make up sessions push others out at worst.
@lru_cache(maxsize=4096)
def session_token(key: bytes, session_id: str) -> str:
    """What opens the calls of a session."""
    return hmac.new(key, session_id.encode(), hashlib.sha256).hexdigest()


def pool_token(key: bytes) -> str:
    """What opens all calls of that rank."""
    return session_token(key, _POOL)


def bearer(token: str) -> str:
    """The value of the metadata `authorization`."""
    return f"{_BEARER}{token}"


def permitted(key: bytes, authorization: str, session_id: str) -> bool:
    """Whether that opens a call of that session; both compared in constant time."""
    given = authorization.removeprefix(_BEARER).encode()
    of_session = hmac.compare_digest(given, session_token(key, session_id).encode())
    of_pool = hmac.compare_digest(given, pool_token(key).encode())
    return of_session or of_pool
