"""The span that a call is part of, as its metadata say it.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Version 00; a later one may have more after it. Neither id is all zeros.
_HEADER = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?",
    re.ASCII,
)
_SAMPLED = 1
_LONGEST = 256


class TraceParent(NamedTuple):
    """A span of which others are part."""

    trace_id: bytes
    span_id: bytes

    def header(self) -> str:
        """The value of `traceparent`, of a span that is sampled."""
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-01"


def sampled(header: object) -> TraceParent | None:
    """What a header says; None where it is none, or its trace is not sampled: then nothing is
    recorded, as the standard wants it."""
    if not isinstance(header, str) or len(header) > _LONGEST:
        return None
    found = _HEADER.fullmatch(header)
    if found is None or not int(found[3], 16) & _SAMPLED:
        return None
    if header.startswith("00-") and found[4]:
        return None
    return TraceParent(bytes.fromhex(found[1]), bytes.fromhex(found[2]))
