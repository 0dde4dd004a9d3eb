"""Frames as a carrier of a rank's calls, for clients on its host: `frames.proto`, docs/contract.md.

`protocol` knows what may come when, and does no I/O. `connection` has a socket around it, `call`
stands for the caller, and `server` is the one thread that reads them all.
"""
