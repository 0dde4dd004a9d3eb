"""Several nodes on this machine. `make test-cluster` runs these: they need more than `make setup`
installs, or more time than a test of `make test` has."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "bridge"))
