"""All that is known of a server, for people who were not there: `vllm-bridge report`."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.pool.observe.logs.hub import Logs
from vllm_bridge.pool.observe.status import as_json, as_text, diagnosis_as_text
from vllm_bridge.pool.settings import ServerSettings
from vllm_bridge.pool.worlds.recording import TRACE, record
from vllm_bridge.pool.worlds.worlds import Worlds
from vllm_bridge.version import __version__

MAX_WORLDS = 16
"""The latest ones, whose ranks are asked."""

_PACKAGES = ("torch", "numpy", "grpcio", "protobuf", "msgpack", "pydantic", "vllm", "ray")

# What changes how ranks behave, and is no secret.
_SHOWN = re.compile(
    r"(VLLM_DISTRIBUTED|NCCL|GLOO|TORCH|OMP|MKL|CUDA)_\w+|VLLM_BRIDGE_TEMPORARY|LANG|LC_ALL"
)
_SECRET_NAME = re.compile(r"TOKEN|KEY|SECRET|PASSW|CREDENTIAL|HEADERS|AUTH|COOKIE", re.IGNORECASE)
_HIDDEN = b"[hidden]"
# In whatever was logged or quoted. A shorter one than this says nothing, and may be part of a word.
_SHORTEST_SECRET = 6
_BEARER = re.compile(rb"(?i)(bearer\s+)[\w.~+/=-]+")
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_IN_URL = re.compile(rb"(://[^\s/:@]*:)[^\s/@]+@")

Files = dict[str, bytes]


class Reporter:
    """What a server can say of itself."""

    def __init__(
        self,
        settings: ServerSettings,
        worlds: Worlds,
        status: Callable[[], pool_pb2.PoolStatus],
        metrics: Callable[[], Awaitable[bytes]],
        logs: Logs,
        secrets: Sequence[str],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`secrets` are hidden wherever they are, and so are those of the environment."""
        self._settings = settings
        self._worlds = worlds
        self._status = status
        self._metrics = metrics
        self._logs = logs
        self._environ = environ
        named = [value for name, value in environ.items() if _SECRET_NAME.search(name)]
        self._secrets = sorted(
            {each.encode(errors="surrogateescape") for each in (*secrets, *named)},
            key=len,
            reverse=True,
        )

    async def report(self) -> pool_pb2.ServerReport:
        """All files. One that cannot be made says why."""
        status = self._status()
        files: Files = {
            "versions.json": _json(self._versions()),
            "settings.json": _json(asdict(self._settings)),
            "environment.json": _json(self._environment()),
            "status.txt": as_text(status).encode(),
            "status.json": as_json(status).encode(),
            "metrics.txt": await self._metrics(),
            "logs.txt": await self._lines(),
        }
        for world in list(self._worlds.all())[-MAX_WORLDS:]:
            files |= await self._of_world(world.world_id)
        return pool_pb2.ServerReport(
            files=[
                pool_pb2.RecordedFile(name=name, content=self._without_secrets(content))
                for name, content in files.items()
            ]
        )

    async def _lines(self) -> bytes:
        """The last lines of the server and of each rank."""
        lines = []
        async with self._logs.subscribe(pool_pb2.LogsRequest()) as reader:
            async for batch in reader:
                lines += [_line(line) for line in batch.lines]
        return "".join(lines).encode(errors="backslashreplace")

    async def _of_world(self, world_id: str) -> Files:
        folder = f"worlds/{_file_name(world_id)}"
        try:
            found = await self._worlds.diagnose(world_id, with_stacks=True, direct=False)
            recording = await record(self._worlds.get(world_id), 0, rank_pb2.CHROME)
        except BridgeError as error:
            # It has ended meanwhile.
            return {f"{folder}/failed.txt": error.message.encode()}
        return {
            f"{folder}/diagnosis.txt": diagnosis_as_text(found).encode(),
            f"{folder}/diagnosis.json": as_json(found).encode(),
            **{f"{folder}/{TRACE}": file.content for file in recording.files},
        }

    def _versions(self) -> dict[str, Any]:
        return {
            "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "vllm_bridge": __version__,
            "python": sys.version,
            "platform": platform.platform(),
            "cpus": os.cpu_count(),
            "packages": {name: _version_of(name) for name in _PACKAGES},
        }

    def _environment(self) -> dict[str, Any]:
        """Values of what is known to be no secret, and the names of what else is ours."""
        return {
            "shown": {
                name: value
                for name, value in sorted(self._environ.items())
                if _SHOWN.fullmatch(name) and not _SECRET_NAME.search(name)
            },
            "only_names": sorted(
                name
                for name in self._environ
                if name.startswith(("VLLM_", "OTEL_", "HF_", "RAY_"))
                and (not _SHOWN.fullmatch(name) or _SECRET_NAME.search(name))
            ),
        }

    def _without_secrets(self, content: bytes) -> bytes:
        for secret in self._secrets:
            if len(secret) >= _SHORTEST_SECRET:
                for form in _forms(secret):
                    content = content.replace(form, _HIDDEN)
        content = _PRIVATE_KEY.sub(_HIDDEN, content)
        content = _BEARER.sub(rb"\1" + _HIDDEN, content)
        return _IN_URL.sub(rb"\1" + _HIDDEN + b"@", content)


def _forms(secret: bytes) -> Iterable[bytes]:
    """As it is, and as JSON writes it."""
    text = secret.decode(errors="replace")
    written = (json.dumps(text), json.dumps(text, ensure_ascii=False))
    return {secret, *(each[1:-1].encode() for each in written)}


def _line(line: pool_pb2.LogLine) -> str:
    who = line.rank_id or "server"
    if line.world_id:
        ranks = ", ".join(map(str, line.ranks or ([line.rank] if line.HasField("rank") else [])))
        who += f" of {line.world_id}" + (f", rank {ranks}" if ranks else "")
    level = f" {line.level.upper()}" if line.level else ""
    text = line.text.replace("\n", "\n    ")
    return f"{line.at.ToJsonString()}{level} [{who}] {text}\n"


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, default=str).encode()


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _file_name(world_id: str) -> str:
    """A name that is no path, whatever the id is."""
    return re.sub(r"[^\w.-]", "_", world_id, flags=re.ASCII).lstrip(".")[:100] or "_"
