"""Turns on worlds that the runs of a client share, without asking the pool for each."""
