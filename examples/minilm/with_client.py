"""MiniLM in a world of a server, from Python. From the folder above this one:

PYTHONPATH=. vllm-bridge serve --listen unix:/tmp/vllm.sock --allow minilm.
python minilm/with_client.py unix:/tmp/vllm.sock
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from vllm_bridge.client import connect


def main(endpoint: str) -> None:
    """Embed the sentences, and compare with the model in one piece."""
    texts = (Path(__file__).parent / "sentences.txt").read_text().splitlines()
    with connect(endpoint) as client:
        with client.open_session() as alone:
            whole: torch.Tensor = alone.run("minilm.unsplit.embed", texts)
        with client.start_world(tensor_parallel_size=2, pipeline_parallel_size=2) as world:
            print("weights:", world.call("minilm.serving.load"))
            (embeddings,) = world.call("minilm.serving.embed", texts, collect="one_per_replica")
    difference = (embeddings - whole).abs().max().item()
    print(f"largest difference from the model in one piece: {difference:.1e}")
    if difference > 1e-6:
        raise SystemExit("that is too much")
    alike = (embeddings @ embeddings.T).fill_diagonal_(-1.0)
    for text, nearest in zip(texts, alike.argmax(1).tolist(), strict=True):
        print(f"{text}\n    {texts[nearest]}")
    print("demo: ok")


if __name__ == "__main__":
    main(sys.argv[1])
