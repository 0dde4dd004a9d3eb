"""The server: where it listens, who may connect, its settings and its Pool service."""
