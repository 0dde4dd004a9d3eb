"""Worlds: ranks that start together, fail together and stop together."""
