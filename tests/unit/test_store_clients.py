"""Torch stores for callers: who serves one, where, and which connection is kept."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
import torch
from torch.distributed import HashStore

import vllm_distributed as vd
from vllm_distributed.errors import RendezvousError, RendezvousTimeoutError


@pytest.mark.parametrize("use_libuv", [True, False])
def test_a_store_serves_on_one_address(use_libuv: bool) -> None:
    server = vd.create_tcp_store("127.0.0.1", 0, is_master=True, use_libuv=use_libuv)
    client = vd.create_tcp_store("127.0.0.1", server.port)
    client.set("key", "value")
    assert server.get("key") == b"value"
    with pytest.raises(OSError, match=r"refused|111"):
        socket.create_connection(("127.0.0.2", server.port), timeout=10).close()


def test_a_store_takes_a_socket_that_listens() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = vd.create_tcp_store("127.0.0.1", port, listener, is_master=True, world_size=1)
    assert listener.fileno() == -1
    vd.create_tcp_store("127.0.0.1", port).set("a", "b")
    assert server.get("a") == b"b"


def test_a_port_that_is_taken_and_a_store_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RendezvousError, match=f"cannot listen on host 127.0.0.1, port {port}"):
            vd.create_tcp_store("127.0.0.1", port, is_master=True)
    with pytest.raises(RendezvousTimeoutError, match=r"there is no store at host 127\.0"):
        vd.create_tcp_store("127.0.0.1", port, timeout=timedelta(seconds=1))


def test_one_connection_is_kept() -> None:
    servers = [vd.create_tcp_store("127.0.0.1", 0, is_master=True) for _ in range(2)]
    first = vd.get_cached_tcp_store_client("127.0.0.1", servers[0].port)
    assert vd.get_cached_tcp_store_client("127.0.0.1", servers[0].port) is first
    second = vd.get_cached_tcp_store_client("127.0.0.1", servers[1].port)
    second.set("a", "b")
    assert servers[1].get("a") == b"b"
    assert vd.get_cached_tcp_store_client("127.0.0.1", servers[0].port) is not first


def test_a_group_is_made_of_a_store_as_code_for_vllm_makes_it() -> None:
    store = HashStore()
    with socket.create_server(("127.0.0.1", 0)) as held:
        group = vd.StatelessProcessGroup(
            rank=0, world_size=2, store=store, socket=held, data_expiration_seconds=60
        )
        assert group.socket is held
        peer = vd.StatelessProcessGroup(rank=1, world_size=2, store=store)
        group.send_obj("one", 1)
        group.broadcast_obj("two", 0)
        assert (peer.recv_obj(0), peer.broadcast_obj(None, 0)) == ("one", "two")
    assert group.send_dst_counter == {0: 0, 1: 1}
    assert peer.recv_src_counter == {0: 1, 1: 0}
    assert (group.broadcast_send_counter, peer.broadcast_send_counter) == (1, 0)
    assert peer.broadcast_recv_src_counter == {0: 1}
    assert [key for key, _ in group.entries][:1] == ["send/0/1/0"]


def test_which_tensors_fill_their_memory() -> None:
    assert vd.is_weak_contiguous(torch.ones(2, 3).t())
    assert vd.is_weak_contiguous(torch.ones(6)[3:])
    assert not vd.is_weak_contiguous(torch.ones(4, 4).t()[:2])
    vd.verify_group_size_divides_partition(4096, 128)


def test_ranks_that_share_an_embedding_table() -> None:
    layout = vd.Topology(8, vd.ParallelSizes(tensor=2, pipeline=2, data=2))
    assert layout.engram_tensor_groups(2) == layout.tensor_groups()
    assert layout.engram_tensor_groups(4) == ((0, 1, 4, 5), (2, 3, 6, 7))
    assert layout.engram_data_groups(2) == layout.data_groups()
    assert layout.engram_data_groups(1)[:2] == ((0,), (1,))
