"""`session.distributed`: the functions of `vllm_distributed` by their names.

What they take and return stands in the stub beside this, which `make codegen` writes.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import Any

from vllm_bridge.client._calls.timeouts import UNSET, Timeout
from vllm_bridge.client._objects.kept import Tensors

Invoke = Callable[..., Any]


class Distributed:
    """The functions and classes of `vllm_distributed`, in the rank of a session.

        group = session.distributed.get_tp_group()
        total = session.distributed.GroupCoordinator.all_reduce(group, torch.ones(4))
        kept = session.distributed(tensors="ref", timeout=timedelta(seconds=5))

    Arguments, results and errors are those of `Session.call`; called, it is the same with other
    options. Of the asynchronous client each function is awaited.
    """

    def __init__(self, invoke: Invoke, prefix: str = "", **options: Any) -> None:
        self._invoke = invoke
        self._prefix = prefix
        self._options = options

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The same with other options; of a class, an object of it."""
        if self._prefix:
            return self._function("new")(*args, **kwargs)
        return Distributed(self._invoke, "", **{**self._options, **_options(*args, **kwargs)})

    def __getattr__(self, name: str) -> Any:
        from vllm_bridge.surface import CLASSES

        if not self._prefix and name in CLASSES:
            return Distributed(self._invoke, f"{name}.", **self._options)
        return self._function(name)

    def __dir__(self) -> list[str]:
        from vllm_bridge.contract import methods_by_name
        from vllm_bridge.surface import CLASSES

        begin = self._prefix
        found = {name[len(begin) :] for name in methods_by_name() if name.startswith(begin)}
        return sorted(
            {name for name in found if "." not in name} | (set() if begin else {*CLASSES})
        )

    def __repr__(self) -> str:
        return (
            f"<vllm_distributed{'.' + self._prefix.rstrip('.') if self._prefix else ''} of a rank>"
        )

    def _function(self, name: str) -> Callable[..., Any]:
        from vllm_bridge.contract import methods_by_name

        qualified = f"{self._prefix}{name}"
        method = methods_by_name().get(qualified)
        if method is None:
            near = difflib.get_close_matches(name, dir(self), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(f"vllm_distributed has no function {qualified!r}{hint}", name=name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._invoke(qualified, args, kwargs, **self._options)

        target = method.exposed.target
        if callable(target):
            functools.update_wrapper(call, target, assigned=("__doc__",), updated=())
            call.__signature__ = inspect.signature(target)  # type: ignore[attr-defined]
        call.__name__ = call.__qualname__ = qualified
        return call


def _options(
    *, timeout: Timeout = UNSET, timeout_profile: str = "", tensors: Tensors = "value"
) -> dict[str, Any]:
    return {"timeout": timeout, "timeout_profile": timeout_profile, "tensors": tensors}


AsyncDistributed = Distributed
