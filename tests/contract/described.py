"""The vectors of tests/vectors, and the Python values that they describe."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import torch

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import tensors
from vllm_bridge.codec.calls import RemoteObject

FOLDER = Path(__file__).parents[1] / "vectors"


def load(name: str) -> Any:
    """A file of vectors."""
    return json.loads((FOLDER / name).read_text())


def unhex(parts: str | list[str | list[Any]]) -> bytes:
    """Bytes of hex digits, some of them repeated."""
    if isinstance(parts, str):
        return bytes.fromhex(parts)
    return b"".join(
        bytes.fromhex(part) if isinstance(part, str) else bytes.fromhex(part[0]) * part[1]
        for part in parts
    )


def tensor_message(described: dict[str, Any]) -> types_pb2.Tensor:
    """The message of a described tensor."""
    return types_pb2.Tensor(
        dtype=described["dtype"], shape=described["shape"], data=bytes.fromhex(described["hex"])
    )


def number(bits: str) -> float:
    """The float of a double's bits."""
    value: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    return value


def value(described: Any, vector: dict[str, Any]) -> Any:
    """The Python value: what is encoded, and what comes out of decoding."""
    if described is None or isinstance(described, bool):
        return described
    ((tag, content),) = described.items()
    if tag in ("str", "bytes") and isinstance(content, list):
        content = content[0] * content[1]
    if tag in ("list", "tuple", "set", "frozenset"):
        items = [value(item, vector) for item in content]
        return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[tag](items)
    if tag == "times":
        return [value(content[0], vector)] * content[1]
    if tag == "map":
        return {value(key, vector): value(item, vector) for key, item in content}
    if tag == "nest":
        return nested(content[0], content[1], value(content[2], vector))
    return scalar(tag, content, vector)


def scalar(tag: str, content: Any, vector: dict[str, Any]) -> Any:
    """As `value`, for what holds no other values."""
    if tag == "int":
        return int(content, 16)
    if tag == "float":
        return number(content)
    if tag in ("str", "atom"):
        return content
    if tag == "bytes":
        return bytes.fromhex(content)
    if tag == "complex":
        return complex(*map(number, content))
    if tag == "ref":
        return RemoteObject(*content)
    if tag == "dtype":
        return tensors.dtype_named(content)
    if tag == "device":
        return torch.device(content)
    if tag == "tensor":
        key = f"tensor {content}"
        return vector.setdefault(
            key, tensors.from_message(tensor_message(vector["tensors"][content]))
        )
    raise ValueError(tag)


def nested(container: str, levels: int, inner: Any) -> Any:
    """A value in that many containers."""
    for _ in range(levels):
        inner = {"list": [inner], "tuple": (inner,), "map": {"k": inner}}[container]
    return inner


def same(left: Any, right: Any) -> bool:
    """Equal in value and in type, all the way down; a NaN is a NaN, and -0.0 is not 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, (set, frozenset)):
        return left == right and sorted(map(repr, left)) == sorted(map(repr, right))
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            same(key, other) and same(left[key], right[other])
            for key, other in zip(sorted(left, key=repr), sorted(right, key=repr), strict=True)
        )
    if isinstance(left, float):
        return struct.pack("d", left) == struct.pack("d", right) or (
            left != left and right != right
        )
    if isinstance(left, complex):
        return same(left.real, right.real) and same(left.imag, right.imag)
    if isinstance(left, torch.Tensor):
        return left.dtype == right.dtype and torch.equal(left, right)
    return bool(left == right)
