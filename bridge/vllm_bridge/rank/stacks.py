"""Where the threads of this process are, for people."""

from __future__ import annotations

import sys
import threading
import traceback

from vllm_bridge._generated import rank_pb2

EXECUTOR = "rank-executor"
"""How the name of the executor's thread begins."""

MAX_FRAMES = 60
"""Of one thread; the innermost ones."""


def thread_stacks() -> list[rank_pb2.ThreadStack]:
    """The Python stack of every thread but the asking one, the executor's first."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    own = threading.get_ident()
    stacks = [
        rank_pb2.ThreadStack(
            thread=names.get(ident, f"thread {ident}"),
            frames=[
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_stack(top)[-MAX_FRAMES:]
            ],
        )
        for ident, top in sys._current_frames().items()
        if ident != own
    ]
    return sorted(stacks, key=lambda stack: not stack.thread.startswith(EXECUTOR))
