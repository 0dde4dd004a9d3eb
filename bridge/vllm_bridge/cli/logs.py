"""`vllm-bridge logs`: what the ranks of a world, and the server about it, write."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vllm_bridge.cli.inspection import Connect, run

if TYPE_CHECKING:
    from vllm_bridge.client import Client, LogLine


def add_logs(parser: argparse.ArgumentParser, connect: Connect) -> None:
    """The options of `logs` beside those of the connection."""
    parser.description = (
        "Print the lines that the ranks of a world wrote last, and what the server said of them; "
        "of dead ranks, too. Equal lines of several ranks are printed once, with the ranks."
    )
    parser.add_argument("world", metavar="WORLD", help="id of the world")
    parser.add_argument(
        "--rank",
        type=_number,
        action="append",
        metavar="RANK",
        help="of this rank alone; may be given several times",
    )
    parser.add_argument(
        "--follow", action="store_true", help="go on with the lines that come, until Ctrl-C"
    )
    parser.add_argument(
        "--tail", type=_number, metavar="N", help="begin with the last N lines (default: all kept)"
    )
    parser.add_argument(
        "--unfolded", action="store_true", help="print each line of each rank by itself"
    )
    parser.add_argument("--json", action="store_true", help="as JSON, a line each")
    parser.set_defaults(run=lambda arguments: run(_logs, arguments, connect))


def _logs(arguments: argparse.Namespace, client: Client) -> None:
    world = client.world(arguments.world, timeout=arguments.timeout)
    with world.logs(
        arguments.rank,
        follow=arguments.follow,
        tail=arguments.tail,
        fold=not arguments.unfolded,
        timeout=None if arguments.follow else arguments.timeout,
    ) as lines:
        for line in lines:
            if line.dropped and not arguments.json:
                print(f"({line.dropped} lines were dropped: they came faster than they were read)")
            print(_as_json(line) if arguments.json else as_text(line), flush=True)


def as_text(line: LogLine) -> str:
    """For people, e.g. `12:03:44.120 ranks 0-3 WARNING slow`; nothing in it moves a terminal."""
    who = f"{whose(line.ranks)} " if line.ranks else ("" if line.rank_id else "server ")
    level = f"{line.level.upper()} " if line.level else ""
    at = f"{line.at.astimezone():%H:%M:%S}.{line.at.microsecond // 1000:03d}"
    return f"{at} {who}{level}" + line.safe.replace("\n", "\n    ")


def whose(ranks: Sequence[int]) -> str:
    """e.g. "rank 2", "ranks 0-3, 7"."""
    spans: list[list[int]] = []
    for rank in sorted(ranks):
        if spans and rank == spans[-1][1] + 1:
            spans[-1][1] = rank
        else:
            spans.append([rank, rank])
    said = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
    return f"rank {said}" if len(ranks) == 1 else f"ranks {said}"


def _as_json(line: LogLine) -> str:
    return json.dumps({**vars(line), "at": line.at.isoformat()})


def _number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return number
