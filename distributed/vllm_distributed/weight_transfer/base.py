"""What all engines have in common, by vLLM's names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar, Union, runtime_checkable

import torch
from typing_extensions import Self

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.weight_transfer.layout import (
    ParamMeta,
    Placement,
    Replicate,
    Shard,
    layerwise_groups,
)
from vllm_distributed.weight_transfer.sources import (
    ModuleSource,
    WeightSource,
    materialize_full_tensor,
)

__all__ = [
    "ModuleSource",
    "ParamMeta",
    "Placement",
    "Replicate",
    "Shard",
    "TrainerInitInfo",
    "TrainerWeightTransferEngine",
    "VLLMWeightSyncClient",
    "WeightSource",
    "WeightTransferEngine",
    "WeightTransferInitInfo",
    "WeightTransferInitRequest",
    "WeightTransferUpdateInfo",
    "WeightTransferUpdatePayload",
    "WeightTransferUpdateRequest",
    "layerwise_groups",
    "materialize_full_tensor",
]

TInitInfo = TypeVar("TInitInfo", bound="WeightTransferInitInfo")
TUpdateInfo = TypeVar("TUpdateInfo", bound="WeightTransferUpdateInfo")
TTrainerInitInfo = TypeVar("TTrainerInitInfo", bound="TrainerInitInfo")
Info = TypeVar("Info")
WeightTransferUpdatePayload = Union[dict[str, Any], list[dict[str, Any]]]  # noqa: UP007


@dataclass
class WeightTransferInitInfo(ABC):  # noqa: B024 - engines say what is in it
    """How a rank that receives weights meets the trainer; each engine has its own."""


@dataclass
class WeightTransferUpdateInfo(ABC):  # noqa: B024 - engines say what is in it
    """What comes in one transfer; each engine has its own."""


@dataclass
class TrainerInitInfo:
    """How a trainer meets the ranks that receive its weights; each engine has its own.

    A subclass has `backend`, the name it has in `WeightTransferTrainerFactory`; without it, it is
    refused with `InvalidTypeError`.
    """

    backend: ClassVar[str]

    rank: int = field(kw_only=True)
    """Of this process among those of the trainer. Rank 0 sends; the others take part in what the
    trainer does together, such as gathering the parts of a parameter."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not getattr(cls, "backend", None):
            raise InvalidTypeError(
                f"{cls.__name__} must have a class-level backend, the name of its engine in "
                f"WeightTransferTrainerFactory"
            )

    @property
    def is_sender(self) -> bool:
        """Whether this process is the one that sends."""
        return self.rank == 0


@dataclass
class WeightTransferInitRequest:
    """`init_info` as an engine's API takes it, of plain values."""

    init_info: dict[str, Any] = field(default_factory=dict)


@dataclass
class WeightTransferUpdateRequest:
    """`update_info` as an engine's API takes it, of plain values."""

    update_info: WeightTransferUpdatePayload = field(default_factory=dict)


class WeightTransferEngine(ABC, Generic[TInitInfo, TUpdateInfo]):
    """Receives a model's weights in one rank.

    A transfer is `start_weight_update`, `update_weights` once or more, `finish_weight_update`,
    called on all ranks that receive. A subclass has `init_info_cls` and `update_info_cls`.
    Source: vLLM.
    """

    init_info_cls: type[TInitInfo]
    update_info_cls: type[TUpdateInfo]
    supports_draft_weight_update: bool = True
    """Whether `set_weight_update_target` may name another model."""
    defers_processing: bool = False
    """Whether `update_weights` may return before the weights are in the model: then `drain_pending`
    and `finish_weight_update` wait for them."""

    def __init__(
        self, config: Any, vllm_config: Any, device: torch.device, model: torch.nn.Module
    ) -> None:
        """Make the engine of this rank; nothing is connected.

        `config` is a `WeightTransferConfig`, `vllm_config` has a `parallel_config` and a
        `model_config`, `model` is what receives the weights, on `device`.
        """
        self.config = config
        self.vllm_config = vllm_config
        self.parallel_config = vllm_config.parallel_config
        self.model_config = getattr(vllm_config, "model_config", None)
        self.device = torch.device(device)
        self.model = model
        self._default = model, self.model_config

    def drain_pending(self) -> None:
        """Wait until all that was received is in the model; see `defers_processing`. Local."""

    def set_weight_update_target(self, model: torch.nn.Module, model_config: Any) -> None:
        """Have the next transfer go to another model. Local; the same on all ranks."""
        self.model, self.model_config = model, model_config

    def reset_weight_update_target(self) -> None:
        """Have the next transfer go to the engine's own model. Local; the same on all ranks."""
        self.model, self.model_config = self._default

    def parse_init_info(self, init_dict: dict[str, Any]) -> TInitInfo:
        """Return the engine's own information. Raises `InvalidArgumentError`, a `ValueError`."""
        return self._parsed(self.init_info_cls, "init_info", init_dict)

    def parse_update_info(self, update_dict: dict[str, Any]) -> TUpdateInfo:
        """Return the engine's own information. Raises `InvalidArgumentError`, a `ValueError`."""
        return self._parsed(self.update_info_cls, "update_info", update_dict)

    def _parsed(self, kind: type[Info], name: str, given: dict[str, Any]) -> Info:
        try:
            return kind(**given)
        except TypeError as error:
            raise InvalidArgumentError(
                f"{name} of {type(self).__name__} is wrong: {error}"
            ) from error

    @abstractmethod
    def init_transfer_engine(self, init_info: TInitInfo) -> None:
        """Meet the trainer. Collective: all ranks that receive, and the trainer."""
        raise NotImplementedError

    @abstractmethod
    def start_weight_update(self) -> None:
        """Begin a transfer. All ranks that receive call it."""
        raise NotImplementedError

    @abstractmethod
    def finish_weight_update(self) -> None:
        """End a transfer. All ranks that receive call it."""
        raise NotImplementedError

    def update_weights(self, update_info: dict[str, Any]) -> None:
        """Receive weights, by information of plain values, and wait until they have come."""
        self.receive_weights(self.parse_update_info(update_info))
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)

    @abstractmethod
    def receive_weights(self, update_info: TUpdateInfo) -> None:
        """Receive weights. Collective: all ranks that receive, and the trainer."""
        raise NotImplementedError

    @abstractmethod
    def shutdown(self) -> None:
        """Leave the trainer. Idempotent, local."""
        raise NotImplementedError


@runtime_checkable
class VLLMWeightSyncClient(Protocol):
    """How a trainer reaches what receives: anything that has these methods, which take plain
    values and return when all ranks have done it. Source: vLLM."""

    def init_weight_transfer_engine(self, init_info: dict[str, Any]) -> None:
        """Call `init_transfer_engine` on all ranks."""

    def start_weight_update(self) -> None:
        """Call it on all ranks."""

    def update_weights(self, update_info: WeightTransferUpdatePayload) -> None:
        """Call it on all ranks."""

    def finish_weight_update(self, weight_version: str | None = None) -> None:
        """Call it on all ranks, and keep what the weights are called from now on."""


class TrainerWeightTransferEngine(ABC, Generic[TTrainerInitInfo]):
    """Sends weights from a trainer. `trainer_init` makes one, on each rank of the trainer; rank 0
    sends. A subclass has `init_info_cls`. Source: vLLM."""

    init_info_cls: type[TTrainerInitInfo]

    def __init__(
        self,
        *,
        client: VLLMWeightSyncClient | None,
        source: WeightSource | None = None,
        is_sender: bool = True,
        rank: int = 0,
    ) -> None:
        self.client = client
        self.source = source
        self.is_sender = is_sender
        self.rank = rank

    @classmethod
    @abstractmethod
    def trainer_init(
        cls,
        init_info: TTrainerInitInfo,
        *,
        client: VLLMWeightSyncClient,
        source: WeightSource | None = None,
    ) -> Self:
        """Meet what receives, through `client`. All ranks of the trainer call it."""
        raise NotImplementedError

    @abstractmethod
    def send_weights(self) -> Any:
        """Send all weights of the source, the whole round. All ranks of the trainer call it."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """Leave. Idempotent, local."""
