"""The frames of `frames.proto`.

For the servers that take calls in them, a rank and the pool, `protocol` knows what may come when,
and does no I/O; `failures` says what is answered. `calling` is the side that calls: the Python
client, and the pool for its ranks. The rules are in docs/contract.md.
"""
