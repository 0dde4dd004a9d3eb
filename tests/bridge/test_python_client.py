"""What the Python clients have as Elixir has it: kept objects, typed functions, errors of ranks."""

from __future__ import annotations

import asyncio
import builtins
import pickle
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from pool_harness import Pool, connect, environment, start_pool

from vllm_bridge import aio
from vllm_bridge.client import BridgeError, Client, RankError, Session, World
from vllm_bridge.codec.calls import RemoteGroup, RemoteObject

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
LONG = timedelta(seconds=60)


@pytest.fixture(scope="module")
def pool(short_tmp: Path) -> Iterator[Pool]:
    pool = start_pool(
        short_tmp / "python",
        *("--size", "2", "--allow", "opened.", "--allow", "small_model."),
        entry_point=None,
        PYTHONPATH=f"{Path(__file__).parent}:{EXAMPLES}",
    )
    yield pool
    pool.stop()


@pytest.fixture(scope="module")
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


@pytest.fixture
def session(client: Client) -> Iterator[Session]:
    with client.open_session(affinity="strict_queue") as session:
        yield session


@pytest.fixture(scope="module")
def world(client: Client) -> Iterator[World]:
    with client.start_world(tensor_parallel_size=2) as world:
        yield world


def test_a_kept_model_is_called_and_its_methods_and_attributes_too(session: Session) -> None:
    model: Any = session.run("opened.Model", 3)
    assert isinstance(model, RemoteObject)
    batch = torch.ones(2, 3)
    direct = session.run(model, batch)
    assert direct.shape == (2, 1)
    assert torch.equal(session.call_method(model, "forward", batch), direct)
    assert session.get_attribute(model, "name") == "mine"
    kept: Any = session.run(model, session.keep("torch.ones", [2, 3]), tensors="ref")
    assert isinstance(kept, RemoteObject)
    assert torch.equal(session.fetch(kept), direct)
    assert session.release(kept, model) == 2
    assert session.release(kept) == 0
    for use in (
        lambda: session.fetch(kept),
        lambda: session.run(model, batch),
        lambda: session.get_attribute(model, "name"),
    ):
        with pytest.raises(BridgeError) as caught:
            use()
        assert caught.value.reason == "unknown_ref"


def test_what_is_no_object_of_a_rank_is_said(session: Session) -> None:
    model: Any = session.run("opened.Model")
    tries = {
        "wrong_type": lambda: session.fetch(3),  # type: ignore[arg-type]
        "name_not_allowed": lambda: session.call_method(model, "register_module", "a", None),
        "invalid_option": lambda: session.call("get_pp_indices", 8, 0, 2, tensors="file"),  # type: ignore[arg-type]
    }
    for reason, use in tries.items():
        with pytest.raises(BridgeError) as caught:
            use()
        assert caught.value.reason == reason, caught.value
    with pytest.raises(BridgeError, match=r"may not|not open"):
        session.get_attribute(model, "shell")
    with pytest.raises(BridgeError):
        session.fetch(model)


def test_the_asyncio_client_has_the_same(pool: Pool) -> None:
    async def scenario() -> None:
        async with (
            aio.connect(pool.endpoint) as client,
            client.open_session(affinity="strict_queue") as session,
        ):
            model = await session.run("opened.Model", 3)
            kept = await session.run(model, torch.ones(2, 3), tensors="ref")
            assert (await session.fetch(kept)).shape == (2, 1)
            assert await session.get_attribute(model, "name") == "mine"
            assert (await session.call_method(model, "forward", torch.ones(1, 3))).shape == (1, 1)
            assert await session.release(model, kept) == 2
            assert await session.distributed.get_pp_indices(61, 0, 4) == (0, 15)
            with pytest.raises(AttributeError, match="did you mean 'get_pp_indices'"):
                session.distributed.get_pp_indexes  # noqa: B018
            assert repr(session) == f"<Session {session.session_id!r}, strict_queue>"

    asyncio.run(scenario())


def test_typed_functions_and_classes(world: World) -> None:
    def sums(rank: Session) -> tuple[int, list[float]]:
        group = rank.distributed.get_tp_group()
        assert isinstance(group, RemoteGroup)
        out = rank.distributed.GroupCoordinator.all_reduce(group, torch.ones(2))
        kept: Any = rank.distributed(tensors="ref").GroupCoordinator.all_reduce(group, out)
        assert isinstance(kept, RemoteObject)
        return group.world_size, rank.fetch(kept).tolist()

    assert world.run(sums, timeout=LONG) == [(2, [4.0, 4.0])] * 2
    typed = world.ranks[0].distributed
    assert "get_tp_group" in dir(typed)
    assert "GroupCoordinator" in dir(typed)
    assert "all_gather" in dir(typed.GroupCoordinator)
    assert "Return" in (typed.get_pp_indices.__doc__ or "")
    sizes = typed.ParallelSizes(tensor=2)
    assert (sizes.tensor, sizes.pipeline) == (2, 1)


def _what_type_checkers_find(session: Session) -> str:
    """Nobody runs this: mypy fails where it finds no error, or another one."""
    first, last = session.distributed.get_pp_indices(61, 0, 4)
    size: int = first + last + session.distributed.get_tp_group().world_size
    session.distributed.get_pp_indices("61", 0, 4)  # type: ignore[arg-type]
    session.distributed.GroupCoordinator.all_reduce(size, torch.ones(1))  # type: ignore[arg-type]
    session.distributed.get_pp_indexes(61, 0, 4)  # type: ignore[attr-defined]
    return session.distributed.get_pp_indices(61, 0, 4)  # type: ignore[return-value]


async def _what_they_find_with_asyncio(session: aio.Session) -> int:
    return (await session.distributed.get_pp_indices(61, 0, 4))[0]


class OwnError(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code


def test_a_rank_error_is_the_exception_of_the_function_too(world: World) -> None:
    def fails(rank: Session) -> None:
        if rank.info.rank == 1:
            raise OwnError(7, "broken")

    with pytest.raises(OwnError) as caught:
        world.run(fails, timeout=LONG)
    error = caught.value
    assert isinstance(error, RankError)
    assert (error.rank, error.world_id, error.code, error.args) == (
        1,
        world.world_id,
        7,
        (7, "broken"),
    )
    assert type(error.error) is OwnError
    notes = getattr(error, "__notes__", [])
    assert notes == [f"raised by the function of rank 1 in World.run of {world.world_id}"]
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - of this process's own making
    assert (type(again), again.rank, again.code) == (type(error), 1, 7)

    def refused(rank: Session) -> None:
        rank.distributed.divide(3, 2)

    with pytest.raises(BridgeError) as refusal:
        world.run(refused, timeout=LONG)
    assert isinstance(refusal.value, RankError)
    assert refusal.value.rank in (0, 1)
    assert refusal.value.reason
    for kind in (
        KeyError("k"),
        OSError(2, "no file"),
        UnicodeDecodeError("utf-8", b"a", 0, 1, "x"),
    ):
        with pytest.raises(type(kind), match=str(kind)[:5].strip("'[]")) as each:
            world.run(lambda _rank, kind=kind: _raise(kind), timeout=LONG)  # type: ignore[misc]
        assert isinstance(each.value, RankError)
        assert str(each.value) == str(kind)


def _raise(error: Exception) -> None:
    raise error


def test_all_errors_come_together_when_asked_for(world: World) -> None:
    def fails(rank: Session) -> None:
        raise ValueError(f"of {rank.info.rank}")

    with pytest.raises(Exception, match=r"of world-|of 0") as caught:
        world.run(fails, timeout=LONG, errors="all")
    raised: Any = caught.value
    if hasattr(builtins, "ExceptionGroup"):
        assert type(raised).__name__ == "ExceptionGroup"
        assert {each.rank for each in raised.exceptions} == {0, 1}
        assert all(isinstance(each, ValueError) for each in raised.exceptions)
    else:
        assert any("has failed too" in note for note in raised.__notes__)
    with pytest.raises(BridgeError, match='must be "first" or "all"'):
        world.run(fails, errors="some")  # type: ignore[arg-type]


def test_objects_of_the_client_say_what_they_are(client: Client, world: World) -> None:
    assert repr(client) == f"<Client of the pool at {client.endpoint}>"
    assert repr(world) == f"<World {world.world_id!r}, 2 ranks, epoch 1, ready>"
    assert repr(world.slice(tp=0)).startswith(f"<World {world.world_id!r}, 1 of 2 ranks")
    rank = world.ranks[1]
    assert repr(rank) == (
        f"<Session '{rank.session_id}', strict_queue, rank 1 of world {world.world_id!r}>"
    )
    future = rank.submit("get_pp_indices", 8, 0, 2)
    future.result(LONG)
    assert repr(future) == "<Future of get_pp_indices, ended>"


@pytest.mark.parametrize(
    ("example", "says"),
    [
        ("python_world.py", ["sums: [12.0, 12.0]", "reason: collective_mismatch"]),
        ("kept_model.py", ["best: [", "fetched: (4, 3) True", "released: 3"]),
        ("asyncio_requests.py", ["[0.0, 1.73,", "cancelled: True"]),
    ],
)
def test_the_examples_run(pool: Pool, example: str, says: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, str(EXAMPLES / example), pool.endpoint],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for text in says:
        assert text in ran.stdout


WITHOUT = """
import asyncio, importlib.metadata, logging.handlers, multiprocessing.shared_memory, os, select
import signal, socket, ssl, subprocess, sys, tempfile
import grpc.aio

class Missing:
    names = {"fcntl", "resource", "termios", "grp", "pwd"}
    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for module, names in (
    (socket, "AF_UNIX SCM_RIGHTS SO_PEERCRED SO_REUSEPORT TCP_USER_TIMEOUT TCP_KEEPIDLE"),
    (os, "sched_getaffinity fork eventfd memfd_create pidfd_open register_at_fork geteuid getuid"),
    (os, "O_CLOEXEC O_NOFOLLOW O_DIRECTORY O_TMPFILE pread"),
    (select, "poll POLLIN POLLOUT epoll"),
    (signal, "SIGKILL SIGHUP SIGUSR1 pthread_sigmask"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in Missing.names:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Missing())
sys.platform = sys.argv[1]
import vllm_bridge.aio
import vllm_bridge.client
with vllm_bridge.client.connect("127.0.0.1:1", token="t") as client:
    try:
        client.status()
    except vllm_bridge.client.BridgeError as error:
        print(error.reason)
"""


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_the_clients_can_be_imported_where_linux_is_not(system: str) -> None:
    """As far as a machine with Linux can say: without the modules and names that others lack."""
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT, system],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.stdout.strip(), ran.returncode) == ("pool_unreachable", 0), ran.stderr


@pytest.fixture(scope="module")
def remote(short_tmp: Path) -> Iterator[Pool]:
    """A pool whose clients come over TCP."""
    pool = start_pool(
        short_tmp / "remote",
        *("--size", "1", "--listen", "127.0.0.1:0", "--insecure-loopback"),
        entry_point=None,
    )
    yield pool
    pool.stop()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients are on another host, where no file says what the server's key is."""
    from vllm_bridge.client._calls.memory import Memory

    monkeypatch.setattr(Memory, "_take", lambda self, answer: False)


@pytest.mark.usefixtures("elsewhere")
def test_large_tensors_go_in_parts_where_no_memory_is_shared(
    remote: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vllm_bridge.client._calls.channels import Channels

    begun: list[str] = []
    in_parts = Channels.in_parts

    def counted(self: Channels, *args: Any) -> Any:
        begun.append("parts")
        return in_parts(self, *args)

    monkeypatch.setattr(Channels, "in_parts", counted)
    with connect(remote.endpoint) as client, client.open_session() as session:
        small = session.run("torch.add", torch.ones(8), 1)
        assert (small.sum().item(), begun) == (16.0, [])
        large = torch.arange(3 << 20, dtype=torch.float32)
        doubled = session.run("torch.add", large, large)
        assert begun == ["parts"]
        assert torch.equal(doubled, 2 * large)
        # Several, one of them not contiguous, with small ones between them.
        tall = torch.arange(4 << 20, dtype=torch.int32).reshape(2048, 2048)
        parts = session.run(
            "torch.cat", [large.int(), torch.ones(3, dtype=torch.int32), tall.t().flatten()]
        )
        assert torch.equal(
            parts, torch.cat([large.int(), torch.ones(3, dtype=torch.int32), tall.t().flatten()])
        )
        # An answer that is too large for a message: the next one comes in parts.
        for _ in range(2):
            assert session.run("torch.zeros", [3 << 20]).numel() == 3 << 20
        with pytest.raises(BridgeError) as refused:
            session.run("os.getpid", large)
        assert refused.value.reason == "name_not_allowed"
        with pytest.raises(BridgeError) as late:
            session.run("torch.add", large, large, timeout=timedelta(microseconds=50))
        assert late.value.reason == "deadline_exceeded"
        assert torch.equal(session.run("torch.add", large, 1), large + 1)


@pytest.mark.usefixtures("elsewhere")
def test_large_tensors_of_the_asyncio_client_go_in_parts_too(remote: Pool) -> None:
    async def scenario() -> None:
        async with aio.connect(remote.endpoint) as client, client.open_session() as session:
            large = torch.arange(3 << 20, dtype=torch.float32)
            added = await asyncio.gather(
                *(session.run("torch.add", large, number) for number in range(3))
            )
            for number, result in enumerate(added):
                assert torch.equal(result, large + number)
            call = asyncio.create_task(session.run("torch.add", large, large))
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert torch.equal(await session.run("torch.add", large, 1), large + 1)

    asyncio.run(scenario())
