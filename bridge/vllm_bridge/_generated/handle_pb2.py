"""Generated from proto/vllm/distributed/v1/handle.proto by `make codegen`. Do not edit."""

from google.protobuf import descriptor_pool as _descriptor_pool
from google.protobuf.internal import builder as _builder
from vllm_bridge._generated import objects_pb2  # noqa: F401

DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile(b'\n vllm/distributed/v1/handle.proto\x12\x13vllm.distributed.v1\x1a!vllm/distributed/v1/objects.proto"O\n\x18HandleIsCompletedRequest\x123\n\x08receiver\x18\x01 \x01(\x0b2!.vllm.distributed.v1.HandleObject"+\n\x19HandleIsCompletedResponse\x12\x0e\n\x06result\x18\x01 \x01(\x08"H\n\x11HandleWaitRequest\x123\n\x08receiver\x18\x01 \x01(\x0b2!.vllm.distributed.v1.HandleObject"\x14\n\x12HandleWaitResponse2\xcf\x01\n\x06Handle\x12l\n\x0bIsCompleted\x12-.vllm.distributed.v1.HandleIsCompletedRequest\x1a..vllm.distributed.v1.HandleIsCompletedResponse\x12W\n\x04Wait\x12&.vllm.distributed.v1.HandleWaitRequest\x1a\'.vllm.distributed.v1.HandleWaitResponseb\x06proto3')

_builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
_builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "vllm_bridge._generated.handle_pb2", globals())
