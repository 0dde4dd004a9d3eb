"""Ids of objects that stay in a rank: `obj-3`, or `obj-3@rank-7` where the session has several.

Only the server makes and reads them; to clients they are opaque.
"""

from __future__ import annotations

_AT = "@"


def make_id(number: int, home: str) -> str:
    """The id of a session's object of this number, kept by the rank `home`, if named."""
    return f"obj-{number}{_AT}{home}" if home else f"obj-{number}"


def home_of(ref_id: str) -> str:
    """The id of the rank that keeps the object; empty where the session has one rank only."""
    return ref_id.partition(_AT)[2]
