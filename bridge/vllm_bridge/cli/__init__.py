"""The command `vllm-bridge`."""

from vllm_bridge.cli.command import main

__all__ = ["main"]
