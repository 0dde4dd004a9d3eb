"""Generated from proto/vllm/distributed/v1/graph_capture_context.proto by `make codegen`. Do not edit."""

from google.protobuf import descriptor_pool as _descriptor_pool
from google.protobuf.internal import builder as _builder
from vllm_bridge._generated import types_pb2  # noqa: F401
from vllm_bridge._generated import objects_pb2  # noqa: F401

DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile(b'\n/vllm/distributed/v1/graph_capture_context.proto\x12\x13vllm.distributed.v1\x1a\x1avllm/bridge/v1/types.proto\x1a!vllm/distributed/v1/objects.proto"D\n\x1dGraphCaptureContextNewRequest\x12#\n\x06stream\x18\x01 \x01(\x0b2\x13.vllm.bridge.v1.Ref"`\n\x1eGraphCaptureContextNewResponse\x12>\n\x06result\x18\x01 \x01(\x0b2..vllm.distributed.v1.GraphCaptureContextObject2\x85\x01\n\x13GraphCaptureContext\x12n\n\x03New\x122.vllm.distributed.v1.GraphCaptureContextNewRequest\x1a3.vllm.distributed.v1.GraphCaptureContextNewResponseb\x06proto3')

_builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
_builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "vllm_bridge._generated.graph_capture_context_pb2", globals())
