"""Confinement of ranks: what the kernel refuses them, whatever a client has found to call.

The allow list decides which functions run. This is what remains when it is wrong, or when the
operator has opened it for code of their own. It is applied once, in the rank's process, before it
has a second thread, and it cannot be taken back. docs/security.md says what each mode allows.
"""

from __future__ import annotations

import errno
import logging
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vllm_bridge.confinement import landlock, seccomp
from vllm_bridge.confinement.landlock import READ, WRITE, Right, Rule
from vllm_bridge.confinement.policy import (
    MODES,
    OFF,
    STRICT,
    WRITES,
    Policy,
    default_mode,
    has_accelerators,
    opened,
    rules,
    use_temporary_directory,
)
from vllm_bridge.confinement.syscalls import MACHINE, drop_capabilities, no_new_privileges

__all__ = [
    "MODES",
    "OFF",
    "STRICT",
    "WRITES",
    "Policy",
    "close_unix_sockets",
    "confine",
    "default_mode",
    "explain",
    "missing",
    "opened",
]

_logger = logging.getLogger("vllm_bridge.confinement")

_TASKS = "/proc/self/task"


@dataclass(frozen=True)
class _Confinement:
    """What holds in this process."""

    mode: str
    rules: tuple[Rule, ...]

    def allows(self, path: str, right: Right) -> bool:
        if self.mode != STRICT and right & READ:
            return True
        place = os.path.realpath(path)
        return any(
            right & rule.rights and _is_below(place, os.path.realpath(rule.path))
            for rule in self.rules
        )

    def clause(self) -> str:
        return f"this rank is confined (mode {self.mode!r}: {_DOES[self.mode]})"

    def refused(self, path: str) -> tuple[str, dict[str, object]] | None:
        can_read = self.allows(path, Right.READ_FILE)
        if can_read and self.allows(path, Right.WRITE_FILE):
            return None
        # The place that links lead to is what counts.
        place = os.path.realpath(path)
        folder = place if os.path.isdir(place) else os.path.dirname(place)
        option = f"--writable {folder}"
        if not can_read:
            option = f"--readable {folder} (or {option}, to write there too)"
        said = f"{self.clause()}. To open {path!r}, give the server {option}, or another --confine"
        return said, {"confinement": self.mode, "path": path}


_current: _Confinement | None = None
# Keeps the kernel's idea of what /proc/self is, which the rule on it is tied to.
_own_process: int | None = None


def missing() -> str:
    """What this machine cannot confine, in a clause; empty when there is nothing."""
    parts = []
    if landlock.abi() == 0:
        parts.append("files are not confined: no Landlock (Linux 5.13 with it turned on has it)")
    if not seccomp.supported():
        known = "" if MACHINE else f" is known for the processor {platform.machine()!r}"
        parts.append(f"system calls are not confined: no seccomp{known}")
    return "; ".join(parts)


def confine(policy: Policy, temporary: Path | None, own: Sequence[Path]) -> None:
    """Confine this process, as far as the kernel can. Call it before there is a second thread.

    Temporary files go to `temporary`, which is made if need be; `own` are other directories in
    which it writes.

    Raises:
        OSError: the kernel can, and refuses.
    """
    global _current, _own_process
    if policy.mode == OFF:
        return
    if (threads := len(os.listdir(_TASKS)) - 1) > 0:
        # Of a profiler, say. What clients call runs in threads that are started from here on.
        _logger.warning("files are not confined for %d threads that run already", threads)
    places = [*own]
    if temporary is not None:
        use_temporary_directory(temporary)
        places.append(temporary)
    strict = policy.mode == STRICT
    found = rules(policy, places)
    no_new_privileges()
    if landlock.abi() > 0:
        _own_process = os.open("/proc/self", os.O_PATH | os.O_CLOEXEC)
        handled = WRITE | landlock.NEW_DEVICES
        if strict:
            handled |= READ | Right.EXECUTE | Right.IOCTL_DEV
        landlock.restrict(handled, found, own_signals=strict)
    if strict:
        drop_capabilities()
    if seccomp.supported():
        calls = (*seccomp.DANGEROUS, *((seccomp.PROGRAMS + seccomp.ATTRIBUTES) if strict else ()))
        seccomp.forbid(calls, sockets_of_ranks_only=strict)
    _current = _Confinement(policy.mode, tuple(found))


def close_unix_sockets() -> None:
    """Make no more unix sockets, where the mode is strict. Called when this process listens.

    Not where there are accelerators, whose libraries use them (NCCL does).

    Raises:
        OSError: the kernel refuses.
    """
    strict = _current is not None and _current.mode == STRICT
    if strict and seccomp.supported() and not has_accelerators():
        seccomp.forbid_unix_sockets()


_DOES = {
    STRICT: "it starts no programs, reads the interpreter and its packages, and writes to the "
    "server's own directories and /dev/shm",
    WRITES: "it writes to the server's own directories, to its temporary directory and to /dev/shm",
}


def explain(error: BaseException) -> tuple[str, dict[str, object]]:
    """A sentence and details for an error that confinement has caused; nothing for others."""
    if _current is None:
        return "", {}
    for cause in _chain(error):
        if isinstance(cause, OSError) and cause.errno in (errno.EACCES, errno.EXDEV):
            # Of Landlock: it knows paths.
            names = [os.fsdecode(name) for name in (cause.filename, cause.filename2) if _path(name)]
            for name in names:
                if refused := _current.refused(name):
                    return refused
            return ("", {}) if names else _in_general(_current)
        if isinstance(cause, OSError) and cause.errno == errno.EPERM:
            # Of seccomp: it knows calls.
            return _in_general(_current)
        if isinstance(cause, RuntimeError) and any(word in str(cause) for word in _WORDS):
            # Libraries in C++ tell of their errors in words.
            return _in_general(_current)
    return "", {}


_WORDS = (os.strerror(errno.EACCES), os.strerror(errno.EPERM))


def _in_general(current: _Confinement) -> tuple[str, dict[str, object]]:
    said = (
        f"{current.clause()}, and may not do this. The server's --confine, --readable and "
        "--writable open more"
    )
    return said, {"confinement": current.mode}


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _path(name: object) -> bool:
    return isinstance(name, (str, bytes)) and bool(name)


def _is_below(place: str, top: str) -> bool:
    return place == top or place.startswith(top.rstrip("/") + "/")
