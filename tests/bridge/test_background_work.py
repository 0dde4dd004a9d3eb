"""No task and no thread ends in silence: each is listed, raises once, and what follows is seen.

A new one has to go through `background`, and to be listed with a test.
"""

from __future__ import annotations

import ast
import asyncio
import functools
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from frames_harness import FramesServer
from pool_harness import eventually

import vllm_distributed
from vllm_bridge import version
from vllm_bridge._generated import pool_pb2, types_pb2
from vllm_bridge.client import connect
from vllm_bridge.client._frames.connection import Connection
from vllm_bridge.codec.errors import BridgeError, detail_in
from vllm_bridge.pool.calls import idle_watch
from vllm_bridge.pool.frames.client_frames import ClientFrames, FrameContext
from vllm_bridge.pool.frames.rank_frames import RankFrames
from vllm_bridge.pool.launchers import local as launcher_module
from vllm_bridge.pool.launchers import stderr as stderr_module
from vllm_bridge.pool.launchers.forkserver_process import spawn_forkserver
from vllm_bridge.pool.launchers.local import LocalRank
from vllm_bridge.pool.launchers.stderr import StderrForwarder
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.observe.metrics_server import MetricsServer
from vllm_bridge.pool.ranks.factory import RankFactory
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.server import service
from vllm_bridge.pool.server.health import Health
from vllm_bridge.pool.server.server import PoolServer, Resources
from vllm_bridge.pool.sessions import shared_memory
from vllm_bridge.pool.sessions.attachments import Attachments
from vllm_bridge.pool.sessions.expiry import IdleClock
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.pool.settings import PoolSettings, ServerSettings
from vllm_bridge.pool.worlds import gate as gate_module
from vllm_bridge.pool.worlds.gate import Gate
from vllm_bridge.pool.worlds.world_spec import WorldSpec
from vllm_bridge.process import background
from vllm_bridge.process.runtime_dir import RuntimeDir
from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.journal import Journal
from vllm_bridge.rank.transfers import Transfer, Transfers
from vllm_bridge.transport.address import UnixAddress
from vllm_bridge.transport.frames.calling import FrameFailure
from vllm_distributed.errors import CollectiveError
from vllm_distributed.handles import WorkHandle
from vllm_distributed.transports.queue.sockets import SocketWriter
from vllm_distributed.transports.shm.messages.progress import Progress, keep_going

HERE = Path(__file__).parent
PACKAGES = [Path(version.__file__).parent, Path(vllm_distributed.__file__).parent]

# What is begun, as the sources name it; `{}` is whatever is filled in.
LISTED = {
    "awaited": {
        # Their outcome is that of whoever waits.
        "a call in parts",
        "a call of a world",
        "a rank of World.run",
        "a wish to stop at once",
        "a wish to stop the world",
        "changing a world ({})",
        "changing the ranks of {}",
        "draining",
        "ending a rendezvous",
        "opening a session",
        "launching the ranks of a world",
        "a rank of Ray's",
        "connecting to a Ray cluster",
        "starting a rank with Ray",
        "preparing the ranks of a world",
        "registering a session",
        "starting a rank of a world",
        "the end of a world",
        "waiting for the end of a spare rank",
    },
    "task": {
        "telling of progress",
        "a call in frames",
        "a connection of the page",
        "a future of a world",
        "a rank that dials in",
        "a scrape of the metrics",
        "accepting ranks that dial in",
        "asking ranks what they do",
        "closing an iterator",
        "ending a rank",
        "ending spare ranks",
        "ending what a client owned",
        "ending {}",
        "expiring a session",
        "filling a place of the pool",
        "killing a rank",
        "listening for the page",
        "looking whether a rank is idle",
        "making spare ranks",
        "stopping {}",
        "the health service",
        "the page's feed",
        "the page's lines",
        "turns of a client",
        # tests/cluster/test_ray.py: what depends on them is the worlds of that process.
        "freeing a placement group",
        "hearing of Ray",
        "waiting for the end of Ray",
        "waiting for the end of the forkserver",
        "watching a rank",
    },
    "in_thread": {"removing shared memory"},
    "thread": {
        "World.run",
        # In the process that runs Ray, and in its actors: the pool hears of the end of either.
        "a rank's output",
        "a rank's process",
        "an operation of Ray",
        "leaving the cluster",
        "what Ray says",
        "a call of a world",
        "a future of a world",
        "answers to collect",
        # tests/bridge/test_traces.py
        "export of traces",
        "closing an iterator",
        "forkserver",
        "frames",
        "parts of a call",
        "rank-executor",
        "stderr",
        "stdin",
        "telemetry-controls",
        "telling of progress",
        "a bar of progress",
        "transfers",
        "turns of a client",
    },
    "background_thread": {
        "call that is waited for",
        "connection to the store",
        "line",
        "message queue",
        "publisher of events",
        "worker that moves experts",
        "progress",
        # tests/ranks/test_flight.py
        "the watchdog of operations",
        "{} {}",
    },
}


def named(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr), "the name of background work is written where it begins"
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


@functools.cache
def calls() -> list[tuple[Path, ast.Call, str]]:
    """Every call in the sources, with the last part of what is called."""
    return list(_calls())


def _calls() -> Iterator[tuple[Path, ast.Call, str]]:
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, (ast.Attribute, ast.Name)):
                    function = node.func
                    name = function.attr if isinstance(function, ast.Attribute) else function.id
                    yield path, node, name


def test_all_background_work_is_begun_in_one_place() -> None:
    beginning = {"create_task", "ensure_future", "Thread", "run_in_executor", "start_new_thread"}
    elsewhere = [
        f"{path.name}:{node.lineno}"
        for path, node, name in calls()
        if name in beginning and path.name != "background.py"
    ]
    assert not elsewhere, "begin it with `background.task` or `background.thread`"


# Where a timer of the loop goes off: what it calls has to set the next one whatever happens.
TIMERS = {
    "sessions/attachments.py": 1,  # once for each client that is gone
    "sessions/expiry.py": 1,
    # Once for each call; for a connection that is not read, or sends no more of a frame.
    "frames/client_frames.py": 4,
    "frames/rank_frames.py": 1,  # once for each call
    "aio/_awaiting.py": 1,  # once for what lasts too long
    "aio/_frames.py": 1,  # once for each call
    "page/http.py": 1,  # once for each wait for a client
    "logs/hub.py": 1,  # once for each rank that has died
    "worlds/gate.py": 3,
    "joins/joined.py": 1,  # once for each rank whose connection has ended
    "ranks/rank.py": 1,
}


def test_all_timers_are_listed() -> None:
    found: dict[str, int] = {}
    for path, _, name in calls():
        if name in ("call_later", "call_at"):
            place = f"{path.parent.name}/{path.name}"
            found[place] = found.get(place, 0) + 1
    assert found == TIMERS


def test_the_timers_go_off_again_after_one_has_failed(
    once: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        # Sessions expire though one could not.
        expired: list[str] = []

        def expire(entry: SessionEntry) -> None:
            if not expired:
                expired.append("none")
                raise RuntimeError("no")
            clock.remove(entry)
            expired.append(entry.session_id)

        clock = IdleClock(timedelta(milliseconds=5), expire)
        for name in ("one", "two"):
            clock.touch(SessionEntry(name, pool_pb2.HINT))
        await until(lambda: len(expired) == 3)
        assert told(caplog, "expiring a session")

        # Late calls are refused though that failed once.
        monkeypatch.setattr(gate_module, "_PAUSE_S", 0.05)
        gate = Gate(Observer(), lambda world_id, epoch, number: "")
        refused: list[int] = []
        gate._referee.expire = lambda tell: refused.append(1) or []  # type: ignore[func-returns-value, method-assign, assignment]
        once(gate._referee, "expire")
        gate._expire()
        assert told(caplog, "refusing calls that are late")
        await until(lambda: refused)

    asyncio.run(run())


def test_all_background_work_is_listed() -> None:
    found: dict[str, set[str]] = {kind: set() for kind in LISTED}
    for path, node, name in calls():
        of_module = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        of_ours = of_module and node.func.value.id == "background"  # type: ignore[attr-defined]
        ours = of_ours or name == "background_thread"
        if ours and name in found and path.name != "background.py":
            found[name].add(named(node.args[0]))
    assert found == LISTED


Once = Callable[[Any, str], "list[int]"]


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> Once:
    """Make a function, of a class or a module, raise the first time it is called."""

    def install(where: Any, name: str, error: type[Exception] = RuntimeError) -> list[int]:
        original = getattr(where, name)
        raised: list[int] = []

        @functools.wraps(original)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            if not raised:
                raised.append(1)
                raise error("made to fail once")
            return original(*args, **kwargs)

        monkeypatch.setattr(where, name, replacement)
        return raised

    return install


def told(caplog: pytest.LogCaptureFixture, what: str) -> bool:
    """Whether the log says that this has failed, with the traceback."""
    return any(
        record.message == f"{what} failed" and record.exc_info is not None
        for record in caplog.records
        if record.levelno == logging.ERROR
    )


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    give_up_at = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < give_up_at, "it never came to that"
        # The pace of looking.
        await asyncio.sleep(0.01)


@pytest.fixture
def serving(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[PoolServer], Awaitable[None]]], None]:
    """Run a server of one fake rank in this process, while a coroutine looks at it."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *map(str, _roots())]))

    def run(look: Callable[[PoolServer], Awaitable[None]]) -> None:
        runtime_dir = RuntimeDir.create(short_tmp)

        async def serve() -> None:
            settings = ServerSettings(
                pools={"default": PoolSettings(size=1)}, entry_point="fake_rank:main"
            )
            forkserver = spawn_forkserver(settings.entry_point, runtime_dir.path)
            server = PoolServer(Resources(runtime_dir, forkserver), settings, None)
            try:
                await server.start(UnixAddress(runtime_dir.path / "pool.sock"))
                await look(server)
            finally:
                await asyncio.wait_for(server.stop(), 20)

        try:
            asyncio.run(serve())
        finally:
            runtime_dir.remove()

    return run


def _roots() -> list[Path]:
    return [package.parent for package in PACKAGES]


def ready(server: PoolServer) -> list[Rank]:
    return server._pools.get("").standalone.ready()


@pytest.mark.parametrize("error", [RuntimeError, OSError])
def test_a_place_that_could_not_be_filled_is_filled_again(
    serving: Any, once: Any, error: type[Exception]
) -> None:
    raised = once(RankFactory, "create", error)

    async def look(server: PoolServer) -> None:
        await until(lambda: raised)
        await until(lambda: ready(server))

    serving(look)


def test_a_place_is_filled_again_though_forkserver_and_socket_file_are_gone(
    serving: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def look(server: PoolServer) -> None:
        await until(lambda: ready(server))
        (first,) = ready(server)
        (path,) = server._launcher._owned
        path.unlink()
        server._launcher._current._process.popen.kill()
        await until(lambda: ready(server) and ready(server) != [first])
        assert "another takes its place" in caplog.text

    with caplog.at_level(logging.WARNING):
        serving(look)


@pytest.mark.parametrize(
    ("where", "function", "what"),
    [
        (launcher_module, "describe_status", "waiting for the end of the forkserver"),
        (launcher_module._Forkserver, "_end", "waiting for the end of the forkserver"),
    ],
)
def test_a_forkserver_whose_end_cannot_be_told_is_replaced(
    serving: Any, once: Any, caplog: pytest.LogCaptureFixture, where: Any, function: str, what: str
) -> None:
    async def look(server: PoolServer) -> None:
        await until(lambda: ready(server))
        (first,) = ready(server)
        once(where, function)
        server._launcher._current._process.popen.kill()
        await until(lambda: told(caplog, what))
        await until(lambda: ready(server) and ready(server) != [first])

    serving(look)


def test_a_forkserver_that_nobody_waits_for_is_replaced(
    serving: Any, once: Any, caplog: pytest.LogCaptureFixture
) -> None:
    once(launcher_module._Forkserver, "_wait")

    async def look(server: PoolServer) -> None:
        await until(lambda: told(caplog, "forkserver"))
        await until(lambda: ready(server))

    serving(look)


def test_a_rank_that_is_not_watched_is_ended_and_replaced(
    serving: Any, once: Any, caplog: pytest.LogCaptureFixture
) -> None:
    once(LocalRank, "wait")

    async def look(server: PoolServer) -> None:
        await until(lambda: told(caplog, "watching a rank"))
        await until(lambda: ready(server))
        (rank,) = ready(server)
        assert rank.rank_id != "rank-0"

    serving(look)


@pytest.mark.parametrize("what", ["killing a rank", "ending a rank"])
def test_a_rank_that_could_not_be_killed_is_told_of(
    serving: Any, once: Any, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    async def look(server: PoolServer) -> None:
        await until(lambda: ready(server))
        (rank,) = ready(server)
        once(LocalRank, "kill")
        if what == "killing a rank":
            rank._heartbeat_at = -1_000.0
            rank._kill_soon("it was asked for")
        else:
            rank._control_over()
        await until(lambda: told(caplog, what))
        if what == "ending a rank":
            await rank.kill()
        # Another try ends it, by itself where it was in the way; and its place is filled.
        await until(lambda: ready(server) and ready(server) != [rank])

    serving(look)


def test_a_rank_in_doubt_is_free_again_when_looking_fails(
    serving: Any, once: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def look(server: PoolServer) -> None:
        await until(lambda: ready(server))
        (rank,) = ready(server)
        once(idle_watch, "_calls_on")
        watch = idle_watch.IdleWatch(lambda _: None, lambda _: None)
        watch.doubt(rank)
        await until(lambda: told(caplog, "looking whether a rank is idle"))
        assert not rank.busy_elsewhere

    serving(look)


def test_the_end_of_sessions_worlds_and_memory_is_told_of_when_it_fails(
    serving: Any, once: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def look(server: PoolServer) -> None:
        await until(lambda: ready(server))
        session = await server._sessions.open("one", "", 0, "")
        once(type(server._sessions), "_end")
        server._sessions._begin_to_expire(session)
        await until(lambda: told(caplog, "expiring a session"))
        assert "one" in server._sessions._live, "its next expiry tries again"
        spec = WorldSpec.from_request(
            pool_pb2.StartWorldRequest(tensor_parallel_size=1, gate=False), PoolSettings()
        )
        world = await server._worlds.start("here", spec)
        once(Rank, "kill")
        server._worlds.rank_died(world, world.ranks[0], "it was said to be dead")
        await until(lambda: told(caplog, "ending here"))
        other = await server._worlds.start("there", spec)
        once(Rank, "stop")
        with pytest.raises(RuntimeError, match="once"):
            await server._worlds.stop(other.world_id)
        await until(lambda: told(caplog, "stopping there"))

    serving(look)


def test_the_health_service_goes_on(once: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        health = Health(list)
        once(Health, "_set_all")
        health.start()
        await until(lambda: told(caplog, "the health service"))
        seen: list[int] = []
        health._pools = lambda: seen.append(1) or []  # type: ignore[func-returns-value]
        health.changed()
        await until(lambda: seen)
        await health.stop()

    asyncio.run(run())


def test_what_a_client_owned(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async def gone(client_id: str, why: str) -> None:
            raise RuntimeError(f"{client_id} {why}")

        attachments = Attachments(timedelta(0), 10, gone)
        with attachments.owner("somebody"):
            pass
        await until(lambda: told(caplog, "ending what a client owned"))
        attachments.stop()

    asyncio.run(run())


def test_a_call_in_frames(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async def serve(method: str, body: bytes, context: FrameContext) -> bytes:
            if body == b"fail":
                raise RuntimeError("no")
            return body

        server = ClientFrames(serve, 0)
        await server.start(tmp_path / "s")
        rank = RankFrames(f"unix:{tmp_path}/s")
        with pytest.raises(FrameFailure) as caught:
            await rank.call("/a.B/C", b"fail", 30.0, ())
        detail = detail_in(caught.value.trailing_metadata())
        assert detail is not None
        assert detail.reason == "internal_error"
        await until(lambda: told(caplog, "a call in frames"))
        assert (await rank.call("/a.B/C", b"fine", 30.0, ())).body == b"fine"
        rank.close()
        await server.stop(0.1)

    asyncio.run(run())


def test_a_scrape(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        answers: list[int] = []

        async def scrape(accept: str) -> tuple[str, bytes]:
            if not answers:
                answers.append(1)
                raise RuntimeError("no")
            return "text/plain", b"fine"

        server = MetricsServer(scrape)
        port = await server.start("127.0.0.1", 0)
        try:
            for expected in (b"", b"fine"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                try:
                    answer = await reader.read()
                except ConnectionResetError:
                    answer = b""
                assert answer.endswith(expected)
                writer.close()
        finally:
            await server.close()
        assert told(caplog, "a scrape of the metrics")

    asyncio.run(run())


def test_asking_ranks_what_they_do(once: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        gate = Gate(Observer(), lambda world_id, epoch, number: "")
        loop = asyncio.get_running_loop()
        gate._referee.due = loop.time  # type: ignore[method-assign]
        gate._referee.expire = lambda tell: []  # type: ignore[method-assign, assignment]
        once(Gate, "_ask_rank")
        once(gate._referee, "waiting")
        gate._ask()
        await until(lambda: told(caplog, "asking ranks what they do"))
        # Those who wait are refused all the same.
        assert gate._timer is not None
        gate._timer.cancel()

    asyncio.run(run())


def test_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    written = threading.Event()
    forms: list[OSError] = [BrokenPipeError(), BlockingIOError()]
    real = os.write

    def fail(descriptor: int, data: bytes) -> int:
        if forms:
            raise forms.pop(0)
        count = real(write, data)
        written.set()
        return count

    monkeypatch.setattr(stderr_module.os, "write", fail)
    forwarder = StderrForwarder()
    for line in (b"lost\n", b"one\n"):
        forwarder.put(line)
        # Lines that wait are written together.
        forwarder.flush(10)
    assert written.wait(10)
    forwarder.flush(10)
    assert b"1 lines of output dropped" in (text := os.read(read, 4096))
    assert text.endswith(b"one\n")
    os.close(read)
    os.close(write)


def test_threads_and_what_depends_on_them(caplog: pytest.LogCaptureFixture) -> None:
    """`stdin`, `telemetry-controls`, `World.run`: whoever waits hears of it."""
    failed: list[BaseException] = []

    def work(value: int) -> None:
        raise ValueError(value)

    thread = background.thread("stdin", work, 7, failed=failed.append)
    thread.start()
    thread.join(10)
    assert told(caplog, "stdin")
    assert str(failed[0]) == "7"
    assert background.defect("it", failed[0]).reason == "internal_error"
    assert background.defect("it", kept := BridgeError.from_detail(_detail())) is kept


def test_the_thread_that_reads_answers_to_collect(
    once: Any, short_tmp: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = FramesServer(short_tmp / "collect.sock", lambda peer: list(peer.frames()))
    connection = Connection(server.path)
    once(Connection, "_step")
    call = connection.begin("/a.b/C", b"", None, (), later=True)
    eventually(lambda: told(caplog, "answers to collect"))
    # Nobody waits for an answer that nobody reads.
    with pytest.raises(FrameFailure, match="reading it failed"):
        call.answer()
    assert connection.over
    connection.close()
    server.close()


def _detail() -> Any:
    return types_pb2.ErrorDetail(category=types_pb2.ErrorDetail.POOL, reason="any")


def test_the_threads_of_calls_in_parts(once: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Context:
        def is_active(self) -> bool:
            return True

    class Broken:
        def __iter__(self) -> Any:
            raise SystemExit("not even an Exception")

    context: Any = Context()
    transfers = Transfers()
    once(Transfer, "look")
    with transfers.begin(context) as transfer:
        # A request that cannot be read fails the call, which does not wait for its parts.
        with pytest.raises(SystemExit):
            next(transfer.received(Broken()))  # type: ignore[arg-type]
        assert told(caplog, "parts of a call")
        sending = transfers.sent(transfer, iter([b"1", b"2"]))
        assert next(sending) == b"1"
        eventually(lambda: told(caplog, "transfers"))
        eventually(lambda: not transfers._watched)
        # The next part has another one look.
        assert next(sending) == b"2"
        assert transfers._watched


def test_what_nobody_waits_for_in_a_rank(caplog: pytest.LogCaptureFixture) -> None:
    executor = Executor(Journal())
    executor.later("ending a session", lambda: [][0])
    assert executor.submit(lambda: None).result(10) is None
    assert told(caplog, "ending a session")


def test_one_groups_failure_in_the_background_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    moved = threading.Event()
    failed: list[BaseException] = []
    turns: list[int] = []

    def broken(look_around: bool) -> Progress:
        raise IndexError("the memory of this group is gone")

    def whole(look_around: bool) -> Progress:
        turns.append(1)
        if len(turns) < 50:
            return Progress.MOVED
        moved.set()
        return Progress.DONE

    keep_going(whole, failed.append)
    keep_going(broken, failed.append)
    assert moved.wait(10)
    eventually(lambda: [type(error) for error in failed] == [IndexError])
    assert told(caplog, "what was left to go on in the background")
    # And the next one finds a thread.
    turns.clear()
    moved.clear()
    keep_going(whole, failed.append)
    assert moved.wait(10)


def test_a_handle_that_nobody_waited_for_has_failed_when_its_work_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Work:
        def wait(self) -> None:
            raise ValueError("not a RuntimeError")

        def is_completed(self) -> bool:
            return False

    handle = WorkHandle("tp:0", "isend", [Work()], [], knows_when_done=False)
    while not handle.is_completed():
        handle._batch.done.wait(10)
    with pytest.raises(CollectiveError, match="not a RuntimeError"):
        handle.wait()
    eventually(lambda: told(caplog, "isend tp:0"))


def test_a_message_queue_whose_thread_has_failed_has_lost_its_readers(
    once: Any, caplog: pytest.LogCaptureFixture
) -> None:
    once(SocketWriter, "_is_through")
    writer = SocketWriter("127.0.0.1", 2, 4, b"token")
    writer._thread.join(10)
    assert told(caplog, "message queue")
    assert set(writer.lost()) == {0, 1}
    assert "made to fail once" in writer.lost()[0]


def test_removing_shared_memory(
    once: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    async def run() -> None:
        memory = shared_memory.SharedMemory(tmp_path, 4, None)
        memory._given[1] = 0
        once(shared_memory, "_remove")
        memory.forget(1)
        await until(lambda: told(caplog, "removing shared memory"))

    asyncio.run(run())


def test_an_answer_that_fails_in_the_server_says_so(
    serving: Any, once: Any, caplog: pytest.LogCaptureFixture
) -> None:
    once(service, "pool_status")

    async def look(server: PoolServer) -> None:
        endpoint = f"unix:{server._launcher._owned[0]}"
        with connect(endpoint) as client:
            with pytest.raises(BridgeError) as caught:
                await asyncio.to_thread(client.status)
            assert caught.value.reason == "internal_error"
            assert "made to fail once" in caught.value.message
            assert (await asyncio.to_thread(client.status)).pools

    serving(look)
