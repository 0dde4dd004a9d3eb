"""Joining the world and leaving it."""
