"""What a client does, in coroutines: both forms, `vllm_bridge.client` and `vllm_bridge.aio`."""
