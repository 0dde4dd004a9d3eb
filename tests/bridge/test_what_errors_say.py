"""Messages name the cause, the value and what to do: those that did not."""

from __future__ import annotations

import pytest
from pool_harness import SHORT, Pool, connect

from vllm_bridge._generated import rank_pb2
from vllm_bridge.client import Client
from vllm_bridge.codec.errors import BridgeError


def test_an_address_with_a_scheme_is_called_that(pool: Pool) -> None:
    with pytest.raises(BridgeError, match="'http://host:5': an address has no scheme"):
        connect("http://host:5")


def test_a_world_that_is_not_there_says_how_to_find_those_that_are(client: Client) -> None:
    with pytest.raises(BridgeError) as caught:
        client.diagnose("nowhere")
    assert caught.value.reason == "world_not_found"
    assert "there is no world 'nowhere' in this pool" in caught.value.message
    assert "Start it; `vllm-bridge status` lists live worlds" in caught.value.message


def test_an_object_that_was_released_is_to_be_made_again(real_pool: Pool) -> None:
    with connect(real_pool.endpoint) as client:
        session = client.open_session(affinity="strict_queue")
        kept = session.run("torch.no_grad")
        release = rank_pb2.ReleaseRequest(objects=[kept.to_ref()])
        session.send("/vllm.bridge.v1.Objects/Release", release.SerializeToString(), SHORT)
        with pytest.raises(BridgeError) as caught:
            session.run("torch.is_tensor", kept)
    assert caught.value.reason == "unknown_ref"
    assert "it was released, or never existed. Make it again" in caught.value.message
