"""The events, and their bytes.

A batch is an array of msgpack, `[ts, events, data_parallel_rank]`; an event is a map whose `type`
is the name of its class. vLLM up to 0.14 wrote an event as an array that begins with that name:
both are read, the map is written. Fields that are at their default are not written; fields and
events that a newer publisher has are passed over.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from vllm_distributed.errors import EncodingError, InvalidTypeError

__all__ = [
    "MEDIUM_CPU",
    "MEDIUM_GPU",
    "MEDIUM_STORAGE",
    "AllBlocksCleared",
    "BlockRemoved",
    "BlockStored",
    "EventBatch",
    "ExternalBlockHash",
    "KVCacheEvent",
    "KVEventBatch",
    "decode_batch",
    "encode_batch",
]

MEDIUM_GPU = "GPU"
MEDIUM_CPU = "CPU"
MEDIUM_STORAGE = "STORAGE"
"""Where a block is: what `medium` of an event says."""

ExternalBlockHash: TypeAlias = bytes | int
"""What a block is known by outside of the engine: all bytes of its hash, or 64 bits of it."""


class EventBatch(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """Events that happened together.

    `ts` is the time in seconds since 1970, `data_parallel_rank` the rank whose cache it is; a
    publisher fills it in where it is None. Source: vLLM.
    """

    ts: float
    events: list[Any]
    data_parallel_rank: int | None = None


class KVCacheEvent(msgspec.Struct, omit_defaults=True, gc=False, tag=True):
    """The base of all events of a KV cache. Source: vLLM."""


class BlockStored(KVCacheEvent):
    """Blocks of tokens are in the cache, each the continuation of the one before. Source: vLLM."""

    block_hashes: list[ExternalBlockHash]
    """What the blocks are known by, in their order."""
    parent_block_hash: ExternalBlockHash | None
    """The block that the first one continues; None where it begins a sequence."""
    token_ids: list[int]
    """The tokens of all blocks, one after the other."""
    block_size: int
    """Tokens in a block."""
    lora_id: int | None
    """The number of the adapter. `lora_name` is what counts."""
    medium: str | None
    """`MEDIUM_GPU`, `MEDIUM_CPU`, `MEDIUM_STORAGE`."""
    lora_name: str | None
    """The adapter that the blocks were computed with."""
    extra_keys: list[tuple[Any, ...] | None] | None = None
    """What else went into the hash, for each block: adapter, inputs of other kinds, salt."""
    group_idx: int | None = None
    """The group of layers that the blocks are of, in models that have several kinds."""
    kv_cache_spec_kind: str | None = None
    """The kind of attention of that group."""
    kv_cache_spec_sliding_window: int | None = None
    """Its window, in tokens."""
    locality: str | None = None
    """Whether the blocks are with the publisher, `LOCAL`, or elsewhere, `REMOTE`."""
    ownership: str | None = None
    """The second tier that has the blocks, where it was one that told."""
    session_id: str | None = None
    """The session whose request led to the event; others may share the blocks."""
    lookahead_token_ids: list[list[int]] | None = None
    """Tokens after each block that went into its hash."""

    def __hash__(self) -> int:
        return hash((type(self), _frozen(msgspec.structs.astuple(self))))


class BlockRemoved(KVCacheEvent):
    """Blocks are no longer in the cache. Source: vLLM."""

    block_hashes: list[ExternalBlockHash]
    medium: str | None
    group_idx: int | None = None
    locality: str | None = None
    ownership: str | None = None

    def __hash__(self) -> int:
        return hash((type(self), _frozen(msgspec.structs.astuple(self))))


class AllBlocksCleared(KVCacheEvent):
    """Nothing is in the cache any more. Source: vLLM."""

    def __hash__(self) -> int:
        return hash(type(self))


class KVEventBatch(EventBatch):
    """Events of a KV cache that happened together. Source: vLLM."""

    events: list[BlockStored | BlockRemoved | AllBlocksCleared]


_KINDS: dict[str, type[KVCacheEvent]] = {
    kind.__name__: kind for kind in (BlockStored, BlockRemoved, AllBlocksCleared)
}

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(KVEventBatch)


def encode_batch(batch: EventBatch) -> bytes:
    """Return a batch as it is published. Pure, local.

    Raises:
        InvalidTypeError: for what is no `EventBatch`.
        EncodingError: for values in it that msgpack cannot have.
    """
    if not isinstance(batch, EventBatch):
        raise InvalidTypeError(
            f"a batch must be an EventBatch, as KVEventBatch is one, got {type(batch).__name__}",
            argument="batch",
        )
    try:
        return _encoder.encode(batch)
    except (TypeError, OverflowError, ValueError) as error:
        raise EncodingError(f"a batch cannot be encoded: {error}") from error


def decode_batch(payload: bytes) -> tuple[KVEventBatch, int]:
    """Return the batch that was published as these bytes, and how many of its events are of a kind
    that is not known here; these are left out. Pure, local; runs nothing of what it reads.

    Raises `EncodingError`, which says what is wrong and where, for bytes that are no batch.
    """
    try:
        return _decoder.decode(payload), 0
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_any(payload)


def _decode_any(payload: bytes) -> tuple[KVEventBatch, int]:
    """As `decode_batch`, for the older layout and for batches with unknown events."""
    try:
        fields = msgspec.msgpack.decode(payload)
        if not isinstance(fields, list) or len(fields) < 2 or not isinstance(fields[1], list):
            raise EncodingError(
                f"a batch of events is an array [ts, events, ...], got {_shown(fields)}"
            )
        ts, events, *more = fields
        known = [event for event in map(_event, events) if event is not None]
        batch = KVEventBatch(
            ts=_converted(ts, float, "ts"),
            events=known,  # type: ignore[arg-type]
            data_parallel_rank=_converted(more[0], int | None, "data_parallel_rank")
            if more
            else None,
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EncodingError(f"{len(payload)} bytes are no batch of events: {error}") from error
    return batch, len(events) - len(known)


def _event(value: Any) -> KVCacheEvent | None:
    """The event that a map or an array stands for; None for one of another kind."""
    fields: Any
    if isinstance(value, dict):
        tag, fields = value.get("type"), value
    elif isinstance(value, list) and value:
        tag, fields = value[0], value[1:]
    else:
        raise EncodingError(f"an event is a map or an array with its kind, got {_shown(value)}")
    if not isinstance(tag, str):
        raise EncodingError(f"the kind of an event is a string, got {_shown(tag)}")
    kind = _KINDS.get(tag)
    if kind is None:
        return None
    if isinstance(fields, list):
        fields = {"type": tag, **dict(zip(kind.__struct_fields__, fields, strict=False))}
    event: KVCacheEvent = _converted(fields, kind, tag)
    return event


def _converted(value: Any, kind: Any, what: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise EncodingError(f"{what} of a batch of events: {error}") from error


def _frozen(value: Any) -> Any:
    """The same with tuples for lists, so that it has a hash."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return tuple((key, _frozen(value[key])) for key in value)
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
