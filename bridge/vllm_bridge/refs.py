"""Ids of objects that stay in a rank: `obj-3`, or `obj-3@rank-7` where the session has several.

Only the server makes and reads these; to clients they are opaque. `@weights` is the id of what is
kept under that name.
"""

from __future__ import annotations

from dataclasses import dataclass

_AT = "@"

NAMED = "@"
"""What the id of a ref begins with that is to an object's name."""


@dataclass(frozen=True)
class Named:
    """What a rank keeps under a name, as an argument of a call: see `World.put` of the client.

    On every rank it stands for that rank's own object.
    """

    name: str

    @property
    def ref_id(self) -> str:
        """The id of a ref to it."""
        return f"{NAMED}{self.name}"


def make_id(number: int, home: str) -> str:
    """The id of a session's object of this number, kept by the rank `home`, if named."""
    return f"obj-{number}{_AT}{home}" if home else f"obj-{number}"


def home_of(ref_id: str) -> str:
    """The id of the rank that keeps the object; empty where the session has one rank only."""
    return ref_id.partition(_AT)[2]


class StandIn:
    """What stands for an object, a tensor too, that another process keeps."""
