"""Shared memory between client and rank: what it brings, what it refuses, what it leaves behind."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
import torch
from pool_harness import SHORT, Pool, alive, connect, eventually

from vllm_bridge._generated import pool_pb2, rank_pb2, types_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.codec import segments, tensors
from vllm_bridge.codec.calls import RemoteObjects, encode_term
from vllm_bridge.codec.errors import BridgeError, from_rpc_error
from vllm_bridge.codec.segments import SessionMemory
from vllm_bridge.codec.terms import decode
from vllm_bridge.pool.server.serve import memory_directory
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.pool.sessions.shared_memory import BASE, SharedMemory
from vllm_bridge.transport.metadata import SESSION_ID, SHARED_MEMORY
from vllm_distributed.tensors.raw_bytes import bytes_of

Start = Callable[..., Pool]

pytestmark = [
    pytest.mark.skipif(not os.access(BASE, os.W_OK), reason=f"{BASE} cannot be written to"),
]

SIZE = 256 * 1024
KEY = "0123456789abcdef0123456789abcdef"


def vector(start: int = 0) -> torch.Tensor:
    """A tensor of `SIZE` bytes."""
    return torch.arange(start, start + SIZE // 4, dtype=torch.int32)


def in_memory(name: str, offset: int = 0, size: int = SIZE) -> types_pb2.Tensor:
    """The message of a vector whose bytes are said to be there."""
    place = types_pb2.SharedMemory(name=name, offset=offset, size=size)
    return types_pb2.Tensor(dtype="s32", shape=[size // 4], shared_memory=place)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The directory of a session, with a key and one segment in which a vector is."""
    path = tmp_path / "session-1"
    path.mkdir()
    (path / "key").write_text(KEY)
    (path / "segment-1").write_bytes(bytes_of(vector()))
    return path


def session_memory(folder: Path, limit: int = 1 << 30) -> SessionMemory:
    return SessionMemory(folder, limit)


# --- what a rank reads ----------------------------------------------------------------------------


def test_an_argument_is_copied_out(folder: Path) -> None:
    storage = session_memory(folder).call("")
    value = tensors.from_message(in_memory("segment-1"), storage)
    (folder / "segment-1").write_bytes(bytes(SIZE))
    assert torch.equal(value, vector())
    part = tensors.from_message(in_memory("segment-1", 64, 8), storage)
    assert part.tolist() == [0, 0]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "key",
        "segment-0",
        "segment-1\n",
        "segment-1\0",
        "Segment-1",
        "segment-2",
        "segment-99999999999999999999",
        "../session-2/segment-1",
        "./segment-1",
        "/etc/passwd",
        "segment-1/../../session-2/segment-1",
        "s" * 5000,
        "segment-\uff13",
    ],
)
def test_a_name_that_the_pool_did_not_make_is_refused(folder: Path, name: str) -> None:
    other = folder.parent / "session-2"
    other.mkdir()
    (other / "segment-1").write_bytes(b"secret" * SIZE)
    with pytest.raises(BridgeError) as caught:
        tensors.from_message(in_memory(name), session_memory(folder).call(""))
    assert caught.value.reason == "shared_memory_unavailable"
    assert len(str(caught.value)) < 500


def test_links_pipes_and_directories_are_refused(folder: Path) -> None:
    secret = folder.parent / "secret"
    secret.write_bytes(b"s" * SIZE)
    (folder / "segment-2").symlink_to(secret)
    os.mkfifo(folder / "segment-3")
    (folder / "segment-4").mkdir()
    for number in (2, 3, 4):
        name = f"segment-{number}"
        memory = session_memory(folder)
        with pytest.raises(BridgeError, match=name):
            tensors.from_message(in_memory(name), memory.call(""))
        message = tensors.to_message(vector(), memory.call(f"{KEY} {name}"))
        assert message.WhichOneof("storage") == "data", name
    assert secret.read_bytes() == b"s" * SIZE


def test_the_directory_of_a_session_is_no_link(folder: Path) -> None:
    link = folder.parent / "session-3"
    link.symlink_to(folder)
    with pytest.raises(BridgeError):
        tensors.from_message(in_memory("segment-1"), session_memory(link).call(""))


@pytest.mark.parametrize(
    ("offset", "size"),
    [(1, SIZE), (SIZE, 4), (2**63, SIZE), (2**64 - 4, SIZE), (0, SIZE + 4), (0, 2**40)],
)
def test_more_than_there_is_takes_no_memory(folder: Path, offset: int, size: int) -> None:
    with pytest.raises(BridgeError, match="bytes") as caught:
        tensors.from_message(in_memory("segment-1", offset, size), session_memory(folder).call(""))
    assert caught.value.reason == "shared_memory_unavailable"


def test_a_size_that_dtype_and_shape_do_not_have_is_refused(folder: Path) -> None:
    message = in_memory("segment-1")
    message.shape[0] -= 1
    with pytest.raises(BridgeError, match="dtype and shape say"):
        tensors.from_message(message, session_memory(folder).call(""))


def test_a_segment_cut_short_while_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = os.preadv

    def cut(file: int, buffers: list[memoryview], offset: int) -> int:
        os.truncate(folder / "segment-1", 4096)
        return read(file, buffers, offset)

    monkeypatch.setattr(segments.os, "preadv", cut)
    with pytest.raises(BridgeError, match="cut short"):
        tensors.from_message(in_memory("segment-1"), session_memory(folder).call(""))


# --- what a rank writes ---------------------------------------------------------------------------


def stored(
    folder: Path, lent: str, *values: torch.Tensor, limit: int = 1 << 30
) -> list[str | None]:
    storage = session_memory(folder, limit).call(lent)
    return [tensors.to_message(value, storage).WhichOneof("storage") for value in values]


def test_results_lie_behind_each_other_in_the_lent_segment(folder: Path) -> None:
    storage = session_memory(folder).call(f"{KEY} segment-1")
    odd = torch.arange(SIZE + 1, dtype=torch.uint8)
    messages = [tensors.to_message(value, storage) for value in (odd, vector(7))]
    assert messages[1].shared_memory.offset % 64 == 0
    back = [tensors.from_message(message, storage) for message in messages]
    assert torch.equal(back[0], odd)
    assert torch.equal(back[1], vector(7))


def test_large_tensors_are_moved_in_two_halves_that_meet(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = session_memory(folder).call(f"{KEY} segment-1")
    large = torch.arange(700_001, dtype=torch.float64)
    message = tensors.to_message(large, storage)
    assert message.HasField("shared_memory")
    assert torch.equal(tensors.from_message(message, storage), large)
    # Either half may find that there is less than there was.
    read = os.preadv
    for cut in (100, 5_000_000):
        os.truncate(folder / "segment-1", 8 * 700_001)

        def after_cut(file: int, data: list[memoryview], offset: int, cut: int = cut) -> int:
            os.truncate(folder / "segment-1", cut)
            return read(file, data, offset)

        monkeypatch.setattr(segments.os, "preadv", after_cut)
        with pytest.raises(BridgeError, match="cut short"):
            tensors.from_message(message, storage)
        monkeypatch.undo()


def test_small_results_stay_in_their_message(folder: Path) -> None:
    assert stored(folder, f"{KEY} segment-1", torch.zeros(10)) == ["data"]


@pytest.mark.parametrize(
    "lent",
    [
        "",
        KEY,
        f"{KEY} ",
        f"{KEY} key",
        f"{KEY} segment-7",
        f"{KEY} ../segment-1",
        "segment-1",
        " segment-1",
        f"{KEY[:-1]} segment-1",
        f"{'0' * 32} segment-1",
        f"{KEY} segment-1 segment-1",
    ],
)
def test_without_key_and_segment_results_are_inline(folder: Path, lent: str) -> None:
    before = sorted(item.name for item in folder.iterdir())
    assert stored(folder, lent, vector(1)) == ["data"]
    assert sorted(item.name for item in folder.iterdir()) == before
    assert (folder / "segment-1").read_bytes() == bytes_of(vector())


def test_no_segment_grows_beyond_the_limit(folder: Path) -> None:
    found = stored(folder, f"{KEY} segment-1", vector(), vector(), limit=SIZE + SIZE // 2)
    assert found == ["shared_memory", "data"]
    assert (folder / "segment-1").stat().st_size == SIZE


def test_a_full_file_system_leaves_results_inline(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.pwrite
    room = [1000, 0]

    def full(file: int, data: memoryview, offset: int) -> int:
        count = room.pop(0)
        if not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data[:count], offset)

    monkeypatch.setattr(segments.os, "pwrite", full)
    assert stored(folder, f"{KEY} segment-1", vector(1)) == ["data"]


def test_what_fits_nowhere_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "MAX_INLINE_BYTES", SIZE - 1)
    with pytest.raises(BridgeError, match="keep it in its rank") as caught:
        tensors.to_message(vector(), segments.NoMemory())
    assert caught.value.reason == "tensor_too_large"
    assert caught.value.details["bytes"] == SIZE


def test_a_directory_that_is_gone_leaves_results_inline(folder: Path) -> None:
    memory = session_memory(folder)
    assert tensors.to_message(vector(), memory.call(f"{KEY} segment-1")).HasField("shared_memory")
    for item in folder.iterdir():
        item.unlink()
    folder.rmdir()
    assert tensors.to_message(vector(), memory.call(f"{KEY} segment-1")).HasField("data")


# --- what the pool makes --------------------------------------------------------------------------


def session() -> SessionEntry:
    return SessionEntry("one", pool_pb2.HINT)


def test_the_pool_names_segments_and_nobody_else_can_enter(tmp_path: Path) -> None:
    memory, entry = SharedMemory(tmp_path, max_segments=3), session()
    first = memory.share(entry, 2)
    folder = Path(first.directory)
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {item.stat().st_mode & 0o777 for item in folder.iterdir()} == {0o600}
    assert first.max_segment_bytes > 0
    assert len((folder / "key").read_text()) == 32
    # One is left to give, whatever is asked for.
    assert len(memory.share(entry, 1000).segments) == 1
    with pytest.raises(BridgeError) as caught:
        memory.share(entry, 1)
    assert caught.value.reason == "too_many_segments"
    assert caught.value.details == {"limit": 3}
    # What its client has removed makes room, and a name is never used again.
    (folder / first.segments[0]).unlink()
    assert memory.share(entry, 5).segments == ["segment-4"]
    assert memory.share(session(), 1).directory != first.directory


def test_a_session_that_ends_takes_its_directory_with_it(tmp_path: Path) -> None:
    async def run() -> None:
        memory, entry = SharedMemory(tmp_path), session()
        folder = Path(memory.share(entry, 2).directory)
        (folder / "segment-1").write_bytes(b"x" * SIZE)
        memory.forget(entry.number)
        await asyncio.get_running_loop().shutdown_default_executor()
        assert not folder.exists()

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["off", "no directory", "gone"])
def test_without_shared_memory_the_reason_says_so(tmp_path: Path, kind: str) -> None:
    memory = {
        "off": SharedMemory(tmp_path, max_segments=0),
        "no directory": SharedMemory(None),
        "gone": SharedMemory(tmp_path, max_segment_bytes=1),
    }[kind]
    if kind == "gone":
        tmp_path.rmdir()
    with pytest.raises(BridgeError) as caught:
        memory.share(session(), 1)
    assert caught.value.reason == "no_shared_memory"


def test_a_place_that_cannot_be_is_no_error(tmp_path: Path) -> None:
    assert memory_directory(tmp_path / "absent") is None
    (tmp_path / "file").touch()
    assert memory_directory(tmp_path / "file") is None


# --- all together ---------------------------------------------------------------------------------


@pytest.fixture
def real(real_pool: Pool) -> Iterator[Client]:
    with connect(real_pool.endpoint) as client:
        client.open_session(affinity="strict_queue").close()  # torch has been loaded
        yield client


def share(client: Client, session: Session, segments: int = 1) -> tuple[Path, list[str], str]:
    request = pool_pb2.ShareMemoryRequest(
        session=pool_pb2.OpenSessionRequest(session_id=session.session_id), segments=segments
    )
    path = "/vllm.bridge.v1.Pool/ShareMemory"
    answer = pool_pb2.ShareMemoryResponse.FromString(
        client.send(client.endpoint, path, request.SerializeToString(), SHORT)
    )
    folder = Path(answer.directory)
    return folder, list(answer.segments), (folder / "key").read_text()


def negated(
    client: Client, session: Session, argument: types_pb2.Tensor, lent: str
) -> types_pb2.Tensor:
    """`torch.neg` of the argument, as the rank answers it."""
    args = encode_term([torch.zeros(0)])
    args.tensors[0].CopyFrom(argument)
    request = rank_pb2.CallRequest(qualified_name="torch.neg", args=args)
    metadata = ((SESSION_ID, session.session_id), (SHARED_MEMORY, lent))
    endpoint = session.info.endpoint or client.endpoint
    path = "/vllm.bridge.v1.Objects/Call"
    try:
        answer = client.send(endpoint, path, request.SerializeToString(), SHORT, metadata)
    except grpc.RpcError as error:
        raise from_rpc_error(error) from None
    (tensor,) = types_pb2.Term.FromString(answer).tensors
    return tensor


@pytest.mark.parametrize("affinity", ["hint", "strict_queue"])
def test_there_and_back_on_any_rank_of_the_session(real: Client, affinity: str) -> None:
    with real.open_session(affinity=affinity) as session:
        folder, (name,), key = share(real, session)
        for start in range(4):
            (folder / name).write_bytes(bytes_of(vector(start)))
            answer = negated(real, session, in_memory(name), f"{key} {name}")
            assert answer.shared_memory == types_pb2.SharedMemory(name=name, size=SIZE)
            assert (folder / name).read_bytes() == bytes_of(-vector(start))
    eventually(lambda: not folder.exists())


def test_a_session_cannot_use_the_segments_of_another(real: Client) -> None:
    with (
        real.open_session(affinity="strict_queue") as mine,
        real.open_session(affinity="strict_queue") as other,
    ):
        folder, (name, *_), key = share(real, mine, 2)
        (folder / name).write_bytes(bytes_of(vector()))
        with pytest.raises(BridgeError) as caught:
            negated(real, other, in_memory(name), "")
        assert caught.value.reason == "shared_memory_unavailable"
        share(real, other)
        # The same name, and its own file: which is empty.
        with pytest.raises(BridgeError, match="it has 0"):
            negated(real, other, in_memory(name), "")
        inline = tensors.to_message(vector())
        assert negated(real, other, inline, f"{key} {name}").HasField("data")
        assert (folder / name).read_bytes() == bytes_of(vector())


def test_a_rank_that_dies_leaves_nothing_when_its_session_ends(start: Start) -> None:
    pool = start("--size", "1")
    with pool.client() as client:
        session = client.open_session(affinity="strict_queue")
        folder, _, _ = share(client, session)
        assert folder.is_dir()
        os.kill(session.info.pid, signal.SIGKILL)
        eventually(lambda: not alive(session.info.pid))
        session.close()
        eventually(lambda: not folder.exists())
        assert folder.parent.is_dir()
    pool.stop()
    assert not folder.parent.exists()


@pytest.mark.parametrize("everything", [False, True], ids=["the pool", "pool and forkserver"])
def test_nothing_is_left_of_a_pool_that_was_killed(start: Start, everything: bool) -> None:
    pool = start("--size", "1")
    with pool.client() as client:
        session = client.open_session(affinity="strict_queue")
        folder, (name,), _ = share(client, session)
        (folder / name).write_bytes(b"x" * SIZE)
        victims = [pool.forkserver, pool.pid] if everything else [pool.pid]
        if everything:
            # Else the forkserver is started again.
            os.kill(pool.pid, signal.SIGSTOP)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: not any(alive(pid) for pid in victims))
    if everything:
        assert folder.is_dir()
        # Whoever starts next clears up.
        start("--size", "0")
    eventually(lambda: not folder.parent.exists())


def test_turned_off_in_the_configuration(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "pools.toml"
    config.write_text("[server]\nmax_segments = 0\n")
    pool = start("--size", "1", "--config", str(config))
    with pool.client() as client:
        session = client.open_session(affinity="hint", timeout=timedelta(seconds=20))
        with pytest.raises(grpc.RpcError) as caught:
            share(client, session)
        assert from_rpc_error(caught.value).reason == "no_shared_memory"


def test_terms_bring_their_tensors_through_memory(real: Client) -> None:
    with real.open_session(affinity="strict_queue") as session:
        folder, (name,), key = share(real, session)
        request = rank_pb2.CallRequest(
            qualified_name="torch.broadcast_tensors",
            args=encode_term([vector(), vector(5)]),
        )
        metadata = ((SESSION_ID, session.session_id), (SHARED_MEMORY, f"{key} {name}"))
        answer = types_pb2.Term.FromString(
            real.send(
                session.info.endpoint,
                "/vllm.bridge.v1.Objects/Call",
                request.SerializeToString(),
                SHORT,
                metadata,
            )
        )
        assert [tensor.HasField("shared_memory") for tensor in answer.tensors] == [True, True]
        found = decode(answer, RemoteObjects(), session_memory(folder).call(""))
        assert [
            torch.equal(value, vector(start)) for value, start in zip(found, (0, 5), strict=True)
        ]


# --- the Python client ----------------------------------------------------------------------------


def folders(pool: Pool) -> list[Path]:
    """The directories of this pool's sessions: others may run on this machine."""
    files = [
        os.readlink(file) for file in Path(f"/proc/{pool.pid}/fd").iterdir() if file.is_symlink()
    ]
    (lock,) = [
        Path(file) for file in files if file.startswith(str(BASE)) and file.endswith("/lock")
    ]
    return list(lock.parent.glob("session-*"))


def test_the_client_shares_memory_by_itself(real: Client, real_pool: Pool) -> None:
    before = folders(real_pool)
    with real.open_session(affinity="strict_queue") as session:
        session.run("torch.neg", torch.zeros(10))
        assert folders(real_pool) == before, "nothing is asked for without a large tensor"
        for start in range(5):
            assert torch.equal(session.run("torch.neg", vector(start)), -vector(start))
        (folder,) = set(folders(real_pool)) - set(before)
        names = sorted(item.name for item in folder.iterdir())
        assert names == ["key", *(f"segment-{number}" for number in range(1, 5))]
        # The last result is what was written last.
        assert bytes_of(-vector(4)) in [item.read_bytes() for item in folder.iterdir()]
        with pytest.raises(BridgeError, match=r"must be 2-D|matrix|2D"):
            session.run("torch.mm", vector(), vector())
        assert len(list(folder.iterdir())) == len(names)


def test_typed_calls_of_a_world_share_memory(real: Client) -> None:
    with real.start_world(tensor_parallel_size=2) as world:

        def work(session: Session) -> bool:
            total = session.call("tensor_model_parallel_all_reduce", vector())
            return torch.equal(total, 2 * vector())

        assert [world.run(work) for _ in range(3)] == [[True, True]] * 3


def test_threads_do_not_get_each_others_bytes(real: Client) -> None:
    with real.open_session(affinity="strict_queue") as session, ThreadPoolExecutor(20) as threads:

        def work(number: int) -> bool:
            return torch.equal(session.run("torch.neg", vector(number)), -vector(number))

        assert all(threads.map(work, range(60)))


def test_a_client_whose_memory_is_gone_goes_on(real: Client, real_pool: Pool) -> None:
    before = folders(real_pool)
    with real.open_session(affinity="strict_queue") as session:
        session.run("torch.neg", vector())
        (folder,) = set(folders(real_pool)) - set(before)
        for item in folder.iterdir():
            item.unlink()
        for start in range(3):
            assert torch.equal(session.run("torch.neg", vector(start)), -vector(start))
