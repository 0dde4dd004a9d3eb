"""Where this process's modules come from: installed packages, and what PYTHONPATH names.

Nobody chose the modules of the working directory: a `random.py` where somebody starts a server
must not be run by it. `python -m` and `python -c` put that directory first on `sys.path`, and so
does an empty entry of PYTHONPATH, which a colon too many makes. Python's own remedy, `-P`, is there
from 3.11 on. This imports nothing but what the interpreter has loaded anyway.
"""

from __future__ import annotations

import os
import sys

PYTHON_PATH = "PYTHONPATH"


def bootstrap(module: str) -> list[str]:
    """Arguments for a Python that run `module.main()` as `-m` would, without the working directory.

    The first entry goes before anything is imported: `sys` is part of the interpreter.
    """
    program = (
        "import sys; sys.path[:1] = [p for p in sys.path[:1] if p]; "
        f"from {module} import main; main()"
    )
    return ["-c", program]


def leave_working_directory(*, run_with_m: bool = False) -> None:
    """Take off `sys.path` what `python -m`, and empty entries of PYTHONPATH, have put there.

    The directory stays where something else names it: an installation in place, PYTHONPATH by name.
    """
    if run_with_m and not getattr(sys.flags, "safe_path", False):
        del sys.path[:1]
    named = os.environ.get(PYTHON_PATH, "").split(os.pathsep)
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:
        return  # it has been removed: nothing is found there
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    chosen = {own, *(os.path.realpath(entry) for entry in named if entry)}
    if "" in named and here not in chosen:
        sys.path[:] = [entry for entry in sys.path if entry and os.path.realpath(entry) != here]


def without_empty_entries(python_path: str) -> str:
    """PYTHONPATH without the entries that stand for the working directory."""
    return os.pathsep.join(entry for entry in python_path.split(os.pathsep) if entry)
