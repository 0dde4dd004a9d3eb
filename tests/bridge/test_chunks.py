"""Calls in parts: tensors that are too large for one message."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
import torch
from pool_harness import Pool, connect, eventually

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.codec import tensors
from vllm_bridge.codec.calls import encode_term
from vllm_bridge.codec.errors import BridgeError, from_rpc_error
from vllm_bridge.metadata import METHOD, SESSION_ID
from vllm_bridge.rank import chunks
from vllm_bridge.rank.chunks import ChunksMalformed, ChunkStorage
from vllm_distributed.tensor_bytes import bytes_of

pytestmark = pytest.mark.timeout(90)

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
    ids=str,
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
