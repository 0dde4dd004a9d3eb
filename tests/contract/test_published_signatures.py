"""What code written against vLLM finds here: every published name, with its kind, order, defaults.

`published/` has the signatures of the oldest and of the newest version, one fact a line. Ours may
append parameters that have defaults, and give a default to what has none there. Names are looked
up as `install_as_vllm` finds them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from vllm_distributed.compat import drop_in
from vllm_distributed.compat.aliases import Alias

LISTS = Path(__file__).parent / "published"
VERSIONS = sorted(path.stem for path in LISTS.glob("*.txt"))

ALIASES = drop_in._Finder()._aliases

_BASE = "vllm.distributed.device_communicators.base_device_communicator"

_QUEUE = "vllm.distributed.device_communicators.shm_broadcast"
_MAKING = "a step of how vLLM makes its groups; ours are made by other steps"
_MOVING = "a part of how vLLM's queue moves bytes, and pickles; ours moves them by other parts"

LEFT_OUT: dict[str, str] = {
    "vllm.distributed.parallel_state._RetainedHandle*": "a handle of ours keeps its tensors",
    "vllm.distributed.parallel_state._platform_device_type": _MAKING,
    "vllm.distributed.parallel_state._device_backend_str": _MAKING,
    "vllm.distributed.parallel_state._create_subgroups_split_group": _MAKING,
    "vllm.distributed.parallel_state._init_process_group_for_split_group": _MAKING,
    "vllm.distributed.parallel_state._validate_default_pg_for_split_group": _MAKING,
    "vllm.distributed.parallel_state._init_elastic_ep_world": _MAKING,
    "vllm.distributed.parallel_state._elastic_join_warmup_ctx": _MAKING,
    "vllm.distributed.parallel_state._engram_dp_shard_size": _MAKING,
    "vllm.distributed.parallel_state._aiter_registers_graph_buffers": "of AMD's kernels",
    "vllm.distributed.stateless_coordinator._*": _MAKING,
    "vllm.distributed.utils._CPU_ALL_REDUCE_TAG_BASE": "the tags of messages are not for others",
    "vllm.config.parallel._NUMACTL_CPUSET_PATTERN": "a field's own check",
    f"{_QUEUE}._*": _MOVING,
    f"{_QUEUE}.SHM_*_INTERVAL_*": _MOVING,
    f"{_QUEUE}.SPINLOOP_TIMEOUT_SECONDS": _MOVING,
    f"{_QUEUE}.Spin*": _MOVING,
    f"{_QUEUE}.ShmRingBuffer*": _MOVING,
    f"{_QUEUE}.MessageQueue.acquire_*": _MOVING,
    f"{_QUEUE}.MessageQueue.[a-z]*_socket": _MOVING,
    **{
        f"{_QUEUE}.MessageQueue.{name}": _MOVING
        for name in (
            *("tensor_arena", "local_reader_rank", "handle", "buffer", "current_idx", "started"),
            *("deadline", "warning_wait_time_ms", "n_warning", "timeout"),
        )
    },
}
"""Names that are not here, by patterns, and why."""

OTHERWISE: dict[tuple[str, str], str] = {
    ("0.14", "vllm.distributed.parallel_state.GroupCoordinator.dispatch"): "both are taken: a "
    "second tensor without a third is router_logits",
    ("0.14", f"{_BASE}.DeviceCommunicatorBase.dispatch"): "both are taken",
    ("0.14", f"{_BASE}.All2AllManagerBase.dispatch"): "topk_weights and topk_ids since 0.15",
    ("0.14", f"{_QUEUE}.MessageQueue.dequeue"): "indefinite is second since 0.15",
    ("0.14", "vllm.config.parallel.EPLBConfig.use_async"): "True since 0.17",
}
"""(version, name) of signatures that a newer version changed, where ours is the newer one."""


def facts(version: str) -> list[tuple[str, str]]:
    module, found = "", []
    for line in (LISTS / f"{version}.txt").read_text().splitlines():
        if line.startswith("["):
            module = line.strip("[]")
        else:
            found.append((module, line))
    return found


def name_of(fact: str) -> str:
    return fact.partition(" ")[2].partition("(")[0].partition(" = ")[0]


def resolve(module: str, name: str) -> Any:
    value: Any = Alias(module, ALIASES)
    for part in name.split("."):
        value = (
            inspect.getattr_static(value, part) if inspect.isclass(value) else getattr(value, part)
        )
    return value


def parameters_of(signature: str) -> list[tuple[str, str, Any]]:
    """(name, kind, default's text) of a written signature."""
    node = ast.parse(f"def f{signature}: ...").body[0]
    assert isinstance(node, ast.FunctionDef)
    names = node.args
    plain = [*names.posonlyargs, *names.args]
    defaults = [None] * (len(plain) - len(names.defaults)) + list(names.defaults)
    found = [(one.arg, "plain", default) for one, default in zip(plain, defaults, strict=True)]
    found += [
        (one.arg, "keyword", default)
        for one, default in zip(names.kwonlyargs, names.kw_defaults, strict=True)
    ]
    return found if names.kwarg is None else [*found, (names.kwarg.arg, "keywords", None)]


def what_is_wrong(theirs: str, ours: Callable[..., Any]) -> list[str]:
    wanted = [one for one in parameters_of(theirs) if one[0] not in ("self", "cls")]
    have = [
        one
        for one in inspect.signature(ours).parameters.values()
        if one.name not in ("self", "cls")
    ]
    problems = []
    for at, (name, kind, default) in enumerate(wanted):
        if kind == "keywords":
            continue  # ours names them
        if at >= len(have) or have[at].name != name:
            there = have[at].name if at < len(have) else "nothing"
            problems.append(f"parameter {at} is {there}, must be {name}")
            break
        mine = have[at]
        if (mine.kind is mine.KEYWORD_ONLY) != (kind == "keyword"):
            problems.append(f"{name} is {mine.kind.description}")
        if default is not None and not is_default(default, mine.default):
            problems.append(f"{name}={mine.default!r}, must be {ast.unparse(default)}")
    problems += [
        f"{mine.name}, which is appended, has no default"
        for mine in have[len(wanted) :]
        if mine.default is mine.empty and mine.kind not in (mine.VAR_KEYWORD, mine.VAR_POSITIONAL)
    ]
    return problems


def is_default(theirs: ast.expr, ours: Any) -> bool:
    text = ast.unparse(theirs)
    if text == "torch.distributed.ReduceOp.SUM":
        return "SUM" in repr(ours)
    return bool(evaluated(text) == ours)


def evaluated(text: str) -> Any:
    """The value of a default, which is a literal or a product of numbers."""
    if text == "SHM_PATH":
        return "/dev/shm"
    factors = [ast.literal_eval(factor) for factor in text.split(" * ")]
    value = factors[0]
    for factor in factors[1:]:
        value *= factor
    return value


def problems_of(module: str, fact: str) -> list[str]:
    kind, _, rest = fact.partition(" ")
    name = rest.partition("(")[0].partition(" = ")[0]
    signature = rest[len(name) :] if rest[len(name) : len(name) + 1] == "(" else ""
    if kind in ("attribute", "field"):
        return problems_of_field(module, name, rest.partition(" = ")[2])
    try:
        value = resolve(module, name)
    except AttributeError:
        return ["is missing"]
    if kind == "class" and not inspect.isclass(value):
        return ["is no class"]
    if kind == "property" and not isinstance(value, property):
        return ["is no property"]
    if kind == "static" and not isinstance(value, (staticmethod, classmethod)):
        return ["cannot be called on the class"]
    # A static one can be called on an object as well.
    if kind == "method" and not (inspect.isfunction(value) or isinstance(value, staticmethod)):
        return ["is no method"]
    if signature:
        called = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
        return what_is_wrong(signature, called)
    return []


def problems_of_field(module: str, name: str, written: str) -> list[str]:
    owner, _, field = name.rpartition(".")
    try:
        kind = resolve(module, owner)
    except AttributeError:
        return ["is of a class that is missing"]
    known = getattr(kind, "__pydantic_fields__", {})
    if field in known:
        default = written.partition(",")[0].removeprefix("default=")
        mine = known[field].get_default(call_default_factory=True)
        if not default or default.startswith(("init=", "default_factory")):
            return []
        return [] if ast.literal_eval(default) == mine else [f"= {mine!r}, must be {default}"]
    if hasattr(kind, field) or field in sources_of(kind):
        return []
    return ["is missing"]


def sources_of(kind: type) -> set[str]:
    """The attributes that a class's own methods, and those of its bases, set or declare."""
    found = set()
    for base in kind.__mro__[:-1]:
        found |= set(getattr(base, "__annotations__", {}))
        tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        found |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node.value) == "self"
        }
    return found


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_what_is_left_out_is_published_and_not_here(pattern: str) -> None:
    found = [
        problems_of(module, fact)
        for version in VERSIONS
        for module, fact in facts(version)
        if fnmatch(f"{module}.{name_of(fact)}", pattern)
    ]
    assert found
    assert any(found), f"all of {pattern} is here"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_published_signature_is_here(version: str) -> None:
    wrong = {}
    for module, fact in facts(version):
        name = name_of(fact)
        problems = problems_of(module, fact)
        where = f"{module}.{name}"
        if problems and not is_known(version, where):
            wrong[where] = "; ".join(problems)
    assert wrong == {}


def is_known(version: str, where: str) -> bool:
    left_out = any(fnmatch(where, pattern) for pattern in LEFT_OUT)
    return left_out or (version, where) in OTHERWISE
