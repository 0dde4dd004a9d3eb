"""The live page over HTTP: who gets what, that text stays text, and that nobody can hold it up.

What it looks like, in a real browser: `make test-page`.
"""

from __future__ import annotations

import asyncio
import contextlib
import html.parser
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from page_harness import EVIL, FakeModel, Serve, Served, events, serving_pages
from pool_harness import Pool, environment, eventually

from vllm_bridge.pool.observe.logs.hub import Logs, Source
from vllm_bridge.pool.page import feed as feed_module
from vllm_bridge.pool.page import http as http_module
from vllm_bridge.pool.page.access import COOKIE, COOKIE_S, Access
from vllm_bridge.pool.page.feed import Whole
from vllm_bridge.pool.page.http import MAX_BODY_BYTES, MAX_CONNECTIONS, MAX_HEAD_BYTES, MAX_STREAMS
from vllm_bridge.pool.page.lines import MAX_LINE_CHARS, MAX_LINES, Lines
from vllm_bridge.pool.server.tls import TlsFiles, read_tls
from vllm_bridge.transport.address import TcpAddress

Start = Callable[..., Pool]

TOKEN = "s3cret-token"

# What a client hears whose certificate is not taken: TLS 1.3 says so after its handshake.
REFUSED = r"certificate required|unknown ca|reset|EOF|closed"


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    with serving_pages() as begin:
        yield begin


@pytest.fixture(scope="module")
def page(serve: Serve) -> Served:
    return serve()


@pytest.fixture(scope="module")
def guarded(serve: Serve) -> Served:
    return serve(Access(TOKEN))


# What it is made of


@pytest.mark.parametrize(
    "path", ["/", "/page.js", "/model.js", "/page.css", "/icon.svg", "/state", "/events", "/no"]
)
def test_every_answer_keeps_browsers_to_our_own_files(page: Served, path: str) -> None:
    answer = page.ask(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    assert answer.status == (404 if path == "/no" else 200)
    answer.close()


class Assets(html.parser.HTMLParser):
    """Everything that a page loads, and whatever runs or styles in the page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        self.addresses += [
            fields[name] or "" for name in ("src", "href", "action") if name in fields
        ]
        self.inline += [name for name in fields if name.startswith("on") or name == "style"]
        self.inline += ["script"] if tag == "script" and not fields.get("src") else []
        self.inline += ["style"] if tag == "style" else []


def test_the_page_has_all_it_needs_and_nothing_inline(page: Served) -> None:
    static = Path(http_module.__file__).parent / "static"
    for name in ("page.html", "login.html", "refused.html"):
        assets = Assets()
        assets.feed((static / name).read_text())
        assert assets.inline == []
        for address in assets.addresses:
            assert address.startswith(("/", "#")), address
            if address.startswith("/") and address != "/login":
                assert page.ask(address).status == 200, address
    for script in static.glob("*.js"):
        text = script.read_text()
        assert "innerHTML" not in text
        assert "http://www.w3.org/2000/svg" in text or "http" not in text, script
        for imported in re.findall(r'from "\./(\S+)"', text):
            assert page.ask(f"/{imported}").status == 200


def test_whatever_is_in_static_is_served_and_in_the_wheel(page: Served) -> None:
    static = Path(http_module.__file__).parent / "static"
    names = {path.name for path in static.iterdir()}
    served = {name for name in names if page.ask(f"/{name}").status == 200}
    assert names - served == {"page.html", "login.html", "refused.html"}


# What it tells


def test_a_stream_begins_with_everything_and_goes_on_with_changes(page: Served) -> None:
    answer = page.ask("/events")
    assert answer.headers["content-type"] == "text/event-stream"
    first, *later = (event for name, event in events(answer, 6) if name == "state")
    answer.close()
    assert first["complete"] is True
    assert first["world"] == EVIL
    assert list(first["ranks"]) == ["rank-0"], "ranks of other worlds are left out"
    assert list(first["calls"]) == ["rank-0"]
    assert set(first["calls"]["rank-0"][0]) == set(feed_module._OF_CALLS)
    assert set(first["histories"]) == {"", EVIL}
    assert later
    assert all(set(event) == {"at"} for event in later)


def test_a_world_is_chosen_by_its_name(page: Served) -> None:
    for query, ranks in (("?world=other", ["rank-1"]), ("?world=none", []), ("?world=", [])):
        state = json.loads(page.ask(f"/state{query}").text)  # type: ignore[attr-defined]
        assert list(state["ranks"]) == ranks


def test_text_from_outside_cannot_begin_an_event(page: Served) -> None:
    answer = page.ask("/events")
    ((name, event),) = events(answer, 1)
    answer.close()
    assert name == "state"
    assert event["worlds"][EVIL]["world_id"] == EVIL
    assert event["ranks"]["rank-0"]["activity"]["sentence"] == EVIL


def test_stacks_of_a_world(page: Served) -> None:
    from urllib.parse import quote

    answer = page.ask(f"/stacks?world={quote(EVIL)}", "POST")
    assert answer.headers["content-type"] == "application/json"
    said = json.loads(answer.text)  # type: ignore[attr-defined]
    assert said["ranks"][0]["stacks"] == [{"thread": "main", "frames": ["a.py:1 f", EVIL]}]
    unknown = page.ask("/stacks?world=none", "POST")
    assert (unknown.status, unknown.text) == (404, "there is no world 'none'\n")  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/state", "/events", "/page.js"])
def test_nothing_can_be_changed(page: Served, method: str, path: str) -> None:
    answer = page.ask(path, method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert page.ask("/stacks").status == 405


def test_what_changes_add_up_to() -> None:
    whole = Whole()
    whole.merge(FakeModel().snapshot())
    change = {
        "at": 1.0,
        "ranks": {"rank-0": {"state": "DEAD"}, "rank-1": None},
        "calls": {"rank-0": [{"sequence": n} for n in range(2, 40)]},
        "histories": {EVIL: {"until": 9, "calls": list(range(400))}},
    }
    whole.merge(change)
    state = whole.of(EVIL)
    assert state["ranks"]["rank-0"]["state"] == "DEAD"
    assert state["ranks"]["rank-0"]["rank"] == 0
    assert "rank-1" not in state["ranks"]
    assert [call["sequence"] for call in state["calls"]["rank-0"]] == list(range(20, 40))
    assert state["histories"][EVIL] == {"until": 9, "calls": list(range(100, 400))}
    assert whole.pick(None, "") == EVIL, "a live world before a failed one"
    assert whole.pick(None, "other") == "other", "the one that is looked at stays"
    whole.merge({"complete": True, "at": 2.0})
    assert whole.pick(None, EVIL) == ""


def test_lines_of_the_server_and_of_ranks() -> None:
    async def run() -> None:
        logs = Logs()
        logs.place("rank-7", Source("w", 1, 3))
        logs.place("rank-8", Source("w", 1, 4))
        logs.own("error", "vllm_bridge.pool", "world w is failed", {"world_id": "w"}, time.time())
        logs.output("rank-1", b"<b>plain</b>", None)
        for rank_id in ("rank-7", "rank-8"):
            logs.output(rank_id, b"x" * 10_000, None)
        lines = Lines(logs)
        following = asyncio.ensure_future(lines.follow())
        while lines.number < 3:
            await asyncio.sleep(0.01)
        found = [(line["level"], line["from"], line["text"][:20]) for line in lines.since(0)]
        assert found == [
            ("error", "w", "world w is failed"),
            ("info", "rank-1", "<b>plain</b>"),
            ("info", "ranks 3, 4 of w", "x" * 20),
        ]
        assert max(len(line["text"]) for line in lines.since(0)) == MAX_LINE_CHARS
        before = lines.number
        for number in range(20_000):
            logs.output("rank-7", b"%d" % number, None)
        while lines.number < before + 20_000:
            await asyncio.sleep(0.01)
        first, *new = lines.since(before)
        assert len(new) == 200
        assert first["text"] == "19800 lines came faster than this page shows them"
        assert new[-1]["text"] == "19999"
        assert len(lines.since(0)) == MAX_LINES
        assert lines.since(lines.number) == []
        logs.close()
        await following
        lines.forget()
        assert lines.since(0) == []

    asyncio.run(run())


# Who may look


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:80", "127.0.0.1:9", "127.8.0.1", "[::1]:8080"]
)
def test_without_a_token_it_answers_to_names_of_this_machine(page: Served, host: str) -> None:
    assert page.ask("/state", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["rebound.example", "rebound.example:80", "127.0.0.1.example", "10.0.0.1", "", "[::1", "::"],
)
def test_a_site_that_resolves_to_this_machine_gets_nothing(page: Served, host: str) -> None:
    for path in ("/", "/state", "/events", "/page.css", "/login"):
        assert page.ask(path, Host=host).status == 421


def test_other_sites_cannot_make_a_browser_ask(page: Served, guarded: Served) -> None:
    bearer = f"Bearer {TOKEN}"
    for served in (page, guarded):
        fields = {"Authorization": bearer} if served is guarded else {}
        for site in ("cross-site", "same-site"):
            assert served.ask("/events", Sec_Fetch_Site=site, **fields).status == 403
        assert (
            served.ask("/stacks?world=x", "POST", Origin="http://evil.example", **fields).status
            == 403
        )
        own = f"http://127.0.0.1:{served.port}"
        assert served.ask("/stacks?world=x", "POST", Origin=own, **fields).status == 404
        # A link on another site may open the page itself.
        link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", **fields}
        assert served.ask("/", **link).status == 200


def test_with_a_token_strangers_get_a_form_and_nothing_else(guarded: Served) -> None:
    answer = guarded.ask("/")
    assert answer.status == 401
    assert 'action="/login"' in answer.text  # type: ignore[attr-defined]
    for path in ("/state", "/events", "/page.js", "/model.js", "/stacks", "/nothing"):
        assert guarded.ask(path).status == 401, path
        assert guarded.ask(path, Authorization="Bearer wrong").status == 401
        assert guarded.ask(path, Cookie=f"{COOKIE}=9999999999.00").status == 401
    assert guarded.ask("/page.css").status == 200
    assert guarded.ask("/state", Authorization=f"Bearer {TOKEN}").status == 200
    assert guarded.ask("/state", Authorization=f"Bearer {TOKEN}", Host="any.example").status == 200


def test_the_form_gives_a_cookie_that_is_not_the_token(guarded: Served) -> None:
    wrong = guarded.ask("/login", "POST", "token=wrong")
    assert (wrong.status, wrong.headers["set-cookie"]) == (401, None)
    assert guarded.ask("/login").status == 405
    answer = guarded.ask("/login", "POST", f"token=+{TOKEN}%0d%0a")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    value = cookie.partition(";")[0]
    assert guarded.ask("/state", Cookie=f"other=1; {value}").status == 200
    until, _, seal = value.partition("=")[2].partition(".")
    forged = f"{COOKIE}={int(until) + 1}.{seal}"
    for cookie in (
        forged,
        f"{COOKIE}={until}",
        f"{COOKIE}=.{seal}",
        f"{COOKIE}=",
        '"',
        "\xff=\xfe",
    ):
        assert guarded.ask("/state", Cookie=cookie).status == 401, cookie


def test_a_cookie_has_an_end(serve: Serve) -> None:
    now = [1000.0]
    served = serve(Access(TOKEN, now=lambda: now[0]))
    answer = served.ask("/login", "POST", f"token={TOKEN}")
    value = answer.headers["set-cookie"].partition(";")[0]
    assert served.ask("/state", Cookie=value).status == 200
    now[0] += COOKIE_S
    assert served.ask("/state", Cookie=value).status == 401
    assert serve(Access("another")).ask("/state", Cookie=value).status == 401


def test_client_certificates(serve: Serve, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem")
    tls = read_tls(files, None, TcpAddress("localhost", 0))
    assert tls is not None
    served = serve(Access(None, certificates=True), tls.context)
    served.tls = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with pytest.raises(OSError, match=REFUSED):
        served.ask("/state")
    stranger = trustme.CA().issue_cert("me")
    stranger.configure_cert(served.tls)
    with pytest.raises(OSError, match=REFUSED):
        served.ask("/state")
    served.tls = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    authority.issue_cert("me@example.org").configure_cert(served.tls)
    assert served.ask("/state", Host="any.example").status == 200
    both = serve(Access(TOKEN, certificates=True), tls.context)
    both.tls = served.tls
    assert both.ask("/state").status == 401
    answer = both.ask("/login", "POST", f"token={TOKEN}")
    assert "; Secure" in answer.headers["set-cookie"]


def refused(*arguments: str, **variables: str) -> str:
    """What `serve` says that does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "vllm_bridge", "serve", *arguments],
        capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
        env=environment(**variables),
    )  # fmt: skip
    assert done.returncode == 2
    return done.stderr


def test_places_where_it_must_not_be() -> None:
    assert "so it needs a token" in refused("--page", "0.0.0.0:0")
    text = refused("--page", "0.0.0.0:0", VLLM_BRIDGE_TOKEN=TOKEN)
    assert "clear text" in text
    assert "--insecure-plaintext" in text
    assert "give HOST:PORT" in refused("--page", "unix:/tmp/page.sock")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "in use" in refused("--page", f"127.0.0.1:{taken.getsockname()[1]}")


# Bad input, and load


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET //[ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES + b"\r\n", 431),
        (
            b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
            + b"x" * (MAX_BODY_BYTES + 1),
            413,
        ),
    ],
)
def test_what_is_no_request(page: Served, sent: bytes, status: int) -> None:
    with page.connect(sent) as client:
        answer = client.makefile("rb").readline()
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert page.ask("/state").status == 200


def test_a_defect_is_an_answer_and_a_line_in_the_log(
    page: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(page.page._feed, "now", lambda world: 1 / 0)
    answer = page.ask("/state")
    assert (answer.status, answer.text) == (500, "see the server's log\n")  # type: ignore[attr-defined]
    assert any(record.message == "GET /state failed" for record in caplog.records)


def test_without_h11_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "h11.py").write_text("raise ModuleNotFoundError(name='h11')")
    variables = environment()
    path = f"{tmp_path}{os.pathsep}{variables['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "vllm_bridge", "serve", "--page", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={**variables, "PYTHONPATH": path},
    )
    assert "pip install 'vllm-distributed[page]'" in done.stderr
    assert done.returncode == 2


def test_requests_share_a_connection(page: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=20)
    for _ in range(3):
        connection.request("GET", "/page.css")
        assert connection.getresponse().read()
        assert connection.sock is not None
    connection.request("HEAD", "/page.css")
    assert connection.getresponse().read() == b""
    connection.close()


def test_clients_that_send_too_slowly_are_closed(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_module, "TIMEOUT_S", 0.3)
    for sent in (
        b"",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"GET /icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ):
        with page.connect(sent) as client:
            while client.recv(65_536):
                pass


def test_a_stream_that_is_not_read_is_closed(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "TIMEOUT_S", 0.3)
    before = page.connections
    large = {"at": 1.0, "filling": "x" * 1_000_000}
    monkeypatch.setattr(Whole, "only", lambda *_: dict(large))
    with page.connect(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        eventually(lambda: page.connections > before)
        eventually(lambda: page.connections == before)


def test_more_clients_than_there_is_room_for(page: Served) -> None:
    """A slow loris on every place: others take the places of those that wait longest."""
    with contextlib.ExitStack() as held:
        for number in range(MAX_CONNECTIONS + 100):
            sent = b"GET / HTTP/1.1\r\nX: " if number % 2 else b""
            held.enter_context(page.connect(sent))
            if number % 50 == 0:
                assert page.ask("/state").status == 200
        eventually(lambda: page.connections <= MAX_CONNECTIONS)
        assert page.ask("/state").status == 200


def test_more_streams_than_there_is_room_for(page: Served) -> None:
    streams = [page.ask("/events") for _ in range(MAX_STREAMS)]
    answer = page.ask("/events")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "close one first" in answer.text  # type: ignore[attr-defined]
    assert events(streams[0], 3), "those that are there go on"
    for stream in streams:
        stream.close()

    def taken() -> bool:
        again = page.ask("/events")
        again.close()
        return again.status == 200

    eventually(taken)


def test_no_looker_no_work(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve()
    assert served.page is not None
    assert served.loop is not None
    feed = served.page._feed
    assert feed._watching is None
    monkeypatch.setattr(feed_module, "INTERVAL_S", 0.05)
    stream = served.ask("/events")
    events(stream, 1)
    watching = feed._watching
    assert watching is not None
    # It goes on after a failure, and tells everything again.
    served.loop.call_soon_threadsafe(watching.cancel)
    assert any(event.get("complete") for _, event in events(stream, 40))
    stream.close()
    eventually(lambda: feed._watching is not None and feed._watching.done())
    stream = served.ask("/events")
    assert events(stream, 1)[0][1]["complete"] is True
    stream.close()


def test_who_asks_again_and_again_costs_one_look(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, looks = serve(), list[int]()
    snapshot = FakeModel.snapshot
    monkeypatch.setattr(FakeModel, "snapshot", lambda self: looks.append(1) or snapshot(self))
    monkeypatch.setattr(feed_module, "_SAME_S", 60.0)
    for _ in range(20):
        assert served.ask("/state").status == 200
        served.ask("/events").close()
    assert len(looks) <= 3


def test_a_server_of_many_who_look_and_never_read(start: Start) -> None:
    """Two hundred streams that nobody reads, beside a client that works, in a real server."""
    pool = start("--page", "127.0.0.1:0", "--size", "1")
    url = pool.ready["page"]
    port = int(url.rstrip("/").rpartition(":")[2])
    served = Served(port)
    with pool.client() as client:
        eventually(lambda: client.status().pools[0].ready == 1, 60)
        assert served.ask("/state").status == 200
        before = memory_kib(pool.pid)
        with contextlib.ExitStack() as held:
            for _ in range(200):
                request = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                held.enter_context(served.connect(request))
            for _ in range(20):
                assert client.status().pid == pool.pid
            assert served.ask("/state").status == 200
            assert len(list(Path(f"/proc/{pool.pid}/fd").iterdir())) < MAX_CONNECTIONS + 60
            assert memory_kib(pool.pid) - before < 20_000
    pool.process.send_signal(signal.SIGTERM)
    assert pool.process.wait(20) == 0
    assert "Traceback" not in pool.stderr()


def memory_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"Private_Dirty:\s+(\d+)", text)
    assert found
    return int(found[1])
