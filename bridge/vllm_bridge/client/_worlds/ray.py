"""The options of `start_world(ray=...)`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.checks import flag, text, wrong_type

RAY = "ray"


def ray_options(given: Mapping[str, Any] | None, backend: str) -> pool_pb2.RayOptions | None:
    """The message for them; None where there are none.

    A client that runs in a placement group itself, as an actor or a task, has its ranks there.

    Raises:
        BridgeError: (validation, `wrong_type`) an unknown one, or a value of another type.
    """
    if given is None and backend != RAY:
        return None
    if given is not None and not isinstance(given, Mapping):
        raise wrong_type(RAY, given, f"a mapping of options: {', '.join(_READERS)}")
    options = pool_pb2.RayOptions()
    for name, value in (given or {}).items():
        if name not in _READERS:
            raise wrong_type(f"ray[{name!r}]", value, f"one of the options {', '.join(_READERS)}")
        read = _READERS[name](f"ray[{name!r}]", value)
        if isinstance(read, dict):
            getattr(options, name).update(read)
        elif isinstance(read, list):
            getattr(options, name).extend(read)
        else:
            setattr(options, name, read)
    if not options.placement_group:
        options.placement_group = _current_group()
    return options


def _current_group() -> str:
    ray = sys.modules.get(RAY)  # where it was never imported it cannot be running
    if ray is None or not ray.is_initialized():
        return ""
    group = ray.util.get_current_placement_group()
    return "" if group is None else _group("placement_group", group)


def _group(name: str, value: Any) -> str:
    identity = getattr(value, "id", None)
    if identity is not None and hasattr(identity, "hex"):
        return str(identity.hex())
    return text(name, value, "a placement group, or the name or id of one")


def _resources(name: str, value: Any) -> dict[str, float]:
    wanted = 'a mapping of numbers by name, e.g. {"CPU": 1}'
    if not isinstance(value, Mapping):
        raise wrong_type(name, value, wanted)
    for amount in value.values():
        if not isinstance(amount, (int, float)) or isinstance(amount, bool):
            raise wrong_type(name, value, wanted)
    return {text(name, key): float(amount) for key, amount in value.items()}


def _labels(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise wrong_type(name, value, 'a mapping of texts by name, e.g. {"zone": "a"}')
    return {text(name, key): text(name, label) for key, label in value.items()}


def _indices(name: str, value: Any) -> list[int]:
    numbers = list(value) if isinstance(value, (list, tuple)) else None
    if numbers is None or any(type(number) is not int for number in numbers):
        raise wrong_type(name, value, "a list of ints")
    return numbers


def _runtime_env(name: str, value: Any) -> str:
    if isinstance(value, str):
        return text(name, value)
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        raise wrong_type(name, value, "what JSON can say") from None


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "address": text,
    "start": flag,
    "placement_group": _group,
    "placement_strategy": text,
    "resources": _resources,
    "label_selector": _labels,
    "bundle_indices": _indices,
    "runtime_env": _runtime_env,
}
