"""What is at which path of the page. Nothing here changes anything in the server.

| path | what |
|---|---|
| `/` | the page; without the token the form that asks for it |
| `/events?world=ID` | a stream of events: the state, every second |
| `/state?world=ID` | the same, once, as JSON |
| `/stacks?world=ID`, by POST | what the ranks of a world are doing, with their stacks |
| `/login`, by POST | the cookie for the token |
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.pool.observe.logs.hub import Logs
from vllm_bridge.pool.observe.model.changes import Model
from vllm_bridge.pool.page.access import Access
from vllm_bridge.pool.page.feed import Feed
from vllm_bridge.pool.page.http import HttpServer, Request, Response
from vllm_bridge.pool.page.lines import Lines
from vllm_bridge.transport.address import TcpAddress

# Scripts and styles from our own files alone, nothing from elsewhere, no HTML made of text.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not "no-referrer": browsers would send the form of the token with `Origin: null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}

_HTML, _CSS, _JS, _SVG = "text/html", "text/css", "text/javascript", "image/svg+xml"

# Without the token: the form has to look like something.
_FILES = {"/page.css": ("page.css", _CSS), "/icon.svg": ("icon.svg", _SVG)}
_FILES_FOR_LOOKERS = {
    "/": ("page.html", _HTML),
    **{
        f"/{name}.js": (f"{name}.js", _JS)
        for name in ("page", "model", "elements", "ranks", "charts")
    },
}

Diagnose = Callable[[str], Awaitable[pool_pb2.Diagnosis]]

# Stacks of a large world are much work for its ranks; people press a button more than once.
_MAX_STACKS_WAITING = 4

# For so long a diagnosis is good.
_SAME_S = 1.0


class Page:
    """The page on an HTTP port, from `start` to `close`."""

    def __init__(
        self,
        model: Model,
        logs: Logs,
        diagnose: Diagnose,
        access: Access,
        tls: ssl.SSLContext | None,
    ) -> None:
        """`diagnose` asks the ranks of a world, with their stacks."""
        self._feed = Feed(model, Lines(logs))
        self._diagnose = diagnose
        self._access = access
        self._scheme = "https" if tls else "http"
        self._server = HttpServer(self._respond, tls)
        self._one_at_a_time = asyncio.Lock()
        self._stacks_waiting = 0
        # When, of which world, and what came of it.
        self._diagnosed = (-_SAME_S, "", pool_pb2.Diagnosis())

    async def start(self, address: TcpAddress) -> str:
        """Listen there. Returns the URL. Raises OSError."""
        port = await self._server.start(address.host, address.port)
        return f"{self._scheme}://{TcpAddress(address.host, port)}/"

    async def close(self) -> None:
        """Stop listening, and return when all connections are closed."""
        await self._feed.close()
        await self._server.close()

    async def _respond(self, request: Request) -> Response:
        response = await self._answer(request)
        response.headers = {**HEADERS, **response.headers}
        return response

    async def _answer(self, request: Request) -> Response:
        refusal = self._access.refusal(request)
        unknown = refusal is not None and refusal[0] is HTTPStatus.UNAUTHORIZED
        if refusal is None or unknown:
            if request.path == "/login":
                return self._login(request)
            if request.path in _FILES and request.method in ("GET", "HEAD"):
                return _file(*_FILES[request.path])
        if unknown and request.path == "/" and request.method in ("GET", "HEAD"):
            return _file("login.html", _HTML, HTTPStatus.UNAUTHORIZED)
        if refusal is not None:
            return _text(*refusal)
        return await self._look(request)

    async def _look(self, request: Request) -> Response:
        world = request.query.get("world")
        if request.path == "/stacks":
            if request.method != "POST":
                return _not_allowed("POST")
            return await self._stacks(world or "")
        if request.path not in ("/state", "/events", *_FILES_FOR_LOOKERS):
            return _text(HTTPStatus.NOT_FOUND, "there is nothing here; the page is at /")
        if request.method not in ("GET", "HEAD"):
            return _not_allowed("GET, HEAD")
        if request.path == "/state":
            return Response(content_type="application/json", body=self._feed.now(world))
        if request.path == "/events":
            stream = self._feed.stream(world) if request.method == "GET" else None
            return Response(content_type="text/event-stream", stream=stream)
        return _file(*_FILES_FOR_LOOKERS[request.path])

    def _login(self, request: Request) -> Response:
        if request.method != "POST":
            return _not_allowed("POST")
        cookie = self._access.login(request)
        if cookie is None:
            return _file("refused.html", _HTML, HTTPStatus.UNAUTHORIZED)
        return Response(HTTPStatus.SEE_OTHER, headers={"location": "/", "set-cookie": cookie})

    async def _stacks(self, world: str) -> Response:
        if self._stacks_waiting >= _MAX_STACKS_WAITING:
            return _text(HTTPStatus.TOO_MANY_REQUESTS, "others ask for stacks already; try again")
        self._stacks_waiting += 1
        try:
            async with self._one_at_a_time:
                at, of, diagnosis = self._diagnosed
                if of != world or time.monotonic() - at > _SAME_S:
                    diagnosis = await self._diagnose(world)
                    self._diagnosed = (time.monotonic(), world, diagnosis)
        except BridgeError as error:
            return _text(HTTPStatus.NOT_FOUND, error.message)
        finally:
            self._stacks_waiting -= 1
        said = {
            "text": diagnosis.text,
            "ranks": [
                {
                    "rank": rank.rank,
                    "pid": rank.pid,
                    "stacks": [
                        {"thread": stack.thread, "frames": list(stack.frames)}
                        for stack in rank.stacks
                    ],
                }
                for rank in diagnosis.ranks
            ],
        }
        return Response(content_type="application/json", body=json.dumps(said).encode())


def _text(status: HTTPStatus, text: str) -> Response:
    return Response(status, body=f"{text}\n".encode())


def _not_allowed(allowed: str) -> Response:
    response = _text(HTTPStatus.METHOD_NOT_ALLOWED, f"here: {allowed}")
    response.headers["allow"] = allowed
    return response


def _file(name: str, kind: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(status, f"{kind}; charset=utf-8", _content(name))


@cache
def _content(name: str) -> bytes:
    return (Path(__file__).parent / "static" / name).read_bytes()
