"""A real model. `make test-model` runs these: its weights are not part of `make setup`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "bridge"))
