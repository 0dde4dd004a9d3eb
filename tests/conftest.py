"""Which tests are run, and which of them have a second try."""

from __future__ import annotations

import gc
import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Property tests have pytest's deadline only: hypothesis's own, per example, pass on a busy machine.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# A run in the background of a shell ignores SIGINT, and so would every process that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_not_run: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need more CUDA devices than there are: `gpu` needs one, `gpu(n)` n.
    Try those marked `timing`, and no others, once more when they fail.

    What was left out, and what it needs, is said at the end.
    """
    import torch

    present = torch.cuda.device_count()
    left_out = []
    for item in items:
        if item.get_closest_marker("timing"):
            item.add_marker(pytest.mark.flaky(reruns=1))
        marker = item.get_closest_marker("gpu")
        needed = 0 if marker is None else int(marker.args[0]) if marker.args else 1
        if needed > present:
            left_out.append(item)
            devices = f"{needed} CUDA device{'s' if needed > 1 else ''}"
            _not_run.append(f"not run: {item.nodeid} needs {devices}, here are {present}")
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """Modules and tests stay: what collects garbage in a test does not look through them."""
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist tells the process that writes the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["not_run"] = _not_run


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear of it: every worker has collected the same tests."""
    _not_run[:] = getattr(node, "workeroutput", {}).get("not_run", _not_run)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests need devices that are not here."""
    for line in _not_run:
        terminalreporter.write_line(line)
