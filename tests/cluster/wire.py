"""A wire between two networks: `wire.py NETWORK NETWORK DELAY_S LOSS`, until it is killed."""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import selectors
import struct
import sys
import time

_SET_INTERFACE, _TUN, _NO_HEADER = 0x400454CA, 0x0001, 0x1000  # TUNSETIFF and its flags
_NEW_NETWORK = 0x40000000
_LARGEST_PACKET = 65536
# What a wire holds; beyond that it loses packets, as a queue of a router does.
_MOST_WAITING = 20_000


def end_in(network: str) -> int:
    """Return one end of the wire, an interface `wire` of a network."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{network}") as there:
        if libc.setns(there.fileno(), _NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, _SET_INTERFACE, struct.pack("16sH22x", b"wire", _TUN | _NO_HEADER))
    return end


def main(one: str, other: str, delay_s: float, loss: float) -> None:
    """Carry packets."""
    ends = [end_in(one), end_in(other)]
    print("laid", flush=True)
    chance = random.Random(1)
    waiting: list[tuple[float, int, int, bytes]] = []
    number = 0
    with selectors.DefaultSelector() as ready:
        for at, end in enumerate(ends):
            ready.register(end, selectors.EVENT_READ, ends[1 - at])
        while True:
            left = waiting[0][0] - time.monotonic() if waiting else None
            for key, _ in ready.select(None if left is None else max(left, 0)):
                try:
                    packet = os.read(key.fd, _LARGEST_PACKET)
                except BlockingIOError:
                    continue
                if chance.random() >= loss and len(waiting) < _MOST_WAITING:
                    number += 1
                    due = time.monotonic() + delay_s
                    heapq.heappush(waiting, (due, number, key.data, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, to, packet = heapq.heappop(waiting)
                try:
                    os.write(to, packet)
                except OSError:  # its interface is down, or full: the packet is lost
                    continue


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
