"""`vllm.rpc`: the typed calls of our own contract, through a Snakepit pool."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import DecodeError

from vllm_bridge._generated.dispatch import METHODS
from vllm_bridge.codec.dispatch import Dispatch
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.handler import RankState
from vllm_bridge.rank.journal import Record
from vllm_bridge.rank.services import RankService, object_methods
from vllm_bridge.rank.sessions import RankSession
from vllm_bridge.snakepit.tools.parameters import Parameters, check_known
from vllm_bridge.transport import metadata as keys

REQUEST = "request"
"""Name of the binary parameter with the encoded request."""

METADATA = frozenset({keys.TENSORS, keys.CALL_ID})
"""Metadata of a direct call that mean something here as well."""


class TypedCalls:
    """The methods of the contract, of objects and of inspection."""

    def __init__(self, state: RankState) -> None:
        self._allow_list: AllowList = state.allow_list
        self._results = state.sessions.results
        self._methods: Mapping[str, Dispatch] = {
            **METHODS,
            **object_methods(),
            **RankService(state, None).methods(),
        }

    def run(
        self,
        parameters: Parameters,
        binary: Mapping[str, bytes],
        session: RankSession,
        record: Record,
    ) -> bytes:
        """The encoded response of one call, which is noted in its record.

        Raises:
            BridgeError: (validation) no such method (`unknown_method`), no request
                (`missing_argument`), or one that is of another type (`malformed_request`). What
                the function raises is raised.
        """
        path = parameters.needed("method")
        dispatch = self._methods.get(path if path.startswith("/") else f"/{path}")
        if dispatch is None:
            raise BridgeError(
                Category.VALIDATION,
                "unknown_method",
                f"there is no method {path!r}; they look like "
                "'/vllm.distributed.v1.Distributed/GetPpIndices'",
                details={"method": path},
            )
        if REQUEST not in binary:
            raise BridgeError(
                Category.VALIDATION,
                "missing_argument",
                f"vllm.rpc needs the encoded {dispatch.request.DESCRIPTOR.full_name} as the binary "
                f"parameter {REQUEST!r}; it may be empty",
                details={"argument": REQUEST},
            )
        options = parameters.mapped("metadata")
        check_known(options, METADATA, "metadata")
        record.method = dispatch.name
        record.call_id = str(options.get(keys.CALL_ID, "")) or record.call_id
        wire = Wire(
            session.objects,
            self._allow_list,
            keep_tensors=options.get(keys.TENSORS) == keys.TENSORS_AS_REFS,
        )
        try:
            request = dispatch.request.FromString(binary[REQUEST])
        except DecodeError as error:
            raise BridgeError(
                Category.VALIDATION,
                "malformed_request",
                f"not a {dispatch.request.DESCRIPTOR.full_name}: {error}",
            ) from None
        with self._results.of_call(kept=wire.keep_tensors):
            return dispatch.call(request, wire).SerializeToString()
