"""What Ray needs for one call of each of four actors, the peer of `World.call`: seconds per call.

Not part of `make bench`, since Ray is large: it runs in an environment that has Ray, and nothing of
ours is needed there.

    python -m venv /tmp/ray && /tmp/ray/bin/pip install ray
    /tmp/ray/bin/python benchmarks/ray_calls.py
"""

from __future__ import annotations

import statistics
import time

import ray  # type: ignore[import-not-found, unused-ignore]

CALLS = 500
ACTORS = 4


@ray.remote  # type: ignore[untyped-decorator, unused-ignore]
class Rank:
    """Does what `get_pp_indices` does."""

    def indices(self, layers: int, rank: int, ranks: int) -> tuple[int, int]:
        """The layers of one stage."""
        return rank * layers // ranks, (rank + 1) * layers // ranks


def main() -> None:
    """Run it."""
    ray.init(num_cpus=ACTORS, include_dashboard=False, log_to_driver=False)
    actors = [Rank.remote() for _ in range(ACTORS)]

    def call() -> float:
        began = time.perf_counter()
        ray.get([actor.indices.remote(61, 0, 4) for actor in actors])
        return time.perf_counter() - began

    for _ in range(100):
        call()
    times = sorted(call() for _ in range(CALLS))
    median = statistics.median(times)
    print(f"| Ray: {ACTORS} actor calls with ray.get, p50 of {CALLS} | {median * 1e6:.0f} us |")


if __name__ == "__main__":
    main()
