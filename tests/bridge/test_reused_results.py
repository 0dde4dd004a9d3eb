"""Results that stay in their rank: written where the caller wants, or into memory used before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from pool_harness import connect, start_pool

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.codec.calls import (
    RemoteObject,
    RemoteObjects,
    decode_result,
    decode_term,
    encode_call,
    encode_term,
)
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.rank.sessions import RankSessions
from vllm_bridge.transport.metadata import TENSORS, TENSORS_AS_REFS
from vllm_distributed.tensors.outputs import empty

LIMIT = timedelta(seconds=30)
KEPT = ((TENSORS, TENSORS_AS_REFS),)
ROWS = 2**20  # floats: 4 MiB, a thousand pages


@pytest.fixture(scope="module")
def client(short_tmp: Path) -> Iterator[Client]:
    pool = start_pool(short_tmp / "reuse", "--allow", "resource.", entry_point=None)
    with connect(pool.endpoint) as client:
        client.open_session(affinity="strict_queue").close()  # torch has been loaded
        yield client
    pool.stop()


def kept(session: Session, name: str, *args: object, **kwargs: object) -> RemoteObject:
    """The result of a call of the module, as an object in its rank."""
    path, request = encode_call(name, args, kwargs)
    result = decode_result(name, session.send(path, request, LIMIT, KEPT))
    assert isinstance(result, RemoteObject)
    return result


def made(session: Session, qualified_name: str, *args: object, **kwargs: object) -> RemoteObject:
    """The result of any function, as an object in its rank."""
    request = rank_pb2.CallRequest(
        qualified_name=qualified_name, args=encode_term(list(args)), kwargs=encode_term(kwargs)
    ).SerializeToString()
    answer = session.send("/vllm.bridge.v1.Objects/Call", request, LIMIT, KEPT)
    (tensor,) = types_pb2.Term.FromString(answer).tensors
    return RemoteObjects().get(tensor.ref)


def release(session: Session, *objects: RemoteObject) -> None:
    request = rank_pb2.ReleaseRequest(objects=[one.to_ref() for one in objects])
    answer = session.send("/vllm.bridge.v1.Objects/Release", request.SerializeToString(), LIMIT)
    assert rank_pb2.ReleaseResponse.FromString(answer).released == len(objects)


def value(session: Session, tensor: RemoteObject) -> torch.Tensor:
    found = session.run("torch.clone", tensor)
    assert isinstance(found, torch.Tensor)
    return found


def method(session: Session, tensor: RemoteObject, name: str) -> Any:
    request = rank_pb2.CallRequest(
        object=tensor.to_ref(), method=name, args=encode_term([]), kwargs=encode_term({})
    )
    answer = session.send("/vllm.bridge.v1.Objects/Call", request.SerializeToString(), LIMIT)
    return decode_term(types_pb2.Term.FromString(answer))


def place(session: Session, tensor: RemoteObject) -> int:
    return int(method(session, tensor, "data_ptr"))


def faults(session: Session) -> int:
    """Pages of new memory that the rank has touched so far."""
    usage: Any = session.run("resource.getrusage", 0)
    return int(usage[6])


def group_of(session: Session) -> RemoteObject:
    group = session.call("get_tp_group")
    assert isinstance(group, RemoteObject)
    return group


def test_out_is_a_tensor_of_the_rank(client: Client) -> None:
    def work(session: Session) -> None:
        group, rank = group_of(session), session.call("get_tensor_model_parallel_rank")
        out = made(session, "torch.zeros", 4)
        mine = torch.full((2,), float(rank + 1))
        # By value, and in the rank as well.
        assert session.call("GroupCoordinator.all_gather", group, mine, 0, out).tolist() == [
            1.0,
            1.0,
            2.0,
            2.0,
        ]
        assert value(session, out).tolist() == [1.0, 1.0, 2.0, 2.0]
        # Its own ref comes back.
        again = kept(session, "GroupCoordinator.all_gather", group, mine + 1, 0, out)
        assert again.id == out.id
        assert value(session, out).tolist() == [2.0, 2.0, 3.0, 3.0]
        # In place, which is what the input as `out` means.
        total = kept(session, "GroupCoordinator.all_reduce", group, out, out=out)
        assert total.id == out.id
        assert value(session, out).tolist() == [4.0, 4.0, 6.0, 6.0]
        outs = [made(session, "torch.zeros", 4) for _ in range(2)]
        parts = session.call("GroupCoordinator.all_gatherv", group, [mine, mine + 5], out=outs)
        assert [part.tolist() for part in parts] == [value(session, one).tolist() for one in outs]
        # One that was sent is written and forgotten: the result comes back all the same.
        sent = session.call("GroupCoordinator.all_reduce", group, mine, out=torch.zeros(2))
        assert sent.tolist() == [3.0, 3.0]

    with client.start_world(tensor_parallel_size=2) as world:
        world.run(work)


def test_a_place_that_does_not_fit_is_refused_and_nothing_hangs(client: Client) -> None:
    def work(session: Session) -> None:
        group = group_of(session)
        out = made(session, "torch.ones", 3)
        with pytest.raises(BridgeError, match=r"out has shape \[3\].*result has shape \[4\]"):
            session.call("GroupCoordinator.all_gather", group, torch.ones(2), 0, out)
        # What the gate refuses leaves it as it was.
        rank = session.call("get_tensor_model_parallel_rank")
        dtype = [torch.float32, torch.float64][rank]
        mine = made(session, "torch.zeros", 3, dtype=dtype)
        theirs = made(session, "torch.ones", 3, dtype=dtype)
        with pytest.raises(BridgeError, match="dtype"):
            session.call("GroupCoordinator.all_reduce", group, mine, theirs)
        assert value(session, theirs).tolist() == [1.0] * 3
        assert session.call("GroupCoordinator.all_reduce", group, torch.ones(1)).item() == 2

    with client.start_world(tensor_parallel_size=2) as world:
        world.run(work)


def test_a_released_result_makes_room_for_the_next(client: Client) -> None:
    def work(session: Session) -> tuple[int, int, set[int]]:
        group, mine = group_of(session), made(session, "torch.ones", ROWS)

        def reduced() -> RemoteObject:
            return kept(session, "GroupCoordinator.all_reduce", group, mine)

        first = reduced()
        places, before = {place(session, first)}, faults(session)
        release(session, first)
        for _ in range(10):
            result = reduced()
            places.add(place(session, result))
            release(session, result)
        reusing = faults(session) - before
        held, before = [reduced()], faults(session)
        for _ in range(5):
            held.append(reduced())
            method(session, held[-1], "zero_")
        holding = faults(session) - before
        assert value(session, held[0]).unique().tolist() == [2.0], "it is held"
        assert len({place(session, one) for one in held}) == 6
        return reusing, holding, places

    with client.start_world(tensor_parallel_size=2) as world:
        for reusing, holding, places in world.run(work):
            assert len(places) == 1
            pages = ROWS * 4 // 4096
            # What is touched besides is gloo's own.
            assert reusing < 5 * pages, "ten results, and none of them took new memory"
            assert holding > 4 * pages, "what is held does, each of five"


def test_a_view_keeps_the_memory_of_a_released_result(client: Client) -> None:
    def work(session: Session) -> None:
        group, mine = group_of(session), made(session, "torch.ones", ROWS)
        first = kept(session, "GroupCoordinator.all_reduce", group, mine)
        row = made(session, "torch.narrow", first, 0, 7, 5)
        where = place(session, first)
        release(session, first)
        second = kept(session, "GroupCoordinator.all_reduce", group, mine)
        assert place(session, second) != where
        method(session, second, "zero_")
        assert value(session, row).tolist() == [2.0] * 5
        release(session, row)
        third = kept(session, "GroupCoordinator.all_reduce", group, mine)
        assert place(session, third) == where

    with client.start_world(tensor_parallel_size=2) as world:
        world.run(work)


def test_results_by_value_take_nothing_from_it() -> None:
    results = RankSessions(epoch=0).results
    with results.of_call(kept=False):
        empty([ROWS], torch.float32)
    assert results.idle_bytes == 0
    with results.of_call(kept=True):
        empty([ROWS], torch.float32)
    assert results.idle_bytes == 4 * ROWS


def test_memory_goes_back_when_a_session_ends_and_can_be_used_on() -> None:
    sessions = RankSessions(epoch=0)

    def session(name: str) -> SessionObjects:
        sessions.register(name, fail_fast=False)
        objects = sessions.get(name).objects
        with sessions.results.of_call(kept=True):
            for _ in range(3):
                objects.put(empty([ROWS], torch.float32))
        return objects

    ended, other = session("ended"), session("other")
    ref = other.put(torch.ones(1))
    assert sessions.results.idle_bytes == 0
    sessions.drop("ended")
    # Also while somebody still has its table.
    assert len(ended) == 0
    assert sessions.results.idle_bytes == 0
    assert len(other) == 4
    assert other.get(ref) is not None
    other.forget_all()
    assert sessions.results.idle_bytes == 12 * ROWS, "of results that came back since"
    with sessions.results.of_call(kept=True):
        tensor = empty([ROWS], torch.float32)
    assert sessions.results.idle_bytes == 8 * ROWS
    del tensor
