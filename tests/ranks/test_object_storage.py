"""Objects in shared memory: one writes, others read, and any of them may be killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import pytest
import stored_objects
import torch

from vllm_distributed.device_communicators.shm_object_storage import (
    ObjectSerde,
    ShmObjectStorageHandle,
    SingleWriterShmObjectStorage,
    SingleWriterShmRingBuffer,
)
from vllm_distributed.errors import (
    EncodingError,
    InvalidArgumentError,
    InvalidTypeError,
    ObjectNotStoredError,
    StorageFullError,
)

pytestmark = pytest.mark.timeout(60)
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["torch", "vllm_distributed", "pytest"])
Storage = SingleWriterShmObjectStorage


@pytest.fixture
def storage() -> Iterator[Storage]:
    found = Storage(1 << 16, 2, SingleWriterShmRingBuffer(200_000, create=True))
    yield found
    found.close()


def readers_of(storage: Storage) -> list[Storage]:
    return [Storage.create_from_handle(storage.handle()) for _ in range(storage.n_readers)]


def files_of(storage: Storage) -> list[str]:
    path = storage.ring_buffer._memory._file.path
    return [name for name in os.listdir(path.parent) if name == path.name]


# The ring


def test_pieces_lie_one_behind_the_other_and_begin_anew_at_the_end() -> None:
    ring = SingleWriterShmRingBuffer(100, create=True)
    assert ring.allocate_buf(20) == (0, 0)
    assert ring.allocate_buf(30) == (28, 1)
    with ring.access_buf(28) as (data, (number, size)):
        data[:] = b"x" * 30
        assert (number, size, len(data)) == (1, 38, 30)
    with pytest.raises(MemoryError, match="48 bytes are not free in one part"):
        ring.allocate_buf(40)
    assert list(ring.free_buf(lambda number, data: number == 0)) == [0]
    assert (ring.data_buffer_start, ring.data_buffer_end) == (28, 66)
    # Not in the 34 bytes at the end.
    with pytest.raises(StorageFullError):
        ring.allocate_buf(40)
    assert ring.allocate_buf(20) == (66, 2)
    assert ring.allocate_buf(12) == (100, 3)
    assert list(ring.free_buf(lambda number, data: True)) == [1, 2, 3]
    assert (ring.data_buffer_start, ring.data_buffer_end, ring.metadata) == (0, 0, {})
    ring.monotonic_id_start = ring.monotonic_id_end = ring.ID_MAX - 1
    assert [ring.allocate_buf(1)[1] for _ in range(3)] == [ring.ID_MAX - 1, 0, 1]
    assert list(ring.free_buf(lambda number, data: True, 10)) == [ring.ID_MAX - 1, 0]
    reader = SingleWriterShmRingBuffer(*ring.handle())
    assert reader.get_auth_secret() == ring.get_auth_secret()
    for call in (reader.clear, lambda: reader.allocate_buf(1), lambda: reader.free_buf(bool)):
        with pytest.raises(AssertionError, match="for the process that writes"):
            call()
    reader.close()
    ring.close()
    ring.close()
    with pytest.raises(InvalidArgumentError, match="was closed here"):
        ring.allocate_buf(1)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"data_buffer_size": 8}, InvalidArgumentError, "from 9 bytes to 32 GiB, got 8"),
        ({"data_buffer_size": 1e6}, InvalidTypeError, "must be an integer, got 1000000.0"),
        ({"create": False}, InvalidArgumentError, "opens a store of objects by its name"),
        ({"create": False, "name": "../no"}, InvalidArgumentError, "no store of objects named"),
        ({"name": ""}, InvalidTypeError, "name must be a text"),
    ],
)
def test_a_ring_of_wrong_values_is_not_made(
    given: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        SingleWriterShmRingBuffer(**{"data_buffer_size": 1000, "create": True, **given})


def test_a_name_has_one_writer_and_one_size() -> None:
    ring = SingleWriterShmRingBuffer(1000, name=f"a name/of {os.getpid()}", create=True)
    with pytest.raises(InvalidArgumentError, match="another process writes"):
        SingleWriterShmRingBuffer(1000, name=ring.name, create=True)
    for size in (999, 1001):
        with pytest.raises(InvalidArgumentError, match="as its handle says"):
            SingleWriterShmRingBuffer(size, ring.name)
    ring.close()
    SingleWriterShmRingBuffer(500, name=ring.name, create=True).close()


# Objects

VALUES = [
    None,
    {"a": [1, (2.5, "x")], 3: b"bytes"},
    torch.arange(1000).reshape(10, 100).t(),
    {"t": torch.ones(3, dtype=torch.bfloat16), "n": np.arange(5.0), "e": torch.empty(0)},
    "long " * 5000,
]


@pytest.mark.parametrize("value", VALUES, ids=[str(n) for n in range(len(VALUES))])
def test_what_is_put_is_what_each_reader_gets(storage: Storage, value: Any) -> None:
    readers = readers_of(storage)
    handle = storage.put("key", value)
    assert storage.is_cached("key")
    for reader in readers:
        found = reader.get(*handle, storage.get_signature("key"), "key")
        assert repr(found) == repr(value)
        # It shares no memory with the store.
        if isinstance(found, torch.Tensor):
            found.zero_()
    assert repr(storage.get(*handle)) == repr(value)
    for reader in readers:
        reader.close()


def test_forged_stale_and_senseless_handles_are_refused(storage: Storage) -> None:
    reader, other = readers_of(storage)
    at, signature = storage.put("key", 1), storage.get_signature("key")
    wrong: list[tuple[Any, Any, Any, Any]] = [
        (at[0], at[1], None, "key"),
        (at[0], at[1], signature, None),
        (at[0], at[1], signature, "other"),
        (at[0] + 8, at[1], signature, "key"),
        (at[0], at[1] + 1, signature, "key"),
        (-1, at[1], signature, "key"),
        (2**80, at[1], signature, "key"),
        (at[0], at[1], signature[:-1], "key"),
        (at[0], at[1], [256, *signature[1:]], "key"),
        (at[0], at[1], bytes(signature), "key"),
    ]
    for address, number, signed, key in wrong:
        with pytest.raises(ValueError, match="SHM handle signature"):
            reader.get(address, number, signed, key)
        with pytest.raises(ValueError, match="SHM handle signature"):
            reader.touch(key, address, number, signed)
    assert reader.get(*at, signature, "key") == 1
    storage.clear()
    storage.put("key", 2)
    for call in (reader.get, lambda *handle: reader.touch("key", *handle[:3])):
        with pytest.raises(ValueError, match="has been modified or is invalid"):
            call(*at, signature, "key")
    for address in (-1, 200_000 - 4, "0"):
        with pytest.raises(ValueError, match="there is nothing at address"):
            storage.get(address, 0)  # type: ignore[arg-type]
    storage.verify_signature("key", *storage.key_index["key"], storage.get_signature("key"))
    with pytest.raises(ValueError, match="Invalid SHM"):
        storage.verify_signature("key", *at, signature)
    reader.close()
    other.close()


def test_wrong_values_are_refused_and_change_nothing(storage: Storage) -> None:
    storage.put("key", 1)
    before = (dict(storage.key_index), storage.ring_buffer.data_buffer_end)
    with pytest.raises(InvalidArgumentError, match="'key' already exists"):
        storage.put("key", 2)
    with pytest.raises(InvalidTypeError, match="a key is a str, got int"):
        storage.put(3, 2)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="exceeds max object size"):
        storage.put("large", b"x" * (1 << 16))
    with pytest.raises(EncodingError, match="Thread"):
        storage.put("thread", threading.current_thread())
    for call in (storage.get_cached, storage.get_signature):
        with pytest.raises(ObjectNotStoredError, match="no object of key 'no'"):
            call("no")
        with pytest.raises(KeyError):
            call("no")
    storage.touch("no")

    class Lying(ObjectSerde):
        def serialize(self, value: Any) -> tuple[Any, int, bytes, int]:
            return [b"more than it says"], 3, b"", 0

        def deserialize(self, data: memoryview) -> Any:
            return None

    storage.ser_de = Lying()
    with pytest.raises(ValueError, match="memoryview"):
        storage.put("lie", 1)
    assert (dict(storage.key_index), storage.ring_buffer.data_buffer_end) == before
    for number in (0, 257, True, 1.5):
        with pytest.raises((InvalidArgumentError, InvalidTypeError), match="n_readers"):
            Storage(10, number, storage.ring_buffer)  # type: ignore[arg-type]
    reader, other = readers_of(storage)
    with pytest.raises(InvalidArgumentError, match="all 2 readers"):
        Storage.create_from_handle(storage.handle())
    with pytest.raises(InvalidArgumentError, match="put is for the process that writes"):
        reader.put("key", 1)
    reader.clear()
    reader.close()
    other.close()
    storage.close()
    with pytest.raises(InvalidArgumentError, match="no store of objects named"):
        Storage.create_from_handle(storage.handle())


def test_a_serde_of_ones_own() -> None:
    class Text(ObjectSerde):
        def serialize(self, value: Any) -> tuple[Any, int, bytes, int]:
            data = value.encode()
            return data, len(data), bytes([len(data)]), 1

        def deserialize(self, data: memoryview) -> Any:
            return bytes(data[len(data) - data[0] :]).decode()

    storage = Storage(1000, 1, SingleWriterShmRingBuffer(1000, create=True), Text)
    (reader,) = readers_of(storage)
    for text in ("", "abc", "größer"):
        at = storage.put(text, text)
        assert reader.get(*at, storage.get_signature(text), text) == text
    reader.close()
    storage.close()


def test_a_full_store_says_who_has_not_read(storage: Storage) -> None:
    reader, other = readers_of(storage)
    at = storage.put("oldest", b"x" * 60_000)
    signature = storage.get_signature("oldest")
    for key in "abc":
        storage.put(key, b"x" * 40_000)
    reader.get(*at, signature, "oldest")
    with pytest.raises(
        StorageFullError, match="of key 'oldest', was not read in seats 1"
    ) as caught:
        storage.put("new", b"x" * 60_000)
    assert isinstance(caught.value, MemoryError)
    assert caught.value.details["seats"] == [1]
    other.get(*at, signature, "oldest")
    storage.touch("oldest")
    with pytest.raises(StorageFullError, match="'oldest', is touched"):
        storage.put("new", b"x" * 60_000)
    assert storage.is_cached("oldest")
    storage.release_touches()
    storage.put("new", b"x" * 60_000)
    assert not storage.is_cached("oldest")
    reader.close()
    other.close()


def test_many_objects_leave_no_trace(storage: Storage) -> None:
    readers = readers_of(storage)
    used = 0
    for number in range(3000):
        key = f"{number}"
        at = storage.put(key, b"x" * (number % 7000))
        signature = storage.get_signature(key)
        for reader in readers:
            reader.get(*at, signature, key)
        used = max(used, len(storage.key_index))
    assert storage.ring_buffer.monotonic_id_end == 3000
    for index in (storage.id_index, storage.writer_flag, storage.ring_buffer.metadata):
        assert len(index) == len(storage.key_index) <= used < 1000
    assert storage._forgiven == {}
    assert storage.ring_buffer.data_buffer_end <= 2 * 200_000
    for reader in readers:
        reader.close()


@pytest.mark.parametrize("seed", range(6))
def test_random_steps_are_as_the_model_says(seed: int) -> None:
    done = stored_objects.run(seed, 400)
    assert done.puts > 50


# Processes


def read_on(handle: ShmObjectStorageHandle, pipe: Connection) -> None:
    storage = Storage.create_from_handle(handle)
    pipe.send("there")
    while True:
        key, at, signature = pipe.recv()
        pipe.send(storage.get(*at, signature, key))


def begin_reader(storage: Storage) -> tuple[Any, Connection]:
    ours, theirs = context.Pipe()
    process = context.Process(target=read_on, args=(storage.handle(), theirs))
    process.start()
    theirs.close()
    assert ours.recv() == "there"
    return process, ours


def test_a_reader_that_is_killed_holds_nothing_and_another_takes_its_seat(storage: Storage) -> None:
    (killed, to_killed), (living, to_living) = begin_reader(storage), begin_reader(storage)

    def put(key: str) -> None:
        message = key, storage.put(key, b"x" * 60_000), storage.get_signature(key)
        for pipe in (to_killed, to_living):
            if not pipe.closed:
                pipe.send(message)
                assert pipe.recv() == b"x" * 60_000

    put("a")
    # Given out to both, and killed before the one has got them.
    messages = [(k, storage.put(k, b"y" * 60_000), storage.get_signature(k)) for k in "bc"]
    for message in messages:
        to_living.send(message)
        assert to_living.recv() == b"y" * 60_000
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    to_killed.close()
    for key in "defgh":
        put(key)
    assert not storage.is_cached("b")
    killed, to_killed = begin_reader(storage)
    for key in "ijklmn":
        put(key)
    for process, pipe in ((killed, to_killed), (living, to_living)):
        process.kill()
        process.join()
        pipe.close()


def write_and_wait(name: str, pipe: Connection) -> None:
    storage = Storage(1000, 1, SingleWriterShmRingBuffer(10_000, name, create=True))
    at = storage.put("key", "value")
    handle = storage.handle()
    pipe.send((handle.ring_buffer_handle, at, storage.get_signature("key")))
    pipe.recv()


def test_a_writer_that_is_killed_leaves_what_is_read_and_its_name_to_the_next() -> None:
    name = f"of a writer of {os.getpid()}"
    ours, theirs = context.Pipe()
    writer = context.Process(target=write_and_wait, args=(name, theirs))
    writer.start()
    theirs.close()
    ring_handle, at, signature = ours.recv()
    reader = Storage(1000, 1, SingleWriterShmRingBuffer(*ring_handle))
    assert reader.writer_is_alive
    writer.kill()
    writer.join()
    ours.close()
    assert not reader.writer_is_alive
    assert reader.get(*at, signature, "key") == "value"
    next_one = Storage(1000, 1, SingleWriterShmRingBuffer(10_000, name, create=True))
    next_one.put("other", 1)
    assert reader.get(*at, signature, "key") == "value"
    next_one.close()
    # Without a next one the file goes with its last reader.
    reader.close()
    assert files_of(reader) == []
