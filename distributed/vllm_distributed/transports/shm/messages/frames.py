"""Frames through the memory that a group shares: every tensor is copied once in and once out."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from vllm_distributed import entry
from vllm_distributed.call_agreement import frame
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.errors import EncodingError
from vllm_distributed.handles import Handle
from vllm_distributed.tensors.spans import Spans, move, read, span_of, span_of_bytes, spans_of
from vllm_distributed.transports.object_frames import Arriving, Carrier, Takes
from vllm_distributed.transports.shm.group import SharedMemory, in_step
from vllm_distributed.transports.shm.layout import FIRST_SLOT_BYTES
from vllm_distributed.transports.shm.messages.inbox import Body, Start
from vllm_distributed.transports.shm.messages.outbox import Outbox
from vllm_distributed.transports.shm.messages.ring import HEADER_BYTES, Job, header, unpacked
from vllm_distributed.transports.shm.signature import number_of
from vllm_distributed.wire.flat_frame import check_mark, room_for
from vllm_distributed.wire.message_steps import NO_STAMP, Stamp

__all__ = ["SharedCarrier"]


class SharedCarrier(Carrier):
    """To all through the sender's slots, to one through the pair's ring. `rest` carries what finds
    no room there."""

    def __init__(self, shared: SharedMemory, rest: Carrier) -> None:
        self._shared, self._rest = shared, rest
        self._steps = shared.steps

    def takes(self, peer: int | None = None) -> Takes:
        return _all_on_host

    def stamp(self) -> Stamp:
        return self._shared.stamp()

    def broadcast(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], src: int, operation: str
    ) -> None:
        entry.about_to_move()
        self._give(_message(mark, head, tensors), number_of(frame, operation, src))

    @in_step
    def _give(self, message: Spans, number: int) -> None:
        shared, steps = self._shared, self._steps
        grows = message.left > FIRST_SLOT_BYTES
        begins = True
        while message.left:
            steps.settle(number)
            place = shared.slot_at(shared.me, (steps.step + 1) & 1)
            end = place + min(message.left, shared.usable_slot_bytes())
            while place < end:
                place += message.copy_out(place, end - place)
            if begins:
                steps.meet(number)
                if grows:  # now the others know how much is to come
                    shared.room_for(FIRST_SLOT_BYTES + 1, number)
            else:
                steps.publish(number)
            begins = False

    def receive_broadcast(self, mark: bytes, src: int, operation: str) -> Arriving:
        entry.about_to_move()
        self._steps.check()
        arriving = _FromSlots(self._shared, src, number_of(frame, operation, src))
        try:
            arriving.begin(mark)
        except BaseException:
            arriving.drop()
            raise
        return arriving

    def isend(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> Handle:
        entry.about_to_move()
        outbox = self._shared.outbox(dst)
        if not outbox.is_open():
            return self._rest.isend(mark, head, tensors, dst, operation)
        job = outbox.start(_message(mark, head, tensors, self._shared.stamp()))
        outbox.go_on(job, operation)
        return _Sending(outbox, job, operation)

    def send(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> None:
        entry.about_to_move()
        outbox = self._shared.outbox(dst)
        if outbox.is_open():
            outbox.send(_message(mark, head, tensors, self._shared.stamp()), operation)
        else:
            self._rest.send(mark, head, tensors, dst, operation)

    def receive(self, mark: bytes, src: int, operation: str) -> Arriving:
        entry.about_to_move()
        inbox = self._shared.inbox(src)
        if not inbox.is_open(operation):
            return self._rest.receive(mark, src, operation)
        start, body, stale = inbox.begin(operation, alone=False)
        try:
            if not stale:
                check_mark(start[0], mark)
        except EncodingError:
            body.drop()
            raise
        return _FromPipe(start, body, stale)


def _all_on_host(length: int, on_host: bool) -> bool:
    return on_host and length > 0


def _message(
    mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], stamp: Stamp = NO_STAMP
) -> Spans:
    body = spans_of(tensors)
    start = header(mark, len(head), sum([length for _, length in body]), stamp) + head
    return Spans([span_of_bytes(start), *body], (start, tensors))


class _FromSlots(Arriving):
    """A frame that comes slot by slot; what is not taken is passed by, to stay in step."""

    def __init__(self, shared: SharedMemory, src: int, number: int) -> None:
        self._shared, self._steps = shared, shared.steps
        self._src, self._number = src, number
        self._at = self._here = 0  # where the next bytes are, and how many
        self._left: int | None = None  # how many of the frame come after these
        self._body = 0
        self._kept: torch.Tensor | None = None

    def begin(self, mark: bytes) -> None:
        """Take in the head. Raises `EncodingError` for a frame of another mark, or of none."""
        self._step(self._number)
        self.mark, head_bytes, self._body, _ = unpacked(read(self._at, HEADER_BYTES))
        total = HEADER_BYTES + head_bytes + self._body
        self._here = min(total, self._here)
        self._left = total - self._here
        if total > FIRST_SLOT_BYTES:
            self._make_room(self._number)
        self._at, self._here = self._at + HEADER_BYTES, self._here - HEADER_BYTES
        if head_bytes <= self._here:
            self.head = read(self._at, head_bytes)
            self._at, self._here = self._at + head_bytes, self._here - head_bytes
        else:
            memory = room_for(torch.Size([head_bytes]), torch.uint8, "cpu")
            self._fill(memory)
            self.head = read(*span_of(memory))
        check_mark(self.mark, mark)

    @in_step
    def _make_room(self, number: int) -> None:
        """Keep what has come, before another step lets the sender write there."""
        if self._shared.needs_to_ask():
            self._kept = torch.empty(self._here, dtype=torch.uint8, device="cpu")
            move(self._kept.data_ptr(), self._at, self._here)
            self._at = self._kept.data_ptr()
        self._shared.room_for(FIRST_SLOT_BYTES + 1, number)

    def take(self, size: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        output = room_for(size, dtype, "cpu")
        if output.nbytes > self._body:
            raise EncodingError("a peer sent fewer bytes than its description says")
        self._body -= output.nbytes
        self._fill(output)
        return output

    def drop(self) -> None:
        """Pass by what is left."""
        while self._left:
            self._step(self._number)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.drop()

    def _fill(self, tensor: torch.Tensor) -> None:
        to, length = span_of(tensor)
        while length:
            if not self._here:
                self._step(self._number)
            count = min(self._here, length)
            move(to, self._at, count)
            self._at, self._here = self._at + count, self._here - count
            to, length = to + count, length - count

    @in_step
    def _step(self, number: int) -> None:
        """Go on to the next slot-full."""
        shared, steps = self._shared, self._steps
        usable = shared.usable_slot_bytes()
        if self._left is None:
            steps.meet(number)
            self._here = usable
        else:
            steps.publish(number)
            steps.wait_for(self._src, number)
            self._here = min(self._left, usable)
            self._left -= self._here
        self._at = shared.slot_at(self._src, steps.step & 1)


class _FromPipe(Arriving):
    """A frame that comes through a ring."""

    def __init__(self, start: Start, body: Body, is_stale: bool) -> None:
        self.mark, self.stamp, self.head = start
        self._body, self.is_stale = body, is_stale
        self._is_left_to_handle = False

    def take(self, size: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        output = room_for(size, dtype, "cpu")
        if output.nbytes > self._body.left:
            raise EncodingError("a peer sent fewer bytes than its description says")
        self._body.into(output)
        return output

    def handle(self, operation: str) -> Handle | None:
        self._body.start()
        if self._body.is_done():
            return None
        self._is_left_to_handle = True
        self._body.go_on()
        return _Receiving(self._body)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self._is_left_to_handle and kind is None:
            return
        self._body.drop()


@outside_graphs()
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


@outside_graphs()
class _Receiving(Handle):
    """Tensors on their way out of a ring."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def is_completed(self) -> bool:
        return self._body.is_done()

    def wait(self) -> None:
        self._body.wait()
