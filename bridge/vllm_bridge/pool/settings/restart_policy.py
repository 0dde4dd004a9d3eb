"""How often a pool may replace ranks: "never", "always" or "N/SECONDS"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from vllm_bridge.durations import of_seconds

_AT_MOST = re.compile(r"(\d{1,9})/(\d{1,9}(?:\.\d{1,9})?)")


@dataclass(frozen=True)
class RestartPolicy:
    """At most `limit` replacements within `within`, over all ranks of a pool; None: no limit."""

    limit: int | None = None
    within: timedelta = timedelta(seconds=60)

    @classmethod
    def parse(cls, text: str) -> RestartPolicy:
        """From "never", "always" or "N/SECONDS".

        Raises:
            ValueError: it is none of them.
        """
        if text == "always":
            return cls()
        if text == "never":
            return cls(limit=0)
        match = _AT_MOST.fullmatch(text)
        within = of_seconds(float(match[2])) if match else timedelta(0)
        if match is None or int(match[1]) == 0 or not within:
            raise ValueError(
                'should be "never", "always" or "N/SECONDS", such as "3/60" for at most 3 restarts '
                "within 60 s"
            )
        return cls(int(match[1]), within)

    def __str__(self) -> str:
        if self.limit is None:
            return "always"
        if self.limit == 0:
            return "never"
        return f"at most {self.limit} within {self.within.total_seconds():g} s"


ALWAYS = RestartPolicy()
