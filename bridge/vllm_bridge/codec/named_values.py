"""Text where torch wants a dtype, a device, a layout or a memory format.

Which parameters those are is known by name and position, from the schemas of torch's operators
(`torch_names.txt`) and from our own signatures: nothing is guessed from what a value looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from vllm_bridge.codec import tensors
from vllm_bridge.codec.errors import BridgeError, Category

Places = Mapping[int | str, frozenset[str]]
"""Kinds of a function's parameters, by position and by name."""


def places(text: str) -> Places:
    """The places of a line of `torch_names.txt`: `dtype:1,dtype device:device`."""
    found: dict[int | str, frozenset[str]] = {}
    for group in text.split():
        kind, _, where = group.partition(":")
        for place in where.split(","):
            key = int(place) if place.isdecimal() else place
            found[key] = found.get(key, frozenset()) | {kind}
    return found


def converted(
    where: Places, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments, with objects of torch for the names of such in their places.

    Raises:
        BridgeError: (validation) `unknown_dtype`, `unknown_device`, `invalid_argument`: nothing has
            that name.
    """
    if not where:
        return list(args), dict(kwargs)
    return (
        [_converted(value, where.get(place)) for place, value in enumerate(args)],
        {name: _converted(value, where.get(name)) for name, value in kwargs.items()},
    )


def _converted(value: Any, kinds: frozenset[str] | None) -> Any:
    if kinds is None:
        return value
    text = value if isinstance(value, str) else _of_nx(value) if "dtype" in kinds else None
    if text is None:
        return value
    if "dtype" in kinds and (kinds == {"dtype"} or _is_dtype(text)):
        return tensors.dtype_named(text)
    return _BY_KIND[min(kinds - {"dtype"})](text)


def _of_nx(value: Any) -> str | None:
    """`"f32"` for Nx's `{:f, 32}`, which arrives as `("f", 32)`."""
    if not isinstance(value, tuple) or [type(part) for part in value] != [str, int]:
        return None
    kind, bits = value
    if (kind, bits) == ("f", 8):
        return "f8_e5m2"
    return kind if kind.startswith("f8_") and bits == 8 else f"{kind}{bits}"


def _is_dtype(text: str) -> bool:
    try:
        tensors.dtype_named(text)
    except BridgeError:
        return False
    return True


def device_named(name: str) -> torch.device:
    """`"cuda:0"` -> `torch.device("cuda:0")`.

    Raises:
        BridgeError: (validation, `unknown_device`) no such device.
    """
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise BridgeError(
            Category.VALIDATION,
            "unknown_device",
            f"unknown device {name!r}; use one like 'cpu' or 'cuda:0'",
            details={"device": name},
        ) from error


def _one_of(kind: type, what: str) -> Callable[[str], Any]:
    known = {name: value for name, value in vars(torch).items() if isinstance(value, kind)}

    def named(text: str) -> Any:
        value = known.get(text.removeprefix("torch."))
        if value is None:
            public = ", ".join(sorted(name for name in known if not name.startswith("_")))
            raise BridgeError(
                Category.VALIDATION,
                "invalid_argument",
                f"unknown {what} {text!r}; use one of {public}",
                details={"argument": what, "value": text},
            )
        return value

    return named


_BY_KIND: Mapping[str, Callable[[str], Any]] = {
    "device": device_named,
    "layout": _one_of(torch.layout, "layout"),
    "memory_format": _one_of(torch.memory_format, "memory format"),
}
