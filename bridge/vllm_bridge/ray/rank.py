"""What an actor starts: a process that ends with it, and becomes the command that it was given.

`main()` with the arguments `PARENT_PID PROGRAM ARGUMENTS...`.
"""

from __future__ import annotations

import os
import sys

from vllm_bridge.process.parent import die_with


def main() -> None:
    """Run it."""
    parent, *command = sys.argv[1:]
    die_with(int(parent))
    # The wish to end with its parent stays with the process.
    os.execv(command[0], command)
