"""`python -m vllm_bridge.codegen [--check | --accept]`, from the root of the repository."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vllm_bridge.codegen import (
    baseline,
    dispatch,
    objects,
    proto,
    protoc,
    typed_calls,
)
from vllm_bridge.codegen.elixir import messages as elixir_messages
from vllm_bridge.codegen.elixir import surface as elixir_surface

PROTO = Path("proto")
DISTRIBUTED_PROTO = PROTO / "vllm" / "distributed" / "v1"
PYTHON = Path("bridge") / "vllm_bridge" / "_generated"
ELIXIR = Path("elixir_client") / "generated"
TYPED_CALLS = Path("bridge") / "vllm_bridge" / "client" / "_distributed.pyi"

KEPT = {PYTHON / "__init__.py"}
"""Files of the generated folders that are written by hand."""


def main() -> int:
    """Write everything generated, or with `--check` say what would change."""
    parser = argparse.ArgumentParser(prog="vllm_bridge.codegen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    parser.add_argument(
        "--accept",
        action="store_true",
        help="promise what is new in the contract: proto/baseline.txt",
    )
    options = parser.parse_args()
    check = options.check
    if not PROTO.is_dir():
        parser.error("run it from the root of the repository (no proto/ here)")
    if options.accept:
        return _accept()
    stale = _stale(_contract(), [DISTRIBUTED_PROTO], apply=not check)
    # What follows is made from the .proto files on disk.
    if not stale or not check:
        stale += _stale(_bindings(), [PYTHON, ELIXIR], apply=not check)
    if check and stale:
        print("Generated files are out of date; run `make codegen` and commit:", file=sys.stderr)
        print("".join(f"  {path}\n" for path in stale), end="", file=sys.stderr)
        return 1
    print(f"codegen: {len(stale)} files {'would change' if check else 'written'}")
    return 0


def _accept() -> int:
    path = PROTO / baseline.FILE
    now = baseline.lines(protoc.compile_protos(PROTO.resolve(), _sources()))
    promised = baseline.read(path) if path.is_file() else []
    broken = baseline.broken(promised, now)
    if broken:
        print("The contract breaks what it has promised:", file=sys.stderr)
        print("".join(f"  {sentence}\n" for sentence in broken), end="", file=sys.stderr)
        return 1
    path.write_text(baseline.text(now))
    print(f"codegen: {len(set(now) - set(promised))} new promises in {path}")
    return 0


def _sources() -> list[Path]:
    return sorted(PROTO.resolve().glob("vllm/*/v1/*.proto"))


def _contract() -> dict[Path, str]:
    return {DISTRIBUTED_PROTO / name: text for name, text in proto.proto_files().items()}


def _bindings() -> dict[Path, str]:
    root = PROTO.resolve()
    sources = _sources()
    # Only Python speaks it: in Elixir, Snakepit has messages of its own.
    foreign = sorted(root.glob("snakepit/*.proto"))
    modules = protoc.python_modules(root, [*sources, *foreign])
    wanted = {PYTHON / name: text for name, text in modules.items()}
    wanted[PYTHON / "dispatch.py"] = dispatch.module()
    wanted[PYTHON / "objects.py"] = objects.module()
    wanted[TYPED_CALLS] = typed_calls.stub()
    messages = elixir_messages.files(protoc.compile_protos(root, sources))
    surface = elixir_surface.files()
    return wanted | {ELIXIR / name: text for name, text in (messages | surface).items()}


def _stale(wanted: dict[Path, str], folders: list[Path], *, apply: bool) -> list[Path]:
    """Files that differ from what is wanted, or are not wanted; brought in line if asked to."""
    present = {
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path not in KEPT
    }
    changed = [
        path for path, text in wanted.items() if not path.is_file() or path.read_text() != text
    ]
    surplus = sorted(present - wanted.keys())
    if apply:
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path])
        for path in surplus:
            path.unlink()
    return changed + surplus


if __name__ == "__main__":
    sys.exit(main())
