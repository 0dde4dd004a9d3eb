"""A real vLLM engine in a rank, whose tokens are streamed."""
