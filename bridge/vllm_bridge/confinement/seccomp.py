"""seccomp: system calls that a process, and what it starts, cannot make any more.

https://docs.kernel.org/userspace-api/seccomp_filter.html. A filter is a small program, which the
kernel runs at each call; it sees the call's number and arguments, and no memory. Calls that are
always allowed do not run it (since Linux 5.11).
"""

from __future__ import annotations

import ctypes
import errno
import socket
from collections.abc import Iterable

from vllm_bridge.confinement.syscalls import MACHINE, Machine, call, number

DANGEROUS = (
    # Other processes, and what the kernel keeps beside files.
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"),
    *("keyctl", "add_key", "request_key"),
    # Ways round this filter, and into the kernel.
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd"),
    *("bpf", "perf_event_open", "fanotify_init", "name_to_handle_at", "open_by_handle_at"),
    # Another view of the system, in which rules on paths mean something else.
    *("mount", "umount2", "pivot_root", "chroot", "move_mount", "mount_setattr"),
    *("open_tree", "open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick", "unshare", "setns"),
    # The machine itself.
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot"),
    *("swapon", "swapoff", "acct", "quotactl", "syslog", "iopl", "ioperm"),
    *("settimeofday", "clock_settime", "sethostname", "setdomainname"),
)

PROGRAMS = ("execve", "execveat")

ATTRIBUTES = (
    # Modes, owners and times of files, which Landlock has no rights for.
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "setxattrat"),
    *("removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
    *("utime", "utimes", "futimesat", "utimensat", "file_setattr"),
)

_NEW_NAMESPACES = 0x7E020000
"""The flags of clone(2) that unshare something, as unshare(2) does."""

_X32 = 0x40000000
_SET_MODE_FILTER = 1
_ALL_THREADS = 1 << 0
_SPECULATION_AS_IT_IS = 1 << 2
"""Before Linux 5.16 a filter turned speculative store bypass off, which costs every call time."""

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AND = 0x54
_SOCK_PACKET = 10
_NUMBER, _ARCH = 0, 4
_ARGUMENTS = 16
"""Offsets in struct seccomp_data. Of the 8 bytes of an argument the low four are looked at."""

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand."""

Block = list[Instruction]
"""What is done at one call. It always ends in an answer."""

Blocks = list[tuple[str, Block]]

_REFUSED: Instruction = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
_ALLOWED: Instruction = (_RETURN, 0, 0, _ALLOW)

_CLONE: Block = [
    (_LOAD, 0, 0, _ARGUMENTS),
    (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
    _REFUSED,
    _ALLOWED,
]

# A process's own limits only, whose number is 0.
_PRLIMIT: Block = [(_LOAD, 0, 0, _ARGUMENTS), (_EQUAL, 0, 1, 0), _ALLOWED, _REFUSED]

_NETLINK_ROUTE = 0

_SOCKET: Block = [
    (_LOAD, 0, 0, _ARGUMENTS),
    (_EQUAL, 0, 1, socket.AF_UNIX),
    _ALLOWED,
    (_EQUAL, 0, 4, socket.AF_NETLINK),
    (_LOAD, 0, 0, _ARGUMENTS + 16),
    (_EQUAL, 0, 1, _NETLINK_ROUTE),
    _ALLOWED,
    _REFUSED,
    (_EQUAL, 2, 0, socket.AF_INET),
    (_EQUAL, 1, 0, socket.AF_INET6),
    _REFUSED,
    # No raw packets. The upper bits of the type are flags.
    (_LOAD, 0, 0, _ARGUMENTS + 8),
    (_AND, 0, 0, 0xF),
    (_EQUAL, 1, 0, socket.SOCK_RAW),
    (_EQUAL, 0, 1, _SOCK_PACKET),
    _REFUSED,
    _ALLOWED,
]

_SOCKETPAIR: Block = [
    (_LOAD, 0, 0, _ARGUMENTS),
    (_EQUAL, 0, 1, socket.AF_UNIX),
    _ALLOWED,
    _REFUSED,
]

_NO_UNIX_SOCKET: Block = [
    (_LOAD, 0, 0, _ARGUMENTS),
    (_EQUAL, 0, 1, socket.AF_UNIX),
    _REFUSED,
    _ALLOWED,
]


def supported() -> bool:
    """Whether this kernel, or the container, lets a process have a filter."""
    action_available = 2
    try:
        call("seccomp", action_available, 0, ctypes.byref(ctypes.c_uint32(_ERRNO)))
    except OSError:
        return False
    return True


def forbid(calls: Iterable[str], *, sockets_of_ranks_only: bool) -> None:
    """Have these calls fail with EPERM, in all threads and in what they start.

    With `sockets_of_ranks_only` sockets are those that ranks need: unix, TCP and UDP, and the
    kernel's list of network interfaces, which gloo and getaddrinfo ask for.

    Raises:
        OSError: the kernel refuses. `no_new_privileges` comes first.
    """
    blocks = [(name, [_REFUSED]) for name in calls]
    blocks.append(("clone", _CLONE))
    # Its flags are in memory, where the filter does not see them. The C library then uses clone.
    blocks.append(("clone3", [(_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]))
    blocks.append(("prlimit64", _PRLIMIT))
    if sockets_of_ranks_only:
        blocks += [("socket", _SOCKET), ("socketpair", _SOCKETPAIR)]
    _install(blocks)


def forbid_unix_sockets() -> None:
    """Have no more unix sockets made, but for pairs. Those that there are go on, and accept.

    A process that reaches the session bus, or a container daemon, can have programs started.
    """
    _install([("socket", _NO_UNIX_SOCKET)])


def _install(blocks: Blocks) -> None:
    if MACHINE is None:
        raise OSError(errno.ENOSYS, "no system calls are known for this processor")
    program = list(_program(MACHINE, blocks))

    class Filter(ctypes.Structure):
        _fields_ = (
            ("code", ctypes.c_uint16),
            ("jump_true", ctypes.c_uint8),
            ("jump_false", ctypes.c_uint8),
            ("operand", ctypes.c_uint32),
        )

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter)))

    code = (Filter * len(program))(*(Filter(*instruction) for instruction in program))
    flags = _ALL_THREADS | _SPECULATION_AS_IT_IS
    failed = call("seccomp", _SET_MODE_FILTER, flags, ctypes.byref(Program(len(program), code)))
    if failed:
        raise OSError(errno.EBUSY, f"thread {failed} could not be given the filter")


def _program(machine: Machine, blocks: Blocks) -> Iterable[Instruction]:
    yield (_LOAD, 0, 0, _ARCH)
    yield (_EQUAL, 1, 0, machine.audit_arch)
    yield _REFUSED
    yield (_LOAD, 0, 0, _NUMBER)
    if machine.name == "x86_64":
        # The same calls by other numbers.
        yield (_AT_LEAST, 0, 1, _X32)
        yield _REFUSED
    for name, block in blocks:
        found = number(name, machine)
        if found is not None:
            yield (_EQUAL, 0, len(block), found)
            yield from block
    yield _ALLOWED
