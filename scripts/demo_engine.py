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
        },
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
