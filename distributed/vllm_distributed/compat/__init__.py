"""What others bring along: names of vLLM, internals and backends of torch."""
