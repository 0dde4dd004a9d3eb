"""Which members of a group are on which host. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

__all__ = ["Hosts"]


@dataclass(frozen=True)
class Hosts:
    """Members are their numbers in the group.

    >>> hosts = Hosts.of(["a", "a", "b", "a", "b"], 4)
    >>> hosts.members, hosts.mine, hosts.local, hosts.leaders
    (((0, 1, 3), (2, 4)), (2, 4), 1, [0, 2])
    >>> hosts.host_of(3), hosts.order, hosts.pays
    (0, [0, 1, 3, 2, 4], True)
    """

    members: tuple[tuple[int, ...], ...]
    """Those of each host, ascending; the host of member 0 is the first."""
    me: int

    @classmethod
    def of(cls, places: Sequence[Hashable], me: int) -> Hosts:
        """Return the hosts of members that are where `places` says."""
        found: dict[Hashable, list[int]] = {}
        for member, place in enumerate(places):
            found.setdefault(place, []).append(member)
        return cls(tuple(map(tuple, found.values())), me)

    def host_of(self, member: int) -> int:
        """Return the number of a member's host."""
        return next(at for at, members in enumerate(self.members) if member in members)

    @property
    def here(self) -> int:
        """The number of this member's host."""
        return self.host_of(self.me)

    @property
    def mine(self) -> tuple[int, ...]:
        """The members of this host."""
        return self.members[self.here]

    @property
    def local(self) -> int:
        """This member's number on its host."""
        return self.mine.index(self.me)

    @property
    def leaders(self) -> list[int]:
        """The first member of each host, which speaks for it with the others."""
        return [members[0] for members in self.members]

    @property
    def order(self) -> list[int]:
        """All members, host by host."""
        return [member for members in self.members for member in members]

    @property
    def most(self) -> int:
        """How many members the host with most has."""
        return max(map(len, self.members))

    @property
    def pays(self) -> bool:
        """Whether there is anything to share, and anything to share it with."""
        return len(self.members) > 1 and self.most > 1

    def words(self, ranks: Sequence[int]) -> str:
        """Return who is where, in the members' global ranks.

        >>> Hosts.of(["a", "b", "b"], 0).words([4, 5, 6])
        '2 hosts (ranks 4 | 5, 6)'
        """
        listed = " | ".join(
            ", ".join(str(ranks[member]) for member in members) for members in self.members
        )
        return f"{len(self.members)} hosts (ranks {listed})"
