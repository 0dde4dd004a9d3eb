"""Ranks on a Ray cluster: where they go, and the process in which Ray runs.

Ray's threads and its event loop stay out of the pool and out of ranks: the pool starts `driver` as
a process of its own and talks with it in frames of JSON (`messages`). Only `driver` and `actor`
import Ray. `plan`, `shortage` and `environment` are pure.
"""
