"""The directory of a pool: its sockets, entered by its owner alone, gone when the pool is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

from vllm_bridge.transport.address import ListenError, why_no_socket

PREFIX = "vllm-bridge-"
LOCK = "lock"

# The longest name of a socket in it.
_LONGEST_NAME = "rank-9999999999.sock"
_ATTEMPTS = 8
# How often a directory is emptied: nobody new comes after the first time.
_EMPTIED = 5

# A directory without a lock is being made, or removed; after this time it is neither.
_UNFINISHED_S = 60.0


class RuntimeDir:
    """A directory of mode 0700. While this object lives, its lock tells that the pool does."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def create(cls, base: Path | None = None) -> RuntimeDir:
        """Make one, where there is room for sockets or in `base`; remove those of crashed pools.

        Raises:
            ListenError: there is no place for it.
        """
        base = base or _base()
        remove_stale(base)
        for _ in range(_ATTEMPTS):
            try:
                path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
            except OSError as error:
                raise ListenError(f"cannot make a directory in {base}: {error.strerror}") from None
            try:
                lock = _lock_new(path)
            except OSError as error:
                shutil.rmtree(path, ignore_errors=True)
                raise ListenError(f"cannot make a file in {path}: {error.strerror}") from None
            if lock is not None:
                return cls(path, lock)
        raise ListenError(f"cannot make a directory in {base}: others keep removing it")

    def remove(self) -> None:
        """Remove it with all that is in it."""
        remove_directory(self.path)
        os.close(self._lock)


def remove_directory(path: Path) -> None:
    """Remove a directory with all that is in it, though a rank may be binding its socket there.

    It gets another name first: whoever comes later finds none. Who had found it before may still
    put a socket in while it is emptied, and it is emptied again.
    """
    away = path.with_name(f"{path.name}-{os.urandom(4).hex()}")
    with contextlib.suppress(OSError):
        path.rename(away)
        path = away
    for _ in range(_EMPTIED):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return


def remove_stale(base: Path) -> None:
    """Remove our own directories whose pool is dead: the lock on them is free, or long gone.

    What a rank puts into one while its pool removes it keeps the directory there, without a lock.
    """
    for path in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                _remove_if_stale(path)


def _remove_if_stale(path: Path) -> None:
    try:
        lock = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        if time.time() - path.lstat().st_mtime > _UNFINISHED_S:
            remove_directory(path)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove_directory(path)
    finally:
        os.close(lock)


def _lock_new(path: Path) -> int | None:
    # Between creation and locking, another pool that is starting may take it for a dead one's.
    try:
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino == os.stat(path / LOCK).st_ino:
            return lock
    os.close(lock)
    return None


def _base() -> Path:
    tried = []
    for of_user in (True, False):
        try:
            name = os.environ.get("XDG_RUNTIME_DIR") if of_user else tempfile.gettempdir()
        except OSError:
            # It tries several, and its own message says which.
            tried.append("no temporary directory is there and writable")
            continue
        if not name:
            continue
        base = Path(os.path.abspath(name))
        if not base.is_dir() or not os.access(base, os.W_OK | os.X_OK):
            tried.append(f"{str(base)!r} is not a writable directory")
        elif (why := why_no_socket(base / f"{PREFIX}12345678" / _LONGEST_NAME)) is not None:
            tried.append(f"a path in {str(base)!r} {why}")
        else:
            return base
    raise ListenError(
        f"no place for the pool's sockets: {'; '.join(tried)}. Set XDG_RUNTIME_DIR or TMPDIR"
    )
