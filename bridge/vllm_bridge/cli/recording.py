"""`vllm-bridge record`: what the ranks of a world did last, in files that other tools open."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm_bridge.client import Client

Connect = Callable[[argparse.Namespace], "Client"]

EXIT_FAILED = 1


def add_record(parser: argparse.ArgumentParser, connect: Connect) -> None:
    """The options of `record` beside those of the connection."""
    parser.description = (
        "Write down the last calls and collectives of every rank of a world. Answers also while "
        "all of them are stuck."
    )
    parser.add_argument("world", metavar="WORLD", help="id of the world")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the trace; with --format torch the folder of a file for each rank",
    )
    parser.add_argument(
        "--format",
        choices=("chrome", "torch"),
        default="chrome",
        help='"chrome" (default) is for https://ui.perfetto.dev, "torch" for '
        "python -m torch.distributed.flight_recorder.fr_trace",
    )
    parser.add_argument(
        "--last",
        type=int,
        default=0,
        metavar="N",
        help="calls, and collectives, of each rank (default: all that it keeps, 1000)",
    )
    parser.set_defaults(run=lambda arguments: _record(arguments, connect))


def _record(arguments: argparse.Namespace, connect: Connect) -> int:
    from vllm_bridge.codec.errors import BridgeError

    try:
        with connect(arguments) as client:
            world = client.world(arguments.world, timeout=arguments.timeout)
            recording = world.record(
                last=arguments.last, format=arguments.format, timeout=arguments.timeout
            )
        written = recording.save(arguments.out)
    except BridgeError as error:
        print(f"vllm-bridge: {arguments.connect}: {error.message}", file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        print(f"vllm-bridge: {arguments.out} cannot be written: {error}", file=sys.stderr)
        return EXIT_FAILED
    for path in written:
        print(path)
    for rank in recording.missing:
        print(f"vllm-bridge: rank {rank} has not answered", file=sys.stderr)
    return 0
