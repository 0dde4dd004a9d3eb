"""Ranks on a Ray cluster, where no Ray is needed: places, what is missing, what they inherit."""

from __future__ import annotations

import random
import time

import pytest

from vllm_bridge.ray.environment import set_defaults, shared
from vllm_bridge.ray.messages import MAX_BYTES, BadMessage, Reader, packed
from vllm_bridge.ray.plan import (
    Node,
    Place,
    PlanError,
    fits,
    natural,
    parse_bundle_indices,
    plan,
    spanning_groups,
)
from vllm_bridge.ray.shortage import NodeResources, missing


def nodes(*names: str) -> dict[str, Node]:
    """Nodes whose ids sort in another way than their names."""
    return {
        f"id-{len(names) - i}": Node(f"id-{len(names) - i}", name, f"10.0.0.{i + 1}")
        for i, name in enumerate(names)
    }


def seen(places: list[Place]) -> list[tuple[int, str, int, int]]:
    return [(place.rank, place.node, place.local_rank, place.bundle) for place in places]


def test_ranks_of_a_node_are_neighbours_and_nodes_in_natural_order() -> None:
    bundles = {0: "id-1", 1: "id-3", 2: "id-2", 3: "id-1", 4: "id-3", 5: "id-2"}
    # id-3 is node-10, id-2 is node-9, id-1 is node-2.
    assert seen(plan(6, bundles, nodes("node-10", "node-9", "node-2"))) == [
        (0, "node-2", 0, 0),
        (1, "node-2", 1, 3),
        (2, "node-9", 0, 2),
        (3, "node-9", 1, 5),
        (4, "node-10", 0, 1),
        (5, "node-10", 1, 4),
    ]


def test_the_first_node_comes_first_if_it_has_a_bundle() -> None:
    cluster = nodes("a1", "a2", "a3")
    bundles = {0: "id-3", 1: "id-2"}
    assert [place.node for place in plan(2, bundles, cluster, first_node="id-2")] == ["a2", "a1"]
    assert [place.node for place in plan(2, bundles, cluster, first_node="id-1")] == ["a1", "a2"]


def test_nodes_of_one_name_are_told_apart_by_their_ids() -> None:
    cluster = {i: Node(i, "vm", "10.0.0.1") for i in ("aaaaaaaaaa", "bbbbbbbbbb")}
    places = plan(3, {0: "bbbbbbbbbb", 1: "aaaaaaaaaa", 2: "bbbbbbbbbb"}, cluster)
    assert seen(places) == [
        (0, "vm#aaaaaaaa", 0, 1),
        (1, "vm#bbbbbbbb", 0, 0),
        (2, "vm#bbbbbbbb", 1, 2),
    ]


def test_given_indices_are_the_order_whatever_the_nodes() -> None:
    bundles = {0: "id-2", 1: "id-1", 2: "id-2", 3: "id-1"}
    places = plan(3, bundles, nodes("n0", "n1"), indices=[3, 0, 1])
    assert seen(places) == [(0, "n1", 0, 3), (1, "n0", 0, 0), (2, "n1", 1, 1)]


def test_a_group_with_more_bundles_gives_the_first_in_order() -> None:
    bundles = {0: "id-2", 1: "id-1", 2: "id-2", 3: "id-1"}
    assert seen(plan(2, bundles, nodes("n0", "n1"))) == [(0, "n0", 0, 0), (1, "n0", 1, 2)]


@pytest.mark.parametrize(
    ("indices", "says"),
    [
        (None, "has 2 bundles that can hold a rank, and the world has 3 ranks"),
        ([0, 1], "names 2 bundles, and the world has 3 ranks"),
        ([0, 1, 7], "names bundle 7, which is not in the placement group or cannot hold a rank; "),
    ],
)
def test_bundles_that_do_not_fit(indices: list[int] | None, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        plan(3, {0: "id-1", 1: "id-1"}, nodes("n0"), indices=indices)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0,1,", "numbers of bundles"),
        ("a", "numbers of bundles"),
        ("0,2,0", "bundle 0 comes twice"),
    ],
)
def test_indices_that_are_none(text: str, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        parse_bundle_indices(text)


def test_indices_with_blanks() -> None:
    assert parse_bundle_indices(" 2, 0,1") == [2, 0, 1]


def test_what_fits() -> None:
    assert fits({"CPU": 1.0, "GPU": 1.0}, {"GPU": 1})
    assert fits({}, {})
    assert not fits({"CPU": 4.0}, {"CPU": 1, "GPU": 1})


def test_natural_order() -> None:
    names = ["node-10", "node-9", "node-2a10", "node-2a9", "node", "2", "10", "a"]
    assert sorted(names, key=natural) == [
        "2",
        "10",
        "a",
        "node",
        "node-2a9",
        "node-2a10",
        "node-9",
        "node-10",
    ]


def test_a_warning_names_the_groups_that_span_nodes() -> None:
    bundles = {0: "id-2", 1: "id-2", 2: "id-2", 3: "id-1"}
    places = plan(4, bundles, nodes("n0", "n1"))
    assert spanning_groups(places, 1) == ""
    says = spanning_groups(places, 2)
    assert says.startswith("1 of 2 tensor parallel groups span nodes (n0: ranks 2, n1: ranks 3): ")
    assert "STRICT_PACK" in says
    assert "(n0: ranks 0-2, n1: ranks 3)" in spanning_groups(places, 4)


def test_a_warning_of_many_groups_lists_some() -> None:
    cluster = nodes(*(f"n{i}" for i in range(10)))
    places = plan(10, {i: f"id-{i + 1}" for i in range(10)}, cluster)
    assert "; and 2 more)" in spanning_groups(places, 2)


def test_4096_ranks_on_512_nodes_are_planned_in_100_ms() -> None:
    cluster = {
        f"{i:056x}": Node(f"{i:056x}", f"node-{i}", f"10.1.{i // 256}.{i % 256}")
        for i in range(512)
    }
    order = [node_id for node_id in cluster for _ in range(8)]
    random.Random(7).shuffle(order)
    bundles = dict(enumerate(order))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        places = plan(4096, bundles, cluster, first_node=f"{300:056x}")
        warning = spanning_groups(places, 16)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.1
    assert [place.node for place in places[:9]] == ["node-300"] * 8 + ["node-0"]
    assert {place.local_rank for place in places} == set(range(8))
    assert sorted(place.bundle for place in places) == list(range(4096))
    assert warning.startswith("256 of 256 tensor parallel groups span nodes")


CLUSTER = [
    NodeResources("n0", {"CPU": 4, "GPU": 2, "memory": 1e9}, {"zone": "a"}),
    NodeResources("n1", {"CPU": 8, "GPU": 0}, {"zone": "b"}),
]
FREE = {"CPU": 12, "GPU": 2}


def lacking(ranks: int, bundle: dict[str, float], strategy: str = "PACK", **selector: str) -> str:
    return missing(ranks, bundle, strategy, selector, CLUSTER, FREE)


def test_what_a_cluster_lacks_is_named_with_numbers() -> None:
    assert lacking(3, {"GPU": 1}).startswith("3 GPU are needed, and the cluster has 2 (")
    assert "(cluster_resources: CPU 12, GPU 2; 2 nodes)" in lacking(3, {"GPU": 1})
    assert "4 TPU are needed, and the cluster has 0" in lacking(4, {"TPU": 1})
    assert "no node has CPU 9; n1 has most, CPU 8" in lacking(1, {"CPU": 9})
    assert "STRICT_SPREAD needs 2 nodes with GPU 1 each, and there are 1" in lacking(
        2, {"GPU": 1}, "STRICT_SPREAD"
    )
    assert "STRICT_PACK needs one node with CPU 9; n1 has most, CPU 8" in lacking(
        9, {"CPU": 1}, "STRICT_PACK"
    )
    assert "no node has the labels {'zone': 'c'}; there are zone: a b" in lacking(
        1, {"CPU": 1}, zone="c"
    )
    assert "no node has GPU 1; n1 has most, GPU 0" in lacking(1, {"GPU": 1}, zone="b")


@pytest.mark.parametrize("rule", ["a", "!b", "in(a,c)", "!in(b,c)"])
def test_labels_are_chosen_in_rays_own_forms(rule: str) -> None:
    assert "no node has CPU 5; n0 has most, CPU 4" in lacking(1, {"CPU": 5}, zone=rule)


def test_what_others_use_is_named() -> None:
    says = missing(4, {"CPU": 2}, "PACK", {}, CLUSTER, {"CPU": 3})
    assert says.startswith("8 CPU are needed, and 3 of 12 are free: other worlds, actors or tasks")
    says = missing(4, {"CPU": 2}, "PACK", {}, CLUSTER, FREE)
    assert says.startswith("what is free is on other nodes than it would have to be")


def test_an_empty_cluster_lacks_everything() -> None:
    says = missing(2, {"CPU": 1}, "PACK", {}, [], {})
    assert says.startswith("2 CPU are needed, and the cluster has 0")
    assert "nodes" in missing(2, {"CPU": 1}, "STRICT_PACK", {"zone": "a"}, [], {})


def test_ranks_elsewhere_get_the_settings_of_libraries_and_nothing_of_this_host() -> None:
    given = shared(
        {
            "NCCL_DEBUG": "INFO",
            "GLOO_SOCKET_IFNAME": "eth0",
            "UCX_TLS": "tcp",
            "HF_HOME": "/models",
            "VLLM_LOGGING_LEVEL": "DEBUG",
            "VLLM_HOST_IP": "10.0.0.1",
            "VLLM_BRIDGE_TOKEN": "secret",
            "VLLM_RAY_BUNDLE_INDICES": "0,1",
            "CUDA_VISIBLE_DEVICES": "0",
            "PATH": "/bin",
            "MY_A": "1",
            "MY_B": "2",
            "OTHER_X": "3",
            "VLLM_RAY_EXTRA_ENV_VAR_PREFIXES_TO_COPY": "MY_,",
            "VLLM_RAY_EXTRA_ENV_VARS_TO_COPY": "OTHER_X, RANK",
            "RANK": "3",
        }
    )
    assert given == {
        "NCCL_DEBUG": "INFO",
        "GLOO_SOCKET_IFNAME": "eth0",
        "UCX_TLS": "tcp",
        "HF_HOME": "/models",
        "VLLM_LOGGING_LEVEL": "DEBUG",
        "MY_A": "1",
        "MY_B": "2",
        "OTHER_X": "3",
        "VLLM_RAY_EXTRA_ENV_VAR_PREFIXES_TO_COPY": "MY_,",
        "VLLM_RAY_EXTRA_ENV_VARS_TO_COPY": "OTHER_X, RANK",
    }
    own = {"NCCL_DEBUG": "WARN", "GLOO_SOCKET_IFNAME": ""}
    set_defaults(own, given)
    assert own["NCCL_DEBUG"] == "WARN"
    assert own["GLOO_SOCKET_IFNAME"] == ""
    assert own["UCX_TLS"] == "tcp"


def test_messages_come_out_as_they_went_in_however_they_are_cut() -> None:
    sent = [{"id": 1, "op": "place", "text": "é" * 50}, {"event": "lost"}]
    data = b"".join(map(packed, sent))
    reader = Reader()
    assert [m for i in range(len(data)) for m in reader.feed(data[i : i + 1])] == sent
    assert list(Reader().feed(data)) == sent


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ((MAX_BYTES + 1).to_bytes(4, "big"), "at most"),
        (b"\0\0\0\2{]", "not JSON"),
        (b"\0\0\0\2[]", "no object"),
        (b"\0\0\0\1\xff", "not JSON"),
    ],
)
def test_bytes_that_are_no_message(data: bytes, says: str) -> None:
    with pytest.raises(BadMessage, match=says):
        list(Reader().feed(data))
