"""Many threads on one frames connection: none waits for ever, none gets another's answer."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from frames_harness import FramesServer, Peer, echo
from pool_harness import FAKE, SHORT

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.client._frames.connection import Connection
from vllm_bridge.transport.frames.calling import Cancelled, FrameFailure, NotSent

pytestmark = pytest.mark.timeout(100)

ECHO = FAKE + "Echo"
THREADS = 12


def out_of_order(seed: int, calls: int = 0) -> Callable[[Peer], None]:
    """Answers half of the calls at once and half when it pleases; leaves after so many calls."""

    def serve(peer: Peer) -> None:
        choose = random.Random(seed)
        waiting: list[Frame] = []
        lock, over = threading.Lock(), threading.Event()

        def late() -> None:
            while not over.wait(0.002):
                with lock:
                    choose.shuffle(waiting)
                    some = [waiting.pop() for _ in range((len(waiting) + 1) // 2)]
                for frame in some:
                    peer.reply(frame.id, frame.call.body)

        thread = threading.Thread(target=late)
        thread.start()
        for frame in peer.frames():
            if calls and len(peer.received) == calls:
                break
            if frame.WhichOneof("kind") != "call" or frame.call.body.startswith(b"never"):
                continue
            if choose.random() < 0.5:
                peer.reply(frame.id, frame.call.body)
            else:
                with lock:
                    waiting.append(frame)
        over.set()
        thread.join()

    return serve


def calls_of(connection: Connection, seed: int, number: int) -> Counter[str]:
    """What a thread does: it calls, lets deadlines pass, is cancelled, and collects later."""
    choose, did = random.Random(seed), Counter[str]()
    for turn in range(number):
        body = f"{seed}-{turn}-".encode() * choose.choice([1, 1, 1, 200, 4000])
        what = choose.random()
        if what < 0.5:
            assert connection.begin(ECHO, body, SHORT * 6, ()).answer() == body
            did["called"] += 1
        elif what < 0.6:
            short = timedelta(milliseconds=choose.randint(1, 20))
            with pytest.raises(FrameFailure) as caught:
                connection.begin(ECHO, b"never", short, ()).answer()
            if caught.value.code() is grpc.StatusCode.UNAVAILABLE:
                raise caught.value
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            did["too late"] += 1
        elif what < 0.7:
            call = connection.begin(ECHO, b"never", None, ())
            threading.Timer(choose.random() / 100, call.cancel).start()
            with pytest.raises(Cancelled):
                call.answer()
            did["cancelled"] += 1
        else:
            bodies = [body + bytes([place]) for place in range(choose.randint(1, 20))]
            later = [connection.begin(ECHO, each, SHORT * 6, (), later=True) for each in bodies]
            pairs = list(zip(later, bodies, strict=True))
            choose.shuffle(pairs)
            for call, each in pairs:
                if choose.random() < 0.1:
                    call.cancel()
                else:
                    assert call.answer() == each
            did["collected"] += 1
    return did


@pytest.mark.parametrize("seed", [1, 2])
def test_each_gets_its_own_answer(short_tmp: Path, seed: int) -> None:
    server = FramesServer(short_tmp / f"t{seed}.sock", out_of_order(seed))
    connection = Connection(server.path)
    with ThreadPoolExecutor(THREADS) as threads:
        work = [threads.submit(calls_of, connection, seed * 100 + n, 40) for n in range(THREADS)]
        done = sum((each.result(90) for each in work), Counter[str]())
    assert done.keys() == {"called", "too late", "cancelled", "collected"}
    assert done.total() == THREADS * 40
    assert (connection._open, connection._later, connection._leading) == ({}, 0, False)
    connection.close()
    server.close()


@pytest.mark.parametrize("seed", [3, 4])
def test_all_hear_of_a_connection_that_ends(short_tmp: Path, seed: int) -> None:
    server = FramesServer(short_tmp / f"t{seed}.sock", out_of_order(seed, calls=400))
    connection = Connection(server.path)

    def work(number: int) -> str:
        try:
            calls_of(connection, number, 1_000)
        except NotSent:
            return "not sent"
        except FrameFailure as failure:
            return failure.code().name
        return "never ended"

    with ThreadPoolExecutor(THREADS) as threads:
        ends = [each.result(90) for each in [threads.submit(work, n) for n in range(THREADS)]]
    assert set(ends) <= {"not sent", "UNAVAILABLE"}
    assert connection.over
    assert (connection._open, connection._later, connection._leading) == ({}, 0, False)
    connection.close()
    server.close()


def test_ctrl_c_gives_up_the_call_and_nothing_else(short_tmp: Path) -> None:
    server = FramesServer(short_tmp / "int.sock", echo)
    connection = Connection(server.path)
    with ThreadPoolExecutor(1) as threads:
        begin = time.monotonic()
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            # This thread leads, and is interrupted while it waits.
            connection.begin(ECHO, b"silence", SHORT * 6, ()).answer()
        assert time.monotonic() - begin < 30
        other = threads.submit(connection.begin(ECHO, b"1", SHORT, ()).answer)
        assert other.result(20) == b"1"
    assert connection.begin(ECHO, b"2", SHORT, ()).answer() == b"2"
    assert "cancel" in server.kinds()
    assert len(server.peers) == 1
    connection.close()
    server.close()
