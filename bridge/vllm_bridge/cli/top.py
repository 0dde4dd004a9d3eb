"""`vllm-bridge top`: what the ranks of a server do, in a terminal, as it goes on."""

from __future__ import annotations

import argparse
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vllm_bridge._generated import pool_pb2
from vllm_bridge.cli.inspection import EXIT_FAILED, Connect, pause, run
from vllm_bridge.process.logs import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    from vllm_bridge.client import Client

# Without a key a look every so often; with one at once.
_ESCAPE = "\x1b"
_ARROWS = {"\x1b[A": "k", "\x1b[B": "j", "\x1bOA": "k", "\x1bOB": "j"}

_WIDEST = 1000
"""Columns at most, where there is no terminal."""

_BARS = " ▁▂▃▄▅▆▇█"

_STYLES = {
    pool_pb2.ACTIVITY_AT_GATE: "yellow",
    pool_pb2.ACTIVITY_INSIDE: "cyan",
    pool_pb2.ACTIVITY_RUNNING: "green",
    pool_pb2.ACTIVITY_IDLE: "dim",
    pool_pb2.ACTIVITY_SILENT: "red",
    pool_pb2.ACTIVITY_ENDED: "red",
}

HELP = "q ends  s sorts  r reverses  j/k choose  enter shows a rank  esc goes back"


@dataclass(frozen=True)
class Row:
    """A rank of a world, or of a pool."""

    rank: pool_pb2.RankInfo
    world: pool_pb2.World | None

    @property
    def key(self) -> str:
        """What it is known by from look to look."""
        return self.rank.rank_id


SORTS: dict[str, Callable[[Row], Any]] = {
    "rank": lambda row: ("" if row.world is None else row.world.world_id, row.rank.rank),
    "busy": lambda row: -row.rank.activity.for_s if _busy(row) else 0.0,
    "calls": lambda row: -row.rank.rates.calls_per_s,
    "latency": lambda row: -row.rank.rates.p99_s,
    "memory": lambda row: -row.rank.memory.resident,
    "queue": lambda row: -row.rank.queued,
    "node": lambda row: row.rank.node,
}
"""What `s` goes through."""


@dataclass
class View:
    """What the person at the terminal has chosen."""

    sort: str = "rank"
    reverse: bool = False
    chosen: str = ""
    opened: bool = False
    # Rows as they were shown last.
    rows: list[Row] = field(default_factory=list)

    def press(self, key: str) -> bool:
        """Take a key; False: that is the end."""
        key = _ARROWS.get(key, key)
        if key in ("q", "\x03", "\x04"):
            return False
        if key == "s":
            names = list(SORTS)
            self.sort = names[(names.index(self.sort) + 1) % len(names)]
        elif key == "r":
            self.reverse = not self.reverse
        elif key in ("j", "k") and self.rows:
            keys = [row.key for row in self.rows]
            at = keys.index(self.chosen) if self.chosen in keys else -1
            step = 1 if key == "j" else -1
            self.chosen = keys[max(min(at + step, len(keys) - 1), 0)]
        elif key in ("\r", "\n"):
            self.opened = bool(self.row)
        elif key == _ESCAPE:
            self.opened = False
        return True

    @property
    def row(self) -> Row | None:
        """The chosen one."""
        return next((row for row in self.rows if row.key == self.chosen), None)


def add_top(parser: argparse.ArgumentParser, connect: Connect) -> None:
    """The options of `top` beside those of the connection."""
    parser.description = (
        "Show in a terminal what every rank does, for whom it waits, its memory, calls per second "
        f"and latency, as it goes on. Keys: {HELP}. Needs the package rich (the extra top)."
    )
    parser.add_argument(
        "--interval", type=pause, default=1.0, metavar="SECONDS", help="between looks (default 1)"
    )
    parser.add_argument("--sort", choices=list(SORTS), default="rank", help="by what")
    parser.add_argument("--once", action="store_true", help="print one look, and end")
    parser.set_defaults(run=lambda arguments: _top(arguments, connect))


def _top(arguments: argparse.Namespace, connect: Connect) -> int:
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        print(
            "vllm-bridge: top needs the package rich: pip install 'vllm-distributed[top]'",
            file=sys.stderr,
        )
        return EXIT_FAILED
    console = Console()
    view = View(sort=arguments.sort)
    if arguments.once:
        return run(
            lambda given, client: print_whole(console, _look(given, client, view)),
            arguments,
            connect,
        )
    if not (sys.stdin.isatty() and console.is_terminal):
        print(
            "vllm-bridge: top needs a terminal; `top --once` and `status --watch` do not",
            file=sys.stderr,
        )
        return EXIT_FAILED
    return run(lambda given, client: _live(given, client, view, console), arguments, connect)


def print_whole(console: Console, look: RenderableType) -> None:
    """What is no terminal has no width: a file, or a program, gets all that there is to say."""
    if not console.is_terminal:
        options = console.options.update(max_width=_WIDEST)
        console.width = max(console.measure(look, options=options).maximum, console.width)
    console.print(look)


def _live(arguments: argparse.Namespace, client: Client, view: View, console: Console) -> None:
    from rich.live import Live

    with _keys() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(_look(arguments, client, view, console.height), refresh=True)
            until = time.monotonic() + arguments.interval
            while (left := until - time.monotonic()) > 0:
                key = pressed(left)
                if key and not view.press(key):
                    return
                if key:
                    break


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Read keys one at a time, without Enter and echo; afterwards the terminal is as before."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def pressed(seconds: float) -> str:
        ready, _, _ = select.select([descriptor], [], [], seconds)
        # An arrow is three bytes.
        return os.read(descriptor, 8).decode(errors="ignore") if ready else ""

    try:
        tty.setcbreak(descriptor)
        yield pressed
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _look(
    arguments: argparse.Namespace, client: Client, view: View, height: int | None = None
) -> RenderableType:
    from vllm_bridge.codec.errors import BridgeError

    try:
        status = client.status(histories=True, timeout=arguments.timeout)
    except BridgeError as error:
        if height is None:
            raise
        from rich.text import Text

        return Text(f"no answer: {printable(error.message)}", style="red")
    view.rows = rows_of(status, view)
    row = view.row
    if view.opened and row is not None:
        return one_rank(row, _said_of(arguments, client, row))
    return frame(status, view, height)


def _said_of(arguments: argparse.Namespace, client: Client, row: Row) -> list[str]:
    """What the rank says when it is asked, and its last lines."""
    from vllm_bridge.cli.logs import as_text
    from vllm_bridge.codec.errors import BridgeError
    from vllm_bridge.pool.observe.model.activity import named

    if row.world is None:
        return []
    try:
        found = client.diagnose(row.world.world_id, stacks=True, timeout=arguments.timeout)
        own = [answer for answer in found.ranks if answer.rank == row.rank.rank]
        said = ["Latest calls:"]
        for call in own[0].ended[:10] if own else ():
            took = call.running_s - call.ended_s
            said.append(f"  {named(call)}: {took * 1000:.1f} ms, {call.ended_s:.1f} s ago")
        for stack in own[0].stacks[:1] if own else ():
            said += [f"Stack of {stack.thread}:", *(f"  {line}" for line in stack.frames[-12:])]
        world = client.world(row.world.world_id, timeout=arguments.timeout)
        lines = world.logs([row.rank.rank], follow=False, tail=10, timeout=arguments.timeout)
        said += ["Latest lines:", *(f"  {as_text(line)}" for line in lines)]
    except BridgeError as error:
        said = [error.message]
    return said


def rows_of(status: pool_pb2.PoolStatus, view: View) -> list[Row]:
    """All ranks, but those of worlds that are over, in the order that was chosen."""
    over = (pool_pb2.WORLD_STOPPED, pool_pb2.WORLD_FAILED)
    rows = [Row(rank, None) for rank in status.ranks]
    for world in status.worlds:
        if world.state not in over:
            rows += [Row(rank, world) for rank in world.ranks]
    rows.sort(key=SORTS["rank"])
    return sorted(rows, key=SORTS[view.sort], reverse=view.reverse)


def frame(status: pool_pb2.PoolStatus, view: View, height: int | None = None) -> RenderableType:
    """A look at a server: what it is, worlds, refusals, and a row for each rank."""
    from rich.console import Group
    from rich.text import Text

    head = [Text(line, overflow="ellipsis", no_wrap=True) for line in _head(status)]
    head += [Text(line, style="red", overflow="ellipsis") for line in _trouble(status)]
    room = None if height is None else max(height - len(head) - 5, 1)
    foot = Text(
        f"sorted by {view.sort}{', reversed' if view.reverse else ''}   {HELP}", style="dim"
    )
    return Group(*head, _table(view, room), foot)


def _head(status: pool_pb2.PoolStatus) -> list[str]:
    rates = status.rates
    lines = [
        f"vllm-bridge {status.version}, pid {status.pid}, {len(status.sessions)} sessions; "
        f"{rates.calls_per_s:.0f} calls/s, {rates.errors_per_s:.0f} errors/s, "
        f"p50 {_ms(rates.p50_s)}, p99 {_ms(rates.p99_s)}"
    ]
    for history in status.histories[:1]:
        lines.append(f"calls/s  {spark(history.calls)}  p99  {spark(history.p99_s)}")
    for pool in status.pools:
        waiting = f", {pool.queued} calls wait" if pool.queued else ""
        lines.append(f"pool {pool.name}: {pool.ready} of {pool.size} up, {pool.idle} idle{waiting}")
    for world in status.worlds:
        if world.state in (pool_pb2.WORLD_STOPPED, pool_pb2.WORLD_FAILED):
            continue
        state = pool_pb2.WorldState.Name(world.state).removeprefix("WORLD_").lower()
        run_ = f", run of {world.run.holder}" if world.HasField("run") else ""
        more = f", {world.runs_waiting} runs wait" if world.runs_waiting else ""
        failure = f": {world.failure}" if world.failure else ""
        lines.append(
            f"world {world.world_id} (epoch {world.epoch}): {state}, {world.world_size} ranks, "
            f"{world.rates.calls_per_s:.0f} calls/s{run_}{more}{failure}"
        )
    return [printable(line).replace("\n", " ") for line in lines]


def _trouble(status: pool_pb2.PoolStatus) -> list[str]:
    now = status.at.ToNanoseconds()
    found = []
    for refusal in status.refusals[-3:]:
        ago_s = (now - refusal.at.ToNanoseconds()) / 1e9
        if ago_s > 60:
            continue
        circle = ""
        if refusal.reason == "deadlock":
            ranks = [*refusal.ranks, *refusal.ranks[:1]]
            circle = f" (rank {' -> rank '.join(map(str, ranks))})"
        text = f"{refusal.reason}{circle}, {ago_s:.0f} s ago: {refusal.message}"
        found.append(printable(text).replace("\n", " "))
    return found


def _table(view: View, room: int | None) -> Table:
    from rich.table import Table

    table = Table(box=None, expand=True, header_style="bold", pad_edge=False)
    for name, right in _COLUMNS:
        wide = name == "doing"
        table.add_column(
            name,
            justify="right" if right else "left",
            no_wrap=True,
            ratio=1 if wide else None,
            overflow="ellipsis",
        )
    rows = view.rows
    if room is not None and len(rows) > room:
        keys = [row.key for row in rows]
        at = keys.index(view.chosen) if view.chosen in keys else 0
        first = max(min(at - room // 2, len(rows) - room), 0)
        rows = rows[first : first + room]
    for row in rows:
        table.add_row(*_cells(row), style="reverse" if row.key == view.chosen else "")
    return table


_COLUMNS = (
    ("where", False),
    ("at", False),
    ("node", False),
    ("pid", True),
    ("state", False),
    ("doing", False),
    ("for", True),
    ("memory", True),
    ("queue", True),
    ("calls/s", True),
    ("p50", True),
    ("p99", True),
)


def _cells(row: Row) -> list[Text]:
    from rich.text import Text

    from vllm_bridge.pool.observe.status import coordinates, memory

    rank, world, activity = row.rank, row.world, row.rank.activity
    where = f"{rank.pool_name} {rank.rank}" if world is None else f"{world.world_id} {rank.rank}"
    overdue = f", overdue by {activity.overdue_s:.1f} s" if activity.overdue_s else ""
    cells = [
        where,
        "" if world is None else coordinates(rank, world),
        rank.node,
        str(rank.pid or ""),
        pool_pb2.RankState.Name(rank.state).lower(),
        activity.sentence + overdue,
        f"{activity.for_s:.1f} s" if activity.HasField("since") else "",
        memory(rank.memory) if rank.memory.resident else "",
        str(rank.queued or ""),
        f"{rank.rates.calls_per_s:.1f}" if rank.rates.calls_per_s else "",
        _ms(rank.rates.p50_s),
        _ms(rank.rates.p99_s),
    ]
    # Text, and not markup: names and sentences are what clients choose.
    found = [Text(printable(cell).replace("\n", " ")) for cell in cells]
    found[5].stylize("red" if overdue else _STYLES.get(activity.kind, ""))
    return found


def one_rank(row: Row, said: Sequence[str]) -> RenderableType:
    """All that is known of one rank."""
    from rich.console import Group
    from rich.text import Text

    names = [name for name, _ in _COLUMNS]
    facts = [f"{name:>8}  {cell.plain}" for name, cell in zip(names, _cells(row), strict=True)]
    facts += [
        f"{'sessions':>8}  {row.rank.sessions}",
        f"{'objects':>8}  {row.rank.objects}",
        f"{'call':>8}  {row.rank.activity.method} {row.rank.activity.call_id}".rstrip(),
        "",
        *said,
    ]
    return Group(*(Text(printable(line)) for line in facts), Text("esc goes back", style="dim"))


def spark(values: Sequence[float], width: int = 30) -> str:
    """The latest of these, as a line of small bars; each is the highest of its part."""
    if not values:
        return ""
    size = max(len(values) // width, 1)
    shown = [max(values[at : at + size]) for at in range(len(values) % size, len(values), size)]
    top = max(shown)
    return "".join(
        _BARS[0 if value <= 0 or not top else max(round(value / top * 8), 1)] for value in shown
    )


def _busy(row: Row) -> bool:
    return row.rank.activity.kind not in (pool_pb2.ACTIVITY_IDLE, pool_pb2.ACTIVITY_ENDED)


def _ms(seconds: float) -> str:
    if not seconds:
        return ""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
