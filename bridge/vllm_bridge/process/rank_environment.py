"""What the environment of a rank says where its operator says nothing."""

from __future__ import annotations

RANK_DEFAULTS = {
    # Many ranks share the cores; and OpenBLAS must not start threads before the fork, or before the
    # rank is confined.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # In the child of user code that forks, gRPC's own handlers start threads, which crash it.
    "GRPC_ENABLE_FORK_SUPPORT": "0",
}
