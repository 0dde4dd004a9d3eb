"""A model of one's own that stays in its rank: made once, called with tensors that stay there too.

PYTHONPATH=examples vllm-bridge serve --listen unix:/tmp/vllm.sock --allow small_model.
python examples/kept_model.py unix:/tmp/vllm.sock
"""

import sys

import torch

from vllm_bridge.client import connect


def main(endpoint: str) -> None:
    with connect(endpoint) as client, client.open_session(affinity="strict_queue") as session:
        model = session.run("small_model.Small", 8, seed=1)
        print(session.get_attribute(model, "width"))
        batch = session.keep("torch.ones", [4, 8])
        hidden = session.run(model, batch, tensors="ref")
        best = session.call_method(model, "best", hidden)
        print("kept:", hidden.type_name, "best:", best)
        scores = session.fetch(hidden)
        print("fetched:", tuple(scores.shape), torch.isfinite(scores).all().item())
        print("released:", session.release(model, batch, hidden))


if __name__ == "__main__":
    main(sys.argv[1])
