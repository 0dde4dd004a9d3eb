"""The tools that a worker offers, as Snakepit lists them."""

from __future__ import annotations

from collections.abc import Mapping

from vllm_bridge._generated import bridge_service_pb2 as pb

CALL = "snakebridge.call"
STREAM = "snakebridge.stream"
RELEASE_REF = "snakebridge.release_ref"
RELEASE_SESSION = "snakebridge.release_session"
HELPERS = "snakebridge.helpers"
RPC = "vllm.rpc"
PING = "ping"
ECHO = "echo"

_TOOLS: Mapping[str, tuple[str, tuple[tuple[str, str, bool], ...]]] = {
    CALL: (
        "Call a function, a class or a method, or read or write an attribute.",
        (
            ("protocol_version", "integer", True),
            ("min_supported_version", "integer", True),
            ("call_type", "string", False),
            ("python_module", "string", False),
            ("function", "string", False),
            ("args", "list", False),
            ("kwargs", "map", False),
        ),
    ),
    STREAM: (
        "Call a function and stream the items of its result.",
        (("python_module", "string", True), ("function", "string", True)),
    ),
    RELEASE_REF: ("Forget an object that is kept.", (("ref", "map", True),)),
    RELEASE_SESSION: ("Forget all objects of a session.", (("session_id", "string", False),)),
    HELPERS: ("List the helpers: there are none.", ()),
    RPC: (
        "A typed call of vllm_distributed: its gRPC method, and the encoded request in the binary "
        "parameter `request`; the answer is the binary result.",
        (("method", "string", True), ("metadata", "map", False)),
    ),
    PING: ("Answer, with the time.", (("message", "string", False),)),
    ECHO: ("Answer with the parameters.", ()),
}

SPECS: Mapping[str, pb.ToolSpec] = {
    name: pb.ToolSpec(
        name=name,
        description=description,
        parameters=[
            pb.ParameterSpec(name=parameter, type=kind, required=required)
            for parameter, kind, required in parameters
        ],
        supports_streaming=name == STREAM,
    )
    for name, (description, parameters) in _TOOLS.items()
}
