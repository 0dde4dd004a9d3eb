"""What a new rank is told and asked before it knows what it is: in its main thread, by its pool."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from vllm_bridge._generated import control_pb2
from vllm_bridge.transport import control
from vllm_bridge.transport.tls_channel import Channel


@dataclass
class Assigned:
    """What the rank is, and what it has for that."""

    message: control_pb2.RankAssignment | None = None
    # Where its world meets; None: at another rank.
    rendezvous: socket.socket | None = None
    # Memory of the gate; None: there is none.
    shared_gate: int | None = None


def wait_for_assignment(
    channel: Channel, rendezvous: socket.socket | None, shared_gate: int | None
) -> Assigned:
    """The assignment; without a message where the pool is gone before, or says something else."""
    assigned = Assigned(None, rendezvous, shared_gate)
    while True:
        message, fds = control.receive_with_descriptors(channel, control_pb2.PoolToRank)
        kind = message.WhichOneof("message") if message is not None else None
        if message is None:
            return assigned
        if kind == "descriptors":
            given = dict(zip(message.descriptors.names, fds, strict=True))
            assigned.shared_gate = given.get("shared_gate")
            if "rendezvous" in given:
                assigned.rendezvous = socket.socket(fileno=given["rendezvous"])
        elif kind == "listen":
            control.send(channel, _listen(message, assigned))
        elif kind == "assign":
            assigned.message = message.assign
            return assigned
        else:
            return assigned


def _listen(message: control_pb2.PoolToRank, assigned: Assigned) -> control_pb2.RankToPool:
    from vllm_bridge.rank.failures import bridge_error

    ack = control_pb2.Ack()
    host = message.listen.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family, backlog=socket.SOMAXCONN)
    except OSError as error:
        failure = bridge_error(error, rank=None, call_id="")
        failure.message = (
            f"cannot listen on {host}, by which the other ranks were to reach this host: "
            f"{error.strerror or error}"
        )
        ack.failure.CopyFrom(failure.to_detail())
    else:
        assigned.rendezvous = listener
        ack.port = listener.getsockname()[1]
    return control_pb2.RankToPool(request_id=message.request_id, ack=ack)
