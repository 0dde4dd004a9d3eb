"""The `Objects` service of a rank in this process, called as a client calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from vllm_bridge._generated import dispatch, distributed_pb2, rank_pb2, types_pb2
from vllm_bridge.codec import terms
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.rank.services import object_methods


class _Refs:
    """A client's object space: a ref is a ref."""

    def put(self, value: object) -> types_pb2.Ref:
        assert isinstance(value, types_pb2.Ref), f"{value!r} is nothing that a client can send"
        return value

    def get(self, ref: types_pb2.Ref) -> types_pb2.Ref:
        return ref


class Rank:
    """A rank's handler of calls by name and on objects; results are values and refs."""

    def __init__(self, prefixes: Sequence[str] = (), *, keep_tensors: bool = True) -> None:
        self.objects = SessionObjects("s", epoch=0)
        self.wire = Wire(self.objects, AllowList(prefixes), keep_tensors=keep_tensors)
        self._methods = object_methods()

    def keep(self, value: object) -> types_pb2.Ref:
        """A ref to an object, whether a client could get one or not."""
        return self.objects.put(value)

    def value(self, ref: types_pb2.Ref) -> Any:
        """What a ref stands for."""
        return self.objects.get(ref)

    def call(self, receiver: types_pb2.Ref, method: str, *args: object, **kwargs: object) -> Any:
        """Call a method of a kept object, or with "" the object."""
        return self._call(rank_pb2.CallRequest(object=receiver, method=method), args, kwargs)

    def named(self, name: str, *args: object, **kwargs: object) -> Any:
        """Call by a qualified name."""
        return self._call(rank_pb2.CallRequest(qualified_name=name), args, kwargs)

    def attribute(self, receiver: types_pb2.Ref, name: str) -> Any:
        """Read an attribute of a kept object."""
        return self.sent("GetAttribute", rank_pb2.GetAttributeRequest(object=receiver, name=name))

    def enter(self, context: types_pb2.Ref) -> Any:
        """Enter a context."""
        return self.sent("Enter", rank_pb2.EnterRequest(context=context))

    def resolve(self, name: str) -> Any:
        """`vllm_distributed.resolve_obj_by_qualname`."""
        request = distributed_pb2.ResolveObjByQualnameRequest(qualname=name)
        answer: Any = self._typed("Distributed/ResolveObjByQualname", request)
        return terms.decode(answer.result, _Refs())

    def register(self, name: str, function: types_pb2.Ref) -> None:
        """`vllm_distributed.direct_register_custom_op`."""
        request = distributed_pb2.DirectRegisterCustomOpRequest(op_name=name, op_func=function)
        self._typed("Distributed/DirectRegisterCustomOp", request)

    def _typed(self, path: str, request: Message) -> Message:
        return dispatch.METHODS[f"/vllm.distributed.v1.{path}"].call(request, self.wire)

    def _call(
        self, request: rank_pb2.CallRequest, args: Sequence[object], kwargs: dict[str, object]
    ) -> Any:
        request.args.CopyFrom(terms.encode(list(args), _Refs()))
        request.kwargs.CopyFrom(terms.encode(kwargs, _Refs()))
        return self.sent("Call", request)

    def sent(self, name: str, request: Any) -> Any:
        """What a method of the service answers."""
        answer: Any = self._methods[f"/vllm.bridge.v1.Objects/{name}"].call(request, self.wire)
        return _decoded(answer)


def _decoded(term: types_pb2.Term) -> Any:
    """As a client: tensors that are kept are refs."""
    return _ClientDecoder(term, _Refs(), terms.tensors.INLINE).decode()


class _ClientDecoder(terms._Decoder):
    def _tensor(self, data: bytes) -> Any:
        message = self._term.tensors[int.from_bytes(data, "big")]
        return message.ref if message.WhichOneof("storage") == "ref" else super()._tensor(data)
