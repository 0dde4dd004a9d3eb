"""What a confined rank may do: modes, and the folders that each of them opens."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vllm_bridge.confinement.landlock import READ, WRITE, Right, Rule

STRICT, WRITES, OFF = "strict", "writes", "off"

MODES = (STRICT, WRITES, OFF)


@dataclass(frozen=True)
class Policy:
    """A mode, and the folders that the operator opens beside those of the mode."""

    mode: str = STRICT
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()


def default_mode(*, own_code: bool) -> str:
    """The mode where the operator names none; `own_code`: there is an `--allow`."""
    return WRITES if own_code else STRICT


def opened(text: str) -> Path:
    """A place that an operator opens to ranks, as an absolute path.

    Raises:
        ValueError: there is nothing; a clause for the operator.
    """
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("should be an absolute path")
    # A rule is on what is there when a rank starts, so a name alone opens nothing.
    if not path.exists():
        raise ValueError("should be a folder or file that exists: make it first")
    return path


SHARED_MEMORY = Path("/dev/shm")

# What the C library, gloo and torch look at. Files, not /etc: there may be a token in it.
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"),
    *("/usr/local/cuda", "/usr/share/zoneinfo", "/usr/share/nvidia"),
    *("/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf"),
    *("/etc/services", "/etc/protocols", "/etc/localtime", "/etc/timezone"),
    *("/etc/nccl.conf", "/etc/libibverbs.d", "/usr/share/libdrm"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"),
    *("/sys/devices", "/sys/class", "/sys/bus", "/sys/kernel/mm", "/sys/fs/cgroup"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime"),
    *("/proc/version", "/proc/filesystems", "/proc/devices", "/proc/modules", "/proc/sys"),
    *("/proc/driver",),
)

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")

# With ioctl, by which drivers are called.
_ACCELERATORS = ("nvidia*", "dri", "kfd", "infiniband", "gdrdrv")


def has_accelerators() -> bool:
    """Whether ranks may have devices; their libraries pass memory on over unix sockets."""
    return any(True for pattern in _ACCELERATORS for _ in Path("/dev").glob(pattern))


_OWN_PROCESS = Path("/proc/self")


def rules(policy: Policy, own: Sequence[Path]) -> list[Rule]:
    """The rules of a mode; `own` are directories of this server in which a rank writes."""
    found = [Rule(path, READ | WRITE) for path in (*own, SHARED_MEMORY, *policy.writable)]
    found += [Rule(Path(path), READ | Right.WRITE_FILE | Right.TRUNCATE) for path in _DEVICES]
    for pattern in _ACCELERATORS:
        found += [
            Rule(path, READ | Right.WRITE_FILE | Right.IOCTL_DEV)
            for path in Path("/dev").glob(pattern)
        ]
    if policy.mode == STRICT:
        readable = {*map(Path, {*_interpreter(), *_SYSTEM}), _OWN_PROCESS, *policy.readable}
        found += [Rule(path, READ) for path in readable]
    else:
        # Names of threads, scores for the kernel's killer.
        found.append(Rule(_OWN_PROCESS, Right.WRITE_FILE | Right.TRUNCATE))
    return found


def _interpreter() -> Iterator[str]:
    """Where the interpreter, its packages and their libraries are."""
    tops = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *sys.path]
    tops += os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    found = {top for top in tops if top}
    yield from found
    # Packages that are installed in place, by import hooks: `sys.path` does not name them.
    known = tuple(top.rstrip("/") + "/" for top in found)
    for name, module in list(sys.modules.items()):
        if "." not in name:
            places = [*getattr(module, "__path__", ()), getattr(module, "__file__", None)]
            yield from (at for at in places if at and at[0] == "/" and not at.startswith(known))


def use_temporary_directory(path: Path) -> None:
    """Have temporary files made there, whatever was looked up before."""
    path.mkdir(mode=0o700, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(path)
