"""The frames of `frames.proto`, for the servers that take calls in them: a rank, and the pool.

`protocol` knows what may come when, and does no I/O; `failures` says what is answered. The rules
are in docs/contract.md.
"""
