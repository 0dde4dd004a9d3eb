"""The parameters of a tool: JSON text by name, and what must be true of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vllm_bridge._generated import bridge_service_pb2 as pb
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.snakepit.tools.values import parse

PROTOCOL_VERSION = 1
MIN_SUPPORTED_VERSION = 1

_BINARY_FORMAT = "binary_format:"


class Parameters:
    """The parameters of one call, not yet decoded: plain JSON values."""

    def __init__(self, request: pb.ExecuteToolRequest) -> None:
        """Parse them.

        Raises:
            BridgeError: (validation) one is not JSON, naming it (`malformed_json`); the metadata
                ask to unpickle something (`pickle_refused`).
        """
        for key, form in request.metadata.items():
            if key.startswith(_BINARY_FORMAT) and form.strip().lower() == "pickle":
                raise _refused(
                    "pickle_refused",
                    f"binary parameter {key[len(_BINARY_FORMAT) :]!r} is pickled, and nothing that "
                    "is received is unpickled here; send plain bytes, or JSON",
                    key,
                )
        self._tool = request.tool_name
        self._values: dict[str, Any] = {}
        for name, value in request.parameters.items():
            try:
                self._values[name] = parse(value.value)
            except BridgeError as error:
                error.message = f"parameter {name!r} is {error.message}"
                error.details = {"parameter": name}
                raise

    def get(self, name: str) -> Any:
        """A parameter, None where it was not sent."""
        return self._values.get(name)

    def everything(self) -> dict[str, Any]:
        """All of them, by name."""
        return dict(self._values)

    def text(self, *names: str) -> str:
        """The first of these parameters that was sent, which must be text; empty where none was.

        Raises:
            BridgeError: (validation, `wrong_type`) it is no text.
        """
        for name in names:
            value = self._values.get(name)
            if value is not None:
                if not isinstance(value, str):
                    raise _refused(
                        "wrong_type", f"{name} must be text, not {str(value)[:100]!r}", name
                    )
                return value
        return ""

    def needed(self, *names: str) -> str:
        """As `text`, of a parameter that the call cannot do without.

        Raises:
            BridgeError: (validation, `missing_argument`) it was not sent, or is empty.
        """
        value = self.text(*names)
        if not value:
            raise _refused("missing_argument", f"{self._tool} needs {names[0]!r}", names[0])
        return value

    def listed(self, name: str) -> list[Any]:
        """A parameter that is a list; empty where it was not sent."""
        listed: list[Any] = self._container(name, list, "a list")
        return listed

    def mapped(self, name: str) -> dict[str, Any]:
        """A parameter that is an object; empty where it was not sent."""
        mapped: dict[str, Any] = self._container(name, dict, "an object with text as keys")
        return mapped

    def check_version(self) -> None:
        """Refuse a caller that speaks another protocol.

        Raises:
            BridgeError: (validation, `protocol_version`) naming both sides' versions.
        """
        version = self._values.get("protocol_version")
        least = self._values.get("min_supported_version")
        mine = (PROTOCOL_VERSION, MIN_SUPPORTED_VERSION)
        if (version, least) == mine and type(version) is int and type(least) is int:
            return
        raise BridgeError(
            Category.VALIDATION,
            "protocol_version",
            f"the caller speaks SnakeBridge protocol {version!r} and supports {least!r} and later; "
            f"this worker speaks {PROTOCOL_VERSION} and supports {MIN_SUPPORTED_VERSION}. Use "
            "versions of SnakeBridge and of this package that fit",
            details={
                "caller_protocol_version": version,
                "caller_min_supported_version": least,
                "protocol_version": PROTOCOL_VERSION,
                "min_supported_version": MIN_SUPPORTED_VERSION,
            },
        )

    def _container(self, name: str, kind: type[Any], wanted: str) -> Any:
        value = self._values.get(name)
        if value is None:
            return kind()
        # An object that stands for something else is no map of arguments.
        if not isinstance(value, kind) or (isinstance(value, dict) and "__type__" in value):
            raise _refused("wrong_type", f"{name} must be {wanted}, not {str(value)[:100]!r}", name)
        return value


def no_binary(request: pb.ExecuteToolRequest, allowed: frozenset[str] = frozenset()) -> None:
    """Refuse binary parameters that a tool has no use for.

    Raises:
        BridgeError: (validation, `unknown_parameter`) naming them.
    """
    surplus = sorted(request.binary_parameters.keys() - allowed)
    if surplus:
        raise _refused(
            "unknown_parameter",
            f"{request.tool_name} has no binary parameter {', '.join(map(repr, surplus))}",
            surplus[0],
        )


def check_known(values: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Refuse keys that mean nothing.

    Raises:
        BridgeError: (validation, `unknown_parameter`) naming one, and those that there are.
    """
    for key in values:
        if key not in known:
            raise _refused(
                "unknown_parameter",
                f"{what} has no {key!r}; it has {', '.join(sorted(known))}",
                key,
            )


def _refused(reason: str, message: str, parameter: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, reason, message, details={"parameter": parameter})
