"""A coordinator's part in CUDA graphs, and in sizing buffers for a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from vllm_distributed.errors import InvalidTypeError
from vllm_distributed.groups.member import Member
from vllm_distributed.transports.device import DeviceCommunicatorBase

__all__ = ["GraphCapture", "GraphCaptureContext"]


@dataclass
class GraphCaptureContext:
    """Where a graph is captured: `stream` is the side stream, None on the CPU."""

    stream: torch.cuda.Stream | None


class GraphCapture:
    """Work on a side stream, so that a capture meets nothing that runs on the default one."""

    device: torch.device
    _member: Member
    _communicator: DeviceCommunicatorBase

    @contextmanager
    def graph_capture(
        self, graph_capture_context: GraphCaptureContext | None = None
    ) -> Iterator[GraphCaptureContext]:
        """Run a block on a side stream of the group's device, in which a graph can be captured.

        Yields `graph_capture_context`, or a new one with a new stream where None is given. The
        stream waits for what the current one has been given, and on leaving the other way round;
        the current stream is put back also after an exception. On the CPU there is no stream, and
        nothing is done. Local to the process; the collectives inside are not.
        """
        self._member.check_alive()
        if graph_capture_context is not None and not isinstance(
            graph_capture_context, GraphCaptureContext
        ):
            raise InvalidTypeError(
                f"graph_capture_context must be a GraphCaptureContext or None, got "
                f"{type(graph_capture_context).__name__}"
            )
        with side_stream(self.device, graph_capture_context) as context:
            yield context

    def prepare_communication_buffer_for_model(self, model: torch.nn.Module) -> None:
        """Let the group's communicator size its buffers from `model`.

        The communicators here need none; one of one's own may. Local to the process.
        """
        if not isinstance(model, torch.nn.Module):
            raise InvalidTypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
        self._communicator.prepare_communication_buffer_for_model(model)


@contextmanager
def side_stream(
    device: torch.device, context: GraphCaptureContext | None = None
) -> Iterator[GraphCaptureContext]:
    """Make a context's stream the current one, in order with the stream that was."""
    if context is None:
        context = GraphCaptureContext(_new_stream(device) if device.type == "cuda" else None)
    if context.stream is None:
        yield context
        return
    before = torch.cuda.current_stream(context.stream.device)
    if before == context.stream:  # entered already, by another group
        yield context
        return
    context.stream.wait_stream(before)
    try:
        with torch.cuda.stream(context.stream):
            yield context
    finally:
        before.wait_stream(context.stream)


def _new_stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
