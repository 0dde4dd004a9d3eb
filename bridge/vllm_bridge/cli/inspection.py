"""`vllm-bridge status` and `vllm-bridge diagnose`: a running server, looked at from outside."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from vllm_bridge.durations import of_seconds

if TYPE_CHECKING:
    from vllm_bridge._generated import pool_pb2
    from vllm_bridge.client import Client

Connect = Callable[[argparse.Namespace], "Client"]

EXIT_FAILED = 1

# Home, and clear from there: the terminal does not flicker as it would when cleared first.
_REDRAW = "\x1b[H\x1b[J"
_CLEAR = "\x1b[2J"


def add_status(parser: argparse.ArgumentParser, connect: Connect) -> None:
    """The options of `status` beside those of the connection."""
    parser.description = (
        "Show a running server: its pools, ranks, worlds and sessions. Worlds that were stopped "
        "are left out."
    )
    parser.add_argument("--json", action="store_true", help="as JSON; one line a look with --watch")
    parser.add_argument("--all", action="store_true", help="also worlds that were stopped")
    parser.add_argument("--watch", action="store_true", help="look again and again, until Ctrl-C")
    parser.add_argument(
        "--interval", type=pause, default=1.0, metavar="SECONDS", help="between looks (default 1)"
    )
    parser.set_defaults(run=lambda arguments: run(_status, arguments, connect))


def add_diagnose(parser: argparse.ArgumentParser, connect: Connect) -> None:
    """The options of `diagnose` beside those of the connection."""
    parser.description = (
        "Say what every rank of a world is doing and what waits for what. Answers also while all "
        "of them are stuck."
    )
    parser.add_argument("world", metavar="WORLD", help="id of the world")
    parser.add_argument(
        "--stacks", action="store_true", help="also the Python stacks of every rank's threads"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=lambda arguments: run(_diagnose, arguments, connect))


def run(
    command: Callable[[argparse.Namespace, Client], None],
    arguments: argparse.Namespace,
    connect: Connect,
) -> int:
    """Connect, and run a command that prints; what went wrong is a line on stderr."""
    from vllm_bridge.codec.errors import BridgeError
    from vllm_bridge.process.logs import printable

    try:
        with connect(arguments) as client:
            command(arguments, client)
    except BridgeError as error:
        print(f"vllm-bridge: {arguments.connect}: {printable(error.message)}", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # The reader has seen enough (`| head`). At exit nothing may go into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        pass
    return 0


def _status(arguments: argparse.Namespace, client: Client) -> None:
    from vllm_bridge.pool.observe.status import as_json, as_text
    from vllm_bridge.process.logs import printable

    terminal = sys.stdout.isatty() and arguments.watch and not arguments.json
    if terminal:
        print(_CLEAR, end="")
    for status in _looks(arguments, client):
        if arguments.json:
            text = as_json(status, indent=None if arguments.watch else 2)
        else:
            text = printable(as_text(status))
            if terminal:
                text = f"{_REDRAW}{text}\n\n{time.strftime('%H:%M:%S')}, Ctrl-C ends"
            elif arguments.watch:
                text += "\n"
        print(text, flush=True)


def _looks(arguments: argparse.Namespace, client: Client) -> Iterator[pool_pb2.PoolStatus]:
    from vllm_bridge.pool.observe.status import without_stopped

    while True:
        status = client.status(timeout=arguments.timeout)
        yield status if arguments.all else without_stopped(status)
        if not arguments.watch:
            return
        time.sleep(arguments.interval)


def _diagnose(arguments: argparse.Namespace, client: Client) -> None:
    from vllm_bridge.pool.observe.status import as_json, diagnosis_as_text
    from vllm_bridge.process.logs import printable

    diagnosis = client.diagnose(arguments.world, stacks=arguments.stacks, timeout=arguments.timeout)
    print(as_json(diagnosis) if arguments.json else printable(diagnosis_as_text(diagnosis)))


def pause(text: str) -> float:
    """The argument of `--interval`."""
    try:
        seconds = of_seconds(float(text)).total_seconds()
    except (ValueError, OverflowError):
        seconds = 0.0
    # Looking costs the server a message with everything in it.
    if seconds < 0.1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0.1 on")
    return seconds
