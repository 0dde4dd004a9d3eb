"""One error shape for everything that crosses the wire.

A failed call ends with a gRPC status and, in the trailer `vllm-error-bin`, an `ErrorDetail`. This
module turns one into the other and knows nothing of torch, so that the pool can use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING

import msgpack
from google.protobuf.message import DecodeError

from vllm_bridge._generated import types_pb2

if TYPE_CHECKING:  # or no process that forks ranks could load what is here
    import grpc

TRAILER = "vllm-error-bin"

# gRPC peers refuse trailers of more than 8 KiB by default (GRPC_ARG_MAX_METADATA_SIZE), and
# base64 adds a third.
MAX_TRACEBACK_CHARS = 2_000
MAX_MESSAGE_CHARS = 2_000
MAX_DETAILS_BYTES = 1_000


class Category(str, Enum):
    """Where the fault is: Snakepit's six categories."""

    WORKER = "worker"
    TIMEOUT = "timeout"
    PYTHON_ERROR = "python_error"
    GRPC_ERROR = "grpc_error"
    VALIDATION = "validation"
    POOL = "pool"


_TO_WIRE: Mapping[Category, types_pb2.ErrorDetail.Category] = {
    Category.WORKER: types_pb2.ErrorDetail.WORKER,
    Category.TIMEOUT: types_pb2.ErrorDetail.TIMEOUT,
    Category.PYTHON_ERROR: types_pb2.ErrorDetail.PYTHON_ERROR,
    Category.GRPC_ERROR: types_pb2.ErrorDetail.GRPC_ERROR,
    Category.VALIDATION: types_pb2.ErrorDetail.VALIDATION,
    Category.POOL: types_pb2.ErrorDetail.POOL,
}
_FROM_WIRE = {wire: category for category, wire in _TO_WIRE.items()}

# Names of `grpc.StatusCode`.
_STATUS = {
    Category.WORKER: "UNAVAILABLE",
    Category.TIMEOUT: "DEADLINE_EXCEEDED",
    Category.PYTHON_ERROR: "UNKNOWN",
    Category.GRPC_ERROR: "INTERNAL",
    Category.VALIDATION: "INVALID_ARGUMENT",
    Category.POOL: "FAILED_PRECONDITION",
}

# What a status means when the far end sent no detail.
_CATEGORY_OF_STATUS = {
    "DEADLINE_EXCEEDED": Category.TIMEOUT,
    "UNAVAILABLE": Category.WORKER,
}


class BridgeError(Exception):
    """A call that failed, as every client of the bridge sees it.

    `reason` is a short stable name a program can match on (`session_not_found`, `worker_busy`,
    ...); `details` holds the facts behind the message, with simple values.
    """

    def __init__(
        self,
        category: Category,
        reason: str,
        message: str,
        *,
        details: Mapping[str, object] | None = None,
        python_type: str = "",
        traceback: str = "",
        rank: int | None = None,
        call_id: str = "",
    ) -> None:
        super().__init__(message)
        self.category = category
        self.reason = reason
        self.message = message
        self.details = dict(details or {})
        self.python_type = python_type
        self.traceback = traceback
        self.rank = rank
        self.call_id = call_id

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle it with all it says; exceptions by themselves keep only their text."""
        made = (self.category, self.reason, self.message)
        return _of_pickle, (type(self), made), self.__dict__.copy()

    @property
    def status(self) -> grpc.StatusCode:
        """The gRPC status that fits the category."""
        import grpc

        return grpc.StatusCode[_STATUS[self.category]]

    def to_detail(self) -> types_pb2.ErrorDetail:
        """The message that travels in the trailer."""
        detail = types_pb2.ErrorDetail(
            category=_TO_WIRE[self.category],
            message=_shorten(self.message, MAX_MESSAGE_CHARS),
            reason=self.reason,
            details=types_pb2.Term(msgpack=_pack_details(self.details)),
            python_type=self.python_type,
            traceback=self.traceback[-MAX_TRACEBACK_CHARS:],
            call_id=self.call_id,
        )
        if self.rank is not None:
            detail.rank = self.rank
        return detail

    @classmethod
    def from_detail(cls, detail: types_pb2.ErrorDetail) -> BridgeError:
        """The exception a received detail stands for."""
        return cls(
            _FROM_WIRE.get(detail.category, Category.GRPC_ERROR),
            detail.reason,
            detail.message,
            details=_unpack_details(detail.details.msgpack),
            python_type=detail.python_type,
            traceback=detail.traceback,
            rank=detail.rank if detail.HasField("rank") else None,
            call_id=detail.call_id,
        )

    def trailers(self) -> tuple[tuple[str, bytes], ...]:
        """Trailing metadata of the failed call."""
        return ((TRAILER, self.to_detail().SerializeToString()),)


def _of_pickle(kind: type[BridgeError], made: tuple[Category, str, str]) -> BridgeError:
    # Not by the class itself: what derives from it may be made of something else.
    error = kind.__new__(kind, made[2])
    BridgeError.__init__(error, *made)
    return error


def from_rpc_error(error: grpc.RpcError) -> BridgeError:
    """The `BridgeError` behind a failed gRPC call, with or without our trailer."""
    detail = detail_in(error.trailing_metadata() or ())
    if detail is not None:
        return BridgeError.from_detail(detail)
    status = error.code()
    category = _CATEGORY_OF_STATUS.get(status.name, Category.GRPC_ERROR)
    return BridgeError(category, status.name.lower(), f"{status.name}: {error.details()}")


def detail_in(metadata: Iterable[tuple[str, str | bytes]]) -> types_pb2.ErrorDetail | None:
    """The `ErrorDetail` among trailing metadata, if there is a readable one."""
    for key, value in metadata:
        if key == TRAILER and isinstance(value, bytes):
            try:
                return types_pb2.ErrorDetail.FromString(value)
            except DecodeError:
                return None
    return None


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _simple(value: object) -> object:
    if value is None or isinstance(value, (bool, float, str)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_simple(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _simple(item) for key, item in value.items()}
    return str(value)


def _pack_details(details: Mapping[str, object]) -> bytes:
    packed: bytes = msgpack.packb(_simple(details))
    if len(packed) > MAX_DETAILS_BYTES:
        packed = msgpack.packb({"truncated": True})
    return packed


def _unpack_details(packed: bytes) -> dict[str, object]:
    if not packed:
        return {}
    try:
        details = msgpack.unpackb(packed, strict_map_key=True)
    except (ValueError, msgpack.UnpackException):
        return {}
    return details if isinstance(details, dict) else {}
