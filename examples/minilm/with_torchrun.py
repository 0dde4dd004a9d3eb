"""MiniLM over four processes, without a server. From the folder above this one:

torchrun --standalone --nproc-per-node 4 minilm/with_torchrun.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

import vllm_distributed as vd
from minilm import serving, unsplit


def main() -> None:
    """Embed the sentences, and compare with the model in one piece."""
    texts = (Path(__file__).parent / "sentences.txt").read_text().splitlines()
    torch.set_num_threads(1)
    with vd.distributed(2, 2) as world:
        weights = serving.load()
        embeddings = serving.embed(texts)
        print(f"rank {world.rank}: {weights / 1e6:.1f} million weights", flush=True)
        if embeddings is not None and world.rank == world.world_size - 1:
            difference = (embeddings - unsplit.embed(texts)).abs().max().item()
            print(f"largest difference from the model in one piece: {difference:.1e}")
            if difference > 1e-6:
                raise SystemExit("that is too much")
            print("demo: ok")


if __name__ == "__main__":
    main()
