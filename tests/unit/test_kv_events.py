"""Events of a KV cache: their bytes, their publisher, and what a subscriber says that it missed."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st
from kv_events_fake import FakePublisher, follow, shown

from vllm_distributed.config import KVEventsConfig
from vllm_distributed.errors import (
    EncodingError,
    ForkedProcessError,
    InvalidArgumentError,
    InvalidTypeError,
    LibraryMissingError,
    PublisherClosedError,
)
from vllm_distributed.kv_events import (
    AllBlocksCleared,
    BlockRemoved,
    BlockStored,
    EventPublisherFactory,
    KVCacheEvent,
    KVEventAggregator,
    KVEventBatch,
    KVEventSubscriber,
    LostBatches,
    NullEventPublisher,
    ReceivedBatch,
    SubscriberCounts,
    ZmqEventPublisher,
    decode_batch,
    encode_batch,
    libraries,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "kv_events.json").read_text())
KINDS = {kind.__name__: kind for kind in (BlockStored, BlockRemoved, AllBlocksCleared)}
SOON_S = 20.0


def value(plain: Any) -> Any:
    if isinstance(plain, dict):
        return bytes.fromhex(plain["bytes"])
    return [value(each) for each in plain] if isinstance(plain, list) else plain


def batch_of(plain: dict[str, Any]) -> KVEventBatch:
    """The batch that a vector says."""
    events = []
    for fields in plain["events"]:
        given = {key: value(field) for key, field in fields.items() if key != "kind"}
        if given.get("extra_keys"):
            given["extra_keys"] = [
                key and tuple(tuple(k) if isinstance(k, list) else k for k in key)
                for key in given["extra_keys"]
            ]
        events.append(KINDS[fields["kind"]](**given))
    return KVEventBatch(
        ts=plain["ts"], events=events, data_parallel_rank=plain["data_parallel_rank"]
    )


# The bytes that vLLM's own encoder has written, of both layouts.


@pytest.mark.parametrize(
    ("version", "vector"),
    [(version, vector) for version in VECTORS for vector in VECTORS[version]],
    ids=lambda part: part if isinstance(part, str) else part["name"],
)
def test_what_vllm_publishes_is_read(version: str, vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["payload"])
    batch, unknown = decode_batch(payload)
    expected = batch_of(vector["batch"])
    for event in batch.events:  # tuples in tuples are lists in msgpack
        if isinstance(event, BlockStored) and event.extra_keys:
            event.extra_keys = [
                key and tuple(tuple(k) if isinstance(k, list) else k for k in key)
                for key in event.extra_keys
            ]
    assert batch == expected
    assert unknown == 0
    if version == "0.33":
        assert encode_batch(expected) == payload


def test_what_a_newer_publisher_has_is_passed_over() -> None:
    payload = msgspec.msgpack.encode(
        [
            1.5,
            [
                {"type": "BlockMoved", "to": 3},
                {"type": "BlockRemoved", "block_hashes": [7], "medium": "GPU", "reason": "age"},
                ["BlockFrozen", 1],
                ["AllBlocksCleared", "all"],
            ],
            4,
            "more",
        ]
    )
    batch, unknown = decode_batch(payload)
    assert unknown == 2
    assert batch == KVEventBatch(
        ts=1.5, events=[BlockRemoved([7], "GPU"), AllBlocksCleared()], data_parallel_rank=4
    )


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (7, "is an array"),
        ([1.0], "is an array"),
        ([1.0, [3]], "a map or an array with its kind, got 3"),
        ([1.0, [{"no": "kind"}]], "kind of an event is a string, got None"),
        (["now", [["AllBlocksCleared"]]], "ts of a batch"),
        ([1.0, [["BlockRemoved", ["a"], None]]], "BlockRemoved of a batch"),
        ([1.0, [["BlockRemoved"]]], "missing required field"),
    ],
)
def test_wrong_bytes_say_what_is_wrong(value: Any, says: str) -> None:
    with pytest.raises(EncodingError, match=says):
        decode_batch(msgspec.msgpack.encode(value))


@given(st.binary(max_size=80))
def test_no_bytes_do_anything_else(payload: bytes) -> None:
    try:
        batch, _ = decode_batch(payload)
    except EncodingError:
        return
    assert isinstance(batch, KVEventBatch)


def test_what_is_no_batch_cannot_be_encoded() -> None:
    with pytest.raises(InvalidTypeError, match="must be an EventBatch"):
        encode_batch([1.0, []])  # type: ignore[arg-type]
    with pytest.raises(EncodingError, match="cannot be encoded"):
        encode_batch(KVEventBatch(ts=1.0, events=[object()]))  # type: ignore[list-item]


# Aggregation


@given(st.lists(st.lists(st.integers(0, 4), max_size=5), min_size=1, max_size=4))
def test_common_events_are_those_that_all_have_told(workers: list[list[int]]) -> None:
    aggregator = KVEventAggregator(len(workers))
    told: Counter[int] = Counter()
    for hashes in workers:
        events: list[KVCacheEvent] = [BlockRemoved([each], None) for each in hashes]
        aggregator.add_events(events)
        told.update(hashes)
    common = {key for key, count in told.items() if count == len(workers)}
    found = [e.block_hashes[0] for e in aggregator.get_common_events()]  # type: ignore[attr-defined]
    assert sorted(found) == sorted(common)
    assert len(aggregator.get_all_events()) == told.total()
    aggregator.clear_events()
    aggregator.increment_workers(2)
    assert aggregator.get_number_of_workers() == len(workers) + 2
    aggregator.reset_workers()
    assert repr(aggregator) == "<KVEventAggregator workers=1, events=0>"


def test_wrong_workers_and_events_are_refused() -> None:
    for count in (0, -1):
        with pytest.raises(ValueError, match="num_workers must be at least 1"):
            KVEventAggregator(count)
    aggregator = KVEventAggregator(1)
    with pytest.raises(TypeError, match="list of KVCacheEvent, got tuple"):
        aggregator.add_events((AllBlocksCleared(),))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="one is int"):
        aggregator.add_events([AllBlocksCleared(), 3])  # type: ignore[list-item]
    assert aggregator.get_all_events() == []
    with pytest.raises(ValueError, match="count must be at least 1"):
        aggregator.increment_workers(0)


# The publisher


@pytest.fixture
def publisher() -> Iterator[ZmqEventPublisher]:
    found = ZmqEventPublisher(2, "tcp://*:0", "tcp://*:0", buffer_steps=5, topic="kv")
    yield found
    found.shutdown()


def batch(number: int) -> KVEventBatch:
    return KVEventBatch(ts=float(number), events=[AllBlocksCleared()])


def test_what_is_sent_again_is_what_was_sent(publisher: ZmqEventPublisher) -> None:
    """The frames of vLLM's protocol, the topic in those that are sent again as well."""
    config = publisher.get_publisher_config()
    assert config.endpoint.startswith("tcp://127.0.0.1:")
    sub, dealer = (zmq.Context.instance().socket(kind) for kind in (zmq.SUB, zmq.DEALER))
    try:
        sub.connect(config.endpoint)
        sub.setsockopt(zmq.SUBSCRIBE, b"kv")
        for _ in range(1000):  # until the subscription is there
            publisher.publish(batch(0))
            if sub.poll(20):
                break
        topic, sequence, payload = sub.recv_multipart()
        assert (topic, decode_batch(payload)[0].data_parallel_rank) == (b"kv", 2)
        last = int.from_bytes(sequence, "big")
        numbers = [(last + number).to_bytes(8, "big") for number in range(1, 9)]
        for number in numbers:
            publisher.publish(batch(int.from_bytes(number, "big")))
        sent = [sub.recv_multipart() for _ in numbers]
        assert [frames[:2] for frames in sent] == [[b"kv", number] for number in numbers]
        # Five are kept.
        dealer.connect(config.replay_endpoint or "")
        for start, answer in ((last + 6, sent[5:]), (0, sent[3:]), (last + 9, [])):
            dealer.send_multipart((b"", start.to_bytes(8, "big")))
            for frames in answer:
                assert dealer.recv_multipart() == [b"", *frames]
            assert dealer.recv_multipart() == [b"", b"", ZmqEventPublisher.END_SEQ, b""]
    finally:
        sub.close(linger=0)
        dealer.close(linger=0)


def test_senseless_requests_are_passed_over(publisher: ZmqEventPublisher) -> None:
    config = publisher.get_publisher_config()
    publisher.publish(batch(0))
    dealer = zmq.Context.instance().socket(zmq.DEALER)
    try:
        dealer.connect(config.replay_endpoint or "")
        for frames in ([b"1"], [b"", b"1"], [b"", b"\0" * 8, b""]):
            dealer.send_multipart(frames)
        dealer.send_multipart([b"", b"\0" * 8])
        assert dealer.poll(5000)
        assert dealer.recv_multipart()[:3] == [b"", b"kv", b"\0" * 8]
        assert dealer.recv_multipart() == [b"", b"", ZmqEventPublisher.END_SEQ, b""]
    finally:
        dealer.close(linger=0)


def test_ports_and_names_of_data_parallel_ranks() -> None:
    offset = ZmqEventPublisher.offset_endpoint_port
    assert offset("tcp://*:5557", 3) == "tcp://*:5560"
    assert offset("tcp://[::1]:5557", 3) == "tcp://[::1]:5560"
    assert offset("tcp://*:0", 3) == "tcp://*:0"
    assert offset("inproc://cache", 1) == "inproc://cache_dp1"
    assert offset("tcp://*:5557", 0) == "tcp://*:5557"
    assert offset(None, 3) is None
    with pytest.raises(ValueError, match="is no address"):
        offset("udp://host:1", 1)
    with pytest.raises(ValueError, match="tcp://h:65536"):
        offset("tcp://h:65535", 1)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"endpoint": "5557"}, "endpoint='5557' is no address"),
        ({"endpoint": "tcp://*:70000"}, "is no address"),
        ({"endpoint": "tcp://*:0", "replay_endpoint": 7}, "replay_endpoint must be a string"),
        ({"endpoint": "tcp://*:0", "replay_endpoint": "ipc:///no/such/folder/x"}, "cannot listen"),
        ({"endpoint": "tcp://*:0", "hwm": -1}, "hwm must be at least 0, got -1"),
        ({"endpoint": "tcp://*:0", "max_queue_size": 0}, "max_queue_size must be at least 1"),
        ({"endpoint": "tcp://*:0", "topic": b"kv"}, "topic must be a string, got bytes"),
        ({"data_parallel_rank": True}, "data_parallel_rank must be an integer"),
    ],
)
def test_a_publisher_of_wrong_values_does_not_begin(given: dict[str, Any], says: str) -> None:
    before = threading.active_count()
    with pytest.raises((InvalidArgumentError, InvalidTypeError), match=says):
        ZmqEventPublisher(**{"data_parallel_rank": 0, **given})
    assert threading.active_count() == before


def test_a_port_that_is_taken_is_named_and_a_publisher_that_ended_says_so(
    publisher: ZmqEventPublisher,
) -> None:
    taken = publisher.get_publisher_config().endpoint
    port = int(taken.rpartition(":")[2]) - 1  # of rank 0
    with pytest.raises(InvalidArgumentError, match=f"cannot listen at {taken}: Address already"):
        ZmqEventPublisher(1, f"tcp://*:{port}")
    publisher.shutdown()
    publisher.shutdown()
    with pytest.raises(PublisherClosedError, match="was shut down"):
        publisher.publish(batch(0))


def test_a_publisher_that_fails_says_why_to_whoever_publishes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = ZmqEventPublisher(0, "inproc://fails")

    def fail() -> bool:
        raise OSError("no more sockets")

    monkeypatch.setattr(publisher, "_send_waiting", fail)

    def publish_on() -> None:
        while True:
            publisher.publish(batch(0))

    with pytest.raises(PublisherClosedError, match="has failed: no more sockets"):
        publish_on()
    publisher.shutdown()
    assert "publisher of events failed" in caplog.text


def test_a_shutdown_sends_what_is_queued() -> None:
    publisher = ZmqEventPublisher(0, "tcp://*:0", "tcp://*:0")
    config = publisher.get_publisher_config()
    with KVEventSubscriber(config.endpoint, first_sequence=0) as subscriber:
        first = None
        while first is None:
            publisher.publish(batch(0))
            first = subscriber.receive(0.02)
        for number in range(500):
            publisher.publish(batch(number))
        publisher.shutdown()
        last = 0
        while (item := subscriber.receive(1.0)) is not None and item != first:
            assert isinstance(item, ReceivedBatch)
            last = max(last, item.sequence)
            if item.batch.ts == 499.0:
                break
        assert item is not None


def test_a_forked_child_leaves_both_sides_to_its_parent(publisher: ZmqEventPublisher) -> None:
    with KVEventSubscriber(publisher.get_publisher_config().endpoint) as subscriber:
        child = os.fork()
        if child == 0:
            refused = 0
            try:
                for call in (lambda: publisher.publish(batch(0)), lambda: subscriber.receive(0.0)):
                    try:
                        call()
                    except ForkedProcessError:
                        refused += 1
            finally:
                os._exit(10 + refused)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 12


def test_the_next_publisher_can_have_the_address(tmp_path: Path) -> None:
    for endpoint in (f"ipc://{tmp_path}/events", "tcp://*:0", "inproc://taken"):
        for _ in range(20):
            publisher = ZmqEventPublisher(0, endpoint)
            port = publisher.get_publisher_config().endpoint.rpartition(":")[2]
            publisher.shutdown()
            endpoint = f"tcp://*:{port}" if endpoint.startswith("tcp") else endpoint
    assert list(tmp_path.iterdir()) == []


def test_the_factory_makes_what_the_configuration_names() -> None:
    factory = EventPublisherFactory
    assert isinstance(factory.create(None), NullEventPublisher)
    assert isinstance(factory.create(KVEventsConfig()), NullEventPublisher)
    config = KVEventsConfig(enable_kv_cache_events=True, endpoint="inproc://made", topic="t")
    assert config.publisher == "zmq"
    made = factory.create(config, 1)
    made_config = made.get_publisher_config()
    made.shutdown()
    assert made_config is not None
    assert (made_config.endpoint, made_config.topic) == ("inproc://made_dp1", "t")
    config.publisher = "nowhere"
    with pytest.raises(InvalidArgumentError, match="known are null, zmq"):
        factory.create(config)
    with pytest.raises(KeyError, match=r"^publisher 'zmq' is registered already"):
        factory.register_publisher("zmq", NullEventPublisher)
    with pytest.raises(LibraryMissingError, match=r"pip install 'vllm-distributed\[events\]'"):
        libraries.need("no_such_library")


# The subscriber


STEPS = st.lists(st.sampled_from(["arrives", "arrives", "lost", "lost", "restarts"]), max_size=25)


@given(STEPS, st.integers(0, 6), st.booleans(), st.booleans())
def test_a_subscriber_says_what_came_what_was_lost_and_what_began_anew(
    steps: list[str], kept: int, asks: bool, topic: bool
) -> None:
    follow(steps, kept, asks=asks, topic=topic)


STEPS_OF_PROCESSES = st.lists(
    st.sampled_from(
        ["arrives", "arrives", "arrives", "lost", "lost", "breaks", "comes back", "came back"]
    ),
    max_size=12,
)


@settings(max_examples=30)
@given(STEPS_OF_PROCESSES, st.integers(0, 6), st.booleans())
def test_a_publisher_is_known_to_be_another_one_however_far_it_is(
    steps: list[str], kept: int, asks: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        follow(steps, kept, asks=asks, folder=folder)


def test_a_publisher_that_came_back_and_went_on_is_noticed(tmp_path: Path) -> None:
    """Its numbers go on where those of the one before ended."""
    steps = ["arrives", "arrives", "comes back", "lost", "lost"]
    follow(steps, 10, asks=True, folder=str(tmp_path))
    follow(steps, 10, asks=False, folder=str(tmp_path))
    follow([*steps, "lost"], 10, asks=True, folder=str(tmp_path))


def test_a_publisher_that_does_not_answer_is_named() -> None:
    fake = FakePublisher(10)
    with KVEventSubscriber(
        fake.endpoint, fake.replay_endpoint, first_sequence=0, replay_timeout_s=0.05
    ) as subscriber:
        fake.meet()
        fake.publish(arrives=False)
        fake.publish()
        lost = subscriber.receive(SOON_S)
        assert isinstance(lost, LostBatches)
        assert (lost.first, lost.last) == (0, 0)
        assert f"{fake.replay_endpoint} did not answer within 0.05 s" in lost.why
        assert shown(subscriber.receive(SOON_S)) == ("batch", 1, 0)
        assert subscriber.counts == SubscriberCounts(received=1, lost=1)
    fake.close()
    with pytest.raises(InvalidArgumentError, match="is closed"):
        subscriber.receive()


def test_batches_that_cannot_be_read_are_lost_and_others_come() -> None:
    ctx = zmq.Context.instance()
    pub = ctx.socket(zmq.XPUB)
    pub.bind("inproc://unreadable")
    with KVEventSubscriber("inproc://unreadable") as subscriber:
        assert pub.poll(5000)
        pub.send_multipart((b"", b"short", b""))
        pub.send_multipart((b"", (4).to_bytes(8, "big"), b"\xc1"))
        pub.send_multipart((b"", (5).to_bytes(8, "big"), encode_batch(batch(5))))
        lost = subscriber.receive(SOON_S)
        assert isinstance(lost, LostBatches)
        assert "cannot be read: 1 bytes are no batch" in lost.why
        assert shown(subscriber.receive(SOON_S)) == ("batch", 5, 0)
    pub.close(linger=0)


def wait_until_sent(replay_endpoint: str, number: int) -> None:
    """Ask until the publisher has it."""
    dealer = zmq.Context.instance().socket(zmq.DEALER)
    dealer.connect(replay_endpoint)
    answer = [b"", b"", ZmqEventPublisher.END_SEQ, b""]
    while answer[2] == ZmqEventPublisher.END_SEQ:
        dealer.send_multipart((b"", number.to_bytes(8, "big")))
        assert dealer.poll(5000)
        answer = dealer.recv_multipart()
    dealer.close(linger=0)


def test_a_slow_reader_has_a_bounded_queue_and_gets_the_rest_when_it_asks() -> None:
    publisher = ZmqEventPublisher(0, "inproc://fast", "inproc://fast-replay", hwm=10)
    with KVEventSubscriber(
        "inproc://fast", "inproc://fast-replay", first_sequence=0, max_waiting=10
    ) as subscriber:
        # In one process what waits on both sides is 20.
        for number in range(200):
            publisher.publish(batch(number))
        wait_until_sent("inproc://fast-replay", 199)
        numbers = []
        while len(numbers) < 20:
            item = subscriber.receive(SOON_S)
            assert isinstance(item, ReceivedBatch)
            numbers.append(item.sequence)
        while subscriber.receive(0.05) is not None:
            pass
        publisher.publish(batch(200))  # by which it finds out
        replayed = 0
        while numbers[-1] != 200:
            item = subscriber.receive(SOON_S)
            assert isinstance(item, ReceivedBatch)
            numbers.append(item.sequence)
            replayed += item.replayed
        assert replayed > 100
    publisher.shutdown()


def test_in_asyncio_others_run_while_it_waits() -> None:
    fake = FakePublisher(10)

    async def run() -> list[tuple[str, int, int]]:
        with KVEventSubscriber(fake.endpoint) as subscriber:
            fake.meet()
            assert await subscriber.receive_async(0.01) is None
            waiting = asyncio.create_task(anext(subscriber.__aiter__()))
            await asyncio.sleep(0)
            fake.publish()
            first = await waiting
            fake.publish()
            return [shown(first), shown(await subscriber.receive_async(SOON_S))]

    assert asyncio.run(run()) == [("batch", 0, 0), ("batch", 1, 0)]
    fake.close()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"endpoint": "tcp://nowhere"}, "endpoint='tcp://nowhere' is no address"),
        ({"replay_endpoint": "x"}, "replay_endpoint='x'"),
        ({"topic": None}, "topic must be a string"),
        ({"first_sequence": -1}, "first_sequence must be at least 0"),
        ({"max_waiting": 0}, "max_waiting must be at least 1"),
        ({"max_waiting": 1.5}, "max_waiting must be an integer"),
        ({"replay_timeout_s": 0}, "seconds above 0, got 0"),
    ],
)
def test_a_subscriber_of_wrong_values_does_not_begin(given: dict[str, Any], says: str) -> None:
    with pytest.raises((InvalidArgumentError, InvalidTypeError), match=says):
        KVEventSubscriber(**{"endpoint": "inproc://nobody", **given})
