"""Adding a function to vllm_distributed and regenerating is all it takes to reach it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FUNCTION = '''

def triple(value: int, times: int = 1) -> int:
    """Return `value` tripled, `times` times."""
    return value * 3**times


__all__ += ["triple"]
'''

SERVED = """
from vllm_bridge._generated import dispatch, distributed_pb2
method = dispatch.METHODS["/vllm.distributed.v1.Distributed/Triple"]
print(method.call(distributed_pb2.TripleRequest(value=2, times=3), None).result)
print(method.call(distributed_pb2.TripleRequest(value=2), None).result)
"""


def test_a_new_function_reaches_python_and_elixir(tmp_path: Path) -> None:
    for folder in ("distributed", "bridge", "proto", "elixir_client/generated"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    with (tmp_path / "distributed/vllm_distributed/__init__.py").open("a") as module:
        module.write(FUNCTION)

    assert "files written" in run(tmp_path, "-m", "vllm_bridge.codegen")

    proto = (tmp_path / "proto/vllm/distributed/v1/distributed.proto").read_text()
    assert "message TripleRequest {\n  int64 value = 1;\n  optional int64 times = 2;\n}" in proto
    elixir = (tmp_path / "elixir_client/generated/vllm/distributed.ex").read_text()
    assert "@spec triple(integer(), integer() | keyword()) :: {:ok, integer()}" in elixir
    assert "Return `value` tripled, `times` times." in elixir
    assert run(tmp_path, "-c", SERVED).split() == ["54", "6"]
    assert "0 files would change" in run(tmp_path, "-m", "vllm_bridge.codegen", "--check")


def run(root: Path, *arguments: str) -> str:
    paths = [str(root / "distributed"), str(root / "bridge"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
