"""Bytes that are no terms, and the words that both sides refuse them with."""

from __future__ import annotations

import struct
from typing import Any

from reference import BOTH, QUIET_NAN, array, extension, i, integer, pack, sized, text
from reference import short as short_hex

refusals: list[dict[str, Any]] = []

CUT = [
    "91",
    "9201",
    "81",
    "81a16b",
    "a2",
    "a261",
    "cc",
    "cd00",
    "ce000000",
    "cf00000000000000",
    "d0",
    "d100",
    "d2000000",
    "d300000000000000",
    "ca000000",
    "cb00000000000000",
    "c4",
    "c401",
    "c50001",
    "c600000001",
    "c7",
    "c701",
    "c70101",
    "c8000101",
    "c90000000101",
    "d4",
    "d401",
    "d50100",
    "d60100",
    "d70100",
    "d80100",
    "d9",
    "d901",
    "da00",
    "da0001",
    "db00000001",
    "dc00",
    "dc0001",
    "dd00000001",
    "de0001",
    "de0001a16b",
    "df00000001",
]

BOASTS = [
    "dcffff",
    "ddffffffff",
    "deffff",
    "dfffffffff",
    "daffff",
    "dbffffffff",
    "c5ffff",
    "c6ffffffff",
    "c8ffff01",
    "c9fffffffe01",
    "ddffffffffc0c0",
    "df7fffffffa16bc0",
]


def refuse(name: str, packed: bytes | str, says: str, *, by: list[str] = BOTH) -> None:
    data = bytes.fromhex(packed) if isinstance(packed, str) else packed
    refusals.append({"name": name, "hex": short_hex(data), "says": says, "by": by})


def bad() -> None:
    deep = "nests deeper than 128 levels"
    for levels in (129, 2_000, 100_000):
        refuse(f"{levels} lists", b"\x91" * levels + b"\xc0", deep)
    refuse("129 maps", pack({"nest": ["map", 129, None]}), deep)
    refuse("129 tuples", pack({"nest": ["tuple", 129, None]}), deep)
    refuse("129 levels of both", pack({"nest": ["tuple", 64, {"nest": ["list", 65, None]}]}), deep)
    refuse("other keys at level 129", pack({"nest": ["list", 128, {"map": [[i(1), i(2)]]}]}), deep)

    cut = "ends in the middle of a value"
    for head in CUT:
        refuse(f"{head} and no more", head, cut)
    refuse("half a tuple", "c701" + "01" + "92", cut)
    for head in BOASTS:
        refuse(f"{head}: more than there is", head, cut)
    refuse("100 lists of 2^32 - 1", b"\xdd\xff\xff\xff\xff" * 100 + b"\xc0" * 100, cut)
    refuse("a tuple of a list of 2^32 - 1", extension(1, b"\xdd\xff\xff\xff\xff\xc0"), cut)

    refuse("two values", "0102", "1 bytes stand after")
    refuse("a byte behind a list", "9101c0", "1 bytes stand after")
    refuse("a byte behind a tuple's array", extension(1, b"\x91\x01\x02"), "1 bytes stand after")
    refuse("c1", "c1", "no type byte 193")
    refuse("c1 in a list", "92c0c1", "no type byte 193")

    for name, content in {
        "bytes": "fffe",
        "surrogate": "eda080",
        "overlong": "c080",
        "half": "e282",
        "beyond": "f4908080",
        "late": "61" * 20 + "ff",
    }.items():
        packed = sized(bytes.fromhex(content), 0xA0, 32, [0xD9])
        refuse(f"str, {name}", packed, "not valid UTF-8")
        refuse(f"key, {name}", b"\x81" + packed + b"\xc0", "not valid UTF-8")
    refuse("atom of no UTF-8", extension(2, b"\xff"), "not valid UTF-8")
    refuse("dtype of no UTF-8", extension(11, b"\xff"), "not valid UTF-8")

    for code in (0, 13, 100, 127):
        refuse(f"extension {code}", extension(code, b"\x90"), f"extension {code} is malformed")
    refuse("extension -128", "d48000", "malformed")
    for name, packed in {"32": "d6ff00000001", "64": "d7ff" + "00" * 8}.items():
        refuse(f"timestamp of {name} bits", packed, "extension -1 is malformed")

    for name, code in {
        "tuple": 1,
        "set": 6,
        "frozen set": 9,
        "map": 8,
        "complex": 5,
        "ref": 3,
    }.items():
        for what, payload in {
            "an integer": b"\x01",
            "a str": b"\xa1a",
            "a map": b"\x80",
            "an extension": b"\xd4\x01\x90",
        }.items():
            refuse(f"{name} of {what}", extension(code, payload), "extension holds no array")
    nest = b"\x90"
    for _ in range(1_000):
        nest = extension(1, nest)
    refuse("extensions directly in each other", nest, "extension holds no array")

    one = b"\xcb" + struct.pack(">d", 1.0)
    for name, items in {
        "one part": [one],
        "three parts": [one] * 3,
        "integers": [b"\x01"] * 2,
        "text": [b"\xa11"] * 2,
        "booleans": [b"\xc3"] * 2,
        "tuples": [extension(1, b"\x90")] * 2,
    }.items():
        refuse(f"complex of {name}", extension(5, array(items)), "is malformed")
    o = text("o")
    for name, items in {
        "three fields": [o, o, b"\x01"],
        "five fields": [o, o, b"\x01", o, o],
        "a float epoch": [o, o, one, o],
        "an epoch below 0": [o, o, b"\xff", o],
        "an epoch beyond 64 bits": [o, o, integer(2**64), o],
        "an integer id": [b"\x01", o, b"\x01", o],
        "a boolean epoch": [o, o, b"\xc3", o],
        "a nil type": [o, o, b"\x01", b"\xc0"],
        "refs": [extension(3, b"\x90")] * 4,
    }.items():
        refuse(f"ref of {name}", extension(3, array(items)), "is malformed")
        refuse(f"coordinator of {name}", extension(10, array(items)), "is malformed")
    for name, payload in {
        "nothing": b"",
        "a float": one,
        "below 0": b"\xff",
        "text": b"\xa10",
        "a boolean": b"\xc3",
        "out of range": b"\x00",
        "far out of range": b"\xce\xff\xff\xff\xff",
        "two": b"\x00\x00",
        "a tensor": b"\xd4\x04\x00",
    }.items():
        refuse(f"tensor index, {name}", extension(4, payload), "extension 4 is malformed")
    refuse("big integer of nothing", extension(7, b""), "extension 7 is malformed")
    refuse("big integer of 4097 bytes", extension(7, b"\x01" * 4097), "extension 7 is malformed")
    refuse("key without a value", extension(8, array([o])), "key without a value")

    twice = "same key twice"
    refuse("key twice", b"\x82" + (o + b"\x01") * 2, twice)
    refuse("other key twice", extension(8, array([b"\x01"] * 4)), twice)
    refuse("element twice", extension(6, array([b"\x01"] * 2)), "same element twice")
    refuse("frozen element twice", extension(9, array([b"\x01"] * 2)), "same element twice")
    refuse("1 and 1.0 as keys", extension(8, array([b"\x01", o, one, o])), twice, by=["python"])
    refuse(
        "1 and true as elements",
        extension(6, array([b"\x01", b"\xc3"])),
        "same element twice",
        by=["python"],
    )
    refuse(
        "NaN twice",
        extension(8, array([b"\xcb" + bytes.fromhex(QUIET_NAN), o] * 2)),
        twice,
        by=["elixir"],
    )
    refuse(
        "text and bytes as keys",
        extension(8, array([o, b"\x01", b"\xc4\x01o", b"\x01"])),
        twice,
        by=["elixir"],
    )
    refuse("plain map of an integer", "810102", "key that is no string")
    refuse("plain map of nil", "81c002", "key that is no string")
    refuse("plain map of a list", "819002", "key that is no string")
    refuse(
        "list as a key", extension(8, array([b"\x90", b"\x01"])), "malformed msgpack", by=["python"]
    )
    refuse("dtype of no name", extension(11, b"f33"), "unknown dtype 'f33'", by=["python"])
    refuse("device of no name", extension(12, b"warp:1"), "malformed msgpack", by=["python"])


def refused() -> list[dict[str, Any]]:
    """All of them."""
    bad()
    return refusals
