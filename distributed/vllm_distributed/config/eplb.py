"""EPLBConfig: how the load of experts is balanced over the ranks that hold them."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from pydantic import model_validator
from pydantic.dataclasses import dataclass
from typing_extensions import Self

from vllm_distributed.config.kinds import (
    AtLeastOne,
    EPLBCommunicatorBackend,
    EPLBPolicyOption,
    NotNegative,
)
from vllm_distributed.config.settings import (
    SETTINGS,
    Breach,
    refuse,
    undoes_refused_assignments,
)

__all__ = ["EPLBConfig"]

_NOT_BESIDE_THE_MODEL = ("torch_nccl", "pynccl")


class _Owner(Protocol):
    eplb_config: EPLBConfig

    def _check_rules(self) -> None: ...


class _Owned:
    """Knows the configurations it is part of, whose rules its assignments must hold too."""

    __slots__ = ("__weakref__", "_owners")
    _owners: list[weakref.ref[Any]]


@undoes_refused_assignments()
@dataclass(config=SETTINGS)
class EPLBConfig(_Owned):
    """How the load of experts is balanced: what is measured, how often experts move, and by what.

    Python:
        An assignment is checked as well. The error is pydantic's, a `ValueError`.

    Raises:
        ValidationError: naming field, value and rule, for a value out of range or an unknown field.
    """

    window_size: AtLeastOne = 1000
    """Over how many of the latest steps the load of an expert is counted."""
    step_interval: AtLeastOne = 3000
    """After how many steps experts are placed again. Where it is greater than `window_size`, the
    steps before the window do not count."""
    num_redundant_experts: NotNegative = 0
    """How many copies of experts there are beyond one of each."""
    log_balancedness: bool = False
    """Whether to log how balanced the load is. Off by default: it takes communication."""
    log_balancedness_interval: AtLeastOne = 1
    """After how many steps balancedness is logged again."""
    use_async: bool = True
    """Whether experts move while the model runs."""
    policy: EPLBPolicyOption = "default"
    """What decides where experts go."""
    communicator: EPLBCommunicatorBackend | None = None
    """What moves the weights: `torch_nccl` the device group, `torch_gloo` gloo by way of CPU
    memory, `torch_xccl` the device group of XPUs, `nixl`, `pynccl`. With `use_async` not
    `torch_nccl` nor `pynccl`, as the model uses NCCL at the same time. None: see
    `communicator_in_use`."""
    enable_migration_batching: bool = False
    """Whether experts move in rounds in which each rank has one partner at most. With `use_async`
    only."""

    @property
    def communicator_in_use(self) -> str:
        """What moves the weights: `communicator`, or where it is None `torch_gloo` if `use_async`
        (the device group is busy with the model then), else `torch_nccl`."""
        if self.communicator is not None:
            return self.communicator
        return "torch_gloo" if self.use_async else "torch_nccl"

    @property
    def migration_batching_enabled(self) -> bool:
        """Whether experts move in rounds: `enable_migration_batching`, and `use_async`."""
        return self.use_async and self.enable_migration_batching

    @model_validator(mode="after")
    def _check_communicator(self) -> Self:
        if self.use_async and self.communicator in _NOT_BESIDE_THE_MODEL:
            why = (
                f"communicator={self.communicator!r} cannot move experts while the model runs, "
                f"which uses NCCL on another stream: set use_async=False, or communicator to "
                f"torch_gloo or nixl"
            )
            refuse("EPLBConfig", [Breach("communicator", self.communicator, why)])
        return self

    @model_validator(mode="after")
    def _check_owners(self) -> Self:
        for reference in getattr(self, "_owners", ()):
            owner: _Owner | None = reference()
            if owner is not None and owner.eplb_config is self:
                owner._check_rules()
        return self

    def _owned_by(self, owner: _Owner) -> None:
        owners = [known for known in getattr(self, "_owners", ()) if known() is not None]
        if not any(known() is owner for known in owners):
            owners.append(weakref.ref(owner))
        object.__setattr__(self, "_owners", owners)

    def __getstate__(self) -> dict[str, Any]:
        return dict(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
