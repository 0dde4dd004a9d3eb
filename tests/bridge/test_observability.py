"""What is seen of a server from outside: health, reflection, metrics, logs, events, status."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
import torch
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from pool_harness import FAKE, SHORT, Block, Pool, environment, eventually, start_pool
from prometheus_client.parser import text_string_to_metric_families

from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.codec.errors import BridgeError, from_rpc_error
from vllm_bridge.pool.observe.events import MAX_BEHIND, Events
from vllm_bridge.pool.observe.metrics import MAX_SERIES, Metrics
from vllm_bridge.pool.sessions.session_entry import (
    SessionEntry,
    publish_session,
    session_event,
)

Start = Callable[..., Pool]


SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vllm_bridge", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        env=environment(**variables),
    )


# Health


def check(channel: grpc.Channel, service: str = "", **options: object) -> int:
    request = health_pb2.HealthCheckRequest(service=service)
    answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=5, **options)
    status: int = answer.status
    return status


def test_health_of_every_service(pool: Pool) -> None:
    with grpc.insecure_channel(pool.endpoint) as channel:
        eventually(lambda: check(channel) == SERVING, 40)
        for service in (
            "vllm.bridge.v1.Pool",
            "vllm.bridge.v1.Rank",
            "vllm.bridge.v1.Objects",
            "vllm.distributed.v1.Distributed",
            "vllm.distributed.v1.GroupCoordinator",
            "pool/default",
        ):
            assert check(channel, service) == SERVING, service
        with pytest.raises(grpc.RpcError) as caught:
            check(channel, "vllm.distributed.v1.Nothing")
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_health_of_a_pool_that_cannot_take_calls(start: Start) -> None:
    pool = start(entry_point="no_such_module:main")
    with grpc.insecure_channel(pool.endpoint) as channel:
        for service in ("", "vllm.distributed.v1.Distributed", "pool/default"):
            assert check(channel, service) == NOT_SERVING, service
        # The control plane answers, for instance why.
        assert check(channel, "vllm.bridge.v1.Pool") == SERVING


def test_health_watch_follows_the_ranks(start: Start) -> None:
    pool = start("--size", "1")
    with grpc.insecure_channel(pool.endpoint) as channel, pool.client() as client:
        eventually(lambda: check(channel) == SERVING, 40)
        seen = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="vllm.distributed.v1.Distributed"), timeout=30
        )
        assert next(seen).status == SERVING
        with pytest.raises(BridgeError, match="SIGKILL"):
            client.open_session().send(FAKE + "Die", b"9", SHORT)
        assert next(seen).status == NOT_SERVING
        assert next(seen).status == SERVING
        pool.process.send_signal(signal.SIGTERM)
        assert next(seen).status == NOT_SERVING


def test_health_of_a_server_for_worlds_alone(start: Start) -> None:
    pool = start("--size", "0")
    with grpc.insecure_channel(pool.endpoint) as channel:
        assert check(channel) == SERVING


@pytest.mark.parametrize("token", [None, "wrong"])
def test_probes_need_no_token_and_learn_nothing_else(start: Start, token: str | None) -> None:
    pool = start("--listen", "127.0.0.1:0", "--size", "0", VLLM_BRIDGE_TOKEN="s3cret")
    metadata = [("authorization", f"Bearer {token}")] if token else []
    with grpc.insecure_channel(pool.endpoint) as channel:
        assert check(channel, metadata=metadata) == SERVING
        names = ProtoReflectionDescriptorDatabase(channel)
        stub = health_pb2_grpc.HealthStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            next(stub.Watch(health_pb2.HealthCheckRequest(), metadata=metadata))
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.RpcError) as caught:
            names.get_services()
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


# Reflection


def test_a_client_that_knows_only_reflection(real_pool: Pool) -> None:
    with grpc.insecure_channel(real_pool.endpoint) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        names = database.get_services()
        assert "vllm.bridge.v1.Pool" in names
        assert "grpc.health.v1.Health" in names
        known = descriptor_pool.DescriptorPool(database)
        for name in names:
            for method in known.FindServiceByName(name).methods:
                assert method.input_type.full_name
        method = known.FindServiceByName("vllm.distributed.v1.Distributed").FindMethodByName(
            "GetPpIndices"
        )
        request = message_factory.GetMessageClass(method.input_type)(
            num_hidden_layers=61, pp_rank=0, pp_size=4
        )
        response = message_factory.GetMessageClass(method.output_type)
        answer = channel.unary_unary(
            "/vllm.distributed.v1.Distributed/GetPpIndices",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )(request, timeout=30)
    values = [value for _, value in answer.ListFields()]
    assert "15" in str(values)
    assert "torch" not in Path(f"/proc/{real_pool.pid}/maps").read_text()


# Metrics


Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def scrape(pool: Pool) -> Samples:
    with urllib.request.urlopen(f"http://{pool.ready['metrics']}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def one(samples: Samples, name: str, **labels: str) -> float:
    return samples.get(f"vllm_bridge_{name}", {}).get(tuple(sorted(labels.items())), 0.0)


def test_metrics(start: Start, block: Callable[[], Block]) -> None:
    pool = start("--metrics", "127.0.0.1:0")
    with pool.client() as client:
        eventually(lambda: client.status().pools[0].ready == 2, 40)
        before = scrape(pool)
        assert one(before, "ranks", place="pool", state="ready") == 2
        assert one(before, "pool_serving", pool="default") == 1
        session = client.open_session()
        body = b"x" * 100_000
        assert session.send(FAKE + "Echo", body, SHORT) == body
        world = client.start_world(tensor_parallel_size=2)
        with pytest.raises(BridgeError, match="SIGKILL"):
            world.ranks[0].send(FAKE + "Die", b"9", SHORT)
        for _ in range(3):
            with pytest.raises(BridgeError):
                client.start_world(tensor_parallel_size=0)
        eventually(lambda: one(scrape(pool), "worlds", state="failed") == 1)
        after = scrape(pool)
    assert one(after, "sessions", pool="default") == 1
    bad = {"method": "Pool.StartWorld", "outcome": "invalid_argument"}
    assert one(after, "requests_total", **bad) == 3
    assert one(after, "requests_total", method="Pool.StartWorld", outcome="ok") == 1
    assert one(after, "requests_seconds_count", method="Pool.StartWorld") == 4
    assert one(after, "requests_seconds_bucket", method="Pool.StartWorld", le="+Inf") == 4
    assert one(after, "requests_received_bytes_total", method="other") >= 100_000
    assert one(after, "requests_sent_bytes_total", method="other") >= 100_000
    pool.stop()
    with pytest.raises(urllib.error.URLError):
        scrape(pool)


def test_what_real_ranks_count_and_log(short_tmp: Path) -> None:
    pool = start_pool(
        short_tmp / "counted",
        "--metrics",
        "127.0.0.1:0",
        "--log-format",
        "json",
        "--log-level",
        "debug",
        "--allow",
        "failing_ranks.",
        entry_point=None,
    )
    try:
        with pool.client() as client:
            with client.start_world(world_id="w", tensor_parallel_size=2) as world:
                world.run(
                    lambda rank: rank.call("tensor_model_parallel_all_reduce", torch.ones(1000))
                )
                world.ranks[1].run("failing_ranks.log_a_warning", "from inside a call")
                with pytest.raises(BridgeError):
                    world.ranks[1].call("split_tensor_along_last_dim", torch.ones(3), 2)
                # Counts travel with heartbeats, once a second.
                counted = {"method": "tensor_model_parallel_all_reduce", "outcome": "ok"}
                eventually(lambda: one(scrape(pool), "calls_total", **counted) == 2, 10)
            samples = scrape(pool)
    finally:
        pool.stop()
    method = {"method": counted["method"]}
    assert one(samples, "calls_seconds_count", **method) == 2
    assert one(samples, "calls_received_bytes_total", **method) >= 2 * 4000
    assert one(samples, "calls_sent_bytes_total", **method) >= 2 * 4000
    assert one(samples, "gate_visits_total", outcome="go") == 2
    assert one(samples, "gate_visits_seconds_count", outcome="go") == 2
    lines = lines_of(pool)
    ended = [line for line in lines if line.get("method") == counted["method"]]
    assert {(line["rank"], line["session_id"], line["outcome"]) for line in ended} == {
        (0, "w/rank-0", "ok"),
        (1, "w/rank-1", "ok"),
    }
    (warned,) = (line for line in lines if "from inside a call" in str(line["message"]))
    facts = {"world_id": "w", "rank": 1, "session_id": "w/rank-1", "level": "warning"}
    assert facts.items() <= warned.items()
    assert warned["call_id"]
    assert str(warned["process"]).startswith("rank-")


def test_labels_are_not_made_by_callers(start: Start) -> None:
    pool = start("--metrics", "127.0.0.1:0")
    with grpc.insecure_channel(pool.endpoint) as channel:
        for number in range(20):
            for prefix in ("/made.up.Service/Name", "/vllm.distributed.v1.Nothing/Name"):
                with pytest.raises(grpc.RpcError):
                    channel.unary_unary(f"{prefix}{number}")(b"", timeout=10)
    samples = scrape(pool)
    methods = {dict(labels)["method"] for labels in samples["vllm_bridge_requests_total"]}
    assert methods == {"other"}


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("unix:/tmp/metrics.sock", "HOST:PORT"),
        ("nonsense", "HOST:PORT"),
        ("127.0.0.1:{taken}", "in use"),
    ],
)
def test_bad_places_for_metrics(place: str, said: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command("serve", "--metrics", place.format(taken=taken.getsockname()[1]))
    assert done.returncode == 2, done
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# Logs


def lines_of(pool: Pool) -> list[dict[str, object]]:
    return [json.loads(line) for line in pool.stderr().splitlines()]


def test_every_line_is_json_and_says_whose_it_is(start: Start) -> None:
    pool = start("--log-format", "json", "--log-level", "debug", VLLM_BRIDGE_TOKEN="s3cret-tok")
    with pool.client("s3cret-tok") as client:
        session = client.open_session("mine", affinity="strict_queue")
        session.info.endpoint = ""
        session.send(FAKE + "Echo", b"secret-payload", SHORT)
        world = client.start_world(world_id="w", tensor_parallel_size=2)
        with pytest.raises(BridgeError, match="SIGKILL"):
            world.ranks[1].send(FAKE + "Die", b"9", SHORT)
        eventually(lambda: any("w is failed" in str(line["message"]) for line in lines_of(pool)))
    pool.stop()
    lines = lines_of(pool)
    assert {"time", "level", "logger", "message", "process"} <= set.intersection(
        *(set(line) for line in lines)
    )
    died = next(line for line in lines if "SIGKILL" in str(line["message"]))
    assert died["level"] == "warning"
    assert {"world_id": "w", "rank": 1, "epoch": 1}.items() <= died.items()
    ready = [line for line in lines if re.match(r"rank \d of w .* is ready", str(line["message"]))]
    assert {(line["world_id"], line["rank"]) for line in ready} == {("w", 0), ("w", 1)}
    echo = next(line for line in lines if line.get("session_id") == "mine" and "call_id" in line)
    assert echo["call_id"]
    assert echo["outcome"] == "ok"
    # Also what is no log line of ours: the output of a rank.
    hello = next(line for line in lines if "hello from a rank" in str(line["message"]))
    assert str(hello["process"]).startswith("rank-")
    text = pool.stderr()
    assert "s3cret" not in text
    assert "secret-payload" not in text


def test_lines_as_text(start: Start) -> None:
    pool = start()
    with pool.client() as client:
        client.start_world(world_id="w", tensor_parallel_size=2).stop()
    pool.stop()
    text = pool.stderr()
    stamp = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z "
    assert re.search(stamp + r"INFO listening on unix:", text, re.M)
    ready = r"INFO rank 1 of w \(pid \d+\) is ready .*world_id=w .*rank=1"
    assert re.search(stamp + ready, text, re.M)
    assert re.search(stamp + r"INFO world w is stopped", text, re.M)
    assert re.search(r"^\[rank-\d+\] hello from a rank's stdout$", text, re.M)
    assert "DEBUG" not in text


def test_quiet_level(start: Start) -> None:
    pool = start("--log-level", "error")
    with pool.client() as client:
        client.start_world().stop()
    pool.stop()
    assert not [line for line in pool.stderr().splitlines() if not line.startswith("[rank-")]


# Status


def test_status_shows_rank_zero_and_hides_what_was_stopped(pool: Pool) -> None:
    with pool.client() as client:
        client.start_world(world_id="over").stop()
        with client.start_world(world_id="there", tensor_parallel_size=2):
            text = command("status", "--connect", pool.endpoint).stdout
            shown = json.loads(command("status", "--connect", pool.endpoint, "--json").stdout)
            everything = json.loads(
                command("status", "--connect", pool.endpoint, "--json", "--all").stdout
            )
    assert "world there (epoch 1): ready, 2 ranks, gloo" in text
    assert "  rank 0: ready" in text
    assert "over" not in text
    assert shown["pid"] == pool.pid
    # Other tests leave failed worlds in this pool.
    worlds = {world["world_id"]: world for world in shown["worlds"]}
    assert "over" not in worlds
    assert [rank["rank"] for rank in worlds["there"]["ranks"]] == [0, 1]
    assert worlds["there"]["state"] == "WORLD_READY"
    assert shown["pools"][0]["queued"] == 0
    assert "over" in [world["world_id"] for world in everything["worlds"]]


def test_status_again_and_again(start: Start) -> None:
    pool = start()
    arguments = ["status", "--connect", pool.endpoint, "--watch", "--json", "--interval", "0.1"]
    with subprocess.Popen(
        [sys.executable, "-m", "vllm_bridge", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as watch:
        assert watch.stdout is not None
        looks = [json.loads(watch.stdout.readline()) for _ in range(3)]
        assert {look["pid"] for look in looks} == {pool.pid}
        pool.stop()
        _, said = watch.communicate(timeout=20)
    assert watch.returncode == 1
    assert "no pool answers" in said
    assert "Traceback" not in said


def test_status_stops_at_ctrl_c(pool: Pool) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "vllm_bridge", "status", "--connect", pool.endpoint, "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as watch:
        assert watch.stdout is not None
        assert str(pool.pid) in watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        _, said = watch.communicate(timeout=20)
    assert (watch.returncode, said) == (0, "")


# Events


@pytest.fixture
def watch(pool: Pool) -> Iterator[Callable[..., Iterator[pool_pb2.Event]]]:
    with grpc.insecure_channel(pool.endpoint) as channel:

        def begin(**request: object) -> Iterator[pool_pb2.Event]:
            call: Iterator[pool_pb2.Event] = channel.unary_stream(
                "/vllm.bridge.v1.Pool/Watch",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=pool_pb2.Event.FromString,
            )(pool_pb2.WatchRequest(**request), timeout=30)
            return call

        yield begin


def test_events_of_a_world_in_order(
    pool: Pool, watch: Callable[..., Iterator[pool_pb2.Event]]
) -> None:
    with pool.client() as client:
        seen = watch(world_id="watched", with_current=True)
        with client.start_world(world_id="other"):
            world = client.start_world(world_id="watched", tensor_parallel_size=2)
        world.stop()
        told: list[str] = []
        numbers: list[int] = []
        for event in seen:
            told.append(told_by(event))
            numbers.append(event.sequence)
            assert event.at.seconds > 0
            if sum(" DEAD" in line for line in told) == 2:
                break
    assert told[0] == "world watched WORLD_STARTING"
    starting = told[: told.index("world watched WORLD_READY")]
    for rank in (0, 1):
        assert f"rank {rank} of watched STARTING" in starting
        assert f"rank {rank} of watched READY" in starting
        assert f"session watched/rank-{rank} open" in told
        assert f"session watched/rank-{rank} ended" in told
        assert f"rank {rank} of watched DEAD" in told
    assert "world watched WORLD_STOPPED" in told
    assert numbers == sorted(set(numbers))
    assert not [line for line in told if "other" in line]


def test_events_begin_with_what_is_there(
    pool: Pool, watch: Callable[..., Iterator[pool_pb2.Event]]
) -> None:
    with pool.client() as client, client.start_world(world_id="there") as world:
        with client.open_session("here"):
            seen = watch(with_current=True)
            found = {told_by(event) for event in take_until(seen, "session here open")}
            assert {
                "world there WORLD_READY",
                "rank 0 of there READY",
                "session there/rank-0 open",
                "session here open",
            } <= found
            assert world.info.epoch > 0
        assert "session here ended" in {
            told_by(event) for event in take_until(seen, "session here ended")
        }


def test_watchers_have_a_limit(
    start: Start,
) -> None:
    pool = start()
    with grpc.insecure_channel(pool.endpoint) as channel:
        ask = channel.unary_stream("/vllm.bridge.v1.Pool/Watch")
        with pool.client() as client, client.start_world(world_id="w"):
            request = pool_pb2.WatchRequest(with_current=True).SerializeToString()
            calls = [ask(request, timeout=30) for _ in range(100)]
            for call in calls:
                next(call)
            with pytest.raises(grpc.RpcError) as caught:
                next(ask(request, timeout=30))
            assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert from_rpc_error(caught.value).reason == "too_many_watchers"
            calls[0].cancel()
            eventually(lambda: next(ask(request, timeout=30), None) is not None or "refused")


def test_watchers_are_told_that_the_server_stops(start: Start) -> None:
    pool = start()
    with grpc.insecure_channel(pool.endpoint) as channel:
        call = channel.unary_stream("/vllm.bridge.v1.Pool/Watch")(
            pool_pb2.WatchRequest(with_current=True).SerializeToString(), timeout=30
        )
        next(call)
        pool.process.send_signal(signal.SIGTERM)
        with pytest.raises(grpc.RpcError) as caught:
            list(call)
    assert from_rpc_error(caught.value).reason == "pool_stopping"


def told_by(event: pool_pb2.Event) -> str:
    if event.HasField("world"):
        return f"world {event.world.world_id} {pool_pb2.WorldState.Name(event.world.state)}"
    if event.HasField("rank"):
        state = pool_pb2.RankState.Name(event.rank.rank.state)
        return f"rank {event.rank.rank.rank} of {event.rank.world_id} {state}"
    session = event.session
    return f"session {session.session.session_id} {'ended' if session.ended else 'open'}"


def take_until(seen: Iterator[pool_pb2.Event], last: str) -> Iterator[pool_pb2.Event]:
    for event in seen:
        yield event
        if told_by(event) == last:
            return


# The hub alone


def session_named(name: str) -> SessionEntry:
    return SessionEntry(name, pool_pb2.HINT)


def test_slow_reader_is_ended_and_the_others_go_on() -> None:
    async def scenario() -> None:
        events = Events()
        slow, fast = events.subscribe(), events.subscribe()
        reader = aiter(fast)
        for number in range(MAX_BEHIND + 1):
            publish_session(events, session_named(f"s-{number}"))
            event = await anext(reader)
            assert (event.sequence, event.session.session.session_id) == (number + 1, f"s-{number}")
        with pytest.raises(BridgeError, match=f"before event {MAX_BEHIND + 1}") as caught:
            await anext(aiter(slow))
        assert caught.value.reason == "watch_too_slow"
        assert caught.value.status == grpc.StatusCode.RESOURCE_EXHAUSTED
        publish_session(events, session_named("last"))
        assert (await anext(reader)).session.session.session_id == "last"

    asyncio.run(scenario())


def test_current_state_is_no_part_of_the_limit_and_comes_first() -> None:
    async def scenario() -> None:
        events = Events()
        there = [session_named(f"s-{number}") for number in range(3 * MAX_BEHIND)]
        events.current = lambda: map(session_event, there)
        publish_session(events, session_named("before"))
        subscription = events.subscribe(with_current=True)
        publish_session(events, session_named("after"))
        reader = aiter(subscription)
        seen = [await anext(reader) for _ in range(len(there) + 1)]
        assert [event.sequence for event in seen] == [1] * len(there) + [2]
        assert seen[-1].session.session.session_id == "after"

    asyncio.run(scenario())


def test_event_is_of_its_moment() -> None:
    async def scenario() -> None:
        events = Events()
        reader = aiter(events.subscribe())
        entry = session_named("s")
        publish_session(events, entry)
        entry.affinity = pool_pb2.STRICT_QUEUE
        publish_session(events, entry, "was closed")
        first, second = [await anext(reader) for _ in range(2)]
        assert first.session.session.affinity == pool_pb2.HINT
        assert (second.session.session.affinity, second.session.ended) == (
            pool_pb2.STRICT_QUEUE,
            "was closed",
        )

    asyncio.run(scenario())


def test_series_have_a_limit() -> None:
    metrics = Metrics()
    for number in range(MAX_SERIES + 50):
        count = control_pb2.MethodCount(method=f"m{number}", outcome="ok", calls=2)
        metrics.count(control_pb2.Heartbeat(counts=[count]))
    tallies = dict(metrics.calls.items())
    assert len(tallies) == MAX_SERIES + 1
    assert tallies["other", "other"].calls == 100
    assert sum(tally.calls for tally in tallies.values()) == 2 * (MAX_SERIES + 50)


# Diagnosis, from the command line


def test_diagnose_says_who_waits_for_whom(real_pool: Pool) -> None:
    with real_pool.client() as client, ThreadPoolExecutor(1) as threads:
        world = client.start_world(world_id="stuck", tensor_parallel_size=2)
        waiting = threads.submit(
            world.ranks[0].call, "tensor_model_parallel_all_reduce", torch.ones(3)
        )
        arguments = ("diagnose", "stuck", "--connect", real_pool.endpoint)
        # Ranks have 200 ms to answer: on a machine that is busy, not every time.
        texts: list[str] = []

        def all_answered() -> bool:
            texts.append(command(*arguments, "--stacks").stdout)
            return "rank 1: idle" in texts[-1] and "waits in all_reduce" in texts[-1]

        eventually(all_answered, 40)
        text = texts[-1]
        told = json.loads(command(*arguments, "--json").stdout)
        world.ranks[1].call("tensor_model_parallel_all_reduce", torch.ones(3))
        assert waiting.result(20).tolist() == [2.0, 2.0, 2.0]
        world.stop()
    assert re.search(r"rank 0 waits in all_reduce on tp:0 for rank 1", text)
    assert re.search(r"^rank 1: idle", text, re.M)
    assert "thread rank-executor" in text
    assert re.search(r"gate\.py:\d+", text)
    assert [rank["rank"] for rank in told["ranks"]] == [0, 1]
    assert [rank["state"] for rank in told["world"]["ranks"]] == ["READY", "READY"]
    assert "waits in all_reduce" in told["text"]
    unknown = command("diagnose", "nothing", "--connect", real_pool.endpoint)
    assert unknown.returncode == 1
    assert "there is no world 'nothing'" in unknown.stderr
