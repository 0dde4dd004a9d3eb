"""What `--allow PREFIX` opens, and what stays closed."""

from __future__ import annotations

from functools import partial

import pytest
from objects_harness import Rank

from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.rank.allow.allow_list import DEFAULT_PREFIXES, AllowList


def rank_with(*prefixes: str) -> Rank:
    return Rank((*DEFAULT_PREFIXES, *prefixes))


@pytest.fixture
def rank() -> Rank:
    return rank_with("opened.")


@pytest.mark.parametrize(
    ("prefix", "name", "args", "result"),
    [
        ("os.path.", "os.path.join", ("a", "b"), "a/b"),
        ("os.path", "os.path.join", ("a", "b"), "a/b"),
        ("os.", "os.path.basename", ("a/b",), "b"),
        ("operator.", "operator.add", (1, 2), 3),
        ("math.", "math.sqrt", (9,), 3.0),
        ("json.", "json.dumps", ([1],), "[1]"),
        ("statistics.", "statistics.mean", ([1, 3],), 2),
        ("hashlib.", "hashlib.md5", (b"a",), None),
        ("io.", "io.StringIO", ("text",), None),
        ("opened.", "opened.double", (4,), 8),
        ("opened.", "opened.Model.small", (), None),
    ],
)
def test_a_name_is_open_by_what_it_was_asked_for(
    prefix: str, name: str, args: tuple[object, ...], result: object
) -> None:
    found = rank_with(prefix).named(name, *args)
    assert found == result or result is None


@pytest.mark.parametrize(
    ("prefix", "name", "args", "method", "result"),
    [
        ("hashlib.", "hashlib.md5", (b"a",), "hexdigest", "0cc175b9c0f1b6a831c399e269772661"),
        ("io.", "io.StringIO", ("text",), "getvalue", "text"),
    ],
)
def test_what_c_defines_under_another_name_can_be_used(
    prefix: str, name: str, args: tuple[object, ...], method: str, result: object
) -> None:
    allowed = AllowList((*DEFAULT_PREFIXES, prefix))
    made = allowed.resolve_callable(name)(*args)
    allowed.check_result(made)
    assert allowed.method(made, method)() == result


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("io.", "io.open_code.__self__"),
        ("hashlib.", "hashlib._hashlib.new"),
        ("os.path.", "os.system"),
        ("os.path.", "os.path.os.system"),
        ("os.path.", "os.path.genericpath.os.system"),
        ("opened.", "opened.os"),
        ("opened.", "opened.os.system"),
        ("opened.", "opened.system"),
        ("opened.", "opened.Popen"),
        ("opened.", "opened.nn.Sequential"),
        ("opened.", "opened.double.__globals__"),
        ("opened.", "opened._private"),
        ("opened.", "opened.Model.get_buffer"),
        ("opened.", "opened.Model.register_module"),
        ("opened.", "posixpath.join"),
        ("opened.", "openedx.double"),
        ("opened", "openedx.double"),
    ],
)
def test_what_a_module_only_imports_stays_closed(prefix: str, name: str) -> None:
    with pytest.raises(BridgeError, match="may not be used from outside") as caught:
        AllowList((*DEFAULT_PREFIXES, prefix)).resolve(name)
    assert caught.value.reason == "name_not_allowed"


def test_a_refusal_does_not_tell_what_is_closed(rank: Rank) -> None:
    with pytest.raises(BridgeError) as caught:
        rank.named("opened.sistem")
    assert caught.value.reason == "unknown_name"
    assert "system" not in caught.value.message.replace("sistem", "")


def test_objects_of_an_opened_module_are_kept_called_and_sent(rank: Rank) -> None:
    model = rank.named("opened.Model", 2)
    ones = rank.named("torch.ones", 1, 2)
    assert rank.attribute(rank.call(model, "", ones), "shape") == (1, 1)
    assert rank.attribute(rank.call(model, "forward", ones), "shape") == (1, 1)
    assert rank.attribute(model, "name") == "mine"
    assert list(rank.call(model, "state_dict")) == ["inner.weight"]
    rank.call(model, "load_state_dict", {"inner.weight": rank.named("torch.zeros", 1, 2)})
    assert rank.call(rank.call(model, "", ones), "item") == 0.0
    assert rank.call(model, "eval") == model
    assert rank.call(model, "twin") != model
    assert rank.named("opened.describe", model, more=[model]) == "Model, more"
    assert rank.resolve("opened.SIZES") == (2, 3)
    context = rank.named("opened.block", "inside")
    assert rank.enter(context) == "inside"


def test_what_its_classes_inherit_from_torch_stays_closed(rank: Rank) -> None:
    model = rank.named("opened.Model")
    for escape in (
        partial(rank.call, model, "get_buffer", "inner"),
        partial(rank.call, model, "get_submodule", ""),
        partial(rank.call, model, "register_buffer", "forward", None),
        partial(rank.call, model, "add_module", "forward", None),
        partial(rank.call, model, "apply", model),
        partial(rank.call, model, "compile"),
        partial(rank.call, model, "share_memory"),
        partial(rank.call, model, "shell", "true"),
        partial(rank.attribute, model, "shell"),
        partial(rank.attribute, model, "_modules"),
        partial(rank.attribute, model, "__dict__"),
    ):
        with pytest.raises(BridgeError, match="may not be used from outside") as caught:
            escape()
        assert caught.value.reason == "name_not_allowed", escape


@pytest.mark.parametrize("what", ["function", "module", "class", "object"])
def test_its_results_are_values_and_objects_of_its_own(rank: Rank, what: str) -> None:
    with pytest.raises(BridgeError, match="the result") as caught:
        rank.named("opened.leak", what)
    assert caught.value.reason == "name_not_allowed"


def test_its_functions_are_no_arguments_either(rank: Rank) -> None:
    with pytest.raises(BridgeError, match="sent nowhere"):
        rank.named("opened.describe", rank.resolve("opened.double"))
