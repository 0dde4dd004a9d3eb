"""What users get: wheels, and releases. `make test-package` runs these: they build things.

The dependencies are those of this environment, which `make setup` has installed from the same
requirements: torch is too large to be fetched again for each.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "bridge"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built of it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


def fresh_environment(folder: Path, package: Path) -> Path:
    """The Python of a new environment with a package in it, and its dependencies beside it."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(package)]
    subprocess.run(install, check=True, timeout=300)
    (site,) = folder.glob("lib/python*/site-packages")
    # Behind its own folder, and without this checkout: .pth files in it are not read.
    (site / "dependencies.pth").write_text(dependencies() + "\n")
    return python


def dependencies() -> str:
    """Where those are installed."""
    import torch

    return str(Path(torch.__file__).parents[1]) or sysconfig.get_path("purelib")
