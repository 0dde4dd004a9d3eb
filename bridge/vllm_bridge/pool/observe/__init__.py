"""What the pool shows: events, metrics, and the model of all that is there."""

from __future__ import annotations

from dataclasses import dataclass, field

from vllm_bridge.pool.observe.emissions import Emissions
from vllm_bridge.pool.observe.events import Events
from vllm_bridge.pool.observe.logs.hub import Logs
from vllm_bridge.pool.observe.metrics import Metrics
from vllm_bridge.pool.observe.model.refusals import Refusals
from vllm_bridge.pool.observe.model.traffic import Traffic
from vllm_bridge.pool.observe.traces import Traces
from vllm_bridge.process.logs import LogSettings


@dataclass(frozen=True)
class Observer:
    """Where the parts of a server say what happens."""

    events: Events = field(default_factory=Events)
    emissions: Emissions = field(default_factory=Emissions)
    metrics: Metrics = field(default_factory=Metrics)
    traffic: Traffic = field(default_factory=Traffic)
    refusals: Refusals = field(default_factory=Refusals)
    logs: Logs = field(default_factory=Logs)
    # None: no traces are exported.
    traces: Traces | None = None
    # For the ranks, whose lines come out where the server's do.
    log: LogSettings = field(default_factory=LogSettings)
