"""One engine of vLLM, run by `vllm_matrix.py` in the environment that vLLM is installed in.

`vllm_engine.py make MODEL FOLDER` writes a tiny random model. `vllm_engine.py run OPTIONS` starts
an engine and, for each line on its standard input, generates once and answers with a line of JSON:
the token ids and how long each step took. OPTIONS are JSON: arguments of `vllm.LLM`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

MARK = "answer: "
PROMPTS = 8
TOKENS = 40
WAITS = "vllm_waits.Waits"


def make(kind: str, folder: str) -> None:
    """Write a model of two layers whose greedy tokens differ from step to step."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import (
        AutoModelForCausalLM,
        LlamaConfig,
        PreTrainedTokenizerFast,
        Qwen3MoeConfig,
    )

    shared: dict[str, Any] = {
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 32,
        "vocab_size": 1024,
        "max_position_embeddings": 512,
        "initializer_range": 0.1,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    torch.manual_seed(7)
    if kind == "llama":
        config = LlamaConfig(**shared)
    else:
        config = Qwen3MoeConfig(
            **shared, num_experts=8, num_experts_per_tok=2, moe_intermediate_size=128
        )
    config.torch_dtype = "float32"
    AutoModelForCausalLM.from_config(config).float().save_pretrained(folder)
    words = Tokenizer(WordLevel({f"t{place}": place for place in range(1024)}, unk_token="t0"))
    PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="t1", eos_token="t2", unk_token="t0"
    ).save_pretrained(folder)


def prompt(place: int) -> list[int]:
    """Return the token ids of one of the prompts, each of a length of its own."""
    return [(place * 7 + other * 13) % 1000 + 3 for other in range(8 + place)]


def run(options: dict[str, Any]) -> None:
    """Answer each line of the standard input with one generation."""
    from vllm import LLM, SamplingParams

    engine = LLM(
        skip_tokenizer_init=True,
        max_model_len=256,
        max_num_seqs=PROMPTS,
        dtype="float32",
        seed=1,
        **options,
    ).llm_engine
    answer({"ready": True})
    counts_waits = options.get("worker_extension_cls") == WAITS
    for number, line in enumerate(sys.stdin):
        sampled = line.strip() == "sampled"
        params = [
            SamplingParams(
                temperature=1.0 if sampled else 0.0,
                seed=place if sampled else None,
                max_tokens=TOKENS,
                ignore_eos=True,
                detokenize=False,
            )
            for place in range(PROMPTS)
        ]
        for place in range(PROMPTS):
            engine.add_request(
                f"{number}-{place}", {"prompt_token_ids": prompt(place)}, params[place]
            )
        if counts_waits:
            engine.collective_rpc("begin_waits")
        tokens: dict[str, list[int]] = {}
        steps: list[float] = []
        while engine.has_unfinished_requests():
            started = time.perf_counter()
            outputs = engine.step()
            steps.append((time.perf_counter() - started) * 1e3)
            for output in outputs:
                if output.finished:
                    place = output.request_id.split("-")[1]
                    tokens[place] = list(output.outputs[0].token_ids)
        waits = engine.collective_rpc("end_waits") if counts_waits else []
        answer({"tokens": [tokens[key] for key in sorted(tokens)], "steps": steps, "waits": waits})


def answer(value: dict[str, Any]) -> None:
    """Write a line of JSON for `vllm_matrix.py`."""
    print(f"{MARK}{json.dumps(value)}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3])
    else:
        run(json.loads(sys.argv[2]))
        sys.stdout.flush()
        os._exit(0)  # vLLM's workers end with their parent
