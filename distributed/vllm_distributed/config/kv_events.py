"""KVEventsConfig: how the events of a KV cache are published."""

from __future__ import annotations

from pydantic import model_validator
from pydantic.dataclasses import dataclass
from typing_extensions import Self

from vllm_distributed.config.kinds import AtLeastOne, NotNegative
from vllm_distributed.config.settings import SETTINGS, undoes_refused_assignments

__all__ = ["KVEventsConfig"]


@undoes_refused_assignments()
@dataclass(config=SETTINGS)
class KVEventsConfig:
    """How the events of a KV cache are published. Source: vLLM.

    Raises:
        ValidationError: naming field, value and rule, for a value out of range or an unknown field.
    """

    enable_kv_cache_events: bool = False
    """Whether events are published."""
    publisher: str | None = None
    """What publishes them: `zmq`, `null` for nothing, or a name given to
    `EventPublisherFactory.register_publisher`. None is `zmq` if events are enabled, else `null`."""
    endpoint: str = "tcp://*:5557"
    """Where the publisher listens, or what it connects to; see `ZmqEventPublisher`."""
    replay_endpoint: str | None = None
    """Where it answers those who have missed something. None: nowhere."""
    buffer_steps: NotNegative = 10_000
    """How many batches are kept for them."""
    hwm: NotNegative = 100_000
    """How many batches wait for a slow subscriber before some are dropped for it; 0: no limit."""
    max_queue_size: AtLeastOne = 100_000
    """How many batches wait to be sent."""
    topic: str = ""
    """What subscribers tell these events by."""

    @model_validator(mode="after")
    def _choose_publisher(self) -> Self:
        if self.publisher is None:
            chosen = "zmq" if self.enable_kv_cache_events else "null"
            object.__setattr__(self, "publisher", chosen)
        return self
