"""Bytes of msgpack to plain values, for bytes that anybody may have sent.

Extension types come out as they are. Every refusal is a `BridgeError` with the words of Elixir's
client.
"""

from __future__ import annotations

from typing import Any

import msgpack

from vllm_bridge.codec.errors import BridgeError, Category

MAX_DEPTH = 128
"""Nesting that neither side encodes or decodes beyond: a stack overflow is not an error message."""

# So few bytes make no more than a few megabytes, whatever lengths they announce.
_SMALL = 1024


def unpack(packed: bytes) -> Any:
    """The value of msgpack bytes, with extension types as they are.

    msgpack makes a list of the announced length before it sees the elements, and does so for up to
    1,024 lists in each other: gigabytes for a message of a megabyte.
    """
    if len(packed) > _SMALL:
        _check(packed)
    try:
        return msgpack.unpackb(packed, strict_map_key=False, object_pairs_hook=_named_pairs)
    except UnicodeDecodeError as error:
        raise bad("a msgpack string is not valid UTF-8") from error
    except (ValueError, OverflowError, msgpack.UnpackException) as error:
        _check(packed)
        # OverflowError: a timestamp out of range.
        raise bad(f"malformed msgpack: {error}") from error


def _check(packed: bytes) -> None:
    """Skip over the value: that makes nothing, fails where the bytes end, and takes a hundredth of
    the time of unpacking."""
    reader = msgpack.Unpacker(max_buffer_size=len(packed))
    reader.feed(packed)
    try:
        reader.skip()
    except msgpack.OutOfData as error:
        raise bad("msgpack ends in the middle of a value") from error
    except msgpack.StackError as error:
        raise too_deep() from error
    except msgpack.FormatError as error:
        raise bad("msgpack has no type byte 193") from error
    if reader.tell() != len(packed):
        raise bad(f"{len(packed) - reader.tell()} bytes stand after the msgpack value")


def _named_pairs(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    """A plain map: other keys than strings come as an extension type."""
    if not all(type(key) is str or type(key) is bytes for key, _ in pairs):
        raise bad("a plain msgpack map has a key that is no string")
    result = dict(pairs)
    if len(result) != len(pairs):
        raise twice("a map has the same key twice", [key for key, _ in pairs])
    return result


def twice(what: str, items: list[Any]) -> BridgeError:
    """The refusal of what would lose an item: those that differ may be one in Python."""
    seen: dict[Any, Any] = {}
    for item in items:
        if item in seen:
            return bad(f"{what}: {_short(seen[item])} and {_short(item)} are one here; change one")
        seen[item] = item
    return bad(what)


def _short(key: object) -> str:
    text = repr(key)
    return text if len(text) <= 100 else text[:97] + "..."


def too_deep() -> BridgeError:
    """The refusal of what nests deeper than `MAX_DEPTH`."""
    return bad(f"it nests deeper than {MAX_DEPTH} levels")


def bad(what: str) -> BridgeError:
    """A refusal; `what` completes "not a term: "."""
    return BridgeError(Category.VALIDATION, "bad_term", f"not a term: {what}")
