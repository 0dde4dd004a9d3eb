"""Types that the objects between ranks may have besides the built-in ones, by registration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from vllm_distributed.errors import EncodingError, InvalidArgumentError, InvalidTypeError

__all__ = [
    "Registered",
    "build",
    "derived",
    "named_type",
    "register_family",
    "register_type",
    "registered",
    "reserve",
]

T = TypeVar("T")


class Registered(NamedTuple):
    """How objects of one type travel."""

    name: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


_by_type: dict[type, Registered] = {}
_by_name: dict[str, Registered] = {}
_reserved: set[type] = set()

ByType = Callable[[type], "Registered | None"]
ByName = Callable[[str], "type | None"]

_families: list[tuple[ByType, ByName]] = []


def register_type(cls: type[T], encode: Callable[[T], Any], decode: Callable[[Any], T]) -> None:
    """Let objects of a class of one's own travel between ranks: enums, dataclasses, named tuples.

    `encode` makes something of an object that can travel itself (plain values, tensors, objects of
    other registered classes), and `decode` makes the object of that again. They are for exactly
    this class, not for classes derived from it; its module and name say which it is, so that the
    ranks that send and those that receive must have registered it, each with a `decode` that
    undoes the others' `encode`. A class registered again has the new functions from then on. What
    is received runs `decode` and nothing else: register no function that does more than make a
    value. Local to the process. Raises `InvalidTypeError` for what is no class, or not callable;
    `InvalidArgumentError` for a class whose objects travel already.

    >>> import enum
    >>> from vllm_distributed.wire.object_codec import decode, encode
    >>> Stage = enum.Enum("Stage", ["PREFILL", "DECODE"], module=__name__)
    >>> register_type(Stage, lambda stage: stage.name, lambda name: Stage[name])
    >>> decode(encode([Stage.DECODE, 1]))
    [<Stage.DECODE: 2>, 1]
    """
    if not isinstance(cls, type):
        raise InvalidTypeError(f"cls must be a class, got {cls!r}", argument="cls")
    for argument, function in (("encode", encode), ("decode", decode)):
        if not callable(function):
            raise InvalidTypeError(
                f"{argument} must be callable, got {function!r}", argument=argument
            )
    if cls in _reserved:
        raise InvalidArgumentError(
            f"objects of {named_type(cls)} travel already: register a class of your own",
            argument="cls",
        )
    entry = Registered(named_type(cls), encode, decode)
    _by_type[cls] = _by_name[entry.name] = entry


def registered(cls: type) -> Registered | None:
    """Return how objects of exactly this class travel, if it is registered."""
    return _by_type.get(cls)


def register_family(by_type: ByType, by_name: ByName) -> None:
    """Let objects of all classes travel that `by_type` says how to, under the names that `by_name`
    finds them by. Both return None for any other. Idempotent, local to the process."""
    if (by_type, by_name) not in _families:
        _families.append((by_type, by_name))


def derived(cls: type) -> Registered | None:
    """Return how objects of exactly this class travel, if it is registered or of a family."""
    entry = _by_type.get(cls)
    if entry is None and cls not in _reserved:
        for by_type, _ in _families:
            entry = by_type(cls)
            if entry is not None:
                _by_type[cls] = _by_name[entry.name] = entry
                return entry
    return entry


def _of_family(name: str) -> Registered | None:
    for _, by_name in _families:
        cls = by_name(name)
        if cls is not None:
            return derived(cls)
    return None


def build(items: list[Any]) -> Any:
    """Return the object of a registered class that a name and an encoded value are."""
    if len(items) != 2 or not isinstance(items[0], str):
        raise EncodingError("an object of a registered class is a name and a value")
    name, value = items
    entry = _by_name.get(name) or _of_family(name)
    if entry is None:
        raise EncodingError(
            f"a peer sent an object of type {name:.200}, which is not registered on this rank: "
            f"call vllm_distributed.register_type for it on every rank",
            type=name[:200],
        )
    try:
        return entry.decode(value)
    except Exception as error:
        raise EncodingError(
            f"the decode function that is registered for {name} raised {type(error).__name__}: "
            f"{error}",
            type=name,
        ) from error


def reserve(*classes: type) -> None:
    """Keep classes from being registered: `object_codec` has a way for them."""
    _reserved.update(classes)


def named_type(cls: type) -> str:
    """Return the name of a class, with its module where it is no built-in one."""
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"
