"""The frames of `frames.proto`, for whoever takes calls in them: a rank, and the pool.

`protocol` knows what may come when, and does no I/O; `failures` says what is answered. The rules
are in docs/contract.md.
"""
