"""A trainer and its targets: what they have, and the calls that each makes in its own process."""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch

from vllm_distributed.config import WeightTransferConfig
from vllm_distributed.weight_transfer import (
    Progress,
    TensorSource,
    WeightTransferEngineFactory,
    WeightTransferTrainerFactory,
)
from vllm_distributed.weight_transfer.cpu_engine import (
    CPUTrainerInitInfo,
    CPUTrainerWeightTransferEngine,
    CPUWeightTransferEngine,
    CPUWeightTransferInitInfo,
)

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["torch", "vllm_distributed", "pytest"])

DTYPES = [
    torch.bfloat16,
    torch.float16,
    torch.float32,
    torch.float64,
    torch.float8_e4m3fn,
    torch.float8_e5m2,
    torch.int8,
    torch.uint8,
    torch.int64,
    torch.bool,
    torch.complex64,
]


class Parameters(NamedTuple):
    """The whole weights, and along which dim each is cut; None: it is not."""

    tensors: dict[str, torch.Tensor]
    dims: dict[str, int | None]

    def part(self, name: str, rank: int, count: int) -> torch.Tensor:
        dim = self.dims[name]
        whole = self.tensors[name]
        return whole if dim is None else whole.chunk(count, dim)[rank].contiguous()


def parameters(seed: int, count: int, largest: int = 40, many: int = 12) -> Parameters:
    """Random ones, of every kind of dtype and cut."""
    choose = random.Random(seed)
    tensors, dims = {}, {}
    for number in range(many):
        dtype = DTYPES[(number + seed) % len(DTYPES)]
        extents = [
            choose.randint(0 if choose.random() < 0.1 else 1, largest)
            for _ in range(choose.randint(0, 3))
        ]
        dim = choose.randrange(len(extents)) if extents and choose.random() < 0.7 else None
        if dim is not None:
            extents[dim] *= count
        name = f"layers.{number // 3}.{number}"
        tensors[name] = values(seed * 1000 + number, extents, dtype)
        dims[name] = dim
    return Parameters(tensors, dims)


def values(seed: int, extents: list[int], dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    size = torch.Size(extents).numel() * dtype.itemsize
    raw = torch.randint(0, 2 if dtype is torch.bool else 256, (size,), generator=generator)
    return raw.to(torch.uint8).view(dtype).view(extents)


def is_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Bit by bit: some are no numbers."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    flat = [each.contiguous().view(-1).view(torch.uint8) for each in (one, other)]
    return torch.equal(*flat)


def config(rank: int, count: int) -> Any:
    parallel = SimpleNamespace(
        rank=rank, world_size=count, tensor_parallel_size=count, data_parallel_index=0
    )
    return SimpleNamespace(parallel_config=parallel, model_config=None)


def engine_of(model: Any, rank: int, count: int) -> CPUWeightTransferEngine:
    made = WeightTransferEngineFactory.create_engine(
        WeightTransferConfig(backend="cpu"), config(rank, count), torch.device("cpu"), model
    )
    assert isinstance(made, CPUWeightTransferEngine)
    return made


def joined(
    engine: CPUWeightTransferEngine, port: int, count: int, timeout_s: float = 20.0
) -> CPUWeightTransferEngine:
    engine.init_transfer_engine(
        CPUWeightTransferInitInfo(
            master_address="127.0.0.1", master_port=port, world_size=count + 1, timeout_s=timeout_s
        )
    )
    return engine


def trainer(
    info: CPUTrainerInitInfo, tensors: dict[str, torch.Tensor], client: Any = None
) -> CPUTrainerWeightTransferEngine:
    made = WeightTransferTrainerFactory.trainer_init(
        info, client=client, source=TensorSource(tensors)
    )
    assert isinstance(made, CPUTrainerWeightTransferEngine)
    return made


def info_for(count: int, **given: Any) -> CPUTrainerInitInfo:
    return CPUTrainerInitInfo(rank=0, world_size=count + 1, **{"timeout_s": 20.0, **given})


class Threads:
    """Calls that go on side by side in this process: of targets, as a rule."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self.results: dict[Any, Any] = {}

    def start(self, key: Any, call: Callable[..., Any], *arguments: Any) -> None:
        def run() -> None:
            try:
                self.results[key] = call(*arguments)
            except BaseException as error:  # noqa: BLE001 - for the test to look at
                self.results[key] = error

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> dict[Any, Any]:
        for thread in self._threads:
            thread.join(40)
            assert not thread.is_alive()
        self._threads.clear()
        return self.results


# What a rank does, in its own process


kept: dict[str, Any] = {}


def serve(
    seed: int, count: int, port: int, rank: int, timeout_s: float = 20.0
) -> tuple[int, list[str], list[Progress]]:
    """Take one transfer; return the version, which weights are not those that were to come, and how
    it went."""
    model = parameters(seed, count)
    old = {name: torch.zeros_like(model.part(name, rank, count)) for name in model.tensors}
    engine = joined(engine_of(old, rank, count), port, count, timeout_s)
    steps: list[Progress] = []
    version = engine.receive_update(on_progress=steps.append)
    engine.shutdown()
    wrong = [name for name in old if not is_same(old[name], model.part(name, rank, count))]
    return version, wrong, steps


def world_serve(seed: int, count: int, port: int) -> tuple[int, list[str], list[Progress]]:
    import vllm_distributed as vd

    return serve(seed, count, port, vd.get_tensor_model_parallel_rank())


# All in one process


class Group:
    """A trainer and its targets, in threads of this process."""

    def __init__(self, count: int, model: Parameters) -> None:
        self.count, self.model = count, model
        self.held = [
            {name: torch.zeros_like(model.part(name, rank, count)) for name in model.tensors}
            for rank in range(count)
        ]
        self.engines = [engine_of(held, rank, count) for rank, held in enumerate(self.held)]
        self.trainer: Any = None

    def meet(self, client: Any = None, timeout_s: float = 20.0, **given: Any) -> Group:
        threads = Threads()
        info = info_for(
            self.count, timeout_s=timeout_s, **{"packed_buffer_size_bytes": 500, **given}
        )
        port = info.master_port
        if client is None:
            for rank, engine in enumerate(self.engines):
                threads.start(rank, joined, engine, port, self.count, timeout_s)
        threads.start("trainer", trainer, info, self.model.tensors, client)
        results = threads.join()
        for result in results.values():
            if isinstance(result, BaseException):
                raise result
        self.trainer = results["trainer"]
        return self

    def round(self, **calls: Callable[[], Any]) -> dict[Any, Any]:
        """One transfer; `calls` are what some do in place of what they do else."""
        threads = Threads()
        for rank, engine in enumerate(self.engines):
            threads.start(rank, calls.get(f"target_{rank}", engine.receive_update))
        threads.start("trainer", calls.get("trainer", self.trainer.send_weights))
        return threads.join()

    def is_old(self) -> bool:
        return all(not bytes_of(each).any() for held in self.held for each in held.values())

    def is_new(self) -> bool:
        return all(
            is_same(each, self.model.part(name, rank, self.count))
            for rank, held in enumerate(self.held)
            for name, each in held.items()
        )

    def close(self) -> None:
        for each in (self.trainer, *self.engines):
            if each is not None:
                each.shutdown()


def bytes_of(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().view(-1).view(torch.uint8)


def fails_at(step: int) -> Callable[[Progress], None]:
    count = iter(range(1000))

    def look(progress: Progress) -> None:
        if next(count) == step:
            raise ArithmeticError("on purpose")

    return look
