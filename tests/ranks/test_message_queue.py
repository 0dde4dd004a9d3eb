"""MessageQueue between real processes: this one writes, as a rule, and ranks of the harness read.

A reader that counts as one on another node reads over TCP on loopback.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rank_harness import Outcome, Ranks, World, _values, run_ranks
from stateless_places import grown, held

import vllm_distributed as vd
from vllm_distributed.communicators import MessageQueue
from vllm_distributed.errors import (
    EncodingError,
    InvalidArgumentError,
    InvalidRankError,
    InvalidTypeError,
    MessageQueueCancelledError,
    MessageQueueClosedError,
    MessageQueueError,
    MessageQueueTimeoutError,
)
from vllm_distributed.transports.queue.frames import pack
from vllm_distributed.transports.queue.sockets import SocketWriter
from vllm_distributed.transports.queue.writer import Writer

SHORT = timedelta(seconds=1)
LOOPBACK = "127.0.0.1"
_queues: dict[str, MessageQueue] = {}
_groups: list[Any] = []


class Readers:
    """Ranks that read what this process writes; the last `remote` of them over TCP."""

    def __init__(self, local: int, remote: int = 0, **options: Any) -> None:
        options.setdefault("timeout", timedelta(seconds=20))
        self.queue = MessageQueue(local + remote, local, connect_ip=LOOPBACK, **options)
        self._ranks = Ranks(local + remote)
        self._pool = ThreadPoolExecutor(1)
        joined = self.start(join, self.queue.export_handle())
        self.queue.wait_until_ready()
        _values(joined.result())

    def start(self, function: Callable[..., Any], *arguments: Any) -> Future[list[Outcome]]:
        return self._pool.submit(self._ranks.call, function, arguments, 30.0, with_place=True)

    def run(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        return _values(self.start(function, *arguments).result())

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *failure: object) -> None:
        self.queue.shutdown()
        self._pool.shutdown()
        self._ranks.stop()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    assert segments() == []


def segments(maker: int | None = None) -> list[str]:
    """The memory in the file system that this process, or another one, has made."""
    pattern = f"vllm_distributed_mq_{maker or os.getpid()}_*"
    return [path.name for path in Path("/dev/shm").glob(pattern)]


# What readers do


def join(rank: int, port: int, count: int, handle: dict[str, Any]) -> None:
    queue = MessageQueue.create_from_handle(handle, rank)
    queue.wait_until_ready()
    _queues["reader"] = queue


def read(rank: int, port: int, count: int, messages: int, timeout: float = 20.0) -> list[Any]:
    return [_queues["reader"].dequeue(timeout) for _ in range(messages)]


def read_and_check(rank: int, port: int, count: int, messages: int) -> None:
    for number in range(messages):
        check(number, _queues["reader"].dequeue(20.0))


def leave(rank: int, port: int, count: int, who: int) -> None:
    if rank == who:
        _queues["reader"].shutdown()


def die(rank: int, port: int, count: int, who: int) -> None:
    if rank == who:
        os.kill(os.getpid(), signal.SIGKILL)


def message(number: int) -> dict[str, Any]:
    """Sizes around those of chunks, zero included, so that frames begin and end everywhere."""
    size = (number * 37) % 1500
    return {
        "number": number,
        "tensor": torch.arange(size, dtype=torch.int16),
        "array": np.arange(number % 5, dtype=np.float64),
        "words": "ü" * (number % 80),
    }


def check(number: int, received: Any) -> None:
    expected = message(number)
    assert list(received) == list(expected)
    assert received["number"] == number
    assert torch.equal(received["tensor"], expected["tensor"])
    assert received["array"].tolist() == expected["array"].tolist()
    assert received["words"] == expected["words"]


# Messages


@pytest.mark.parametrize(("local", "remote"), [(1, 0), (2, 0), (0, 1), (2, 2)])
@pytest.mark.parametrize(("chunk_bytes", "chunks"), [(64, 1), (500, 3), (1 << 20, 2)])
def test_all_readers_get_everything_in_order(
    local: int, remote: int, chunk_bytes: int, chunks: int
) -> None:
    with Readers(local, remote, max_chunk_bytes=chunk_bytes, max_chunks=chunks) as readers:
        assert segments() == []  # the name goes as soon as everybody is there
        count = 60
        reading = readers.start(read_and_check, count)
        for number in range(count):
            value = message(number)
            readers.queue.enqueue(value, 20.0)
            value["tensor"].fill_(-1)  # what was enqueued has been copied
        _values(reading.result())


def test_an_object_much_larger_than_the_ring() -> None:
    with Readers(1, 1, max_chunk_bytes=1 << 16, max_chunks=2) as readers:
        tensor = torch.arange(1 << 20, dtype=torch.int32)
        reading = readers.start(sum_of_one)
        readers.queue.enqueue([tensor, "end"])
        assert _values(reading.result()) == [(int(tensor.sum()), "end")] * 2


def sum_of_one(rank: int, port: int, count: int) -> tuple[int, str]:
    tensor, word = _queues["reader"].dequeue(20.0)
    return int(tensor.sum()), word


def large_things() -> dict[str, Any]:
    """More than 8 MiB each, with bytes that say where they belong."""
    count = (8 << 20) // 4 + 1001
    return {
        "tensor": torch.arange(count, dtype=torch.int32),
        "array": np.arange(count, dtype=np.float32)[::-1],
        "text": "ä" * (count * 2),
    }


@pytest.mark.parametrize("chunk_bytes", [24 << 20, 3 << 20])
def test_large_arrays_arrive_whole_and_are_the_readers_own(chunk_bytes: int) -> None:
    with Readers(2, 1, max_chunk_bytes=chunk_bytes) as readers:
        reading = readers.start(read_large_things, 2)
        for _ in range(2):
            for name, value in large_things().items():
                readers.queue.enqueue({name: value}, 20.0)
                if name != "text":
                    value[:] = 0  # what was enqueued has been copied
        _values(reading.result())


def read_large_things(rank: int, port: int, count: int, times: int) -> None:
    received = [_queues["reader"].dequeue(20.0) for _ in range(3 * times)]
    expected = large_things()
    for tensor, array, text in zip(*[iter(received)] * 3, strict=True):
        assert torch.equal(tensor["tensor"], expected["tensor"])
        assert np.array_equal(array["array"], expected["array"])
        assert text["text"] == expected["text"]
        tensor["tensor"] += 1  # its memory is its own: the next ones are not changed
        array["array"][:] = 1


def test_a_reader_that_keeps_up_needs_the_memory_of_one_chunk() -> None:
    with Readers(1, max_chunk_bytes=1 << 20, max_chunks=10) as readers:
        for number in range(20):
            readers.queue.enqueue(np.full(1 << 19, number, np.uint8))
            assert readers.run(first_of_one) == [number]
        assert memory_of(readers.queue) < 1 << 20
        for number in range(10):  # one that does not needs it all
            readers.queue.enqueue(np.full(1 << 19, number, np.uint8))
        assert 10 << 19 < memory_of(readers.queue) < 12 << 19
        assert [readers.run(first_of_one) for _ in range(10)] == [[n] for n in range(10)]


def first_of_one(rank: int, port: int, count: int) -> int:
    return int(_queues["reader"].dequeue(20.0)[0])


def memory_of(queue: MessageQueue) -> int:
    assert isinstance(queue._end, Writer)
    assert queue._end.ring is not None
    return os.fstat(queue._end.ring._segment._file._descriptor).st_blocks * 512


class Halting(list[Any]):
    """The parts of a frame, of which all but the first come when `go_on` has returned."""

    def __init__(self, value: Any, go_on: Callable[[], object]) -> None:
        parts, self.size = pack(value)
        super().__init__(parts)
        self._go_on = go_on

    def __iter__(self) -> Iterator[Any]:
        for number, part in enumerate(super().__iter__()):
            if number == 2:
                self._go_on()
            yield part


def write_halting(queue: MessageQueue, value: Any, go_on: Callable[[], object]) -> None:
    assert isinstance(queue._end, Writer)
    parts = Halting(value, go_on)
    queue._end.write(parts, parts.size, time.monotonic() + 20)


TWO_HALVES = [torch.arange(1 << 19, dtype=torch.int32), torch.ones(1 << 20)]


@contextlib.contextmanager
def both_ends_here(**options: Any) -> Iterator[tuple[MessageQueue, MessageQueue]]:
    queue = MessageQueue(1, 1, **options)
    reader = MessageQueue.create_from_handle(queue.export_handle(), 0)
    queue.wait_until_ready()
    reader.wait_until_ready()
    yield queue, reader
    reader.shutdown()
    queue.shutdown()


@pytest.mark.timing
def test_a_reader_that_gave_up_within_an_object_goes_on_there() -> None:
    go_on = threading.Event()
    with both_ends_here() as (queue, reader), ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_halting, queue, TWO_HALVES, lambda: go_on.wait(20))
        with pytest.raises(MessageQueueTimeoutError):
            reader.dequeue(0.3)
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(MessageQueueCancelledError):
            reader.dequeue(cancel=cancel)
        go_on.set()
        first, second = reader.dequeue(20)
        assert torch.equal(first, TWO_HALVES[0])
        assert torch.equal(second, TWO_HALVES[1])
        writing.result(20)
        queue.enqueue("next")
        assert reader.dequeue(20) == "next"


class Interruption(Exception):
    """What ends an enqueue in the middle, as control-C does."""


def fail() -> None:
    raise Interruption


@pytest.mark.timing
def test_an_object_whose_writing_was_interrupted_is_dropped() -> None:
    with both_ends_here(max_chunks=2) as (queue, reader), ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reader.dequeue, 20)
        for _ in range(3):
            with pytest.raises(Interruption):
                write_halting(queue, TWO_HALVES, fail)
        queue.enqueue("after", 20)
        assert reading.result(20) == "after"
        queue.enqueue(TWO_HALVES, 20)
        assert torch.equal(reader.dequeue(20)[1], TWO_HALVES[1])


@pytest.mark.timing
def test_a_writer_that_is_killed_within_an_object_is_noticed() -> None:
    with Ranks(2) as ranks:
        handle = ranks.run(write_to_rank_1)[0]
        outcomes = ranks.call(die_within_an_object, (handle,), 60, with_place=True)
        assert outcomes[0].error == "ProcessDied"
        assert outcomes[1].error == "MessageQueueClosedError", outcomes[1].report
        assert "not running any more" in outcomes[1].message
        assert outcomes[1].seconds < 10


def write_to_rank_1(rank: int, port: int, count: int) -> dict[str, Any] | None:
    if rank != 0:
        return None
    _queues["writer"] = MessageQueue(1, 1, [1])
    return _queues["writer"].export_handle()


def die_within_an_object(rank: int, port: int, count: int, handle: dict[str, Any]) -> None:
    if rank == 0:
        _queues["writer"].wait_until_ready()
        write_halting(_queues["writer"], TWO_HALVES, lambda: os.kill(os.getpid(), signal.SIGKILL))
    join(rank, port, count, handle)
    _queues["reader"].dequeue(indefinite=True)


def test_what_cannot_travel_is_refused_and_the_queue_works_on() -> None:
    with Readers(1, 1) as readers:
        with pytest.raises(EncodingError, match="object"):
            readers.queue.enqueue({"tensor": torch.zeros(3), "bad": object()})
        readers.queue.enqueue("fine")
        assert readers.run(read, 1) == [["fine"], ["fine"]]


# Slow and gone


@pytest.mark.timing
@pytest.mark.parametrize(("local", "remote", "slow"), [(2, 0, 1), (1, 1, 1), (1, 1, 0)])
def test_a_full_queue_names_the_slow_reader(local: int, remote: int, slow: int) -> None:
    with Readers(local, remote, max_chunk_bytes=256, max_chunks=2) as readers:
        readers.queue.enqueue(0)
        readers.queue.enqueue(1)
        _values(readers.start(read_if_not, slow).result())
        wait_for_acknowledgements(readers.queue, slow)
        started = time.monotonic()
        with pytest.raises(MessageQueueTimeoutError, match=f"full: rank {slow} did") as caught:
            readers.queue.enqueue("refused", 0.4)
        assert 0.4 <= time.monotonic() - started < 3
        assert caught.value.details["readers"] == [slow]
        reading = readers.start(read_the_rest, slow)
        readers.queue.enqueue("accepted", 20.0)
        assert _values(reading.result()) == [
            [0, 1, "accepted"] if rank == slow else ["accepted"] for rank in range(2)
        ]


def read_if_not(rank: int, port: int, count: int, slow: int) -> None:
    if rank != slow:
        assert read(rank, port, count, 2) == [0, 1]


def read_the_rest(rank: int, port: int, count: int, slow: int) -> list[Any]:
    return read(rank, port, count, 3 if rank == slow else 1)


def wait_for_acknowledgements(queue: MessageQueue, slow: int) -> None:
    """A reader over TCP is through a moment before the writer hears of it."""
    server = server_of(queue)
    if server is not None and slow == 0:
        assert server.wait(time.monotonic() + 5, connecting=False)


def server_of(queue: MessageQueue) -> SocketWriter | None:
    assert isinstance(queue._end, Writer)
    return queue._end.server


def test_an_object_given_up_half_way_is_dropped_by_everybody() -> None:
    with Readers(2, 0, max_chunk_bytes=256, max_chunks=2) as readers:
        with pytest.raises(MessageQueueTimeoutError, match="full: rank 0, 1 did"):
            readers.queue.enqueue(torch.zeros(5000), 0.1)
        reading = readers.start(read, 2)
        readers.queue.enqueue("small", 20.0)
        readers.queue.enqueue(["large", "x" * 5000], 20.0)
        assert _values(reading.result()) == [["small", ["large", "x" * 5000]]] * 2


@pytest.mark.timing
@pytest.mark.parametrize(("local", "remote", "victim"), [(2, 0, 1), (1, 1, 1)])
@pytest.mark.parametrize("how", [leave, die])
def test_a_reader_that_is_gone_is_named_at_once(
    local: int, remote: int, victim: int, how: Callable[..., None]
) -> None:
    with Readers(local, remote, max_chunk_bytes=256, max_chunks=2) as readers:
        readers.start(how, victim).result()
        started = time.monotonic()
        with pytest.raises(MessageQueueClosedError, match=f"rank {victim}") as caught:
            fill(readers.queue)
        assert time.monotonic() - started < 5
        assert caught.value.details["readers"] == [victim]


def fill(queue: MessageQueue) -> None:
    for number in range(10):
        queue.enqueue(number, 20.0)


@pytest.mark.timing
def test_a_writer_that_is_killed_is_noticed_after_its_last_message() -> None:
    with Ranks(3) as ranks:
        handle = ranks.run(write_from_rank_0)[0]
        outcomes = ranks.call(read_until_closed, (handle,), 60, with_place=True)
        assert outcomes[0].error == "ProcessDied"
        for outcome in outcomes[1:]:
            assert outcome.error is None, outcome.report
            messages, error = outcome.value
            assert messages == ["one", "two"]
            assert "not running any more" in error or "is gone" in error
            assert outcome.seconds < 10


def write_from_rank_0(rank: int, port: int, count: int) -> dict[str, Any] | None:
    if rank != 0:
        return None
    _queues["writer"] = MessageQueue(2, 1, [1], connect_ip=LOOPBACK)
    return _queues["writer"].export_handle()


def read_until_closed(
    rank: int, port: int, count: int, handle: dict[str, Any]
) -> tuple[list[Any], str]:
    if rank == 0:
        writer = _queues["writer"]
        writer.wait_until_ready()
        writer.enqueue("one")
        writer.enqueue("two")
        server = server_of(writer)
        assert server is not None
        deadline = time.monotonic() + 10
        while server._submitted != min(peer.acknowledged for peer in server._readers.values()):
            assert time.monotonic() < deadline
            os.sched_yield()
        os.kill(os.getpid(), signal.SIGKILL)
    join(rank, port, count, handle)
    messages = []
    try:
        while True:
            messages.append(_queues["reader"].dequeue(indefinite=True))
    except MessageQueueClosedError as error:
        return messages, str(error)


def test_readers_finish_what_a_writer_left_when_it_shut_down() -> None:
    with Readers(1, 1) as readers:
        large = "x" * (1 << 20)
        for value in ("one", large):
            readers.queue.enqueue(value)
        finished = threading.Thread(target=readers.queue.shutdown)
        finished.start()
        assert readers.run(read, 2) == [["one", large]] * 2
        finished.join(10)
        for outcome in readers.start(read, 1).result():
            assert outcome.error == "MessageQueueClosedError"
            assert "everything it sent was read" in outcome.message
        with pytest.raises(MessageQueueClosedError, match="was shut down"):
            readers.queue.enqueue("more")
        readers.queue.shutdown()


# Ends of waiting


@pytest.mark.timing
def test_a_reader_can_stop_waiting() -> None:
    with Readers(1, 1) as readers:
        readers.run(wait_in_every_way)


def wait_in_every_way(rank: int, port: int, count: int) -> None:
    queue = _queues["reader"]
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="sent nothing"):
        queue.dequeue(0.2)
    assert 0.2 <= time.monotonic() - started < 10
    with pytest.raises(MessageQueueTimeoutError, match="sent nothing"):
        queue.dequeue(0)
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    with pytest.raises(MessageQueueCancelledError, match="cancelled"):
        queue.dequeue(cancel=cancel, indefinite=True)
    threading.Timer(0.2, queue.shutdown).start()
    with pytest.raises(MessageQueueClosedError, match="endpoint of the message queue was shut"):
        queue.dequeue(indefinite=True)
    queue.shutdown()


def test_waiting_leaves_the_processor_to_others() -> None:
    with both_ends_here(max_chunks=1) as (queue, reader):
        used = time.thread_time()
        with pytest.raises(MessageQueueTimeoutError):
            reader.dequeue(0.5)
        queue.enqueue("fills it")
        with pytest.raises(MessageQueueTimeoutError):
            queue.enqueue("too much", 0.5)
        assert time.thread_time() - used < 0.1


@pytest.mark.timing
def test_a_reader_that_was_cancelled_reads_on() -> None:
    """Cancelling takes nothing out, and leaves nothing half-read."""
    with Readers(1, 1, max_chunk_bytes=256, max_chunks=2) as readers:
        readers.run(cancel_twice)
        reading = readers.start(read, 2)
        readers.queue.enqueue("first")
        readers.queue.enqueue(["large", "x" * 5000])
        assert _values(reading.result()) == [["first", ["large", "x" * 5000]]] * 2


def cancel_twice(rank: int, port: int, count: int) -> None:
    cancel = threading.Event()
    cancel.set()
    for options in ({"timeout": 20.0}, {"indefinite": True}):
        started = time.monotonic()
        with pytest.raises(MessageQueueCancelledError):
            _queues["reader"].dequeue(cancel=cancel, **options)
        assert time.monotonic() - started < 10


@pytest.mark.timing
@pytest.mark.parametrize(("local", "remote"), [(1, 0), (0, 1)])
def test_a_writer_that_waits_for_room_ends_when_it_is_shut_down(local: int, remote: int) -> None:
    with (
        Readers(local, remote, max_chunk_bytes=256, max_chunks=1) as readers,
        ThreadPoolExecutor(2) as pool,
    ):
        readers.queue.enqueue(0)
        started = time.monotonic()
        waiting = pool.submit(readers.queue.enqueue, 1, 20.0)
        closing = pool.submit(readers.queue.shutdown)
        with pytest.raises(MessageQueueClosedError, match="was shut down"):
            waiting.result(10)
        assert time.monotonic() - started < 10
        assert readers.run(read, 1) == [[0]], "what was sent before can be read"
        closing.result(10)


@pytest.mark.timing
def test_a_reader_that_dies_within_a_large_object_is_named() -> None:
    with Readers(2, 0, max_chunk_bytes=256, max_chunks=2) as readers:
        ending = readers.start(die, 1)
        started = time.monotonic()
        with pytest.raises(MessageQueueClosedError, match="rank 1"):
            readers.queue.enqueue(torch.zeros(100_000), 20.0)
        assert time.monotonic() - started < 5
        ending.result()


@pytest.mark.timing
def test_readers_that_do_not_come_are_named() -> None:
    queue = MessageQueue(3, 2, [4, 7], connect_ip=LOOPBACK, timeout=SHORT)
    local = MessageQueue.create_from_handle(queue.export_handle(), 4)
    started = time.monotonic()
    with pytest.raises(MessageQueueTimeoutError, match="reader 7 did not come within 1 s"):
        queue.wait_until_ready()
    assert 1 <= time.monotonic() - started < 3
    MessageQueue.create_from_handle(queue.export_handle(), 7)  # comes, and leaves again
    with pytest.raises(MessageQueueTimeoutError, match="1 of 1 readers on other nodes"):
        queue.wait_until_ready()
    with pytest.raises(MessageQueueTimeoutError, match="writer, or a reader it waits for"):
        local.wait_until_ready()
    with pytest.raises(MessageQueueError, match="call wait_until_ready"):
        queue.enqueue(1)
    assert len(segments()) == 1
    queue.shutdown()
    with pytest.raises(MessageQueueError, match=r"cannot be opened.*writer is gone"):
        MessageQueue.create_from_handle(queue.export_handle(), 4)


# Strangers


def test_strangers_get_nowhere_and_hold_nobody_up() -> None:
    queue = MessageQueue(1, 0, connect_ip=LOOPBACK, timeout=timedelta(seconds=10))
    handle = queue.export_handle()
    silent = socket.create_connection((LOOPBACK, handle["port"]))
    loud = socket.create_connection((LOOPBACK, handle["port"]))
    loud.sendall(b"GET / HTTP/1.1\r\n" + b"x" * 200)
    loud.settimeout(10)
    received = b""
    with contextlib.suppress(ConnectionError):  # the challenge, then nothing more
        while data := loud.recv(100):
            received += data
    assert len(received) <= 32
    thief = MessageQueue.create_from_handle({**handle, "token": b"\0" * 32}, 3)
    with pytest.raises(MessageQueueClosedError, match="closed the connection"):
        thief.wait_until_ready()
    reader = MessageQueue.create_from_handle(handle, 3)
    with ThreadPoolExecutor(1) as pool:
        ready = pool.submit(reader.wait_until_ready)
        queue.wait_until_ready()
        ready.result()
    twin = MessageQueue.create_from_handle(handle, 3)
    with pytest.raises(MessageQueueClosedError, match="another reader may have this rank"):
        twin.wait_until_ready()
    queue.enqueue("to the reader")
    assert reader.dequeue(5) == "to the reader"
    for connection in (silent, loud):
        connection.close()
    for end in (twin, thief, reader, queue):
        end.shutdown()


def test_a_reader_is_not_taken_in_by_a_false_writer() -> None:
    queue = MessageQueue(1, 0, connect_ip=LOOPBACK)
    other = MessageQueue(1, 0, connect_ip=LOOPBACK)
    handle = {**queue.export_handle(), "port": other.export_handle()["port"]}
    reader = MessageQueue.create_from_handle(handle, 0)
    with pytest.raises(MessageQueueClosedError, match="of another queue"):
        reader.wait_until_ready()
    for end in (reader, queue, other):
        end.shutdown()


def test_the_listener_is_bound_to_one_address_only() -> None:
    queue = MessageQueue(1, 0, connect_ip="127.0.0.2")
    port = queue.export_handle()["port"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.3", port), 5)
    socket.create_connection(("127.0.0.2", port), 5).close()
    queue.shutdown()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: MessageQueue(-1, 0), InvalidArgumentError, "n_reader"),
        (lambda: MessageQueue(1, 2), InvalidArgumentError, "n_local_reader=2 is more"),
        (lambda: MessageQueue("1", 1), InvalidTypeError, "n_reader"),
        (lambda: MessageQueue(2, 2, [1, 1]), InvalidArgumentError, "different ranks"),
        (lambda: MessageQueue(2, 2, [1]), InvalidArgumentError, "n_local_reader=2 different"),
        (lambda: MessageQueue(1, 1, None, 10), InvalidArgumentError, "max_chunk_bytes"),
        (lambda: MessageQueue(1, 1, None, 64, 0), InvalidArgumentError, "max_chunks"),
        (lambda: MessageQueue(1, 0, connect_ip="0.0.0.0"), InvalidArgumentError, "every inter"),
        (lambda: MessageQueue(1, 0, connect_ip="::"), InvalidArgumentError, "every interface"),
        (lambda: MessageQueue(1, 0, connect_ip="host"), InvalidArgumentError, "not an IP"),
        (lambda: MessageQueue(1, 0, connect_ip="192.0.2.1"), MessageQueueError, "address of"),
        (lambda: MessageQueue(1, 1, None, 1 << 60, 100), MessageQueueError, "cannot be made"),
        (lambda: MessageQueue(1, 1, None, 1 << 47, 1), MessageQueueError, "cannot be made"),
        (lambda: MessageQueue.create_from_handle("x", 0), InvalidTypeError, "export_handle"),
        (lambda: MessageQueue.create_from_handle({}, 0), InvalidArgumentError, "n_reader"),
        (
            lambda: MessageQueue.create_from_process_group("x", 64, 1),
            InvalidTypeError,
            "ProcessGroup",
        ),
    ],
)
def test_wrong_arguments_are_refused_and_leave_nothing(
    call: Callable[[], Any], error: type[Exception], match: str
) -> None:
    threads = threading.active_count()
    with pytest.raises(error, match=match):
        call()
    assert segments() == []
    assert threading.active_count() == threads


def test_wrong_calls_are_refused() -> None:
    queue = MessageQueue(1, 1)
    handle = queue.export_handle()
    for wrong in ({"memory": "../etc/passwd"}, {"memory": "vllm_distributed_mq_1_" + "0" * 32}):
        with pytest.raises(MessageQueueError, match=r"not the name of|cannot be opened"):
            MessageQueue.create_from_handle({**handle, **wrong}, 0)
    with pytest.raises(MessageQueueError, match="not the memory that the handle describes"):
        MessageQueue.create_from_handle({**handle, "max_chunks": 3}, 0)
    with pytest.raises(InvalidArgumentError, match="rank=1 is not a reader"):
        MessageQueue.create_from_handle(handle, 1)
    reader = MessageQueue.create_from_handle(handle, 0)
    with pytest.raises(MessageQueueError, match="a rank of its own"):
        MessageQueue.create_from_handle(handle, 0)
    with pytest.raises(MessageQueueError, match="only readers dequeue"):
        queue.dequeue()
    with pytest.raises(AssertionError, match="only its writer can enqueue"):
        reader.enqueue(1)
    queue.wait_until_ready()
    reader.wait_until_ready()
    with pytest.raises(InvalidArgumentError, match="negative"):
        queue.enqueue(1, -1.0)
    with pytest.raises(InvalidTypeError, match="number of seconds"):
        queue.enqueue(1, "soon")  # type: ignore[arg-type]
    with pytest.raises(InvalidTypeError, match=r"threading\.Event"):
        reader.dequeue(cancel=1)
    queue.enqueue("works")
    assert reader.dequeue() == "works"
    for end in (reader, queue):
        end.shutdown()


def test_a_file_system_without_room_is_an_error_not_a_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = MessageQueue(1, 1, max_chunk_bytes=1 << 20)
    reader = MessageQueue.create_from_handle(queue.export_handle(), 0)
    queue.wait_until_ready()
    reader.wait_until_ready()

    def full(*arguments: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(MessageQueueError, match="--shm-size"):
            queue.enqueue(torch.zeros(1000))
    queue.enqueue("works")
    assert reader.dequeue() == "works"
    reader.shutdown()
    queue.shutdown()


# Life cycle


def fifty_queues(rank: int, port: int, size: int) -> None:
    def once() -> None:
        queue = MessageQueue(2, 1, [0], max_chunk_bytes=1024, connect_ip=LOOPBACK)
        handle = queue.export_handle()
        readers = [MessageQueue.create_from_handle(handle, rank) for rank in (0, 1)]
        with ThreadPoolExecutor(1) as pool:
            ready = pool.submit(readers[1].wait_until_ready)
            queue.wait_until_ready()
            ready.result()
        readers[0].wait_until_ready()
        assert queue.broadcast_object({"a": 1}) == {"a": 1}
        assert [reader.broadcast_object("ignored") for reader in readers] == [{"a": 1}] * 2
        for end in (*readers, queue):
            end.shutdown()

    once()
    before = held()
    for _ in range(50):
        once()
    assert grown(before) == (0, 0)


def test_fifty_queues_leave_nothing() -> None:
    run_ranks(1, fifty_queues)


def without_descriptors(rank: int, port: int, size: int) -> None:
    """The writer's process has no descriptor left when a reader on another node comes."""
    queue = MessageQueue(1, 0, connect_ip=LOOPBACK, timeout=SHORT)
    handle = queue.export_handle()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as stranger:
        next_one = os.dup(0)
        os.close(next_one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
        try:
            stranger.connect((LOOPBACK, handle["port"]))
            used = time.process_time()
            with pytest.raises(MessageQueueTimeoutError, match="Too many open files"):
                queue.wait_until_ready()
            assert time.process_time() - used < 0.5, "it spins"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    reader = MessageQueue.create_from_handle(handle, 0)
    with ThreadPoolExecutor(1) as pool:
        ready = pool.submit(reader.wait_until_ready)
        queue.wait_until_ready()
        ready.result()
    queue.enqueue("there")
    assert reader.dequeue() == "there"
    reader.shutdown()
    queue.shutdown()


def test_a_writer_without_descriptors_says_so_and_goes_on_when_it_has_some() -> None:
    run_ranks(1, without_descriptors)


PROGRAM = """
import os, signal, sys
from vllm_distributed.communicators import MessageQueue
from vllm_distributed.transports.queue.sockets import SocketWriter
from vllm_distributed.transports.queue.writer import Writer
queue = MessageQueue(1, 1)
reader = MessageQueue.create_from_handle(queue.export_handle(), 0)
if "ready" in sys.argv:
    queue.wait_until_ready()
    reader.wait_until_ready()
    queue.enqueue([1] * 1000)
print("made", os.getpid(), flush=True)
if "killed" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("arguments", [["early"], ["ready"], ["ready", "killed"]])
def test_a_process_that_ends_without_shutdown_leaves_nothing(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    word, maker = done.stdout.split()
    assert word == "made"
    assert done.stderr == ""
    assert segments(int(maker)) == []


def test_a_forked_child_that_ends_does_not_close_the_queue() -> None:
    queue = MessageQueue(1, 1)
    reader = MessageQueue.create_from_handle(queue.export_handle(), 0)
    queue.wait_until_ready()
    reader.wait_until_ready()
    child = os.fork()
    if child == 0:
        try:
            queue._finish()  # what the interpreter's end does
            reader._finish()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    queue.enqueue("still open")
    assert reader.dequeue(5) == "still open"
    reader.shutdown()
    queue.shutdown()


# Over groups


def over_a_group(writer_rank: int, blocking: bool) -> list[Any]:
    group = vd.get_world_group()
    queue = MessageQueue.create_from_process_group(
        group.cpu_group, 1 << 12, 2, writer_rank, blocking=blocking
    )
    queue.wait_until_ready()
    assert queue.is_writer == (group.rank_in_group == writer_rank)
    results = [
        queue.broadcast_object({"n": n, "x": "x" * 9000} if queue.is_writer else None)["n"]
        for n in range(20)
    ]
    with pytest.raises(InvalidRankError, match="writer_rank=9"):
        MessageQueue.create_from_process_group(group.cpu_group, 1 << 12, 2, 9)
    group.barrier()
    queue.shutdown()
    return results


@pytest.mark.parametrize(
    ("size", "writer", "blocking"), [(1, 0, True), (2, 1, True), (4, 2, False)]
)
def test_over_a_process_group(
    world_of: Callable[..., World], size: int, writer: int, blocking: bool
) -> None:
    assert world_of(size).run(over_a_group, writer, blocking) == [list(range(20))] * size


def a_writer_that_fails() -> str:
    group = vd.get_world_group()
    with pytest.raises(
        (MessageQueueError, InvalidArgumentError), match="max_chunk_bytes"
    ) as caught:
        MessageQueue.create_from_process_group(group.cpu_group, 1, 2)
    group.barrier()
    return type(caught.value).__name__


def test_a_writer_that_fails_fails_everywhere(world_of: Callable[..., World]) -> None:
    names = world_of(2).run(a_writer_that_fails)
    assert names == ["InvalidArgumentError", "MessageQueueError"]


def to_one_reader() -> list[Any]:
    group = vd.get_world_group()
    queue, handles = MessageQueue.create_from_process_group_single_reader(
        group.cpu_group, 1 << 12, 2, reader_rank=1
    )
    received = []
    if group.rank_in_group == 1:
        assert len(handles) == group.world_size
        readers = [MessageQueue.create_from_handle(handle, 0) for handle in handles]
        queue.wait_until_ready()
        queue.enqueue("from 1")
        for reader in readers:
            reader.wait_until_ready()
            received.append(reader.dequeue(10))
            reader.shutdown()
    else:
        assert handles == []
        queue.wait_until_ready()
        queue.enqueue(f"from {group.rank_in_group}")
    group.barrier()
    queue.shutdown()
    return received


def test_every_rank_writes_to_one_reader(world_of: Callable[..., World]) -> None:
    assert world_of(4).run(to_one_reader) == [[], ["from 0", "from 1", "from 2", "from 3"], [], []]


def from_outside(handle: dict[str, Any]) -> Any:
    group = vd.get_world_group()
    mine = handle if group.rank_in_group == 1 else None
    queue = MessageQueue.create_from_process_group(
        group.cpu_group, 1 << 12, 2, writer_rank=1, external_writer_handle=mine
    )
    received = queue.dequeue(10)
    queue.shutdown()
    return received


def test_a_writer_outside_of_the_group(world_of: Callable[..., World]) -> None:
    queue = MessageQueue(2, 2, timeout=timedelta(seconds=20))
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(world_of(2).run, from_outside, queue.export_handle())
        queue.wait_until_ready()
        queue.enqueue("from outside")
        assert reading.result() == ["from outside"] * 2
    queue.shutdown()


# In coordinators


def through_the_coordinator() -> None:
    world = vd.get_world_group()
    partition = [[0, 2], [1, 3]]
    group = vd.init_model_parallel_group(
        partition, world.rank, "gloo", use_message_queue_broadcaster=True, group_name="queued"
    )
    assert group.mq_broadcaster.is_writer == group.is_first_rank
    value = {"tensor": torch.arange(5), "group": group.ranks}
    for turn in range(15):
        for src in (0, 1):  # 0 through the queue, any other one all the same
            mine = {**value, "n": (turn, src)} if group.rank_in_group == src else "ignored"
            received = group.broadcast_object(mine, src)
            assert received["n"] == (turn, src)
            assert received["group"] == group.ranks
            assert torch.equal(received["tensor"], torch.arange(5))
        listed = group.broadcast_object_list([turn] if group.is_last_rank else [None], 1)
        assert listed == [turn]
    if group.is_first_rank:
        with pytest.raises(EncodingError, match="object"):
            group.broadcast_object(object())
    assert group.broadcast_object("works on") == ("works on")
    extra = group.create_mq_broadcaster(writer_rank=1)
    assert extra.broadcast_object(group.ranks) == group.ranks
    queue, handles = group.create_single_reader_mq_broadcasters(0)
    assert len(handles) == (2 if group.is_first_rank else 0)
    group.barrier()
    for end in (extra, queue):
        end.shutdown()
    with pytest.raises(InvalidRankError, match="writer_rank=2"):
        group.create_mq_broadcaster(2)
    queue = group.mq_broadcaster
    group.destroy()
    with pytest.raises(MessageQueueClosedError, match="was shut down"):
        queue.broadcast_object(1)
    world.barrier()


def test_coordinators_broadcast_objects_through_a_queue(world_of: Callable[..., World]) -> None:
    world_of(4).run(through_the_coordinator)


def alone_with_a_queue() -> None:
    group = vd.init_model_parallel_group([[0]], 0, "gloo", use_message_queue_broadcaster=True)
    assert group.mq_broadcaster is None
    assert group.broadcast_object({"a": 1}) == {"a": 1}
    queue = group.create_mq_broadcaster()
    assert queue.broadcast_object({"a": 1}) == {"a": 1}
    queue.shutdown()
    group.destroy()


def test_a_group_of_one_needs_no_queue(world_of: Callable[..., World]) -> None:
    world_of(1).run(alone_with_a_queue)


def over_a_store(rank: int, port: int, count: int) -> list[Any]:
    group = vd.StatelessProcessGroup.create(LOOPBACK, port, rank, count)
    _groups.append(group)  # rank 0 serves the store: it must outlive this function
    queue = MessageQueue.create_from_process_group(group, 1 << 12, 2, 1)
    received = [queue.broadcast_object([n] if rank == 1 else None) for n in range(5)]
    group.barrier()
    queue.shutdown()
    return received


def test_over_a_stateless_process_group() -> None:
    with Ranks(3) as ranks:
        assert ranks.run(over_a_store) == [[[0], [1], [2], [3], [4]]] * 3
