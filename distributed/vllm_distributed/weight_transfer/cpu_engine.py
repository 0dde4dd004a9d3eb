"""Weights over TCP, and over shared memory where trainer and target are on one node: for CPU, which
vLLM's engines are not.

A trainer connects to all targets. It announces what is to come, and each target says whether it
fits; only then are bytes moved, in buckets, into memory beside the weights in use. When all targets
have all of it they agree among themselves, and put it in use: all, or none of them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import torch
from typing_extensions import Self

from vllm_distributed.bounded import watched
from vllm_distributed.durations import cut_seconds, of_seconds
from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    WeightMismatchError,
    WeightTransferError,
)
from vllm_distributed.weight_transfer.base import (
    Placement,
    TrainerWeightTransferEngine,
    VLLMWeightSyncClient,
    WeightSource,
    WeightTransferEngine,
)
from vllm_distributed.weight_transfer.cpu.infos import (
    TIMEOUT_S,
    CPUTrainerInitInfo,
    CPUWeightTransferInitInfo,
    CPUWeightTransferUpdateInfo,
)
from vllm_distributed.weight_transfer.cpu.links import listen
from vllm_distributed.weight_transfer.cpu.meeting import Session, join_trainer, meet_targets
from vllm_distributed.weight_transfer.cpu.receiving import Receiving, announced_of
from vllm_distributed.weight_transfer.cpu.sending import Sending
from vllm_distributed.weight_transfer.cpu.staging import Announced, Target
from vllm_distributed.weight_transfer.layout import target_number
from vllm_distributed.weight_transfer.progress import OnProgress, Progress, told

__all__ = [
    "CPUTrainerInitInfo",
    "CPUTrainerWeightTransferEngine",
    "CPUWeightTransferEngine",
    "CPUWeightTransferInitInfo",
    "CPUWeightTransferUpdateInfo",
]


class CPUWeightTransferEngine(
    WeightTransferEngine[CPUWeightTransferInitInfo, CPUWeightTransferUpdateInfo]
):
    """Receives a model's weights from a trainer, in one rank of a world that the trainer is not in.

    `model` is a module, or a dict from names to tensors. A tensor that has a part of a parameter
    along one dim, as a rank of a tensor parallel group has, gets that part; which, is seen by the
    shapes or said with `set_target_layout`. Weights are replaced in place, all at once, on all
    targets or on none; until then they are beside those in use, and need as much memory again.
    """

    init_info_cls = CPUWeightTransferInitInfo
    update_info_cls = CPUWeightTransferUpdateInfo

    def __init__(self, config: Any, vllm_config: Any, device: torch.device, model: Any) -> None:
        super().__init__(config, vllm_config, device, model)
        self.weight_version = 0
        """Of the weights in use: 0 for those that the model had, and growing. Read it from any
        thread."""
        self.on_progress: OnProgress | None = None
        """Told of each bucket that has come."""
        self._layout: dict[str, Placement] = {}
        self._session: Session | None = None
        self._receiving: Receiving | None = None
        self._timeout_s = TIMEOUT_S
        self._busy = threading.Lock()
        Target(model, *self._place, {})  # refuses what is no model

    @property
    def _place(self) -> tuple[int, int]:
        """This rank in its tensor parallel group, and the size of that."""
        count = int(getattr(self.parallel_config, "tensor_parallel_size", 1))
        return int(getattr(self.parallel_config, "rank", 0)) % count, count

    def set_target_layout(self, layout: Mapping[str, Placement]) -> None:
        """Say which parameters are cut along which dim (`Shard`), and which are whole
        (`Replicate`), where shapes are not to tell. Local; the same on all ranks."""
        Target(self.model, *self._place, layout)
        self._layout = dict(layout)

    def init_transfer_engine(self, init_info: CPUWeightTransferInitInfo) -> None:
        """Meet the trainer, and leave the one before. Collective: all targets, and the trainer.

        Raises:
            InvalidArgumentError: if this rank is none of the `world_size`.
            RendezvousError, RollCallError: if not all come within `timeout_s`; named.
        """
        with self._alone("init_transfer_engine"):
            self._leave()
            number = target_number(self.parallel_config) + init_info.rank_offset - 1
            if number >= init_info.world_size - 1:
                raise InvalidArgumentError(
                    f"this rank would be target {number}, and world_size={init_info.world_size} "
                    f"has {init_info.world_size - 1}",
                    number=number,
                    world_size=init_info.world_size,
                )
            self._timeout_s = cut_seconds(init_info.timeout_s)
            self._session = join_trainer(
                init_info.master_address,
                init_info.master_port,
                number,
                init_info.world_size,
                of_seconds(init_info.timeout_s),
            )

    def start_weight_update(self) -> None:
        """Begin a transfer: what an earlier one left unfinished is dropped. Local."""
        with self._alone("start_weight_update"):
            self._connected()
            self._receiving = None

    def receive_weights(self, update_info: CPUWeightTransferUpdateInfo) -> None:
        """Receive what the trainer sends, beside the weights in use. Collective: all targets, and
        the trainer.

        Raises:
            WeightMismatchError: if it does not fit, with every name. Nothing was moved, and the
                next transfer may begin.
            WeightTransferError: if somebody is gone or late; named. The old weights are in use.
                `init_transfer_engine` comes next.
        """
        expected = announced_of(update_info.names, update_info.dtype_names, update_info.shapes)
        with self._alone("receive_weights"), self._guarded():
            told(self._received(expected or None, self._timeout_s), self.on_progress)

    def finish_weight_update(self) -> None:
        """Have the new weights in use, on all targets or on none. Collective: all targets.

        Raises `WeightTransferError` if they have not all come, here or elsewhere.
        """
        with self._alone("finish_weight_update"):
            if self._receiving is None:
                raise WeightTransferError("no weights have come: update_weights comes first")
            with self._guarded():
                self._finish(self._receiving)

    def iter_update(self, timeout: timedelta | None = None) -> Generator[Progress, None, None]:
        """Yield how far it is, after each bucket of the next transfer of a trainer without a
        client, and have its weights in use at the end. Collective: all targets, and the trainer.

        It waits for the trainer to begin for `timeout`, or as long as for all else. Who leaves the
        iterator before its end gives the transfer up, on all sides. Raises as `receive_weights`.
        """
        wait_s = self._timeout_s if timeout is None else timeout.total_seconds()
        with self._alone("iter_update"), self._guarded():
            receiving = yield from self._received(None, wait_s)
            receiving.await_finish()
            self._finish(receiving)

    def receive_update(
        self, timeout: timedelta | None = None, on_progress: OnProgress | None = None
    ) -> int:
        """Do all of `iter_update`, and return the version that is in use then."""
        told(self.iter_update(timeout), on_progress or self.on_progress)
        return self.weight_version

    def shutdown(self) -> None:
        """Leave the trainer. Idempotent, local."""
        self._leave()

    def _received(
        self, expected: list[Announced] | None, wait_s: float
    ) -> Generator[Progress, None, Receiving]:
        session = self._connected()
        target = Target(self.model, *self._place, self._layout)
        self._receiving = None
        receiving = Receiving(session, target, self.weight_version, self._timeout_s)
        receiving.begin(wait_s, expected)
        yield from receiving.steps()
        self._receiving = receiving
        return receiving

    def _finish(self, receiving: Receiving) -> None:
        self._receiving = None
        receiving.finish()
        self.weight_version = receiving.version
        with contextlib.suppress(WeightTransferError):
            receiving.tell_committed()

    def _connected(self) -> Session:
        if self._session is None:
            raise WeightTransferError(
                "this rank is not connected to a trainer: init_transfer_engine comes first, and "
                "again after a transfer that failed"
            )
        return self._session

    @contextlib.contextmanager
    def _alone(self, call: str) -> Iterator[None]:
        if not self._busy.acquire(blocking=False):
            raise WeightTransferError(
                f"{call}: this engine is in another call, and takes one at a time"
            )
        try:
            yield
        finally:
            self._busy.release()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Tell all others of what fails here, and leave them."""
        try:
            yield
        except WeightMismatchError:
            raise
        except BaseException as error:
            self._leave(error)
            raise

    def _leave(self, why: BaseException | None = None) -> None:
        session, self._session, self._receiving = self._session, None, None
        if session is not None:
            session.close(why)


class CPUTrainerWeightTransferEngine(TrainerWeightTransferEngine[CPUTrainerInitInfo]):
    """Sends the weights of a source to all targets; see `CPUTrainerInitInfo`.

    With a `client` it calls the targets' engines through it. Without one they come by themselves:
    they call `init_transfer_engine` and then `receive_update`.
    """

    init_info_cls = CPUTrainerInitInfo

    def __init__(
        self,
        init_info: CPUTrainerInitInfo,
        *,
        client: VLLMWeightSyncClient | None,
        source: WeightSource,
    ) -> None:
        super().__init__(
            client=client, source=source, is_sender=init_info.is_sender, rank=init_info.rank
        )
        self._info = init_info
        self._timeout_s = cut_seconds(init_info.timeout_s)
        self._session: Session | None = None
        self._busy = threading.Lock()
        self.weight_version = 0
        """Of the weights that were sent last."""

    @classmethod
    def trainer_init(
        cls,
        init_info: CPUTrainerInitInfo,
        *,
        client: VLLMWeightSyncClient | None = None,
        source: WeightSource | None = None,
    ) -> Self:
        """Meet all targets, and return the engine. Collective: the sender and all targets; other
        ranks of the trainer meet nobody.

        Raises:
            InvalidArgumentError, InvalidTypeError: for a source whose tensors this rank cannot send
                whole.
            RendezvousError, RollCallError: if not all come within `timeout_s`; named.
        """
        _check_source(source)
        engine = cls(init_info, client=client, source=source)  # type: ignore[arg-type]  # checked
        if engine.is_sender:
            engine._meet()
        return engine

    def send_weights(
        self, version: int | None = None, on_progress: OnProgress | None = None
    ) -> int:
        """Send all weights, have them in use on all targets, and return their version: `version`,
        which must be above that in use there, or the next. Collective: all targets, and all ranks
        of the trainer.

        Raises:
            WeightMismatchError: if a target cannot take them, with every name. Nothing was moved,
                and the next transfer may begin.
            WeightTransferError: if a target is gone, late, or gave up; named. All targets have the
                old weights, unless it says otherwise. Make another engine.
        """
        told(self.iter_weights(version), on_progress)
        return self.weight_version

    def iter_weights(self, version: int | None = None) -> Generator[Progress, None, None]:
        """Do all of `send_weights`, and yield how far it is after each bucket."""
        source = self.source
        if source is None:
            raise InvalidArgumentError("there is no source")
        if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
            raise InvalidTypeError(f"version must be an integer, got {version!r}")
        if not self.is_sender:
            for _ in source.iter_full():  # what the owners of a parameter do together
                pass
            return
        if not self._busy.acquire(blocking=False):
            raise WeightTransferError("this engine is sending, and does so one at a time")
        try:
            yield from self._sent(source, version)
        except WeightMismatchError:
            raise
        except BaseException as error:
            self._leave(error)
            raise
        finally:
            self._busy.release()

    def shutdown(self) -> None:
        """Leave the targets. Idempotent, local."""
        self._leave()

    def _meet(self) -> None:
        info = self._info
        listener = info.listen_socket or listen(info.master_address, info.master_port)
        info.listen_socket = None
        info.master_port = int(listener.getsockname()[1])
        payload = {
            "master_address": info.master_address,
            "master_port": info.master_port,
            "world_size": info.world_size,
            "rank_offset": 1,
            "timeout_s": info.timeout_s,
        }
        client = self.client
        beside = _Beside(
            None if client is None else lambda: client.init_weight_transfer_engine(payload)
        )
        with beside, watched(beside.look):
            self._session = meet_targets(
                info.master_address, listener, info.world_size, of_seconds(info.timeout_s)
            )
            beside.wait()

    def _sent(self, source: WeightSource, version: int | None) -> Generator[Progress, None, None]:
        session = self._session
        if session is None:
            raise WeightTransferError(
                "this trainer is not connected to targets any more: make another engine"
            )
        announced = [Announced(each.name, each.dtype, each.shape) for each in source.metadata]
        client, info = self.client, self._info
        beside = _Beside(None)
        if client is not None:
            client.start_weight_update()
            update = {
                "names": [each.name for each in announced],
                "dtype_names": [str(each.dtype).removeprefix("torch.") for each in announced],
                "shapes": [list(each.shape) for each in announced],
            }
            beside = _Beside(lambda: client.update_weights(update))
        with beside:
            size = -(-info.packed_buffer_size_bytes // 64) * 64
            sending = Sending(session, announced, size, self._timeout_s, beside.look)
            found = sending.begin(version, info.shared_memory, info.packed_num_buffers)
            yield from sending.steps(source.iter_full())
            sending.await_staged()
            beside.wait()
        if client is None:
            sending.ask_to_finish()
        else:
            client.finish_weight_update(str(found))
        sending.await_committed()
        self.weight_version = found

    def _leave(self, why: BaseException | None = None) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close(why)


class _Beside:
    """A call of a client that goes on beside what the trainer does for it."""

    def __init__(self, call: Callable[[], object] | None) -> None:
        self._call = call
        self._threads: ThreadPoolExecutor | None = None
        self._future: Future[object] | None = None

    def __enter__(self) -> Self:
        if self._call is not None:
            self._threads = ThreadPoolExecutor(1, "vllm_distributed call of a client")
            self._future = self._threads.submit(self._call)
        return self

    def look(self) -> None:
        """Raise what the call has raised, if it is over."""
        if self._future is not None and self._future.done():
            self._future.result()

    def wait(self) -> None:
        """Wait for the call. What the client does is bounded by the client."""
        if self._future is not None:
            self._future.result()

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False)


def _check_source(source: object) -> None:
    given: Any = source
    if not hasattr(given, "metadata") or not callable(getattr(given, "iter_full", None)):
        raise InvalidTypeError(
            f"source must be a WeightSource (a ModuleSource, a TensorSource), got {source!r:.80}"
        )
    implements: Any = getattr(given, "implements_iter_full", None)
    if callable(implements) and not implements():
        raise InvalidTypeError(
            f"{type(source).__name__} has no iter_full, and whole tensors are sent"
        )
    names = [each.name for each in given.metadata]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InvalidArgumentError(f"the source has {', '.join(twice)} more than once")
    for each in given.metadata:
        if each.owners is not None and each.owners[0] != 0:
            raise InvalidArgumentError(
                f"{each.name!r} is sent by rank {each.owners[0]}, its first owner, and this engine "
                f"has one sender, rank 0"
            )
