"""The walk through msgpack extensions that hold values, which may be extensions themselves.

Resolving them from within msgpack's `ext_hook` would nest its C frames, of tens of kilobytes each,
which Python's recursion limit does not see: a message of a few kilobytes could overflow the stack.
So they come out of msgpack as they are, and are resolved after it has returned. Lists and dicts
around them are changed in place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import msgpack

__all__ = ["Tree"]


class Tree(ABC):
    """The walk from bytes to a value. A codec derives from it, with its own table of types."""

    containers: Mapping[int, Callable[[list[Any]], Any]]
    """By code, what is made of the values of an extension that holds a list of them."""

    @abstractmethod
    def unpack(self, data: bytes | bytearray | memoryview) -> tuple[Any, bool]:
        """Return the value of msgpack bytes, and whether there may be something in it to resolve:
        an extension, as `msgpack.ExtType`."""

    @abstractmethod
    def restore(self, code: int, data: bytes) -> Any:
        """Return the value of an extension of another code than `containers` has."""

    @abstractmethod
    def no_list(self, found: Any) -> Exception:
        """Return the error for a container that holds this in place of a list."""

    def timestamp(self, value: msgpack.Timestamp) -> Any:
        """Return what becomes of the one extension that msgpack knows itself."""
        return value

    def in_list(self, depth: int) -> int:
        """Return the depth of what is in a list or dict; may raise: it is too deep."""
        return depth

    def in_container(self, depth: int) -> int:
        """Return the depth of what is in a container; may raise: it is too deep."""
        return depth

    def value(self, data: bytes | bytearray | memoryview) -> Any:
        """Return the value of msgpack bytes, with everything in it resolved."""
        value, is_open = self.unpack(data)
        return self._resolved(value, 0) if is_open else value

    def _resolved(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is msgpack.ExtType:
            return self._extension(value, depth)
        if kind is msgpack.Timestamp:
            return self.timestamp(value)
        pending: list[tuple[Any, int]] = [(value, self.in_list(depth))] if value else []
        while pending:
            part, depth = pending.pop()
            is_dict = type(part) is dict
            if is_dict:
                self._resolve_keys(part, depth)
            for place, item in part.items() if is_dict else enumerate(part):
                kind = type(item)
                if kind is list or kind is dict:
                    if item:
                        pending.append((item, self.in_list(depth)))
                elif kind is msgpack.ExtType:
                    part[place] = self._extension(item, depth)
                elif kind is msgpack.Timestamp:
                    part[place] = self.timestamp(item)
        return value

    def _extension(self, extension: msgpack.ExtType, depth: int) -> Any:
        build = self.containers.get(extension.code)
        if build is None:
            return self.restore(extension.code, extension.data)
        depth = self.in_container(depth)
        items, is_open = self.unpack(extension.data)
        if type(items) is not list:
            raise self.no_list(items)
        return build(self._resolved(items, depth) if is_open else items)

    def _resolve_keys(self, mapping: dict[Any, Any], depth: int) -> None:
        if any(type(key) is msgpack.ExtType for key in mapping):
            items = list(mapping.items())
            mapping.clear()
            for key, item in items:
                if type(key) is msgpack.ExtType:
                    key = self._extension(key, depth)
                mapping[key] = item
