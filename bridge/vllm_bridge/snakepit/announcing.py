"""The file that tells Snakepit the worker's port.

It is in a folder of Snakepit's, in which a confined worker may not write. So the worker forks a
small process before it is confined. That writes the file when the port is known, and ends.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def announcer(path: str) -> Callable[[int], None]:
    """A function that writes the port to the file, from a process that is forked here.

    Call this before there is a second thread. What it returns is called once, and raises OSError
    when the file cannot be written; why is on stderr.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writing)
        _write_and_leave(reading, path)
    os.close(reading)

    def say(port: int) -> None:
        os.write(writing, str(port).encode())
        os.close(writing)
        _, status = os.waitpid(pid, 0)
        if status != 0:
            raise OSError(f"the port {port} could not be written to the ready file {path}")

    return say


def _write_and_leave(reading: int, path: str) -> None:
    status = 1
    try:
        # No port: the worker has ended without one.
        if port := os.read(reading, 16):
            from vllm_bridge.snakepit.listening import publish

            publish(int(port), path)
        status = 0
    except BaseException:  # noqa: BLE001 - the last frame of the process
        traceback.print_exc()
    finally:
        os._exit(status)
