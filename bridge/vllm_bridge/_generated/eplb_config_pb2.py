"""Generated from proto/vllm/distributed/v1/eplb_config.proto by `make codegen`. Do not edit."""

from google.protobuf import descriptor_pool as _descriptor_pool
from google.protobuf.internal import builder as _builder
from vllm_bridge._generated import objects_pb2  # noqa: F401

DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile(b'\n%vllm/distributed/v1/eplb_config.proto\x12\x13vllm.distributed.v1\x1a!vllm/distributed/v1/objects.proto"\x98\x03\n\x14EPLBConfigNewRequest\x12\x18\n\x0bwindow_size\x18\x01 \x01(\x03H\x00\x88\x01\x01\x12\x1a\n\rstep_interval\x18\x02 \x01(\x03H\x01\x88\x01\x01\x12"\n\x15num_redundant_experts\x18\x03 \x01(\x03H\x02\x88\x01\x01\x12\x1d\n\x10log_balancedness\x18\x04 \x01(\x08H\x03\x88\x01\x01\x12&\n\x19log_balancedness_interval\x18\x05 \x01(\x03H\x04\x88\x01\x01\x12\x16\n\tuse_async\x18\x06 \x01(\x08H\x05\x88\x01\x01\x12\x13\n\x06policy\x18\x07 \x01(\tH\x06\x88\x01\x01\x12\x19\n\x0ccommunicator\x18\x08 \x01(\tH\x07\x88\x01\x01B\x0e\n\x0c_window_sizeB\x10\n\x0e_step_intervalB\x18\n\x16_num_redundant_expertsB\x13\n\x11_log_balancednessB\x1c\n\x1a_log_balancedness_intervalB\x0c\n\n_use_asyncB\t\n\x07_policyB\x0f\n\r_communicator"N\n\x15EPLBConfigNewResponse\x125\n\x06result\x18\x01 \x01(\x0b2%.vllm.distributed.v1.EPLBConfigObject"]\n"EPLBConfigCommunicatorInUseRequest\x127\n\x08receiver\x18\x01 \x01(\x0b2%.vllm.distributed.v1.EPLBConfigObject"5\n#EPLBConfigCommunicatorInUseResponse\x12\x0e\n\x06result\x18\x01 \x01(\t2\xf3\x01\n\nEPLBConfig\x12\\\n\x03New\x12).vllm.distributed.v1.EPLBConfigNewRequest\x1a*.vllm.distributed.v1.EPLBConfigNewResponse\x12\x86\x01\n\x11CommunicatorInUse\x127.vllm.distributed.v1.EPLBConfigCommunicatorInUseRequest\x1a8.vllm.distributed.v1.EPLBConfigCommunicatorInUseResponseb\x06proto3')

_builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
_builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "vllm_bridge._generated.eplb_config_pb2", globals())
