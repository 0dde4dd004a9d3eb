"""Calls in parts: tensors that are too large for one message."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
import torch
from pool_harness import SHORT, Pool, connect, eventually

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.codec import chunks, tensors
from vllm_bridge.codec.calls import encode_term
from vllm_bridge.codec.chunks import ChunksMalformed, ChunkStorage
from vllm_bridge.codec.errors import BridgeError, from_rpc_error
from vllm_bridge.rank import transfers
from vllm_bridge.rank.transfers import MAX_STREAMS, Transfers
from vllm_bridge.transport.metadata import METHOD, SESSION_ID
from vllm_distributed.tensors.raw_bytes import bytes_of

pytestmark = pytest.mark.wire

Part = rank_pb2.CallPart


def parts(*given: Part) -> Iterator[bytes]:
    return iter([part.SerializeToString() for part in given])


def test_bytes_arrive_in_any_pieces() -> None:
    storage = ChunkStorage()
    data = bytes(range(100))
    first = Part(message=b"request", sizes=[60, 0, 40])
    pieces = [data[:1], data[1:60], data[60:99], data[99:]]
    assert storage.receive(parts(first, *(Part(data=piece) for piece in pieces))) == b"request"
    for index, wanted in enumerate([data[:60], b"", data[60:]]):
        message = types_pb2.Tensor(dtype="u8", shape=[len(wanted)])
        message.chunks.index = index
        value = tensors.from_message(message, storage)
        assert bytes(value.tolist()) == wanted
        # Its memory is the tensor's own: it is not given to a second one.
        if wanted:
            with pytest.raises(BridgeError, match="used before"):
                tensors.from_message(message, storage)


@pytest.mark.parametrize(
    "given",
    [
        [],
        [Part(message=b"x", sizes=[4])],
        [Part(message=b"x", sizes=[4]), Part(data=b"12")],
        [Part(message=b"x", sizes=[4]), Part(data=b"12345")],
        [Part(message=b"x", sizes=[4]), Part()],
        [Part(message=b"x", sizes=[4]), Part(data=b"1234"), Part(data=b"5")],
        [Part(message=b"x"), Part(data=b"1")],
        [Part(message=b"x", sizes=[2, 2]), Part(data=b"1234")],
        [Part(message=b"x", sizes=[5 << 20]), Part(data=bytes(5 << 20))],
        [Part(message=b"x", sizes=[1] * (chunks.MAX_TENSORS + 1))],
        [Part(message=b"x", sizes=[2**64 - 1])],
        [Part(message=b"x", sizes=[2**62])],
    ],
    ids=lambda given: ", ".join(f"{list(part.sizes)[:2]} {len(part.data)}" for part in given),
)
def test_parts_that_do_not_go_together(given: list[Part]) -> None:
    with pytest.raises(ChunksMalformed):
        ChunkStorage().receive(parts(*given))


def test_results_leave_in_parts_of_what_they_were() -> None:
    storage = ChunkStorage()
    kept = torch.arange(3 * chunks.PART_BYTES + 5, dtype=torch.uint8)
    wanted = bytes_of(kept)
    assert tensors.to_message(kept, storage).HasField("chunks")
    assert tensors.to_message(torch.zeros(3), storage).HasField("data")
    kept.zero_()
    first, *others = [Part.FromString(part) for part in storage.parts(b"response")]
    assert first == Part(message=b"response", sizes=[len(wanted)])
    assert [len(part.data) for part in others] == [chunks.PART_BYTES] * 3 + [5]
    assert b"".join(part.data for part in others) == wanted


# --- with real ranks ------------------------------------------------------------------------------


@pytest.fixture
def real(real_pool: Pool) -> Iterator[Client]:
    with connect(real_pool.endpoint) as client:
        client.open_session(affinity="strict_queue").close()  # torch has been loaded
        yield client


CALL = "/vllm.bridge.v1.Objects/Call"


def stream(
    client: Client,
    session: Session,
    given: Iterator[bytes],
    *,
    method: str = CALL,
    timeout: float = 30,
) -> Any:
    """The call, through the pool unless the session has an endpoint of its own."""
    with grpc.insecure_channel(
        session.info.endpoint or client.endpoint, options=[("grpc.max_receive_message_length", -1)]
    ) as channel:
        metadata = ((SESSION_ID, session.session_id), (METHOD, method))
        call = channel.stream_stream("/vllm.bridge.v1.Chunks/Call")
        try:
            return list(call(given, timeout=timeout, metadata=metadata))
        except grpc.RpcError as error:
            raise from_rpc_error(error) from None


def request_of(name: str, *values: torch.Tensor) -> list[Part]:
    """The parts of a call of that function."""
    flats = [bytes_of(value) for value in values]
    args = encode_term([torch.zeros(0) for _ in values])
    for index, value in enumerate(values):
        args.tensors[index].CopyFrom(tensors.describe(value))
        args.tensors[index].chunks.index = index
    request = rank_pb2.CallRequest(qualified_name=name, args=args)
    first = Part(message=request.SerializeToString(), sizes=[len(flat) for flat in flats])
    step = chunks.PART_BYTES
    data = [flat[start : start + step] for flat in flats for start in range(0, len(flat), step)]
    return [first, *(Part(data=piece) for piece in data)]


@pytest.mark.parametrize("affinity", ["hint", "strict_queue"])
def test_there_and_back(real: Client, affinity: str) -> None:
    value = torch.arange((9 << 20) // 8)
    with real.open_session(affinity=affinity) as session:
        answer = stream(real, session, parts(*request_of("torch.neg", value)))
        first, *others = map(Part.FromString, answer)
        assert list(first.sizes) == [9 << 20]
        assert b"".join(part.data for part in others) == bytes_of(-value)
        # What a function raises comes as from any other call.
        with pytest.raises(BridgeError) as caught:
            stream(real, session, parts(*request_of("torch.mm", value)))
        assert caught.value.reason == "type_error" or caught.value.python_type


@pytest.mark.parametrize("affinity", ["hint", "strict_queue"])
def test_what_is_no_call_in_parts(real: Client, affinity: str) -> None:
    value = torch.zeros(2 << 20, dtype=torch.uint8)
    good = request_of("torch.neg", value)
    with real.open_session(affinity=affinity) as session:
        for bad in (good[:2], [*good, Part(data=b"more")], [Part(message=b"\xff")]):
            with pytest.raises(BridgeError) as caught:
                stream(real, session, parts(*bad))
            assert caught.value.reason == "malformed_request"
        for method in ("", "/grpc.health.v1.Health/Check", "/vllm.bridge.v1.Chunks/Call"):
            with pytest.raises(BridgeError, match=r"UNIMPLEMENTED|not found|Method"):
                stream(real, session, parts(*good), method=method)
        # Nothing of it is left in the way of the next call.
        assert session.run("torch.add", torch.ones(2), 1).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("affinity", ["hint", "strict_queue"])
def test_a_client_that_stops_midway_holds_up_nobody(real: Client, affinity: str) -> None:
    with real.open_session(affinity=affinity) as session:
        read, write = os.pipe()

        def stuck() -> Iterator[bytes]:
            yield Part(message=b"", sizes=[8 << 20]).SerializeToString()
            yield Part(data=bytes(1 << 20)).SerializeToString()
            os.read(read, 1)

        try:
            with pytest.raises(BridgeError, match=r"(?i)deadline"):
                stream(real, session, stuck(), timeout=0.5)
        finally:
            os.close(write)
        assert session.run("torch.add", torch.ones(2), 1).tolist() == [2.0, 2.0]
        eventually(lambda: len(session.inspect().calls) == 0)
        os.close(read)


@contextlib.contextmanager
def streams_that_never_end(
    session: Session, count: int, *given: Part, at: str = ""
) -> Iterator[list[Any]]:
    """So many calls in parts, of which no more comes."""
    over = threading.Event()

    def stuck() -> Iterator[bytes]:
        yield from parts(*given)
        over.wait(60)

    with grpc.insecure_channel(session.info.endpoint or at) as channel:
        grpc.channel_ready_future(channel).result(10)
        metadata = ((SESSION_ID, session.session_id), (METHOD, CALL))
        call = channel.stream_stream("/vllm.bridge.v1.Chunks/Call")
        calls = [call(stuck(), metadata=metadata) for _ in range(count)]
        try:
            yield calls
        finally:
            for each in calls:
                each.cancel()
            over.set()


@pytest.mark.parametrize("given", [0, 2])
def test_streams_that_never_end_keep_no_call_in_parts_from_the_rank(
    real: Client, given: int
) -> None:
    begun = [Part(message=b"", sizes=[8 << 20]), Part(data=bytes(1 << 20))][:given]
    value = torch.arange((4 << 20) // 8)
    with real.open_session(affinity="strict_queue") as session:
        with streams_that_never_end(session, 8, *begun) as calls:
            for each in calls:
                each.initial_metadata()
            answer = stream(real, session, parts(*request_of("torch.neg", value)), timeout=20)
            others = map(Part.FromString, answer[1:])
            assert b"".join(part.data for part in others) == bytes_of(-value)
        # Nothing of them is left.
        answer = stream(real, session, parts(*request_of("torch.neg", value)))
        assert len(answer) == 5


def test_streams_that_send_nothing_keep_no_rank_from_others(real: Client) -> None:
    with real.open_session() as session:
        assert not session.info.endpoint
        with streams_that_never_end(session, 8, at=real.endpoint):
            assert session.run("torch.add", torch.ones(2), 1, timeout=SHORT).tolist() == [2.0] * 2


def test_more_streams_than_there_may_be_are_refused_by_name(real: Client) -> None:
    value = torch.arange((4 << 20) // 8)
    with real.open_session(affinity="strict_queue") as session:
        with streams_that_never_end(session, MAX_STREAMS) as calls:
            for each in calls:
                each.initial_metadata()
            with pytest.raises(BridgeError) as caught:
                stream(real, session, parts(*request_of("torch.neg", value)), timeout=20)
            assert caught.value.reason == "queue_full"
            assert caught.value.details["depth"] == MAX_STREAMS
        eventually(lambda: served(real, session, value))


def served(client: Client, session: Session, value: torch.Tensor) -> bool:
    try:
        return len(stream(client, session, parts(*request_of("torch.neg", value)))) == 5
    except BridgeError as error:
        if error.reason != "queue_full":
            raise
        return False


@contextlib.contextmanager
def in_parts(behaviour: Any, threads: ThreadPoolExecutor) -> Iterator[Any]:
    """A server whose one method is that behaviour; the method, for a client."""
    behaviour.experimental_thread_pool = threads

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            return grpc.stream_stream_rpc_method_handler(behaviour)

    server = grpc.server(ThreadPoolExecutor(1), handlers=[Handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel.stream_stream("/any/thing")
    server.stop(0)


def test_a_request_that_stalls_is_given_up_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(transfers, "STALLED_SECONDS", 1.0)
    own = Transfers()
    over = threading.Event()
    failed: list[BridgeError] = []

    def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            with own.begin(context) as transfer:
                yield from transfer.received(requests)
        except BridgeError as error:
            failed.append(error)
            context.abort(error.status, error.message)

    def stalling() -> Iterator[bytes]:
        yield b"one"
        over.wait(30)

    with in_parts(behaviour, own.threads) as call:
        answers = call(stalling())
        assert next(answers) == b"one"
        with pytest.raises(grpc.RpcError):
            next(answers)
        over.set()
    assert [error.reason for error in failed] == ["transfer_stalled"]
    assert own._places.acquire(blocking=False)


def test_an_answer_that_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(transfers, "STALLED_SECONDS", 0.3)
    own = Transfers()
    ended = threading.Event()

    def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        context.add_callback(ended.set)
        with own.begin(context) as transfer:
            yield from own.sent(transfer, iter([bytes(1 << 20)] * 1_000))

    with in_parts(behaviour, own.threads) as call:
        answers = call(iter(()))
        assert ended.wait(20), "it waits for its reader for ever"
        with pytest.raises(grpc.RpcError) as caught:
            list(answers)
        assert caught.value.code() is grpc.StatusCode.CANCELLED
    eventually(lambda: not own._watched)
    assert [own._places.acquire(blocking=False) for _ in range(4)] == [True] * 4
