"""Expert parallel groups that grow and shrink while their ranks live.

The groups of the new size are made beside those that there are (`create_standby_groups`), and then
all ranks go over to them, or none does (`ElasticEPScalingState`). docs/elastic.md says more.
"""

from vllm_distributed.elastic_ep.elastic_state import ElasticEPScalingState
from vllm_distributed.elastic_ep.standby_state import (
    create_standby_groups,
    get_standby_dp_group,
    get_standby_ep_group,
    get_standby_eplb_group,
    get_standby_world_group,
    pop_standby_groups,
)

__all__ = [
    "ElasticEPScalingState",
    "create_standby_groups",
    "get_standby_dp_group",
    "get_standby_ep_group",
    "get_standby_eplb_group",
    "get_standby_world_group",
    "pop_standby_groups",
]
