"""Engines by name; the module of one is imported when it is first made."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import torch

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.logger import init_logger
from vllm_distributed.weight_transfer.base import (
    TrainerInitInfo,
    TrainerWeightTransferEngine,
    VLLMWeightSyncClient,
    WeightSource,
    WeightTransferEngine,
)

__all__ = ["WeightTransferEngineFactory", "WeightTransferTrainerFactory"]

logger = init_logger(__name__)
Engine = TypeVar("Engine")


def _loader(
    kind: Any, name: str, module_path_or_cls: str | type[Engine], class_name: str | None
) -> Callable[[], type[Engine]]:
    if not isinstance(name, str) or not name:
        raise InvalidTypeError(f"name must be a text, got {name!r}")
    if isinstance(module_path_or_cls, type):
        given: type[Engine] = module_path_or_cls
        return lambda: given
    if not isinstance(module_path_or_cls, str):
        raise InvalidTypeError(
            f"an engine is registered by its class, or by its module and the name of its class "
            f"there, got {module_path_or_cls!r}"
        )
    if class_name is None:
        raise InvalidArgumentError(
            f"class_name is missing: which class of {module_path_or_cls} is engine {name!r}?"
        )
    path, named = module_path_or_cls, class_name

    def load() -> type[Engine]:
        found: Any = getattr(importlib.import_module(path), named)
        if not isinstance(found, type) or not issubclass(found, kind):
            raise InvalidTypeError(f"{path}.{named} is not a {kind.__name__}")
        loaded: type[Engine] = found
        return loaded

    return load


def _found(registry: dict[str, Callable[[], type[Engine]]], name: str, what: str) -> type[Engine]:
    if name not in registry:
        raise InvalidArgumentError(
            f"there is no {what} named {name!r}: there are {', '.join(sorted(registry))}; others "
            f"are registered with register_engine",
            backend=name,
            available=sorted(registry),
        )
    logger.debug("%s: %s", what, name)
    return registry[name]()


class WeightTransferEngineFactory:
    """Makes the engine of a rank that receives. Source: vLLM."""

    _registry: ClassVar[dict[str, Callable[[], type[WeightTransferEngine[Any, Any]]]]] = {}

    @classmethod
    def register_engine(
        cls,
        name: str,
        module_path_or_cls: str | type[WeightTransferEngine[Any, Any]],
        class_name: str | None = None,
    ) -> None:
        """Give an engine a name: its class, or its module's path and the name of the class there.
        Local. Raises `InvalidArgumentError`, a `ValueError`, for a name that is taken."""
        if name in cls._registry:
            raise InvalidArgumentError(f"there is an engine named {name!r} already")
        cls._registry[name] = _loader(WeightTransferEngine, name, module_path_or_cls, class_name)

    @classmethod
    def create_engine(
        cls, config: Any, vllm_config: Any, device: torch.device, model: torch.nn.Module
    ) -> WeightTransferEngine[Any, Any]:
        """Return the engine that `config.backend` names, for a model of this rank. Local.

        Raises `InvalidArgumentError`, a `ValueError`, for a name that is not registered.
        """
        engine = _found(cls._registry, config.backend, "engine that receives weights")
        return engine(config, vllm_config, device, model)


class WeightTransferTrainerFactory:
    """Makes the engine of a trainer. Source: vLLM."""

    _registry: ClassVar[dict[str, Callable[[], type[TrainerWeightTransferEngine[Any]]]]] = {}

    @classmethod
    def register_engine(
        cls,
        name: str,
        module_path_or_cls: str | type[TrainerWeightTransferEngine[Any]],
        class_name: str | None = None,
    ) -> None:
        """As `WeightTransferEngineFactory.register_engine`."""
        if name in cls._registry:
            raise InvalidArgumentError(f"there is a trainer's engine named {name!r} already")
        cls._registry[name] = _loader(
            TrainerWeightTransferEngine, name, module_path_or_cls, class_name
        )

    @classmethod
    def trainer_init(
        cls,
        init_info: TrainerInitInfo,
        *,
        client: VLLMWeightSyncClient,
        source: WeightSource | None = None,
    ) -> TrainerWeightTransferEngine[Any]:
        """Return the engine that `init_info.backend` names, ready to send. All ranks of the trainer
        call it. Raises `InvalidArgumentError`, a `ValueError`, for a name that is not registered,
        and what the engine raises."""
        engine = _found(cls._registry, init_info.backend, "engine of a trainer")
        return engine.trainer_init(init_info, client=client, source=source)


_PACKAGE = "vllm_distributed.weight_transfer"
WeightTransferEngineFactory.register_engine(
    "cpu", f"{_PACKAGE}.cpu_engine", "CPUWeightTransferEngine"
)
WeightTransferEngineFactory.register_engine(
    "nccl", f"{_PACKAGE}.nccl_engine", "NCCLWeightTransferEngine"
)
WeightTransferTrainerFactory.register_engine(
    "cpu", f"{_PACKAGE}.cpu_engine", "CPUTrainerWeightTransferEngine"
)
WeightTransferTrainerFactory.register_engine(
    "nccl", f"{_PACKAGE}.nccl_engine", "NCCLTrainerWeightTransferEngine"
)
