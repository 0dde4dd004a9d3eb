"""`vllm-bridge serve`: one pool as a process, from its ready line to its end."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import threading
from typing import TYPE_CHECKING

from vllm_bridge.pool.forkserver_process import spawn_forkserver
from vllm_bridge.pool.listen import (
    Address,
    ListenError,
    TcpAddress,
    UnixAddress,
    claimed,
    parse_address,
)
from vllm_bridge.pool.runtime_dir import RuntimeDir
from vllm_bridge.pool.settings import PoolSettings
from vllm_bridge.version import __version__

if TYPE_CHECKING:
    from vllm_bridge.pool.server import Resources

_SOCKET_NAME = "pool.sock"
_STDIN = 0
_MAX_FILES = 65_536


def serve(
    listen: str | None,
    settings: PoolSettings,
    *,
    token: str | None,
    insecure_loopback: bool,
    embedded: bool,
) -> int:
    """Run a pool until a signal, or the end of stdin when embedded. Returns the exit status.

    Raises:
        ListenError: it cannot listen there, or should not.
    """
    address = parse_address(listen) if listen is not None else None
    if isinstance(address, TcpAddress):
        _check_tcp(address, token, insecure_loopback=insecure_loopback)
    if address is not None:
        # Before anything is started; taken again when it is bound.
        with claimed(address):
            pass
    runtime_dir = RuntimeDir.create()
    try:
        forkserver = spawn_forkserver(settings.entry_point, runtime_dir.path)
        _raise_file_limit()
        # While torch loads over there.
        from vllm_bridge.pool.server import Resources

        try:
            asyncio.run(
                _run(
                    Resources(runtime_dir, forkserver),
                    address or UnixAddress(runtime_dir.path / _SOCKET_NAME),
                    settings,
                    token,
                    embedded=embedded,
                )
            )
        finally:
            if forkserver.popen.poll() is None:
                # Only where the pool did not get as far as stopping it: no rank was started.
                forkserver.popen.kill()
                forkserver.popen.wait()
    finally:
        runtime_dir.remove()
    return 0


async def _run(
    resources: Resources,
    address: Address,
    settings: PoolSettings,
    token: str | None,
    *,
    embedded: bool,
) -> None:
    from vllm_bridge.pool.server import PoolServer

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # One that is ignored already stays so: that is what nohup does.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    server = PoolServer(resources, settings, token)
    try:
        endpoint = await server.start(address)
        ready = {"endpoint": str(endpoint), "pid": os.getpid(), "version": __version__}
        print(json.dumps(ready), flush=True)
        if embedded:
            threading.Thread(
                target=_wait_for_end_of_stdin, args=(loop, stop), name="stdin", daemon=True
            ).start()
        await stop.wait()
    finally:
        await server.stop()


def _check_tcp(address: TcpAddress, token: str | None, *, insecure_loopback: bool) -> None:
    if token is not None:
        return
    if not address.loopback:
        raise ListenError(
            f"{address}: whoever reaches this port can run code here, so it needs a token: give "
            "--token-file FILE, or set VLLM_BRIDGE_TOKEN"
        )
    if not insecure_loopback:
        raise ListenError(
            f"{address}: every user of this machine can reach this port, so it needs a token: give "
            "--token-file FILE, or set VLLM_BRIDGE_TOKEN; or say --insecure-loopback"
        )


def _raise_file_limit() -> None:
    # Three descriptors a rank; the usual soft limit of 1,024 is for programs that use select().
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _wait_for_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # A thread, because stdin may be a file or a terminal, which epoll does not take.
    try:
        while os.read(_STDIN, 4096):
            pass
    except OSError:
        pass
    loop.call_soon_threadsafe(stop.set)
