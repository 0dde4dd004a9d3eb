"""The configuration file of `vllm-bridge serve`: TOML, checked before anything is started.

    [server]
    attach_grace = 5            # seconds, as every duration here

    [pools.default]
    size = 4
    restart = "3/60"            # at most 3 restarts within 60 s

    [pools.gpu]
    size = 2
    queue_timeout = 10

    [profiles.patient]
    call_timeout = 3600
    stream_timeout = "infinity"

The keys of a pool are the fields of `PoolSettings`; those of a server, of `ServerSettings`. This is
imported only when there is such a file: pydantic takes longer to load than the rest of the pool.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from vllm_bridge.confinement import MODES, opened
from vllm_bridge.durations import of_seconds
from vllm_bridge.pool.settings import SettingsError
from vllm_bridge.pool.settings.launch_options import BACKENDS
from vllm_bridge.pool.settings.ray_options import RayOptions
from vllm_bridge.pool.settings.restart_policy import ALWAYS, RestartPolicy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

INFINITY = "infinity"

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def _seconds(value: object) -> timedelta:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not value > 0:  # type: ignore[operator]
        raise ValueError("should be a number of seconds above 0")
    return of_seconds(value)  # type: ignore[arg-type]


def _seconds_or_infinity(value: object) -> timedelta | None:
    if value == INFINITY:
        return None
    try:
        return _seconds(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "{INFINITY}"') from None


def _restart(value: object) -> RestartPolicy:
    return RestartPolicy.parse(value if isinstance(value, str) else repr(value))


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("should be a name: 1 to 100 of the characters A-Z a-z 0-9 _ . -")
    return value


def _mode(value: object) -> str:
    if value not in MODES:
        raise ValueError(f"should be one of {', '.join(MODES)}")
    return str(value)


def _backend(value: object) -> str:
    if value not in BACKENDS:
        raise ValueError(f"should be one of {', '.join(BACKENDS)}")
    return str(value)


def _opened(value: object) -> Path:
    return opened(value if isinstance(value, str) else "")


_Seconds = Annotated[timedelta, BeforeValidator(_seconds)]
_SecondsOrInfinity = Annotated[timedelta | None, BeforeValidator(_seconds_or_infinity)]
_Restart = Annotated[RestartPolicy, BeforeValidator(_restart)]
_Name = Annotated[str, BeforeValidator(_name)]
_Mode = Annotated[str, BeforeValidator(_mode)]
_Backend = Annotated[str, BeforeValidator(_backend)]
_Opened = Annotated[Path, BeforeValidator(_opened)]
_Amount = Annotated[float, Field(ge=0, strict=False, allow_inf_nan=False)]
_AtLeastZero = Annotated[int, Field(ge=0)]
_AtLeastOne = Annotated[int, Field(ge=1)]


class _Table(BaseModel):
    """A table of which only the keys that are given count: defaults are those of the settings."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    def given(self) -> dict[str, Any]:
        """The values by key."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class RayTable(_Table):
    """`[pools.NAME.ray]`."""

    address: str = ""
    start: bool = False
    placement_group: str = ""
    placement_strategy: Literal["PACK", "STRICT_PACK", "SPREAD", "STRICT_SPREAD"] = "PACK"
    resources: dict[str, _Amount] = {}
    label_selector: dict[str, str] = {}
    bundle_indices: list[_AtLeastZero] = []
    runtime_env: dict[str, Any] = {}

    def options(self) -> RayOptions:
        """The same for a pool."""
        given = self.given()
        return RayOptions(**{**given, "bundle_indices": tuple(given.get("bundle_indices", ()))})


class PoolTable(_Table):
    """`[pools.NAME]`."""

    size: _AtLeastZero = 0
    max_world_size: _AtLeastOne = 0
    max_worlds: _AtLeastOne = 0
    max_sessions: _AtLeastOne = 0
    max_queue: _AtLeastZero = 0
    queue_timeout: _SecondsOrInfinity = None
    session_idle: _Seconds = timedelta(0)
    start_timeout: _Seconds = timedelta(0)
    stop_grace: _Seconds = timedelta(0)
    restart: _Restart = ALWAYS
    heartbeat_interval: _Seconds = timedelta(0)
    heartbeat_timeout: _Seconds = timedelta(0)
    overdue_grace: _Seconds = timedelta(0)
    # Beside the prefixes that are always allowed.
    allow: list[str] = []
    distributed_executor_backend: _Backend = ""
    nnodes: _AtLeastOne = 0
    ray: RayTable = RayTable()
    confine: _Mode = ""
    readable: list[_Opened] = []
    writable: list[_Opened] = []

    def given(self) -> dict[str, Any]:
        """As of any table."""
        values = super().given()
        return {**values, "ray": self.ray.options()} if "ray" in values else values


class ProfileTable(_Table):
    """`[profiles.NAME]`. What is not given is as in the profile "default"."""

    call_timeout: _SecondsOrInfinity = None
    stream_timeout: _SecondsOrInfinity = None


class ServerTable(_Table):
    """`[server]`."""

    listen: str = ""
    # Where ranks dial in that others start.
    join: str = ""
    attach_grace: _Seconds = timedelta(0)
    max_attachments: _AtLeastOne = 0
    drain_seconds: _Seconds = timedelta(0)
    max_segments: _AtLeastZero = 0
    max_segment_bytes: _AtLeastOne = 0


class ConfigFile(_Table):
    """The whole file."""

    server: ServerTable = ServerTable()
    pools: dict[_Name, PoolTable] = {}
    profiles: dict[_Name, ProfileTable] = {}

    def given_pools(self) -> dict[str, dict[str, Any]]:
        """The values of each pool."""
        return {name: table.given() for name, table in self.pools.items()}

    def given_profiles(self) -> dict[str, dict[str, Any]]:
        """The values of each profile."""
        return {name: table.given() for name, table in self.profiles.items()}


def read(path: Path) -> ConfigFile:
    """Read and check a file.

    Raises:
        SettingsError: it cannot be read, is not TOML, or a key or value is not known.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {' '.join(str(error).split())}") from None
    try:
        return ConfigFile.model_validate(table)
    except ValidationError as error:
        problems = [_problem(found) for found in error.errors(include_url=False)]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise SettingsError(f"{path}: {problems[0]}{more}") from None


def _problem(found: Any) -> str:
    location: Sequence[str | int] = found["loc"]
    path = [str(part) for part in location if part != "[key]"]
    key = ".".join(path)
    if found["type"] == "extra_forbidden":
        return f"{key} is not a setting; {_nearest(path)}"
    rule = found["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if found["type"] == "model_type":
        rule = "should be a table"
    return f"{key} is {found['input']!r}; it {rule}"


def _nearest(path: list[str]) -> str:
    tables: dict[str, type[_Table]] = {
        "server": ServerTable,
        "pools": PoolTable,
        "profiles": ProfileTable,
    }
    table = tables[path[0]] if len(path) > 1 else ConfigFile
    known = list(table.model_fields)
    match = difflib.get_close_matches(path[-1], known, 1, cutoff=0.5)
    if match:
        return f"did you mean {match[0]}?"
    return f"there are {', '.join(known)}"
