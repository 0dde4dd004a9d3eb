"""Ranks that dial in, at the pool's end: simulated ones, which speak the control protocol."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.pool.launchers.external import ExternalLauncher
from vllm_bridge.pool.launchers.joins import listener as listener_module
from vllm_bridge.pool.launchers.joins.joined import MAX_HELLO_BYTES
from vllm_bridge.pool.launchers.joins.joins import Joins, address_of
from vllm_bridge.pool.launchers.protocol import WorldPlan
from vllm_bridge.pool.settings.launch_options import EXTERNAL, LaunchOptions
from vllm_bridge.transport import control
from vllm_bridge.transport.address import TcpAddress
from vllm_bridge.transport.certificates import SERVER_NAME
from vllm_bridge.version import __version__
from vllm_bridge.world_sizes import WorldSizes

TOKEN = "t0ken"
LOOPBACK = TcpAddress("127.0.0.1", 0)


def plan(size: int = 2, seconds: float = 30.0, world_id: str = "w", epoch: int = 1) -> WorldPlan:
    return WorldPlan(
        world_id,
        epoch,
        "default",
        WorldSizes(tensor_parallel_size=size),
        timedelta(seconds=seconds),
        LaunchOptions(EXTERNAL),
    )


def hello(rank: int = 0, **fields: Any) -> control_pb2.Hello:
    given: dict[str, Any] = {
        "protocol": 1,
        "token": TOKEN,
        "world_id": "w",
        "rank": rank,
        "node": "here",
        "addresses": ["10.0.0.7"],
        "pid": 100 + rank,
        "package_version": __version__,
        "torch_version": "2.6",
        "python_version": "3.11.7",
        "directory": "/tmp/nowhere",
        "host": "machine",
    }
    return control_pb2.Hello(**(given | fields))


class Rank:
    """A connection of a simulated rank."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def dial(cls, address: TcpAddress, context: ssl.SSLContext | None = None) -> Rank:
        name = SERVER_NAME if context else None
        return cls(
            *await asyncio.open_connection(
                address.host, address.port, ssl=context, server_hostname=name
            )
        )

    def say(self, message: control_pb2.RankToPool) -> None:
        self.writer.write(control.frame(message))

    async def heard(self) -> control_pb2.PoolToRank:
        length = struct.unpack("!I", await self.reader.readexactly(4))[0]
        return control_pb2.PoolToRank.FromString(await self.reader.readexactly(length))

    async def introduce(self, said: control_pb2.Hello) -> control_pb2.PoolToRank:
        self.say(control_pb2.RankToPool(hello=said))
        return await self.heard()


async def refused(address: TcpAddress, said: control_pb2.Hello) -> str:
    """Why a rank is refused; its connection is closed then."""
    rank = await Rank.dial(address)
    answer = await rank.introduce(said)
    assert answer.WhichOneof("message") == "refused"
    assert await rank.reader.read() == b""
    rank.writer.close()
    return str(answer.refused.why)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 60))


def test_a_rank_that_does_not_fit_is_told_why_in_one_sentence() -> None:
    async def scenario() -> None:
        joins = Joins(TOKEN)
        address = await joins.listen(LOOPBACK, None)
        expected = joins.expect(plan())
        taken = await Rank.dial(address)
        assert (await taken.introduce(hello(0))).HasField("welcome")
        process = await expected.arrival(0, "rank-0")
        assert (process.pid, process.place.node, process.place.address) == (100, "here", "10.0.0.7")
        for said, words in (
            (hello(1, token=""), "wants a token, and none was sent"),
            (hello(1, token="other"), "is not this pool's"),
            # Without the token nobody learns which worlds there are.
            (hello(1, token="other", world_id="v"), "is not this pool's"),
            (hello(1, world_id="v"), "no world 'v' waits for ranks here (w does)"),
            (
                hello(1, package_version="0.0.1"),
                f"it is vllm-bridge 0.0.1 (protocol 1), and this pool is {__version__}",
            ),
            (hello(1, protocol=2), "(protocol 2)"),
            (hello(0), "rank 0 of w is taken, by pid 100 on here"),
            (hello(2), "it says that it is rank 2; world w has 0 to 1"),
            (hello(-1), "it says that it is rank -1"),
            (hello(1, world_size=4), "was told a world size of 4"),
            (hello(1, torch_version="2.7"), "it has torch 2.7, and rank 0 of w (on here) has 2.6"),
            (hello(1, python_version="3.12.1"), "it has Python 3.12, and rank 0 of w"),
            (hello(1, addresses=["there"]), "'there' is no IP address"),
            (hello(1, addresses=[]), "names 0 addresses"),
            (hello(1, node="a\nb"), "its node has"),
        ):
            why = await refused(address, said)
            assert words in why
            assert "\n" not in why
        # None of them has taken the place of rank 1.
        last = await Rank.dial(address)
        assert (await last.introduce(hello(1, python_version="3.11.9"))).HasField("welcome")
        expected.close()
        await joins.close()

    run(scenario())


@pytest.mark.parametrize(
    "first",
    [
        struct.pack("!I", MAX_HELLO_BYTES + 1),
        struct.pack("!I", 3) + b"\xff\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n",
        control.frame(control_pb2.RankToPool(ready=control_pb2.Ready())),
        control.frame(control_pb2.RankToPool(hello=hello())) + b"\0",
    ],
    ids=["large", "no message", "http", "another message", "more behind it"],
)
def test_a_first_message_that_is_none_ends_the_connection(first: bytes) -> None:
    async def scenario() -> None:
        joins = Joins(TOKEN)
        address = await joins.listen(LOOPBACK, None)
        joins.expect(plan())
        rank = await Rank.dial(address)
        rank.writer.write(first)
        assert (await rank.heard()).refused.why.startswith("its first message")
        assert await rank.reader.read() == b""
        rank.writer.close()
        await joins.close()

    run(scenario())


def test_who_says_nothing_is_let_go_and_who_speaks_early_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener_module, "HELLO_SECONDS", 0.3)

    async def scenario() -> None:
        joins = Joins(TOKEN)
        address = await joins.listen(LOOPBACK, None)
        expected = joins.expect(plan())
        slow = await Rank.dial(address)
        slow.writer.write(b"\0")
        assert "did not say who it is within" in (await slow.heard()).refused.why
        slow.writer.close()
        early = await Rank.dial(address)
        assert (await early.introduce(hello(0))).HasField("welcome")
        process = await expected.arrival(0, "rank-0")
        # Nobody has asked it anything.
        early.say(control_pb2.RankToPool(heartbeat=control_pb2.Heartbeat()))
        assert "lost its connection" in (await process.wait()).clause()
        early.writer.close()
        await joins.close()

    run(scenario())


def test_strangers_do_not_keep_a_rank_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "MAX_STRANGERS", 8)

    async def scenario() -> None:
        joins = Joins(TOKEN)
        address = await joins.listen(LOOPBACK, None)
        joins.expect(plan())
        strangers = [await Rank.dial(address) for _ in range(20)]
        rank = await Rank.dial(address)
        assert (await rank.introduce(hello(0))).HasField("welcome")
        # The oldest were let go.
        assert await strangers[0].reader.read() == b""
        for each in (*strangers, rank):
            each.writer.close()
        await joins.close()

    run(scenario())


def test_a_launched_rank_needs_the_token_of_its_world_and_trusts_one_certificate() -> None:
    async def scenario() -> None:
        joins = Joins(None)
        door = await joins.listen_privately("127.0.0.1")
        assert await joins.listen_privately("127.0.0.1") is door
        expected = joins.expect(plan())
        command = expected.command(door, 1, local_rank=0, python="python3", node="n")
        assert command.argv[0] == "python3"
        assert command.argv[command.argv.index("--rank") + 1] == "1"
        assert expected.token not in " ".join(command.argv)
        assert command.environment["VLLM_BRIDGE_TOKEN"] == expected.token
        context = ssl.create_default_context(cadata=door.ca)
        for token, fits in (("", False), ("other", False), (expected.token, True)):
            rank = await Rank.dial(door.address, context)
            answer = await rank.introduce(hello(1, token=token))
            assert answer.HasField("welcome") is fits
            rank.writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await Rank.dial(door.address, ssl.create_default_context())
        await joins.close()

    run(scenario())


def test_a_start_that_times_out_names_who_came_and_who_did_not() -> None:
    async def scenario() -> None:
        joins = Joins(TOKEN)
        launcher = ExternalLauncher(joins)
        with pytest.raises(BridgeError, match="--join HOST:PORT"):
            launcher.check(plan())
        address = await joins.listen(LOOPBACK, None)
        launch = await launcher.launch(plan(4, seconds=0.5))
        ranks = []
        for number in (2, 0):
            ranks.append(await Rank.dial(address))
            await ranks[-1].introduce(hello(number, node=f"host-{number}"))
        await refused(address, hello(1, torch_version="1.0", node="host-9"))
        results = await asyncio.gather(
            *(launch.start(rank, f"rank-{rank}") for rank in range(4)), return_exceptions=True
        )
        late = [result for result in results if isinstance(result, BridgeError)]
        assert len(late) == 2
        assert late[0].reason == "ranks_missing"
        for words in (
            "2 of the 4 ranks of w have not joined: 1, 3",
            "0 (pid 100 on host-0), 2 (pid 102 on host-2)",
            "refused: pid 101 on host-9: it has torch 1.0",
            f"vllm-bridge join --pool {address} --world w",
        ):
            assert words in late[0].message
        await launch.end()
        # Nobody is expected any more; the world can be started again, under the same id.
        assert "no world 'w' waits" in await refused(address, hello(1))
        again = await launcher.launch(plan(4, epoch=2))
        rank = await Rank.dial(address)
        assert (await rank.introduce(hello(0))).HasField("welcome")
        await launch.end()
        ranks.append(await Rank.dial(address))
        assert (await ranks[-1].introduce(hello(1))).HasField("welcome")
        await again.end()
        for each in (*ranks, rank):
            each.writer.close()
        await joins.close()

    run(scenario())


def test_how_a_rank_ends_is_what_it_says_itself_or_its_launcher() -> None:
    async def scenario() -> None:
        joins = Joins(TOKEN)
        address = await joins.listen(LOOPBACK, None)
        expected = joins.expect(plan(3))
        endings = []
        for number in range(3):
            rank = await Rank.dial(address)
            await rank.introduce(hello(number))
            process = await expected.arrival(number, f"rank-{number}")
            over = asyncio.Event()
            transport = await process.connect(lambda message: None, over.set)
            if number == 0:
                rank.say(control_pb2.RankToPool(leaving=control_pb2.Leaving(status=0)))
            if number == 1:
                process.reported = True
            rank.writer.close()
            await over.wait()
            if number == 1:
                from vllm_bridge.pool.launchers.protocol import Exit

                process.ended(Exit("killed by signal 9 (SIGKILL)"))
            endings.append((await process.wait()).clause())
            transport.close()
        assert endings[0] == "exited with status 0"
        assert endings[1] == "was killed by signal 9 (SIGKILL)"
        assert endings[2].startswith("lost its connection to the pool")
        expected.close()
        await joins.close()

    run(scenario())


@pytest.mark.parametrize(
    ("said", "peer", "address"),
    [
        (["10.0.0.7"], "10.0.0.9", "10.0.0.7"),
        (["127.0.0.1"], "127.0.0.1", "127.0.0.1"),
        (["127.0.0.1"], "10.0.0.9", "10.0.0.9"),
        (["::1"], "fd00::9", "fd00::9"),
    ],
)
def test_the_address_of_a_rank_is_one_that_others_reach(
    said: list[str], peer: str, address: str
) -> None:
    assert address_of(said, peer) == address
