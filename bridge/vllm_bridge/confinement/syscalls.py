"""System calls by number, for those that the C library has no function for.

Numbers are the kernel's own promise and never change. There are two machines here; on others, where
`MACHINE` is None, only those calls are known that have one number everywhere: Landlock's, and not
seccomp's.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """What differs between processors."""

    name: str
    audit_arch: int
    """How seccomp says which calling convention a call came by (linux/audit.h)."""
    column: int


_MACHINES = {
    "x86_64": Machine("x86_64", 0xC000003E, 0),
    "aarch64": Machine("aarch64", 0xC00000B7, 1),
}

MACHINE = _MACHINES.get(platform.machine()) if struct.calcsize("P") == 8 else None

# Name: number on x86_64, on aarch64. None: that machine has no such call.
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "capset": (126, 91),
    "chmod": (90, None),
    "chown": (92, None),
    "chroot": (161, 51),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fanotify_init": (300, 262),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "file_setattr": (469, 469),
    "finit_module": (313, 273),
    "fremovexattr": (199, 16),
    "fsconfig": (431, 431),
    "fsetxattr": (190, 7),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "futimesat": (261, None),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "landlock_add_rule": (445, 445),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
    "lchown": (94, None),
    "lremovexattr": (198, 15),
    "lsetxattr": (189, 6),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "prlimit64": (302, 261),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "removexattr": (197, 14),
    "removexattrat": (466, 466),
    "request_key": (249, 218),
    "seccomp": (317, 277),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "setxattr": (188, 5),
    "setxattrat": (463, 463),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "utime": (132, None),
    "utimensat": (280, 88),
    "utimes": (235, None),
}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


# Calls that were added since have the same number on all machines.
_SAME_EVERYWHERE = 424


def number(name: str, machine: Machine | None) -> int | None:
    """The call's number; None where the machine has no such call, or it is not known."""
    numbers = _NUMBERS[name]
    if machine is None:
        return numbers[0] if (numbers[0] or 0) >= _SAME_EVERYWHERE else None
    return numbers[machine.column]


def call(name: str, *arguments: object) -> int:
    """Make a system call.

    Raises:
        OSError: with the kernel's reason; ENOSYS on a machine that is not known here.
    """
    found = number(name, MACHINE)
    if found is None:
        raise OSError(38, f"{name}: {os.strerror(38)}")
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = int(_libc.syscall(ctypes.c_long(found), *words))
    if result < 0:
        number_of_error = ctypes.get_errno()
        raise OSError(number_of_error, f"{name}: {os.strerror(number_of_error)}")
    return result


def no_new_privileges() -> None:
    """Set-user-id programs give nothing more to this process and its children, for good."""
    pr_set_no_new_privs = 38
    if _libc.prctl(pr_set_no_new_privs, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS) failed")


_KEPT_CAPABILITIES = (
    1,  # DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER: root's ranks read packages that others own
    2,
    3,
    14,  # IPC_LOCK: pinned memory
    23,  # SYS_NICE: NUMA
    24,  # SYS_RESOURCE
)


def drop_capabilities() -> None:
    """Give up what root has beyond files: network settings, devices, modules, other processes."""
    version_3, this_thread = 0x20080522, 0
    header = (ctypes.c_uint32 * 2)(version_3, this_thread)
    if os.geteuid() != 0:
        return
    found = _permitted()
    kept = found & sum(1 << capability for capability in _KEPT_CAPABILITIES)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    # Effective, permitted, inheritable; the low halves first.
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    # A service manager may have refused the call. What is given up here is refused elsewhere, too.
    with suppress(OSError):
        call("capset", ctypes.byref(header), ctypes.byref(data))


def _permitted() -> int:
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("CapPrm:"):
                return int(line.split()[1], 16)
    return 0
