"""What goes wrong in a transfer of weights: who is named, and what each rank has after it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import pytest
import torch
import weights_harness as weights
import weights_schedules
from weights_harness import Group, fails_at

from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    WeightMismatchError,
    WeightTransferError,
    WeightTransferTimeoutError,
)
from vllm_distributed.weight_transfer import Progress, Replicate, Shard, TensorSource

pytestmark = pytest.mark.timeout(60)
MODEL = weights.parameters(7, 3)
BOTH = pytest.mark.parametrize("shared_memory", [True, False], ids=["shared memory", "tcp"])


@pytest.fixture
def group() -> Iterator[Group]:
    found = Group(3, MODEL)
    yield found
    found.close()


# Who does not come


def test_who_does_not_come_is_named_by_all_others(group: Group) -> None:
    info = weights.info_for(3, timeout_s=0.5)
    threads = weights.Threads()
    for rank in (0, 2):
        engine = group.engines[rank]
        threads.start(rank, weights.joined, engine, info.master_port, 3, 0.5)
    threads.start("trainer", weights.trainer, info, MODEL.tensors)
    results = threads.join()
    for result in results.values():
        assert isinstance(result, WeightTransferTimeoutError)
        assert result.details["missing"] == ["target 1"]
        assert "target 1 did not come within 0.5 s" in str(result)


def test_a_target_that_does_not_come_to_a_transfer_is_named(group: Group) -> None:
    group.meet(timeout_s=0.4)
    results = group.round(target_1=lambda: None)
    assert results["trainer"].details["missing"] == ["target 1"]
    for rank in (0, 2):
        assert "target 1 did not come to the transfer in time" in str(results[rank])
        assert results[rank].details["missing"] == ["target 1"]
    assert group.is_old()


# What does not fit


@BOTH
def test_what_does_not_fit_is_refused_with_every_name(group: Group, shared_memory: bool) -> None:
    group.meet(shared_memory=shared_memory)
    sent = {
        "a": torch.ones(3),
        "divided": torch.ones(7, 2),
        "dtype": torch.ones(2),
        "shape": torch.ones(2, 5),
        "unknown": torch.ones(1),
        "second": torch.ones(1),
    }
    for engine in group.engines:
        engine.set_weight_update_target(
            {
                "a": torch.zeros(1),
                "divided": torch.zeros(2, 2),
                "dtype": torch.zeros(2, dtype=torch.int32),
                "shape": torch.zeros(2, 4),
                "missing": torch.zeros(1),
            },
            None,
        )
    group.trainer.source = TensorSource(sent)
    for result in group.round().values():
        assert isinstance(result, WeightMismatchError)
        assert result.details["missing"] == ["missing"]
        assert result.details["unknown"] == ["second", "unknown"]
        wrong: Any = result.details["wrong"]
        assert set(wrong) == {"divided", "dtype", "shape"}
        assert "not divisible among 3 ranks" in wrong["divided"]
        assert "dtype float32, and it is int32 here" in wrong["dtype"]
        for name in ("missing", "second", "unknown", "divided", "dtype", "shape"):
            assert name in str(result)
    # The connections are as they were.
    group.trainer.source = TensorSource(MODEL.tensors)
    for engine in group.engines:
        engine.reset_weight_update_target()
    assert set(group.round().values()) == {1}
    assert group.is_new()


def test_a_layout_says_more_than_shapes() -> None:
    whole = {"w": torch.arange(6.0).view(2, 3), "b": torch.ones(2)}
    group = Group(2, weights.Parameters(whole, {"w": 0, "b": None}))
    for rank, engine in enumerate(group.engines):
        with pytest.raises(InvalidArgumentError, match="the layout has 'other'"):
            engine.set_target_layout({"other": Shard(0)})
        with pytest.raises(InvalidTypeError, match="neither Replicate nor Shard"):
            engine.set_target_layout({"w": 0})  # type: ignore[dict-item]
        engine.set_target_layout({"w": Shard(0 if rank else 1), "b": Replicate()})
    results = group.meet().round()
    for result in results.values():
        assert isinstance(result, WeightMismatchError)
        assert "dim 1 is not divisible among 2 ranks" in str(result)
    group.engines[0].set_target_layout({"w": Shard(0)})
    assert set(group.round().values()) == {1}
    assert group.is_new()
    group.close()


def test_stages_of_a_pipeline_take_what_they_have(group: Group) -> None:
    group.meet(shared_memory=False)
    for rank, engine in enumerate(group.engines):
        engine.set_weight_update_target({f"layers.{rank}": torch.zeros(2, 3)}, None)
    group.trainer.source = TensorSource(
        {f"layers.{rank}": torch.full((2, 3), rank + 1.0) for rank in range(3)}
    )
    assert set(group.round().values()) == {1}
    for rank, engine in enumerate(group.engines):
        assert engine.model[f"layers.{rank}"].eq(rank + 1).all()


def test_tied_and_buffered_weights_of_a_module() -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = torch.nn.Linear(3, 3, bias=False)
            self.two = torch.nn.Linear(3, 3, bias=False)
            self.two.weight = self.one.weight
            self.register_buffer("scale", torch.zeros(2))

    model = Tied()
    engine = weights.engine_of(model, 0, 1)
    sent = {"two.weight": torch.eye(3), "scale": torch.ones(2)}
    group = Group(1, weights.Parameters(sent, dict.fromkeys(sent)))
    group.engines = [engine]
    address = model.one.weight.data_ptr()
    assert group.meet().round()[0] == 1
    assert torch.equal(model.one.weight, torch.eye(3))
    assert model.one.weight.requires_grad
    assert model.one.weight.data_ptr() == address
    assert torch.equal(model.get_buffer("scale"), torch.ones(2))
    group.close()


# Versions


def test_versions_grow(group: Group) -> None:
    group.meet()
    assert set(group.round().values()) == {1}
    assert set(group.round(trainer=lambda: group.trainer.send_weights(version=7)).values()) == {7}
    for result in group.round(trainer=lambda: group.trainer.send_weights(version=7)).values():
        assert isinstance(result, WeightMismatchError)
        assert "version 7 is in use: it must grow" in str(result)
    group.trainer.shutdown()
    # Another trainer goes on from there.
    assert set(group.meet().round().values()) == {8}
    assert [engine.weight_version for engine in group.engines] == [8, 8, 8]
    assert group.trainer.weight_version == 8


# Who fails, and who leaves


@pytest.mark.parametrize(("rank", "shared_memory"), [(0, True), (1, False)])
def test_a_target_that_fails_half_way_is_named(
    group: Group, rank: int, shared_memory: bool
) -> None:
    group.meet(shared_memory=shared_memory)
    failing = group.engines[rank]
    results = group.round(
        **{f"target_{rank}": lambda: failing.receive_update(on_progress=fails_at(2))}
    )
    assert isinstance(results.pop(rank), ArithmeticError)
    for result in results.values():
        assert isinstance(result, WeightTransferError)
        assert f"target {rank} gave the transfer up: ArithmeticError('on purpose')" in str(result)
    assert group.is_old()
    with pytest.raises(WeightTransferError, match="make another engine"):
        group.trainer.send_weights()
    with pytest.raises(WeightTransferError, match="init_transfer_engine comes first"):
        group.engines[2].receive_update()
    assert set(group.meet(shared_memory=shared_memory).round().values()) == {1}
    assert group.is_new()


def test_a_source_that_fails_half_way_leaves_all_as_it_was(group: Group) -> None:
    group.meet()
    results = group.round(trainer=lambda: group.trainer.send_weights(on_progress=fails_at(2)))
    assert isinstance(results.pop("trainer"), ArithmeticError)
    for result in results.values():
        assert "given up: ArithmeticError('on purpose')" in str(result)
    assert group.is_old()
    assert set(group.meet().round().values()) == {1}
    assert group.is_new()


def test_who_leaves_an_iterator_gives_the_transfer_up(group: Group) -> None:
    def leave(steps: Iterator[Progress]) -> Progress:
        return next(steps)

    group.meet()
    results = group.round(target_1=lambda: leave(group.engines[1].iter_update()))
    assert isinstance(results.pop(1), Progress)
    for result in results.values():
        assert "target 1 gave the transfer up: it was left before its end" in str(result)
    assert group.is_old()


def test_a_source_that_yields_what_it_did_not_announce(group: Group) -> None:
    class Other(TensorSource):
        def iter_full(self) -> Iterator[tuple[str, torch.Tensor]]:
            pairs = list(super().iter_full())
            yield from pairs[:4]
            yield pairs[4][0], torch.zeros(99)

    group.meet()
    group.trainer.source = Other(MODEL.tensors)
    results = group.round()
    assert isinstance(results.pop("trainer"), InvalidArgumentError)
    assert all("its metadata has" in str(result) for result in results.values())
    assert group.is_old()


def test_an_engine_takes_one_call_at_a_time(group: Group) -> None:
    group.meet()
    entered, end = threading.Event(), threading.Event()

    def hold(progress: Progress) -> None:
        entered.set()
        assert end.wait(20)

    def second(call: Callable[[], Any]) -> str:
        with pytest.raises(WeightTransferError) as raised:
            call()
        return str(raised.value)

    threads = weights.Threads()
    threads.start(0, lambda: group.engines[0].receive_update(on_progress=hold))
    threads.start(1, group.engines[1].receive_update)
    threads.start(2, group.engines[2].receive_update)
    threads.start("trainer", lambda: group.trainer.send_weights(on_progress=hold))
    assert entered.wait(20)
    assert "is sending" in second(group.trainer.send_weights)
    assert "takes one at a time" in second(group.engines[0].receive_update)
    assert "takes one at a time" in second(group.engines[0].finish_weight_update)
    end.set()
    assert set(threads.join().values()) == {1}


# With a client, as vLLM's trainers have it


class Client:
    """Calls the engines of all targets, each in a thread."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.versions: list[str | None] = []
        self.fails: str | None = None

    def all(self, method: str, *arguments: Callable[[Any], Any]) -> None:
        if self.fails == method:
            raise ConnectionError("the server answered 500")
        threads = weights.Threads()
        for rank, engine in enumerate(self.group.engines):
            given = [make(engine) for make in arguments]
            threads.start(rank, getattr(engine, method), *given)
        for result in threads.join().values():
            if isinstance(result, BaseException):
                raise result

    def init_weight_transfer_engine(self, init_info: dict[str, Any]) -> None:
        self.all("init_transfer_engine", lambda engine: engine.parse_init_info(init_info))

    def start_weight_update(self) -> None:
        self.all("start_weight_update")

    def update_weights(self, update_info: dict[str, Any]) -> None:
        self.all("update_weights", lambda engine: update_info)

    def finish_weight_update(self, weight_version: str | None = None) -> None:
        self.all("finish_weight_update")
        self.versions.append(weight_version)


def test_a_client_calls_the_targets(group: Group) -> None:
    client = Client(group)
    group.meet(client)
    assert group.trainer.send_weights() == 1
    assert group.is_new()
    assert group.trainer.send_weights() == 2
    assert client.versions == ["1", "2"]
    with pytest.raises(WeightTransferError, match="update_weights comes first"):
        group.engines[0].finish_weight_update()


@pytest.mark.parametrize("call", ["update_weights", "finish_weight_update"])
def test_a_client_that_fails_fails_the_transfer(group: Group, call: str) -> None:
    client = Client(group)
    group.meet(client)
    client.fails = call
    with pytest.raises(ConnectionError, match="answered 500"):
        group.trainer.send_weights()
    assert group.is_old()
    client.fails = None
    assert group.meet(client).trainer.send_weights() == 1
    assert group.is_new()


def test_a_client_that_cannot_call_is_heard_at_once(group: Group) -> None:
    client = Client(group)
    client.fails = "init_transfer_engine"
    with pytest.raises(ConnectionError, match="answered 500"):
        group.meet(client)


def test_update_info_must_be_what_the_trainer_sends(group: Group) -> None:
    class Confused(Client):
        def update_weights(self, update_info: dict[str, Any]) -> None:
            super().update_weights({**update_info, "names": update_info["names"][::-1]})

    group.meet(Confused(group))
    with pytest.raises(WeightMismatchError, match="update_info: has other names"):
        group.trainer.send_weights()
    engine = group.engines[0]
    for wrong in (
        {"names": ["a"]},
        {"names": ["a"], "dtype_names": ["nn"], "shapes": [[1]]},
        {"x": 1},
    ):
        with pytest.raises(ValueError, match=r"names, dtype_names and shapes|update_info of"):
            engine.parse_update_info(wrong)


# Processes that are killed


def serve_in_a_process(port: int, rank: int, pipe: Connection) -> None:
    held = {name: torch.zeros_like(MODEL.part(name, rank, 3)) for name in MODEL.tensors}
    engine = weights.joined(weights.engine_of(held, rank, 3), port, 3)

    def tell(progress: Progress) -> None:
        pipe.send(progress.done)
        pipe.recv()

    engine.receive_update(on_progress=tell)


def train_in_a_process(info: Any, port: int, fork: bool, pipe: Connection) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    pipe.send(listener.getsockname()[1])
    info = weights.info_for(3, listen_socket=listener, packed_buffer_size_bytes=500, **info)
    engine = weights.trainer(info, MODEL.tensors)
    if fork:
        child = os.fork()  # it has all that this process has open, and lives on
        if child == 0:
            signal.pause()
        pipe.send(child)

    def tell(progress: Progress) -> None:
        pipe.send(progress.done)
        pipe.recv()

    engine.send_weights(on_progress=tell)


def started(function: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
    ours, theirs = multiprocessing.Pipe()
    process = weights.context.Process(target=function, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def end(process: Any) -> None:
    process.kill()
    process.join(20)


@pytest.mark.parametrize(("steps", "shared_memory"), [(0, False), (3, True)])
def test_a_trainer_that_is_killed_leaves_the_old_weights(
    group: Group, shared_memory: bool, steps: int
) -> None:
    process, pipe = started(train_in_a_process, {"shared_memory": shared_memory}, 0, steps == 3)
    port = pipe.recv()
    threads = weights.Threads()
    for rank, engine in enumerate(group.engines):
        threads.start(rank, lambda engine=engine: weights.joined(engine, port, 3).receive_update())
    child = pipe.recv() if steps else 0
    for _ in range(steps):
        pipe.recv()
        pipe.send("on")
    assert pipe.recv() > 0
    end(process)
    for result in threads.join().values():
        assert isinstance(result, WeightTransferError)
        assert result.details["gone"] == ["trainer"]
    if child:
        os.kill(child, signal.SIGKILL)
    assert group.is_old()
    assert set(group.meet(shared_memory=shared_memory).round().values()) == {1}
    assert group.is_new()


@pytest.mark.parametrize(("killed", "shared_memory"), [(0, True), (2, False)])
def test_a_target_that_is_killed_is_named(group: Group, shared_memory: bool, killed: int) -> None:
    info = weights.info_for(3, shared_memory=shared_memory, packed_buffer_size_bytes=500)
    process, pipe = started(serve_in_a_process, info.master_port, killed)
    threads = weights.Threads()
    port = info.master_port
    for rank, engine in enumerate(group.engines):
        if rank != killed:
            threads.start(
                rank, lambda engine=engine: weights.joined(engine, port, 3).receive_update()
            )
    threads.start("trainer", lambda: weights.trainer(info, MODEL.tensors).send_weights())
    assert pipe.recv() > 0
    pipe.send("on")
    pipe.recv()
    end(process)
    results = threads.join()
    assert len(results) == 3
    for result in results.values():
        assert isinstance(result, WeightTransferError)
        assert result.details["gone"] == [f"target {killed}"], str(result)
        assert f"target {killed} is gone" in str(result)
    assert group.is_old()


def test_random_transfers_against_a_model() -> None:
    assert weights_schedules.run(5, time.monotonic() + 0.2, most_targets=2) > 0
