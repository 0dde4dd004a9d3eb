"""More callers than there is room for: each is served, or refused by name. None is dropped."""

from __future__ import annotations

import threading
from collections import Counter

import grpc
import pytest
from pool_harness import Pool, connect

from vllm_bridge._generated import rank_pb2
from vllm_bridge.codec.calls import encode_term
from vllm_bridge.codec.errors import from_rpc_error
from vllm_bridge.transport.metadata import SESSION_ID

CALLERS = 5_000


@pytest.mark.parametrize("way", ["pool", "rank"])
def test_five_thousand_callers_are_served_or_told_that_the_queue_is_full(
    real_pool: Pool, way: str
) -> None:
    request = rank_pb2.CallRequest(
        qualified_name="torch.zeros", args=encode_term([3]), kwargs=encode_term({})
    ).SerializeToString()
    with connect(real_pool.endpoint) as client:
        session = client.open_session(affinity="strict_queue" if way == "rank" else "hint")
        session.run("torch.zeros", 3)
        with grpc.insecure_channel(session.info.endpoint or real_pool.endpoint) as channel:
            call = channel.unary_unary("/vllm.bridge.v1.Objects/Call")
            outcomes: Counter[str] = Counter()
            ended = threading.Semaphore(0)

            def note(future: grpc.Future) -> None:
                error = future.exception()
                if error is None:
                    outcomes["ok"] += 1
                else:
                    refusal = from_rpc_error(error)
                    # A caller that is refused is told how many wait before it.
                    outcomes[f"{refusal.reason}{'' if refusal.details.get('depth') else '?'}"] += 1
                ended.release()

            metadata = ((SESSION_ID, session.session_id),)
            for _ in range(CALLERS):
                call.future(request, timeout=90, metadata=metadata).add_done_callback(note)
            for _ in range(CALLERS):
                assert ended.acquire(timeout=90)
        # And it is as if nothing had been.
        assert session.run("torch.zeros", 3).tolist() == [0.0] * 3
        session.close()
    assert sum(outcomes.values()) == CALLERS
    assert set(outcomes) <= {"ok", "queue_full"}, outcomes
    assert outcomes["ok"] > 500
