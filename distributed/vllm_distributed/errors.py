"""The exceptions of this package.

Each also derives from what vLLM raises in the same place, so that code written against vLLM still
catches it. They are raised, never asserted: `python -O` changes nothing. A message says what was
wrong, with the values, and what to do about it; `details` holds the same facts as data.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CollectiveError",
    "CollectiveMismatchError",
    "CollectiveTimeoutError",
    "DistributedError",
    "EncodingError",
    "EnvironmentConflictError",
    "EnvironmentNotInitializedError",
    "EplbWorkerError",
    "ExpertLostError",
    "ForkedProcessError",
    "GradientError",
    "GroupDestroyedError",
    "GroupNotInitializedError",
    "InvalidArgumentError",
    "InvalidRankError",
    "InvalidTypeError",
    "LibraryMissingError",
    "MessageQueueCancelledError",
    "MessageQueueClosedError",
    "MessageQueueError",
    "MessageQueueTimeoutError",
    "MessageStepError",
    "NameTakenError",
    "ObjectNotStoredError",
    "ParallelSizeError",
    "PublisherClosedError",
    "RendezvousError",
    "RendezvousTimeoutError",
    "RollCallError",
    "RollCallMismatchError",
    "RollCallTimeoutError",
    "StorageFullError",
    "StoreLostError",
    "TracedTensorError",
    "UnknownBackendError",
    "UnsupportedDtypeError",
    "WeightMismatchError",
    "WeightTransferError",
    "WeightTransferTimeoutError",
]


class DistributedError(Exception):
    """Base of every exception this package raises on purpose.

    `reason` is a stable snake_case name for the kind of failure; `details` maps fact names to
    plain values (numbers, strings, booleans, None, lists and dicts of them).
    """

    reason: ClassVar[str] = "distributed_error"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.details: dict[str, object] = details


class InvalidArgumentError(DistributedError, ValueError, AssertionError):
    """An argument has a value the function cannot work with."""

    reason = "invalid_argument"


class InvalidTypeError(DistributedError, TypeError, AssertionError):
    """An argument has a type the function cannot work with."""

    reason = "invalid_type"


class InvalidRankError(InvalidArgumentError):
    """A src or dst is not a rank of the group, or is the caller itself."""

    reason = "invalid_rank"


class ParallelSizeError(InvalidArgumentError, RuntimeError):
    """Parallel sizes that do not fit the world or each other."""

    reason = "invalid_parallel_size"


class UnknownBackendError(InvalidArgumentError):
    """A backend name that torch.distributed does not know."""

    reason = "unknown_backend"


class UnsupportedDtypeError(InvalidArgumentError, RuntimeError):
    """A dtype the backend cannot reduce and that cannot be converted exactly."""

    reason = "unsupported_dtype"


class TracedTensorError(InvalidTypeError):
    """A tensor stands for another one, as a fake one does, or the program is being traced: nothing
    can be moved."""

    reason = "traced_tensor"


class GradientError(InvalidArgumentError, RuntimeError):
    """A tensor requires a gradient, which the operation would lose."""

    reason = "gradient_lost"


class EncodingError(DistributedError, TypeError, ValueError):
    """An object cannot travel between ranks, or received bytes are not an encoded object."""

    reason = "encoding_error"


class EnvironmentNotInitializedError(DistributedError, AssertionError, RuntimeError):
    """`init_distributed_environment` has to be called first."""

    reason = "environment_not_initialized"


class EnvironmentConflictError(DistributedError, AssertionError, RuntimeError):
    """The environment, or its groups, already exist with other values than the ones asked for."""

    reason = "environment_conflict"


class GroupNotInitializedError(DistributedError, AssertionError, RuntimeError):
    """The group asked for does not exist (yet)."""

    reason = "group_not_initialized"


class GroupDestroyedError(DistributedError, AssertionError, RuntimeError):
    """The group existed and was destroyed."""

    reason = "group_destroyed"


class ForkedProcessError(DistributedError, RuntimeError):
    """This process was forked from the one that the group, queue or store belongs to."""

    reason = "forked_process"


class RendezvousError(DistributedError, RuntimeError):
    """This process could not join the world."""

    reason = "rendezvous_failed"


class RendezvousTimeoutError(RendezvousError, TimeoutError):
    """This process could not join the world in time."""

    reason = "rendezvous_timeout"


class RollCallError(DistributedError, RuntimeError):
    """The ranks did not come together for an operation that all of them must call."""

    reason = "roll_call_failed"


class RollCallTimeoutError(RollCallError, TimeoutError):
    """Some ranks did not make the call in time, or have died; `details["missing"]` lists them."""

    reason = "roll_call_timeout"


class RollCallMismatchError(RollCallError, ValueError, AssertionError):
    """The ranks made the call with different arguments."""

    reason = "roll_call_mismatch"


class StoreLostError(RollCallError):
    """The store of the world, and so rank 0 that serves it, is gone."""

    reason = "store_lost"


class CollectiveError(DistributedError, RuntimeError):
    """A collective or point-to-point operation failed. The group is unusable, unless it is a
    `CollectiveMismatchError` or `MessageStepError`."""

    reason = "collective_failed"


class CollectiveTimeoutError(CollectiveError, TimeoutError):
    """A peer did not take part in time; the group is unusable.

    In shared memory `details["missing"]` lists the global ranks that did not come.
    """

    reason = "collective_timeout"


class CollectiveMismatchError(CollectiveError, ValueError):
    """The members of a group made different calls; nothing was moved, and the group is usable.

    Found out in shared memory. `details["calls"]` maps the global rank of those that differ to what
    they called. Of a `recv` of another length or dtype than was sent, which is dropped,
    `details["sent"]` and `details["wanted"]` are the bytes.
    """

    reason = "collective_mismatch"


class MessageStepError(CollectiveError, ValueError):
    """The next message of a peer was sent in a later step than the receiver is in.

    It stays to be received, and the group is usable. `details["sent"]` and `details["wanted"]` are
    the runs and steps. See `set_message_step`.
    """

    reason = "message_out_of_step"


class LibraryMissingError(DistributedError, ImportError, NotImplementedError):
    """What was asked for needs another library, or code that calls it."""

    reason = "library_missing"


class PublisherClosedError(DistributedError, RuntimeError):
    """A publisher of events was shut down, or has failed and says why."""

    reason = "publisher_closed"


class ExpertLostError(CollectiveError):
    """What an expert would have made of tokens is lost: its ranks are gone. The exchange goes on.

    The same on all ranks that are left. `details["ranks"]` are those that are gone, and
    `details["expert"]` one that nobody has any more, if that is why.
    """

    reason = "expert_lost"


class EplbWorkerError(DistributedError, RuntimeError):
    """The thread that moves experts in the background has failed, or is late, on some rank.

    The same on all ranks. `details` has the rank in the group and the layer.
    """

    reason = "eplb_worker_failed"


class StorageFullError(DistributedError, RuntimeError, MemoryError):
    """A store of objects has no room: readers have not read what is in it, or it is too small."""

    reason = "storage_full"


class ObjectNotStoredError(InvalidArgumentError, KeyError):
    """A store has no object of that key."""

    reason = "object_not_stored"

    __str__ = Exception.__str__  # and not the repr that a KeyError has


class WeightMismatchError(InvalidArgumentError, RuntimeError):
    """The weights that are to come do not fit those that are there; nothing was moved.

    `details` has the names: `missing` (there and not sent), `unknown` (sent and not there), and
    `wrong`, a dict from names to what is wrong with them.
    """

    reason = "weight_mismatch"


class WeightTransferError(DistributedError, RuntimeError):
    """A transfer of weights failed: the old ones are whole on every rank, unless the message says
    otherwise. `details["gone"]` names who has ended, `details["missing"]` who did not come."""

    reason = "weight_transfer_failed"


class WeightTransferTimeoutError(WeightTransferError, TimeoutError):
    """Some did not take part in a transfer of weights in time: `details["missing"]` has them."""

    reason = "weight_transfer_timeout"


class NameTakenError(InvalidArgumentError, KeyError):
    """Something else is registered under that name."""

    reason = "name_taken"

    __str__ = Exception.__str__


class MessageQueueError(DistributedError, RuntimeError, AssertionError):
    """A message queue cannot do what was asked of it: the wrong side, too early, no memory."""

    reason = "message_queue_failed"


class MessageQueueTimeoutError(MessageQueueError, TimeoutError):
    """The writer or some readers of a message queue did not come in time; `details` names them."""

    reason = "message_queue_timeout"


class MessageQueueClosedError(MessageQueueError):
    """A side of the message queue was shut down, or its process has ended."""

    reason = "message_queue_closed"


class MessageQueueCancelledError(MessageQueueError):
    """The caller's own event ended the wait for a message."""

    reason = "message_queue_cancelled"
