"""Weights from a trainer to the ranks that serve a model, by vLLM's names.

`factory` has the engines by name, `base` what they have in common, `sources` what a trainer sends.
`cpu_engine` is for CPU and several nodes, over TCP and shared memory.
"""

from vllm_distributed.weight_transfer.base import (
    ModuleSource,
    ParamMeta,
    Replicate,
    Shard,
    TrainerWeightTransferEngine,
    VLLMWeightSyncClient,
    WeightSource,
    WeightTransferEngine,
    layerwise_groups,
)
from vllm_distributed.weight_transfer.clients import (
    HTTPVLLMWeightSyncClient,
    RayVLLMWeightSyncClient,
)
from vllm_distributed.weight_transfer.factory import (
    WeightTransferEngineFactory,
    WeightTransferTrainerFactory,
)
from vllm_distributed.weight_transfer.progress import Progress
from vllm_distributed.weight_transfer.sources import SafetensorsSource, TensorSource
from vllm_distributed.weight_transfer.staged import StagedWeights

__all__ = [
    "HTTPVLLMWeightSyncClient",
    "ModuleSource",
    "ParamMeta",
    "Progress",
    "RayVLLMWeightSyncClient",
    "Replicate",
    "SafetensorsSource",
    "Shard",
    "StagedWeights",
    "TensorSource",
    "TrainerWeightTransferEngine",
    "VLLMWeightSyncClient",
    "WeightSource",
    "WeightTransferEngine",
    "WeightTransferEngineFactory",
    "WeightTransferTrainerFactory",
    "layerwise_groups",
]
