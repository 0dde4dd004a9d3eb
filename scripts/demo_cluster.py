"""`make demo-cluster`: the demo, its world on a Ray cluster of two nodes on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from ray.cluster_utils import Cluster

DEMO = "elixir_client/demo/demo.exs"

# Two for each node: the world has four ranks.
CPUS = 2


def main() -> int:
    """Run it; the status is the demo's."""
    cluster = Cluster()
    # Ray's files go with the cluster.
    with tempfile.TemporaryDirectory(prefix="ray-") as directory:
        os.environ["RAY_TMPDIR"] = directory
        # Else Ray kills workers where other programs of this machine use its memory.
        os.environ["RAY_memory_monitor_refresh_ms"] = "0"  # noqa: SIM112 - as Ray reads it
        try:
            for name in ("first", "second"):
                cluster.add_node(num_cpus=CPUS, node_name=name, include_dashboard=False)
            cluster.wait_for_nodes()
            command = ["mix", "run", DEMO, "--ray", cluster.address, *sys.argv[1:]]
            return subprocess.run(command, check=False).returncode
        finally:
            cluster.shutdown()


if __name__ == "__main__":
    sys.exit(main())
