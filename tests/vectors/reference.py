"""An encoder of described values, after the msgpack specification and docs/contract.md.

It shares nothing with the codecs that the vectors test.
"""

from __future__ import annotations

import struct
from typing import Any

Description = Any
BOTH = ["python", "elixir"]
QUIET_NAN = "7ff8000000000000"


def sized(data: bytes, small: int | None, limit: int, codes: list[int]) -> bytes:
    """The header of `len(data)` things, and the data."""
    return header(len(data), small, limit, codes) + data


def header(size: int, small: int | None, limit: int, codes: list[int]) -> bytes:
    if small is not None and size < limit:
        return bytes([small + size])
    for code, form, bound in zip(
        codes, (">BB", ">BH", ">BI")[-len(codes) :], (8, 16, 32)[-len(codes) :], strict=True
    ):
        if size < 2**bound:
            return struct.pack(form, code, size)
    raise ValueError(size)


def extension(code: int, payload: bytes) -> bytes:
    fixed = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}.get(len(payload))
    if fixed is not None:
        return bytes([fixed, code]) + payload
    return header(len(payload), None, 0, [0xC7, 0xC8, 0xC9]) + bytes([code]) + payload


def integer(value: int) -> bytes:
    if 0 <= value < 128 or -32 <= value < 0:
        return struct.pack(">B", value & 0xFF)
    forms = (
        [(0xCC, "B"), (0xCD, "H"), (0xCE, "I"), (0xCF, "Q")]
        if value > 0
        else [(0xD0, "b"), (0xD1, "h"), (0xD2, "i"), (0xD3, "q")]
    )
    for code, form in forms:
        try:
            return bytes([code]) + struct.pack(">" + form, value)
        except struct.error:
            continue
    length = 1
    while not -(2 ** (8 * length - 1)) <= value < 2 ** (8 * length - 1):
        length += 1
    return extension(7, value.to_bytes(length, "big", signed=True))


def text(value: str) -> bytes:
    return sized(value.encode(), 0xA0, 32, [0xD9, 0xDA, 0xDB])


def array(items: list[bytes]) -> bytes:
    return header(len(items), 0x90, 16, [0xDC, 0xDD]) + b"".join(items)


def mapping(pairs: list[tuple[Description, Description]]) -> bytes:
    if all(isinstance(key, dict) and set(key) <= {"str", "atom"} for key, _ in pairs):
        packed = [text(key.get("str", key.get("atom"))) + pack(value) for key, value in pairs]
        return header(len(pairs), 0x80, 16, [0xDE, 0xDF]) + b"".join(packed)
    flat = [part for pair in pairs for part in pair]
    return extension(8, array([pack(part) for part in flat]))


def pack(value: Description) -> bytes:
    """The bytes of a described value."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    ((tag, content),) = value.items()
    repeated = isinstance(content, list) and tag in ("str", "bytes")
    if repeated:
        content = content[0] * content[1]
    match tag:
        case "int":
            return integer(int(content, 16))
        case "float":
            return b"\xcb" + bytes.fromhex(content)
        case "str":
            return text(content)
        case "bytes":
            return sized(bytes.fromhex(content), None, 0, [0xC4, 0xC5, 0xC6])
        case "list":
            return array([pack(item) for item in content])
        case "times":
            return array([pack(content[0])] * content[1])
        case "tuple" | "set" | "frozenset":
            code = {"tuple": 1, "set": 6, "frozenset": 9}[tag]
            return extension(code, array([pack(item) for item in content]))
        case "map":
            return mapping(content)
        case "complex":
            return extension(5, array([b"\xcb" + bytes.fromhex(part) for part in content]))
        case "atom":
            return extension(2, content.encode())
        case "ref":
            identifier, session, epoch, kind = content
            return extension(
                3, array([text(identifier), text(session), integer(epoch), text(kind)])
            )
        case "tensor":
            return extension(4, integer(content))
        case "dtype":
            return extension(11, content.encode())
        case "device":
            return extension(12, content.encode())
        case "nest":
            return pack(nested(*content))
    raise ValueError(tag)


def nested(container: str, levels: int, inner: Description) -> Description:
    for _ in range(levels):
        inner = {container: [[{"str": "k"}, inner]] if container == "map" else [inner]}
    return inner


def short(data: bytes) -> Any:
    """Hex, with long runs of one byte as [byte, times]."""
    parts: list[Any] = []
    start = 0
    while start < len(data):
        end = start
        while end < len(data) and data[end] == data[start]:
            end += 1
        if end - start >= 40:
            parts.append([data[start : start + 1].hex(), end - start])
        elif parts and isinstance(parts[-1], str):
            parts[-1] += data[start:end].hex()
        else:
            parts.append(data[start:end].hex())
        start = end
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else parts


def i(value: int) -> Description:
    return {"int": f"{value:x}"}


def s(value: str) -> Description:
    return {"str": value}


def f(value: float) -> Description:
    return {"float": struct.pack(">d", value).hex()}
