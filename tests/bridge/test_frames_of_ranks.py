"""Frames of real ranks: the socket's life, the gate, confinement, and callers that leave."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from frames_client import CallFailed, FramesConnection, frames_beside
from pool_harness import Pool, connect, eventually

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client import Client
from vllm_bridge.client import World as ClientWorld
from vllm_bridge.codec import tensors
from vllm_bridge.codec.calls import decode_result, encode_call, encode_term
from vllm_bridge.rank.process import SWITCH_SECONDS
from vllm_bridge.transport.metadata import SESSION_ID

pytestmark = pytest.mark.timeout(90)

ALL_REDUCE = encode_call("tensor_model_parallel_all_reduce", (torch.ones(3),), {})
INSPECT = "/vllm.bridge.v1.Rank/Inspect"
WITHDRAW = "/vllm.bridge.v1.Rank/Withdraw"


@pytest.fixture
def real(real_pool: Pool) -> Iterator[Client]:
    with connect(real_pool.endpoint) as client:
        yield client


class Rank:
    """One rank of a world, in frames."""

    def __init__(self, world: ClientWorld, number: int) -> None:
        rank = world.ranks[number]
        self.metadata = {SESSION_ID: rank.session_id}
        self.connection = FramesConnection(frames_beside(rank.info.endpoint))

    def begin(self, call: tuple[str, bytes], timeout_s: float = 0.0, **more: str) -> int:
        path, body = call
        return self.connection.begin(path, body, self.metadata | more, timeout_s)

    def sum(self, call: int) -> list[float]:
        answer = self.connection.answer(call)
        found: list[float] = decode_result("tensor_model_parallel_all_reduce", answer).tolist()
        return found

    def inspect(self) -> rank_pb2.InspectResponse:
        answer = self.connection.call(INSPECT, b"", self.metadata)
        return rank_pb2.InspectResponse.FromString(answer)


def test_collectives_pass_the_gate_and_a_caller_that_leaves_meets_nobody(real: Client) -> None:
    with real.start_world(tensor_parallel_size=2) as world:
        one, other = Rank(world, 0), Rank(world, 1)
        calls = [rank.begin(ALL_REDUCE, 20) for rank in (one, other)]
        assert [one.sum(calls[0]), other.sum(calls[1])] == [[2.0] * 3] * 2

        # One that waits at the gate when its connection ends.
        leaving = Rank(world, 0)
        leaving.begin(ALL_REDUCE)
        eventually(lambda: bool(one.inspect().calls))
        leaving.connection.close()
        eventually(lambda: not one.inspect().calls)
        assert one.inspect().ended[0].state == rank_pb2.WITHDRAWN

        # One that is withdrawn, while it waits, over the same connection.
        withdrawn = other.begin(ALL_REDUCE, **{"vllm-call-id": "mine"})
        eventually(lambda: bool(other.inspect().calls))
        request = rank_pb2.WithdrawRequest(
            session_id=other.metadata[SESSION_ID], call_id="mine"
        ).SerializeToString()
        found = other.connection.call(WITHDRAW, request, other.metadata)
        state = rank_pb2.WithdrawResponse.FromString(found).call.state
        assert state == rank_pb2.WITHDRAWN
        with pytest.raises(CallFailed) as caught:
            other.sum(withdrawn)
        assert caught.value.reason == "withdrawn"

        # Nothing of all this is left behind: the world goes on.
        calls = [rank.begin(ALL_REDUCE, 20) for rank in (one, other)]
        assert [one.sum(calls[0]), other.sum(calls[1])] == [[2.0] * 3] * 2
        for rank in (one, other):
            rank.connection.close()


@pytest.mark.timing
def test_at_the_gate_the_reason_comes_before_the_bare_deadline_does(real: Client) -> None:
    with real.start_world(tensor_parallel_size=2) as world:
        other = Rank(world, 1)
        alone = other.begin(ALL_REDUCE, 2)
        with pytest.raises(CallFailed) as caught:
            other.sum(alone)
        assert caught.value.reason == "deadline_exceeded"
        assert "Not arrived: rank 0" in caught.value.message
        other.connection.close()


def test_the_socket_is_private_and_goes_with_its_rank(start: Callable[..., Pool]) -> None:
    pool = start("--size", "1", entry_point=None)
    with connect(pool.endpoint) as client:
        session = client.open_session(affinity="strict_queue")
        place = Path(session.info.frames_endpoint.removeprefix("unix:"))
        assert place == Path(frames_beside(session.info.endpoint).removeprefix("unix:"))
        assert stat.S_ISSOCK(place.stat().st_mode)
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        connection = FramesConnection(session.info.frames_endpoint)
        metadata = {SESSION_ID: session.session_id}
        path, body = encode_call("get_pp_indices", (61, 1, 4), {})
        answer = connection.call(path, body, metadata)
        assert decode_result("get_pp_indices", answer) == (15, 30)
    assert pool.stop() == 0
    assert connection.socket.recv(1) == b""
    assert not place.exists()


def test_threads_of_a_rank_take_turns_often_enough(
    start: Callable[..., Pool], tmp_path: Path
) -> None:
    """An inline call beside Python code waits twice for the interpreter, and 5 ms each time by
    Python's own setting. How long it waits is measured where nothing else runs."""
    pool = start("--size", "1", "--allow", "failing_ranks.", entry_point=None)
    with connect(pool.endpoint) as client:
        session = client.open_session(affinity="strict_queue")
        assert session.run("failing_ranks.switch_interval") == pytest.approx(SWITCH_SECONDS)
        assert SWITCH_SECONDS <= 0.0002
        # And a call in Python code does not keep others from being answered.
        metadata = {SESSION_ID: session.session_id}
        path, body = encode_call("get_pp_indices", (61, 1, 4), {})
        going = tmp_path / "going"
        going.touch()
        spin = rank_pb2.CallRequest(
            qualified_name="failing_ranks.spin",
            args=encode_term([str(going)]),
            kwargs=encode_term({}),
        ).SerializeToString()
        with FramesConnection(session.info.frames_endpoint) as connection:
            running = connection.begin("/vllm.bridge.v1.Objects/Call", spin, metadata)
            inspected = []
            while not inspected:
                answer = connection.call(INSPECT, b"", metadata)
                inspected = list(rank_pb2.InspectResponse.FromString(answer).calls)
            for _ in range(20):
                connection.call(path, body, metadata)
            answer = connection.call(INSPECT, b"", metadata)
            assert rank_pb2.InspectResponse.FromString(answer).calls, "it still runs"
            going.unlink()
            connection.answer(running)


def test_tensors_stay_in_the_rank_and_go_with_their_session(start: Callable[..., Pool]) -> None:
    real = start("--size", "1", entry_point=None).client()
    session = real.open_session(affinity="strict_queue")
    metadata: dict[str, str | bytes] = {SESSION_ID: session.session_id, "vllm-tensors": "ref"}
    request = rank_pb2.CallRequest(
        qualified_name="torch.ones", args=encode_term([1000]), kwargs=encode_term({})
    ).SerializeToString()
    with FramesConnection(session.info.frames_endpoint) as connection:
        answer = connection.call("/vllm.bridge.v1.Objects/Call", request, metadata)
        kept = types_pb2.Term.FromString(answer).tensors[0].ref
        assert kept.id
        fetch = rank_pb2.FetchRequest(object=kept).SerializeToString()
        fetched = connection.call("/vllm.bridge.v1.Objects/Fetch", fetch, metadata)
        value = tensors.from_message(types_pb2.Tensor.FromString(fetched))
        assert value.tolist() == [1.0] * 1000
        stranger = real.open_session(affinity="strict_queue")
        with pytest.raises(CallFailed) as caught:
            connection.call(
                "/vllm.bridge.v1.Objects/Fetch", fetch, {SESSION_ID: stranger.session_id}
            )
        assert caught.value.reason == "foreign_ref"
        stranger.close()
        session.close()
        with pytest.raises(CallFailed) as caught:
            connection.call("/vllm.bridge.v1.Objects/Fetch", fetch, metadata)
        assert caught.value.reason == "session_not_found"
