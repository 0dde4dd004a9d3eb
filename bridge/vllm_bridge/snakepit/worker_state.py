"""What the calls of one worker share."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.journal import Journal
from vllm_bridge.snakepit.elixir import Elixir
from vllm_bridge.snakepit.options import Options
from vllm_bridge.snakepit.sessions import WorkerSessions
from vllm_bridge.snakepit.telemetry import Telemetry

if TYPE_CHECKING:
    from vllm_bridge.snakepit.tools.tools import Tools

MAX_QUEUE = 1_000
"""Calls that may wait for the executor."""


class WorkerState:
    """The parts of a worker. What a call needs beyond them is loaded by the executor's thread."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.journal = Journal()
        self.executor = Executor(self.journal)
        self.sessions = WorkerSessions(partial(self.executor.later, "ending a session"))
        self.telemetry = Telemetry()
        self.elixir = Elixir(options.elixir_address)

    @cached_property
    def tools(self) -> Tools:
        """What calls are made of. In the executor's thread: the first look imports the package."""
        from vllm_bridge.snakepit.tools.tools import Tools

        return Tools(self.options.allow, self.sessions, self.journal, self.executor, self.telemetry)

    def load(self) -> None:
        """Have the tools loaded and used, before the first call. In the executor's thread."""
        self.tools.warm_up()
