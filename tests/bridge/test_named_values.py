"""dtypes, devices, layouts and memory formats by their names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from objects_harness import Rank
from pool_harness import Pool, connect

from vllm_bridge.codec.errors import BridgeError

FORMS = ["float16", "torch.float16", "half", "f16", ("f", 16)]


@pytest.mark.parametrize("dtype", FORMS)
def test_a_dtype_is_text_wherever_torch_wants_one(dtype: Any) -> None:
    rank = Rank(keep_tensors=False)
    tensor = Rank.named(rank, "torch.arange", 6, dtype=dtype)
    assert tensor.dtype is torch.float16
    kept = Rank()
    one = kept.named("torch.ones", 2)
    for result in (
        kept.named("torch.softmax", one, 0, dtype),
        kept.named("torch.nn.functional.softmax", one, 0, 3, dtype),
        kept.named("torch.sum", one, dtype=dtype),
        kept.named("torch.tensor", [1], dtype=dtype),
        kept.named("torch.zeros_like", one, dtype=dtype),
        kept.call(one, "to", dtype),
        kept.call(one, "to", "cpu", dtype),
        kept.call(one, "new_zeros", 2, dtype=dtype),
    ):
        assert kept.value(result).dtype is torch.float16
    assert kept.attribute(kept.named("torch.finfo", dtype), "bits") == 16
    assert kept.named("torch.promote_types", dtype, "f32") is torch.float32
    assert kept.attribute(kept.call(one, "view", ("u", 8)), "shape") == (8,)


@pytest.mark.parametrize(
    ("nx", "dtype"),
    [
        (("bf", 16), torch.bfloat16),
        (("s", 64), torch.int64),
        (("u", 8), torch.uint8),
        (("c", 64), torch.complex64),
        (("f", 8), torch.float8_e5m2),
        (("f8_e4m3fn", 8), torch.float8_e4m3fn),
    ],
)
def test_types_of_nx_are_dtypes(nx: Any, dtype: torch.dtype) -> None:
    rank = Rank()
    assert rank.value(rank.named("torch.zeros", 1, dtype=nx)).dtype is dtype


def test_devices_layouts_and_memory_formats_are_text_too() -> None:
    rank = Rank()
    meta = rank.named("torch.zeros", 2, device="meta", layout="strided")
    assert rank.value(meta).device.type == "meta"
    image = rank.named("torch.zeros", 1, 2, 3, 4)
    for name in ("channels_last", "torch.channels_last"):
        last = rank.value(rank.call(image, "contiguous", memory_format=name))
        assert last.is_contiguous(memory_format=torch.channels_last)
    assert rank.value(rank.named("torch.Generator", "cpu")).device.type == "cpu"
    assert rank.value(rank.call(image, "to", "meta")).device.type == "meta"


def test_what_an_attribute_was_can_be_sent_again() -> None:
    rank = Rank()
    tensor = rank.named("torch.zeros", 2, dtype="bf16", device="meta")
    facts = {name: rank.attribute(tensor, name) for name in ("dtype", "device", "layout")}
    again = rank.value(rank.named("torch.ones", 1, **facts))
    assert (again.dtype, again.device.type, again.layout) == (
        torch.bfloat16,
        "meta",
        torch.strided,
    )
    assert rank.resolve("torch.bfloat16") is torch.bfloat16


@pytest.mark.parametrize(
    ("keyword", "value", "reason", "message"),
    [
        ("dtype", "flaot32", "unknown_dtype", "f32"),
        ("dtype", ("f", 33), "unknown_dtype", "f33"),
        ("device", "cdua:0", "unknown_device", "cdua:0"),
        ("device", "", "unknown_device", "cpu"),
        ("layout", "stridden", "invalid_argument", "strided"),
    ],
)
def test_a_name_that_nothing_has_is_told_with_those_there_are(
    keyword: str, value: Any, reason: str, message: str
) -> None:
    with pytest.raises(BridgeError, match=message) as caught:
        Rank().named("torch.zeros", 1, **{keyword: value})
    assert caught.value.reason == reason


def test_text_that_is_text_stays_text() -> None:
    rank = Rank()
    ones = rank.named("torch.ones", 2, 2)
    assert rank.call(rank.named("torch.einsum", "ii", ones), "item") == 2.0
    assert rank.call(rank.named("torch.norm", ones, "fro"), "item") == 2.0
    assert rank.named("vllm_distributed.divide", 4, 2) == 2


def test_a_client_names_them_and_gets_them_back(real_pool: Pool) -> None:
    with connect(real_pool.endpoint) as client, client.open_session() as session:
        found = session.run("torch.arange", 6, dtype="float32")
        assert found.dtype is torch.float32
        assert found.tolist() == [0, 1, 2, 3, 4, 5]
        for dtype in (torch.float16, "f16", ("f", 16)):
            assert session.run("torch.zeros", 1, dtype=dtype, device="cpu").dtype is torch.float16
        assert session.run("torch.get_default_dtype") is torch.float32
