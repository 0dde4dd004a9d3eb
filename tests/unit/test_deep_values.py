"""Values that contain themselves or are nested very deep are errors of ours wherever they come."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vllm_bridge.codec.calls import encode_term
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.pool.launchers.stderr import _as_json, logged
from vllm_bridge.snakepit.tools import values


def deep_values() -> dict[str, Any]:
    a_list: list[Any] = []
    a_list.append(a_list)
    a_dict: dict[str, Any] = {}
    a_dict["self"] = a_dict
    deep: Any = {}
    for _ in range(100_000):
        deep = {"deeper": deep}
    return {"list": a_list, "dict": a_dict, "deep": deep}


@pytest.mark.parametrize("name", deep_values())
def test_arguments_and_results(name: str) -> None:
    value = deep_values()[name]
    with pytest.raises(BridgeError, match="nests deeper than 128"):
        encode_term(value)
    with pytest.raises(BridgeError, match="cannot be written as JSON"):
        values.render(value)


def test_json_of_anybody() -> None:
    with pytest.raises(BridgeError) as caught:
        values.parse(b"[" * 100_000 + b"]" * 100_000)
    assert caught.value.reason == "malformed_json"


def test_what_a_rank_prints_is_passed_on_however_deep_it_is() -> None:
    line = b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert json.loads(_as_json("rank 1", line, logged(line)))["process"] == "rank 1"
    known = b'{"level": "info", "message": "as it came"}'
    assert json.loads(_as_json("rank 1", known, logged(known)))["level"] == "info"
