"""New weights of a model beside those in use, which take their place on all ranks or on none."""

from __future__ import annotations

import torch

from vllm_distributed.errors import (
    EnvironmentConflictError,
    InvalidArgumentError,
    InvalidTypeError,
)
from vllm_distributed.groups.active import active, require_environment

__all__ = ["StagedWeights"]

_VERSION = "_vllm_distributed_weight_version"


class StagedWeights:
    """New weights of a module of this rank, given name by name, each whole.

    A parameter or buffer of the whole shape gets the whole tensor; one that is a part along one dim
    gets this tensor parallel rank's of as many equal parts. Until `commit` nothing of the module
    has changed; it takes memory for the new weights of this rank once more.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        """Begin. Local.

        Raises `InvalidTypeError` for what is no module.
        """
        if not isinstance(model, torch.nn.Module):
            raise InvalidTypeError(
                f"model must be a torch.nn.Module, got {type(model).__name__}", argument="model"
            )
        self._model = model
        self._targets = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        self._staged: dict[str, torch.Tensor] = {}
        self._done = False

    @property
    def version(self) -> int:
        """How often weights of this module were replaced."""
        return int(getattr(self._model, _VERSION, 0))

    @property
    def missing(self) -> list[str]:
        """The names that have no new weights yet, in their order."""
        return [name for name in self._targets if name not in self._staged]

    def add(self, name: str, tensor: torch.Tensor) -> int:
        """Take a whole tensor, and keep this rank's part; return its bytes. Local.

        Raises `InvalidTypeError`, `InvalidArgumentError`, naming the parameter, for one that the
        module has not, and a tensor that does not fit it.
        """
        self._check_open()
        target = self._targets.get(name)
        if target is None:
            known = ", ".join(list(self._targets)[:8])
            raise InvalidArgumentError(
                f"the model has no parameter or buffer {name!r}; it has {known}", name=name
            )
        if not isinstance(tensor, torch.Tensor):
            raise InvalidTypeError(
                f"the weights of {name!r} must be a tensor, got {type(tensor).__name__}", name=name
            )
        if tensor.dtype != target.dtype:
            raise InvalidArgumentError(
                f"{name!r} is {target.dtype}, and its new weights {tensor.dtype}: convert them",
                name=name,
            )
        part = _part(name, tensor.detach(), target)
        self._staged[name] = part.to(target.device, copy=True)
        return part.nbytes

    def commit(self) -> int:
        """Use the new weights on all ranks of the world, or on none; return the version then.

        Collective over the world.

        Raises:
            InvalidArgumentError: on all ranks: one of them lacks weights, and which; or they are of
                other models. Nothing has changed.
            CollectiveError: a rank did not take part. On the ranks that are told so nothing has
                changed.
        """
        self._check_open()
        missing = self.missing
        _, world = require_environment("StagedWeights.commit")
        said = torch.tensor(
            [len(missing), self.version, len(self._targets)], dtype=torch.int64, device="cpu"
        )
        everyone = world.all_gather(said[None], dim=0).tolist()
        lacking = [rank for rank, (count, _, _) in enumerate(everyone) if count]
        if lacking:
            names = world.broadcast_object(missing[:8], lacking[0])
            raise InvalidArgumentError(
                f"rank {lacking[0]} has no new weights for {', '.join(names or [])}: give all of "
                f"them. Nothing was changed on any rank",
                rank=lacking[0],
                missing=names,
            )
        if any(each[1:] != everyone[0][1:] for each in everyone):
            raise InvalidArgumentError(
                f"the ranks have other models: versions {[each[1] for each in everyone]}, with "
                f"{[each[2] for each in everyone]} parameters. Nothing was changed on any rank"
            )
        # Nobody begins before all have said so.
        world.barrier()
        with torch.no_grad():
            for name, part in self._staged.items():
                self._targets[name].copy_(part)
        version = self.version + 1
        setattr(self._model, _VERSION, version)
        self._staged, self._done = {}, True
        return version

    def _check_open(self) -> None:
        if self._done:
            raise EnvironmentConflictError(
                "these weights are in use already: begin with a new StagedWeights"
            )


def _part(name: str, tensor: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    if tensor.shape == target.shape:
        return tensor
    tp = None if active.model is None else active.model.groups.get("tp")
    size, rank = (1, 0) if tp is None else (tp.world_size, tp.rank_in_group)
    apart = [
        dim
        for dim, (whole, part) in enumerate(zip(tensor.shape, target.shape, strict=False))
        if whole != part
    ]
    if (
        tensor.dim() != target.dim()
        or len(apart) != 1
        or tensor.shape[apart[0]] != size * target.shape[apart[0]]
    ):
        raise InvalidArgumentError(
            f"{name!r} has the shape {list(target.shape)} on this rank, and its new weights "
            f"{list(tensor.shape)}: give the same shape, or a whole of which it is one of {size} "
            f"equal parts along one dim",
            name=name,
        )
    return tensor.chunk(size, apart[0])[rank]
