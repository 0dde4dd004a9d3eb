"""Objects by key, which one process stores and the others of its node read once each."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from multiprocessing.synchronize import Lock
from typing import Any

from vllm_distributed.device_communicators.shm_object_storage.memory import SEATS
from vllm_distributed.device_communicators.shm_object_storage.ring_buffer import (
    SingleWriterShmRingBuffer,
)
from vllm_distributed.device_communicators.shm_object_storage.serde import (
    MsgpackSerde,
    ObjectSerde,
)
from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    ObjectNotStoredError,
    StorageFullError,
)
from vllm_distributed.transports.shm.fence import new_fence

__all__ = ["ShmObjectStorageHandle", "SingleWriterShmObjectStorage"]

_COUNT_BYTES = 8


@dataclass
class ShmObjectStorageHandle:
    """What a reader on the same node needs: `SingleWriterShmObjectStorage.create_from_handle`."""

    max_object_size: int
    n_readers: int
    ring_buffer_handle: tuple[int, str]
    serde_class: type[ObjectSerde]
    reader_lock: Lock | None
    """As it was given; it is not used."""


class SingleWriterShmObjectStorage:
    """A cache in shared memory: one process puts objects, `n_readers` others get each of them.

    Source: vLLM. An object stays until every reader has got it as often as the writer has given it
    out (`put`, `get_cached`), the oldest first: then its memory may be used again. Each reader has
    a seat, and counts of its own in each object: there is no lock that a killed one could leave
    locked, and the writer does not wait for a seat whose reader is gone. Who takes such a seat owes
    nothing of what was given out before.

    The writer's calls are for one thread, and so are those of each reader.
    """

    def __init__(
        self,
        max_object_size: int,
        n_readers: int,
        ring_buffer: SingleWriterShmRingBuffer,
        serde_class: type[ObjectSerde] = MsgpackSerde,
        reader_lock: Lock | None = None,
    ) -> None:
        """Use a ring buffer; a reader takes a seat.

        `max_object_size` is in bytes, and of an object's as they are stored. `n_readers` are 256 at
        most. `reader_lock` is kept for the handle, and is not needed.

        Raises `InvalidArgumentError` where a number is none, and for a reader where all seats are
        taken.
        """
        for name, value, most in (
            ("max_object_size", max_object_size, ring_buffer.ID_MAX),
            ("n_readers", n_readers, SEATS),
        ):
            if not isinstance(value, int) or isinstance(value, bool):
                raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name)
            if not 1 <= value <= most:
                raise InvalidArgumentError(
                    f"{name} must be from 1 to {most}, got {value}", argument=name, value=value
                )
        self.max_object_size = max_object_size
        self.n_readers = n_readers
        self.serde_class = serde_class
        self.ser_de = serde_class()
        self.ring_buffer = ring_buffer
        self.is_writer = ring_buffer.is_writer
        self.flag_bytes = _COUNT_BYTES * n_readers
        self._reader_lock = reader_lock
        self._fence = new_fence()
        self.key_index: dict[str, tuple[int, int]] = {}
        """(address, id) by key. The writer's, as the following."""
        self.id_index: dict[int, str] = {}
        self.writer_flag: dict[int, int] = {}
        """How often each id was given out."""
        self._touched: set[int] = set()
        # What a seat owes less than was given out, by id: its reader came later.
        self._forgiven: dict[int, dict[int, int]] = {}
        self._takings = [0] * n_readers
        self._seat = -1 if self.is_writer else ring_buffer.memory.take_seat(n_readers)

    # The writer's

    def put(self, key: str, value: Any) -> tuple[int, int]:
        """Store an object, and return (address, id), which each reader may `get` once.

        Where there is no room, objects that all readers have got are freed, the oldest first.

        Raises:
            InvalidArgumentError: for a key that is stored already, an object that is larger than
                `max_object_size`, and for a reader.
            EncodingError: for a value that cannot be stored.
            StorageFullError: a `MemoryError`: readers have not got what is there. All is as before.
        """
        self._check_writer("put")
        if not isinstance(key, str):
            raise InvalidTypeError(f"a key is a str, got {type(key).__name__}", argument="key")
        if key in self.key_index:
            raise InvalidArgumentError(
                f"Key {key!r} already exists in the storage: is_cached() says so", key=key
            )
        data, data_bytes, metadata, metadata_bytes = self.ser_de.serialize(value)
        needed = self.flag_bytes + data_bytes + metadata_bytes
        if needed > self.max_object_size:
            raise InvalidArgumentError(
                f"Serialized object size ({needed} bytes) exceeds max object size "
                f"({self.max_object_size} bytes)",
                size=needed,
                max_object_size=self.max_object_size,
            )
        self._look_who_is_there()
        # Counts lie at whole words.
        needed += -(needed + self.ring_buffer.MD_SIZE) % _COUNT_BYTES
        end = self.ring_buffer.data_buffer_end
        try:
            address, number = self.ring_buffer.allocate_buf(needed)
        except StorageFullError:
            self.free_unused()
            end = self.ring_buffer.data_buffer_end
            try:
                address, number = self.ring_buffer.allocate_buf(needed)
            except StorageFullError as error:
                raise self._full(needed, error) from None
        try:
            with self.ring_buffer.access_buf(address) as (view, _):
                view[: self.flag_bytes] = bytes(self.flag_bytes)
                self.copy_to_buffer(data, data_bytes, metadata, metadata_bytes, view)
        except BaseException:
            self.ring_buffer.take_back(address, number, end)
            raise
        self._fence()
        self.increment_writer_flag(number)
        self.key_index[key] = address, number
        self.id_index[number] = key
        return address, number

    def is_cached(self, key: str) -> bool:
        """Return whether an object of that key is stored. The writer's."""
        return key in self.key_index

    def get_cached(self, key: str) -> tuple[int, int]:
        """Give a stored object out once more: return (address, id), which each reader may `get`.

        The writer's. Raises `ObjectNotStoredError`, a `KeyError`, where there is none.
        """
        address, number = self._entry(key)
        self._look_who_is_there()
        self.increment_writer_flag(number)
        self._touched.discard(number)
        return address, number

    def release_touches(self) -> None:
        """Let those go that were touched and not given out since. The writer's."""
        self._touched.clear()

    def get_signature(self, key: str) -> list[int]:
        """Return what proves to readers that the writer has given the object of that key out, as
        32 numbers. The writer's. Raises `ObjectNotStoredError` where there is none."""
        return list(self._make_signature(key, *self._entry(key)))

    def clear(self) -> None:
        """Forget all objects. The writer's; a reader's does nothing. What readers hold the address
        of is refused when something else is there."""
        if not self.is_writer:
            return
        self.ring_buffer.clear()
        for index in (self.key_index, self.id_index, self.writer_flag, self._forgiven):
            index.clear()
        self._touched.clear()

    def free_unused(self) -> None:
        """Free objects that all readers have got, the oldest first, up to twice the largest size.
        The writer's."""
        self._look_who_is_there()
        wanted = 2 * self.max_object_size
        for number in self.ring_buffer.free_buf(self.default_is_free_check, wanted):
            del self.key_index[self.id_index.pop(number)]
            del self.writer_flag[number]
            self._forgiven.pop(number, None)

    def default_is_free_check(self, id: int, buf: memoryview) -> bool:
        """Return whether nobody needs the object of an id, whose memory is given: it is not
        touched, and each reader has got it as often as it was given out, or is gone."""
        return id not in self._touched and not self._missing(id, buf)

    def increment_writer_flag(self, id: int) -> None:
        """Count that an object was given out."""
        self.writer_flag[id] = self.writer_flag.get(id, 0) + 1

    def copy_to_buffer(
        self,
        data: Any,
        data_bytes: int,
        metadata: bytes,
        md_bytes: int,
        data_view: memoryview,
    ) -> None:
        """Write what a serde returned into an object's memory, behind its counts. Bytes end where
        the memory does; a list of them follows the metadata."""
        start = self.flag_bytes + md_bytes
        data_view[self.flag_bytes : start] = metadata
        if isinstance(data, list):
            for part in data:
                data_view[start : start + len(part)] = part
                start += len(part)
        elif data_bytes:
            data_view[len(data_view) - data_bytes :] = data

    # The readers'

    def get(
        self,
        address: int,
        monotonic_id: int,
        signature: list[int] | None = None,
        key: str | None = None,
    ) -> Any:
        """Return the object at an address, and count that this reader has got it.

        A reader gives the key and the signature that came with the address (`get_signature`). The
        writer may look, too, without being counted.

        Raises `InvalidArgumentError`, a `ValueError`: the signature is not of this key and place,
        or the object is there no more.
        """
        if not self.is_writer:
            self.verify_signature(key, address, monotonic_id, signature)
        with self.ring_buffer.access_buf(address) as (view, found):
            self._check_id(address, monotonic_id, found[0])
            if len(view) < self.flag_bytes:
                self._check_id(address, monotonic_id, -1)
            self._fence()
            value = self.ser_de.deserialize(view[self.flag_bytes :])
            self._fence()
            if not self.is_writer:
                self.increment_reader_flag(view[: self.flag_bytes])
        return value

    def increment_reader_flag(self, data_view: memoryview) -> None:
        """Count, in the counts of an object, that this reader has got it."""
        at = _COUNT_BYTES * self._seat
        with data_view[at : at + _COUNT_BYTES].cast("Q") as count:
            count[0] += 1

    def touch(
        self,
        key: str,
        address: int = 0,
        monotonic_id: int = 0,
        signature: list[int] | None = None,
    ) -> None:
        """The writer: keep the object of a key until it is given out next (`get_cached`) or until
        `release_touches`; nothing where there is none. A reader: check that an object is there.

        Raises `InvalidArgumentError` for a reader, as `get`.
        """
        if self.is_writer:
            if key in self.key_index:
                self._touched.add(self.key_index[key][1])
            return
        self.verify_signature(key, address, monotonic_id, signature)
        with self.ring_buffer.access_buf(address) as (_, found):
            self._check_id(address, monotonic_id, found[0])

    def verify_signature(
        self, key: str | None, address: int, monotonic_id: int, signature: list[int] | None
    ) -> None:
        """Check that the writer has given this address out for that key; for the writer, also that
        it is the one that the key has now.

        Raises `InvalidArgumentError`, a `ValueError`, where not.
        """
        if self.is_writer and (key is None or self.key_index.get(key) != (address, monotonic_id)):
            raise InvalidArgumentError("Invalid SHM handle signature for cache key.", key=key)
        if signature is None or key is None:
            raise InvalidArgumentError(
                "Missing SHM handle signature for cache key: give key and signature, which the "
                "writer has from get_signature(key)"
            )
        numbers = isinstance(signature, list) and all(
            type(byte) is int and 0 <= byte <= 255 for byte in signature
        )
        fits = isinstance(key, str) and type(address) is int and type(monotonic_id) is int
        if not (numbers and fits and 0 <= address < 2**63 and 0 <= monotonic_id < 2**31) or (
            not hmac.compare_digest(
                bytes(signature), self._make_signature(key, address, monotonic_id)
            )
        ):
            raise InvalidArgumentError("Invalid SHM handle signature for cache key.")

    @property
    def writer_is_alive(self) -> bool:
        """Whether the process that writes still has the storage open."""
        return self.ring_buffer.memory.writer_is_alive

    # Of both

    def handle(self) -> ShmObjectStorageHandle:
        """Return what readers on this node open the storage with."""
        return ShmObjectStorageHandle(
            max_object_size=self.max_object_size,
            n_readers=self.n_readers,
            ring_buffer_handle=self.ring_buffer.handle(),
            serde_class=self.serde_class,
            reader_lock=self._reader_lock,
        )

    @staticmethod
    def create_from_handle(handle: ShmObjectStorageHandle) -> SingleWriterShmObjectStorage:
        """Return the storage of a handle, as a reader of it.

        Raises `InvalidArgumentError` where its writer has closed it or has ended, and where all
        seats are taken.
        """
        ring_buffer = SingleWriterShmRingBuffer(*handle.ring_buffer_handle)
        try:
            return SingleWriterShmObjectStorage(
                max_object_size=handle.max_object_size,
                n_readers=handle.n_readers,
                ring_buffer=ring_buffer,
                serde_class=handle.serde_class,
                reader_lock=handle.reader_lock,
            )
        except BaseException:
            ring_buffer.close()
            raise

    def close(self) -> None:
        """Leave: a reader gives its seat back, the writer removes the name. Again: does nothing."""
        self.ring_buffer.close()

    def _entry(self, key: str) -> tuple[int, int]:
        self._check_writer("get_cached")
        entry = self.key_index.get(key)
        if entry is None:
            raise ObjectNotStoredError(f"no object of key {key!r} is stored", key=repr(key)[:80])
        return entry

    def _make_signature(self, key: str, address: int, monotonic_id: int) -> bytes:
        said = hashlib.sha256(key.encode()).digest()
        said += address.to_bytes(8, "little") + monotonic_id.to_bytes(4, "little")
        return hmac.new(self.ring_buffer.get_auth_secret(), said, hashlib.sha256).digest()

    def _check_id(self, address: int, monotonic_id: int, found: int) -> None:
        if found != monotonic_id:
            raise InvalidArgumentError(
                f"Data for address:id '{address}:{monotonic_id}' has been modified or is invalid: "
                f"something else is there now, or nothing",
                address=address,
                monotonic_id=monotonic_id,
            )

    def _look_who_is_there(self) -> None:
        """See which seats have changed hands: who has one now owes nothing from before."""
        takings = self.ring_buffer.memory.takings(self.n_readers)
        if takings == self._takings:
            return
        for seat, (before, now) in enumerate(zip(self._takings, takings, strict=True)):
            if before and now != before:
                for number, address in self.ring_buffer.metadata.items():
                    with self.ring_buffer.access_buf(address) as (view, _):
                        owed = self.writer_flag.get(number, 0) - self._count(view, seat)
                    self._forgiven.setdefault(number, {})[seat] = max(owed, 0)
        self._takings = takings

    def _missing(self, number: int, view: memoryview) -> list[int]:
        """The seats that have not got an object, and may yet."""
        given = self.writer_flag.get(number, 0)
        forgiven = self._forgiven.get(number, {})
        return [
            seat
            for seat in range(self.n_readers)
            if self._count(view, seat) < given - forgiven.get(seat, 0)
            and (not self._takings[seat] or self.ring_buffer.memory.is_seated(seat))
        ]

    def _count(self, view: memoryview, seat: int) -> int:
        at = _COUNT_BYTES * seat
        return int.from_bytes(view[at : at + _COUNT_BYTES], "little")

    def _full(self, needed: int, error: StorageFullError) -> StorageFullError:
        """The error for what finds no room, with what is in its way."""
        number = self.ring_buffer.monotonic_id_start
        if number not in self.ring_buffer.metadata:
            return error
        with self.ring_buffer.access_buf(self.ring_buffer.metadata[number]) as (view, _):
            seats = self._missing(number, view)
        key = self.id_index[number]
        if seats:
            names = ", ".join(map(str, seats))
            why = f"the oldest object, of key {key!r:.80}, was not read in seats {names}"
        elif number in self._touched:
            why = f"the oldest object, of key {key!r:.80}, is touched"
        else:
            why = "what is free is not in one part"
        return StorageFullError(
            f"Not enough space in the data buffer for {needed} bytes: {why}. Put it again when "
            f"readers have got what they were given, or make the buffer larger",
            size=needed,
            seats=seats,
            key=key,
        )

    def _check_writer(self, what: str) -> None:
        if not self.is_writer:
            raise InvalidArgumentError(
                f"{what} is for the process that writes the store of objects"
            )
