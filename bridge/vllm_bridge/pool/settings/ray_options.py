"""What a world's request says of its place on a Ray cluster, checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.ray.plan import DEFAULT_STRATEGY, STRATEGIES


@dataclass(frozen=True)
class RayOptions:
    """Where on which cluster its ranks go. Empty means that Ray, or the pool, chooses."""

    address: str = ""
    # Whether a cluster of this host alone is started where none is there.
    start: bool = False
    # Name or id of a group that exists.
    placement_group: str = ""
    placement_strategy: str = DEFAULT_STRATEGY
    # Of each rank.
    resources: Mapping[str, float] = field(default_factory=dict)
    label_selector: Mapping[str, str] = field(default_factory=dict)
    bundle_indices: tuple[int, ...] = ()
    runtime_env: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_message(cls, message: pool_pb2.RayOptions, of_pool: RayOptions) -> RayOptions:
        """The request's part of it, checked, over what the pool's configuration says.

        Raises:
            BridgeError: category `validation`, naming the field, its value and the rule.
        """
        strategy = message.placement_strategy or of_pool.placement_strategy
        if strategy not in STRATEGIES:
            raise _invalid("placement_strategy", strategy, f"must be one of {_names(STRATEGIES)}")
        for name, amount in message.resources.items():
            if not name or not math.isfinite(amount) or amount < 0:
                raise _invalid(
                    f"resources[{name!r}]", amount, "must be a number of at least 0, under a name"
                )
        if message.resources and not any(message.resources.values()):
            rule = "must have a resource above 0, e.g. CPU: Ray places no bundle that holds nothing"
            raise _invalid("resources", dict(message.resources), rule)
        indices = tuple(message.bundle_indices)
        if len(set(indices)) != len(indices):
            raise _invalid("bundle_indices", list(indices), "must name each bundle once")
        if message.placement_group and message.label_selector:
            rule = "must be left out with a placement_group, which is on its nodes already"
            raise _invalid("label_selector", dict(message.label_selector), rule)
        return cls(
            message.address or of_pool.address,
            message.start or of_pool.start,
            message.placement_group or of_pool.placement_group,
            strategy,
            dict(message.resources) or of_pool.resources,
            dict(message.label_selector) or of_pool.label_selector,
            indices or of_pool.bundle_indices,
            _runtime_env(message.runtime_env) or of_pool.runtime_env,
        )

    def for_backend(self, backend: str) -> RayOptions:
        """With resources, where none are given: what a rank of this backend needs."""
        if self.resources:
            return self
        gpu = {"GPU": 1.0} if "nccl" in backend else {}
        return replace(self, resources={"CPU": 1.0, **gpu})


def _runtime_env(text: str) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid("runtime_env", text[:200], f"must be JSON ({error})") from None
    if not isinstance(value, dict):
        raise _invalid("runtime_env", text[:200], "must be a JSON object")
    return value


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _invalid(field: str, value: object, rule: str) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "invalid_argument",
        f"ray: {field} is {value!r}; it {rule}",
        details={"field": f"ray.{field}", "value": value},
    )
