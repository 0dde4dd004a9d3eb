"""The contract keeps its promises: it may grow, and never change meaning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from vllm_bridge.codegen import baseline, protoc

PROTO = Path(__file__).resolve().parents[2] / "proto"

BEFORE = """
syntax = "proto3";
package vllm.test.v1;
message Point { int64 x = 1; optional int64 y = 2; repeated string names = 3; }
enum Color { RED = 0; BLUE = 1; }
service Draw {
  rpc Dot(Point) returns (Point);
  rpc Line(stream Point) returns (Point);
}
"""


def compiled(folder: Path, text: str) -> FileDescriptorSet:
    path = folder / "vllm" / "test" / "v1" / "test.proto"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return protoc.compile_protos(folder, [path])


def test_nothing_promised_has_changed_and_everything_is_promised() -> None:
    now = baseline.lines(protoc.compile_protos(PROTO, sorted(PROTO.glob("vllm/*/v1/*.proto"))))
    promised = baseline.read(PROTO / baseline.FILE)
    broken = baseline.broken(promised, now)
    assert not broken, "clients of older versions rely on this:\n" + "\n".join(broken)
    new = sorted(set(now) - set(promised))
    assert not new, "new in the contract; run `make contract-accept` to promise it:\n" + "\n".join(
        new
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("int64 x = 1", "int64 x = 7", "x has changed: it was `field .*x = 1 int64`, it is .* = 7"),
        ("int64 x = 1", "string x = 1", "it is `field .*x = 1 string`"),
        ("int64 x = 1", "optional int64 x = 1", "it is `field .*x = 1 optional int64`"),
        ("int64 x = 1", "repeated int64 x = 1", "it is `field .*x = 1 repeated int64`"),
        ("int64 x = 1", "int64 z = 1", r"field vllm\.test\.v1\.Point\.x is gone"),
        ("optional int64 y = 2;", "", r"Point\.y is gone"),
        ("BLUE = 1", "BLUE = 2", r"value vllm\.test\.v1\.Color\.BLUE has changed"),
        ("rpc Dot(Point)", "rpc Spot(Point)", r"rpc vllm\.test\.v1\.Draw/Dot is gone"),
        ("(stream Point)", "(Point)", "Draw/Line has changed: it was `.*stream"),
        ("service Draw", "service Paint", "Draw/Dot is gone"),
    ],
)
def test_a_changed_meaning_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in BEFORE
    promised = baseline.lines(compiled(tmp_path, BEFORE))
    now = baseline.lines(compiled(tmp_path, BEFORE.replace(old, new, 1)))
    assert any(re.search(problem, sentence) for sentence in baseline.broken(promised, now))


def test_growth_is_no_change(tmp_path: Path) -> None:
    promised = baseline.lines(compiled(tmp_path, BEFORE))
    grown = BEFORE.replace("int64 x = 1;", "int64 x = 1; Color color = 4;").replace(
        "rpc Dot", "rpc Area(Point) returns (Point);\n  rpc Dot"
    )
    now = baseline.lines(compiled(tmp_path, grown))
    assert not baseline.broken(promised, now)
    assert sorted(set(now) - set(promised)) == [
        "field vllm.test.v1.Point.color = 4 vllm.test.v1.Color",
        "rpc vllm.test.v1.Draw/Area = vllm.test.v1.Point -> vllm.test.v1.Point",
    ]


def test_the_file_reads_as_it_was_written(tmp_path: Path) -> None:
    promised = baseline.lines(compiled(tmp_path, BEFORE))
    file = tmp_path / "baseline.txt"
    file.write_text(baseline.text(promised))
    assert baseline.read(file) == promised
