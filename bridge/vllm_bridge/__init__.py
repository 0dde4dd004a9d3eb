"""Rank processes of `vllm_distributed`, served as typed gRPC calls.

`vllm_bridge.client` drives a pool from Python; `vllm-bridge serve` runs one.
"""

from vllm_bridge.version import __version__

__all__ = ["__version__"]
