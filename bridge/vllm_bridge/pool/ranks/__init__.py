"""Rank processes: how they start, live, end and are replaced."""
