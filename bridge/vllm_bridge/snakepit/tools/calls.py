"""The call types of `snakebridge.call`: what is looked up, and what is done with it."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow.allow_list import Target
from vllm_bridge.snakepit.tools import targets
from vllm_bridge.snakepit.tools.parameters import Parameters
from vllm_bridge.snakepit.tools.values import STOP_ITERATION, Values

_SPECIAL: Mapping[str, Callable[..., Any]] = {
    "__len__": len,
    "__str__": str,
    "__repr__": repr,
    "__bool__": bool,
    "__int__": int,
    "__float__": float,
    "__iter__": iter,
    "__contains__": operator.contains,
    "__getitem__": operator.getitem,
    "__eq__": operator.eq,
}
"""Special methods that may be called on an object, and what they mean."""


class Call:
    """One call: its parameters, its session, and the conversions of both."""

    def __init__(self, parameters: Parameters, wire: Wire, values: Values) -> None:
        self._parameters = parameters
        self._wire = wire
        self._values = values
        self.type = parameters.text("call_type") or "function"

    @property
    def name(self) -> str:
        """What is called, for people."""
        return (
            self._parameters.text("function", "class", "class_name", "attr", "helper") or self.type
        )

    def run(self) -> Any:
        """Do it, once; the result as JSON values.

        Raises:
            BridgeError: whatever is wrong with the parameters, before anything is called. What
                the function raises is raised.
        """
        special = _ENCODED.get(self.type)
        if special is not None:
            return special(self)
        return self._values.encode(self.invoke())

    def invoke(self) -> Any:
        """Do it, once; the result as it is."""
        invoked = _INVOKED.get(self.type)
        if invoked is None:
            known = ", ".join(sorted(_INVOKED.keys() | _ENCODED.keys()))
            raise BridgeError(
                Category.VALIDATION,
                "unknown_call_type",
                f"call_type {self.type!r} is not known; it is one of {known}",
                details={"call_type": self.type},
            )
        return invoked(self)

    def items(self) -> Iterator[Any]:
        """Do it, once, and iterate over the result; one that is no sequence is the only item."""
        result = self.invoke()
        if isinstance(result, Iterator):
            return result
        if hasattr(result, "__iter__") and not isinstance(result, (str, bytes, dict)):
            return iter(result)
        return iter((result,))

    def _arguments(self) -> targets.Arguments:
        args = [self._values.decode(item) for item in self._parameters.listed("args")]
        kwargs = self._parameters.mapped("kwargs")
        return args, {name: self._values.decode(value) for name, value in kwargs.items()}

    def _function(self) -> Any:
        module = self._parameters.needed("python_module", "module_path", "library")
        found = targets.find(self._wire, module, self._parameters.needed("function"))
        return targets.call(found, *self._arguments())

    def _dynamic(self) -> Any:
        module = self._parameters.needed("module_path", "python_module")
        found = targets.find(self._wire, module, self._parameters.needed("function"))
        return targets.call(found, *self._arguments())

    def _module_attr(self) -> Any:
        module = self._parameters.needed("python_module", "module_path")
        return targets.find(self._wire, module, self._parameters.needed("attr"))

    def _method(self) -> Any:
        name = self._parameters.needed("function", "method")
        instance = self._instance()
        args, kwargs = self._arguments()
        allow_list = self._wire.allow_list
        if name == "__call__":
            return targets.call(allow_list.called(instance), args, kwargs)
        if name in _SPECIAL:
            allow_list.check_result(instance)
            return _SPECIAL[name](instance, *args, **kwargs)
        return targets.call(allow_list.method(instance, name), args, kwargs)

    def _get_attr(self) -> Any:
        name = self._parameters.needed("attr", "function")
        return self._wire.allow_list.attribute(self._instance(), name)

    def _class(self) -> Any:
        module = self._parameters.needed("python_module", "module_path")
        name = self._parameters.needed("class", "class_name", "function")
        found = targets.find(self._wire, module, name)
        made = found.function if isinstance(found, Target) else found
        if not isinstance(made, type):
            raise BridgeError(
                Category.VALIDATION,
                "wrong_type",
                f"{module}.{name} is no class",
                details={"name": name},
            )
        return self._values.keep(targets.call(found, *self._arguments()))

    def _method_or_context(self) -> Any:
        name = self._parameters.needed("function", "method")
        if name == "__enter__":
            return self._enter()
        if name == "__exit__":
            args, _ = self._arguments()
            given = [str(part) for part in args[:2] if part is not None]
            ref = self._values.ref(self._parameters.get("instance"))
            self._wire.objects.get(ref)
            return self._wire.objects.contexts.exit(ref, ": ".join(given))
        return self._values.encode(self._method())

    def _enter(self) -> Any:
        ref = self._values.ref(self._parameters.get("instance"))
        contexts, context = self._wire.objects.contexts, self._wire.objects.get(ref)
        value = contexts.enter(ref, context, self._wire.allow_list.check_context)
        try:
            return self._values.encode(value)
        except BridgeError as error:
            # Its caller will think that it was not entered.
            contexts.exit(ref, error.message)
            raise

    def _set_attr(self) -> NoReturn:
        name = self._parameters.needed("attr", "function")
        kind = type(self._instance()).__name__
        raise BridgeError(
            Category.VALIDATION,
            "name_not_allowed",
            f"{name!r} of a {kind} may not be set from outside: no attribute may; call a method, "
            "or make another object",
            details={"name": name},
        )

    def _stream_next(self) -> Any:
        ref = self._values.ref(self._parameters.get("stream_ref"))
        iterator = self._wire.objects.get(ref)
        if not isinstance(iterator, Iterator):
            raise BridgeError(
                Category.VALIDATION,
                "wrong_type",
                f"{ref.id!r} is a {type(iterator).__name__}, not a stream",
                details={"ref": ref.id},
            )
        try:
            item = next(iterator)
        except StopIteration:
            self._wire.objects.release(ref)
            return STOP_ITERATION
        return self._values.encode(item)

    def _dynamic_stream(self) -> Any:
        items = self.items()
        return self._values.keep(items, "generator" if _is_generator(items) else "iterator")

    def _helper(self) -> Any:
        name = self._parameters.needed("helper", "function")
        raise BridgeError(
            Category.VALIDATION,
            "unknown_helper",
            f"there is no helper {name!r}: this worker has none",
            details={"helper": name},
        )

    def _instance(self) -> object:
        ref: types_pb2.Ref = self._values.ref(self._parameters.get("instance"))
        return self._wire.objects.get(ref)


def _is_generator(value: object) -> bool:
    return isinstance(value, types.GeneratorType)


_INVOKED: Mapping[str, Callable[[Call], Any]] = {
    "function": Call._function,
    "dynamic": Call._dynamic,
    "dynamic_stream": Call._dynamic,
    "method": Call._method,
    "module_attr": Call._module_attr,
    "get_attr": Call._get_attr,
}
"""Call types with a result like any other."""

_ENCODED: Mapping[str, Callable[[Call], Any]] = {
    "class": Call._class,
    "method": Call._method_or_context,
    "set_attr": Call._set_attr,
    "stream_next": Call._stream_next,
    "dynamic_stream": Call._dynamic_stream,
    "helper": Call._helper,
}
"""Call types that write their own result."""
