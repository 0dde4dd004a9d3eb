"""The tools of a worker, run by its executor: SnakeBridge's five, `vllm.rpc`, and the `ping` and
`echo` of Snakepit's first steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from vllm_bridge._generated import bridge_service_pb2 as pb
from vllm_bridge._generated import distributed_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow.allow_list import DEFAULT_PREFIXES, AllowList
from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.handler import RankState
from vllm_bridge.rank.journal import Journal, Record
from vllm_bridge.rank.sessions import RankSession
from vllm_bridge.snakepit.errors import builtin_name
from vllm_bridge.snakepit.sessions import DEFAULT_SESSION, WorkerSessions
from vllm_bridge.snakepit.telemetry import CallEvents, Telemetry
from vllm_bridge.snakepit.tools import specs as tool_specs
from vllm_bridge.snakepit.tools.calls import Call
from vllm_bridge.snakepit.tools.parameters import (
    MIN_SUPPORTED_VERSION,
    PROTOCOL_VERSION,
    Parameters,
    no_binary,
)
from vllm_bridge.snakepit.tools.rpc import REQUEST, TypedCalls
from vllm_bridge.snakepit.tools.values import Values, render

JSON_TYPE_URL = "type.googleapis.com/google.protobuf.StringValue"
"""What Snakepit calls JSON text."""

_NULL = b"null"

_WARM_UP = "vllm-warm-up"

_BINARY = {tool_specs.RPC: frozenset({REQUEST})}
_NONE: frozenset[str] = frozenset()


class Tools:
    """Everything here runs in the executor's thread."""

    def __init__(
        self,
        added: Sequence[str],
        sessions: WorkerSessions,
        journal: Journal,
        executor: Executor,
        telemetry: Telemetry,
    ) -> None:
        """`added`: prefixes of names that calls may use, beyond the usual ones."""
        self._sessions = sessions
        self._telemetry = telemetry
        self._allow_list = AllowList(
            (*DEFAULT_PREFIXES, *added) if added else (),
            more='`adapter_args: ["--allow", PREFIX]` of the Snakepit pool',
        )
        self._typed = TypedCalls(
            RankState(
                rank=None,
                sessions=sessions,
                journal=journal,
                executor=executor,
                allow_list=self._allow_list,
            )
        )
        self._tools: dict[str, Callable[[_Running, pb.ExecuteToolResponse], None]] = {
            tool_specs.CALL: self._call,
            tool_specs.RELEASE_REF: self._release_ref,
            tool_specs.RELEASE_SESSION: self._release_session,
            tool_specs.HELPERS: self._helpers,
            tool_specs.RPC: self._rpc,
            tool_specs.PING: self._ping,
            tool_specs.ECHO: self._echo,
        }

    def run(
        self,
        request: pb.ExecuteToolRequest,
        response: pb.ExecuteToolResponse,
        record: Record,
        correlation_id: str,
    ) -> None:
        """Run one tool and fill in its result. Whatever it raises is raised."""
        tool = self._tools.get(request.tool_name)
        if tool is None:
            raise self._unknown(request.tool_name)
        running = self._running(request, record, correlation_id)
        with running:
            tool(running, response)

    def stream(
        self, request: pb.ExecuteToolRequest, record: Record, correlation_id: str
    ) -> ToolStream:
        """Run a tool that streams, to where its first item can be asked for."""
        if request.tool_name not in (tool_specs.STREAM, tool_specs.CALL):
            raise self._unknown(request.tool_name, streaming=True)
        running = self._running(request, record, correlation_id)
        with running:
            running.parameters.check_version()
            call = running.call()
            return ToolStream(running, call.items())

    def _running(
        self, request: pb.ExecuteToolRequest, record: Record, correlation_id: str
    ) -> _Running:
        running = _Running(
            self._sessions, self._telemetry, self._allow_list, request, record, correlation_id
        )
        no_binary(request, _BINARY.get(request.tool_name, _NONE))
        return running

    def warm_up(self) -> None:
        """Make a call of each kind, so that the first one of a client waits for nothing."""
        calls = [
            ({"python_module": "vllm.distributed", "function": "get_pp_indices"}, [8, 0, 2]),
            ({"python_module": "torch", "function": "zeros"}, [2]),
        ]
        requests = []
        for named, args in calls:
            request = pb.ExecuteToolRequest(session_id=_WARM_UP, tool_name=tool_specs.CALL)
            versions = {
                "protocol_version": PROTOCOL_VERSION,
                "min_supported_version": MIN_SUPPORTED_VERSION,
            }
            for name, value in {**versions, **named, "args": args}.items():
                request.parameters[name].value = render(value)
            requests.append(request)
        typed = pb.ExecuteToolRequest(session_id=_WARM_UP, tool_name=tool_specs.RPC)
        typed.parameters["method"].value = render("/vllm.distributed.v1.Distributed/GetPpIndices")
        layers = distributed_pb2.GetPpIndicesRequest(num_hidden_layers=8, pp_rank=0, pp_size=2)
        typed.binary_parameters[REQUEST] = layers.SerializeToString()
        for request in (*requests, typed):
            self.run(request, pb.ExecuteToolResponse(), Record(_WARM_UP, "", ""), "")
        self._sessions.drop(_WARM_UP)

    def _unknown(self, name: str, *, streaming: bool = False) -> BridgeError:
        known = [tool_specs.STREAM] if streaming else list(self._tools)
        return BridgeError(
            Category.VALIDATION,
            "unknown_tool",
            f"there is no {'streaming ' if streaming else ''}tool {name!r}; there is "
            f"{', '.join(known)}" + ("" if streaming else f", and {tool_specs.STREAM} as a stream"),
            details={"tool": name},
        )

    def _call(self, running: _Running, response: pb.ExecuteToolResponse) -> None:
        running.parameters.check_version()
        call = running.call()
        result = call.run()
        try:
            _set(response, result)
        except BridgeError:
            running.values.forget()
            raise

    def _release_ref(self, running: _Running, response: pb.ExecuteToolResponse) -> None:
        ref = running.values.ref(running.parameters.get("ref"))
        objects = running.session.objects
        if ref.session_id != objects.session_id:
            # Says why it is refused.
            objects.get(ref)
        _set(response, objects.release(ref))

    def _release_session(self, running: _Running, response: pb.ExecuteToolResponse) -> None:
        _set(response, self._sessions.release(running.session_id))

    def _helpers(self, running: _Running, response: pb.ExecuteToolResponse) -> None:
        _set(response, [])

    def _ping(self, running: _Running, response: pb.ExecuteToolResponse) -> None:
        message = running.parameters.text("message") or "pong"
        _set(response, {"status": "ok", "message": message, "timestamp": time.time()})

    def _echo(self, running: _Running, response: pb.ExecuteToolResponse) -> None:
        _set(response, {"echoed": running.parameters.everything()})

    def _rpc(self, running: _Running, response: pb.ExecuteToolResponse) -> None:
        binary = running.request.binary_parameters
        answer = self._typed.run(running.parameters, binary, running.session, running.record)
        if answer:
            response.binary_result = answer
        else:
            # Snakepit takes an answer without bytes for one without binary result.
            _set(response, None)


class ToolStream:
    """The items of one stream, and how it ends when its reader stops early."""

    def __init__(self, running: _Running, items: Iterator[Any]) -> None:
        self._running = running
        self._items = items

    def next(self, record: Record) -> bytes | None:
        """JSON text of the next item; None at the end."""
        record.method, record.session_id = self._running.record.method, self._running.session_id
        try:
            item = next(self._items)
        except StopIteration:
            return None
        return render(self._running.values.encode(item))

    def close(self) -> None:
        """End a generator that was not read to its end."""
        close = getattr(self._items, "close", None)
        if close is not None:
            close()


class _Running:
    """One tool while it runs: its parameters, its session, and the events of the call."""

    def __init__(
        self,
        sessions: WorkerSessions,
        telemetry: Telemetry,
        allow_list: AllowList,
        request: pb.ExecuteToolRequest,
        record: Record,
        correlation_id: str,
    ) -> None:
        self.request = request
        self.record = record
        self.parameters = Parameters(request)
        self.session_id = (
            self.parameters.text("session_id") or request.session_id or DEFAULT_SESSION
        )
        record.session_id = self.session_id
        record.method = request.tool_name
        self.session: RankSession = sessions.get(self.session_id)
        self._module, self._library = self._origin()
        self._wire = Wire(self.session.objects, allow_list)
        self.values = Values(self._wire, self.session.objects, self._module, self._library)
        self._telemetry = telemetry
        self._correlation_id = (
            correlation_id or request.metadata.get("correlation_id", "") or record.call_id
        )
        record.call_id = self._correlation_id
        self._events: CallEvents | None = None
        self._begun = 0.0

    def _origin(self) -> tuple[str, str]:
        """Module and library of the call, or of the object that it is about."""
        module = self.parameters.text("python_module", "module_path")
        library = self.parameters.text("library")
        about = self.parameters.get("instance") or self.parameters.get("stream_ref")
        if isinstance(about, dict):
            module = module or str(about.get("python_module", ""))
            library = library or str(about.get("library", ""))
        return module, library or module.partition(".")[0]

    def call(self) -> Call:
        """The call that the parameters of `snakebridge.call` describe."""
        call = Call(self.parameters, self._wire, self.values)
        self.record.method = f"{self._module}.{call.name}" if self._module else call.name
        return call

    def __enter__(self) -> None:
        self._begun = time.monotonic()
        if self._telemetry.active:
            described = {
                "tool": self.request.tool_name,
                "session_id": self.session_id,
                "library": self._library,
                "python_module": self._module,
                "function": self.parameters.text(
                    "function", "class", "class_name", "attr", "method"
                ),
                "call_type": self.parameters.text("call_type") or "function",
            }
            self._events = CallEvents(described, self._correlation_id)
            self._telemetry.start(self._events)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._events is None:
            return
        seconds = time.monotonic() - self._begun
        if isinstance(error, Exception):
            self._telemetry.exception(self._events, seconds, builtin_name(error))
        else:
            self._telemetry.stop(self._events, seconds)


def _set(response: pb.ExecuteToolResponse, result: object) -> None:
    """Put a result into a response as JSON."""
    response.result.value = _NULL if result is None else render(result)
    response.result.type_url = JSON_TYPE_URL
