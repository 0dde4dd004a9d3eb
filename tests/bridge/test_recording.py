"""What the ranks of a world did last, in files that Perfetto and torch's analyser open."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from gate_harness import on_tp, wait_until_at_gate
from pool_harness import Pool, environment, eventually
from torch.distributed.flight_recorder import fr_trace

from vllm_bridge import aio
from vllm_bridge.client import BridgeError, Client, World

Event = dict[str, Any]

LONG = timedelta(seconds=60)


@pytest.fixture(scope="module")
def client(real_pool: Pool) -> Iterator[Client]:
    client = real_pool.client()
    yield client
    client.close()


@pytest.fixture(scope="module")
def world(client: Client) -> Iterator[World]:
    """Two ranks, which are left as they were found."""
    with client.start_world(tensor_parallel_size=2, world_id="recorded") as world:
        yield world


@pytest.fixture
def stuck(world: World) -> Iterator[World]:
    """Rank 0 waits in an all_reduce for rank 1, which does nothing."""
    with ThreadPoolExecutor(1) as threads:
        ones = torch.ones(3)
        name = "tensor_model_parallel_all_reduce"
        waiting = threads.submit(world.ranks[0].invoke, name, (ones,), {}, timeout=LONG)
        wait_until_at_gate(world.ranks[0])
        yield world
        assert world.ranks[1].invoke(name, (ones,), {}, timeout=LONG).tolist() == [2.0] * 3
        assert waiting.result(60).tolist() == [2.0] * 3


def command(*arguments: object, blocks: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a module, which may write files of so many blocks of 512 bytes."""
    module = [sys.executable, "-m", *map(str, arguments)]
    if blocks is not None:
        # Not in the child of a fork, which gRPC's threads would not survive.
        module = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *module]
    return subprocess.run(
        module,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env=environment(),
    )


def analysed(folder: Path, caplog: pytest.LogCaptureFixture) -> str:
    """What torch's own analyser says of a folder."""
    caplog.clear()
    try:
        fr_trace.main([str(folder)])
    except AssertionError as error:
        return f"{caplog.text}{error}"
    finally:
        # Which it turns off.
        gc.enable()
    return caplog.text


def events_of(content: bytes) -> list[Event]:
    events: list[Event] = json.loads(content)["traceEvents"]
    return events


def of_kind(events: list[Event], category: str) -> list[Event]:
    return [event for event in events if event.get("cat") == category]


def exchange(world: World) -> None:
    """Three collectives, and a message from each rank to the other."""
    for _ in range(3):
        world.call("tensor_model_parallel_all_reduce", torch.ones(2, 3, dtype=torch.float64))

    def messages(session: Any) -> None:
        group, rank = session.call("get_tp_group"), session.info.rank
        for sender in (0, 1):
            if rank == sender:
                session.call("GroupCoordinator.send", group, torch.ones(4), 1 - rank)
            else:
                session.call("GroupCoordinator.recv", group, (4,), torch.float32, 1 - rank)

    world.run(messages)


def test_a_trace_has_a_track_for_each_rank_and_arrows_between_members(world: World) -> None:
    exchange(world)
    recording = world.record()
    assert (recording.format, recording.missing) == ("chrome", ())
    events = events_of(recording.files["trace.json"])
    names = {
        event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"
    }
    assert names == {0: "rank 0", 1: "rank 1"}
    done = of_kind(events, "collective")
    assert {event["tid"] for event in done} == {0, 1}
    last = [event for event in done if event["tid"] == 1][-1]
    assert last["name"] == "all_reduce tp:0"
    assert {key: last["args"][key] for key in ("members", "dtype", "shape", "state")} == {
        "members": [0, 1],
        "dtype": "float64",
        "shape": [2, 3],
        "state": "completed",
    }
    arrows: defaultdict[int, dict[str, Event]] = defaultdict(dict)
    for event in of_kind(events, "flow"):
        arrows[event["id"]][event["ph"]] = event
    assert len(arrows) == len(done) // 2 + len(of_kind(events, "message")) // 2
    for arrow in arrows.values():
        assert arrow.keys() == {"s", "f"}
        assert arrow["s"]["ts"] <= arrow["f"]["ts"]
        assert arrow["s"]["tid"] != arrow["f"]["tid"]
    sent = [event for event in of_kind(events, "message") if event["name"].startswith("send")]
    assert {(event["args"]["source"], event["tid"]) for event in sent} == {(0, 0), (1, 1)}


def test_what_is_inside_of_a_call_is_drawn_in_it(world: World) -> None:
    world.call("tensor_model_parallel_all_reduce", torch.ones(1))
    events = [event for event in events_of(world.record().files["trace.json"]) if "dur" in event]
    (call,) = [e for e in of_kind(events, "call") if e["tid"] == 0][-1:]
    assert call["name"] == "Distributed.TensorModelParallelAllReduce"
    assert call["args"]["state"] == "finished"
    (gate,) = [e for e in of_kind(events, "gate") if e["tid"] == 0][-1:]
    (operation,) = [e for e in of_kind(events, "collective") if e["tid"] == 0][-1:]
    for outer, inner in ((call, operation), (operation, gate)):
        # In microseconds since 1970: the last digits of a float.
        assert outer["ts"] <= inner["ts"] + 1
        assert inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"] + 1


def test_last_is_how_many_there_are(world: World) -> None:
    exchange(world)
    events = events_of(world.record(last=2).files["trace.json"])
    for rank in (0, 1):
        mine = [event for event in events if event.get("tid") == rank]
        assert len(of_kind(mine, "call")) == 2
        assert len(of_kind(mine, "collective") + of_kind(mine, "message")) == 2
    for last in (-1, 2**32, True, "3", None):
        with pytest.raises(BridgeError, match="last is"):
            world.record(last=last)  # type: ignore[arg-type]
    with pytest.raises(BridgeError, match='"chrome" or "torch"'):
        world.record(format="pickle")  # type: ignore[arg-type]


def test_a_refused_call_leaves_the_members_in_step(world: World) -> None:
    with pytest.raises(BridgeError):
        on_tp("barrier", timeout=timedelta(seconds=0.3))(world.ranks[0])
    exchange(world)
    events = of_kind(events_of(world.record().files["trace.json"]), "collective")
    assert [e["args"]["state"] for e in events if e["name"] == "barrier tp:0"] == ["failed"]
    counted = [
        [e["args"]["sequence"] for e in events if e["tid"] == rank and "failure" not in e["args"]]
        for rank in (0, 1)
    ]
    assert counted[0] == counted[1] == list(range(1, len(counted[0]) + 1))


def test_the_asynchronous_client_records_the_same(world: World, real_pool: Pool) -> None:
    async def record() -> aio.Recording:
        async with aio.connect(real_pool.endpoint) as client:
            return await (await client.world(world.world_id)).record(format="torch")

    recording = asyncio.run(record())
    assert sorted(recording.files) == ["flight_rank_0", "flight_rank_1"]


def test_torchs_analyser_finds_nothing_wrong_with_ranks_in_step(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exchange(world)
    written = world.record(format="torch").save(tmp_path / "dump")
    assert [path.name for path in written] == ["flight_rank_0", "flight_rank_1"]
    said = analysed(tmp_path / "dump", caplog)
    for complaint in ("Not all ranks", "errors", "Missing", "Traceback", "mismatch"):
        assert complaint not in said, said


def test_torchs_analyser_names_the_rank_that_a_collective_waits_for(
    stuck: World, real_pool: Pool, tmp_path: Path
) -> None:
    place = ("--connect", real_pool.endpoint, "--timeout", 60)
    folder = tmp_path / "dump"
    done = command(
        *("vllm_bridge", "record", stuck.world_id, "--format", "torch", "--out", folder, *place)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{folder}/flight_rank_0", f"{folder}/flight_rank_1"]
    # As the documentation has it.
    analyser = command("torch.distributed.flight_recorder.fr_trace", folder)
    said = analyser.stdout + analyser.stderr
    assert "Not all ranks joining collective" in said, said
    assert "missing ranks: {1}" in said, said
    # Where the rank that waits is.
    assert "parallel_state.py" in said or "tensors.py" in said, said


def test_torchs_analyser_names_the_rank_that_was_killed(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with client.start_world(tensor_parallel_size=2, on_failure="keep") as world:
        world.call("tensor_model_parallel_all_reduce", torch.ones(1))
        os.kill(world.info.ranks[1].pid, signal.SIGKILL)
        eventually(lambda: world.record(format="torch").missing == (1,))
        recording = world.record(format="torch")
        recording.save(tmp_path)
        trace = events_of(world.record().files["trace.json"])
    assert list(recording.files) == ["flight_rank_0"]
    assert "Missing dump files from ranks {1}" in analysed(tmp_path, caplog)
    assert "rank 1, no answer" in [event["args"].get("name") for event in trace if "args" in event]


def test_a_full_disk_leaves_no_half_file(world: World, real_pool: Pool, tmp_path: Path) -> None:
    exchange(world)
    out, before = tmp_path / "trace.json", "what was there"
    out.write_text(before)
    place = ("--out", out, "--connect", real_pool.endpoint, "--timeout", 60)
    arguments = ("vllm_bridge", "record", "recorded", *place)
    full = command(*arguments, blocks=2)
    assert full.returncode == 1
    assert f"{out} cannot be written: [Errno 27] File too large" in full.stderr
    assert out.read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["trace.json"]
    assert command(*arguments).returncode == 0
    assert of_kind(events_of(out.read_bytes()), "collective")
    unknown = command("vllm_bridge", "record", "nothing", *place)
    assert unknown.returncode == 1
    assert "there is no world 'nothing'" in unknown.stderr
