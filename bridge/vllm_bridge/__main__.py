"""`python -m vllm_bridge` is the command `vllm-bridge`."""

from vllm_bridge.process.import_path import leave_working_directory

if __name__ == "__main__":
    # `-m` has put it there.
    leave_working_directory(run_with_m=True)

from vllm_bridge.cli import main

if __name__ == "__main__":
    main()
