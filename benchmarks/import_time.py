"""What `import vllm_distributed` adds to `import torch`; a table on stdout.

Fresh interpreters, of which the fastest counts: what is measured is the work to be done, not what
else the machine does. The bound is 150 ms of processor time.

    python benchmarks/import_time.py [repetitions]
"""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import json, time
started, used = time.perf_counter(), time.process_time()
import torch
after_torch = time.perf_counter() - started, time.process_time() - used
started, used = time.perf_counter(), time.process_time()
import vllm_distributed
ours = time.perf_counter() - started, time.process_time() - used
print(json.dumps([after_torch, ours]))
"""


def measured() -> list[list[float]]:
    """Return [[wall, processor] of torch, [wall, processor] of ours], in seconds."""
    command = [sys.executable, "-c", PROGRAM]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    times: list[list[float]] = json.loads(finished.stdout)
    return times


def main() -> None:
    """Print the table."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    measured()  # the compiled files and the disk's cache
    runs = [measured() for _ in range(repetitions)]
    print("| import | wall (ms) | processor (ms) |")
    print("|---|---|---|")
    for place, name in enumerate(("torch", "vllm_distributed, after torch")):
        wall, processor = (min(run[place][which] for run in runs) for which in (0, 1))
        print(f"| {name} | {wall * 1e3:.0f} | {processor * 1e3:.0f} |")


if __name__ == "__main__":
    main()
