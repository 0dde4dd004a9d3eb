"""Terms that decode, and what they are."""

from __future__ import annotations

import struct
from typing import Any

from reference import BOTH, QUIET_NAN, Description, extension, f, i, pack, s, short

values: list[dict[str, Any]] = []


def value(
    name: str,
    described: Description,
    *,
    made_by: list[str] = BOTH,
    packed: bytes | None = None,
    tensors: list[dict[str, Any]] | None = None,
) -> None:
    data = pack(described) if packed is None else packed
    vector = {"name": name, "hex": short(data), "value": described, "made_by": made_by}
    values.append(vector | ({"tensors": tensors} if tensors else {}))


def scalars() -> None:
    value("nil", None)
    value("true", True)
    value("false", False)
    value("a term without bytes", None, made_by=[], packed=b"")

    edges = [
        0,
        1,
        2**7,
        2**8,
        2**15,
        2**16,
        2**31,
        2**32,
        2**53,
        2**63,
        2**64,
        2**71,
        2**79,
        2**200,
    ]
    near = {sign * edge + by for edge in edges for sign in (1, -1) for by in (-1, 0, 1)}
    for number in sorted(near | {-31, -32, -33}):
        value(f"integer {number}" if abs(number) < 2**60 else f"integer {hex(number)}", i(number))
    largest = 2 ** (8 * 4096 - 1)
    value("largest integer", i(largest - 1))
    value("smallest integer", i(-largest))
    value("integer in more bytes than it needs", i(1), made_by=[], packed=b"\xcd\x00\x01")
    value("small integer in the form of a big one", i(-2), made_by=[], packed=b"\xd4\x07\xfe")

    floats = {
        "0.0": 0.0,
        "-0.0": -0.0,
        "1.0": 1.0,
        "-1.5": -1.5,
        "0.1": 0.1,
        "largest": 1.7976931348623157e308,
        "smallest normal": 2.2250738585072014e-308,
        "smallest": 5e-324,
        "2^53": 2.0**53,
        "infinity": float("inf"),
        "-infinity": -float("inf"),
    }
    for name, number in floats.items():
        value(f"float {name}", f(number))
    value("NaN", {"float": QUIET_NAN})
    for name, bits in {"signalling": "7ff0000000000001", "negative": "fff8000000000000"}.items():
        value(f"{name} NaN", {"float": QUIET_NAN}, made_by=[], packed=bytes.fromhex("cb" + bits))
    for name, bits, double in [
        ("1.5", "3fc00000", f(1.5)),
        ("infinity", "7f800000", f(float("inf"))),
        ("-infinity", "ff800000", f(-float("inf"))),
        ("NaN", "7fc00000", {"float": QUIET_NAN}),
    ]:
        value(f"{name} of 32 bits", double, made_by=[], packed=bytes.fromhex("ca" + bits))


def text_and_bytes() -> None:
    for name, content in {
        "empty": "",
        "ASCII": "two",
        "umlauts": "grüß",
        "NUL": "a\0b",
        "emoji": "\U0001f600",
        "last of the basic plane": "\uffff",
        "noncharacter": "\ufdd0",
        "last": "\U0010ffff",
        "combining": "e\u0301",
    }.items():
        value(f"str, {name}", s(content))
    for size in (31, 32, 255, 256, 65535, 65536):
        value(f"str of {size}", {"str": ["x", size]})
        value(f"bytes of {size}", {"bytes": ["ff", size]})
    value("bytes, empty", {"bytes": ""})
    value("bytes that are text", {"bytes": "616263"})
    for name, content in {
        "none of UTF-8": "fffe00",
        "surrogate": "eda080",
        "overlong": "c0af",
        "cut": "e282",
        "beyond Unicode": "f4908080",
        "ASCII, then not": "61" * 20 + "ff",
    }.items():
        value(f"bytes, {name}", {"bytes": content})


def containers() -> None:
    value("list, empty", {"list": []})
    value("list, nested", {"list": [i(1), {"list": [s("two"), {"list": []}]}, None]})
    for size in (15, 16, 65535, 65536):
        value(f"list of {size}", {"times": [None, size]})
    value("tuple, empty", {"tuple": []})
    value("tuple", {"tuple": [i(1), i(2)]})
    value("tuple of one", {"tuple": [None]})
    value("tuple, nested", {"tuple": [{"tuple": [{"list": [{"tuple": []}]}]}, f(2.0)]})
    value("tuple of 16", {"tuple": [i(1)] * 16})
    value("set, empty", {"set": []})
    value("set", {"set": [i(7)]})
    value("set of a tuple", {"set": [{"tuple": [i(1), s("a")]}]})
    value("frozen set", {"frozenset": [i(7)]}, made_by=["python"])
    value("map, empty", {"map": []})
    value("map", {"map": [[s("a"), i(1)]]})
    value("map, nested", {"map": [[s("a"), {"map": [[s("b"), {"list": [i(1)]}]]}]]})
    for size in (15, 16, 32):
        value(f"map of size {size}", {"map": [[s(f"k{n:02}"), i(n)] for n in range(size)]})
    value("map of an empty key", {"map": [[s(""), i(1)]]})
    value("map of integers", {"map": [[i(1), i(2)]]})
    value("map of a float", {"map": [[f(1.5), i(2)]]})
    value("map of nil", {"map": [[None, i(2)]]})
    value("map of a boolean", {"map": [[True, i(2)]]})
    value("map of bytes", {"map": [[{"bytes": "ff"}, i(2)]]})
    value("map of a tuple", {"map": [[{"tuple": [i(1), s("a")]}, {"list": []}]]})
    value("map of two kinds", {"map": [[i(1), i(2)], [s("a"), i(3)]]})
    value("map of a big integer", {"map": [[i(2**70), None]]})
    value("map of an atom", {"map": [[{"atom": "dtype"}, i(1)]]}, made_by=["elixir"])
    value(
        "strings in the form of other keys",
        {"map": [[s("a"), i(1)]]},
        made_by=[],
        packed=bytes.fromhex("c7040892a16101"),
    )
    for container in ("list", "tuple", "map"):
        value(f"128 times {container}", {"nest": [container, 128, None]})
    alternating = {"nest": ["tuple", 1, {"nest": ["list", 1, {"nest": ["map", 126, i(1)]}]}]}
    value("128 levels of all kinds", alternating)


def others() -> None:
    for name in ("spam", "grün", "", "Elixir.Enum"):
        value(f"atom {name}", {"atom": name}, made_by=["elixir"])
    bits = [struct.pack(">d", part).hex() for part in (1.5, -0.0)]
    value("complex", {"complex": bits})
    value("complex of NaN and infinity", {"complex": [QUIET_NAN, "7ff0000000000000"]})
    ref = {"ref": ["obj-1", "session-1", 3, "torch.nn.modules.linear.Linear"]}
    value("ref", ref)
    value("ref of epoch 2^64 - 1", {"ref": ["o", "s", 2**64 - 1, ""]})
    value("ref at the deepest level", {"nest": ["list", 128, {"ref": ["o", "s", 0, "t"]}]})
    value(
        "coordinator",
        {"ref": ["o", "s", 1, "t"]},
        made_by=[],
        packed=extension(10, pack({"ref": ["o", "s", 1, "t"]})[2:]),
    )
    value("dtype", {"dtype": "bf16"}, made_by=["python"])
    value("device", {"device": "cuda:1"}, made_by=["python"])
    pair = [
        {"dtype": "f32", "shape": [2], "hex": "0000803f000000c0"},
        {"dtype": "pred", "shape": [], "hex": "01"},
    ]
    value("tensor", {"tensor": 0}, tensors=pair[:1])
    value(
        "tensors",
        {"map": [[s("x"), {"list": [{"tensor": 0}, {"tuple": [{"tensor": 1}]}]}]]},
        tensors=pair,
    )
    value(
        "one tensor twice",
        {"list": [{"tensor": 0}, {"tensor": 0}]},
        made_by=["python"],
        tensors=pair[:1],
    )


def accepted() -> list[dict[str, Any]]:
    """All of them."""
    scalars()
    text_and_bytes()
    containers()
    others()
    return values
