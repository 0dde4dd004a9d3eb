"""The libraries that events need, which the package does not install by itself."""

from __future__ import annotations

import importlib

from vllm_distributed.errors import LibraryMissingError

__all__ = ["need"]

_DISTRIBUTIONS = {"zmq": "pyzmq"}


def need(*modules: str) -> None:
    """Raise `LibraryMissingError`, which names the extra, where one of these cannot be imported."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            library = _DISTRIBUTIONS.get(module, module)
            raise LibraryMissingError(
                f"vllm_distributed.kv_events needs the library {library}, which cannot be imported "
                f"here ({error}): pip install 'vllm-distributed[events]'",
                library=library,
            ) from error
