"""Groups and their members: those of a world, and stateless ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from vllm_bridge.gate.referee.decisions import Member
from vllm_bridge.gate.referee.rendezvous import Caller, Group, Tally

# Names change when groups are made again, so a long life sees many; a thousand at a time is more
# than any layout of parallel groups has.
MAX_GROUPS = 1_024


class WorldGroup(Group):
    """A group of a world's ranks, known by its name and members."""

    def __init__(self, name: str, members: tuple[int, ...], world: World) -> None:
        super().__init__(name, len(members))
        self.members = members
        self.world = world

    @property
    def world_id(self) -> str:
        return self.world.world_id

    def namesake_of(self, group: Group) -> bool:
        return (
            isinstance(group, WorldGroup)
            and group is not self
            and group.world is self.world
            and group.name == self.name
        )

    def death(self) -> str:
        dead = self.world.dead
        return next((dead[rank] for rank in self.members if rank in dead), "") if dead else ""

    def caller(self, number: int) -> Caller | None:
        return self.world.callers.get(self.members[number])

    def member(self, number: int) -> Member:
        caller = self.caller(number)
        if caller is not None:
            return caller.member
        rank = self.members[number]
        return Member("", self.world.world_id, self.world.epoch, rank, f"rank {rank}")

    def number(self, number: int) -> int:
        return self.members[number]

    def label(self, number: int) -> str:
        return f"rank {self.members[number]}"


class StatelessGroup(Group):
    """A group known by the address of its store; its members say so when they make it."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name, size)
        self.known: dict[int, Caller] = {}
        # Names of the members, also of those that are gone.
        self._names: dict[int, str] = {}
        # How members ended.
        self._gone: dict[int, str] = {}

    def join(self, number: int, caller: Caller) -> None:
        """A member has made the group."""
        self.known[number] = caller
        self._names[number] = caller.member.name or caller.member.rank_id

    def meets(self, caller: Caller, number: int, size: int) -> bool:
        """Whether this is the group of the member's call, and all of it are, or were, known."""
        return (
            self.known.get(number) is caller
            and size == self.size
            and len(self.known) + len(self._gone) == size
        )

    def replaced_by(self, caller: Caller, number: int, size: int, *, destroy: bool) -> bool:
        """Whether a member that makes (or destroys) a group here ends this one."""
        if destroy:
            return self.known.get(number) is caller
        return number in self.known or bool(self._gone) or size != self.size

    def lose(self, caller: Caller, how: str) -> bool:
        """A rank is no more: whether it was a member."""
        numbers = [number for number, member in self.known.items() if member is caller]
        for number in numbers:
            del self.known[number]
            self._gone[number] = how
        return bool(numbers)

    def death(self) -> str:
        return next(iter(self._gone.values()), "")

    @property
    def world_id(self) -> str:
        return ""

    def caller(self, number: int) -> Caller | None:
        return self.known.get(number)

    def member(self, number: int) -> Member:
        caller = self.known.get(number)
        return caller.member if caller else Member("", name=self.label(number))

    def number(self, number: int) -> int:
        return number

    def label(self, number: int) -> str:
        name = self._names.get(number, "")
        return f"member {number} ({name})" if name else f"member {number}"


class World:
    """The groups and ranks of one epoch of a world."""

    def __init__(self, world_id: str, epoch: int) -> None:
        self.world_id = world_id
        self.epoch = epoch
        self.callers: dict[int, Caller] = {}
        self.tally = Tally()
        # How its ranks died.
        self.dead: dict[int, str] = {}
        self.groups: Table[tuple[str, tuple[int, ...]], WorldGroup] = Table()

    def group(self, name: str, members: tuple[int, ...]) -> WorldGroup | None:
        """The group, known or new; None when too many are in use.

        Raises:
            ValueError: a member is named twice.
        """
        group = self.groups.get((name, members))
        if group is None:
            if len(set(members)) < len(members):
                raise ValueError("a member is named twice")
            group = WorldGroup(name, members, self)
            if not self.groups.put((name, members), group):
                return None
        return group


K = TypeVar("K", bound=Hashable)
G = TypeVar("G", bound=Group)


class Table(Generic[K, G]):
    """Groups by key: at most `MAX_GROUPS`, of which idle ones give way to new ones."""

    def __init__(self) -> None:
        self._groups: OrderedDict[K, G] = OrderedDict()

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[G]:
        return iter(list(self._groups.values()))

    def get(self, key: K) -> G | None:
        """The group; it is now the one used last."""
        group = self._groups.get(key)
        if group is not None:
            self._groups.move_to_end(key)
        return group

    def put(self, key: K, group: G) -> bool:
        """Keep a new group; False when too many are in use."""
        if len(self._groups) >= MAX_GROUPS:
            idle = next((known for known, each in self._groups.items() if each.idle), None)
            if idle is None:
                return False
            del self._groups[idle]
        self._groups[key] = group
        return True

    def pop(self, key: K) -> None:
        """Forget a group."""
        self._groups.pop(key, None)
