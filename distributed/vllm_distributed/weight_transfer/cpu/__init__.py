"""Weights over TCP and shared memory: the parts of `weight_transfer/cpu_engine.py`."""
