"""Names of shared memory that killed processes have left over."""

from __future__ import annotations

import errno
import fcntl
import gc
import mmap
import os
import struct
from pathlib import Path

import pytest
import torch

from vllm_distributed.errors import MessageQueueError
from vllm_distributed.transports.queue import ring
from vllm_distributed.transports.queue import segment as queue_segment
from vllm_distributed.transports.shm.segment import (
    Segment,
    SegmentError,
    _own_names,
    remove_stale,
)

HOUR = 3600
FLOCK = struct.Struct("hhqqi4x")
GROUP, QUEUE = f"vllm_distributed_group_{'0a' * 16}", f"vllm_distributed_mq_123_{'0b' * 16}"
NODE = f"vllm_distributed_node_123_{'0c' * 16}"


def left_over(folder: Path, name: str, age_s: float = HOUR) -> Path:
    path = folder / name
    path.write_bytes(b"memory")
    then = path.stat().st_mtime - age_s
    os.utime(path, (then, then))
    return path


@pytest.mark.parametrize("name", [GROUP, QUEUE, NODE])
def test_what_nobody_holds_is_removed(tmp_path: Path, name: str) -> None:
    path = left_over(tmp_path, name)
    remove_stale(tmp_path)
    assert not path.exists()


@pytest.mark.parametrize("command", [fcntl.F_SETLK, fcntl.F_OFD_SETLK])
def test_what_somebody_holds_stays(tmp_path: Path, command: int) -> None:
    path = left_over(tmp_path, QUEUE)
    with path.open("r+b") as held:
        request = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 3, 1, 0)
        fcntl.fcntl(held, command, request)
        if command == fcntl.F_OFD_SETLK:  # the other kind is this process's own
            remove_stale(tmp_path)
            assert path.exists()
            return
        child = os.fork()
        if not child:
            remove_stale(tmp_path)
            os._exit(0 if path.exists() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_new_ones_and_those_of_others_stay(tmp_path: Path) -> None:
    young = left_over(tmp_path, GROUP, age_s=0)
    other = left_over(tmp_path, "vllm_distributed_group_notes")
    (tmp_path / QUEUE).symlink_to(other)
    remove_stale(tmp_path)
    assert young.exists()
    assert other.exists()


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_stale(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("role", ["made", "found"])
def test_a_process_keeps_its_locks_when_it_removes_what_is_stale(tmp_path: Path, role: str) -> None:
    """To open and close a file again gives up all the locks that a process has on it."""
    made = Segment.create(tmp_path, 8192, 4096)
    held = made if role == "made" else Segment.attach(tmp_path, made.name, 8192, 4096)
    if role == "found":
        _own_names.discard(made.name)  # as in another process
        _own_names.add(held.name)
        made._file._descriptor = -1
    held.say_alive(1)
    then = (tmp_path / held.name).stat().st_mtime - HOUR
    os.utime(tmp_path / held.name, (then, then))
    remove_stale(tmp_path)
    child = os.fork()
    if not child:  # a process does not see its own locks
        os._exit(0 if held.is_alive(1) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    held.close()


FAILING = ("ftruncate", "posix_fallocate", "fcntl", "mmap", "frombuffer")


@pytest.mark.parametrize("step", FAILING)
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "full"), OSError(errno.EMFILE, "none left"), KeyboardInterrupt()],
)
def test_memory_whose_making_fails_leaves_no_name(
    tmp_path: Path, step: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise type(error)(*error.args)

    places = {"fcntl": fcntl, "mmap": mmap, "frombuffer": torch}
    monkeypatch.setattr(places.get(step, os), step, fail)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises((SegmentError, KeyboardInterrupt)):
        Segment.create(tmp_path, 8192, 4096)
    assert list(tmp_path.iterdir()) == []
    assert not _own_names
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before  # of other tests, some may have gone


@pytest.mark.parametrize("step", ["ftruncate", "posix_fallocate", "fcntl", "mmap"])
@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "none left"), KeyboardInterrupt()])
def test_a_queue_whose_making_fails_leaves_no_name(
    tmp_path: Path, step: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise type(error)(*error.args)

    monkeypatch.setattr(queue_segment, "_directory", lambda: tmp_path)
    monkeypatch.setattr({"fcntl": fcntl, "mmap": mmap}.get(step, os), step, fail)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises((MessageQueueError, KeyboardInterrupt)):
        queue_segment.Segment.create(8192, 4096)
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) <= before  # of other tests, some may have gone


def test_a_ring_whose_making_is_interrupted_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue_segment, "_directory", lambda: tmp_path)
    monkeypatch.setattr(ring, "new_fence", interrupt)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(KeyboardInterrupt):
        ring.Ring.create(8192, 2, 1)
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert not _own_names
    assert len(os.listdir("/proc/self/fd")) <= before  # of other tests, some may have gone
