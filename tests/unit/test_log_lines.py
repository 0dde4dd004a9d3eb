"""Lines of ranks and of the server: what is kept, who misses what, which are one."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from vllm_bridge._generated import pool_pb2
from vllm_bridge.cli.logs import whose
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.pool.observe.logs import hub
from vllm_bridge.pool.observe.logs.fold import folded
from vllm_bridge.pool.observe.logs.hub import Logs, Source
from vllm_bridge.pool.observe.logs.lines import Line, as_text, logged, time_of
from vllm_bridge.process import logs
from vllm_bridge.process.logs import printable

EVERYTHING = pool_pb2.LogsRequest(unfolded=True)


def hub_of(ranks: int) -> Logs:
    made = Logs()
    for rank in range(ranks):
        made.place(f"rank-{rank}", Source("w", 1, rank))
    return made


def say(made: Logs, rank_id: str, text: str) -> None:
    made.output(rank_id, text.encode(), None)


def read(made: Logs, wanted: pool_pb2.LogsRequest = EVERYTHING) -> list[pool_pb2.LogLine]:
    async def all_lines() -> list[pool_pb2.LogLine]:
        async with made.subscribe(wanted) as batches:
            return [line async for batch in batches for line in batch.lines]

    return asyncio.run(all_lines())


def test_the_last_of_each_rank_is_kept() -> None:
    made = hub_of(2)
    for number in range(3_000):
        say(made, "rank-0", f"{number}")
    for number in range(100):
        say(made, "rank-1", f"{number} " + "x" * 2_000)
    lines = read(made)
    first = [line for line in lines if line.rank == 0]
    assert (first[0].text, first[-1].text, len(first)) == ("1000", "2999", hub.TAIL_LINES)
    second = [line for line in lines if line.rank == 1]
    assert sum(len(line.text) + 1 for line in second) <= hub.TAIL_CHARS
    assert second[-1].text.startswith("99 ")
    assert [line.text for line in read(made, pool_pb2.LogsRequest(tail=1))] == [second[-1].text]
    assert read(made, pool_pb2.LogsRequest(tail=0)) == []
    assert {line.rank for line in read(made, pool_pb2.LogsRequest(ranks=[1]))} == {1}
    assert read(made, pool_pb2.LogsRequest(world_id="another")) == []


def test_a_line_that_is_longer_than_all_that_is_kept_is_kept() -> None:
    made = hub_of(1)
    say(made, "rank-0", "x" * (2 * hub.TAIL_CHARS))
    assert len(read(made)) == 1


def test_tails_of_dead_ranks_give_way() -> None:
    async def fill() -> Logs:
        made = Logs()
        say(made, "live", "1")
        for number in range(2 * hub.MAX_TAILS):
            say(made, f"dead-{number}", "x")
            made._ended(f"dead-{number}")
        return made

    made = asyncio.run(fill())
    assert len(made._tails) == hub.MAX_TAILS
    assert "live" in made._tails
    assert made._places == {}


def test_a_slow_reader_misses_the_oldest_and_is_told_how_many() -> None:
    async def late() -> tuple[int, int, str]:
        made = hub_of(4)
        wanted = pool_pb2.LogsRequest(follow=True, unfolded=True)
        async with made.subscribe(wanted) as batches:
            for number in range(hub.MAX_UNREAD_LINES + 7):
                say(made, f"rank-{number % 4}", f"{number}")
            made.close()
            got = dropped = 0
            last = ""
            try:
                async for batch in batches:
                    assert len(batch.lines) <= hub.MAX_BATCH
                    got, dropped = got + len(batch.lines), dropped + batch.dropped
                    last = batch.lines[-1].text
            except BridgeError as stopping:
                last += f" {stopping.reason}"
            return got, dropped, last

    assert asyncio.run(late()) == (
        hub.MAX_UNREAD_LINES,
        7,
        f"{hub.MAX_UNREAD_LINES + 6} pool_stopping",
    )


def test_a_reader_too_many_is_refused() -> None:
    made = Logs()
    for _ in range(hub.MAX_READERS):
        made.subscribe(pool_pb2.LogsRequest(follow=True))
    with pytest.raises(BridgeError) as caught:
        made.subscribe(pool_pb2.LogsRequest(follow=True))
    assert caught.value.reason == "too_many_watchers"


def _line(at: float, rank: int | None, text: str, level: str = "") -> Line:
    return Line(at, text, "" if rank is None else f"rank-{rank}", "w", 1, rank, level)


def test_equal_lines_of_several_ranks_are_one() -> None:
    lines = [
        _line(0.0, 2, "a"),
        _line(0.1, 0, "a"),
        _line(0.2, None, "a"),
        _line(0.2, 0, "b"),
        _line(0.3, 0, "a"),  # its second
        _line(0.4, 1, "a"),
        _line(0.4, 1, "a", "warning"),
        _line(0.5, 2, "a"),
        _line(3.0, 1, "a"),  # too late for the second of the others
    ]
    found = [(line.text, list(line.ranks), line.level) for line in folded(lines)]
    assert found == [
        ("a", [0, 1, 2], ""),
        ("a", [], ""),
        ("b", [], ""),
        ("a", [0, 2], ""),
        ("a", [], "warning"),
        ("a", [], ""),
    ]


def test_folding_equal_lines_takes_time_in_proportion() -> None:
    lines = [_line(n / 1e6, n % 4, "the same") for n in range(40_000)]
    begin = time.monotonic()
    assert len(folded(lines)) == 10_000
    assert time.monotonic() - begin < 20


def test_a_rank_cannot_say_that_it_is_another() -> None:
    made = hub_of(2)
    forged: dict[str, Any] = {
        "time": "1999-01-01T00:00:00+00:00",
        "level": "error",
        "logger": "x",
        "message": "m",
        "rank": 1,
        "world_id": "another",
        "session_id": 5,
    }
    made.output("rank-0", b"", logged(json.dumps(forged).encode()))
    (line,) = read(made)
    assert (line.rank, line.world_id, line.level, line.session_id) == (0, "w", "error", "")
    assert abs(line.at.ToSeconds() - time.time()) < 60


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b'{"time": "',
        b'{"time": "x"}',
        b'{"time": "x", "level": 1, "logger": "l", "message": "m"}',
        b'{"time": "x", "level": "loud", "logger": "l", "message": "m"}',
        b'{"time": "' + b"[" * 10_000,
        b'{"time": "\xff", "level": "info", "logger": "l", "message": "m"}',
        b'["time"]',
    ],
)
def test_what_only_begins_like_a_log_line_is_output(line: bytes) -> None:
    assert logged(line) is None


def test_a_line_of_a_ranks_log_is_the_same_text_as_before() -> None:
    fields = {"rank_id": "rank-1", "rank": 1, "session_id": ""}
    at = time.time()
    entry = logged(logs.line("json", "info", "a.b", "two\nlines", fields, at).strip())
    assert entry is not None
    assert as_text(entry, at) == logs.line("text", "info", "a.b", "two\nlines", fields, at)
    assert time_of({"time": "9" * 30}, 5.0) == 5.0


def test_nothing_in_a_line_moves_a_terminal() -> None:
    text = "a\x1b[2J\x07\r\x9b\u202egnp\u2066\x00\tb\ud800\nc é 界"
    safe = printable(text)
    assert safe == ("a\\x1b[2J\\x07\\r\\x9b\\u202egnp\\u2066\\x00\tb\\ud800\nc é 界")
    assert printable("plain") == "plain"


@pytest.mark.parametrize(
    ("ranks", "said"), [([2], "rank 2"), ([3, 0, 1, 2, 7], "ranks 0-3, 7"), ([1, 3], "ranks 1, 3")]
)
def test_ranks_are_said_in_spans(ranks: list[int], said: str) -> None:
    assert whose(ranks) == said
