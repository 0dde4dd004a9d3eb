"""One transfer as the trainer sees it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from vllm_distributed.errors import EncodingError, InvalidArgumentError
from vllm_distributed.tensors.dtypes import plain
from vllm_distributed.weight_transfer.cpu.agreement import grace
from vllm_distributed.weight_transfer.cpu.links import Link, Message, Watch, collect, heard
from vllm_distributed.weight_transfer.cpu.meeting import Session
from vllm_distributed.weight_transfer.cpu.plan import Cut, Piece, buckets_of, copy_part
from vllm_distributed.weight_transfer.cpu.receiving import mismatch
from vllm_distributed.weight_transfer.cpu.shared import SharedBuckets
from vllm_distributed.weight_transfer.cpu.staging import Announced, Problems
from vllm_distributed.weight_transfer.progress import Progress

__all__ = ["Sending"]


class Sending:
    """Begin it, take all of `steps`, then `await_staged`, `ask_to_finish`, `await_committed`.

    What fails raises, and `session` is of no more use, unless the weights were refused. `watch` is
    called while it waits; what that raises ends the transfer.
    """

    def __init__(
        self,
        session: Session,
        announced: Sequence[Announced],
        bucket_bytes: int,
        timeout_s: float,
        watch: Watch,
    ) -> None:
        self._session, self._announced = session, announced
        self._bucket_bytes, self._timeout_s, self._watch = bucket_bytes, timeout_s, watch
        self._transfer = secrets.token_hex(8)
        self._sizes = [each.nbytes for each in announced]
        self._taken: dict[Link, int] = {}  # of the targets that share memory
        self._cuts: dict[Link, list[Cut | None]] = {}  # of the others

    @property
    def _links(self) -> list[Link]:
        return list(self._session.links.values())

    def begin(self, version: int | None, shares: bool | None, buckets: int) -> int:
        """Agree with all targets on what is to come, and return which version it is: `version`, or
        the next. Raises `WeightMismatchError` for what does not fit one of them: nothing was sent.
        `shares` says whether memory must be shared, may not, or None for where it can be.
        """
        memory = self._session.memory
        if memory is None and shares is not False:
            memory = self._session.memory = SharedBuckets.create(self._bucket_bytes, buckets)
        self._tell(
            {
                "op": "begin",
                "names": [each.name for each in self._announced],
                "dtype_names": [str(each.dtype).removeprefix("torch.") for each in self._announced],
                "shapes": [each.shape for each in self._announced],
                "bucket_bytes": self._bucket_bytes,
                "buckets": buckets,
                "memory": None if memory is None else memory.name,
            }
        )
        answers: dict[Link, Message] = {}

        def keep(link: Link, message: Message) -> bool:
            if self._is("answer", link, message):
                answers[link] = message
            return link in answers

        collect(self._links, keep, self._until(), "come to the transfer", self._watch)
        self._session.end_meeting()  # all have come from there
        if memory is not None:
            memory.remove_name()
        problems = self._problems(answers)
        held = max(int(answer["version"]) for answer in answers.values())
        if version is not None and version <= held:
            problems.wrong["version"] = f"{version}, and version {held} is in use: it must grow"
        for link, answer in answers.items():
            if answer["memory"] is True:
                self._taken[link] = -1
            elif shares:
                problems.wrong["shared_memory"] = f"{link.name} is not on this node"
            elif not any(problems):
                self._cuts[link] = _cuts(answer.get("cuts"), self._sizes, link.name)
        if any(problems):
            self._tell({"op": "refuse", **problems._asdict()})
            raise mismatch(problems)
        found = held + 1 if version is None else version
        self._tell({"op": "go", "version": found})
        return found

    def steps(self, pairs: Iterable[tuple[str, torch.Tensor]]) -> Iterator[Progress]:
        """Send all, and yield how far it is after each bucket."""
        done, total = 0, sum(self._sizes)
        tensors = _Bytes(pairs, self._announced)
        for number, pieces in enumerate(buckets_of(self._sizes, self._bucket_bytes)):
            self._watch()
            parts = [tensors.of(piece) for piece in pieces]
            if self._taken:
                self._share(number, pieces, parts)
            for link in self._links:
                # With all that belongs to it: what comes next is a message again, whoever fails.
                self._tell({"op": "bucket", "number": number}, link)
                if link in self._cuts:
                    self._send_parts(link, self._cuts[link], pieces, parts)
            done += sum(piece.end - piece.start for piece in pieces)
            yield Progress(done, total, self._announced[pieces[-1].index].name)
        tensors.end()

    def await_staged(self) -> None:
        """Wait until all targets have all of it."""
        self._collect("staged", "take the last of it", self._until())

    def ask_to_finish(self) -> None:
        """Have the targets agree, and put the new weights in use."""
        self._tell({"op": "finish"})

    def await_committed(self) -> None:
        """Wait until all targets say that the new weights are in use."""
        until = time.monotonic() + grace(grace(self._timeout_s))
        self._collect("committed", "put the new weights in use", until)

    def _share(self, number: int, pieces: Sequence[Piece], parts: Sequence[torch.Tensor]) -> None:
        memory = self._session.memory
        if memory is None:
            raise RuntimeError("there is no memory")
        behind = number - memory.count
        slow = [link for link, taken in self._taken.items() if taken < behind]
        if slow:

            def has_taken(link: Link, message: Message) -> bool:
                self._is("", link, message)
                return self._taken[link] >= behind

            collect(slow, has_taken, self._until(), "take what was sent", self._watch)
        bucket = memory.bucket(number)
        for piece, part in zip(pieces, parts, strict=True):
            bucket[piece.at : piece.at + part.numel()].copy_(part)

    def _send_parts(
        self,
        link: Link,
        cuts: Sequence[Cut | None],
        pieces: Sequence[Piece],
        parts: Sequence[torch.Tensor],
    ) -> None:
        until = self._until()
        for piece, part in zip(pieces, parts, strict=True):
            cut = cuts[piece.index]
            if cut is None:
                continue
            size = cut.before(piece.end) - cut.before(piece.start)
            if not size:
                continue
            if size < part.numel():
                own = torch.empty(size, dtype=torch.uint8, device="cpu")
                copy_part(cut, part, piece.start, own)
                part = own
            link.send_bytes(part.numpy(), until, self._watch)

    def _problems(self, answers: dict[Link, Message]) -> Problems:
        missing: list[str] = []
        unknown = {each.name for each in self._announced}
        wrong: dict[str, str] = {}
        for link, answer in answers.items():
            missing += [name for name in answer["missing"] if name not in missing]
            # Another rank may have it, of another stage of a pipeline.
            unknown &= set(answer["unknown"])
            for name, reason in answer["wrong"].items():
                wrong.setdefault(name, f"{reason} ({link.name})")
        return Problems(sorted(missing), sorted(unknown), wrong)

    def _tell(self, message: Message, *links: Link) -> None:
        for link in links or self._links:
            link.send({"transfer": self._transfer, **message}, self._until(), self._watch)

    def _collect(self, op: str, what: str, until: float) -> None:
        links = self._links
        collect(links, lambda link, message: self._is(op, link, message), until, what, self._watch)

    def _is(self, op: str, link: Link, message: Message) -> bool:
        """Whether a message is what is waited for; one of what was taken is noted."""
        found = message.get("op")
        if found == "abort":
            raise heard(message, f"{link.name} gave the transfer up")
        if message.get("transfer") != self._transfer:
            return False
        if found == "taken" and link in self._taken:
            self._taken[link] = max(self._taken[link], int(message["number"]))
            return False
        if found != op:
            raise EncodingError(f"{link.name} sent {found!r:.40} in place of {op!r}")
        return True

    def _until(self) -> float:
        return time.monotonic() + self._timeout_s


class _Bytes:
    """The bytes of tensors that come one after the other, each kept until it is sent."""

    def __init__(
        self, pairs: Iterable[tuple[str, torch.Tensor]], announced: Sequence[Announced]
    ) -> None:
        self._pairs, self._announced = iter(pairs), announced
        self._index = -1
        self._bytes = torch.empty(0, dtype=torch.uint8, device="cpu")

    def of(self, piece: Piece) -> torch.Tensor:
        """Return the bytes of a piece; pieces are asked for in their order."""
        while self._index < piece.index:
            self._next()
        return self._bytes[piece.start : piece.end]

    def end(self) -> None:
        """Take what is left, which has no bytes. Raises if there is more than was announced."""
        while self._index < len(self._announced) - 1:
            self._next()
        extra = next(self._pairs, None)
        if extra is not None:
            raise InvalidArgumentError(
                f"the source yields {extra[0]!r}, which its metadata has not, or not in this place"
            )

    def _next(self) -> None:
        self._index += 1
        expected = self._announced[self._index]
        pair = next(self._pairs, None)
        if pair is None:
            raise InvalidArgumentError(
                f"the source yields {self._index} parameters, and its metadata has "
                f"{len(self._announced)}: {expected.name!r} is missing"
            )
        name, tensor = pair
        if (name, tensor.dtype, tuple(tensor.shape)) != expected:
            raise InvalidArgumentError(
                f"the source yields {name!r}, {tensor.dtype}, {list(tensor.shape)}, and its "
                f"metadata has {expected.name!r}, {expected.dtype}, {list(expected.shape)} there"
            )
        flat = plain(tensor).to("cpu").view(-1)
        self._bytes = flat.view(torch.uint8)


def _cuts(given: Any, sizes: Sequence[int], name: str) -> list[Cut | None]:
    """Return which parts of tensors a target says it has."""
    try:
        found = [None if each is None else Cut(*map(int, each)) for each in given]
    except (TypeError, ValueError) as error:
        raise EncodingError(f"{name} has parts of tensors that are none: {error!r}") from error
    if len(found) != len(sizes):
        raise EncodingError(f"{name} has {len(found)} parts of {len(sizes)} tensors")
    for cut in found:
        if cut is not None and not 0 <= cut.start <= cut.end <= cut.row:
            raise EncodingError(f"{name} has a part that is none: {cut}")
    return found
