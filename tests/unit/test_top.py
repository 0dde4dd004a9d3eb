"""What `vllm-bridge top` draws, and what its keys do."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from vllm_bridge._generated import pool_pb2
from vllm_bridge.cli.top import SORTS, View, frame, one_rank, print_whole, rows_of, spark


def status() -> pool_pb2.PoolStatus:
    found = pool_pb2.PoolStatus(version="1", pid=7)
    found.at.FromSeconds(1_000)
    world = found.worlds.add(
        world_id="w", state=pool_pb2.WORLD_READY, world_size=3, tensor_parallel_size=3
    )
    for number in range(3):
        rank = world.ranks.add(
            rank=number, rank_id=f"rank-{number}", node="host", pid=100 + number, queued=number
        )
        rank.coordinates.tp = number
        rank.memory.resident = (3 - number) << 20
        rank.rates.calls_per_s = [5.0, 50.0, 0.5][number]
    waits = world.ranks[0].activity
    waits.kind = pool_pb2.ACTIVITY_AT_GATE
    waits.sentence = "waits in [bold]x[/]\x1b[2J on tp:0 for rank 1"
    waits.for_s = 3.25
    waits.since.FromSeconds(997)
    found.worlds.add(world_id="over", state=pool_pb2.WORLD_FAILED).ranks.add(rank_id="rank-9")
    refusal = found.refusals.add(reason="deadlock", message="rank 0 waits", ranks=[0, 2])
    refusal.at.FromSeconds(990)
    return found


def drawn(what: RenderableType, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_row_says_where_a_rank_stands_and_for_whom_it_waits() -> None:
    view = View()
    view.rows = rows_of(status(), view)
    text = drawn(frame(status(), view))
    # Neither markup nor escapes of a name do anything.
    assert "waits in [bold]x[/]\\x1b[2J on tp:0 for rank 1" in text
    assert "\x1b" not in text
    assert "3.2 s" in text
    assert "deadlock (rank 0 -> rank 2 -> rank 0), 10 s ago: rank 0 waits" in text
    (row,) = [line for line in text.splitlines() if line.startswith("w 2")]
    assert "tp 2" in row
    assert "1 MiB" in row
    assert "over" not in text


def test_what_is_no_terminal_gets_all_however_narrow_it_seems() -> None:
    found, view = status(), View()
    found.worlds[0].ranks[2].activity.sentence = "x" * 200
    found.worlds[0].ranks[2].rates.p99_s = 0.0123
    view.rows = rows_of(found, view)
    console = Console(file=io.StringIO(), width=40)
    print_whole(console, frame(found, view))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    (row,) = [line for line in text.splitlines() if line.startswith("w 2")]
    for said in ("tp 2", "x" * 200, "1 MiB", "12.3 ms"):
        assert said in row
    assert "for rank 1" in text
    assert "…" not in text


def test_keys_sort_choose_and_open() -> None:
    view = View()

    def look() -> list[int]:
        view.rows = rows_of(status(), view)
        return [row.rank.rank for row in view.rows]

    assert look() == [0, 1, 2]
    orders = {}
    for _ in SORTS:
        assert view.press("s")
        orders[view.sort] = look()
    assert orders["calls"] == [1, 0, 2]
    assert orders["memory"] == [0, 1, 2]
    assert orders["queue"] == [2, 1, 0]
    assert orders["busy"][0] == 0
    view.press("r")
    assert look() == [2, 1, 0]
    view.press("\r")
    assert not view.opened
    for key in ("j", "\x1b[B", "j", "j", "k"):
        view.press(key)
    assert view.chosen == "rank-1"
    view.press("\r")
    assert view.opened
    assert view.row is not None
    assert "Latest" in drawn(one_rank(view.row, ["Latest \x07"]))
    view.press("\x1b")
    assert not view.opened
    assert not view.press("q")


def test_more_ranks_than_lines_are_cut_around_the_chosen_one() -> None:
    many = pool_pb2.PoolStatus()
    world = many.worlds.add(world_id="w", state=pool_pb2.WORLD_READY, world_size=512)
    for number in range(512):
        world.ranks.add(rank=number, rank_id=f"rank-{number}")
    view = View(chosen="rank-300")
    view.rows = rows_of(many, view)
    text = drawn(frame(many, view, height=30))
    assert len(text.splitlines()) <= 30
    assert "w 300" in text


@pytest.mark.parametrize(
    ("values", "bars"),
    [([], ""), ([0, 0], "  "), ([1, 8], "▁█"), ([float(n) for n in range(300)][:31], None)],
)
def test_a_line_of_bars(values: list[float], bars: str | None) -> None:
    drawn_ = spark(values)
    assert len(drawn_) <= 31
    assert bars is None or drawn_ == bars
