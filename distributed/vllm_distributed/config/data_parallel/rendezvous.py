"""How the replicas of a configuration come together in a group outside of torch's world.

They know an address and a row of ports, of which another process may have taken the first. Rank 0
listens on the first free one; the others try each until one answers as rank 0 does. So all of them
go on to the next port, though only rank 0 can know that it must. When all are there rank 0 says so
and the listening socket becomes that of the group's store; until then a rank that does not come is
an error that names it, on every rank.

With a store to tell each other ports through (`_coord_store_port`) rank 0 takes any free one.
"""

from __future__ import annotations

import errno
import socket
import time
from contextlib import ExitStack, suppress
from typing import Any

from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.bounded import GRACE_S, UnansweredError, bounded
from vllm_distributed.compat.torch_internals import TCPStore
from vllm_distributed.config.data_parallel.ports import bound
from vllm_distributed.config.fields import ParallelFields
from vllm_distributed.durations import of_seconds
from vllm_distributed.errors import InvalidArgumentError, RendezvousError, RendezvousTimeoutError

__all__ = ["make_dp_group"]

_PORTS_TO_TRY = 5
_DEFAULT_TIMEOUT_S = 300
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.005, 0.1
# How long a connection may take to send its first line. A stranger's may never send one.
_LINE_S = 1.0
_LONGEST_LINE = 64
_GO = b"go\n"


def make_dp_group(config: ParallelFields) -> tuple[ProcessGroup, Any]:
    """Return the next group of one rank per replica, and its store.

    See `stateless_init_dp_group`.
    """
    # Imported here: stateless groups need most of the package, configurations do not.
    from vllm_distributed.process_groups.stateless import (
        stateless_init_torch_distributed_process_group,
    )

    timeout = of_seconds(
        config.cpu_distributed_timeout_seconds
        or config.distributed_timeout_seconds
        or _DEFAULT_TIMEOUT_S
    )
    if config.data_parallel_size > 1:
        entry.about_to_send()
    timeout_s = timeout.total_seconds()
    try:  # looking up a host does not look at the time, nor at signals
        port, listener = bounded(
            lambda: _agree_on_port(config, timeout_s),
            time.monotonic() + timeout_s + GRACE_S,
            discard=lambda late: late[1].close() if late[1] is not None else None,
        )
    except UnansweredError as error:
        port = config._coord_store_port or config.data_parallel_master_port
        raise RendezvousTimeoutError(
            f"data parallel rank {config.data_parallel_rank} of {config.data_parallel_size} did "
            f"not find the others at host {config.data_parallel_master_ip}, port {port}, within "
            f"{timeout_s:g} s: its name is not looked up, or it does not answer",
            host=config.data_parallel_master_ip,
            port=port,
            missing=[0],
            timeout_s=timeout_s,
        ) from error
    try:
        return stateless_init_torch_distributed_process_group(
            config.data_parallel_master_ip,
            port,
            config.data_parallel_rank,
            config.data_parallel_size,
            "gloo",  # what replicas agree on is on the CPU
            return_store=True,
            listen_socket=listener,
            timeout=timeout,
        )
    except BaseException:
        if listener is not None:
            listener.close()
        raise  # made, the group owns it, and closes it when it ends


def _agree_on_port(config: ParallelFields, timeout_s: float) -> tuple[int, socket.socket | None]:
    """Return the port of the group's store and, on rank 0, the socket that listens on it."""
    host, rank = config.data_parallel_master_ip, config.data_parallel_rank
    listener: socket.socket | None = None
    if config.data_parallel_size == 1:
        return config.data_parallel_master_port, None
    if config._coord_store_port:
        return _through_store(config, host, timeout_s)
    ports = _take_ports(config)
    try:
        deadline = time.monotonic() + timeout_s
        if rank == 0:
            listener = _first_free(host, ports)
            port = listener.getsockname()[1]
            _gather_peers(listener, config.data_parallel_size, deadline, timeout_s)
        else:
            port = _find_rank_0(host, ports, rank, config.data_parallel_size, deadline, timeout_s)
    except BaseException:
        config._put_ports_back(ports)
        raise
    config._put_ports_back(ports[ports.index(port) + 1 :])
    return port, listener


def _take_ports(config: ParallelFields) -> list[int]:
    ports = [config._next_port() for _ in range(_PORTS_TO_TRY)]
    if 0 in ports:
        config._put_ports_back(ports)
        raise InvalidArgumentError(
            "data_parallel_master_port=0 leaves the replicas without a port to meet at: set it to "
            "one, the same on every rank"
        )
    return ports


# Rank 0


def _first_free(host: str, ports: list[int]) -> socket.socket:
    for port in ports:
        try:
            return bound(host, port, socket.SOMAXCONN)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise RendezvousError(
                    f"rank 0 cannot listen on host {host}, port {port} ({error}): set "
                    f"data_parallel_master_ip to an address of this machine",
                    host=host,
                    port=port,
                ) from error
    raise RendezvousError(
        f"rank 0 cannot listen on host {host}: ports {_listed(ports)} are all taken; set "
        f"data_parallel_master_port to one that nobody uses, the same on every rank",
        host=host,
        ports=ports,
    )


def _gather_peers(listener: socket.socket, size: int, deadline: float, timeout_s: float) -> None:
    """Return when every other rank has come, and been told so. Closes the listener if not."""
    peers: dict[int, socket.socket] = {}
    with ExitStack() as connections:
        try:
            while len(peers) < size - 1:
                connection = connections.enter_context(_accept(listener, deadline))
                rank = _rank_that_greets(connection, size)
                if rank is None or rank in peers:  # a stranger, or one of another group
                    connection.close()
                    continue
                with suppress(OSError):  # it has gone, and may come again
                    connection.sendall(_welcome(size))
                    peers[rank] = connection
        except TimeoutError as error:
            missing = sorted(set(range(1, size)) - set(peers))
            place = "host {}, port {}".format(*listener.getsockname()[:2])
            listener.close()
            raise RendezvousTimeoutError(
                f"data parallel ranks {_listed(missing)} of {size} did not come to {place} within "
                f"{timeout_s:g} s: start them, with the same data_parallel_master_ip and port",
                missing=missing,
                timeout_s=timeout_s,
            ) from error
        except OSError as error:
            listener.close()
            raise RendezvousError(
                f"rank 0 cannot accept the other data parallel ranks: {error}; raise the limit of "
                f"open files (ulimit -n) where that is it",
                missing=sorted(set(range(1, size)) - set(peers)),
            ) from error
        except BaseException:
            listener.close()
            raise
        for connection in peers.values():
            with suppress(OSError):  # it has gone since: the making of the group will say so
                connection.sendall(_GO)
        listener.settimeout(None)


def _accept(listener: socket.socket, deadline: float) -> socket.socket:
    listener.settimeout(max(deadline - time.monotonic(), 0.001))
    return listener.accept()[0]


def _rank_that_greets(connection: socket.socket, size: int) -> int | None:
    line = _read_line(connection, _LINE_S)
    return next((rank for rank in range(1, size) if line == _greeting(rank, size)), None)


# The others


def _find_rank_0(
    host: str, ports: list[int], rank: int, size: int, deadline: float, timeout_s: float
) -> int:
    pause = _FIRST_RETRY_S
    while True:
        for port in ports:
            with suppress(OSError):
                if _join(host, port, rank, size, deadline):
                    return port
            if time.monotonic() >= deadline:
                raise RendezvousTimeoutError(
                    f"data parallel rank {rank} of {size} did not find rank 0 at host {host}, "
                    f"ports {_listed(ports)}, or not all ranks came, within {timeout_s:g} s: start "
                    f"all of them, with the same data_parallel_master_ip and port",
                    host=host,
                    ports=ports,
                    rank=rank,
                    timeout_s=timeout_s,
                )
        time.sleep(pause)  # rank 0 does not listen yet: there is nothing to wait on but time
        pause = min(pause * 2, _LONGEST_RETRY_S)


def _join(host: str, port: int, rank: int, size: int, deadline: float) -> bool:
    """Return whether rank 0 is at this port and all ranks have come to it."""
    left_s = max(deadline - time.monotonic(), 0.001)
    with socket.create_connection((host, port), timeout=min(left_s, _LINE_S)) as connection:
        connection.sendall(_greeting(rank, size))
        if _read_line(connection, min(left_s, _LINE_S)) != _welcome(size):
            return False
        return _read_line(connection, max(deadline - time.monotonic(), 0.001)) == _GO


# Through a store


def _through_store(
    config: ParallelFields, host: str, timeout_s: float
) -> tuple[int, socket.socket | None]:
    key = f"vllm_distributed/dp_group/{config._next_group_number()}"
    listener: socket.socket | None = None
    try:
        store = TCPStore(
            host_name=host,
            port=config._coord_store_port,
            is_master=False,
            timeout=of_seconds(timeout_s),
            wait_for_workers=False,
        )
        if config.data_parallel_rank == 0:
            listener = bound(host, 0, socket.SOMAXCONN)
            store.set(key, str(listener.getsockname()[1]))
        return int(store.get(key)), listener
    except (RuntimeError, OSError) as error:
        if listener is not None:
            listener.close()
        raise RendezvousTimeoutError(
            f"data parallel rank {config.data_parallel_rank} of {config.data_parallel_size} did "
            f"not learn rank 0's port through the store at host {host}, port "
            f"{config._coord_store_port}, within {timeout_s:g} s ({error})",
            host=host,
            port=config._coord_store_port,
            timeout_s=timeout_s,
        ) from error


# Sockets and lines


def _greeting(rank: int, size: int) -> bytes:
    return f"vllm_distributed dp rank {rank} of {size}\n".encode()


def _welcome(size: int) -> bytes:
    return f"vllm_distributed dp rank 0 of {size}\n".encode()


def _read_line(connection: socket.socket, seconds: float) -> bytes:
    """Return a line, or what there was of it when the time, the length or the sender ended it."""
    end, line = time.monotonic() + seconds, b""
    with suppress(OSError):
        while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
            connection.settimeout(max(end - time.monotonic(), 0.001))
            # One byte at a time: what follows the line is not ours to read.
            byte = connection.recv(1)
            if not byte:
                break
            line += byte
    return line


def _listed(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers)
