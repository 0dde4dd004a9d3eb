"""`vllm` itself: its version."""

from __future__ import annotations

__all__ = ["__version__", "__version_tuple__"]

__version__ = "0.33.0+vllm.distributed"
"""The newest vLLM whose groups and collectives these are."""
__version_tuple__ = (0, 33, 0, "vllm.distributed")
