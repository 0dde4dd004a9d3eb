"""Generated from proto/vllm/distributed/v1/tensor_metadata.proto by `make codegen`. Do not edit."""

from google.protobuf import descriptor_pool as _descriptor_pool
from google.protobuf.internal import builder as _builder
from vllm_bridge._generated import objects_pb2  # noqa: F401

DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile(b'\n)vllm/distributed/v1/tensor_metadata.proto\x12\x13vllm.distributed.v1\x1a!vllm/distributed/v1/objects.proto"G\n\x18TensorMetadataNewRequest\x12\x0e\n\x06device\x18\x01 \x01(\t\x12\r\n\x05dtype\x18\x02 \x01(\t\x12\x0c\n\x04size\x18\x03 \x03(\x03"V\n\x19TensorMetadataNewResponse\x129\n\x06result\x18\x01 \x01(\x0b2).vllm.distributed.v1.TensorMetadataObject2v\n\x0eTensorMetadata\x12d\n\x03New\x12-.vllm.distributed.v1.TensorMetadataNewRequest\x1a..vllm.distributed.v1.TensorMetadataNewResponseb\x06proto3')

_builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
_builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "vllm_bridge._generated.tensor_metadata_pb2", globals())
