"""Frames through the memory that a group shares: every tensor is copied once in and once out."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import torch

from vllm_distributed import entry
from vllm_distributed.communicators.dtypes import memory_of
from vllm_distributed.communicators.flat_frame import check_mark, room_for
from vllm_distributed.communicators.frames import Arriving, Carrier, Takes
from vllm_distributed.communicators.shared_calls import sign
from vllm_distributed.communicators.shared_group import SharedMemory, in_step
from vllm_distributed.communicators.shared_layout import FIRST_SLOT_BYTES
from vllm_distributed.communicators.shared_pipes import Body, Job, Outbox, header
from vllm_distributed.errors import EncodingError
from vllm_distributed.handles import Handle

__all__ = ["SharedCarrier"]

_LENGTHS = struct.Struct("<8sqq")  # the mark, bytes of the head, of all tensors
_LONGEST = 1 << 46


class SharedCarrier(Carrier):
    """To all through the sender's slots, to one through the pair's ring. `rest` carries what finds
    no room there."""

    def __init__(self, shared: SharedMemory, rest: Carrier) -> None:
        self._shared, self._rest = shared, rest
        self._steps = shared.steps

    def takes(self) -> Takes:
        return _all_on_host

    def broadcast(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], src: int, operation: str
    ) -> None:
        entry.about_to_send()
        body = [memory_of(tensor) for tensor in tensors if tensor.numel()]
        start = _LENGTHS.pack(mark, len(head), sum(map(len, body)))
        self._give([memoryview(start), memoryview(head), *body], sign(operation, src))

    @in_step
    def _give(self, views: Sequence[memoryview], number: int) -> None:
        shared, steps = self._shared, self._steps
        left = sum(map(len, views))
        grows = left > FIRST_SLOT_BYTES
        job = Job(views)
        is_first = True
        while left:
            steps.settle(number) if is_first else steps.settle_alike(number)
            is_first = False
            place = shared.slot_at(shared.me, (steps.step + 1) & 1)
            end = place + min(left, shared.usable_slot_bytes())
            left -= end - place
            while place < end:
                view = job.view[: end - place]
                shared.raw[place : place + len(view)] = view
                job.advance(len(view))
                place += len(view)
            steps.publish(number)
            if grows:
                # After the first step the others know how much is to come.
                is_first = shared.needs_to_ask()  # if so, that was a step of another number
                shared.room_for(FIRST_SLOT_BYTES + 1, number)
                grows = False

    def receive_broadcast(self, mark: bytes, src: int, operation: str) -> Arriving:
        entry.about_to_send()
        self._steps.check()
        arriving = _FromSlots(self._shared, src, sign(operation, src))
        try:
            arriving.begin(mark)
        except BaseException:
            arriving.drop()
            raise
        return arriving

    def isend(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> Handle:
        entry.about_to_send()
        outbox = self._shared.outbox(dst)
        if not outbox.is_open():
            return self._rest.isend(mark, head, tensors, dst, operation)
        job = outbox.start(_message(mark, head, tensors), list(tensors))
        outbox.go_on(job, operation)
        return _Sending(outbox, job, operation)

    def send(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> None:
        entry.about_to_send()
        outbox = self._shared.outbox(dst)
        if outbox.is_open():
            outbox.send(_message(mark, head, tensors), operation)
        else:
            self._rest.send(mark, head, tensors, dst, operation)

    def receive(self, mark: bytes, src: int, operation: str) -> Arriving:
        entry.about_to_send()
        inbox = self._shared.inbox(src)
        if not inbox.is_open(operation):
            return self._rest.receive(mark, src, operation)
        found, head, body = inbox.begin(operation, alone=False)
        arriving = _FromPipe(head, body)
        try:
            check_mark(found, mark)
        except EncodingError:
            body.drop()
            raise
        return arriving


def _all_on_host(length: int, on_host: bool) -> bool:
    return on_host and length > 0


def _message(mark: bytes, head: bytes, tensors: Sequence[torch.Tensor]) -> list[memoryview]:
    body = [memory_of(tensor) for tensor in tensors]
    start = header(mark, len(head), sum(map(len, body)))
    return [memoryview(start), memoryview(head), *body]


class _FromSlots(Arriving):
    """A frame that comes slot by slot; what is not taken is passed by, to stay in step."""

    def __init__(self, shared: SharedMemory, src: int, number: int) -> None:
        self._shared, self._steps = shared, shared.steps
        self._src, self._number = src, number
        self._chunk = memoryview(b"")
        self._left: int | None = None  # of the frame, after what is in the chunk
        self._body = 0

    def begin(self, mark: bytes) -> None:
        """Take in the head. Raises `EncodingError` for a frame of another mark, or of none."""
        self._next()
        found, head_bytes, self._body = _LENGTHS.unpack_from(self._chunk)
        self._chunk = self._chunk[_LENGTHS.size :]
        if not 0 <= head_bytes <= _LONGEST or not 0 <= self._body <= _LONGEST:
            raise EncodingError(
                f"a peer announced a frame of {head_bytes} and {self._body} bytes, which none has"
            )
        total = head_bytes + self._body
        usable = self._shared.usable_slot_bytes() - _LENGTHS.size
        here = min(total, usable)
        self._chunk, self._left = self._chunk[:here], total - here
        if total + _LENGTHS.size > FIRST_SLOT_BYTES:
            self._head_start(self._number)
        head = bytearray(head_bytes)
        self._fill(memoryview(head))
        self.head = bytes(head)
        check_mark(found, mark)

    @in_step
    def _head_start(self, number: int) -> None:
        """Keep what has come, before the next step lets the sender write there."""
        if self._shared.needs_to_ask():
            self._chunk = memoryview(bytes(self._chunk))
        self._shared.room_for(FIRST_SLOT_BYTES + 1, number)

    def take(self, size: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        output = room_for(size, dtype, "cpu")
        if output.nbytes > self._body:
            raise EncodingError("a peer sent fewer bytes than its description says")
        self._body -= output.nbytes
        with torch.inference_mode(False):
            self._fill(memory_of(output))
        return output

    def drop(self) -> None:
        """Pass by what is left."""
        while self._left:
            self._next()
            self._chunk = memoryview(b"")

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.drop()

    def _fill(self, view: memoryview) -> None:
        for piece in self._pieces(len(view)):
            view[: len(piece)] = piece
            view = view[len(piece) :]

    def _pieces(self, length: int) -> Iterator[memoryview]:
        while length:
            if not self._chunk:
                self._next()
            piece = self._chunk[:length]
            self._chunk = self._chunk[len(piece) :]
            length -= len(piece)
            yield piece

    def _next(self) -> None:
        self._step(self._number)

    @in_step
    def _step(self, number: int) -> None:
        shared, steps = self._shared, self._steps
        steps.publish(number)
        steps.wait_for(self._src, number)
        usable = shared.usable_slot_bytes()
        count = usable if self._left is None else min(self._left, usable)
        place = shared.slot_at(self._src, steps.step & 1)
        self._chunk = shared.raw[place : place + count]
        if self._left is not None:
            self._left -= count


class _FromPipe(Arriving):
    """A frame that comes through a ring."""

    def __init__(self, head: bytes, body: Body) -> None:
        self.head, self._body = head, body
        self._is_left_to_handle = False

    def take(self, size: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        output = room_for(size, dtype, "cpu")
        if output.nbytes > self._body.left:
            raise EncodingError("a peer sent fewer bytes than its description says")
        self._body.into(memory_of(output), output)
        return output

    def handle(self, operation: str) -> Handle | None:
        if self._body.is_done():
            return None
        self._is_left_to_handle = True
        self._body.go_on()
        return _Receiving(self._body)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self._is_left_to_handle and kind is None:
            return
        self._body.drop()
        self._body.wait()


class _Sending(Handle):
    """A message on its way into a ring. It goes on by itself, also if the handle is dropped."""

    def __init__(self, outbox: Outbox, job: Job, operation: str) -> None:
        self._outbox, self._job, self._operation = outbox, job, operation

    def is_completed(self) -> bool:
        if not self._job.done:
            self._outbox.pump()
        return self._job.done

    def wait(self) -> None:
        self._outbox.finish(self._job, self._operation)


class _Receiving(Handle):
    """Tensors on their way out of a ring."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def is_completed(self) -> bool:
        return self._body.is_done()

    def wait(self) -> None:
        self._body.wait()
