"""Where ranks meet: ports in their range, hosts with zones, files of any name."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

import vllm_distributed as vd
from vllm_distributed.config.data_parallel.environment import settings_from_environment
from vllm_distributed.errors import InvalidArgumentError
from vllm_distributed.store.init_method import parse_init_method
from vllm_distributed.transports.queue.handle import Handle


@pytest.mark.parametrize("port", ["70000", "65536", "-1", "0"])
def test_a_master_port_out_of_range_is_refused(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """70000 is no other way to write 4464, and nobody can be told a port that is not known yet."""
    for name, value in {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidArgumentError, match=f"MASTER_PORT={port}"):
        vd.init_distributed_environment(2, 0, "env://", 0, "gloo", timedelta(seconds=1))


@pytest.mark.parametrize("port", ["70000", "-1", "65536"])
def test_a_data_parallel_master_port_out_of_range_is_refused(port: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"VLLM_DP_MASTER_PORT='{port}'"):
        settings_from_environment({"VLLM_DP_SIZE": "2", "VLLM_DP_MASTER_PORT": port})


def test_a_queue_s_handle_with_a_port_out_of_range_is_refused() -> None:
    queue = vd.MessageQueue(1, 1)
    handle = {**queue.export_handle(), "port": 70000}
    queue.shutdown()
    with pytest.raises(InvalidArgumentError, match="port=70000"):
        Handle.from_plain(handle)


@pytest.mark.parametrize("written", ["fe80::1%25Eth0", "fe80::1%Eth0"])
def test_a_zone_is_read_as_it_is_written(written: str) -> None:
    assert parse_init_method(f"tcp://[{written}]:29500", 0, 2).host == "fe80::1%Eth0"


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%41", "a b", "\u00e4\u4e2d", "#", "a?rank=x"])
def test_a_file_of_any_name_is_met_at(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    vd.init_distributed_environment(1, 0, f"file://{place}", 0, "gloo", timedelta(seconds=20))
    try:
        assert os.listdir(tmp_path) == [name]
    finally:
        vd.cleanup_dist_env_and_memory()


def test_a_file_in_no_folder_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="is no folder"):
        vd.init_distributed_environment(
            2, 0, f"file://{tmp_path}/none/file", 0, "gloo", timedelta(seconds=20)
        )
