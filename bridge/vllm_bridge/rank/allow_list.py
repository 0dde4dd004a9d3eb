"""Which Python names a client may reach.

A qualified name must start with an allowed module prefix, must not leave it on the way (`torch.os`
is not torch), has no private part, and is not among the few names of torch that load code or
pickles.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

import vllm_distributed
from vllm_bridge.codec.errors import BridgeError, Category

DEFAULT_PREFIXES = ("torch.", "vllm_distributed.")

REFUSED = (
    "torch.load",
    "torch.save",
    "torch.serialization",
    "torch.hub",
    "torch.package",
    "torch.jit",
    "torch.export",
    "torch.compiler",
    "torch.classes",
    "torch.ops.load_library",
    "torch.utils",
    "torch.multiprocessing",
    "torch.distributed.run",
    "torch.distributed.launcher",
    "torch.distributed.elastic",
    "torch.distributed.rpc",
    "torch.distributed.checkpoint",
)
"""Names below torch that unpickle, compile, write files or start processes."""


class AllowList:
    """The rank's allow list of module prefixes, each ending in a dot."""

    def __init__(self, prefixes: Sequence[str] = ()) -> None:
        self._prefixes = tuple(prefixes) or DEFAULT_PREFIXES

    def resolve(self, qualified_name: str) -> Any:
        """The object of that name.

        Raises:
            BridgeError: (validation, `name_not_allowed`) the name is not behind an allowed prefix;
                (`unknown_name`) there is no such object.
        """
        self._check_name(qualified_name)
        try:
            value = vllm_distributed.resolve_obj_by_qualname(qualified_name)
        except (ImportError, AttributeError, ValueError) as error:
            raise BridgeError(
                Category.VALIDATION,
                "unknown_name",
                f"{qualified_name!r} does not exist: {error}",
                details={"name": qualified_name},
            ) from error
        home = getattr(value, "__module__", None)
        if isinstance(value, types.ModuleType):
            home = value.__name__
        if isinstance(home, str) and not self._inside(home):
            raise self._not_allowed(qualified_name, f"it belongs to {home!r}")
        return value

    def resolve_callable(self, qualified_name: str) -> Callable[..., Any]:
        """As `resolve`, for something to call."""
        value = self.resolve(qualified_name)
        if not callable(value):
            raise BridgeError(
                Category.VALIDATION,
                "not_callable",
                f"{qualified_name!r} is a {type(value).__name__} and cannot be called",
                details={"name": qualified_name},
            )
        function: Callable[..., Any] = value
        return function

    def _check_name(self, name: str) -> None:
        if any(not part.isidentifier() or part.startswith("_") for part in name.split(".")):
            raise self._not_allowed(name, "every part must be a public Python name")
        if not name.startswith(self._prefixes):
            raise self._not_allowed(name, "it starts with no allowed prefix")
        for refused in REFUSED:
            if name == refused or name.startswith(f"{refused}."):
                raise self._not_allowed(name, f"{refused} loads code or touches files")

    def _inside(self, module: str) -> bool:
        # builtin functions of torch live in private modules such as torch._C.
        return f"{module}.".startswith(self._prefixes) or module == "builtins"

    def _not_allowed(self, name: str, why: str) -> BridgeError:
        return BridgeError(
            Category.VALIDATION,
            "name_not_allowed",
            f"{name!r} may not be used from outside: {why}. Allowed: "
            f"{', '.join(self._prefixes)}; more with `vllm-bridge serve --allow PREFIX` (Elixir: "
            '`{Vllm.Bridge, args: ["--allow", PREFIX]}`)',
            details={"name": name, "allowed": list(self._prefixes)},
        )
