"""Ranks that dial in: a listener apart from that of clients, and who is expected there."""
