"""Calls that go through the pool: queued, forwarded to a rank, aborted."""
