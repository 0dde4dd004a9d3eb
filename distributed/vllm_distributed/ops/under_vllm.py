"""This package's operators under vLLM's namespace, for graphs and code that name them there.

Only where vLLM's own module does not define them: it is not installed, or is replaced.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch.library import Library

from vllm_distributed.ops import custom_ops, fused_matmul

__all__ = ["register_under_vllm"]

_NAMESPACE = "vllm"
# Importing them has defined the operators.
_DEFINED_BY = (custom_ops, fused_matmul)
_NAMES = (
    "all_reduce",
    "all_gather",
    "reduce_scatter",
    "patched_fused_scaled_matmul_reduce_scatter",
)


@functools.cache
def register_under_vllm() -> tuple[Library, list[str]]:
    """Define `torch.ops.vllm.all_reduce` and its siblings, as far as the names are free.

    Each calls the operator of the same name in `torch.ops.vllm_distributed`, which gradients go
    through as well. Returns the library, which holds them, and the names.
    """
    library = Library(_NAMESPACE, "FRAGMENT")  # type: ignore[no-untyped-call]
    taken = getattr(torch.ops, _NAMESPACE)
    made = []
    for name in _NAMES:
        if hasattr(taken, name):
            continue
        operator = getattr(torch.ops.vllm_distributed, name)
        signature = str(operator.default._schema).partition("(")[2]
        define: Any = library.define
        define(f"{name}({signature}")
        implement: Any = library.impl
        implement(name, operator, "CompositeImplicitAutograd")
        made.append(name)
    return library, made
