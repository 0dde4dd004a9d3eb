"""Capturing CUDA graphs with collectives in them, and other blocks that regard several groups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.groups.operations.capture import GraphCaptureContext, side_stream
from vllm_distributed.parallel_state import get_pp_group, get_tp_group

__all__ = ["GraphCaptureContext", "graph_capture"]


@contextmanager
def graph_capture(device: torch.device) -> Iterator[GraphCaptureContext]:
    """Run a block on a side stream of `device` in which a CUDA graph can be captured.

    Yields a `GraphCaptureContext` with the stream, which is the current one inside: nothing that
    other code launches on the default stream gets into the graph. It is entered for the tensor and
    pipeline parallel groups, whose collectives can be captured and replayed. On a CPU device there
    is no stream and nothing is done. Local to the process.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
        InvalidArgumentError: for a CUDA device where there is none.
    """
    if not isinstance(device, (torch.device, str)):
        raise InvalidTypeError(f"device must be a torch.device, got {device!r}")
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise InvalidArgumentError(f"graph_capture: {device!r} is not a device") from error
    if place.type == "cuda" and not torch.cuda.is_available():
        raise InvalidArgumentError(
            f"graph_capture: there is no CUDA device here to capture on, got device={place}: "
            f"pass the group's own, get_tp_group().device",
            device=str(place),
        )
    tensor, pipeline = get_tp_group(), get_pp_group()
    with (
        side_stream(place) as context,
        tensor.graph_capture(context),
        pipeline.graph_capture(context),
    ):
        yield context
