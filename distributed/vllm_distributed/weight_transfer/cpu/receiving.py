"""One transfer as a target sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from vllm_distributed.errors import EncodingError, WeightMismatchError
from vllm_distributed.weight_transfer.cpu.agreement import agree, grace
from vllm_distributed.weight_transfer.cpu.links import Link, Message, failure, heard
from vllm_distributed.weight_transfer.cpu.meeting import Session
from vllm_distributed.weight_transfer.cpu.plan import buckets_of, copy_part
from vllm_distributed.weight_transfer.cpu.shared import SharedBuckets
from vllm_distributed.weight_transfer.cpu.staging import Announced, Problems, Staging, Target
from vllm_distributed.weight_transfer.progress import Progress

__all__ = ["Receiving", "announced_of", "mismatch"]

_LARGEST_BUCKET = 1 << 40


class Receiving:
    """Begin it, take all of `steps`, `finish`. What fails raises, and `session` is of no more use,
    unless the trainer's weights were refused."""

    def __init__(self, session: Session, target: Target, version: int, timeout_s: float) -> None:
        self._session, self._target = session, target
        self._link: Link = session.links[-1]
        self._own_version, self._timeout_s = version, timeout_s
        self.version = 0
        """Of the weights that are to come."""
        self._transfer = ""
        self._staging: Staging | None = None

    def begin(self, wait_s: float, expected: Sequence[Announced] | None = None) -> None:
        """Wait for the trainer, and agree on what is to come. `expected` is what it is, where that
        is known already. Raises `WeightMismatchError` for what does not fit: nothing has come."""
        message = self._next("begin", time.monotonic() + wait_s)
        self._read(message)
        problems = self._target.problems(self._announced)
        if expected is not None and list(expected) != self._announced:
            problems.wrong["update_info"] = "has other names, dtypes or shapes than the trainer"
        memory = self._memory(message.get("memory"))
        answer = {
            "op": "answer",
            "transfer": self._transfer,
            "version": self._own_version,
            "memory": memory is not None,
            **problems._asdict(),
        }
        if memory is None and not problems.missing and not problems.wrong:
            answer["cuts"] = self._target.cuts(self._announced)
        self._link.send(answer, self._until())
        said = self._next("go", self._until(), "refuse")
        if said["op"] == "refuse":
            raise mismatch(Problems(said["missing"], said["unknown"], said["wrong"]))
        self.version = int(said["version"])
        self._staging = Staging(self._target, self._announced)

    def steps(self) -> Iterator[Progress]:
        """Yield how far it is, after each bucket."""
        staging, memory = self._staging, self._session.memory
        if staging is None:
            raise RuntimeError("begin comes first")
        for number, pieces in enumerate(buckets_of(self._sizes, self._bucket_bytes)):
            said = self._next("bucket", self._until())
            if said.get("number") != number:
                raise EncodingError(f"the trainer sent bucket {said.get('number')}, not {number}")
            bucket = None if memory is None else memory.bucket(number)
            for piece in pieces:
                place = staging.place(piece)
                if place is None or not place[1].numel():
                    continue
                cut, part = place
                if bucket is None:
                    self._link.receive_into(part.numpy(), self._until())
                else:
                    source = bucket[piece.at : piece.at + piece.end - piece.start]
                    copy_part(cut, source, piece.start, part)
            if bucket is not None:
                taken = {"op": "taken", "transfer": self._transfer, "number": number}
                self._link.send(taken, self._until())
            yield Progress(staging.done, staging.total, self._announced[pieces[-1].index].name)
        if staging.done != staging.total:
            raise EncodingError(f"{staging.total - staging.done} bytes have not come")
        self._link.send({"op": "staged", "transfer": self._transfer}, self._until())

    def await_finish(self) -> None:
        """Wait until the trainer says that all have all of it."""
        self._next("finish", self._until())

    def finish(self) -> None:
        """Have the new weights in use, on all targets or on none. Collective among the targets."""
        staging = self._staging
        if staging is None or staging.done != staging.total:
            raise failure("the weights have not all come: update_weights comes first")
        agree(self._session, self._transfer, self._timeout_s)
        staging.commit()
        self._staging = None

    def tell_committed(self) -> None:
        """Tell the trainer. It may be gone: the weights are in use all the same."""
        committed = {"op": "committed", "transfer": self._transfer}
        self._link.send(committed, time.monotonic() + 1.0)

    def _until(self) -> float:
        # Who knows who is missing tells the others: those wait a little longer.
        return time.monotonic() + grace(self._timeout_s)

    def _next(self, op: str, until: float, other: str = "") -> Message:
        message = self._link.receive(until)
        found = message.get("op")
        if found == "abort":
            raise heard(message, "the transfer was given up")
        if found not in (op, other) or (op != "begin" and message["transfer"] != self._transfer):
            raise EncodingError(f"the trainer sent {found!r:.40} in place of {op!r}")
        return message

    def _read(self, message: Message) -> None:
        try:
            self._transfer = str(message["transfer"])
            self._announced = announced_of(
                message["names"], message["dtype_names"], message["shapes"]
            )
            self._bucket_bytes = int(message["bucket_bytes"])
            self._buckets = int(message["buckets"])
            if not 64 <= self._bucket_bytes <= _LARGEST_BUCKET or self._bucket_bytes % 64:
                raise ValueError(f"bucket_bytes={self._bucket_bytes}")
            if not 1 <= self._buckets <= 1024:
                raise ValueError(f"buckets={self._buckets}")
        except (KeyError, TypeError, ValueError) as error:
            raise EncodingError(
                f"the trainer announced weights that cannot be received: {error!r}"
            ) from error
        self._sizes = [each.nbytes for each in self._announced]

    def _memory(self, name: Any) -> SharedBuckets | None:
        held = self._session.memory
        if not isinstance(name, str):
            self._session.memory = None
        elif held is None or held.name != name:
            self._session.memory = SharedBuckets.attach(name, self._bucket_bytes, self._buckets)
        return self._session.memory


def announced_of(
    names: Sequence[str], dtype_names: Sequence[str], shapes: Sequence[Sequence[int]]
) -> list[Announced]:
    """Return parameters by lists of what they are. Raises `ValueError` for what is none."""
    if not len(names) == len(dtype_names) == len(shapes):
        raise ValueError(f"{len(names)} names, {len(dtype_names)} dtypes, {len(shapes)} shapes")
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1}, key=str)
        raise ValueError(f"names that come twice: {', '.join(map(str, twice))}")
    return [
        Announced(_text(name), _dtype(kind), _shape(shape))
        for name, kind, shape in zip(names, dtype_names, shapes, strict=True)
    ]


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(f"name {name!r}")  # noqa: TRY004 - one kind of error for the caller
    return name


def _dtype(name: object) -> torch.dtype:
    found = getattr(torch, name, None) if isinstance(name, str) else None
    if not isinstance(found, torch.dtype):
        raise ValueError(f"dtype {name!r}")  # noqa: TRY004 - one kind of error for the caller
    return found


def _shape(shape: Sequence[int]) -> tuple[int, ...]:
    found = tuple(shape)
    if any(not isinstance(extent, int) or extent < 0 for extent in found):
        raise ValueError(f"shape {found}")
    return found


def mismatch(problems: Problems) -> WeightMismatchError:
    """Return the error of weights that do not fit, with every name."""
    parts = []
    if problems.missing:
        parts.append(f"not sent, and there: {', '.join(problems.missing)}")
    if problems.unknown:
        parts.append(f"sent, and no rank has it: {', '.join(problems.unknown)}")
    parts += [f"{name}: {reason}" for name, reason in sorted(problems.wrong.items())]
    return WeightMismatchError(
        f"the weights were refused before anything was moved: {'; '.join(parts)}",
        **problems._asdict(),
    )
