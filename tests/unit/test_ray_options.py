"""The options of worlds on Ray: of a client, of a request, of the pool's configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._worlds.ray import ray_options
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.ray.process import check_installed
from vllm_bridge.pool.settings import PoolSettings, SettingsError, server_settings
from vllm_bridge.pool.settings.config_file import read
from vllm_bridge.pool.settings.ray_options import RayOptions
from vllm_bridge.pool.worlds.world_spec import WorldSpec


def spec(settings: PoolSettings | None = None, **request: Any) -> WorldSpec:
    asked = pool_pb2.StartWorldRequest(**request)
    return WorldSpec.from_request(asked, settings or PoolSettings())


def of_ray(**options: Any) -> RayOptions:
    message = ray_options(options, "ray")
    return spec(distributed_executor_backend="ray", ray=message).launch.ray


def test_all_options_arrive() -> None:
    class Group:
        id = bytes.fromhex("ab" * 18)

    assert of_ray(
        address="10.0.0.1:6379",
        start=True,
        placement_group=Group(),
        placement_strategy="SPREAD",
        resources={"GPU": 1, "CPU": 0.5},
        bundle_indices=(1, 0),
        runtime_env={"env_vars": {"A": "b"}},
    ) == RayOptions(
        "10.0.0.1:6379",
        True,
        "ab" * 18,
        "SPREAD",
        {"GPU": 1.0, "CPU": 0.5},
        {},
        (1, 0),
        {"env_vars": {"A": "b"}},
    )
    assert of_ray(label_selector={"zone": "!a"}).label_selector == {"zone": "!a"}


def test_what_a_rank_gets_follows_from_the_backend() -> None:
    assert of_ray().resources == {"CPU": 1.0}
    nccl = spec(distributed_executor_backend="ray", backend="cpu:gloo,cuda:nccl").launch.ray
    assert nccl.resources == {"CPU": 1.0, "GPU": 1.0}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"adress": "a"}, "one of the options address, start"),
        ({"address": 1}, r"ray\['address'\] is 1; it must be a str"),
        ({"resources": {"CPU": "1"}}, "a mapping of numbers by name"),
        ({"resources": {"CPU": True}}, "a mapping of numbers by name"),
        ({"label_selector": ["a"]}, "a mapping of texts by name"),
        ({"bundle_indices": "01"}, "a list of ints"),
        ({"runtime_env": {1: {2}}}, "what JSON can say"),
        ({"placement_group": 7}, "a placement group, or the name or id of one"),
        ({"placement_strategy": "PACKED"}, "it must be one of"),
        ({"resources": {"CPU": -1}}, "a number of at least 0"),
        ({"resources": {"CPU": float("nan")}}, "a number of at least 0"),
        ({"resources": {"CPU": 0}}, "a resource above 0"),
        ({"bundle_indices": [1, 1]}, "must name each bundle once"),
        (
            {"placement_group": "mine", "label_selector": {"a": "b"}},
            "left out with a placement_group",
        ),
        ({"runtime_env": "[]"}, "must be a JSON object"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(BridgeError, match=says) as caught:
        of_ray(**options)
    assert caught.value.category == Category.VALIDATION


def test_they_are_for_ray_alone() -> None:
    with pytest.raises(
        BridgeError, match=r'distributed_executor_backend is .mp.; it must be "ray"'
    ):
        spec(ray=pool_pb2.RayOptions(address="a"))
    assert ray_options(None, "mp") is None
    with pytest.raises(BridgeError, match="a mapping of options"):
        ray_options([("address", "a")], "ray")  # type: ignore[arg-type]


def test_a_client_inside_a_placement_group_has_its_ranks_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = SimpleNamespace(id=bytes(18))
    ray = SimpleNamespace(
        is_initialized=lambda: True,
        util=SimpleNamespace(get_current_placement_group=lambda: group),
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    message = ray_options(None, "ray")
    assert message is not None
    assert message.placement_group == "00" * 18
    named = ray_options({"placement_group": "mine"}, "ray")
    assert named is not None
    assert named.placement_group == "mine"


def settings(tmp_path: Path, text: str) -> PoolSettings:
    file = tmp_path / "pool.toml"
    file.write_text(text)
    return server_settings(read(file).given_pools(), {}, {}).pools["default"]


def test_the_configuration_says_what_a_request_leaves_out(tmp_path: Path) -> None:
    of_pool = settings(
        tmp_path,
        "[pools.default]\n"
        'distributed_executor_backend = "ray"\n'
        "[pools.default.ray]\n"
        'address = "10.0.0.1:6379"\n'
        'placement_strategy = "SPREAD"\n'
        "resources = { CPU = 2 }\n"
        "bundle_indices = [1, 0]\n",
    )
    ray = spec(of_pool, ray=pool_pb2.RayOptions(placement_strategy="PACK")).launch.ray
    assert ray == RayOptions(
        "10.0.0.1:6379",
        placement_strategy="PACK",
        resources={"CPU": 2.0},
        bundle_indices=(1, 0),
    )
    assert spec(of_pool).launch.ray.placement_strategy == "SPREAD"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("adress = 'a'", "pools.default.ray.adress is not a setting"),
        ("placement_strategy = 'PACKED'", "placement_strategy is 'PACKED'"),
        ("resources = { CPU = -1 }", "resources.CPU is -1"),
        ("bundle_indices = [-1]", "bundle_indices.0 is -1"),
    ],
)
def test_a_configuration_that_is_refused(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        settings(tmp_path, f"[pools.default.ray]\n{line}\n")


def test_without_ray_there_is_a_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # As it is where nothing of that name is installed.
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BridgeError, match=r"pip install vllm-distributed\[ray\]") as caught:
        check_installed()
    assert (caught.value.category, caught.value.reason) == (Category.VALIDATION, "ray_missing")
