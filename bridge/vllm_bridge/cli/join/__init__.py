"""`vllm-bridge join`: the calling process becomes a rank of a world."""
