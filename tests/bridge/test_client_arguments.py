"""The Python client given what it cannot take: an error names the argument and what it takes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch

import vllm_bridge.client
from vllm_bridge.client import BridgeError, Category, Client, connect
from vllm_bridge.codec import tensors
from vllm_bridge.pool.observe.events import _TooMuch


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda _: connect(5), "endpoint"),  # type: ignore[arg-type]
        (lambda _: connect(b"unix:/x"), "endpoint"),  # type: ignore[arg-type]
        (lambda _: connect("unix:/x", token=5), "token"),  # type: ignore[arg-type]
        (lambda _: connect("unix:/x", client_id=5), "client_id"),  # type: ignore[arg-type]
        (lambda client: client.open_session(5), "session_id"),
        (lambda client: client.open_session("\udcff"), "session_id"),
        (lambda client: client.open_session(affinity=["hint"]), "affinity"),
        (lambda client: client.open_session(pool_name=5), "pool_name"),
        (lambda client: client.open_session(timeout=5), "timeout"),
        (lambda client: client.session(None), "session_id"),
        (lambda client: client.start_world(world_id=5), "world_id"),
        (lambda client: client.start_world(backend=5), "backend"),
        (lambda client: client.start_world(gate="yes"), "gate"),
        (lambda client: client.start_world(timeout=5), "timeout"),
        (lambda client: client.start_world(tensor_parallel_size=2**64), "tensor_parallel_size"),
        (lambda client: client.stop_world(5), "world_id"),
        (lambda client: client.restart_world(5), "world_id"),
        (lambda client: client.diagnose(5), "world_id"),
        (lambda client: client.watch(5), "world_id"),
        (lambda client: client.open_session().run(lambda: 1), "qualified_name"),
        (lambda client: client.open_session().run(torch.arange, 3), "qualified_name"),
        (lambda client: client.open_session().call(5), "name"),
        (lambda client: client.open_session().invoke(None), "name"),
        (lambda client: client.open_session().context(lambda: 1), "of"),
    ],
)
def test_an_argument_of_another_type_is_named(
    client: Client, call: Callable[[Any], object], argument: str
) -> None:
    with pytest.raises(BridgeError) as caught:
        call(client)
    assert caught.value.category is Category.VALIDATION
    assert caught.value.reason == "wrong_type"
    assert caught.value.details == {"argument": argument}
    assert caught.value.message.startswith(f"{argument} is ")


def test_a_session_id_beyond_ascii_is_refused_by_name(client: Client) -> None:
    with pytest.raises(BridgeError) as caught:
        client.open_session("sitzung-ü")
    assert caught.value.reason == "invalid_session_id"


@pytest.mark.parametrize(
    "tensor",
    [
        torch.eye(3).to_sparse(),
        torch.eye(4).to_sparse_csr(),
        torch.empty(2, device="meta"),
        torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
    ],
    ids=["coo", "csr", "meta", "nested"],
)
def test_tensors_without_elements_in_a_row_are_refused_by_name(
    client: Client, tensor: torch.Tensor
) -> None:
    with client.open_session() as session, pytest.raises(BridgeError) as caught:
        session.run("torch.add", tensor, 1)
    assert (caught.value.category, caught.value.reason) == (Category.VALIDATION, "unsendable")
    assert "dense" in caught.value.message


def test_fake_tensors_are_refused_by_name() -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        fake = torch.ones(3)
    with pytest.raises(BridgeError) as caught:
        tensors.to_message(fake)
    assert caught.value.reason == "unsendable"


def test_errors_go_through_pickle_with_all_they_say() -> None:
    error = BridgeError(
        Category.WORKER,
        "worker_busy",
        "the rank is busy",
        details={"calls": 3},
        python_type="ValueError",
        traceback="...",
        rank=2,
        call_id="a-1",
    )
    if hasattr(error, "add_note"):
        error.add_note("raised by the function of rank 2")
    pickled = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    for again in (pickled, copy.copy(error), copy.deepcopy(error)):
        assert type(again) is BridgeError
        assert str(again) == "the rank is busy"
        assert again.__dict__ == error.__dict__
        assert again.to_detail() == error.to_detail()
    too_much = _TooMuch("too_many", "of them", {"limit": 1})
    derived = pickle.loads(pickle.dumps(too_much))  # noqa: S301 - our own
    assert type(derived) is _TooMuch
    assert derived.details == {"limit": 1}


def test_what_the_client_exports() -> None:
    assert vllm_bridge.client.BridgeError is BridgeError
    public = {name for name in vars(vllm_bridge.client) if not name.startswith("_")}
    assert (
        sorted(public)
        == sorted(vllm_bridge.client.__all__)
        == [
            "BridgeError",
            "Category",
            "Client",
            "DEFAULT_CALL_TIMEOUT",
            "Emission",
            "Future",
            "Items",
            "LogLine",
            "Logs",
            "Named",
            "Outcome",
            "Progress",
            "RankError",
            "Recording",
            "Session",
            "Subscription",
            "Watch",
            "World",
            "WorldFuture",
            "connect",
        ]
    )
