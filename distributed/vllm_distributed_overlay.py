"""Puts `vllm_distributed` into vLLM in a process that is just starting.

`vllm_distributed_overlay.pth` imports this where the environment has `VLLM_DISTRIBUTED_OVERLAY=1`.
It waits for the first module that is replaced: nothing else is imported before, since any Python
program with that environment comes through here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_FIRST = ("vllm.config.parallel", "vllm.distributed")
"""One of these is imported before any other module that is replaced."""


class _Starter(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _FIRST:
            return None
        sys.meta_path.remove(self)
        from vllm_distributed.compat.overlay import put_in_place

        put_in_place()
        return None if sys.meta_path[0] is self else sys.meta_path[0].find_spec(fullname, path)


sys.meta_path.insert(0, _Starter())
