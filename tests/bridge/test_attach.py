"""Attachments: what a client owns ends when the client is gone."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from pool_harness import FAKE, SHORT, Pool, alive, connect, eventually, start_pool

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client
from vllm_bridge.codec.errors import BridgeError, from_rpc_error

GRACE_SECONDS = 0.4
ATTACH = "/vllm.bridge.v1.Pool/Attach"


class Attachment:
    """One attach stream over a connection of its own, as a client process has it."""

    def __init__(self, endpoint: str, client_id: str) -> None:
        self._channel = grpc.insecure_channel(endpoint)
        self._call = self._channel.unary_stream(
            ATTACH, response_deserializer=pool_pb2.Attached.FromString
        )(pool_pb2.AttachRequest(client_id=client_id).SerializeToString(), timeout=None)
        try:
            self.first: pool_pb2.Attached = next(self._call)
        except grpc.RpcError as error:
            self._channel.close()
            raise from_rpc_error(error) from None

    def end(self) -> None:
        """As a client that dies: its connection is gone."""
        self._channel.close()

    def ended(self) -> BridgeError:
        """How the server ended it."""
        found: queue.Queue[BridgeError] = queue.Queue()

        def read() -> None:
            try:
                next(self._call)
            except grpc.RpcError as error:
                found.put(from_rpc_error(error))

        threading.Thread(target=read, daemon=True).start()
        return found.get(timeout=10)


@pytest.fixture(scope="module")
def server(short_tmp: Path) -> Iterator[Pool]:
    """A server with a short grace period and room for four streams."""
    pool = start_pool(
        short_tmp / "attach", "--attach-grace", str(GRACE_SECONDS), "--max-attachments", "4"
    )
    with connect(pool.endpoint) as client:
        eventually(lambda: client.status().pools[0].ready == 2, 60)
    yield pool
    pool.stop()


@pytest.fixture
def client(server: Pool) -> Iterator[Client]:
    with connect(server.endpoint) as client:
        yield client


@pytest.fixture
def attach(server: Pool) -> Iterator[Callable[[str], Attachment]]:
    made: list[Attachment] = []

    def begin(client_id: str) -> Attachment:
        made.append(Attachment(server.endpoint, client_id))
        return made[-1]

    yield begin
    for attachment in made:
        attachment.end()


Attach = Callable[[str], Attachment]


def open_session(
    client: Client, session_id: str, owner: str, affinity: pool_pb2.Affinity = pool_pb2.HINT
) -> pool_pb2.Session:
    request = pool_pb2.OpenSessionRequest(session_id=session_id, client_id=owner, affinity=affinity)
    return client._pool("OpenSession", request, pool_pb2.Session, SHORT)


def live(client: Client) -> set[str]:
    return {session.session_id for session in client.status().sessions}


def gone(client: Client, session_id: str) -> Callable[[], object]:
    return lambda: session_id not in live(client)


def outlives(client: Client, session_id: str) -> None:
    """See that a session is there after the grace period of a client that came and went now."""
    open_session(client, f"clock-of-{session_id}", f"clock-of-{session_id}")
    eventually(gone(client, f"clock-of-{session_id}"))
    assert session_id in live(client)


def test_first_message_tells_the_grace_period(attach: Attach) -> None:
    assert attach("a").first.grace.ToTimedelta().total_seconds() == GRACE_SECONDS


def test_sessions_and_worlds_end_with_their_client(client: Client, attach: Attach) -> None:
    attachment = attach("mortal")
    strict = open_session(client, "mortal-strict", "mortal", pool_pb2.STRICT_QUEUE)
    assert strict.client_id == "mortal"
    client.send(
        client.endpoint,
        FAKE + "Echo",
        b"",
        SHORT,
        (("vllm-session-id", "mortal-by-use"), ("vllm-client-id", "mortal")),
    )
    open_session(client, "free", "")
    request = pool_pb2.StartWorldRequest(tensor_parallel_size=2, client_id="mortal")
    world = client._pool("StartWorld", request, pool_pb2.World, None)
    outlives(client, "mortal-strict")
    attachment.end()
    eventually(lambda: live(client) == {"free"} or live(client))
    eventually(lambda: not any(alive(rank.pid) for rank in world.ranks))
    with pytest.raises(BridgeError, match="ended with its client 'mortal'") as caught:
        client.session("mortal-strict")
    assert caught.value.reason == "session_closed"
    # Its objects are freed on the rank too.
    with connect(strict.endpoint) as direct:
        assert "mortal-strict" not in json.loads(
            direct.send(strict.endpoint, FAKE + "Sessions", b"", SHORT)
        )
    client.session("free").close()


def test_client_that_returns_keeps_what_it_has(client: Client, attach: Attach) -> None:
    first = attach("returns")
    open_session(client, "kept", "returns")
    first.end()
    attach("returns")
    outlives(client, "kept")


def test_last_stream_counts(client: Client, attach: Attach) -> None:
    first, second = attach("twofold"), attach("twofold")
    open_session(client, "shared", "twofold")
    first.end()
    outlives(client, "shared")
    second.end()
    eventually(gone(client, "shared"))


def test_grace_period_begins_when_a_client_owns_before_it_attaches(
    client: Client, attach: Attach
) -> None:
    open_session(client, "early", "not-yet")
    attach("not-yet")
    outlives(client, "early")
    open_session(client, "never", "never-attached")
    eventually(gone(client, "never"))


def test_session_passes_to_another_client_only_when_its_own_is_away(
    client: Client, attach: Attach
) -> None:
    old = attach("old")
    attach("new")
    open_session(client, "heirloom", "old")
    assert open_session(client, "heirloom", "new").client_id == "old"
    assert open_session(client, "heirloom", "").client_id == "old"
    old.end()
    eventually(lambda: open_session(client, "heirloom", "new").client_id == "new")
    outlives(client, "heirloom")


@pytest.mark.parametrize("client_id", ["", "with space", "x" * 201, "ümlaut"])
def test_bad_client_ids(client: Client, attach: Attach, client_id: str) -> None:
    with pytest.raises(BridgeError, match="1 to 200 printable") as caught:
        attach(client_id)
    assert caught.value.reason == "invalid_client_id"
    if client_id:
        with pytest.raises(BridgeError, match="1 to 200 printable"):
            open_session(client, "", client_id)


def test_attachments_have_a_limit(attach: Attach) -> None:
    streams: list[Attachment] = []

    def four() -> object:
        # Streams of the tests before may still be ending.
        with contextlib.suppress(BridgeError):
            streams.append(attach("many"))
        return len(streams) == 4

    eventually(four)
    with pytest.raises(BridgeError, match="at most 4") as caught:
        attach("one-more")
    assert caught.value.reason == "too_many_attachments"
    assert caught.value.details["limit"] == 4


def test_stream_ends_with_the_server(start: Callable[..., Pool]) -> None:
    pool = start()
    attachment = Attachment(pool.endpoint, "last")
    pool.process.terminate()
    assert attachment.ended().reason == "pool_stopping"
    attachment.end()
    assert pool.process.wait(10) == 0
