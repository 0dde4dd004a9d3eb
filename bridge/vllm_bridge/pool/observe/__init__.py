"""What the pool shows: events, metrics, status."""

from __future__ import annotations

from dataclasses import dataclass, field

from vllm_bridge.pool.observe.emissions import Emissions
from vllm_bridge.pool.observe.events import Events
from vllm_bridge.pool.observe.metrics import Metrics
from vllm_bridge.process.logs import LogSettings


@dataclass(frozen=True)
class Observer:
    """Where the parts of a server say what happens."""

    events: Events = field(default_factory=Events)
    emissions: Emissions = field(default_factory=Emissions)
    metrics: Metrics = field(default_factory=Metrics)
    # For the ranks, whose lines come out where the server's do.
    log: LogSettings = field(default_factory=LogSettings)
