"""The pool process: sessions, affinity, worlds, launchers, and the proxy to the ranks.

Imports neither torch nor `vllm_distributed`: the forkserver does, so that a pool starts in a
fraction of a second and stays small.

The folders stand in floors, from the top down; nothing imports what stands above it:

    server      where it listens, who may connect, its services
    page        what is going on, for browsers
    calls       calls on their way to a rank
    worlds      ranks that start, fail and stop together, and the gate between them
    sessions    who owns them, which rank keeps their objects
    ranks       processes: how they start, live, end and are replaced
    launchers   how processes of ranks come to be, here and on other hosts
    frames      calls in frames: from clients to the pool, from the pool to ranks
    observe     events, metrics, status
    settings    what an operator can set
"""
