"""Errors cross the wire whole, and stay small enough for a trailer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category, detail_in

pytestmark = pytest.mark.wire

simple = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text()


@given(
    st.sampled_from(list(Category)),
    st.text(max_size=100),
    st.dictionaries(st.text(max_size=10), simple, max_size=4),
    st.none() | st.integers(0, 2**40),
)
def test_an_error_survives_the_trailer(
    category: Category, message: str, details: dict[str, object], rank: int | None
) -> None:
    sent = BridgeError(category, "worker_busy", message, details=details, rank=rank, call_id="c-1")
    detail = detail_in(sent.trailers())
    assert detail is not None
    received = BridgeError.from_detail(detail)
    assert (received.category, received.reason, received.message) == (
        category,
        "worker_busy",
        message,
    )
    assert received.details in (details, {"truncated": True})
    assert (received.rank, received.call_id) == (rank, "c-1")


def test_a_huge_error_still_fits_a_trailer() -> None:
    huge = BridgeError(
        Category.PYTHON_ERROR,
        "exception",
        "m" * 100_000,
        details={"values": list(range(100_000))},
        traceback="t" * 99_999 + "!",
    )
    ((_, data),) = huge.trailers()
    assert len(data) < 6_000
    received = BridgeError.from_detail(types_pb2.ErrorDetail.FromString(data))
    assert received.message.endswith("...")
    assert received.traceback.endswith("!")
    assert received.details == {"truncated": True}


@pytest.mark.parametrize("packed", [b"\xff\xff", b"\x93", b"\x01", b""])
def test_unreadable_details_are_empty(packed: bytes) -> None:
    detail = types_pb2.ErrorDetail(message="m", details=types_pb2.Term(msgpack=packed))
    assert BridgeError.from_detail(detail).details == {}


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_trailer_is_a_detail_or_none(data: bytes, details: bytes) -> None:
    detail = detail_in([("vllm-error-bin", data)])
    assert detail is None or isinstance(BridgeError.from_detail(detail), BridgeError)
    facts = types_pb2.ErrorDetail(details=types_pb2.Term(msgpack=details))
    assert isinstance(BridgeError.from_detail(facts).details, dict)


def test_a_malformed_trailer_is_none() -> None:
    assert detail_in([("vllm-error-bin", b"\x0a\x09")]) is None
