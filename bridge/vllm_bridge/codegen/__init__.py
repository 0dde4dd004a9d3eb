"""Everything generated, from one command: `python -m vllm_bridge.codegen` (`make codegen`).

surface + signatures -> proto/vllm/distributed/v1/*.proto
all .proto files     -> bridge/vllm_bridge/_generated/*_pb2.py(i)
the surface          -> bridge/vllm_bridge/_generated/dispatch.py
both                 -> elixir_client/generated/**/*.ex
"""
