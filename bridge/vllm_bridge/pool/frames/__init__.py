"""Calls in frames (`frames.proto`): from clients to the pool, and from the pool to its ranks."""
