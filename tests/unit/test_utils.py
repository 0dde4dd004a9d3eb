"""Helpers that need no process group."""

from __future__ import annotations

import doctest
import importlib
import itertools
import logging
import math
import os
import pkgutil
import subprocess
import sys
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import vllm_distributed
from vllm_distributed import utils
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError


@pytest.mark.parametrize(
    "module",
    [found.name for found in pkgutil.walk_packages(vllm_distributed.__path__, "vllm_distributed.")],
)
def test_examples_in_docstrings(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


@given(st.integers(0, 10**6), st.integers(1, 1000))
def test_divide_is_exact_or_refused(numerator: int, denominator: int) -> None:
    if numerator % denominator == 0:
        assert utils.divide(numerator, denominator) * denominator == numerator
    else:
        with pytest.raises(AssertionError, match=f"{numerator} is not divisible by {denominator}"):
            utils.divide(numerator, denominator)


def test_division_by_zero_is_an_error_of_ours() -> None:
    with pytest.raises(InvalidArgumentError, match="7 cannot be divided by 0"):
        utils.ensure_divisibility(7, 0)


@given(st.integers(0, 300), st.integers(1, 16))
def test_stages_cover_the_layers_evenly_and_spare_the_last(layers: int, stages: int) -> None:
    ranges = [utils.get_pp_indices(layers, stage, stages) for stage in range(stages)]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == layers
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ranges))
    counts = [end - start for start, end in ranges]
    assert max(counts) - min(counts) <= 1
    assert counts[-1] == layers // stages
    if stages > 2 and 0 < layers % stages <= stages - 2:
        assert counts[0] == layers // stages


@pytest.mark.parametrize(
    ("layers", "stages", "counts"),
    [
        (61, 4, [15, 15, 16, 15]),
        (10, 4, [2, 3, 3, 2]),
        (11, 4, [3, 3, 3, 2]),
        (7, 2, [4, 3]),
        (2, 4, [0, 1, 1, 0]),
        (5, 1, [5]),
    ],
)
def test_layers_of_stages(layers: int, stages: int, counts: list[int]) -> None:
    ranges = [utils.get_pp_indices(layers, stage, stages) for stage in range(stages)]
    assert [end - start for start, end in ranges] == counts


def test_a_configured_partition_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_PP_LAYER_PARTITION", "5, 0,6")
    assert [utils.get_pp_indices(11, stage, 3) for stage in range(3)] == [(0, 5), (5, 5), (5, 11)]


@pytest.mark.parametrize(
    ("partition", "words"),
    [
        ("5,6", "2 stages, the pipeline has 3"),
        ("5,5,6", "sums to 16 layers, the model has 11"),
        ("5,x,6", "is not a list of layer counts"),
        ("", "is not a list of layer counts"),
        ("12,-1,0", "negative"),
    ],
)
def test_bad_partitions_of_layers(
    monkeypatch: pytest.MonkeyPatch, partition: str, words: str
) -> None:
    monkeypatch.setenv("VLLM_PP_LAYER_PARTITION", partition)
    with pytest.raises(ValueError, match=words):
        utils.get_pp_indices(11, 0, 3)


@pytest.mark.parametrize(("layers", "rank", "size"), [(4, 2, 2), (4, -1, 2), (4, 0, 0), (-1, 0, 1)])
def test_bad_stages(layers: int, rank: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"pp_rank|pp_size|num_hidden_layers"):
        utils.get_pp_indices(layers, rank, size)


@given(st.integers(0, 4), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_splitting_along_the_last_dim(rows: int, width: int, parts: int, contiguous: bool) -> None:
    tensor = torch.arange(rows * width * parts).reshape(rows, width * parts)
    pieces = utils.split_tensor_along_last_dim(tensor, parts, contiguous)
    assert len(pieces) == parts
    assert torch.equal(torch.cat(pieces, -1), tensor)
    if contiguous:
        assert all(piece.is_contiguous() for piece in pieces)


def test_splitting_what_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="5 is not divisible by 2"):
        utils.split_tensor_along_last_dim(torch.zeros(5), 2)
    with pytest.raises(ValueError, match="without dimensions"):
        utils.split_tensor_along_last_dim(torch.zeros(()), 1)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        utils.split_tensor_along_last_dim(torch.zeros(4), 0)
    assert len(utils.split_tensor_along_last_dim(torch.zeros(2, 0), 3)) == 3


@pytest.mark.parametrize(
    ("ip", "uri"),
    [
        ("127.0.0.1", "tcp://127.0.0.1:80"),
        ("::1", "tcp://[::1]:80"),
        ("fe80::1", "tcp://[fe80::1]:80"),
        ("node-1.example", "tcp://node-1.example:80"),
    ],
)
def test_uris(ip: str, uri: str) -> None:
    assert utils.get_tcp_uri(ip, 80) == utils.get_distributed_init_method(ip, 80) == uri


@pytest.mark.parametrize("port", [-1, 65536, "80", 1.0, True])
def test_ports(port: int) -> None:
    with pytest.raises(ValueError, match="port must be"):
        utils.get_tcp_uri("127.0.0.1", port)


@pytest.mark.parametrize(
    ("installed", "target", "newer"),
    [
        ("2.6.0", "2.6", True),
        ("2.6.0+cpu", "2.6.0", True),
        ("2.6.0a0+git1", "2.6.0", True),
        ("2.10.0", "2.9", True),
        ("2.5.1", "2.6", False),
        ("2.6.0", "2.6.1", False),
        ("3.0", "2.99.9", True),
    ],
)
def test_versions(
    monkeypatch: pytest.MonkeyPatch, installed: str, target: str, newer: bool
) -> None:
    monkeypatch.setattr(torch, "__version__", installed)
    assert utils.is_torch_equal_or_newer(target) is newer


def test_a_version_that_is_none() -> None:
    with pytest.raises(ValueError, match="'new'"):
        utils.is_torch_equal_or_newer("new")


def test_qualified_names() -> None:
    assert utils.resolve_obj_by_qualname("math.pi") == math.pi
    assert utils.resolve_obj_by_qualname("vllm_distributed.utils.divide") is utils.divide
    with pytest.raises(ValueError, match=r"module\.attribute"):
        utils.resolve_obj_by_qualname("math")
    with pytest.raises(ModuleNotFoundError):
        utils.resolve_obj_by_qualname("no_such_module.name")
    with pytest.raises(AttributeError):
        utils.resolve_obj_by_qualname("math.no_such_name")
    with pytest.raises(TypeError):
        utils.resolve_obj_by_qualname(3)  # type: ignore[arg-type]


def test_yielding_and_logging() -> None:
    utils.sched_yield()
    assert isinstance(utils.USE_SCHED_YIELD, bool)
    assert utils.init_logger("vllm_distributed.x").parent is utils.logger
    assert isinstance(utils.logger, logging.Logger)
    assert utils.logger.handlers == []


CHATTER = """
import ctypes, os, sys
import vllm_distributed as vd

library = ctypes.CDLL(None)


def say(word):
    print("python", word)
    library.printf(b"c %s\\n", word.encode())
    os.write(1, f"descriptor {word}\\n".encode())
    print("error", word, file=sys.stderr)


open_before = len(os.listdir("/proc/self/fd"))
say("before")
try:
    with vd.suppress_stdout():
        say("inside")
        with vd.suppress_stdout():
            say("nested")
        say("still")
        raise KeyError
except KeyError:
    say("after")
if len(os.listdir("/proc/self/fd")) != open_before:
    raise SystemExit("a descriptor is left open")
sys.stdout.flush()
library.fflush(None)
"""


@pytest.mark.parametrize("level", [None, "INFO", "DEBUG"])
def test_stdout_is_discarded_inside_and_only_there_unless_debugging(level: str | None) -> None:
    """Standard output is a pipe here, where C's own buffer is written late."""
    environment = {key: value for key, value in os.environ.items() if key != "VLLM_LOGGING_LEVEL"}
    if level is not None:
        environment["VLLM_LOGGING_LEVEL"] = level
    finished = subprocess.run(
        [sys.executable, "-c", CHATTER],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    said = ["before", "inside", "nested", "still", "after"]
    assert (finished.returncode, finished.stderr) == (
        0,
        "".join(f"error {word}\n" for word in said),
    )
    kept = said if level == "DEBUG" else ["before", "after"]
    expected = {f"{who} {word}" for who in ("python", "c", "descriptor") for word in kept}
    assert set(finished.stdout.splitlines()) == expected


def test_a_process_without_stdout_has_nothing_to_discard() -> None:
    program = (
        "import os, sys, vllm_distributed as vd\n"
        "os.close(1)\n"
        "with vd.suppress_stdout():\n    pass\n"
        "sys.stdout = None\n"
        "with vd.suppress_stdout():\n    sys.stderr.write('through')\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, "through")


@pytest.mark.parametrize(
    "call",
    [
        lambda: utils.divide("4", 2),  # type: ignore[arg-type]
        lambda: utils.ensure_divisibility(4, 2.0),  # type: ignore[arg-type]
        lambda: utils.get_pp_indices(4.0, 0, 2),  # type: ignore[arg-type]
        lambda: utils.get_pp_indices(4, "0", 2),  # type: ignore[arg-type]
        lambda: utils.get_tcp_uri(127, 1),  # type: ignore[arg-type]
        lambda: utils.is_torch_equal_or_newer(2.6),  # type: ignore[arg-type]
        lambda: utils.split_tensor_along_last_dim([1, 2], 2),  # type: ignore[arg-type]
        lambda: utils.split_tensor_along_last_dim(torch.ones(2), None),  # type: ignore[arg-type]
    ],
)
def test_wrong_types_are_errors_of_ours(call: Any) -> None:
    with pytest.raises(InvalidTypeError, match=r"must be|is a string"):
        call()


def test_integers_of_numpy_and_torch_will_do() -> None:
    assert utils.divide(numpy.int64(6), torch.tensor(3)) == 2  # type: ignore[arg-type]
    assert utils.get_pp_indices(numpy.int32(4), 1, 2) == (2, 4)  # type: ignore[arg-type]
