"""What a rank serves: an engine that is loaded once, and a stream of text for each prompt.

The engine is `vllm.LLM` with its own worker processes, tensor parallel over our groups: with
`VLLM_DISTRIBUTED_OVERLAY=1` vLLM's `vllm.distributed` is this package.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import vllm_distributed

__all__ = ["generate", "load", "stream", "unload"]

_loaded: list[Any] = []
_numbers = itertools.count()


def load(model: str, tensor_parallel_size: int = 2, **options: Any) -> str:
    """Start the engine; returns which vLLM it is, and whose groups it has."""
    vllm_distributed.install_into_vllm()
    import vllm
    import vllm.distributed.parallel_state as groups

    _loaded[:] = [
        vllm.LLM(model, tensor_parallel_size=tensor_parallel_size, **options),
    ]
    package = groups.GroupCoordinator.__module__.partition(".")[0]
    return f"vLLM {vllm.__version__} on the groups of {package}"


def stream(prompt: str, max_tokens: int = 32, temperature: float = 0.0) -> Iterator[str]:
    """The text that follows a prompt, piece by piece, as the engine makes it."""
    from vllm import SamplingParams

    engine = _engine().llm_engine
    name = f"stream-{next(_numbers)}"
    wanted = SamplingParams(max_tokens=max_tokens, temperature=temperature, ignore_eos=True)
    engine.add_request(name, prompt, wanted)
    sent, finished = 0, False
    try:
        while not finished:
            # One token of every request that is under way.
            for output in engine.step():
                if output.request_id == name:
                    text, finished = output.outputs[0].text, output.finished
                    if len(text) > sent:
                        yield text[sent:]
                        sent = len(text)
    finally:
        # A reader that stops early leaves nothing running.
        if not finished:
            engine.abort_request([name])


def generate(prompt: str, max_tokens: int = 32) -> str:
    """The same text at once."""
    from vllm import SamplingParams

    wanted = SamplingParams(max_tokens=max_tokens, temperature=0.0, ignore_eos=True)
    (output,) = _engine().generate([prompt], wanted, use_tqdm=False)
    text: str = output.outputs[0].text
    return text


def unload() -> None:
    """End the engine and its workers."""
    if _loaded:
        _loaded.pop().llm_engine.engine_core.shutdown()


def _engine() -> Any:
    if not _loaded:
        raise RuntimeError("call load() first")
    return _loaded[0]
