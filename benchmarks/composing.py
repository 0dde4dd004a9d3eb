"""One round of `compose_names.py`: what is called, with what, and what is watched meanwhile."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import itertools
import json
import os
import random
import resource
import sys
import time
import traceback
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.distributed as dist

import vllm_distributed
from vllm_bridge import surface
from vllm_bridge._generated import dispatch, distributed_pb2, rank_pb2, types_pb2
from vllm_bridge.codec import terms
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow import user_code
from vllm_bridge.rank.allow.allow_list import DEFAULT_PREFIXES, AllowList
from vllm_bridge.rank.allow.names import REFUSED, callable_names, value_names
from vllm_bridge.rank.allow.types import OPEN, opening_of
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.rank.services import object_methods

NOT_COMPOSED = frozenset(
    {
        "init_distributed_environment",
        "init_gloo_process_group",
        "stateless_init_torch_distributed_process_group",
        "StatelessProcessGroup",
        "StatelessProcessGroup.create",
        "StatelessGroupCoordinator",
        "MessageQueue",
        "MessageQueue.create_from_handle",
        "MessageQueue.create_from_process_group",
        "MessageQueue.create_from_process_group_single_reader",
        "init_world_group",
        "init_model_parallel_group",
        "GroupCoordinator",
        "suppress_stdout",
        "destroy_distributed_environment",
        "cleanup_dist_env_and_memory",
    }
)
"""Names of ours that wait for other ranks, listen, or share memory, as they are there to do."""

_WAITING = frozenset(
    {
        *("get", "multi_get", "queue_pop", "wait"),
        *("create_mq_broadcaster", "create_single_reader_mq_broadcasters"),
    }
)
"""Methods that wait for what nobody does here, or share memory."""

MEMORY_BYTES = 6 << 30
"""Of address space beyond what the process has at its start: a large tensor is an error."""

SNAPSHOT_EVERY = 400

FINDINGS_OF_A_KIND = 10

SLOW_SECONDS = 2.0
"""A call that takes longer is told on standard error."""

_PROCESSES = frozenset(
    {
        "ctypes.dlopen",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pickle.find_class",
        "pty.spawn",
        "socket.bind",
        "socket.connect",
        "subprocess.Popen",
    }
)
_WRITES = frozenset(
    {
        "os.chmod",
        "os.chown",
        "os.link",
        "os.mkdir",
        "os.putenv",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.unsetenv",
        "shutil.copyfile",
        "shutil.move",
        "shutil.rmtree",
    }
)


class Watch:
    """What happens in this process that is no computation."""

    def __init__(self) -> None:
        self.findings: list[str] = []
        self._kinds: Counter[str] = Counter()
        self.doing = ""
        self._on = False
        sys.addaudithook(self._seen)

    @contextlib.contextmanager
    def over(self, doing: str) -> Iterator[None]:
        """Watch one composition."""
        self.doing, self._on = doing, True
        try:
            yield
        finally:
            self._on = False

    def note(self, what: str) -> None:
        """A finding; of many that are alike, a few."""
        kind = what.split(" ")[0]
        self._kinds[kind] += 1
        if self._kinds[kind] <= FINDINGS_OF_A_KIND:
            self.findings.append(f"{what} after {self.doing}")

    def _seen(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "open":
            suspect = _opens_for_writing(*args)
        elif event in ("compile", "exec"):
            suspect = not _expected()
        else:
            suspect = event in _PROCESSES or event in _WRITES
        if suspect:
            self.note(f"{event} {args!r:.200}")


def _opens_for_writing(path: object, mode: object, flags: int) -> bool:
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    return (isinstance(mode, str) and bool(set(mode) & set("wax+"))) or bool(flags & writes)


def _expected() -> bool:
    """Whether a module is being imported, as torch does when a part of it is first needed, or the
    marks below the lines of a traceback are found, for which Python parses the lines."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename in ("<frozen importlib._bootstrap>", traceback.__file__):
            return True
        frame = frame.f_back
    return False


class Snapshot:
    """The attributes of modules, classes and functions that a client must not change."""

    def __init__(self) -> None:
        self._holders = list(_holders())
        self._seen = [dict(_attributes(holder)) for holder in self._holders]
        self._process = _process_state()

    def changes(self) -> list[str]:
        """What is other than it was, or new."""
        found = [
            f"{_label(holder)}.{name} changed"
            for holder, before in zip(self._holders, self._seen, strict=True)
            for name in _different(before, dict(_attributes(holder)))
        ]
        now = _process_state()
        found += [f"{name} of the process changed" for name in _different(self._process, now)]
        self.__init__()  # type: ignore[misc]
        return found


def _holders() -> Iterator[Any]:
    names = [
        name
        for name in sys.modules
        if name.startswith(("vllm_distributed", "vllm_bridge"))
        or name in ("builtins", "os", "sys", "torch", "torch.nn", "torch.nn.functional", "random")
        or name in ("torch._tensor", "torch.functional", "torch.nn.modules.module", "planted")
    ]
    for name in sorted(names):
        module = sys.modules[name]
        yield module
        for value in list(vars(module).values()):
            if isinstance(value, (type, types.FunctionType)) and value.__module__ == name:
                yield value


def _attributes(holder: Any) -> Iterator[tuple[str, Any]]:
    module = isinstance(holder, types.ModuleType)
    for name, value in list(vars(holder).items()):
        # What a module loads when it is needed; what it counts is private.
        if isinstance(value, types.ModuleType) or name in ("__warningregistry__", "_abc_impl"):
            continue
        if module and name.startswith("_") and not name.startswith("__"):
            continue
        yield name, value
    if isinstance(holder, types.FunctionType):
        for name in ("__code__", "__annotations__", "__defaults__", "__kwdefaults__", "__name__"):
            value = getattr(holder, name)
            yield name, repr(value) if name == "__annotations__" else value


def _different(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    changed = [n for n in before if n not in now or now[n] is not before[n] != now[n]]
    return changed + [name for name in now if name not in before and not _lazy(name)]


def _lazy(name: str) -> bool:
    """Names that our package loads on first use."""
    return name in vllm_distributed.__all__ or name in vllm_distributed.config.__all__


def _process_state() -> dict[str, Any]:
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "sys.path": list(sys.path),
        "default dtype": torch.get_default_dtype(),
        "default device": str(torch.get_default_device()),
        "hooks of errors": sys.excepthook,
        "recursion limit": sys.getrecursionlimit(),
    }


def _label(holder: Any) -> str:
    return str(getattr(holder, "__qualname__", getattr(holder, "__name__", holder)))


class _Refs:
    """A client's object space."""

    def put(self, value: object) -> types_pb2.Ref:
        return value  # type: ignore[return-value]

    def get(self, ref: types_pb2.Ref) -> types_pb2.Ref:
        return ref


_Made = tuple[Any, str, list[Any], dict[str, Any]]
"""A call without its arguments, what to say of it, and these."""


class Composer:
    """A client that calls what comes to its mind."""

    def __init__(self, seed: int, prefixes: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._prefixes = prefixes
        self._objects_methods = object_methods()
        self._names = sorted(
            name
            for name in callable_names()
            if not any(f"{name}.".endswith(f".{out}.") for out in NOT_COMPOSED)
        )
        self._opened = [
            f"{prefix}{name}"
            for prefix in prefixes
            for name, value in vars(importlib.import_module(prefix.rstrip("."))).items()
            if isinstance(value, user_code.CODE)
        ]
        self._closed = sorted(REFUSED) + [
            f"{home}.{name}"
            for home in ("torch", "torch.nn", "torch.func", "torch.optim", "torch.storage", "os")
            for name in dir(sys.modules.get(home, torch))
        ]
        self._members = sorted(
            {m for o in OPEN.values() for m in (*o.methods, *o.attributes)}
            | set(dir(torch.Tensor))
            | set(dir(torch.nn.Module))
            | {item.name for item in surface.exposed()}
            | {"__class__", "__dict__", "__globals__", "__reduce_ex__", "_buffers", "update"}
        )
        self.start()

    def start(self) -> None:
        """A new session, with a few objects."""
        self._last = None
        self._worked: list[_Made] = []
        self.objects = SessionObjects("s", epoch=0, limit=400)
        prefixes = (*DEFAULT_PREFIXES, *self._prefixes)
        self._wire = Wire(self.objects, AllowList(prefixes), keep_tensors=True)
        self._refs: list[types_pb2.Ref] = []
        if not vllm_distributed.model_parallel_is_initialized():
            vllm_distributed.initialize_model_parallel(1, 1)
        for name, args in _FIRST:
            request = rank_pb2.CallRequest(qualified_name=name)
            request.args.CopyFrom(terms.encode(list(args), _Encoding()))
            call = self._objects_methods["/vllm.bridge.v1.Objects/Call"].call
            with contextlib.suppress(vllm_distributed.DistributedError):  # a group was destroyed
                self.answer(call(request, self._wire))
        resolve = dispatch.METHODS["/vllm.distributed.v1.Distributed/ResolveObjByQualname"]
        for name in ("torch.neg", "torch.nn.Linear", "vllm_distributed.divide"):
            named = distributed_pb2.ResolveObjByQualnameRequest(qualname=name)
            self.answer(resolve.call(named, self._wire))
        self._first = list(self._refs)

    def compose(self) -> tuple[str, Callable[[], Any]]:
        """A call, and what to say of it."""
        kinds = (
            *(self._named, self._method, self._attribute, self._object, self._typed),
            self._again,
        )
        kind = self._random.choices(kinds, (6, 5, 2, 1, 1, 6 if self._worked else 0))[0]
        self._last: _Made | None = None
        return kind()

    def answer(self, message: Any) -> None:
        """Keep the refs of an answer, for later calls, and what was called."""
        if self._last is not None:
            self._worked = [*self._worked[-300:], self._last]
        term = getattr(message, "result", message)
        if not isinstance(term, types_pb2.Term):
            return
        for tensor in term.tensors:
            if tensor.WhichOneof("storage") == "ref":
                self._refs.append(tensor.ref)
        if not term.tensors:
            found = _flat(terms.decode(term, _Refs()))
            self._refs += [item for item in found if isinstance(item, types_pb2.Ref)]
        self._refs = self._refs if len(self._refs) < 150 else self._first + self._refs[-100:]

    def _named(self) -> tuple[str, Callable[[], Any]]:
        lists = [self._names, self._closed, sorted(value_names()), self._opened or self._names]
        name = self._random.choice(self._random.choices(lists, (12, 2, 1, 4))[0])
        return self._call(rank_pb2.CallRequest(qualified_name=name), name)

    def _method(self) -> tuple[str, Callable[[], Any]]:
        ref = self._ref()
        name = self._member(ref)
        return self._call(rank_pb2.CallRequest(object=ref, method=name), f"{ref.type_name}.{name}")

    def _object(self) -> tuple[str, Callable[[], Any]]:
        ref = self._ref()
        return self._call(rank_pb2.CallRequest(object=ref), ref.type_name)

    def _attribute(self) -> tuple[str, Callable[[], Any]]:
        ref = self._ref()
        name = self._member(ref)
        request = rank_pb2.GetAttributeRequest(object=ref, name=name)
        return self._sent("GetAttribute", request, f"{ref.type_name}.{name} read")

    def _typed(self) -> tuple[str, Callable[[], Any]]:
        path, request = self._random.choice(
            [
                (
                    "ResolveObjByQualname",
                    distributed_pb2.ResolveObjByQualnameRequest(
                        qualname=self._random.choice(self._names + self._closed + self._opened)
                    ),
                ),
                (
                    "DirectRegisterCustomOp",
                    distributed_pb2.DirectRegisterCustomOpRequest(
                        op_name=f"composed_{self._random.randrange(10**6)}", op_func=self._ref()
                    ),
                ),
                (
                    "PrepareCommunicationBufferForModel",
                    distributed_pb2.PrepareCommunicationBufferForModelRequest(model=self._ref()),
                ),
            ]
        )
        context = self._random.random() < 0.3
        if context:
            enter = rank_pb2.EnterRequest(context=self._ref())
            return self._sent("Enter", enter, f"enter {enter.context.type_name}")
        method = dispatch.METHODS[f"/vllm.distributed.v1.Distributed/{path}"]
        parsed = method.request.FromString(request.SerializeToString())
        return f"{path} {str(request)[:150]!r}", lambda: method.call(parsed, self._wire)

    def _call(self, request: Any, what: str) -> tuple[str, Callable[[], Any]]:
        args = [self._value() for _ in range(self._random.choice((0, 1, 1, 1, 2, 2, 3, 4)))]
        if args and self._random.random() < 0.6:
            args[0] = self._tensor()
        kwargs = {
            self._random.choice(_KEYWORDS): self._value()
            for _ in range(self._random.choice((0, 0, 0, 1, 1, 2)))
        }
        return self._made((request, what, args, kwargs))

    def _again(self) -> tuple[str, Callable[[], Any]]:
        """What was answered before, with another argument."""
        request, what, args, kwargs = self._random.choice(self._worked)
        args, kwargs = list(args), dict(kwargs)
        place = self._random.randrange(len(args) + 2)
        if place < len(args):
            args[place] = self._value()
        elif place == len(args):
            args.append(self._value())
        else:
            kwargs[self._random.choice(_KEYWORDS)] = self._value()
        return self._made((request, what, args, kwargs))

    def _made(self, made: _Made) -> tuple[str, Callable[[], Any]]:
        self._last = made
        source, what, args, kwargs = made
        request = rank_pb2.CallRequest.FromString(source.SerializeToString())
        request.args.CopyFrom(terms.encode(args, _Encoding()))
        request.kwargs.CopyFrom(terms.encode(kwargs, _Encoding()))
        return self._sent("Call", request, f"{what}(*{args!r:.300}, **{kwargs!r:.200})")

    def _sent(self, name: str, request: Any, what: str) -> tuple[str, Callable[[], Any]]:
        method = self._objects_methods[f"/vllm.bridge.v1.Objects/{name}"]
        parsed = method.request.FromString(request.SerializeToString())
        return what, lambda: method.call(parsed, self._wire)

    def _ref(self) -> types_pb2.Ref:
        if not self._refs:
            return types_pb2.Ref(id="obj-1", session_id="s", type_name="nothing")
        return self._random.choice(self._refs)

    def _member(self, ref: types_pb2.Ref) -> str:
        with contextlib.suppress(BridgeError):
            opening = opening_of(type(self.objects.get(ref)))
            if opening is not None and self._random.random() < 0.8:
                members = sorted((*opening.methods, *opening.attributes))
                name = self._random.choice(members) if members else "x"
                return "x" if name in _WAITING else name
        name = self._random.choice(self._members)
        return "x" if name in _WAITING else name

    def _value(self, depth: int = 0) -> Any:
        choice = self._random.random()
        if choice < 0.3 and self._refs:
            return self._ref()
        if choice < 0.5:
            return self._random.choice((0, 1, 2, 3, -1, 5, 8, 64, True, None, 0.5, 2**31, -(2**63)))
        if choice < 0.65:
            return self._random.choice(_TEXTS)
        if choice < 0.8 or depth > 2:
            return self._tensor()
        if choice < 0.95:
            items = [self._value(depth + 1) for _ in range(self._random.randrange(4))]
            return items if self._random.random() < 0.6 else tuple(items)
        return {
            self._random.choice(_KEYWORDS): self._value(depth + 1)
            for _ in range(self._random.randrange(3))
        }

    def _tensor(self) -> torch.Tensor:
        shape = self._random.choice(((), (2,), (3, 2), (2, 2), (2, 2), (1, 2, 3, 4), (0,)))
        dtype = self._random.choice((torch.float32, torch.float32, torch.int64, torch.bool))
        return torch.ones(shape, dtype=dtype, device="cpu")


class _Encoding(_Refs):
    def put(self, value: object) -> types_pb2.Ref:
        if isinstance(value, types_pb2.Ref):
            return value
        raise TypeError(f"{value!r} is nothing that a client sends")


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple, set)):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, dict):
        yield from itertools.chain.from_iterable(map(_flat, value.values()))
    else:
        yield value


_FIRST: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("torch.ones", (2, 2)),
    ("torch.arange", (4,)),
    ("torch.nn.Linear", (2, 2)),
    ("torch.Generator", ()),
    ("torch.finfo", ("f32",)),
    ("torch.no_grad", ()),
    ("torch.inference_mode", ()),
    ("torch.distributed.HashStore", ()),
    ("vllm_distributed.get_tp_group", ()),
    ("vllm_distributed.get_world_group", ()),
    ("vllm_distributed.ParallelConfig", ()),
    ("vllm_distributed.init_logger", ("composed",)),
    ("vllm_distributed.graph_capture", ("cpu",)),
)
"""What a session has from its start."""

_KEYWORDS = (
    *("dim", "dtype", "device", "out", "input", "other", "size", "keepdim", "generator", "weight"),
    *("func", "fn", "hook", "callable", "closure", "layout", "memory_format", "requires_grad"),
    *("filename", "path", "name", "storage", "source", "tensors", "alpha", "value", "model", "obj"),
    *("__class__", "__dict__", "__reduce_ex__", "__annotations__", "_buffers", "_modules"),
    *("extra", "exc_info", "stack_info", "state_dict", "factory_kwargs", "group", "op", "store"),
)
_TEXTS = (
    *("mean", "sum", "ij,jk->ik", "bilinear", "reflect", "constant", "fro", "nuc", "cpu", "meta"),
    *("cuda:0", "float32", "f16", "torch.bfloat16", "strided", "sparse_csr", "channels_last"),
    *("os.system", "torch.load", "builtins.eval", "__class__", "__globals__", "__import__"),
    *("__import__('os').system('touch composed')", "/tmp/composed_by_a_client", "composed", ""),
    *("torch.nn.Module", "%s %(x)s", "{0.__class__}", "..", "tcp://127.0.0.1:1", "file:///x"),
)


def run(seconds: float, seed: int, prefixes: Sequence[str]) -> int:
    """Compose for that long; the figures are the last line that it prints."""
    warnings.simplefilter("ignore")
    faulthandler.enable()
    _alone()
    composer, watch = Composer(seed, prefixes), Watch()
    torch.manual_seed(seed)
    _limit_memory()
    _warm_up()
    outcomes: Counter[str] = Counter()
    snapshot = Snapshot()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        outcomes["compositions"] += 1
        what, call = composer.compose()
        started = time.monotonic()
        outcomes[_outcome(watch, composer, what, call)] += 1
        if time.monotonic() - started > SLOW_SECONDS:
            print(f"{what} took {time.monotonic() - started:.1f} s", file=sys.stderr)
        if outcomes["compositions"] % SNAPSHOT_EVERY == 0:
            _end_of_session(composer)
            for change in snapshot.changes():
                watch.note(change)
    _end_of_session(composer)
    for change in snapshot.changes():
        watch.note(change)
    print(json.dumps({**outcomes, "findings": watch.findings}), flush=True)
    os._exit(0)


def _outcome(watch: Watch, composer: Composer, what: str, call: Callable[[], Any]) -> str:
    with watch.over(what):
        try:
            answer = call()
        except BridgeError as error:
            return f"refused_{error.reason}"
        except Exception:  # noqa: BLE001 - whatever a call raises is its caller's answer
            return "raised"
    composer.answer(answer)
    return "answered"


def _end_of_session(composer: Composer) -> None:
    composer.objects.contexts.close()
    composer.objects.forget_all()
    composer.start()


def _alone() -> None:
    """A world of this process, so that groups can be asked for and used."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    vllm_distributed.init_distributed_environment(1, 0, "env://", backend="gloo")
    vllm_distributed.initialize_model_parallel(1, 1)


def _limit_memory() -> None:
    pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115
    most = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _warm_up() -> None:
    """Load what torch and our package load when it is first needed."""
    for name in vllm_distributed.__all__:
        getattr(vllm_distributed, name)
    for name in vllm_distributed.config.__all__:
        getattr(vllm_distributed.config, name)
    torch.zeros(2, device="meta").sum()
