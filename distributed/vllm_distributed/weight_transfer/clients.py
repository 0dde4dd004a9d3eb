"""Ways of a trainer to vLLM servers: over HTTP, and over Ray."""

from __future__ import annotations

import importlib
import json
import urllib.error
import urllib.request
from typing import Any

from vllm_distributed.errors import InvalidArgumentError, LibraryMissingError, WeightTransferError
from vllm_distributed.weight_transfer.base import (
    WeightTransferInitRequest,
    WeightTransferUpdatePayload,
    WeightTransferUpdateRequest,
)

__all__ = ["HTTPVLLMWeightSyncClient", "RayVLLMWeightSyncClient"]


class HTTPVLLMWeightSyncClient:
    """Calls a vLLM server over the routes that it has for this (`/init_weight_transfer_engine` and
    so on). What is sent is JSON: nothing is pickled. `timeout` is in seconds, of each call.

    Raises `InvalidArgumentError` for what is no address of HTTP, `WeightTransferError` with what
    the server answered.
    """

    def __init__(self, base_url: str, timeout: float = 300) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise InvalidArgumentError(f"base_url={base_url!r} must begin with http:// or https://")
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout

    def init_weight_transfer_engine(self, init_info: dict[str, Any]) -> None:
        """Have the ranks of the server meet this trainer."""
        self._post("init_weight_transfer_engine", {"init_info": init_info})

    def shutdown_weight_transfer_engine(self) -> None:
        """Have them leave it."""
        self._post("shutdown_weight_transfer_engine")

    def start_weight_update(self) -> None:
        """Begin a transfer."""
        self._post("start_weight_update")

    def update_weights(self, update_info: WeightTransferUpdatePayload) -> None:
        """Receive weights."""
        self._post("update_weights", {"update_info": update_info})

    def finish_weight_update(self, weight_version: str | None = None) -> None:
        """End a transfer."""
        given = None if weight_version is None else {"weight_version": weight_version}
        self._post("finish_weight_update", given)

    def _post(self, path: str, body: dict[str, Any] | None = None) -> None:
        try:
            data = b"" if body is None else json.dumps(body).encode()
        except TypeError as error:
            raise InvalidArgumentError(
                f"{path}: what is sent must be plain values: {error}"
            ) from error
        request = urllib.request.Request(
            f"{self.base_url}/{path}", data, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            said = error.read(2000).decode(errors="replace")
            raise WeightTransferError(
                f"{self.base_url}/{path} answered {error.code}: {said}", status=error.code
            ) from error
        except OSError as error:
            raise WeightTransferError(f"{self.base_url}/{path}: {error}") from error


class RayVLLMWeightSyncClient:
    """Calls vLLM engines that are Ray actors: all of them, each call on all at once."""

    def __init__(self, handle: Any) -> None:
        self.handles: list[Any] = list(handle) if isinstance(handle, (list, tuple)) else [handle]

    def init_weight_transfer_engine(self, init_info: dict[str, Any]) -> None:
        """Have the ranks of all engines meet this trainer."""
        self._all("init_weight_transfer_engine", WeightTransferInitRequest(init_info=init_info))

    def shutdown_weight_transfer_engine(self) -> None:
        """Have them leave it."""
        self._all("shutdown_weight_transfer_engine")

    def start_weight_update(self) -> None:
        """Begin a transfer."""
        self._all("start_weight_update")

    def update_weights(self, update_info: WeightTransferUpdatePayload) -> None:
        """Receive weights."""
        self._all("update_weights", WeightTransferUpdateRequest(update_info=update_info))

    def finish_weight_update(self, weight_version: str | None = None) -> None:
        """End a transfer."""
        self._all("finish_weight_update")
        if weight_version is not None:
            self._all("update_weight_version", weight_version)

    def _all(self, method: str, *arguments: object) -> None:
        try:
            ray = importlib.import_module("ray")
        except ImportError as error:
            raise LibraryMissingError("engines on Ray need ray: pip install ray") from error
        ray.get([getattr(handle, method).remote(*arguments) for handle in self.handles])
