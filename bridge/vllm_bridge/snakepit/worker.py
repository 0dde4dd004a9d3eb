"""The script that Snakepit starts: `python worker.py ARGUMENTS`, in its folder.

It imports nothing but what it needs to get out of the way: the modules beside it must not be found
under their bare names, by anybody.
"""

import os
import sys

# As in transport/server_token.py, which cannot be imported yet.
_TOKEN = "VLLM_BRIDGE_TOKEN"

_FALSE = ("", "0", "false", "no", "off")


def _lead_process_group() -> None:
    """Become the leader of a new process group, where Snakepit wants to kill the group."""
    wanted = os.environ.get("SNAKEPIT_PROCESS_GROUP", "").lower() not in _FALSE
    if wanted and os.getpid() != os.getpgrp():
        os.setsid()


def _find_packages() -> None:
    """Look for modules everywhere but in this folder, and at last beside this package."""
    here = os.path.dirname(os.path.realpath(__file__))
    bridge = os.path.dirname(os.path.dirname(here))
    # An empty entry, as a PYTHONPATH that ends in a colon has, is the working directory.
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    unwanted = {here, *([os.path.realpath(os.getcwd())] if "" in named else [])}
    unwanted -= {os.path.realpath(entry) for entry in named if entry} - {here}
    sys.path[:] = [entry for entry in sys.path if entry and os.path.realpath(entry) not in unwanted]
    checkout = os.path.join(os.path.dirname(bridge), "distributed")
    sys.path += [root for root in (bridge, checkout) if root not in sys.path]


def _drop_secrets() -> None:
    """Start again without a server's token, if Snakepit's environment has one.

    What a worker runs is chosen by clients, and `/proc/self/environ` shows what a process was
    started with, whatever it changes later.
    """
    if _TOKEN in os.environ:
        clean = {name: value for name, value in os.environ.items() if name != _TOKEN}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], clean)


if __name__ == "__main__":
    _drop_secrets()
    _lead_process_group()
    _find_packages()
    from vllm_bridge.snakepit.process import main

    main(sys.argv[1:])
