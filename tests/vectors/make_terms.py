"""Prints terms.json."""

from __future__ import annotations

import json

from accepted import accepted
from refused import refused


def main() -> None:
    parts = []
    for key, vectors in {"values": accepted(), "refused": refused()}.items():
        lines = ",\n  ".join(json.dumps(vector) for vector in vectors)
        parts.append(f'"{key}": [\n  {lines}\n]')
    print("{\n" + ",\n".join(parts) + "\n}")


if __name__ == "__main__":
    main()
