"""A rank for tests of the pool: same control protocol, no torch.distributed, scripted behaviour.

In a world, the backend's name is the script: "fail_1" makes rank 1 report a failure, "die_1" makes
it exit, "hang_1" makes it never ready, "die_1_late" makes it die once it has been ready.

Methods of the made-up service `/vllm.distributed.v1.Fake/`:

    Echo      returns the request
    Context   returns JSON: session, metadata, pid, seconds left
    Block     holds the executor until the file that the request names is removed; FILE.started
              then holds the process id
    Fail      ends with a validation error with detail
    Die       kills the process with the signal that the request names
    Sessions  returns JSON: the registered sessions, and whether they are fail-fast
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from typing import Any, NoReturn

from vllm_bridge._generated import control_pb2
from vllm_bridge.transport import control

# Not torch: a pool of these is up at once.
PRELOAD = ("msgpack",)

PREFIX = "/vllm.distributed.v1.Fake/"


def main(
    channel: socket.socket, rendezvous: socket.socket | None, shared_gate: int | None
) -> NoReturn:
    """Run as the forked child."""
    first = control.receive(channel, control_pb2.PoolToRank)
    if first is None:
        os._exit(1)
    assignment = first.assign
    world = assignment.world if assignment.HasField("world") else None
    print("hello from a rank's stdout", flush=True)
    if world is not None:
        _act_script(channel, world, rendezvous)
    FakeRank(channel, assignment).run()
    os._exit(0)


def _act_script(
    channel: socket.socket, world: control_pb2.WorldAssignment, rendezvous: socket.socket | None
) -> None:
    if (rendezvous is not None) != (world.rank == 0):
        raise RuntimeError("rank 0, and only rank 0, gets the rendezvous socket")
    if rendezvous is not None:
        host, port = rendezvous.getsockname()[:2]
        if world.init_method != f"tcp://{host}:{port}":
            raise RuntimeError(f"{world.init_method} is not {host}:{port}")
        if not rendezvous.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise RuntimeError("the rendezvous socket is not listening")
    from vllm_bridge.codec.errors import BridgeError, Category

    if world.backend == f"fail_{world.rank}":
        error = BridgeError(Category.PYTHON_ERROR, "scripted", "scripted failure")
        control.send(channel, control_pb2.RankToPool(failed=error.to_detail()))
        os._exit(1)
    if world.backend == f"die_{world.rank}":
        print("last words of the rank", file=sys.stderr, flush=True)
        os._exit(3)
    if world.backend == f"hang_{world.rank}" or world.backend == "hang":
        while control.receive(channel, control_pb2.PoolToRank) is not None:
            pass
        os._exit(0)


class FakeRank:
    """What a rank serves."""

    def __init__(self, channel: socket.socket, assignment: control_pb2.RankAssignment) -> None:
        self._channel = channel
        self._assignment = assignment
        self._sessions: dict[str, bool] = {}
        self._executor = threading.Lock()
        self._sending = threading.Lock()
        self._records: dict[tuple[str, str], dict[str, Any]] = {}

    def run(self) -> None:
        """Serve until the pool says stop."""
        from concurrent.futures import ThreadPoolExecutor

        import fake_frames
        import grpc

        from vllm_bridge.transport.address import grpc_target

        class Handler(grpc.GenericRpcHandler):
            def service(handler, details: Any) -> Any:
                return grpc.unary_unary_rpc_method_handler(
                    lambda body, context: self._serve(details.method, body, context)
                )

        limit = self._assignment.max_message_bytes
        server = grpc.server(
            ThreadPoolExecutor(16),
            handlers=[Handler()],
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", limit),
            ],
        )
        server.add_insecure_port(grpc_target(self._assignment.listen))
        server.start()
        ready = control_pb2.Ready(endpoint=self._assignment.listen, pid=os.getpid())
        if fake_frames.wanted():
            fake_frames.listen(self._assignment.listen_frames, self._serve)
            ready.frames_endpoint = self._assignment.listen_frames
        self._send(ready=ready)
        if self._assignment.HasField("heartbeat_interval"):
            threading.Thread(target=self._beat, daemon=True).start()
        world = self._assignment.world
        if world.backend == f"die_{world.rank}_late":
            os.kill(os.getpid(), signal.SIGKILL)
        while (message := control.receive(self._channel, control_pb2.PoolToRank)) is not None:
            kind = message.WhichOneof("message")
            kept = False
            if kind == "stop":
                return
            if kind == "register_session":
                request = message.register_session
                self._sessions[request.session_id] = request.fail_fast
            elif kind == "drop_session":
                self._sessions.pop(message.drop_session.session_id, None)
            if message.request_id:
                self._send(request_id=message.request_id, ack=control_pb2.Ack(kept=kept))

    def _send(self, **fields: Any) -> None:
        with self._sending:
            control.send(self._channel, control_pb2.RankToPool(**fields))

    def _beat(self) -> None:
        interval_s = self._assignment.heartbeat_interval.ToTimedelta().total_seconds()
        ended = threading.Event()
        while not ended.wait(interval_s):
            try:
                self._send(heartbeat=control_pb2.Heartbeat(sessions=len(self._sessions)))
            except OSError:
                return

    def _serve(self, method: str, body: bytes, context: Any) -> bytes:
        from vllm_bridge._generated import rank_pb2
        from vllm_bridge.codec.errors import BridgeError, Category

        metadata = dict(context.invocation_metadata())
        session = metadata.get("vllm-session-id", "")
        call_id = metadata.get("vllm-call-id", "")

        def abort(error: BridgeError) -> None:
            context.set_trailing_metadata(error.trailers())
            context.abort(error.status, error.message)

        if method == "/vllm.bridge.v1.Rank/Inspect":
            calls = [
                rank_pb2.CallRecord(session_id=key[0], call_id=key[1], **record)
                for key, record in list(self._records.items())
                if record["state"] in (rank_pb2.QUEUED, rank_pb2.RUNNING)
            ]
            return rank_pb2.InspectResponse(
                pid=os.getpid(), calls=calls, sessions=len(self._sessions)
            ).SerializeToString()
        if method == "/vllm.bridge.v1.Rank/Withdraw":
            asked = rank_pb2.WithdrawRequest.FromString(body)
            record = self._records.get((asked.session_id, asked.call_id))
            if record is None:
                record = {"state": rank_pb2.UNKNOWN}
            elif record["state"] == rank_pb2.QUEUED:
                record["state"] = rank_pb2.WITHDRAWN
            return rank_pb2.WithdrawResponse(call=rank_pb2.CallRecord(**record)).SerializeToString()
        if not method.startswith(PREFIX):
            import grpc

            context.abort(grpc.StatusCode.UNIMPLEMENTED, method)
        if session and session not in self._sessions:
            abort(BridgeError(Category.POOL, "session_not_found", f"{session} is not registered"))
        name = method.removeprefix(PREFIX)
        if name == "Sessions":
            return json.dumps(self._sessions).encode()
        fail_fast = self._sessions.get(session, False) or (
            metadata.get("vllm-affinity") == "strict_fail_fast"
        )
        active = (rank_pb2.QUEUED, rank_pb2.RUNNING)
        if fail_fast and any(record["state"] in active for record in list(self._records.values())):
            abort(BridgeError(Category.WORKER, "worker_busy", "the rank is busy"))
        record = self._records[session, call_id] = {"state": rank_pb2.QUEUED, "method": method}
        with self._executor:
            if record["state"] == rank_pb2.WITHDRAWN or not context.is_active():
                record["state"] = rank_pb2.WITHDRAWN
                abort(BridgeError(Category.TIMEOUT, "withdrawn", "it never ran"))
            record["state"] = rank_pb2.RUNNING
            try:
                return self._run(name, body, metadata, context, abort)
            finally:
                record["state"] = rank_pb2.FINISHED

    def _run(self, name: str, body: bytes, metadata: Any, context: Any, abort: Any) -> bytes:
        from vllm_bridge.codec.errors import BridgeError, Category

        if name == "Context":
            context.send_initial_metadata((("fake-initial", "one"),))
            context.set_trailing_metadata((("fake-trailing-bin", b"\x00\xff"),))
            remaining = context.time_remaining()
            # grpc gives a very large number for "no deadline"
            text = {key: value for key, value in metadata.items() if isinstance(value, str)}
            facts = {"metadata": text, "pid": os.getpid(), "remaining": remaining}
            return json.dumps(facts).encode()
        if name == "Block":
            path = body.decode()
            with open(path + ".pid", "w") as file:
                file.write(str(os.getpid()))
            os.rename(path + ".pid", path + ".started")
            while os.path.exists(path):
                time.sleep(0.005)
            return b"unblocked"
        if name == "Fail":
            abort(
                BridgeError(
                    Category.VALIDATION,
                    "scripted",
                    "scripted failure",
                    python_type="ValueError",
                    details={"value": 7},
                )
            )
        if name == "Die":
            os.kill(os.getpid(), int(body))
            time.sleep(10)
        return body
