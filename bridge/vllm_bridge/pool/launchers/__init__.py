"""How the processes of ranks come to be, by the names of ParallelConfig's
`distributed_executor_backend`.

    "mp"                  `local`: forked on this machine, by a forkserver
    "ray"                 `ray`: in the bundles of a placement group, on the nodes of a Ray cluster
    "external_launcher"   `external`: somebody else starts them (torchrun, srun, Kubernetes, ssh),
                          and they dial in
"""
