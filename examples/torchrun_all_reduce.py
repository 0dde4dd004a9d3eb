"""torchrun --standalone --nproc-per-node 2 examples/torchrun_all_reduce.py"""

import torch

import vllm_distributed as vd

vd.init_distributed_environment(backend="gloo")
vd.initialize_model_parallel(tensor_model_parallel_size=2, pipeline_model_parallel_size=1)
group = vd.get_tp_group()
total = vd.tensor_model_parallel_all_reduce(torch.full((2,), float(group.rank + 1)))
print(f"rank {group.rank} of {group.world_size}: {total.tolist()}", flush=True)
vd.cleanup_dist_env_and_memory()
