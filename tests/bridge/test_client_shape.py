"""One shape for the Python client: timeouts, wrong values, and both forms of it alike."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pool_harness import Pool

import vllm_bridge.aio
import vllm_bridge.client
from vllm_bridge.client import BridgeError, Category, Client, World, connect

KINDS = ("Client", "World", "Session", "WorldFuture", "Future")

# What asks nobody anything, or ends nothing but itself.
UNTIMED = {
    "Client": {"close"},
    "World": {"slice"},
}


def methods(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(found, eval_str=False)
        for name, found in vars(kind).items()
        if not name.startswith("_") and inspect.isfunction(found)
    }


@pytest.mark.parametrize("module", [vllm_bridge.client, vllm_bridge.aio], ids=["sync", "aio"])
@pytest.mark.parametrize("name", KINDS)
def test_each_timeout_may_be_none(module: Any, name: str) -> None:
    found = 0
    for method, signature in methods(getattr(module, name)).items():
        if "timeout" in signature.parameters:
            found += 1
            wanted = signature.parameters["timeout"].annotation
            assert wanted in ("timedelta | None", "Timeout"), f"{name}.{method}: {wanted}"
    assert found


@pytest.mark.parametrize("module", [vllm_bridge.client, vllm_bridge.aio], ids=["sync", "aio"])
@pytest.mark.parametrize("name", ["Client", "World"])
def test_each_method_that_waits_takes_a_timeout(module: Any, name: str) -> None:
    without = {
        method
        for method, signature in methods(getattr(module, name)).items()
        if "timeout" not in signature.parameters
    }
    assert without == UNTIMED[name]


@pytest.mark.parametrize("name", KINDS)
def test_both_forms_have_the_same_methods_with_the_same_parameters(name: str) -> None:
    def shape(module: Any) -> dict[str, list[tuple[str, Any]]]:
        return {
            method: [(each.name, each.default) for each in signature.parameters.values()]
            for method, signature in methods(getattr(module, name)).items()
        }

    sync, asynchronous = shape(vllm_bridge.client), shape(vllm_bridge.aio)
    assert {method: sync[method] for method in sync.keys() & asynchronous.keys()} == {
        method: asynchronous[method] for method in sync.keys() & asynchronous.keys()
    }
    assert len(sync.keys() & asynchronous.keys()) >= 2
    # A property here, which asks, is a coroutine there.
    assert sync.keys() ^ asynchronous.keys() <= {"carrier"}


@pytest.fixture(scope="module")
def client(real_pool: Pool) -> Iterator[Client]:
    with connect(real_pool.endpoint) as client:
        yield client


@pytest.fixture(scope="module")
def world(client: Client) -> Iterator[World]:
    with client.start_world() as world:
        yield world


NEVER = typing.cast(Any, object())

WORLD_CALLS: dict[str, Callable[[World, Any], object]] = {
    "call": lambda world, timeout: world.call("get_tp_group", timeout=timeout),
    "copy": lambda world, timeout: world.copy(NEVER, 0, timeout=timeout),
    "delete": lambda world, timeout: world.delete("x", timeout=timeout),
    "load": lambda world, timeout: world.load("math", timeout=timeout),
    "move": lambda world, timeout: world.move(NEVER, 0, timeout=timeout),
    "logs": lambda world, timeout: world.logs(timeout=timeout),
    "named": lambda world, timeout: world.named(timeout=timeout),
    "put": lambda world, timeout: world.put("x", NEVER, timeout=timeout),
    "record": lambda world, timeout: world.record(timeout=timeout),
    "refresh": lambda world, timeout: world.refresh(timeout=timeout),
    "replace_rank": lambda world, timeout: world.replace_rank(0, timeout=timeout),
    "resize": lambda world, timeout: world.resize(2, timeout=timeout),
    "restart": lambda world, timeout: world.restart(timeout=timeout),
    "run": lambda world, timeout: world.run(NEVER, timeout=timeout),
    "stop": lambda world, timeout: world.stop(timeout=timeout),
    "submit": lambda world, timeout: world.submit(NEVER, timeout=timeout),
    "submit_call": lambda world, timeout: world.submit_call("get_tp_group", timeout=timeout),
    "subscribe": lambda world, timeout: world.subscribe("t", timeout=timeout),
}


def test_each_of_a_worlds_methods_that_waits_is_asked_here() -> None:
    assert WORLD_CALLS.keys() == methods(World).keys() - UNTIMED["World"]


@pytest.mark.parametrize("method", WORLD_CALLS)
@pytest.mark.parametrize("timeout", [5, 0.5, "1 s", "infinity"])
def test_a_timeout_of_another_type_is_named_before_anything_is_done(
    world: World, method: str, timeout: object
) -> None:
    with pytest.raises(BridgeError) as caught:
        WORLD_CALLS[method](world, timeout)
    assert (caught.value.category, caught.value.reason) == (Category.VALIDATION, "wrong_type")
    assert caught.value.message.startswith(f"timeout is {timeout!r}; it must be a datetime.timed")
    assert world.call("get_tensor_model_parallel_world_size") == [1]


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda client: client.start_world(concurrent="no"), "concurrent"),
        (lambda client: client.start_world(concurrent=1), "concurrent"),
        (lambda client: client.start_world(gate=None), "gate"),
        (lambda client: client.start_world(spare_ranks=True), "spare_ranks"),
        (lambda client: client.start_world(on_failure="explode"), "on_failure"),
        (lambda client: client.restart_world("x", timeout=5), "timeout"),
        (lambda client: client.stop_world("x", timeout=5), "timeout"),
        (lambda client: client.world("x", timeout=5), "timeout"),
        (lambda client: client.status(timeout=5), "timeout"),
        (lambda client: client.diagnose("x", timeout=5), "timeout"),
        (lambda client: client.diagnose("x", stacks="all"), "stacks"),
        (lambda client: client.watch(current="yes"), "current"),
        (lambda client: client.watch(timeout=5), "timeout"),
    ],
)
def test_a_wrong_option_is_named(
    client: Client, call: Callable[[Any], object], argument: str
) -> None:
    with pytest.raises(BridgeError) as caught:
        call(client)
    assert (caught.value.category, caught.value.reason) == (Category.VALIDATION, "wrong_type")
    assert caught.value.details == {"argument": argument}


def test_none_waits_as_long_as_it_takes(client: Client) -> None:
    world = client.start_world(timeout=None)
    assert client.world(world.world_id, timeout=None).ranks
    assert world.refresh(timeout=None).epoch == 1
    assert world.stop(timeout=None)
    assert world.restart(timeout=None).info.epoch == 2
    assert world.call("get_tensor_model_parallel_rank", timeout=None) == [0]
    assert world.submit(lambda session: session.info.rank, timeout=None).result(None) == [0]
    assert client.status(timeout=None).pools
    assert world.stop(timeout=None)


def test_a_restart_that_may_take_no_time_is_over_and_can_be_repeated(client: Client) -> None:
    world = client.start_world()
    world.stop()
    with pytest.raises(BridgeError) as caught:
        world.restart(timeout=timedelta(milliseconds=1))
    assert caught.value.category is Category.TIMEOUT
    world.stop()
    assert world.restart().call("get_tensor_model_parallel_rank") == [0]
    world.stop()
