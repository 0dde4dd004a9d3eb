"""A live page of a made-up model, served by a thread of this process."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.observe.logs.hub import Logs
from vllm_bridge.pool.page.access import Access
from vllm_bridge.pool.page.page import Page
from vllm_bridge.transport.address import TcpAddress

EVIL = '</script><img src=x onerror="document.title=1">\n\nevent: state\ndata: {"at": 0}\n\n'


class FakeModel:
    """A model of two worlds, as `Model` tells of it."""

    def snapshot(self) -> dict[str, Any]:
        activity = {"kind": "ACTIVITY_RUNNING", "sentence": EVIL, "operation": EVIL, "group": EVIL}
        rank = {"rank": 0, "world_id": EVIL, "state": "READY", "activity": activity, "node": EVIL}
        other = {"rank": 0, "world_id": "other", "state": "READY", "activity": {}}
        world = {"state": "WORLD_READY", "rank_ids": ["rank-0"], "failure": EVIL, "groups": []}
        history: dict[str, Any] = {"calls": [1], "errors": [0], "p50_s": [0], "p99_s": [0]}
        refusal = {"at": time.time(), "world_id": EVIL, "epoch": 1, "reason": EVIL, "ranks": [0]}
        return {
            "complete": True,
            "at": time.time(),
            "server": {"version": EVIL, "pid": 1, "sessions": 0},
            "pools": {},
            "worlds": {
                "other": {"world_id": "other", "state": "WORLD_FAILED", "rank_ids": ["rank-1"]},
                EVIL: {"world_id": EVIL, "epoch": 1, **world},
            },
            "ranks": {"rank-0": rank, "rank-1": other},
            "histories": {name: {"until": 0, **history} for name in ("", EVIL, "other")},
            "calls": {"rank-0": [_call(1)], "rank-1": [_call(2)]},
            "refusals": [{**refusal, "message": EVIL}],
        }

    async def watch(self, interval_s: float) -> AsyncIterator[dict[str, Any]]:
        yield self.snapshot()
        while True:
            await asyncio.sleep(0.02)
            yield {"at": time.time()}


def _call(sequence: int) -> dict[str, Any]:
    now = time.time()
    what = {"operation": EVIL, "group": EVIL, "parts": EVIL}
    return {"sequence": sequence, **what, "at_gate_at": now, "gated_at": now, "ended_at": now}


@dataclass
class Served:
    """A page, and how to ask it."""

    port: int
    page: Page | None = None
    loop: asyncio.AbstractEventLoop | None = None
    tls: ssl.SSLContext | None = None

    def ask(
        self, path: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """The answer; its body as `text`, unless it is a stream."""
        connection: http.client.HTTPConnection
        if self.tls:
            connection = http.client.HTTPSConnection(
                "localhost", self.port, timeout=20, context=self.tls
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        if "text/event-stream" not in answer.headers["content-type"]:
            answer.text = answer.read().decode()  # type: ignore[attr-defined]
            connection.close()
        return answer

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A connection on which this has been sent."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        client.sendall(sent)
        return client

    @property
    def connections(self) -> int:
        """That the page has now."""
        assert self.page is not None
        return self.page._server.connections


Serve = Callable[..., Served]


def events(answer: http.client.HTTPResponse, count: int) -> list[tuple[str, Any]]:
    """The next events of a stream."""
    found: list[tuple[str, Any]] = []
    name = ""
    while len(found) < count:
        line = answer.readline().decode().rstrip("\n")
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            found.append((name, json.loads(line[6:])))
        else:
            assert line == "" or line.startswith("retry: "), line
    return found


async def diagnose(world: str) -> pool_pb2.Diagnosis:
    """As the pool does it, for the world `EVIL`."""
    if world != EVIL:
        raise BridgeError(Category.POOL, "unknown_world", f"there is no world {world!r}")
    stack = rank_pb2.ThreadStack(thread="main", frames=["a.py:1 f", EVIL])
    return pool_pb2.Diagnosis(
        text=EVIL, ranks=[rank_pb2.InspectResponse(rank=0, pid=7, stacks=[stack])]
    )


@contextlib.contextmanager
def serving_pages() -> Iterator[Serve]:
    """Serve pages of a fake model until the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    pages: list[Page] = []

    def in_loop(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    def begin(access: Access | None = None, tls: ssl.SSLContext | None = None) -> Served:
        async def start() -> tuple[Page, str]:
            page = Page(FakeModel(), Logs(), diagnose, access or Access(None), tls)  # type: ignore[arg-type]
            return page, await page.start(TcpAddress("localhost" if tls else "127.0.0.1", 0))

        page, url = in_loop(start())
        pages.append(page)
        return Served(int(url.rstrip("/").rpartition(":")[2]), page, loop)

    try:
        yield begin
    finally:
        for page in pages:
            in_loop(page.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
