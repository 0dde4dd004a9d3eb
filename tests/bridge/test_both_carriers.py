"""The whole surface over gRPC and in frames: the same answers, and the same errors.

Two worlds of one rank live the same life, one over gRPC, one in frames. Every method is called
with nothing, with what is no request, and with whatever fits its fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
import torch
from frames_client import CallFailed, FramesConnection, frames_beside
from google.protobuf.message import Message
from pool_harness import connect, start_pool

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge._generated.dispatch import METHODS
from vllm_bridge.codec import tensors
from vllm_bridge.codec.calls import decode_result, encode_call, encode_term
from vllm_bridge.codec.errors import detail_in
from vllm_bridge.rank.services import object_methods
from vllm_bridge.transport import metadata as keys

pytestmark = [pytest.mark.wire, pytest.mark.timeout(300)]

SECONDS = 20.0
CHUNKS = "/vllm.bridge.v1.Chunks/Call"

WAITS = re.compile("stateless|Stateless|init_distributed_environment|MessageQueue|send|recv")
"""Not called with whatever fits: they would wait for others, at places that do not exist."""

CHANGING = re.compile("Fake$|MqBroadcaster|MessageQueue/")
"""Their answers are tensors that nothing has been written to, or have random names and keys."""

LAST = re.compile("destroy|Destroy|cleanup|Cleanup")
"""Called when everything else has been."""


class Outcome(NamedTuple):
    """How a call ended, as its caller sees it."""

    code: int
    message: str
    body: bytes
    detail: types_pb2.ErrorDetail | None


class Carrier:
    """One of the two, and the session of the rank behind it."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id

    def metadata(self, more: dict[str, str]) -> dict[str, str]:
        return {keys.SESSION_ID: self.session_id, keys.CALL_ID: "call"} | more

    def call(self, path: str, body: bytes, **more: str) -> Outcome:
        raise NotImplementedError

    def call_in_parts(self, path: str, parts: list[bytes], **more: str) -> list[bytes] | Outcome:
        raise NotImplementedError


class Grpc(Carrier):
    """Over gRPC."""

    def __init__(self, session_id: str, endpoint: str) -> None:
        super().__init__(session_id)
        self._channel = grpc.insecure_channel(endpoint)

    def call(self, path: str, body: bytes, **more: str) -> Outcome:
        metadata = tuple(self.metadata(more).items())
        try:
            answer = self._channel.unary_unary(path)(body, timeout=SECONDS, metadata=metadata)
        except grpc.RpcError as error:
            return _failed(error)
        return Outcome(0, "", answer, None)

    def call_in_parts(self, path: str, parts: list[bytes], **more: str) -> list[bytes] | Outcome:
        metadata = tuple((self.metadata(more) | {keys.METHOD: path}).items())
        call = self._channel.stream_stream(CHUNKS)
        try:
            return list(call(iter(parts), timeout=SECONDS, metadata=metadata))
        except grpc.RpcError as error:
            return _failed(error)


def _failed(error: Any) -> Outcome:
    detail = detail_in(error.trailing_metadata() or ())
    return Outcome(error.code().value[0], error.details(), b"", detail)


class Frames(Carrier):
    """In frames."""

    def __init__(self, session_id: str, endpoint: str) -> None:
        super().__init__(session_id)
        self._connection = FramesConnection(endpoint, SECONDS + 10)

    def call(self, path: str, body: bytes, **more: str) -> Outcome:
        try:
            answer = self._connection.call(path, body, self.metadata(more), SECONDS)
        except CallFailed as error:
            return _failure(error)
        return Outcome(0, "", answer, None)

    def call_in_parts(self, path: str, parts: list[bytes], **more: str) -> list[bytes] | Outcome:
        metadata = self.metadata(more) | {keys.METHOD: path}
        call = self._connection.open(CHUNKS, metadata, SECONDS)
        self._connection.messages(call, parts)
        try:
            return self._connection.answers(call)
        except CallFailed as error:
            return _failure(error)


def _failure(error: CallFailed) -> Outcome:
    detail = error.failure.error if error.failure.HasField("error") else None
    return Outcome(error.code, error.message, b"", detail)


class Pair(NamedTuple):
    """The two, and what is the same thing in both."""

    over_grpc: Carrier
    in_frames: Carrier

    def compare(self, path: str, body: bytes, **more: str) -> Outcome:
        """Call it over both."""
        one = self.over_grpc.call(path, body, **more)
        other = self.in_frames.call(path, body, **more)
        if CHANGING.search(path) and one.code == 0:
            one, other = (outcome._replace(body=outcome.body[:10]) for outcome in (one, other))
        assert plain(one) == plain(other), (path, body, more)
        return other

    def compare_in_parts(self, path: str, parts: list[bytes], **more: str) -> Any:
        one = self.over_grpc.call_in_parts(path, parts, **more)
        other = self.in_frames.call_in_parts(path, parts, **more)
        assert plain(one) == plain(other), (path, more)
        return other


def plain(outcome: list[bytes] | Outcome) -> object:
    """Without what two processes differ in: their ids, ports, addresses in memory, directories."""
    if isinstance(outcome, list):
        return outcome
    said = outcome.detail.SerializeToString(deterministic=True) if outcome.detail else b""
    return (
        outcome.code,
        _without(outcome.message),
        _without(outcome.body.decode("latin-1")),
        _without(said.decode("latin-1")),
    )


def _without(text: str) -> str:
    text = re.sub(r"vllm-bridge-\w+", "DIRECTORY", text)
    return re.sub(r"0x[0-9a-f]+|[0-9]{4,}", "NUMBER", text)


@pytest.fixture(scope="module")
def pair(short_tmp: Path) -> Iterator[Pair]:
    pools = [start_pool(short_tmp / name, "--size", "0", entry_point=None) for name in "gf"]
    try:
        ranks = []
        for pool in pools:
            world = connect(pool.endpoint).start_world(world_id="same")
            ranks.append(world.ranks[0])
        one, other = ranks
        assert one.session_id == other.session_id
        yield Pair(
            Grpc(one.session_id, one.info.endpoint),
            Frames(other.session_id, frames_beside(other.info.endpoint)),
        )
    finally:
        for pool in pools:
            pool.stop()


def samples(message: Message, group: types_pb2.GroupCoordinator) -> None:
    """Fill in whatever fits the type of each field."""
    for field in message.DESCRIPTOR.fields:
        kind = field.message_type.name if field.message_type else ""
        if kind == "GroupCoordinator":
            getattr(message, field.name).CopyFrom(group)
        elif kind == "Tensor":
            getattr(message, field.name).CopyFrom(tensors.to_message(torch.ones(4)))
        elif kind == "Term":
            getattr(message, field.name).CopyFrom(encode_term([1, "two", None]))
        elif field.cpp_type == field.CPPTYPE_INT64 and field.has_presence:
            setattr(message, field.name, 0)


def test_every_method_answers_the_same(pair: Pair) -> None:
    found = pair.compare(*encode_call("get_tp_group", (), {}))
    group = types_pb2.GroupCoordinator(ref=decode_result("get_tp_group", found.body).to_ref())
    ends: dict[int, int] = {}
    methods = sorted(
        (METHODS | object_methods()).items(), key=lambda item: (bool(LAST.search(item[0])), item[0])
    )
    for path, dispatch in methods:
        bodies = [b"", b"\xff\xff\xff"]
        receiver = dispatch.request()
        if "receiver" in {field.name for field in receiver.DESCRIPTOR.fields} and (
            receiver.DESCRIPTOR.fields_by_name["receiver"].message_type.name == "GroupCoordinator"
        ):
            receiver.receiver.CopyFrom(group)
            bodies.append(receiver.SerializeToString())
        if not WAITS.search(dispatch.name):
            filled = dispatch.request()
            samples(filled, group)
            bodies.append(filled.SerializeToString())
        for body in bodies:
            for more in ({}, {keys.TENSORS: keys.TENSORS_AS_REFS}):
                code = pair.compare(path, body, **more).code
                ends[code] = ends.get(code, 0) + 1
    # Enough of them work, and enough fail, in every way there is.
    assert ends[0] > 100, ends
    assert ends[grpc.StatusCode.INVALID_ARGUMENT.value[0]] > 300, ends
    assert ends[grpc.StatusCode.UNKNOWN.value[0]] > 20, ends
    assert grpc.StatusCode.DEADLINE_EXCEEDED.value[0] not in ends


REQUEST = encode_call("get_pp_indices", (61, 0, 4), {})


@pytest.mark.parametrize(
    "more",
    [
        {keys.SESSION_ID: "nobody's"},
        {keys.SESSION_ID: ""},
        {keys.EPOCH: "77"},
        {keys.EPOCH: "no number"},
        {keys.TURN: "no number"},
        {keys.TURN: "-1"},
        {keys.TENSORS: "anything"},
        {keys.SHARED_MEMORY: "no key"},
        {keys.AFFINITY: "anything"},
        {"x-unknown": "y"},
        {keys.CALL_ID: "c" * 300},
    ],
    ids=str,
)
def test_metadata_mean_the_same(pair: Pair, more: dict[str, str]) -> None:
    pair.compare(*REQUEST, **more)
    pair.compare(*encode_call("tensor_model_parallel_all_reduce", (torch.ones(2),), {}), **more)


@pytest.mark.parametrize(
    "path", ["", "/", "/no.such/Method", CHUNKS, "/vllm.bridge.v1.Pool/Status", "Distributed"]
)
def test_unknown_methods_fail_the_same(pair: Pair, path: str) -> None:
    if path.startswith("/"):
        assert pair.compare(path, b"").code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    else:
        # gRPC itself sends no such call.
        outcome = pair.in_frames.call(path, b"")
        assert outcome.code == grpc.StatusCode.UNIMPLEMENTED.value[0]


def part(**fields: Any) -> bytes:
    return rank_pb2.CallPart(**fields).SerializeToString()


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"\xff"],
        [part(message=b"\xff")],
        [part(message=REQUEST[1])],
        [part(message=REQUEST[1]), part(data=b"x")],
        [part(message=REQUEST[1], sizes=[4])],
        [part(message=REQUEST[1], sizes=[4]), part(data=b"1234")],
        [part(message=REQUEST[1], sizes=[2**62])],
    ],
    ids=lambda parts: f"{len(parts)} parts",
)
def test_calls_in_parts_answer_the_same(pair: Pair, parts: list[bytes]) -> None:
    pair.compare_in_parts(REQUEST[0], parts)


def test_tensors_in_parts_come_back_the_same(pair: Pair) -> None:
    size = 3 << 20
    request = rank_pb2.CallRequest(qualified_name="torch.neg", kwargs=encode_term({}))
    request.args.CopyFrom(encode_term([torch.zeros(0, dtype=torch.uint8)]))
    request.args.tensors[0].shape[:] = [size]
    request.args.tensors[0].ClearField("data")
    request.args.tensors[0].chunks.index = 0
    parts = [part(message=request.SerializeToString(), sizes=[size])]
    parts += [part(data=bytes([number]) * (1 << 20)) for number in range(3)]
    answer = pair.compare_in_parts("/vllm.bridge.v1.Objects/Call", parts)
    assert isinstance(answer, list), answer
    assert len(answer) == 4
    assert rank_pb2.CallPart.FromString(answer[2]).data == bytes([255]) * (1 << 20)
    pair.compare_in_parts("/no.such/Method", parts)
