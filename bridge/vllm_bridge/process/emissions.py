"""What code in a rank emits while a call runs: progress, tokens, whatever its subscribers want."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from vllm_bridge._generated.rank_pb2 import Emission

MAX_BYTES = 1 << 20
"""Of one value. What is larger is a result."""

MAX_TOPIC = 200

Send = Callable[["Emission"], None]
Running = Callable[[], tuple[str, str]]


class Emitter:
    """That of this process: in a rank it sends to the pool, elsewhere it does nothing."""

    def __init__(self) -> None:
        self._send: Send | None = None
        self._running: Running = lambda: ("", "")
        self._lock = threading.Lock()
        self._sequence = 0

    def install(self, send: Send, running: Running) -> None:
        """This process is a rank; `running` says for which session and call the thread works."""
        self._send, self._running = send, running

    def emit(self, topic: str, value: object) -> bool:
        """As `vllm_bridge.emit`."""
        if not isinstance(topic, str) or not 1 <= len(topic) <= MAX_TOPIC:
            raise ValueError(f"a topic is a str of 1 to {MAX_TOPIC} characters, not {topic!r:.60}")
        if self._send is None:
            return False
        from vllm_bridge._generated.rank_pb2 import Emission
        from vllm_bridge.codec import terms

        term = terms.encode(value, _NoObjects())
        if (size := term.ByteSize()) > MAX_BYTES:
            raise ValueError(
                f"a value of {size} bytes was emitted on {topic!r}, and at most {MAX_BYTES} may "
                "be; return it"
            )
        session_id, call_id = self._running()
        emission = Emission(topic=topic, value=term, session_id=session_id, call_id=call_id)
        # In the order of their numbers, whichever threads emit.
        with self._lock:
            self._sequence += 1
            emission.sequence = self._sequence
            self._send(emission)
        return True


class _NoObjects:
    """Where nothing can be kept: what is emitted belongs to no session."""

    def put(self, value: object) -> NoReturn:
        raise TypeError(
            f"a {type(value).__name__} cannot be emitted; values, lists, dicts and dense tensors "
            "can"
        )

    def get(self, ref: object) -> NoReturn:
        raise TypeError("nothing is kept here")


EMITTER = Emitter()
