"""A bar that shows how many ranks are up, for who started a server in a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from vllm_bridge.process import background

# Between two looks.
_PAUSE_S = 0.1


class StartupBar:
    """From `start` until all ranks are up, or `stop`; nothing where stderr is no terminal, or rich
    is not installed.

    In a thread: a terminal that takes nothing more must not hold up the server.
    """

    def __init__(self, up: Callable[[], tuple[int, int]]) -> None:
        """`up`: how many ranks are up, of how many."""
        self._up = up
        self._over = threading.Event()

    def start(self) -> None:
        """Begin, in the background."""
        if sys.stderr is not None and sys.stderr.isatty() and self._up()[1]:
            background.thread("a bar of progress", self._show).start()

    def stop(self) -> None:
        """Show it no more."""
        self._over.set()

    def _show(self) -> None:
        try:
            from rich.console import Console
            from rich.progress import Progress
        except ModuleNotFoundError:
            return
        with Progress(console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
            shown = bar.add_task("ranks come up", total=self._up()[1])
            while not self._over.wait(_PAUSE_S):
                ready, size = self._up()
                bar.update(shown, completed=ready, total=size, refresh=True)
                if ready >= size:
                    return
