"""Nested values with tensors in them, split into a description and the tensors.

The description (the same structure, each tensor replaced by a `TensorMetadata`) travels as an
object, the tensors as raw bytes behind it, in the order in which they were found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from vllm_distributed.errors import EncodingError, InvalidTypeError
from vllm_distributed.tensors.dtypes import is_plain_value
from vllm_distributed.tensors.kinds import check_gradient, check_real, refuse_when_traced
from vllm_distributed.wire.object_codec import MAX_NESTING, TensorMetadata

__all__ = ["fill", "find_metadata", "split"]


def split(value: Any) -> tuple[Any, list[torch.Tensor]]:
    """Return `value` with metadata in place of its tensors, and the tensors.

    >>> description, tensors = split({"a": torch.zeros(2), "b": [1, torch.ones(())]})
    >>> description["a"]
    TensorMetadata(device='cpu', dtype=torch.float32, size=torch.Size([2]))
    >>> len(tensors)
    2

    Raises `InvalidTypeError` for tensors that cannot be sent, `EncodingError` for a value nested
    more than `MAX_NESTING` deep, or one that contains itself, `TracedTensorError` in a program that
    is traced.
    """
    refuse_when_traced()
    if is_plain_value(value):
        return TensorMetadata("cpu", value.dtype, value.shape), [value]
    tensors: list[torch.Tensor] = []

    def describe(part: Any, depth: int) -> Any:
        if is_plain_value(part):
            tensors.append(part)
            return TensorMetadata("cpu", part.dtype, part.shape)
        if isinstance(part, torch.Tensor):
            if part.layout is not torch.strided or part.is_meta or part.is_quantized:
                raise InvalidTypeError(
                    f"a {part.layout} tensor on {part.device} cannot be sent: convert it to a "
                    f"dense tensor first"
                )
            check_real("a dict of tensors", part)
            if part.grad_fn is not None:
                check_gradient("a dict of tensors", part)
            tensors.append(part)
            return TensorMetadata(part.device.type, part.dtype, part.size())
        if isinstance(part, TensorMetadata):
            # In a message it announces a tensor that follows.
            raise InvalidTypeError(
                f"{part} cannot be a value of a tensor dict, where it announces a tensor: send "
                f"tuple(...) of it"
            )
        if type(part) not in (dict, list, tuple):
            return part
        inner = _deeper(depth)
        if type(part) is dict:
            return {key: describe(item, inner) for key, item in part.items()}
        items = [describe(item, inner) for item in part]
        return items if type(part) is list else tuple(items)

    return describe(value, 0), tensors


def _deeper(depth: int) -> int:
    if depth >= MAX_NESTING:
        raise EncodingError(
            f"a value of a tensor dict is nested more than {MAX_NESTING} deep, or contains itself"
        )
    return depth + 1


def find_metadata(description: Any) -> Iterator[TensorMetadata]:
    """Yield the metadata in a description, in the order in which the tensors follow.

    Raises `EncodingError` for one that `split` does not make: it is nested too deep.
    """
    return _found(description, 0)


def _found(description: Any, depth: int) -> Iterator[TensorMetadata]:
    if isinstance(description, TensorMetadata):
        yield description
    elif type(description) in (dict, list, tuple):
        for item in description.values() if type(description) is dict else description:
            yield from _found(item, _deeper(depth))


def fill(description: Any, tensors: Iterator[torch.Tensor]) -> Any:
    """Return the value that `split` took apart, with `tensors` in their places."""
    if isinstance(description, TensorMetadata):
        return next(tensors)
    if type(description) is dict:
        return {key: fill(item, tensors) for key, item in description.items()}
    if type(description) is list:
        return [fill(item, tensors) for item in description]
    if type(description) is tuple:
        return tuple(fill(item, tensors) for item in description)
    return description
