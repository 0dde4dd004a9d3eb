"""What a graph cannot hold, under `torch.compile`: the graph breaks there, and values are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from rank_harness import CARRIERS, GLOO, World

import vllm_distributed as vd

Group = vd.GroupCoordinator


def there_and_back(group: Group, send: Callable[[], Any], receive: Callable[[], Any]) -> Any:
    if group.is_first_rank:
        send()
        return receive()
    result = receive()
    send()
    return result


def of_dict(value: dict[str, Any] | None) -> torch.Tensor:
    assert value is not None
    result: torch.Tensor = value["a"]
    return result


def waited(handles: list[Any]) -> None:
    for handle in handles:
        handle.wait()


def received_later(group: Group) -> torch.Tensor:
    value, handles, finish = group.irecv_tensor_dict()
    waited(handles)
    for each in finish:
        each()
    return of_dict(value)


# Each takes a tensor of two ones, and returns one whose elements are all what is said.
CALLS: dict[str, tuple[Callable[[Group, torch.Tensor], torch.Tensor], float]] = {
    "all_reduce_": (lambda g, t: g.all_reduce_(t), 2),
    "all_reduce": (lambda g, t: g.all_reduce(t), 2),
    "all_gatherv": (lambda g, t: g.all_gatherv(t, 0, [2, 2]), 1),  # type: ignore[return-value]
    "all_gatherv, several": (lambda g, t: g.all_gatherv([t, t])[1], 1),
    "reduce_scatterv": (lambda g, t: g.reduce_scatterv(t, 0, [1, 1]), 2),
    "gather": (lambda g, t: t if (got := g.gather(t, 0)) is None else got, 1),
    "as a function": (
        lambda g, t: t if (got := vd.tensor_model_parallel_gather(t, 0)) is None else got,
        1,
    ),
    "broadcast": (lambda g, t: g.broadcast(t * (g.rank_in_group + 1), 1), 2),
    "barrier": (lambda g, t: t if g.barrier() is None else t * 0, 1),  # type: ignore[func-returns-value]
    "dispatch and combine": (
        lambda g, t: g.combine(g.dispatch(t[:, None], t[:, None], t[:, None])[0] * 2),
        4,
    ),
    "broadcast_object": (lambda g, t: t * g.broadcast_object(g.rank_in_group + 3, 0), 3),
    "broadcast_object_list": (lambda g, t: t * g.broadcast_object_list([g.rank_in_group], 1)[0], 1),
    "broadcast_tensor_dict": (lambda g, t: of_dict(g.broadcast_tensor_dict({"a": t * 1}, 1)), 1),
    "dict, as a function": (lambda g, t: of_dict(vd.broadcast_tensor_dict({"a": t * 1}, 1)), 1),
    "send and recv": (
        lambda g, t: there_and_back(g, lambda: g.send(t), lambda: g.recv(t.shape, t.dtype)),
        1,
    ),
    "objects": (
        lambda g, t: (
            t
            * there_and_back(
                g,
                lambda: g.send_object(5, 1 - g.rank_in_group),
                lambda: g.recv_object(1 - g.rank_in_group),
            )
        ),
        5,
    ),
    "tensor dicts": (
        lambda g, t: of_dict(
            there_and_back(g, lambda: g.send_tensor_dict({"a": t}), lambda: g.recv_tensor_dict())
        ),
        1,
    ),
    "tensor dicts, not waited for": (
        lambda g, t: there_and_back(
            g, lambda: waited(g.isend_tensor_dict({"a": t})), lambda: received_later(g)
        ),
        1,
    ),
    "the communicator's": (lambda g, t: g.device_communicator.all_reduce(t), 2),
}


# Over gloo a call breaks the graph in the same place.
OVER_GLOO = ("all_reduce_", "broadcast", "barrier", "tensor dicts, not waited for")


def broken(names: list[str]) -> None:
    group = vd.get_tp_group()
    for name in names:
        call, expected = CALLS[name]
        torch.compiler.reset()

        def function(tensor: torch.Tensor, call: Any = call) -> torch.Tensor:
            return call(group, tensor + 1) * 2  # type: ignore[no-any-return]

        run = torch.compile(function, backend="eager")
        for _ in range(2):
            for compute in (run, function):
                result = compute(torch.zeros(2))
                assert set(result.flatten().tolist()) == {2 * expected}, (name, result)
        assert group.all_reduce(torch.ones(1)).item() == 2, name


@pytest.mark.parametrize("over", CARRIERS)
def test_the_graph_breaks_and_the_values_are_right(
    world_of: Callable[..., World], over: str
) -> None:
    world_of(2, tensor_model_parallel_size=2, over=over).run(
        broken, list(OVER_GLOO if over == GLOO else CALLS), deadline_s=90
    )


def given_up() -> None:
    """A frame that the compiler gave up on runs as it is, and those below it are compiled: not the
    step of a collective."""
    group = vd.get_tp_group()

    def inner(tensor: torch.Tensor) -> torch.Tensor:
        total = group.all_reduce(tensor)
        torch._dynamo.graph_break()
        group.all_reduce_(total)
        return group.broadcast(total, 1)

    with torch._dynamo.config.patch(recompile_limit=1):
        run = torch.compile(inner, backend="eager", dynamic=False)
        for size in range(1, 6):
            assert run(torch.ones(size)).tolist() == [4.0] * size
            assert run(torch.ones(size, dtype=torch.float64)).tolist() == [4.0] * size
    torch.compiler.reset()
    assert run(torch.ones(3)).tolist() == [4.0] * 3
    assert group.all_reduce(torch.ones(1)).item() == 2


def test_a_frame_the_compiler_gives_up_on_does_not_break_the_group(
    world_of: Callable[..., World],
) -> None:
    world_of(2, tensor_model_parallel_size=2).run(given_up, deadline_s=60)


def whole() -> None:
    """Asked for one graph, the compiler says where there is none, and nothing was sent."""
    group = vd.get_tp_group()
    run = torch.compile(lambda t: group.broadcast(t + 1, 0), fullgraph=True, backend="eager")
    with pytest.raises(torch._dynamo.exc.Unsupported, match="moves bytes between processes"):
        run(torch.ones(2))
    assert group.all_reduce(torch.ones(1)).item() == 2


def test_with_fullgraph_the_compiler_says_why_not(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(whole, deadline_s=60)
