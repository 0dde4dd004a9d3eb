"""The pool process: sessions, affinity, worlds, launchers, and the proxy to the ranks.

Imports neither torch nor `vllm_distributed`: the forkserver does, so that a pool starts in a
fraction of a second and stays small.
"""
