"""Small helpers of the public surface that need no process group."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import ipaddress
import operator
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import torch

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.logger import init_logger, logger

__all__ = [
    "USE_SCHED_YIELD",
    "divide",
    "ensure_divisibility",
    "get_distributed_init_method",
    "get_pp_indices",
    "get_tcp_uri",
    "init_logger",
    "is_torch_equal_or_newer",
    "is_weak_contiguous",
    "logger",
    "resolve_obj_by_qualname",
    "sched_yield",
    "split_tensor_along_last_dim",
    "suppress_stdout",
    "verify_group_size_divides_partition",
]

_STDOUT_DESCRIPTOR = 1
LOGGING_LEVEL_SETTING = "VLLM_LOGGING_LEVEL"
LAYER_PARTITION_SETTING = "VLLM_PP_LAYER_PARTITION"

# Whether giving up the processor goes through the scheduler call rather than a zero-length sleep.
USE_SCHED_YIELD: bool = hasattr(os, "sched_yield")


def ensure_divisibility(numerator: int, denominator: int) -> None:
    """Check that `denominator` divides `numerator`.

    Raises:
        InvalidArgumentError: naming both if it does not, or if it is zero.
        InvalidTypeError: for what is no integer.

    >>> ensure_divisibility(12, 4)
    """
    numerator = _integer("numerator", numerator)
    denominator = _integer("denominator", denominator)
    if denominator == 0:
        raise InvalidArgumentError(
            f"{numerator} cannot be divided by 0", numerator=numerator, denominator=0
        )
    if numerator % denominator != 0:
        raise InvalidArgumentError(
            f"{numerator} is not divisible by {denominator}",
            numerator=numerator,
            denominator=denominator,
        )


def divide(numerator: int, denominator: int) -> int:
    """Return `numerator / denominator`, having checked that it is a whole number.

    Raises:
        InvalidArgumentError: if it is not.

    >>> divide(12, 4)
    3
    """
    ensure_divisibility(numerator, denominator)
    return numerator // denominator


def _integer(name: str, value: int) -> int:
    """Return `value`; integers of numpy and torch will do."""
    try:
        return operator.index(value)
    except TypeError:
        raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name) from None


def verify_group_size_divides_partition(
    input_size_per_partition: int,
    group_size: int,
    layer_name: str | None = None,
    extra_suggestion: str = "",
) -> None:
    """Check that a rank's part of a layer's input holds whole groups of quantised weights.

    `group_size` is the number of weights that share a scale. `layer_name` and `extra_suggestion`
    are for the message.

    Raises:
        InvalidArgumentError: naming both sizes, if it does not, or if `group_size` is zero.
        InvalidTypeError: for what is no integer.

    >>> verify_group_size_divides_partition(4096, 128)
    """
    size = _integer("input_size_per_partition", input_size_per_partition)
    group_size = _integer("group_size", group_size)
    if group_size != 0 and size % group_size == 0:
        return
    layer = "" if layer_name is None else f" of layer {layer_name!r}"
    raise InvalidArgumentError(
        f"input_size_per_partition={size}{layer} does not divide by group_size={group_size}: "
        f"tensor_parallel_size cuts the layer's input inside a group of quantised weights. Choose "
        f"a smaller tensor_parallel_size{extra_suggestion}",
        input_size_per_partition=size,
        group_size=group_size,
    )


def is_weak_contiguous(inp: torch.Tensor) -> bool:
    """Return whether a tensor's elements fill its memory from its first element on, in any order.

    True for contiguous tensors, and for others, such as a transposed one, whose storage ends where
    they end.

    Raises:
        InvalidTypeError: for what is no tensor.

    >>> is_weak_contiguous(torch.ones(2, 3).t()), is_weak_contiguous(torch.ones(4)[::2])
    (True, False)
    """
    if not isinstance(inp, torch.Tensor):
        raise InvalidTypeError(f"inp must be a torch.Tensor, got {type(inp).__name__}")
    if inp.is_contiguous():
        return True
    after = inp.untyped_storage().nbytes() - inp.storage_offset() * inp.element_size()
    return after == inp.numel() * inp.element_size()


def split_tensor_along_last_dim(
    tensor: torch.Tensor, num_partitions: int, contiguous_split_chunks: bool = False
) -> list[torch.Tensor]:
    """Split a tensor into equal parts along its last dimension.

    The parts are views of `tensor`, or copies with their own memory if `contiguous_split_chunks`.

    Raises:
        InvalidArgumentError: if the dimension does not divide.

    >>> [part.tolist() for part in split_tensor_along_last_dim(torch.arange(4), 2)]
    [[0, 1], [2, 3]]
    """
    if not isinstance(tensor, torch.Tensor):
        raise InvalidTypeError(f"tensor must be a torch.Tensor, got {type(tensor).__name__}")
    num_partitions = _integer("num_partitions", num_partitions)
    if tensor.dim() == 0:
        raise InvalidArgumentError("a tensor without dimensions has no last one to split")
    if num_partitions < 1:
        raise InvalidArgumentError(
            f"num_partitions must be at least 1, got {num_partitions}",
            num_partitions=num_partitions,
        )
    parts = torch.split(tensor, divide(tensor.size(-1), num_partitions) or 1, dim=-1)
    if tensor.size(-1) == 0:
        parts = (tensor,) * num_partitions
    return [part.contiguous() for part in parts] if contiguous_split_chunks else list(parts)


def get_pp_indices(num_hidden_layers: int, pp_rank: int, pp_size: int) -> tuple[int, int]:
    """Return the layers of a pipeline stage as (first, one past the last).

    Layers are shared out evenly. Layers that remain go one each to the stages before the last,
    from the back, because the last stage also holds the final norm and the output embedding; where
    there are few enough the first stage, with the input embedding, gets none either.
    `VLLM_PP_LAYER_PARTITION`, such as `5,5,6`, overrides this with the layer count of each stage.

    Raises:
        InvalidArgumentError: if the rank is not a stage, the sizes are not positive, or the setting
            has another number of stages, another sum or is not a list of numbers.

    >>> [get_pp_indices(10, stage, 4) for stage in range(4)]
    [(0, 2), (2, 5), (5, 8), (8, 10)]
    """
    num_hidden_layers = _integer("num_hidden_layers", num_hidden_layers)
    pp_rank, pp_size = _integer("pp_rank", pp_rank), _integer("pp_size", pp_size)
    if pp_size < 1:
        raise InvalidArgumentError(f"pp_size must be at least 1, got {pp_size}", pp_size=pp_size)
    if num_hidden_layers < 0:
        raise InvalidArgumentError(
            f"num_hidden_layers must not be negative, got {num_hidden_layers}",
            num_hidden_layers=num_hidden_layers,
        )
    if not 0 <= pp_rank < pp_size:
        raise InvalidArgumentError(
            f"pp_rank {pp_rank} is not one of the {pp_size} stages (0..{pp_size - 1})",
            pp_rank=pp_rank,
            pp_size=pp_size,
        )
    text = os.environ.get(LAYER_PARTITION_SETTING)
    if text is not None:
        layers = _configured_partition(text, num_hidden_layers, pp_size)
        start = sum(layers[:pp_rank])
        return start, start + layers[pp_rank]
    # Computed, not added up: it is asked for by clients, for any number of stages.
    each, remaining = divmod(num_hidden_layers, pp_size)
    # The stages from here to the one before the last have one layer more.
    larger = pp_size - 1 - remaining
    start = each * pp_rank + max(pp_rank - larger, 0)
    return start, start + each + (larger <= pp_rank < pp_size - 1)


def _configured_partition(text: str, num_hidden_layers: int, pp_size: int) -> list[int]:
    try:
        layers = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidArgumentError(
            f"{LAYER_PARTITION_SETTING}={text!r} is not a list of layer counts such as 5,5,6",
            partition=text,
        ) from error
    if any(count < 0 for count in layers):
        raise InvalidArgumentError(
            f"{LAYER_PARTITION_SETTING}={text!r} has a negative layer count", partition=text
        )
    if len(layers) != pp_size:
        raise InvalidArgumentError(
            f"{LAYER_PARTITION_SETTING}={text!r} has {len(layers)} stages, the pipeline has "
            f"{pp_size}",
            partition=text,
            pp_size=pp_size,
        )
    if sum(layers) != num_hidden_layers:
        raise InvalidArgumentError(
            f"{LAYER_PARTITION_SETTING}={text!r} sums to {sum(layers)} layers, the model has "
            f"{num_hidden_layers}",
            partition=text,
            num_hidden_layers=num_hidden_layers,
        )
    return layers


def get_tcp_uri(ip: str, port: int) -> str:
    """Return `tcp://ip:port`, with brackets around an IPv6 address.

    >>> get_tcp_uri("::1", 29500)
    'tcp://[::1]:29500'
    """
    if not isinstance(ip, str) or not ip:
        raise InvalidTypeError(f"ip must be an address or a host name, got {ip!r}", argument="ip")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
        raise InvalidArgumentError(f"port must be an integer in 0..65535, got {port!r}")
    try:
        version = ipaddress.ip_address(ip).version
    except ValueError:  # a host name
        version = 4
    return f"tcp://[{ip}]:{port}" if version == 6 else f"tcp://{ip}:{port}"


def get_distributed_init_method(ip: str, port: int) -> str:
    """Return the `distributed_init_method` for a world whose rank 0 listens on `ip:port`.

    >>> get_distributed_init_method("127.0.0.1", 29500)
    'tcp://127.0.0.1:29500'
    """
    return get_tcp_uri(ip, port)


def is_torch_equal_or_newer(target: str) -> bool:
    """Return whether the installed torch is of version `target` or later.

    Only the numbers of a release count: `2.6`, `2.6.1`; a pre-release of a version counts as that
    version.

    >>> is_torch_equal_or_newer("1.13.1"), is_torch_equal_or_newer("99.0")
    (True, False)
    """
    return _release(torch.__version__) >= _release(target)


def _release(version: str) -> tuple[int, int, int]:
    if not isinstance(version, str):
        raise InvalidTypeError(f"a version is a string such as 2.6.0, got {version!r}")
    match = re.match(r"\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", version)
    if match is None:
        raise InvalidArgumentError(f"{version!r} is not a version such as 2.6.0", version=version)
    major, minor, patch = (int(number or 0) for number in match.groups())
    return major, minor, patch


def resolve_obj_by_qualname(qualname: str) -> Any:
    """Return the object named by `module.attribute`, importing the module.

    Raises:
        InvalidArgumentError: for a name without a dot.
        ModuleNotFoundError, AttributeError: where there is no such thing.

    >>> resolve_obj_by_qualname("torch.float32")
    torch.float32
    """
    if not isinstance(qualname, str):
        raise InvalidTypeError(f"a qualified name is a string, got {type(qualname).__name__}")
    module, _, name = qualname.rpartition(".")
    if not module or not name:
        raise InvalidArgumentError(
            f"{qualname!r} is not of the form module.attribute", qualname=qualname
        )
    return getattr(importlib.import_module(module), name)


def sched_yield() -> None:
    """Give up the processor for the moment, so that another process can run."""
    if USE_SCHED_YIELD:
        os.sched_yield()
    else:
        time.sleep(0)


@contextlib.contextmanager
def suppress_stdout() -> Iterator[None]:
    """Discard what the process writes to its standard output while the context is entered.

    Works on the file descriptor, so that what libraries in C print is discarded too; standard error
    is left alone. Off, so that nothing is discarded, if `VLLM_LOGGING_LEVEL=DEBUG`, and where the
    process has no standard output. The descriptor is the whole process's: other threads' output is
    discarded as well. May be nested. Local to the process.
    """
    descriptor = _STDOUT_DESCRIPTOR
    try:
        saved = None if _is_debugging() else os.dup(descriptor)
    except OSError:  # closed
        saved = None
    if saved is None:
        yield
        return
    try:
        _flush_stdout()  # what was printed before is kept
        discard = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(discard, descriptor)
        finally:
            os.close(discard)
        try:
            yield
        finally:
            _flush_stdout()  # what was printed inside is not
            os.dup2(saved, descriptor)
    finally:
        os.close(saved)


def _is_debugging() -> bool:
    return os.environ.get(LOGGING_LEVEL_SETTING, "").upper() == "DEBUG"


def _flush_stdout() -> None:
    """Empty the buffers of Python and of the C library."""
    # None without a console; a closed stream raises ValueError.
    with contextlib.suppress(AttributeError, ValueError, OSError):
        sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)
