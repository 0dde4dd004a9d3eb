"""A frames server in the process of the test, with methods that do as they are told."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgpack
import torch

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.dispatch import Dispatch
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.frames.server import FramesServer
from vllm_bridge.rank.handler import Calls, RankState
from vllm_bridge.rank.journal import Journal
from vllm_bridge.rank.sessions import RankSessions
from vllm_bridge.transport.metadata import SESSION_ID

ECHO, QUICK, WAIT, FAIL, LEAVE, LARGE = (
    f"/test/{name}" for name in ("Echo", "Quick", "Wait", "Fail", "Leave", "Large")
)

S = {SESSION_ID: "s"}
"""Metadata of the session that there is."""


def term(value: object) -> bytes:
    return types_pb2.Term(msgpack=msgpack.packb(value)).SerializeToString()


def value_of(response: bytes) -> Any:
    return msgpack.unpackb(types_pb2.Term.FromString(response).msgpack)


class Served:
    """The server, and what its calls have done."""

    def __init__(self, path: Path, max_message_bytes: int = 0, max_queue: int = 0) -> None:
        self.ran: list[Any] = []
        self.waiting, self.go_on = threading.Event(), threading.Event()
        self.journal = Journal()
        sessions = RankSessions(0)
        sessions.register("s", fail_fast=False)
        sessions.register("fast", fail_fast=True)
        self.state = RankState(
            None,
            sessions,
            self.journal,
            Executor(self.journal),
            AllowList(),
            max_queue=max_queue,
        )
        self.calls = Calls(self.state, self._methods())
        self.inline = ThreadPoolExecutor(2)
        self.server = FramesServer(self.calls, self.inline, max_message_bytes)
        self.path = path
        self.server.listen(path)
        self.server.start()
        self.endpoint = f"unix:{path}"

    def close(self) -> None:
        self.go_on.set()
        self.server.close()
        self.inline.shutdown()

    def _methods(self) -> dict[str, Dispatch]:
        def method(name: str, call: Any, *, inline: bool = False) -> Dispatch:
            return Dispatch(name, types_pb2.Term, call, inline=inline, collective=False)

        return {
            ECHO: method("echo", self._echo),
            QUICK: method("quick", self._echo, inline=True),
            WAIT: method("wait", self._wait),
            FAIL: method("fail", self._fail),
            LEAVE: method("leave", self._leave),
            LARGE: method("large", self._large),
        }

    def _echo(self, request: types_pb2.Term, wire: Wire) -> types_pb2.Term:
        self.ran.append(msgpack.unpackb(request.msgpack))
        for tensor in request.tensors:
            assert wire.tensor(tensor).dtype is torch.uint8
        return types_pb2.Term(msgpack=request.msgpack)

    def _wait(self, request: types_pb2.Term, wire: Wire) -> types_pb2.Term:
        self.waiting.set()
        assert self.go_on.wait(30)
        return self._echo(request, wire)

    def _fail(self, request: types_pb2.Term, wire: Wire) -> types_pb2.Term:
        raise ValueError(f"this is process {os.getpid()}")

    def _leave(self, request: types_pb2.Term, wire: Wire) -> types_pb2.Term:
        raise SystemExit(3)

    def _large(self, request: types_pb2.Term, wire: Wire) -> types_pb2.Term:
        return types_pb2.Term(msgpack=bytes(msgpack.unpackb(request.msgpack)))
