"""`python -m vllm_bridge` is the command `vllm-bridge`."""

from vllm_bridge.cli import main

if __name__ == "__main__":
    main()
