"""The bar of a server that somebody starts in a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time

from pool_harness import FAKE_RANK, environment


def test_who_starts_a_server_in_a_terminal_sees_its_ranks_come_up() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "vllm_bridge", "serve", "--size", "1", "--start-timeout"]
    process = subprocess.Popen(
        [*command, "120", "--rank-entry-point", FAKE_RANK],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment(TERM="xterm-256color"),
    )
    os.close(theirs)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"{")
        seen = b""
        give_up = time.monotonic() + 60
        while b"ranks come up" not in seen and time.monotonic() < give_up:
            seen += os.read(ours, 65_536)
        assert b"ranks come up" in seen
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        os.close(ours)
