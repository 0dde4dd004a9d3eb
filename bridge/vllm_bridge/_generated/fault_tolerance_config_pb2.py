"""Generated from proto/vllm/distributed/v1/fault_tolerance_config.proto by `make codegen`. Do not edit."""

from google.protobuf import descriptor_pool as _descriptor_pool
from google.protobuf.internal import builder as _builder
from vllm_bridge._generated import objects_pb2  # noqa: F401

DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile(b'\n0vllm/distributed/v1/fault_tolerance_config.proto\x12\x13vllm.distributed.v1\x1a!vllm/distributed/v1/objects.proto"j\n\x1eFaultToleranceConfigNewRequest\x12(\n\x1bengine_recovery_timeout_sec\x18\x01 \x01(\x03H\x00\x88\x01\x01B\x1e\n\x1c_engine_recovery_timeout_sec"b\n\x1fFaultToleranceConfigNewResponse\x12?\n\x06result\x18\x01 \x01(\x0b2/.vllm.distributed.v1.FaultToleranceConfigObject2\x88\x01\n\x14FaultToleranceConfig\x12p\n\x03New\x123.vllm.distributed.v1.FaultToleranceConfigNewRequest\x1a4.vllm.distributed.v1.FaultToleranceConfigNewResponseb\x06proto3')

_builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
_builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "vllm_bridge._generated.fault_tolerance_config_pb2", globals())
