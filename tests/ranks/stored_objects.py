"""A model of a store of objects, and what a test does to a real one beside it."""

from __future__ import annotations

import random
from collections import OrderedDict

import pytest
import torch

from vllm_distributed.device_communicators.shm_object_storage import (
    SingleWriterShmObjectStorage,
    SingleWriterShmRingBuffer,
)
from vllm_distributed.errors import DistributedError, StorageFullError

SIZE = 40_000
READERS = 3
MD_BYTES, COUNT_BYTES = 8, 8


class Stored:
    """An object that the model knows."""

    def __init__(self, at: tuple[int, int], value: torch.Tensor, signature: list[int]) -> None:
        self.at, self.value, self.signature = at, value, signature
        self.owed = [1] * READERS
        self.touched = False


class Run:
    """A writer and its readers, and the model: a dict in the order of putting."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.writer = SingleWriterShmObjectStorage(
            SIZE // 2, READERS, SingleWriterShmRingBuffer(SIZE, create=True)
        )
        self.readers = [self.reader() for _ in range(READERS)]
        self.model: OrderedDict[str, Stored] = OrderedDict()
        self.puts = self.refused = 0

    def reader(self) -> SingleWriterShmObjectStorage:
        return SingleWriterShmObjectStorage.create_from_handle(self.writer.handle())

    def step(self) -> None:
        self.random.choices(
            [self.put, self.get, self.give_out, self.touch, self.forget, self.replace, self.clear],
            [30, 60, 8, 4, 4, 3, 1],
        )[0]()
        assert [key for key in self.model if not self.writer.is_cached(key)] == []
        assert len(self.writer.key_index) == len(self.model)

    def put(self) -> None:
        key = f"key {self.puts}"
        self.puts += 1
        value = torch.randint(255, (self.random.choice([1, 100, 3000, 12_000]),), dtype=torch.uint8)
        try:
            at = self.writer.put(key, value)
        except StorageFullError:
            # The oldest is in the way, or what is free is in two parts.
            self.refused += 1
            self.drop_freed()
            return
        self.drop_freed()
        self.model[key] = Stored(at, value, self.writer.get_signature(key))

    def drop_freed(self) -> None:
        """What the writer has freed are the oldest, and all of them were free to go."""
        gone = [key for key in self.model if not self.writer.is_cached(key)]
        assert gone == list(self.model)[: len(gone)]
        for key in gone:
            stored = self.model.pop(key)
            assert stored.owed == [0] * READERS, "freed before all had read it"
            assert not stored.touched

    def pick(self) -> tuple[str, Stored] | None:
        return self.random.choice(list(self.model.items())) if self.model else None

    def get(self) -> None:
        seats = [
            (stored, key, seat)
            for key, stored in self.model.items()
            for seat in range(READERS)
            if stored.owed[seat]
        ]
        if not seats:
            return
        stored, key, seat = self.random.choice(seats[:20])
        found = self.readers[seat].get(*stored.at, stored.signature, key)
        assert torch.equal(found, stored.value)
        assert torch.equal(self.writer.get(*stored.at), stored.value)
        stored.owed[seat] -= 1

    def give_out(self) -> None:
        if (picked := self.pick()) is not None:
            key, stored = picked
            assert self.writer.get_cached(key) == stored.at
            stored.owed = [owed + 1 for owed in stored.owed]
            stored.touched = False

    def touch(self) -> None:
        if (picked := self.pick()) is not None:
            key, stored = picked
            self.writer.touch(key)
            stored.touched = True
            reader = self.random.choice(self.readers)
            reader.touch(key, *stored.at, stored.signature)
            with pytest.raises(DistributedError):
                reader.touch("another key", *stored.at, stored.signature)

    def forget(self) -> None:
        self.writer.release_touches()
        for stored in self.model.values():
            stored.touched = False

    def replace(self) -> None:
        """A reader goes and another one takes its seat."""
        seat = self.random.randrange(READERS)
        self.readers[seat].close()
        self.readers[seat] = self.reader()
        for stored in self.model.values():
            stored.owed[seat] = 0

    def clear(self) -> None:
        self.writer.clear()
        for key, stored in self.model.items():
            assert not self.writer.is_cached(key)
            stored.owed = [0] * READERS
        self.model.clear()

    def close(self) -> None:
        for each in (*self.readers, self.writer):
            each.close()


def run(seed: int, steps: int) -> Run:
    """Do so many random steps."""
    found = Run(seed)
    try:
        for _ in range(steps):
            found.step()
    finally:
        found.close()
    return found
