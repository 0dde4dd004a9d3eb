"""What torch is asked for on CUDA devices, told without one.

What computes is checked in `test_cuda.py`, over gloo and on devices. Here it is who is asked for
what: torch's functions are replaced by recorders, and each call is bound to the signature of the
function it stands for, so one that torch would not take fails here too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
import torch.distributed as dist
import torch.distributed._symmetric_memory as torch_symmetric
import torch.distributed.distributed_c10d as c10d
from rank_harness import World, run_ranks

import vllm_distributed as vd
from vllm_distributed.compat import backends, torch_internals
from vllm_distributed.errors import EnvironmentConflictError
from vllm_distributed.process_groups import create as process_groups
from vllm_distributed.transports import symmetric_memory
from vllm_distributed.transports.gloo import GlooTransport
from vllm_distributed.transports.nccl import NcclTransport
from vllm_distributed.transports.select import make_transport
from vllm_distributed.transports.symmetric_memory import ONE_SHOT_BYTES, SymmetricAllReduce

LIMIT = timedelta(seconds=7)
DEVICE = torch.device("cuda", 3)
TWO = {"tensor_model_parallel_size": 2}


class Recorder:
    """Stands for a function: keeps the arguments of each call by name."""

    def __init__(self, function: Callable[..., Any], answer: Callable[[], Any] = lambda: None):
        self._signature = inspect.signature(function)
        self._answer = answer
        self.calls: list[dict[str, Any]] = []

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.calls.append(dict(self._signature.bind(*arguments, **named).arguments))
        return self._answer()


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A process that believes to have four CUDA devices and NCCL, the current one of which is 1."""
    believe(monkeypatch)
    return monkeypatch


def believe(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(torch.cuda, "is_available", lambda: True)
    patch.setattr(torch.cuda, "device_count", lambda: 4)
    patch.setattr(torch.cuda, "current_device", lambda: 1)
    patch.setattr(dist, "is_nccl_available", lambda: True)
    patch.setattr(c10d, "ProcessGroupNCCL", FakeNccl, raising=False)
    patch.setattr(FakeNccl, "connected", [])


class FakeNccl(c10d.ProcessGroupGloo):
    """Connects over gloo; `connected` has the device each was told to use, and its limit."""

    class Options:
        _timeout: timedelta

    connected: ClassVar[list[tuple[torch.device, timedelta]]] = []

    def __init__(self, store: Any, rank: int, size: int, options: Options) -> None:
        super().__init__(store, rank, size, options._timeout)
        self._limit = options._timeout

    def eager_connect_single_device(self, device: torch.device) -> None:
        self.connected.append((device, self._limit))


def test_which_device_a_backend_binds(devices: pytest.MonkeyPatch) -> None:
    assert backends.resolve_backend("nccl") == "nccl"
    assert backends.device_for("nccl", 5) == torch.device("cuda", 1)
    assert backends.device_for("cpu:gloo,cuda:nccl", 2) == torch.device("cuda", 2)
    assert backends.device_for("gloo", 2) == torch.device("cpu")
    assert backends.device_to_bind("nccl", 3) == DEVICE
    # torch binds a world of several backends lazily: its CPU part has no such device.
    assert backends.device_to_bind("cpu:gloo,cuda:nccl", 3) is None
    assert backends.device_to_bind("gloo", 3) is None


class StopHereError(Exception):
    """Raised where torch would make the world."""


def stop() -> None:
    raise StopHereError


@pytest.mark.parametrize(("backend", "bound"), [("nccl", DEVICE), ("gloo", None)])
def test_the_world_is_bound_to_its_device(
    devices: pytest.MonkeyPatch, backend: str, bound: torch.device | None
) -> None:
    asked = Recorder(dist.init_process_group, stop)
    devices.setattr(dist, "init_process_group", asked)
    with pytest.raises(StopHereError):
        vd.init_distributed_environment(1, 0, "tcp://127.0.0.1:0", 3, backend, LIMIT)
    (call,) = asked.calls
    assert (call["backend"], call["device_id"], call["timeout"]) == (backend, bound, LIMIT)
    assert (call["rank"], call["world_size"]) == (0, 1)


@contextmanager
def default_group(
    patch: pytest.MonkeyPatch,
    backend: str = "nccl",
    bound: torch.device | None = DEVICE,
    splits: bool = True,
) -> Iterator[SimpleNamespace]:
    """A default group of four ranks, of which this is rank 1."""
    backend_of = SimpleNamespace(supports_splitting=splits)
    group = SimpleNamespace(bound_device_id=bound, _get_backend=lambda device: backend_of)
    patch.setattr(c10d, "_get_default_group", lambda: group)
    patch.setattr(c10d, "get_backend", lambda of: backend)
    patch.setattr(dist, "get_rank", lambda: 1)
    yield group
    assert group.bound_device_id == bound


# backend of the group, its device, backend of the world, what that is bound to, whether it splits
SPLITS: list[tuple[str, torch.device, str, torch.device | None, bool, bool]] = [
    ("nccl", DEVICE, "nccl", DEVICE, True, True),
    ("nccl", DEVICE, "nccl", DEVICE, False, False),
    ("nccl", DEVICE, "nccl", None, True, False),
    ("nccl", DEVICE, "nccl", torch.device("cuda", 0), True, False),
    ("nccl", DEVICE, "cpu:gloo,cuda:nccl", DEVICE, True, False),
    ("nccl", DEVICE, "gloo", None, True, False),
    ("gloo", DEVICE, "nccl", DEVICE, True, False),
    ("nccl", torch.device("cpu"), "nccl", DEVICE, True, False),
]


@pytest.mark.parametrize(("backend", "device", "world", "bound", "supports", "expected"), SPLITS)
def test_when_the_world_can_be_split(
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    device: torch.device,
    world: str,
    bound: torch.device | None,
    supports: bool,
    expected: bool,
) -> None:
    with default_group(monkeypatch, world, bound, supports):
        assert torch_internals.can_split_world(backend, device) is expected


def made(patch: pytest.MonkeyPatch, default: SimpleNamespace) -> tuple[Recorder, Recorder]:
    """Record how groups are made, and what the default group is bound to at that moment."""
    new = Recorder(dist.new_group, lambda: ("new", default.bound_device_id))
    split = Recorder(dist.split_group, lambda: ("split", default.bound_device_id))
    patch.setattr(dist, "new_group", new)
    patch.setattr(dist, "split_group", split)
    return new, split


def test_nccl_groups_are_split_off_a_bound_world(monkeypatch: pytest.MonkeyPatch) -> None:
    with default_group(monkeypatch) as default:
        new, split = made(monkeypatch, default)
        group: Any = process_groups.make_group([[0, 1], [2], [3]], "nccl", LIMIT, "tp:0", DEVICE)
        assert group == ("split", DEVICE)
        assert split.calls == [
            {"split_ranks": [[0, 1]], "timeout": LIMIT, "group_desc": "tp:0"}
        ]  # one call for the partition, on every rank; who is alone in it needs no communicator
        alone = process_groups.make_group([[1], [0, 2, 3]], "nccl", LIMIT, "tp:1", DEVICE)
        assert alone is None
        assert len(split.calls) == 2
        assert new.calls == []


def test_nccl_groups_of_an_unbound_world_are_bound_each(monkeypatch: pytest.MonkeyPatch) -> None:
    with default_group(monkeypatch, "gloo", None) as default:
        new, split = made(monkeypatch, default)
        group: Any = process_groups.make_group([[0, 2], [1, 3]], "nccl", LIMIT, "pp:0", DEVICE)
        assert group == ("new", None)
        assert [call["ranks"] for call in new.calls] == [[0, 2], [1, 3]]
        for call in new.calls:
            assert (call["backend"], call["device_id"], call["timeout"]) == ("nccl", DEVICE, LIMIT)
        assert split.calls == []


def test_gloo_groups_leave_the_communicator_of_the_world_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with default_group(monkeypatch) as default:
        new, split = made(monkeypatch, default)
        group: Any = process_groups.make_group([[0, 1], [2, 3]], "gloo", LIMIT, "tp:0", DEVICE)
        assert group == ("new", None)  # unbound while it was made
        assert [call["ranks"] for call in new.calls] == [[0, 1], [2, 3]]
        assert all("device_id" not in call for call in new.calls)
        solo: Any = process_groups.make_solo_group("nccl", LIMIT, "dp:0", DEVICE)
        assert solo == ("new", None)
        assert new.calls[-1]["ranks"] == [1]
        assert new.calls[-1]["device_id"] == DEVICE
        assert new.calls[-1]["use_local_synchronization"] is True
        assert split.calls == []


def test_a_world_bound_to_another_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with default_group(monkeypatch, bound=torch.device("cuda", 0)) as default:
        new, split = made(monkeypatch, default)
        with pytest.raises(EnvironmentConflictError, match=r"tp:0 is for cuda:3, .* to cuda:0"):
            process_groups.make_group([[0, 1], [2, 3]], "nccl", LIMIT, "tp:0", DEVICE)
        assert new.calls == split.calls == []
        assert process_groups.make_group([[0, 1], [2, 3]], "gloo", LIMIT, "tp:0", DEVICE)


class Split:
    """Stands for the communicator of the default group."""

    supports_splitting = True

    def __init__(self) -> None:
        self.without_color: list[torch.device] = []

    def perform_nocolor_split(self, device: torch.device) -> None:
        self.without_color.append(device)


def unsplit(rank: int, port: int, size: int) -> tuple[int, int, int]:
    """torch's own `new_group`, in a world of four of which three are imagined: how often a rank
    that is no member takes part in a split of the world's communicator."""
    from torch.testing._internal.distributed.fake_pg import FakeStore

    dist.init_process_group("fake", rank=0, world_size=4, store=FakeStore())
    communicator, default = Split(), c10d._get_default_group()
    default.bound_device_id = DEVICE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(c10d, "_get_split_source", lambda group: communicator)
        process_groups.make_group([[2, 3], [1, 2]], "fake", LIMIT, "apart")
        ours = len(communicator.without_color)
        process_groups.make_solo_group("fake", LIMIT, "alone")
        alone = len(communicator.without_color)
        assert default.bound_device_id == DEVICE
        dist.new_group([2, 3], backend="fake")
    default.bound_device_id = None
    dist.destroy_process_group()
    return ours, alone, len(communicator.without_color)


def test_torch_splits_nothing_off_for_a_gloo_group() -> None:
    """The last number is what it would do otherwise, and wait for members who do not come."""
    assert run_ranks(1, unsplit) == [(0, 0, 1)]


def test_a_stateless_coordinator_binds_its_own_device(devices: pytest.MonkeyPatch) -> None:
    group = vd.StatelessGroupCoordinator([[0]], 3, "nccl", True, group_name="solo", timeout=LIMIT)
    try:
        assert group.device == DEVICE
        for pg in (group.device_group, group.make_sibling_device_group()):
            assert pg.bound_device_id == DEVICE  # where dist.barrier waits
        assert FakeNccl.connected == [(DEVICE, LIMIT)] * 2
        assert group.cpu_group.bound_device_id is None
        assert len(FakeNccl.connected) == 2
    finally:
        group.destroy()


def test_a_stateless_group_binds_the_current_device(devices: pytest.MonkeyPatch) -> None:
    current = torch.device("cuda", 1)
    for backend in ("nccl", "cpu:gloo,cuda:nccl"):
        FakeNccl.connected.clear()
        pg = vd.stateless_init_torch_distributed_process_group("127.0.0.1", 0, 0, 1, backend)
        assert pg.bound_device_id == current
        assert [device for device, _ in FakeNccl.connected] == [current]
        vd.stateless_destroy_torch_distributed_process_group(pg)


class FakeStream:
    """A stream, and which one is current."""

    current: FakeStream

    def __init__(self, device: torch.device) -> None:
        self.device = torch.device(device)
        self.waited_for: list[FakeStream] = []

    def wait_stream(self, other: FakeStream) -> None:
        self.waited_for.append(other)


@contextmanager
def fake_stream(stream: FakeStream) -> Iterator[None]:
    before, FakeStream.current = FakeStream.current, stream
    try:
        yield
    finally:
        FakeStream.current = before


def captured_on_streams(rank: int, port: int, size: int) -> None:
    device = torch.device("cuda", 0)
    vd.init_distributed_environment(1, 0, f"tcp://127.0.0.1:{port}", 0, "gloo")
    vd.initialize_model_parallel()
    default = FakeStream.current = FakeStream(device)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "Stream", FakeStream)
        patch.setattr(torch.cuda, "current_stream", lambda device=None: FakeStream.current)
        patch.setattr(torch.cuda, "stream", fake_stream)
        # Entered for three: the block and two groups; the streams wait for each other once.
        with vd.graph_capture(device) as context:
            side: Any = context.stream
            assert side is FakeStream.current
            assert side is not default
            assert side.device == device
            assert (side.waited_for, default.waited_for) == ([default], [])
        assert FakeStream.current is default
        assert (side.waited_for, default.waited_for) == ([default], [side])
        with pytest.raises(ZeroDivisionError), vd.graph_capture(device) as context:
            raise ZeroDivisionError
        assert FakeStream.current is default
        assert default.waited_for == [side, context.stream]
        # A stream of the caller's own.
        own: Any = vd.GraphCaptureContext(FakeStream(device))  # type: ignore[arg-type]
        with vd.get_tp_group().graph_capture(own) as given:
            assert given is own
            assert FakeStream.current is own.stream
        assert FakeStream.current is default
    vd.cleanup_dist_env_and_memory()


def test_a_capture_enters_the_stream_it_returns() -> None:
    run_ranks(1, captured_on_streams)


# Symmetric memory


def switch() -> None:
    """The all-reduce of one's own is made where it is allowed, by the group and by the switch."""
    group = vd.get_tp_group()
    asked = Recorder(SymmetricAllReduce.make)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SymmetricAllReduce, "make", asked)
        for enable, optimised, expected in (
            (True, True, 1),
            (False, True, 0),
            (True, False, 0),
            (True, True, 1),
        ):
            vd.set_custom_all_reduce(enable)
            asked.calls.clear()
            transport = make_transport(
                group.cpu_group, DEVICE, group.device_group, "here", optimised=optimised
            )
            assert isinstance(transport, NcclTransport)
            assert len(asked.calls) == expected
            for call in asked.calls:
                assert call["group"] is group.device_group
                assert call["device"] == DEVICE
                assert isinstance(call["host"], GlooTransport)


def test_custom_all_reduce_is_made_where_it_is_allowed(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(switch)


class Operators:
    """torch's three operators, over gloo."""

    def __init__(self, group: dist.ProcessGroup) -> None:
        self._group = group
        self.calls: list[str] = []

    def one_shot_all_reduce(self, tensor: torch.Tensor, op: str, name: str) -> torch.Tensor:
        return self._sum("one_shot", tensor.clone(), op, name)

    def two_shot_all_reduce_(self, tensor: torch.Tensor, op: str, name: str) -> torch.Tensor:
        return self._sum("two_shot", tensor, op, name)

    def multimem_all_reduce_(self, tensor: torch.Tensor, op: str, name: str) -> torch.Tensor:
        return self._sum("multimem", tensor, op, name)

    def _sum(self, call: str, tensor: torch.Tensor, op: str, name: str) -> torch.Tensor:
        assert (op, name) == ("sum", self._group.group_name)
        self.calls.append(call)
        dist.all_reduce(tensor, group=self._group)
        return tensor


def sums() -> None:
    """Through the right operator, with the right sums, and with nothing left over from before."""
    group = vd.get_tp_group()
    buffer = torch.full((symmetric_memory.BUFFER_BYTES,), 7, dtype=torch.uint8)
    small, large = (8, 4), (ONE_SHOT_BYTES // 4 + 8,)
    with pytest.MonkeyPatch.context() as patch:
        operators = Operators(group.cpu_group)
        patch.setattr(torch.ops, "symm_mem", operators, raising=False)
        for has_multicast, expected in (
            (False, ["one_shot", "two_shot", "one_shot"]),
            (True, ["multimem"] * 3),
        ):
            summing = SymmetricAllReduce(buffer, group.cpu_group, has_multicast=has_multicast)
            operators.calls.clear()
            for shape in (small, large, small):
                mine = torch.arange(float(torch.Size(shape).numel())).reshape(shape) + group.rank
                before = mine.clone()
                result = summing.all_reduce(mine)
                assert torch.equal(mine, before)
                assert torch.equal(result, 2 * mine + 1 - 2 * group.rank)
                assert result.data_ptr() != buffer.data_ptr()  # the next sum does not change it
            assert operators.calls == expected
    takes = SymmetricAllReduce(buffer, group.cpu_group, has_multicast=False).takes
    assert takes(torch.zeros(8)) == takes(torch.zeros(16, dtype=torch.bfloat16)) == True  # noqa: E712
    for refused in (
        torch.zeros(0),
        torch.zeros(7),  # is not cut into aligned parts
        torch.zeros(symmetric_memory.BUFFER_BYTES // 4 + 8),
        torch.zeros(8, dtype=torch.float16),
        torch.zeros(8, dtype=torch.int32),
    ):
        assert not takes(refused)


def test_sums_through_symmetric_memory(world_of: Callable[..., World]) -> None:
    for name in ("one_shot_all_reduce", "two_shot_all_reduce_", "multimem_all_reduce_"):
        schema = getattr(torch.ops.symm_mem, name).default._schema
        assert [argument.name for argument in schema.arguments] == [
            "input",
            "reduce_op",
            "group_name",
        ]
    world_of(2, **TWO).run(sums)


def all_or_none() -> dict[str, bool]:
    """Which circumstances let all ranks have one. Those in which they do not are of one rank."""
    group = vd.get_tp_group()
    host, second = GlooTransport(group.cpu_group, "host"), group.rank == 1
    results = {}
    for name, own in {
        "all reachable": {},
        "old device": {"major": 7},
        "the same device": {"index": 0},
        "no peer access": {"reaches": False},
        "another name": {"name": f"group {group.rank}"},
        "torch refuses": {"refuses": True},
    }.items():
        facts = {
            "major": 9,
            "index": group.rank,
            "reaches": True,
            "refuses": False,
            "name": group.cpu_group.group_name,
            **(own if second else {}),
        }
        properties = SimpleNamespace(major=facts["major"])
        pg: Any = SimpleNamespace(group_name=facts["name"], size=lambda: 2)

        def meet(facts: dict[str, Any] = facts) -> Any:
            if facts["refuses"]:
                raise RuntimeError("no fabric handle")
            return SimpleNamespace(multicast_ptr=0)

        empty = Recorder(torch_symmetric.empty, lambda: torch.zeros(64, dtype=torch.uint8))
        rendezvous = Recorder(torch_symmetric.rendezvous, meet)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.cuda, "device_count", lambda: 2)
            patch.setattr(torch.cuda, "get_device_properties", lambda device, p=properties: p)
            patch.setattr(
                torch.cuda, "can_device_access_peer", lambda one, other, f=facts: f["reaches"]
            )
            patch.setattr(torch_symmetric, "empty", empty)
            patch.setattr(torch_symmetric, "rendezvous", rendezvous)
            device = torch.device("cuda", int(facts["index"]))
            results[name] = SymmetricAllReduce.make(pg, host, device) is not None
        for call in empty.calls:
            assert call["size"] == (symmetric_memory.BUFFER_BYTES,)
            assert (call["dtype"], call["device"]) == (torch.uint8, device)
        for call in rendezvous.calls:
            assert call["group"] == facts["name"]
    return results


def test_all_ranks_have_symmetric_memory_or_none(world_of: Callable[..., World]) -> None:
    expected = {
        "all reachable": True,
        "old device": False,
        "the same device": False,
        "no peer access": False,
        "another name": False,
        "torch refuses": False,
    }
    assert world_of(2, **TWO).run(all_or_none) == [expected, expected]


# Where results are written


class Placed:
    """A process group of two that notes where each of its operations was to write."""

    def __init__(self, rank: int) -> None:
        self._rank = rank
        self.places: list[int] = []

    def rank(self) -> int:
        return self._rank

    def size(self) -> int:
        return 2

    def _note(self, *places: torch.Tensor) -> SimpleNamespace:
        self.places += [place.data_ptr() for place in places]
        return SimpleNamespace(wait=lambda: None)

    def allreduce(self, tensors: list[torch.Tensor], options: Any) -> SimpleNamespace:
        return self._note(*tensors)

    def _allgather_base(self, whole: torch.Tensor, part: torch.Tensor) -> SimpleNamespace:
        return self._note(whole)

    def allgather(
        self, parts: list[list[torch.Tensor]], tensors: list[torch.Tensor]
    ) -> SimpleNamespace:
        return self._note(parts[0][0])

    def _reduce_scatter_base(
        self, part: torch.Tensor, whole: torch.Tensor, options: Any
    ) -> SimpleNamespace:
        return self._note(part)

    def reduce_scatter(
        self, part: list[torch.Tensor], whole: list[list[torch.Tensor]], options: Any
    ) -> SimpleNamespace:
        return self._note(*part)

    def gather(
        self, parts: list[list[torch.Tensor]], tensors: list[torch.Tensor], options: Any
    ) -> SimpleNamespace:
        return self._note(*(several[0] for several in parts))

    def recv(self, tensors: list[torch.Tensor], src: int, tag: int) -> SimpleNamespace:
        return self._note(*tensors)


# operation -> (call, shape of the result, whether NCCL itself writes it where it is wanted)
WRITTEN: dict[str, tuple[Callable[..., Any], tuple[int, ...], bool]] = {
    "all_reduce": (lambda t, x, out: t.all_reduce(x, out), (2, 4), True),
    "all_gather 0": (lambda t, x, out: t.all_gather(x, 0, out), (4, 4), True),
    "all_gather 1": (lambda t, x, out: t.all_gather(x, 1, out), (2, 8), False),
    "all_gatherv 0": (lambda t, x, out: t.all_gatherv(x, 0, [2, 3], out), (5, 4), True),
    "all_gatherv 1": (lambda t, x, out: t.all_gatherv(x, 1, [4, 3], out), (2, 7), False),
    "reduce_scatter 0": (lambda t, x, out: t.reduce_scatterv(x, 0, [1, 1], out), (1, 4), True),
    "reduce_scatter 1": (lambda t, x, out: t.reduce_scatterv(x, 1, [2, 2], out), (2, 2), False),
    "reduce_scatterv 0": (lambda t, x, out: t.reduce_scatterv(x, 0, [2, 0], out), (2, 4), True),
    "gather 0": (lambda t, x, out: t.gather(x, 0, 0, out), (4, 4), True),
    "gather 1": (lambda t, x, out: t.gather(x, 0, 1, out), (2, 8), False),
    "recv": (lambda t, x, out: t.recv(torch.Size([2, 4]), x.dtype, 1, out), (2, 4), True),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.complex64, torch.int16])
@pytest.mark.parametrize("name", WRITTEN)
def test_nccl_writes_where_it_is_told(name: str, dtype: torch.dtype) -> None:
    call, shape, is_direct = WRITTEN[name]
    group = Placed(0)
    cpu = torch.device("cpu")
    transport = NcclTransport(group, None, cpu, "here", custom_all_reduce=False)  # type: ignore[arg-type]
    input_ = torch.ones(2, 4).to(dtype)
    if dtype is torch.int16 and "reduce" in name:
        is_direct = False  # summed in a wider type
    out = torch.zeros(shape).to(dtype)
    assert call(transport, input_, out) is out
    assert (group.places == [out.data_ptr()]) == is_direct
    result = call(transport, input_, None)
    assert result.shape == out.shape
    assert result.data_ptr() not in (out.data_ptr(), input_.data_ptr())
    assert group.places[1] != out.data_ptr()
