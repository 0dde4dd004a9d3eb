"""Landlock: a process gives up rights on files, for itself and its children, for good.

https://docs.kernel.org/userspace-api/landlock.html. It needs no privileges, and holds for the
thread that asks and for all that it starts.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from vllm_bridge.confinement.syscalls import call


class Right(IntFlag):
    """Rights on files, by the kernel's numbers (linux/landlock.h)."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


_OF_FILES = Right.EXECUTE | Right.WRITE_FILE | Right.READ_FILE | Right.TRUNCATE | Right.IOCTL_DEV

READ = Right.READ_FILE | Right.READ_DIR
WRITE = (
    Right.WRITE_FILE
    | Right.REMOVE_DIR
    | Right.REMOVE_FILE
    | Right.MAKE_DIR
    | Right.MAKE_REG
    | Right.MAKE_SOCK
    | Right.MAKE_FIFO
    | Right.MAKE_SYM
    | Right.REFER
    | Right.TRUNCATE
)
NEW_DEVICES = Right.MAKE_CHAR | Right.MAKE_BLOCK

_SCOPE_SIGNAL = 1 << 1
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1


@dataclass(frozen=True)
class Rule:
    """Rights on a file, or on a directory and all below it."""

    path: Path
    rights: Right


class _Ruleset(ctypes.Structure):
    # Older kernels take a longer structure, if what they do not know is zero.
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """The version that this kernel has; 0: none."""
    try:
        return call("landlock_create_ruleset", None, 0, _VERSION_FLAG)
    except OSError:
        # Not built in, turned off, or refused by the container's own filter.
        return 0


def restrict(handled: Right, rules: Iterable[Rule], *, own_signals: bool) -> None:
    """Give up the handled rights, but for the rules; this thread, and what it starts.

    Rules for what does not exist are passed over. With `own_signals` only processes under the same
    restriction can be sent signals. What the kernel is too old for is left out.

    Raises:
        OSError: the kernel refuses. `no_new_privileges` comes first.
    """
    version = abi()
    known = _known(version)
    attributes = _Ruleset(handled & known, 0, _SCOPE_SIGNAL if own_signals and version >= 6 else 0)
    ruleset = call(
        "landlock_create_ruleset", ctypes.byref(attributes), ctypes.sizeof(attributes), 0
    )
    try:
        for rule in rules:
            _add(ruleset, rule, handled & known)
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _known(version: int) -> Right:
    known = READ | WRITE | NEW_DEVICES | Right.EXECUTE | Right.IOCTL_DEV
    for right, since in ((Right.REFER, 2), (Right.TRUNCATE, 3), (Right.IOCTL_DEV, 5)):
        if version < since:
            known &= ~right
    return known


def _add(ruleset: int, rule: Rule, handled: Right) -> None:
    try:
        descriptor = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = rule.rights & handled
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        if rights:
            attributes = _PathBeneath(rights, descriptor)
            call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, ctypes.byref(attributes), 0)
    finally:
        os.close(descriptor)
