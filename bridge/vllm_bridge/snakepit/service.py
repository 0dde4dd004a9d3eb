"""The methods of Snakepit's BridgeService, and the thread that each of them runs in.

Heartbeats and all else that Snakepit asks of the worker itself have threads of their own, and
answer while a call runs. Tools run on the executor, one at a time; what a stream yields is made
there, and sent by a thread of the stream.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError, Message

from vllm_bridge._generated import bridge_service_pb2 as pb
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import LONGEST_S
from vllm_bridge.process import background
from vllm_bridge.rank.journal import Record
from vllm_bridge.snakepit.elixir import CORRELATION_HEADER, SERVICE
from vllm_bridge.snakepit.errors import as_bridge_error, error_json
from vllm_bridge.snakepit.telemetry import MAX_STREAMS, TelemetryStream
from vllm_bridge.snakepit.tools import specs as tool_specs
from vllm_bridge.snakepit.worker_state import MAX_QUEUE, WorkerState

LIVE_THREADS = 4
"""For what answers at once."""

MAX_TOOL_STREAMS = 16
"""Open streams of tools, and calls that are forwarded to Elixir."""

# Streams that were refused need a thread to say so.
_SPARE_THREADS = 2


Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class BridgeService(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves one worker."""

    def __init__(self, state: WorkerState) -> None:
        self._state = state
        self._streams = ThreadPoolExecutor(MAX_TOOL_STREAMS + _SPARE_THREADS, "tool-stream")
        self._open_streams = threading.BoundedSemaphore(MAX_TOOL_STREAMS)
        self._listeners = ThreadPoolExecutor(MAX_STREAMS + _SPARE_THREADS, "telemetry")
        self._live: dict[str, tuple[type[Message], Callable[[Any], Message]]] = {
            "Ping": (pb.PingRequest, _ping),
            "InitializeSession": (pb.InitializeSessionRequest, self._initialize_session),
            "CleanupSession": (pb.CleanupSessionRequest, self._cleanup_session),
            "GetSession": (pb.GetSessionRequest, self._get_session),
            "Heartbeat": (pb.HeartbeatRequest, self._heartbeat),
        }

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Route one call; None means UNIMPLEMENTED."""
        path: str = details.method
        if not path.startswith(SERVICE):
            return None
        name = path[len(SERVICE) :]
        correlation_id = str(dict(details.invocation_metadata).get(CORRELATION_HEADER, ""))
        if name == "ExecuteTool":
            call = _ToolCall(self._state, Record("", correlation_id, name), correlation_id)
            return grpc.unary_unary_rpc_method_handler(call)
        if name in self._live:
            return grpc.unary_unary_rpc_method_handler(_Live(*self._live[name]))
        if name == "ExecuteStreamingTool":
            stream = _Threaded(self._stream_tool, self._streams, correlation_id)
            return grpc.unary_stream_rpc_method_handler(stream)
        if name in _FORWARDED:
            forward = _Threaded(_FORWARDED[name], self._streams, correlation_id, self._state)
            return grpc.unary_unary_rpc_method_handler(forward)
        if name == "StreamTelemetry":
            listen = _Threaded(self._stream_telemetry, self._listeners, correlation_id)
            return grpc.stream_stream_rpc_method_handler(listen)
        return None

    def _initialize_session(self, request: pb.InitializeSessionRequest) -> Message:
        try:
            self._state.sessions.initialize(request.session_id, request.metadata)
        except BridgeError as error:
            return pb.InitializeSessionResponse(success=False, error_message=error.message)
        return pb.InitializeSessionResponse(success=True, available_tools=tool_specs.SPECS)

    def _cleanup_session(self, request: pb.CleanupSessionRequest) -> Message:
        state, session_id = self._state, request.session_id
        if state.sessions.facts(session_id) is None:
            return pb.CleanupSessionResponse(success=True)
        busy = any(record.session_id == session_id for record in state.journal.active())
        if busy and not request.force:
            return pb.CleanupSessionResponse(success=False)
        kept = len(state.sessions.get(session_id).objects)
        state.sessions.drop(session_id)
        return pb.CleanupSessionResponse(success=True, resources_cleaned=kept)

    def _get_session(self, request: pb.GetSessionRequest) -> Message:
        facts = self._state.sessions.facts(request.session_id)
        if facts is None:
            raise BridgeError(
                Category.POOL,
                "session_not_found",
                f"session {request.session_id!r} is not open on this worker",
                details={"session_id": request.session_id},
            )
        response = pb.GetSessionResponse(
            session_id=request.session_id, metadata=facts.metadata, tool_count=len(tool_specs.SPECS)
        )
        response.created_at.FromDatetime(datetime.fromtimestamp(facts.created_at, timezone.utc))
        return response

    def _heartbeat(self, request: pb.HeartbeatRequest) -> Message:
        known = self._state.sessions.facts(request.session_id) is not None
        response = pb.HeartbeatResponse(session_valid=known)
        response.server_time.GetCurrentTime()
        return response

    def _stream_tool(
        self, data: bytes, context: grpc.ServicerContext, correlation_id: str
    ) -> Iterator[bytes]:
        if not self._open_streams.acquire(blocking=False):
            _abort(context, _too_many_streams())
        try:
            yield from _tool_chunks(self._state, data, context, correlation_id)
        finally:
            self._open_streams.release()

    def _stream_telemetry(
        self, requests: Iterator[bytes], context: grpc.ServicerContext, correlation_id: str
    ) -> Iterator[bytes]:
        try:
            stream = self._state.telemetry.open()
        except BridgeError as error:
            _abort(context, error)
        try:
            if not context.add_callback(lambda: self._state.telemetry.close(stream)):
                return
            background.thread(
                "telemetry-controls",
                _follow_controls,
                requests,
                stream,
                failed=lambda _: self._state.telemetry.close(stream),
            ).start()
            for event in stream:
                yield event.SerializeToString()
        finally:
            self._state.telemetry.close(stream)


class _Live:
    """Answers at once, in a thread that no tool ever holds."""

    def __init__(self, request: type[Message], answer: Callable[[Any], Message]) -> None:
        self._request = request
        self._answer = answer

    def __call__(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return self._answer(self._request.FromString(data)).SerializeToString()
        except DecodeError as error:
            _abort(context, _malformed(self._request, error))
        except BridgeError as error:
            _abort(context, error)


class _Threaded:
    """A behaviour that runs in threads of its own kind."""

    def __init__(
        self, behaviour: Callable[..., Any], threads: ThreadPoolExecutor, *arguments: Any
    ) -> None:
        self._behaviour = behaviour
        self._arguments = arguments
        # Where grpc looks for the thread to run this behaviour in.
        self.experimental_thread_pool = threads

    def __call__(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._behaviour(request, context, *self._arguments)


class _ToolCall:
    """One call of a tool, on the executor."""

    def __init__(self, state: WorkerState, record: Record, correlation_id: str) -> None:
        self._state = state
        self._record = record
        self._correlation_id = correlation_id
        self._full = len(state.journal) > MAX_QUEUE
        if not self._full:
            self.experimental_thread_pool = state.executor.queue(record)

    def __call__(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        record, response = self._record, pb.ExecuteToolResponse()
        begun = time.monotonic()
        try:
            if self._full:
                raise _queue_full()
            # Before it starts, so that no caller leaves unseen. False: the caller is gone already.
            if not context.add_callback(self._caller_gone):
                self._caller_gone()
            start(self._state, record, context)
            request = pb.ExecuteToolRequest.FromString(data)
            self._state.tools.run(request, response, record, self._correlation_id)
            response.success = True
        except DecodeError as error:
            self._fail(response, _malformed(pb.ExecuteToolRequest, error))
        except Exception as error:  # noqa: BLE001 - whatever a call raises is its caller's answer
            self._fail(response, error)
        finally:
            # Before the answer: a caller that has it must not find the worker busy.
            self._state.journal.end(record)
        response.execution_time_ms = round((time.monotonic() - begun) * 1000)
        return response.SerializeToString()

    def _fail(self, response: pb.ExecuteToolResponse, error: Exception) -> None:
        response.Clear()
        response.error_message = error_json(error, call_id=self._record.call_id)

    def _caller_gone(self) -> None:
        if not self._record.ended_at:
            self._record.gone_at = time.monotonic()


def start(state: WorkerState, record: Record, context: grpc.ServicerContext) -> None:
    """Claim a call for execution.

    Raises:
        BridgeError: (timeout) it was withdrawn, or its deadline has passed: it never runs.
    """
    left = context.time_remaining()
    gone = record.gone_at or (left is not None and left <= 0)
    if gone or not state.journal.start(record):
        raise BridgeError(
            Category.TIMEOUT,
            "withdrawn",
            "the call was withdrawn, its caller went away, or its deadline passed, while it waited "
            "in the queue; it never ran",
        )
    if left is not None and left < LONGEST_S:
        record.deadline = record.started_at + left


def _tool_chunks(
    state: WorkerState, data: bytes, context: grpc.ServicerContext, correlation_id: str
) -> Iterator[bytes]:
    """The chunks of a stream. Every item is made on the executor, when the last one was sent."""

    def on_executor(work: Callable[[Record], Any]) -> Any:
        record = Record("", correlation_id, "ExecuteStreamingTool")

        def run() -> Any:
            try:
                start(state, record, context)
                return work(record)
            finally:
                state.journal.end(record)

        future = state.executor.queue(record).submit(run)
        # When the caller leaves, do not wait, and do not run what has not begun.
        if not context.add_callback(future.cancel):
            future.cancel()
        return future.result()

    try:
        request = pb.ExecuteToolRequest.FromString(data)
        stream = on_executor(lambda record: state.tools.stream(request, record, correlation_id))
        try:
            for number in itertools.count():
                item: bytes | None = on_executor(stream.next)
                final = item is None
                chunk = pb.ToolChunk(chunk_id=str(number), data=item or b"", is_final=final)
                yield chunk.SerializeToString()
                if final:
                    return
        finally:
            state.executor.later("closing the stream of a tool", stream.close)
    except DecodeError as error:
        _abort(context, _malformed(pb.ExecuteToolRequest, error))
    except Exception as error:  # noqa: BLE001 - whatever a call raises is its caller's answer
        _abort(context, error)


def _ping(request: pb.PingRequest) -> Message:
    response = pb.PingResponse(message=f"pong: {request.message}" if request.message else "pong")
    response.server_time.GetCurrentTime()
    return response


def _forwarded(method: str) -> Callable[..., bytes]:
    def forward(
        data: bytes, context: grpc.ServicerContext, correlation_id: str, state: WorkerState
    ) -> bytes:
        left = context.time_remaining()
        try:
            return state.elixir.forward(method, data, left, correlation_id)
        except BridgeError as error:
            if method == "ExecuteElixirTool":
                failed: Message = pb.ExecuteElixirToolResponse(error_message=error_json(error))
            elif method == "RegisterTools":
                failed = pb.RegisterToolsResponse(error_message=error.message)
            else:
                _abort(context, error)
            return failed.SerializeToString()

    return forward


_FORWARDED = {
    name: _forwarded(name)
    for name in ("RegisterTools", "GetExposedElixirTools", "ExecuteElixirTool")
}


def _follow_controls(requests: Iterator[bytes], stream: TelemetryStream) -> None:
    try:
        for data in requests:
            stream.control(pb.TelemetryControl.FromString(data))
    except (grpc.RpcError, DecodeError):
        # The stream has ended, or its reader sends nonsense: earlier settings stay.
        return


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    context.abort(as_bridge_error(error).status, error_json(error, brief=True))
    raise error  # not reached: abort raises


def _malformed(request: type[Message], error: DecodeError) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "malformed_request",
        f"not a {request.DESCRIPTOR.full_name}: {error}",
    )


def _queue_full() -> BridgeError:
    return BridgeError(
        Category.POOL,
        "queue_full",
        f"{MAX_QUEUE} calls wait for this worker already; try again later",
        details={"limit": MAX_QUEUE},
    )


def _too_many_streams() -> BridgeError:
    return BridgeError(
        Category.POOL,
        "too_many_streams",
        f"{MAX_TOOL_STREAMS} streams are open on this worker already; read one to its end first",
        details={"limit": MAX_TOOL_STREAMS},
    )
