"""Parts of a transfer of weights: what is sent, what a bucket holds, engines by name."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import threading
from collections.abc import Iterator
from functools import cached_property
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
import weights_harness as weights

from vllm_distributed.config import WeightTransferConfig
from vllm_distributed.errors import (
    DistributedError,
    EncodingError,
    InvalidArgumentError,
    InvalidTypeError,
    LibraryMissingError,
    RendezvousError,
    WeightMismatchError,
    WeightTransferError,
)
from vllm_distributed.store.rendezvous import adopt_listen_socket
from vllm_distributed.weight_transfer import (
    HTTPVLLMWeightSyncClient,
    ModuleSource,
    ParamMeta,
    RayVLLMWeightSyncClient,
    Replicate,
    SafetensorsSource,
    Shard,
    TensorSource,
    VLLMWeightSyncClient,
    WeightSource,
    WeightTransferEngineFactory,
    WeightTransferTrainerFactory,
    layerwise_groups,
)
from vllm_distributed.weight_transfer.base import TrainerInitInfo, WeightTransferEngine
from vllm_distributed.weight_transfer.cpu.links import accept_all, listen
from vllm_distributed.weight_transfer.cpu.plan import buckets_of, copy_part, cut_of
from vllm_distributed.weight_transfer.cpu_engine import (
    CPUTrainerInitInfo,
    CPUWeightTransferInitInfo,
)
from vllm_distributed.weight_transfer.nccl_engine import (
    NCCLTrainerInitInfo,
    NCCLWeightTransferEngine,
    NCCLWeightTransferInitInfo,
    NCCLWeightTransferUpdateInfo,
)
from vllm_distributed.weight_transfer.packed_tensor import (
    pack_tensors,
    packed_nccl_broadcast_consumer,
    packed_nccl_broadcast_producer,
    unpack_tensor,
)

pytestmark = pytest.mark.timeout(60)


# What there is


def test_layers_are_by_the_first_number() -> None:
    names = ["embed", "m.h.1.w", "m.h.0.e.7.w", "mid", "v.10.w", "v.2.w", "m.h.1.e.0.w", "head"]
    assert layerwise_groups(names) == [
        ["embed"],
        ["m.h.0.e.7.w"],
        ["m.h.1.w", "m.h.1.e.0.w"],
        ["v.2.w"],
        ["v.10.w"],
        ["mid", "head"],
    ]
    assert layerwise_groups([]) == []
    assert layerwise_groups(["a", "b"]) == [["a", "b"]]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"placements": (Shard(0),)}, "no owners"),
        ({"mesh_shape": (1,)}, "no owners"),
        ({"owners": ()}, "each once"),
        ({"owners": (1, 1)}, "each once"),
        ({"owners": (-1,)}, "each once"),
        ({"owners": (True,)}, "each once"),
        ({"owners": (0, 1), "mesh_shape": (3,)}, "is no mesh"),
        ({"owners": (0, 1), "placements": (Shard(0), Replicate())}, "2 placements for a mesh of 1"),
        ({"owners": (0, 1), "placements": (Shard(2),)}, "with 2 dims"),
        ({"owners": (0, 1), "placements": (0,)}, "neither Replicate nor Shard"),
    ],
)
def test_a_parameter_that_cannot_be(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(DistributedError, match=why) as raised:
        ParamMeta("w", torch.float32, (2, 3), **wrong)
    assert "'w'" in str(raised.value)
    assert isinstance(raised.value, (ValueError, TypeError))


def test_a_parameter_that_is_whole_everywhere_has_no_placements() -> None:
    meta = ParamMeta("w", torch.float32, [2], owners=[0, 1], placements=[Replicate()])  # type: ignore[arg-type]
    assert (meta.shape, meta.owners, meta.mesh_shape, meta.placements) == ((2,), (0, 1), (2,), None)


def test_a_source_says_what_it_has() -> None:
    module = torch.nn.Linear(2, 3)
    source = ModuleSource(module)
    assert [meta.name for meta in source.metadata] == ["weight", "bias"]
    assert source.metadata is source.metadata
    assert source.owned_names(5) == ["weight", "bias"]
    assert [name for name, _ in source.iter_full()] == source.owned_names(0)
    assert [name for name, _ in source.iter_local()] == source.owned_names(0)
    assert TensorSource({}).implements_iter_full()
    assert not TensorSource({}).implements_iter_local()
    with pytest.raises(NotImplementedError, match="has no iter_local"):
        next(TensorSource({}).iter_local())
    with pytest.raises(TypeError, match=r"must be a functools\.cached_property"):
        type("Wrong", (WeightSource,), {"metadata": property(lambda self: [])})
    for wrong in (5, {"a": 1}, {1: torch.ones(1)}):
        with pytest.raises(InvalidTypeError, match="tensors must"):
            TensorSource(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidTypeError, match=r"must be a torch\.nn\.Module"):
        ModuleSource({})  # type: ignore[arg-type]


# Files


def written(path: Path, tensors: dict[str, torch.Tensor], padding: int = 0) -> Path:
    names = {
        each: name
        for name, each in {"BF16": torch.bfloat16, "F32": torch.float32, "I8": torch.int8}.items()
    }
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        raw = bytes(tensor.contiguous().view(-1).view(torch.uint8).tolist())
        header[name] = {  # type: ignore[assignment]
            "dtype": names[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    head = json.dumps(header).encode() + b" " * padding
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)
    return path


@pytest.mark.parametrize("padding", range(4))
def test_files_of_safetensors(tmp_path: Path, padding: int) -> None:
    one = {"a": torch.arange(6, dtype=torch.int8).view(2, 3), "b": torch.randn(3).bfloat16()}
    two = {"c": torch.randn(2, 2), "d": torch.empty(0, 4)}
    written(tmp_path / "1.safetensors", one, padding)
    written(tmp_path / "2.safetensors", two, padding)
    source = SafetensorsSource(tmp_path)
    assert [(meta.name, meta.dtype, meta.shape) for meta in source.metadata] == [
        (name, each.dtype, tuple(each.shape)) for name, each in {**one, **two}.items()
    ]
    found = dict(source.iter_full())
    assert all(weights.is_same(found[name], each) for name, each in {**one, **two}.items())
    written(tmp_path / "3.safetensors", {"a": torch.zeros(1)})
    with pytest.raises(InvalidArgumentError, match="'a' is in"):
        SafetensorsSource(tmp_path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="there is no file of safetensors"):
        SafetensorsSource(tmp_path)
    path = written(tmp_path / "a.safetensors", {"a": torch.randn(5), "b": torch.randn(4)})
    whole = path.read_bytes()
    choose = random.Random(5)
    for _ in range(300):
        raw = bytearray(whole[: choose.randrange(len(whole) + 1)])
        for _ in range(choose.randrange(4)):
            if raw:
                raw[choose.randrange(len(raw))] = choose.randrange(256)
        path.write_bytes(raw)
        try:
            for _, tensor in SafetensorsSource(path).iter_full():
                tensor.sum()
        except (EncodingError, InvalidArgumentError):
            pass  # and nothing else


# Cuts and buckets


def test_pieces_and_parts_against_the_plain_way() -> None:
    choose = random.Random(3)
    for _ in range(150):
        count = choose.randint(1, 4)
        shape = [choose.randint(1, 6) for _ in range(choose.randint(1, 3))]
        dim = choose.choice([None, *range(len(shape))])
        if dim is not None:
            shape[dim] *= count
        tensor = weights.values(choose.randrange(999), shape, choose.choice(weights.DTYPES))
        raw = tensor.view(-1).view(torch.uint8)
        capacity = 64 * choose.randint(1, 3)
        for index in range(count):
            cut = cut_of(shape, tensor.element_size(), dim, index, count)
            got = torch.zeros(cut.before(raw.numel()), dtype=torch.uint8)
            for bucket in buckets_of([raw.numel()], capacity):
                for piece in bucket:
                    part = got[cut.before(piece.start) : cut.before(piece.end)]
                    copy_part(cut, raw[piece.start : piece.end], piece.start, part)
            wanted = tensor if dim is None else tensor.chunk(count, dim)[index]
            assert torch.equal(got, wanted.contiguous().view(-1).view(torch.uint8))


def test_buckets_hold_each_byte_once() -> None:
    choose = random.Random(4)
    for _ in range(200):
        sizes = [choose.choice([0, 1, 63, 64, 65, 200, 1000]) for _ in range(choose.randint(0, 9))]
        capacity = 64 * choose.randint(1, 8)
        seen = [0] * len(sizes)
        for bucket in buckets_of(sizes, capacity):
            assert bucket
            end = 0
            for piece in bucket:
                assert piece.at >= end
                assert piece.start == seen[piece.index]
                seen[piece.index], end = piece.end, piece.at + piece.end - piece.start
            assert end <= capacity
        assert seen == sizes


# Who connects


def test_a_stranger_is_turned_away() -> None:
    listener = listen("127.0.0.1")
    place = listener.getsockname()
    threads = weights.Threads()
    threads.start("found", lambda: accept_all(listener, "secret", [0], threading.TIMEOUT_MAX))
    for said in (b"GET / HTTP/1.1\r\n\r\n" + b" " * 40, struct.pack("<4sQ", b"VDW1", 1 << 60), b""):
        with socket.create_connection(place) as stranger:
            stranger.sendall(said)
            if not said:
                stranger.shutdown(socket.SHUT_WR)
            stranger.settimeout(20)
            with contextlib.suppress(ConnectionResetError):  # of what it sent and nobody read
                assert stranger.recv(1) == b""
    body = json.dumps({"token": "secret", "number": 0}).encode()
    with socket.create_connection(place) as known:
        known.sendall(struct.pack("<4sQ", b"VDW1", len(body)) + body)
        (link,) = threads.join()["found"].values()
        assert link.name == "target 0"
        link.close()
    listener.close()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"master_address": ""}, "master_address"),
        ({"master_address": 5}, "master_address"),
        ({"master_address": "0.0.0.0"}, "every interface"),
        ({"master_port": -1}, "master_port"),
        ({"master_port": "x"}, "master_port"),
        ({"world_size": 1}, "world_size"),
        ({"world_size": True}, "world_size"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"timeout_s": "1"}, "timeout_s"),
        ({"packed_buffer_size_bytes": 0}, "packed_buffer_size_bytes"),
        ({"packed_num_buffers": 5000}, "packed_num_buffers"),
        ({"shared_memory": "yes"}, "shared_memory"),
        ({"listen_socket": 5}, "listen_socket"),
    ],
)
def test_a_trainer_that_cannot_be(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(DistributedError, match=why) as raised:
        CPUTrainerInitInfo(rank=0, **wrong)
    assert isinstance(raised.value, (ValueError, TypeError))


def test_a_port_that_is_taken_or_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidArgumentError, match="listen_socket has port"):
            CPUTrainerInitInfo(rank=0, master_port=1, listen_socket=taken)
        info = CPUTrainerInitInfo(rank=0, master_port=port)
        with pytest.raises(RendezvousError, match="nothing can listen on host"):
            WeightTransferTrainerFactory.trainer_init(info, client=None, source=TensorSource({}))  # type: ignore[arg-type]


def test_a_target_that_cannot_be() -> None:
    for wrong in ({"master_port": 0}, {"rank_offset": 0}, {"world_size": 1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            CPUWeightTransferInitInfo(
                **{"master_address": "127.0.0.1", "master_port": 5, "world_size": 2, **wrong}
            )
    engine = weights.engine_of({}, 3, 4)
    with pytest.raises(InvalidArgumentError, match="would be target 3, and world_size=2 has 1"):
        engine.init_transfer_engine(
            CPUWeightTransferInitInfo(master_address="127.0.0.1", master_port=5, world_size=2)
        )
    with pytest.raises(ValueError, match="init_info of CPUWeightTransferEngine is wrong"):
        engine.parse_init_info({"nothing": 1})
    with pytest.raises(InvalidTypeError, match="model must be"):
        weights.engine_of([], 0, 1)
    with pytest.raises(WeightTransferError, match="not connected"):
        engine.start_weight_update()
    engine.shutdown()
    engine.shutdown()


def test_a_source_that_cannot_be_sent() -> None:
    class Local(WeightSource):
        @cached_property
        def metadata(self) -> list[ParamMeta]:
            return [ParamMeta("w", torch.float32, (1,), owners=(1, 0))]

        def iter_local(self) -> Iterator[tuple[str, torch.Tensor]]:
            yield "w", torch.ones(1)

    class Elsewhere(Local):
        def iter_full(self) -> Iterator[tuple[str, torch.Tensor]]:
            yield "w", torch.ones(1)

    info = CPUTrainerInitInfo(rank=0)
    for source, why in (
        (None, "must be a WeightSource"),
        (Local(), "no iter_full"),
        (Elsewhere(), "rank 1"),
    ):
        with pytest.raises((TypeError, ValueError), match=why):
            WeightTransferTrainerFactory.trainer_init(info, client=None, source=source)  # type: ignore[arg-type]


# Engines by name


def test_engines_are_registered_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for factory in (WeightTransferEngineFactory, WeightTransferTrainerFactory):
        monkeypatch.setattr(factory, "_registry", dict(factory._registry))
        with pytest.raises(ValueError, match="named 'cpu' already"):
            factory.register_engine("cpu", "nowhere", "Class")
        with pytest.raises(ValueError, match="class_name is missing"):
            factory.register_engine("mine", "nowhere")
        with pytest.raises(TypeError, match="by its class"):
            factory.register_engine("mine", 5)  # type: ignore[arg-type]
    config, device = weights.config(0, 1), torch.device("cpu")
    WeightTransferEngineFactory.register_engine("lazy", "json", "JSONDecoder")
    with pytest.raises(TypeError, match=r"json\.JSONDecoder is not a WeightTransferEngine"):
        WeightTransferEngineFactory.create_engine(WeightTransferConfig("lazy"), config, device, {})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no engine that receives weights named 'x'"):
        WeightTransferEngineFactory.create_engine(WeightTransferConfig("x"), config, device, {})  # type: ignore[arg-type]
    WeightTransferEngineFactory.register_engine("mine", NCCLWeightTransferEngine)
    made = WeightTransferEngineFactory.create_engine(
        WeightTransferConfig("mine"), config, device, torch.nn.Linear(1, 1)
    )
    assert isinstance(made, WeightTransferEngine)
    assert WeightTransferConfig().backend == "nccl"
    with pytest.raises(TypeError, match="class-level backend"):
        type("Nameless", (TrainerInitInfo,), {})


# Over HTTP, and over Ray


def test_a_client_over_http() -> None:
    calls: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            calls.append((self.path, json.loads(body) if body else None))
            self.send_response(500 if self.path == "/start_weight_update" else 200)
            self.end_headers()
            self.wfile.write(b"no")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        client = HTTPVLLMWeightSyncClient(f"http://127.0.0.1:{server.server_port}/", timeout=20)
        assert isinstance(client, VLLMWeightSyncClient)
        client.init_weight_transfer_engine({"a": 1})
        client.update_weights({"names": []})
        client.finish_weight_update("7")
        client.finish_weight_update()
        client.shutdown_weight_transfer_engine()
        with pytest.raises(WeightTransferError, match="answered 500: no"):
            client.start_weight_update()
        with pytest.raises(InvalidArgumentError, match="must be plain values"):
            client.update_weights({"a": torch.ones(1)})
        server.shutdown()
        thread.join()
    assert calls == [
        ("/init_weight_transfer_engine", {"init_info": {"a": 1}}),
        ("/update_weights", {"update_info": {"names": []}}),
        ("/finish_weight_update", {"weight_version": "7"}),
        ("/finish_weight_update", None),
        ("/shutdown_weight_transfer_engine", None),
        ("/start_weight_update", None),
    ]
    with pytest.raises(WeightTransferError):
        client.start_weight_update()
    with pytest.raises(InvalidArgumentError, match="must begin with http"):
        HTTPVLLMWeightSyncClient("file:///etc/passwd")
    assert isinstance(RayVLLMWeightSyncClient(object()), VLLMWeightSyncClient)


# Packed


class Wire:
    """A group of one sender and one receiver, one after the other."""

    def __init__(self) -> None:
        self.sent: list[torch.Tensor] = []

    def broadcast(self, tensor: torch.Tensor, src: int) -> None:
        assert src == 0
        self.sent.append(tensor)


class Received(Wire):
    def broadcast(self, tensor: torch.Tensor, src: int) -> None:
        tensor.copy_(self.sent.pop(0))


@pytest.mark.parametrize("size", [1, 100, 1000, 1 << 30])
def test_both_sides_cut_at_the_same_places(size: int) -> None:
    tensors = weights.parameters(2, 1).tensors
    wire, got = Wire(), {}
    packed_nccl_broadcast_producer(iter(tensors.items()), wire, 0, lambda pair: pair[1], size)
    described = ((name, (list(each.shape), each.dtype)) for name, each in tensors.items())
    other = Received()
    other.sent = wire.sent
    packed_nccl_broadcast_consumer(described, other, 0, got.update, size, device="cpu")
    assert list(got) == list(tensors)
    assert all(weights.is_same(got[name], each) for name, each in tensors.items())
    assert other.sent == []


def test_what_is_packed_wrongly() -> None:
    assert pack_tensors(iter([]), lambda pair: pair[1], 10) is None
    chunk = pack_tensors(
        iter([("a", torch.ones(2)), ("b", torch.ones(1))]), lambda pair: pair[1], 4
    )
    assert chunk is not None
    assert (chunk.names, chunk.tensor_sizes) == (["a"], [8])
    given = (chunk.packed_tensor, ["a"], [[2]], [torch.float32])
    with pytest.raises(InvalidArgumentError, match="do not describe a buffer of 8"):
        unpack_tensor(*given, [4])
    with pytest.raises(InvalidArgumentError, match="has not 8 bytes"):
        unpack_tensor(chunk.packed_tensor, ["a"], [[3]], [torch.float32], [8])
    for wrong in ({"buffer_size_bytes": 0}, {"num_buffers": 0}):
        with pytest.raises(InvalidArgumentError, match=next(iter(wrong))):
            packed_nccl_broadcast_producer(iter([]), Wire(), 0, lambda pair: pair[1], **wrong)


# The engine of torch's groups, here over gloo


@pytest.mark.parametrize("packed", [True, False])
def test_the_engine_of_a_group_of_torch(packed: bool) -> None:
    whole = weights.parameters(4, 1).tensors
    loaded: list[str] = []

    class Loads(torch.nn.Module):
        def load_weights(self, given: list[tuple[str, torch.Tensor]]) -> None:
            for name, tensor in given:
                assert weights.is_same(tensor, whole[name])
                loaded.append(name)

    engines = [
        NCCLWeightTransferEngine(
            WeightTransferConfig(), weights.config(rank, 2), torch.device("cpu"), Loads()
        )
        for rank in range(2)
    ]

    class Client:
        def all(self, method: str, *given: Any) -> None:
            threads = weights.Threads()
            for rank, engine in enumerate(engines):
                threads.start(rank, getattr(engine, method), *given)
            assert set(threads.join().values()) == {None}

        def init_weight_transfer_engine(self, init_info: dict[str, Any]) -> None:
            self.all("init_transfer_engine", NCCLWeightTransferInitInfo(**init_info))

        def start_weight_update(self) -> None:
            self.all("start_weight_update")

        def update_weights(self, update_info: Any) -> None:
            self.all("update_weights", update_info)

        def finish_weight_update(self, weight_version: str | None = None) -> None:
            self.all("finish_weight_update")

    listener = socket.create_server(("127.0.0.1", 0))
    adopt_listen_socket(listener)
    port = listener.getsockname()[1]
    info = NCCLTrainerInitInfo("127.0.0.1", port, 3, packed, 300, rank=0)
    trainer = WeightTransferTrainerFactory.trainer_init(
        info, client=Client(), source=TensorSource(whole)
    )
    trainer.send_weights()
    trainer.send_weights()  # the same names, which are not sent again
    assert sorted(loaded) == sorted(list(whole) * 4)
    for each in (trainer, *engines):
        each.shutdown()


def test_what_that_engine_refuses() -> None:
    with pytest.raises(InvalidArgumentError, match="1 dtype_names for 0 names"):
        NCCLWeightTransferUpdateInfo(dtype_names=["int8"])
    with pytest.raises(InvalidArgumentError, match="both are needed"):
        NCCLWeightTransferInitInfo(rank_offset=1, world_size=2, master_address="a")
    with pytest.raises(InvalidArgumentError, match="not both"):
        NCCLWeightTransferInitInfo(
            rank_offset=1, world_size=2, master_port=4, nccl_unique_id_b64="AA"
        )
    with pytest.raises(LibraryMissingError, match="own binding of NCCL"):
        NCCLWeightTransferInitInfo(rank_offset=1, world_size=2, nccl_unique_id_b64="AA")
    engine = NCCLWeightTransferEngine(
        WeightTransferConfig(), weights.config(0, 1), torch.device("cpu"), torch.nn.Linear(1, 1)
    )
    with pytest.raises(WeightTransferError, match="init_transfer_engine comes first"):
        engine.update_weights({})
    with pytest.raises(WeightMismatchError, match="'other' of shape"):
        engine._load([("other", torch.ones(1))])
