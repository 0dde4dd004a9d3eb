"""What a confined rank may not do, tried: `vllm-bridge serve --allow forbidden_things.`

And what it must be able to do. Whatever is refused, or fails, ends as the name of its errno.
"""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import mmap
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from vllm_bridge.confinement import seccomp, syscalls

_libc = ctypes.CDLL(None, use_errno=True)


def outcome(attempt: Callable[[], object]) -> str:
    """ "done", or the errno's name, or the error's."""
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, repr(error))
    except Exception as error:  # noqa: BLE001 - it is what the caller wants to know
        return repr(error)
    return "done"


def calls() -> dict[str, str]:
    """Every dangerous system call, with arguments that mean nothing to any of them."""
    machine = syscalls.MACHINE
    assert machine is not None
    names = [name for name in seccomp.DANGEROUS if syscalls.number(name, machine) is not None]
    return {name: outcome(lambda name=name: syscalls.call(name, *[-1] * 6)) for name in names}


def programs() -> dict[str, str]:
    """Ways to start a program."""
    program = [sys.executable, "-S", "-c", "pass"]
    copy = os.memfd_create("program")
    os.write(copy, Path("/proc/self/exe").read_bytes())
    return {
        "subprocess": outcome(lambda: subprocess.run(program, check=True)),
        "vfork": outcome(lambda: os.posix_spawn(program[0], program, {})),
        "shell": outcome(lambda: _shell("true")),
        "memory": outcome(lambda: os.posix_spawn(f"/proc/self/fd/{copy}", program, {})),
    }


def _shell(command: str) -> None:
    if os.system(command) != 0:
        raise OSError(errno.EPERM, "the shell was not started")


def reads(path: str) -> str:
    """Reading a file, or the names in a directory."""
    return outcome(lambda: os.listdir(path) if os.path.isdir(path) else Path(path).read_bytes())


def writes(folder: str, file: str) -> dict[str, str]:
    """Everything that changes a directory, or an existing file."""
    new = os.path.join(folder, f"new-{threading.get_ident()}")
    mine = os.path.join(tempfile.gettempdir(), "mine")
    Path(mine).touch()
    return {
        "create": outcome(lambda: Path(new).write_text("x")),
        "append": outcome(lambda: Path(file).open("a").close()),
        "truncate": outcome(lambda: os.truncate(file, 0)),
        "mkdir": outcome(lambda: os.mkdir(new)),
        "symlink": outcome(lambda: os.symlink("/", new)),
        "fifo": outcome(lambda: os.mkfifo(new)),
        "socket": outcome(lambda: socket.socket(socket.AF_UNIX).bind(new)),
        "move in": outcome(lambda: os.rename(mine, new)),
        "move out": outcome(lambda: os.rename(file, mine)),
        "hard link": outcome(lambda: os.link(file, mine + "2")),
        "remove": outcome(lambda: os.unlink(file)),
    }


def attributes(file: str) -> dict[str, str]:
    """Changes of what a file is like."""
    return {
        "mode": outcome(lambda: os.chmod(file, 0o666)),
        "owner": outcome(lambda: os.chown(file, os.getuid(), os.getgid())),
        "times": outcome(lambda: os.utime(file)),
        "attribute": outcome(lambda: os.setxattr(file, "user.x", b"x")),
    }


def sockets() -> dict[str, str]:
    """Sockets by family, type and protocol."""
    kinds = {
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM, 0),
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, 0),
        "udp6": (socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0),
        "interfaces": (socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "audit": (socket.AF_NETLINK, socket.SOCK_RAW, 9),
        "packets": (socket.AF_PACKET, socket.SOCK_RAW, 0),
        "icmp": (socket.AF_INET, socket.SOCK_RAW, 1),
        "crypto": (38, socket.SOCK_SEQPACKET, 0),
        "host": (40, socket.SOCK_STREAM, 0),
    }
    made = {name: outcome(lambda kind=kind: socket.socket(*kind)) for name, kind in kinds.items()}
    made["pair"] = outcome(socket.socketpair)
    made["names"] = outcome(lambda: socket.getaddrinfo("localhost", 80))
    made["list"] = outcome(socket.if_nameindex)
    return made


def others() -> dict[str, str]:
    """Other processes: the parent is the forkserver, whose parent is the pool."""
    parent = os.getppid()
    new_user_namespace = 0x10000000 | 17
    machine = syscalls.MACHINE
    assert machine is not None

    def clone() -> None:
        # A namespace's child would have every right there.
        pid = syscalls.call("clone", new_user_namespace, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)

    return {
        "signal": outcome(lambda: os.kill(parent, 0)),
        "environment": outcome(lambda: Path(f"/proc/{parent}/environ").read_bytes()),
        "memory": outcome(lambda: Path(f"/proc/{parent}/mem").open("rb").close()),
        "clone": outcome(clone),
        "limits": outcome(lambda: resource.prlimit(parent, resource.RLIMIT_CORE)),
    }


def from_a_new_thread(path: str) -> dict[str, str]:
    """The same from a thread that was started for it."""
    found: dict[str, str] = {}

    def run() -> None:
        found.update(read=reads(path), program=programs()["subprocess"])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found


def daily_work() -> dict[str, str]:
    """What ranks, torch and libraries do all day."""
    return {
        "temporary file": outcome(lambda: tempfile.NamedTemporaryFile().close()),
        "shared memory": outcome(_shared_memory),
        "locks": outcome(lambda: multiprocessing.get_context("fork").Lock().acquire()),
        "a thread": outcome(lambda: threading.Thread(target=int).start()),
        "fork": outcome(_fork),
        "large pages": outcome(_large_pages),
        "stacks": outcome(lambda: faulthandler.dump_traceback(sys.__stderr__)),
        "tcp": outcome(_tcp),
        "imports": outcome(lambda: __import__("xml.dom.minidom")),
        "processors": outcome(lambda: Path("/proc/cpuinfo").read_text()),
        "topology": outcome(lambda: os.listdir("/sys/devices/system/cpu")),
        "random numbers": outcome(lambda: Path("/dev/urandom").open("rb").read(1)),
        "nothing": outcome(lambda: Path("/dev/null").write_text("x")),
        "itself": outcome(lambda: Path("/proc/self/status").read_text()),
        "other hosts": outcome(lambda: Path("/etc/hosts").read_text()),
    }


def _shared_memory() -> None:
    # Not Python's own SharedMemory: that starts a program to look after it.
    path = Path(f"/dev/shm/forbidden-things-{os.getpid()}")
    with path.open("xb+") as file:
        file.truncate(1 << 20)
        mmap.mmap(file.fileno(), 1 << 20).close()
    path.rename(f"{path}-renamed").unlink()


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    if (code := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])) != 7:
        raise RuntimeError(f"the child did not end by itself, but with {code}")


def _large_pages() -> None:
    with mmap.mmap(-1, 8 << 20) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        memory[:] = bytes(8 << 20)


def _tcp() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 5).close()


def open_file(path: str, mode: str = "r") -> None:
    """Raises what `open` raises."""
    open(path, mode).close()


def wrapped_open(path: str) -> None:
    """Raises an error of its own for one that it met."""
    try:
        open(path).close()
    except OSError as error:
        raise ValueError("the weights cannot be loaded") from error


def start(program: str) -> None:
    """Raises what starting a program raises."""
    subprocess.run([program], check=True)


def echo(text: str) -> str:
    """What a program that is started says, and where its temporary files go."""
    script = "import sys, tempfile; print(sys.argv[1], tempfile.gettempdir())"
    done = subprocess.run([sys.executable, "-c", script, text], capture_output=True, check=True)
    return done.stdout.decode().strip()


def child_writes(path: str) -> int:
    """The exit status of a program that writes a file."""
    script = "import sys; open(sys.argv[1], 'w')"
    return subprocess.run([sys.executable, "-c", script, path], capture_output=True).returncode
