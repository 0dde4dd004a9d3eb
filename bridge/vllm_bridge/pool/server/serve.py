"""`vllm-bridge serve`: one pool as a process, from its ready line to its end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vllm_bridge.confinement import OFF, missing
from vllm_bridge.pool.launchers.forkserver_process import spawn_forkserver
from vllm_bridge.pool.launchers.stderr import forwarder
from vllm_bridge.pool.server.listen import claimed
from vllm_bridge.pool.server.startup_bar import StartupBar
from vllm_bridge.pool.server.tls import NO_TLS, Guard, Tls, TlsFiles, read_tls, warn_of_open_key
from vllm_bridge.pool.sessions.shared_memory import BASE
from vllm_bridge.pool.settings import ServerSettings
from vllm_bridge.process import background, logs
from vllm_bridge.process.logs import LogSettings
from vllm_bridge.process.runtime_dir import RuntimeDir
from vllm_bridge.transport.address import (
    Address,
    ListenError,
    TcpAddress,
    UnixAddress,
    parse_address,
)
from vllm_bridge.version import __version__

if TYPE_CHECKING:
    from vllm_bridge.pool.server.server import Resources

_logger = logging.getLogger("vllm_bridge.pool")

_SOCKET_NAME = "pool.sock"
_STDIN = 0
# For log lines that are queued at the end.
_FLUSH_SECONDS = 1.0
_MAX_FILES = 65_536


def serve(
    listen: str | None,
    settings: ServerSettings,
    *,
    token: str | None,
    insecure_loopback: bool,
    insecure_plaintext: bool = False,
    embedded: bool,
    metrics: str | None = None,
    page: str | None = None,
    log: LogSettings | None = None,
    tls_files: TlsFiles = NO_TLS,
    join: str | None = None,
) -> int:
    """Run a pool until a signal, or the end of stdin when embedded. Returns the exit status.

    SIGTERM lets what runs come to its end first, unless the server is embedded; any second signal,
    SIGINT and SIGHUP stop it at once.

    Raises:
        ListenError: it cannot listen there, or should not.
    """
    address = parse_address(listen) if listen is not None else None
    metrics_address = _http_address(metrics, "metrics are")
    page_address = _http_address(page, "the page is")
    join_address = _tcp_address(join, "ranks dial in over TCP; give --join HOST:PORT")
    log = log or LogSettings()
    forwarder().form = log.form
    logs.setup(log, forwarder().put, lambda: {"process": "pool"})
    tls = read_tls(tls_files, address, page_address, join_address)
    guard = Guard(token, tls, insecure_loopback, insecure_plaintext)
    places = [place for place in (address, join_address) if place is not None]
    for place in places:
        if isinstance(place, TcpAddress):
            guard.check(place)
    if page_address is not None:
        guard.check_page(page_address)
    for place in places:
        # Before anything is started; taken again when it is bound.
        with claimed(place):
            pass
    warn_of_open_key(tls_files)
    _check_confinement(settings)
    runtime_dir = RuntimeDir.create()
    memory_dir = memory_directory() if settings.max_segments else None
    try:
        directories = [runtime_dir.path, *([memory_dir.path] if memory_dir else [])]
        forkserver = spawn_forkserver(settings.entry_point, *directories)
        _raise_file_limit()
        # While torch loads over there.
        from vllm_bridge.pool.server.server import Resources

        try:
            asyncio.run(
                _run(
                    Resources(runtime_dir, forkserver, memory_dir),
                    address or UnixAddress(runtime_dir.path / _SOCKET_NAME),
                    settings,
                    token,
                    embedded=embedded,
                    metrics=metrics_address,
                    page=page_address,
                    log=log,
                    tls=tls,
                    join=join_address,
                )
            )
        finally:
            if forkserver.popen.poll() is None:
                # Only where the pool did not get as far as stopping it: no rank was started.
                forkserver.popen.kill()
                forkserver.popen.wait()
    finally:
        runtime_dir.remove()
        if memory_dir is not None:
            memory_dir.remove()
        forwarder().flush(_FLUSH_SECONDS)
    return 0


async def _run(
    resources: Resources,
    address: Address,
    settings: ServerSettings,
    token: str | None,
    *,
    embedded: bool,
    metrics: TcpAddress | None,
    page: TcpAddress | None,
    log: LogSettings,
    tls: Tls | None,
    join: TcpAddress | None,
) -> None:
    from vllm_bridge.pool.server.server import PoolServer

    # `stop`: at once.
    asked, stop = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def signalled(number: signal.Signals) -> None:
        if embedded or asked.is_set() or number is not signal.SIGTERM:
            stop.set()
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # One that is ignored already stays so: that is what nohup does.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, signalled, number)
    server = PoolServer(resources, settings, token, log, tls)
    bar = StartupBar(server.ranks_up)
    try:
        ready: dict[str, object] = {"pid": os.getpid(), "version": __version__}
        if metrics is not None:
            ready["metrics"] = str(await server.start_metrics(metrics))
        if page is not None:
            ready["page"] = await server.start_page(page)
        if join is not None:
            ready["join"] = str(await server.start_joins(join))
        ready["endpoint"] = str(await server.start(address))
        logs.log(_logger, logging.INFO, f"listening on {ready['endpoint']}", pid=os.getpid())
        if page is not None:
            logs.log(_logger, logging.INFO, f"the page is at {ready['page']}")
        print(json.dumps(ready), flush=True)
        bar.start()
        if embedded:
            # Whatever ends it: an embedded server without its owner has to leave.
            background.thread(
                "stdin",
                _wait_for_end_of_stdin,
                loop,
                partial(signalled, signal.SIGHUP),
                failed=lambda _: loop.call_soon_threadsafe(signalled, signal.SIGHUP),
            ).start()
        await asked.wait()
        if not stop.is_set():
            within = settings.drain_seconds
            text = f"draining: what runs has {within.total_seconds():g} s to come to its end"
            logs.log(_logger, logging.INFO, text)
            await server.drain(within, stop)
        logs.log(_logger, logging.INFO, "stopping")
    finally:
        bar.stop()
        await server.stop()


def _check_confinement(settings: ServerSettings) -> None:
    """Say once what this machine cannot confine; refuse where the operator has asked for it."""
    confined = [pool for pool in settings.pools.values() if pool.policy.mode != OFF]
    if not confined or not (lacks := missing()):
        return
    for pool in confined:
        if pool.confine is not None:
            raise ListenError(
                f"--confine {pool.confine} cannot be had on this machine: {lacks}. Without "
                "--confine ranks run all the same, with what there is; --confine off wants none"
            )
    logs.log(_logger, logging.WARNING, f"ranks are not fully confined: {lacks}")


def _http_address(text: str | None, what: str) -> TcpAddress | None:
    address = _tcp_address(text, f"{what} served over HTTP; give HOST:PORT")
    if address is not None:
        with claimed(address):
            pass
    return address


def _tcp_address(text: str | None, rule: str) -> TcpAddress | None:
    if text is None:
        return None
    address = parse_address(text)
    if not isinstance(address, TcpAddress):
        raise ListenError(f"{text!r}: {rule}")
    return address


def _raise_file_limit() -> None:
    # Three descriptors a rank; the usual soft limit of 1,024 is for programs that use select().
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _wait_for_end_of_stdin(loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> None:
    # A thread, because stdin may be a file or a terminal, which epoll does not take.
    try:
        while os.read(_STDIN, 4096):
            pass
    except OSError:
        pass
    loop.call_soon_threadsafe(ended)


def memory_directory(base: Path = BASE) -> RuntimeDir | None:
    """The server's own directory for shared memory; None where there can be none."""
    if not base.is_dir():
        return None
    try:
        return RuntimeDir.create(base)
    except (ListenError, OSError):
        return None
