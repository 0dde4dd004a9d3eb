"""What Snakepit says to its worker: arguments and environment."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vllm_bridge.confinement import MODES, Policy, default_mode, opened

_IGNORED = (
    "--adapter",
    "--snakepit-instance-name",
    "--snakepit-instance-token",
    "--heartbeat-interval-ms",
    "--heartbeat-timeout-ms",
    "--heartbeat-max-missed",
    "--heartbeat-initial-delay-ms",
)
_IGNORED_FLAGS = ("--heartbeat-enabled", "--heartbeat-dependent", "--heartbeat-independent")

_LEVELS = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "warn": "warning",
    "error": "error",
    "critical": "critical",
    "none": "critical",
}


@dataclass(frozen=True)
class Options:
    """How one worker is to run."""

    # 0: any free one.
    port: int = 0
    # Where Snakepit's own service answers, "HOST:PORT"; empty for nowhere.
    elixir_address: str = ""
    run_id: str = ""
    # Where the port is to be written; empty for nowhere.
    ready_file: str = ""
    log_level: str = "warning"
    # Prefixes of names that clients may use, beyond those of the allow list.
    allow: tuple[str, ...] = ()
    # What the kernel refuses the worker; empty: "strict", or "writes" where more is allowed.
    confine: str = ""
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    health_check: bool = False
    # Arguments that mean nothing here.
    unknown: tuple[str, ...] = ()

    @property
    def policy(self) -> Policy:
        """How the worker is confined."""
        mode = self.confine or default_mode(own_code=bool(self.allow))
        return Policy(mode, self.readable, self.writable)


def options(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """The options of a command line and an environment. Unknown arguments are kept, not refused.

    Raises:
        SystemExit: (2) a value is wrong, such as `--port x`; the reason is on stderr.
    """
    parser = argparse.ArgumentParser(prog="worker.py", allow_abbrev=False)
    parser.add_argument("--port", type=_port, default=0)
    parser.add_argument("--elixir-address", default="")
    parser.add_argument("--snakepit-run-id", default="")
    parser.add_argument("--allow", action="append", type=_prefix, default=[], metavar="PREFIX")
    parser.add_argument("--confine", choices=MODES, default="")
    for name in ("--readable", "--writable"):
        parser.add_argument(name, action="append", type=_opened, default=[], metavar="PATH")
    parser.add_argument("--health-check", action="store_true")
    for name in _IGNORED:
        parser.add_argument(name)
    for name in _IGNORED_FLAGS:
        parser.add_argument(name, action="store_true")
    known, unknown = parser.parse_known_args(list(arguments))
    return Options(
        port=known.port,
        elixir_address=known.elixir_address
        or environment.get("SNAKEPIT_GRPC_ADDRESS", "")
        or environment.get("SNAKEPIT_ELIXIR_ADDRESS", ""),
        run_id=known.snakepit_run_id,
        ready_file=environment.get("SNAKEPIT_READY_FILE", ""),
        log_level=_LEVELS.get(environment.get("SNAKEPIT_LOG_LEVEL", "").lower(), "warning"),
        allow=tuple(known.allow),
        confine=known.confine,
        readable=tuple(known.readable),
        writable=tuple(known.writable),
        health_check=known.health_check,
        unknown=tuple(unknown),
    )


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return port


def _opened(text: str) -> Path:
    try:
        return opened(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from None


def _prefix(text: str) -> str:
    parts = text.split(".")
    if len(parts) < 2 or parts[-1] or not all(part.isidentifier() for part in parts[:-1]):
        raise argparse.ArgumentTypeError(f'{text!r} is not a module with a dot, like "my_package."')
    return text
