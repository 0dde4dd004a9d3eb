"""What a tensor dict may hold."""

from __future__ import annotations

import pytest
import torch

from vllm_distributed import TensorMetadata
from vllm_distributed.wire.tensor_dict import split


def test_metadata_as_a_value_is_refused_before_anything_is_sent() -> None:
    """It would announce a tensor that never comes, and the receiver would wait for it."""
    metadata = TensorMetadata("cpu", torch.float32, torch.Size([2]))
    with pytest.raises(TypeError, match="cannot be a value of a tensor dict"):
        split({"nested": [{"m": metadata}]})
    assert split({"m": tuple(metadata)}) == ({"m": tuple(metadata)}, [])
