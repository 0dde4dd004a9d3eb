"""The process in which Ray runs, beside a pool: `main()` with the arguments `FD PARENT_PID`.

`FD` is one end of a socket pair; the messages on it are those of `messages`. Operations:

    connect    {"address", "start"}                   -> {"address", "version", "node", "host"}
    place      {"world", "ranks", "tensor_parallel_size", "bundle", "strategy", "selector",
                "placement_group", "indices", "timeout_s"}
                                                      -> {"places": [...], "warnings": [...]}
    launch     {"world", "rank", "rank_id", "arguments", "given", "own", "runtime_env"}
                                                      -> {"pid", "host"}
    kill       {"rank_id"}                            -> {}
    free       {"world"}                              -> {}

and what it tells by itself:

    {"event": "exited", "rank_id", "status" or "signal", "stderr"}
    {"event": "lost", "rank_id", "why"}

`world` names a placement group with its ranks, and is used once. The group is freed when the last
of them has ended. When the pool closes the socket, or is gone, this process ends, and Ray ends its
actors and frees what it has reserved.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from vllm_bridge.process import background
from vllm_bridge.process.parent import die_with
from vllm_bridge.ray import messages
from vllm_bridge.ray.cluster import Cluster, ClusterError

# For Ray to end its actors in order; they end without it, too.
SHUTDOWN_SECONDS = 3.0

Answer = Callable[[Any], None]


class Driver:
    """Does what the pool asks, each operation beside the others."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._sending = threading.Lock()
        self._cluster = Cluster(self._tell)

    def serve(self) -> None:
        """Until the pool closes the socket."""
        try:
            for message in messages.received(self._channel):
                self._begin(message)
        except ConnectionError:
            return

    def close(self) -> None:
        """Leave the cluster."""
        self._cluster.close()

    def _begin(self, message: messages.Message) -> None:
        number, operation = message.pop("id"), message.pop("op")
        answer = partial(self._answer, number)
        work = getattr(self._cluster, operation)
        if operation == "place":
            self._cluster.expect(message["world"])
        if operation in ("connect", "launch", "kill"):
            # A cluster that is started here ends with the thread that starts it, and nothing can be
            # done before it is there. The others wait for nothing: a thread for each of 4,096 ranks
            # would be a waste.
            self._do(work, message, number, answer)
        else:
            background.thread(
                "an operation of Ray", self._do, work, message, number, answer
            ).start()

    def _do(
        self, work: Callable[..., None], message: messages.Message, number: int, answer: Answer
    ) -> None:
        try:
            work(answer, **message)
        except ClusterError as error:
            self._tell({"id": number, "error": error.as_message()})
        except Exception as error:  # noqa: BLE001 - whatever Ray raises is the pool's to report
            failure = ClusterError("ray_failed", f"Ray failed: {type(error).__name__}: {error}")
            self._tell({"id": number, "error": failure.as_message()})

    def _answer(self, number: int, answer: Any) -> None:
        if isinstance(answer, ClusterError):
            self._tell({"id": number, "error": answer.as_message()})
        else:
            self._tell({"id": number, "answer": answer})

    def _tell(self, message: messages.Message) -> None:
        data = messages.packed(message)
        with self._sending:
            try:
                self._channel.sendall(data)
            except OSError:
                # The pool is gone: the thread that reads finds out.
                return


def main() -> None:
    """Run it."""
    descriptor, parent = map(int, sys.argv[1:3])
    die_with(parent)
    driver = Driver(socket.socket(fileno=descriptor))
    driver.serve()
    closing = background.thread("leaving the cluster", driver.close)
    closing.start()
    closing.join(SHUTDOWN_SECONDS)
    # Threads may be stuck in Ray.
    os._exit(0)
