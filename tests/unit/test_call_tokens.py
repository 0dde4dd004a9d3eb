"""Tokens for calls to ranks on other hosts, and the carrier that wants them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from vllm_bridge.rank.grpc_carrier import GrpcCarrier
from vllm_bridge.transport.call_tokens import (
    bearer,
    new_key,
    permitted,
    pool_token,
    session_token,
)
from vllm_bridge.transport.metadata import AUTHORIZATION, SESSION_ID

# The same in every process that collects tests.
KEY, OTHER_KEY = b"k" * len(new_key()), b"o" * len(new_key())


@pytest.mark.parametrize(
    ("token", "session", "opens"),
    [
        (session_token(KEY, "w/rank-0"), "w/rank-0", True),
        (pool_token(KEY), "w/rank-0", True),
        (pool_token(KEY), "", True),
        (session_token(KEY, "w/rank-0"), "w/rank-1", False),
        (session_token(KEY, "w/rank-0"), "", False),
        (session_token(OTHER_KEY, "w/rank-0"), "w/rank-0", False),
        ("", "w/rank-0", False),
        ("", "", False),
        (session_token(KEY, ""), "w/rank-0", False),
    ],
)
def test_a_token_opens_the_calls_of_its_session(token: str, session: str, opens: bool) -> None:
    assert permitted(KEY, bearer(token), session) is opens


class Calls:
    """What is behind the carrier; no stranger gets so far."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def known(self, path: str, metadata: object) -> bool:
        self.asked.append(path)
        return False


def details(**metadata: str) -> Any:
    pairs = [(key.replace("_", "-"), value) for key, value in metadata.items()]
    return SimpleNamespace(method="/any/Method", invocation_metadata=pairs)


def test_a_stranger_learns_nothing_of_a_rank() -> None:
    calls: Any = Calls()
    carrier = GrpcCarrier(calls, KEY)
    told: list[grpc.StatusCode] = []

    def abort(code: grpc.StatusCode, text: str) -> None:
        told.append(code)
        raise PermissionError(text)

    context = SimpleNamespace(set_trailing_metadata=lambda trailers: None, abort=abort)
    strangers: list[dict[str, str]] = [
        {},
        {SESSION_ID: "s"},
        {SESSION_ID: "s", AUTHORIZATION: bearer(session_token(KEY, "t"))},
        {SESSION_ID: "s", AUTHORIZATION: session_token(OTHER_KEY, "s")},
    ]
    for metadata in strangers:
        handler = carrier.service(details(**metadata))
        assert handler is not None
        with pytest.raises(PermissionError, match="wants a token"):
            handler.stream_stream(iter(()), context)
    assert told == [grpc.StatusCode.UNAUTHENTICATED] * len(strangers)
    assert calls.asked == []
    # Who has the token is asked what it wants.
    assert (
        carrier.service(
            details(**{SESSION_ID: "s", AUTHORIZATION: bearer(session_token(KEY, "s"))})
        )
        is None
    )
    assert calls.asked == ["/any/Method"]
