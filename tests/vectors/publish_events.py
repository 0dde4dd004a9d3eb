"""Publishes batches of events as a program that is told what to do, for tests of subscribers.

    python tests/vectors/publish_events.py [--endpoint tcp://*:0] [--replay tcp://*:0] [--topic kv]
        [--keep 10000]

It says `listening ENDPOINT REPLAY`, does what each line that it reads says, and then says `done
NEXT`, the sequence number that comes next:

    publish COUNT    batches, of which number N has ts N and stores block N
    lose COUNT       the same, but they get lost on their way; who asks for them gets them
    restart COUNT    a new publisher at the same addresses, whose numbers begin at 0, and so many
                     batches of it before anybody can have connected
    die              killed, without a word

The end of the input shuts it down.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import Any

import zmq

from vllm_distributed.kv_events import BlockStored, KVEventBatch, ZmqEventPublisher


class LossySocket:
    """The publisher's socket, which loses what it is told to lose."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self.loses = False
        self.sent = threading.Semaphore(0)

    def send_multipart(self, frames: tuple[bytes, ...], **given: Any) -> None:
        if not self.loses:
            self._socket.send_multipart(frames, **given)
        self.sent.release()

    def close(self, linger: int) -> None:
        self._socket.close(linger=linger)


class Publisher:
    def __init__(self, endpoint: str, replay: str | None, keep: int, topic: str) -> None:
        self._given = (keep, topic)
        self.next = 0
        self._publisher = ZmqEventPublisher(0, endpoint, replay, buffer_steps=keep, topic=topic)
        self.config = self._publisher.get_publisher_config()
        self._socket = LossySocket(self._publisher._pub)
        self._publisher._pub = self._socket  # type: ignore[assignment]

    def publish(self, count: int, *, loses: bool = False) -> None:
        """Return when they have been given to ZeroMQ."""
        self._socket.loses = loses
        for _ in range(count):
            stored = BlockStored([self.next], None, [self.next], 1, None, "GPU", None)
            self._publisher.publish(KVEventBatch(float(self.next), [stored]))
            self._socket.sent.acquire()
            self.next += 1

    def restarted(self) -> Publisher:
        self.shutdown()
        # It listens at `*`, and would connect to a host.
        endpoint = self.config.endpoint.replace("tcp://127.0.0.1:", "tcp://*:")
        return Publisher(endpoint, self.config.replay_endpoint, *self._given)

    def shutdown(self) -> None:
        self._publisher.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint", default="tcp://*:0")
    parser.add_argument("--replay", default="tcp://*:0")
    parser.add_argument("--topic", default="kv")
    parser.add_argument("--keep", type=int, default=10_000)
    given = parser.parse_args()
    publisher = Publisher(given.endpoint, given.replay, given.keep, given.topic)
    print("listening", publisher.config.endpoint, publisher.config.replay_endpoint, flush=True)
    for line in sys.stdin:
        what, *rest = line.split()
        if what in ("publish", "lose"):
            publisher.publish(int(rest[0]), loses=what == "lose")
        elif what == "restart":
            publisher = publisher.restarted()
            publisher.publish(int(rest[0]) if rest else 0, loses=True)
        elif what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            sys.exit(f"{line!r} is nothing that can be done")
        print("done", publisher.next, flush=True)
    publisher.shutdown()


if __name__ == "__main__":
    main()
