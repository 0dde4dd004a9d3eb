"""Frames as a carrier of a rank's calls, for clients on its host: `frames.proto`, docs/contract.md.

`connection` is a socket around the protocol of `transport.frames`, `call` stands for the caller,
and `server` is the one thread that reads them all.
"""
