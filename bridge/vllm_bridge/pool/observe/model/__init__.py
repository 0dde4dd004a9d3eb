"""What `status`, `diagnose`, `top` and the page show: one model of a server.

The messages of pool.proto are the model: `PoolStatus`, its worlds, ranks and what each does. Here
is what they are made of beside the live objects, and how a reader follows their changes as JSON.

    activity    what a rank is doing, in a sentence and in parts
    traffic     calls per second and their latency, over the last minutes
    refusals    what the gate has refused
    changes     the model as JSON, and what of it has changed
"""
