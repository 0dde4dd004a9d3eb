"""Memory that one process fills in a ring, piece by piece, and others read."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from vllm_distributed.device_communicators.shm_object_storage.memory import SECRET_BYTES, Memory
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError, StorageFullError

__all__ = ["SingleWriterShmRingBuffer"]


class SingleWriterShmRingBuffer:
    """Pieces of shared memory, given out one after the other and taken back in the same order.

    Source: vLLM. One thread of one process writes. A piece is `[id: 4 bytes][size: 4 bytes][data]`,
    both little-endian, the size with these 8 bytes; its address counts from the beginning of the
    ring and is not set back when the ring starts over. Ids count up, so that a reader with the
    address of something that is gone sees another id there.

    A writer that is killed leaves nothing: readers keep what they have mapped, the next writer of
    that name takes its place, and the file goes with the last of them.
    """

    ID_NBYTES = 4
    SIZE_NBYTES = 4
    MD_SIZE = ID_NBYTES + SIZE_NBYTES
    ID_MAX = 2**31
    """Ids are below, and begin at 0 again then."""
    AUTH_SECRET_BYTES = SECRET_BYTES

    def __init__(
        self, data_buffer_size: int, name: str | None = None, create: bool = False
    ) -> None:
        """Make the memory (`create`), or open what another process has made under this name.

        `data_buffer_size` is in bytes and the same for all; the system gives the memory as it is
        used. `name` may be any text; None, for the writer only, is one that nobody else has:
        `handle()` says it.

        Raises:
            InvalidTypeError, InvalidArgumentError: for a size that is none, a name that another
                living process writes under, or one under which nobody does.
            StorageFullError: where the system has no shared memory left.
        """
        if not isinstance(data_buffer_size, int) or isinstance(data_buffer_size, bool):
            raise InvalidTypeError(
                f"data_buffer_size must be an integer, got {data_buffer_size!r}",
                argument="data_buffer_size",
            )
        if not self.MD_SIZE < data_buffer_size < self.ID_MAX * 16:
            raise InvalidArgumentError(
                f"data_buffer_size must be from {self.MD_SIZE + 1} bytes to 32 GiB, got "
                f"{data_buffer_size}",
                argument="data_buffer_size",
                value=data_buffer_size,
            )
        if name is not None and (not isinstance(name, str) or not name):
            raise InvalidTypeError(f"name must be a text, got {name!r}", argument="name")
        if name is None and not create:
            raise InvalidArgumentError(
                "a reader opens a store of objects by its name: give name, or the handle's values"
            )
        self.data_buffer_size = data_buffer_size
        self.is_writer = create
        self.name = secrets.token_hex(16) if name is None else name
        self.monotonic_id_start = 0
        self.monotonic_id_end = 0
        self.data_buffer_start = 0
        self.data_buffer_end = 0
        self.metadata: dict[int, int] = {}
        """The address of each id that is in use. The writer's."""
        make = Memory.create if create else Memory.attach
        self._memory = make(data_buffer_size, self.name)

    @property
    def memory(self) -> Memory:
        """The shared file: who uses it, and which of them are alive.

        Raises `InvalidArgumentError` where the buffer was closed.
        """
        if self._memory.is_closed:
            raise InvalidArgumentError(f"the store of objects named {self.name!r} was closed here")
        return self._memory

    def handle(self) -> tuple[int, str]:
        """Return (data_buffer_size, name), by which another process of this node opens it."""
        return self.data_buffer_size, self.name

    def clear(self) -> None:
        """Take all pieces back. The writer's. Ids go on, so that old addresses are known as such.

        Raises `InvalidArgumentError` for a reader.
        """
        self._check_writer("clear")
        self.metadata.clear()
        self.monotonic_id_start = self.monotonic_id_end
        self.data_buffer_start = self.data_buffer_end = 0

    def get_auth_secret(self) -> bytes:
        """Return the 32 bytes that handles are signed with, which are the same for all."""
        return self.memory.secret

    def close(self) -> None:
        """Give the memory back. It goes with the last process that has it open. Again: nothing."""
        self._memory.close()

    def int2byte(self, integer: int) -> bytes:
        """Return an integer as 4 bytes, little-endian and signed."""
        return integer.to_bytes(self.ID_NBYTES, "little", signed=True)

    def byte2int(self, byte_data: bytes | memoryview) -> int:
        """Return the integer that bytes are, little-endian and signed."""
        return int.from_bytes(byte_data, "little", signed=True)

    def allocate_buf(self, size: int) -> tuple[int, int]:
        """Return (address, id) of a new piece of `size` bytes. The writer's.

        Raises:
            InvalidArgumentError: for a size below 1, and for a reader.
            StorageFullError: a `MemoryError`: there is no such piece free; `free_buf` may free one.
        """
        self._check_writer("allocate_buf")
        if size < 1:
            raise InvalidArgumentError(f"size must be at least 1, got {size}", size=size)
        whole, length = size + self.MD_SIZE, self.data_buffer_size
        start = self.data_buffer_end
        if start % length + whole > length:  # a piece is in one part
            start = (start // length + 1) * length
        if start + whole - self.data_buffer_start > length:
            raise StorageFullError(
                f"{whole} bytes are not free in one part of a store of objects, of whose {length} "
                f"{self.data_buffer_end - self.data_buffer_start} are in use",
                size=whole,
                data_buffer_size=length,
            )
        at = start % length
        memory = self.memory
        memory.back(at + whole)
        number = self.monotonic_id_end
        memory.data[at : at + self.ID_NBYTES] = self.int2byte(number)
        memory.data[at + self.ID_NBYTES : at + self.MD_SIZE] = self.int2byte(whole)
        self.metadata[number] = start
        self.data_buffer_end = start + whole
        self.monotonic_id_end = (number + 1) % self.ID_MAX
        return start, number

    @contextmanager
    def access_buf(self, address: int) -> Iterator[tuple[memoryview, tuple[int, int]]]:
        """Give the data of the piece at an address, and its (id, size with the 8 bytes before it).

        Raises `InvalidArgumentError` for an address at which there is no piece.
        """
        data = self.memory.data
        at = address % self.data_buffer_size if type(address) is int and address >= 0 else -1
        number = size = 0
        if 0 <= at <= self.data_buffer_size - self.MD_SIZE:
            number = self.byte2int(data[at : at + self.ID_NBYTES])
            size = self.byte2int(data[at + self.ID_NBYTES : at + self.MD_SIZE])
        if size <= self.MD_SIZE or at + size > self.data_buffer_size:
            raise InvalidArgumentError(
                f"there is nothing at address {address!r:.40} of the store of objects named "
                f"{self.name!r}",
                address=repr(address)[:40],
            )
        with data[at + self.MD_SIZE : at + size] as view:
            yield view, (number, size)

    def free_buf(
        self, is_free_fn: Callable[[int, memoryview], bool], nbytes: int | None = None
    ) -> Iterable[int]:
        """Take pieces back, the oldest first, until `nbytes` bytes (None: as many as there are) are
        free or one is not; return their ids. The writer's.

        `is_free_fn(id, data)` says whether nobody reads a piece any more.
        """
        self._check_writer("free_buf")
        wanted = self.data_buffer_size if nbytes is None else nbytes
        freed: list[int] = []
        freed_bytes = 0
        while self.monotonic_id_start in self.metadata and freed_bytes < wanted:
            number = self.monotonic_id_start
            with self.access_buf(self.metadata[number]) as (data, (_, size)):
                if not is_free_fn(number, data):
                    break
            del self.metadata[number]
            freed.append(number)
            freed_bytes += size
            self.monotonic_id_start = (number + 1) % self.ID_MAX
            # The oldest that is left; what is between the two is free, too.
            self.data_buffer_start = self.metadata.get(
                self.monotonic_id_start, self.data_buffer_end
            )
        if not self.metadata:
            self.data_buffer_start = self.data_buffer_end = 0
        rounds = self.data_buffer_start // self.data_buffer_size * self.data_buffer_size
        if rounds:
            self.data_buffer_start -= rounds
            self.data_buffer_end -= rounds
            self.metadata = {key: address - rounds for key, address in self.metadata.items()}
        return freed

    def take_back(self, address: int, number: int, end: int) -> None:
        """Undo the latest `allocate_buf`, before which `data_buffer_end` was `end`."""
        if self.metadata.get(number) == address:
            del self.metadata[number]
            self.data_buffer_end, self.monotonic_id_end = end, number

    def _check_writer(self, what: str) -> None:
        if not self.is_writer:
            raise InvalidArgumentError(
                f"{what} is for the process that writes the store of objects named {self.name!r}"
            )
