"""`vllm-bridge report`: all that is known of a running server, in one file."""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm_bridge.client import Client

Connect = Callable[[argparse.Namespace], "Client"]

EXIT_FAILED = 1

_METHOD = "/vllm.bridge.v1.Pool/Report"

_FOLDER = "vllm-bridge-report"

# By the last part of a file's name.
_ABOUT = {
    "versions.json": "versions of the server, of Python and of the packages that matter",
    "settings.json": "the server's settings, defaults included; no token and no key",
    "environment.json": "variables that change how ranks behave; of others only the names",
    "status.txt": "pools, ranks and worlds, for people",
    "status.json": "the same, and sessions, as JSON",
    "metrics.txt": "the metrics, as Prometheus reads them",
    "logs.txt": "the last lines of the server and of each rank, whatever code in them has printed",
    "diagnosis.txt": "what every rank does and waits for, and the Python stacks of its threads",
    "diagnosis.json": "the same, and the calls that a rank runs, has queued and has ended, as JSON",
    "trace.json": "the last calls and operations of every rank: open it at https://ui.perfetto.dev",
    "failed.txt": "why there is nothing else of this world",
}


def add_report(parser: argparse.ArgumentParser, connect: Connect) -> None:
    """The options of `report` beside those of the connection."""
    parser.description = (
        "Write all that is known of a running server into one file, for somebody who was not "
        "there. It has no secrets and no contents of tensors; README.txt in it says what it has."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.tar.gz")
    parser.set_defaults(run=lambda arguments: _report(arguments, connect))


def _report(arguments: argparse.Namespace, connect: Connect) -> int:
    import grpc

    from vllm_bridge._generated import pool_pb2
    from vllm_bridge.codec.errors import from_rpc_error
    from vllm_bridge.process.files import write_whole

    try:
        with connect(arguments) as client:
            answer = client.send(client.endpoint, _METHOD, b"", arguments.timeout)
        files = {each.name: each.content for each in pool_pb2.ServerReport.FromString(answer).files}
        content = archive({"README.txt": readme(files).encode(), **files}, time.time())
        write_whole(arguments.out, content)
    except grpc.RpcError as error:
        print(f"vllm-bridge: {arguments.connect}: {from_rpc_error(error).message}", file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        print(f"vllm-bridge: {arguments.out} cannot be written: {error}", file=sys.stderr)
        return EXIT_FAILED
    print(readme(files), end="")
    print(f"{arguments.out}: {len(content)} bytes")
    return 0


def readme(files: Mapping[str, bytes]) -> str:
    """What is in it, a line for each file."""
    lines = [
        "What a vllm-bridge server knew of itself. Secrets are hidden; there are no contents of",
        "tensors. Look before you pass it on: ids, paths and messages are as they were.",
        "",
    ]
    for name, content in sorted(files.items()):
        about = _ABOUT.get(name.rpartition("/")[2], "")
        lines.append(f"{name} ({len(content)} bytes): {about}")
    return "\n".join(lines) + "\n"


def archive(files: Mapping[str, bytes], made: float) -> bytes:
    """A tar.gz of them, below one folder."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{_FOLDER}/{name}")
            entry.size, entry.mtime, entry.mode = len(content), int(made), 0o600
            tar.addfile(entry, io.BytesIO(content))
    return whole.getvalue()
