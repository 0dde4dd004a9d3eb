"""`make demo-engine`: makes an environment with vLLM and a tiny model, and streams from Elixir."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))


def main() -> int:
    """Run it; the status is the example's."""
    from vllm_environment import environment, models

    python = environment("newest")
    stamp = python.parents[1] / ".server"
    if not stamp.exists():
        # What a server needs beside the module; vLLM has the rest.
        needs = ["grpcio", "grpcio-health-checking", "grpcio-reflection", "prometheus-client"]
        subprocess.run([python, "-m", "pip", "install", "-qq", *needs], check=True)
        stamp.touch()
    model = models(python, "newest")["llama"]
    return subprocess.run(
        ["mix", "run", "examples/engine/stream.exs", str(model)],
        cwd=ROOT,
        env={
            **os.environ,
            "VLLM_BRIDGE": str(python.with_name("vllm-bridge")),
            "PYTHONPATH": str(ROOT / "examples"),
            "VLLM_DISTRIBUTED_OVERLAY": "1",
            "VLLM_LOGGING_LEVEL": os.environ.get("VLLM_LOGGING_LEVEL", "ERROR"),
            # The machine may have less memory than vLLM reserves.
            "VLLM_CPU_KVCACHE_SPACE": "1",
            # It may have fewer NUMA nodes than the engine has workers.
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "OMP_NUM_THREADS": "1",
            "VLLM_NO_USAGE_STATS": "1",
            "HF_HUB_OFFLINE": "1",
        },
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
