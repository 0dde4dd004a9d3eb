"""What sessions and worlds need of the client that they came from."""

from __future__ import annotations

import itertools
import threading
import uuid

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._channels import Channels
from vllm_bridge.client._timeouts import ASK_TIMEOUT, Profiles

_PROFILES = "/vllm.bridge.v1.Pool/GetProfiles"


class Link:
    """The connections of a client, its timeout profiles, and the ids of its calls."""

    def __init__(self, channels: Channels, timeout_profile: str) -> None:
        self.channels = channels
        self.profiles = Profiles(timeout_profile, self._get_profiles)
        self._lock = threading.Lock()
        self._call_ids = (f"{uuid.uuid4().hex[:12]}-{number}" for number in itertools.count(1))

    def next_call_id(self) -> str:
        """An id that no other call has."""
        with self._lock:
            return next(self._call_ids)

    def _get_profiles(self) -> pool_pb2.Profiles | None:
        try:
            found = self.channels.send(self.channels.endpoint, _PROFILES, b"", ASK_TIMEOUT)
        except grpc.RpcError as error:
            # An older pool.
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise self.channels.pool_error(error) from None
        return pool_pb2.Profiles.FromString(found)
