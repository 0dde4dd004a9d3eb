"""Which functions return a context manager is known to the contract."""

from __future__ import annotations

import contextlib
import inspect

from vllm_bridge.surface import CONTEXT_MANAGERS, exposed


def test_every_function_that_returns_a_context_manager_is_listed() -> None:
    made_by = contextlib.contextmanager(lambda: iter(())).__code__
    found = {
        item.qualified_name
        for item in exposed()
        if inspect.isfunction(item.target) and item.target.__code__ is made_by
    }
    assert found == CONTEXT_MANAGERS
