"""What `import vllm_distributed` brings along; `benchmarks/import_time.py` says what it costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
import torch
before = set(sys.modules)
import vllm_distributed
print(json.dumps(sorted(set(sys.modules) - before)))
"""

# msgpack is compiled by Cython, two of whose own modules come with it; torch loads numpy already.
ALLOWED = ("vllm_distributed", "msgpack", "_cython_", "cython_runtime", "numpy")


def test_importing_brings_nothing_along_but_msgpack() -> None:
    """Not pydantic (100 ms, for the configuration, imported where it is first used), not grpc, and
    no part of torch that `import torch` leaves out, such as `torch.distributed.tensor`."""
    command = [sys.executable, "-c", PROGRAM]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    added = json.loads(finished.stdout)
    strange = [
        name
        for name in added
        if not name.startswith(ALLOWED) and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert strange == [], "import what is seldom used where it is used"


COLLECTIONS = """
import gc, json, sys
import torch
passes = []
gc.callbacks.append(lambda phase, about: phase == "start" and passes.append(about["generation"]))
if "off" in sys.argv:
    gc.disable()
if "fails" in sys.argv:
    sys.modules["vllm_distributed.errors"] = None
try:
    import vllm_distributed
except ImportError:
    assert "fails" in sys.argv
print(json.dumps([max(passes, default=0), gc.isenabled()]))
"""


@pytest.mark.parametrize(
    ("how", "enabled"), [((), True), (("off",), False), (("fails",), True)], ids=str
)
def test_importing_sets_off_no_pass_over_all_objects(how: tuple[str, ...], enabled: bool) -> None:
    """That was two thirds of its time: generation 2. The collector is as before, also where the
    import fails; what it then does with young objects differs from Python to Python."""
    command = [sys.executable, "-c", COLLECTIONS, *how]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    generation, as_before = json.loads(finished.stdout)
    assert generation < 2
    assert as_before is enabled
