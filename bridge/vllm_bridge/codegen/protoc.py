"""Compiles .proto files and writes the Python message modules.

The modules are what protoc 25 writes for Python, less the check that ties a module to the protobuf
release it was made with, and with imports that stay inside `vllm_bridge._generated`: a package
`vllm.bridge` of ours would hide the real vLLM. They load on every protobuf from 4.25 on.

Messages of a package that is not ours stay out of the process's common descriptor pool, which takes
each name once: the modules of the package's owner may be loaded beside ours.
"""

from __future__ import annotations

import re
import tempfile
from importlib import resources
from pathlib import Path

from google.protobuf import descriptor_pb2
from grpc_tools import protoc

HEADER = "Generated from {source} by `make codegen`. Do not edit."

_PACKAGE = "vllm_bridge._generated"
_OWN = "vllm."


def compile_protos(proto_root: Path, sources: list[Path]) -> descriptor_pb2.FileDescriptorSet:
    """Descriptors of the sources and of all they import, with comments.

    Raises:
        RuntimeError: protoc refused a file; its own message went to stderr.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "descriptors"
        _run(
            proto_root,
            sources,
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={out}",
        )
        return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())


def python_modules(proto_root: Path, sources: list[Path]) -> dict[str, str]:
    """File name -> text of the `_pb2.py` and `_pb2.pyi` modules of the sources."""
    names = {str(path.relative_to(proto_root)) for path in sources}
    modules: dict[str, str] = {}
    for file in compile_protos(proto_root, sources).file:
        if file.name in names:
            modules[f"{_stem(file.name)}_pb2.py"] = _module(file)
    with tempfile.TemporaryDirectory() as scratch:
        _run(proto_root, sources, f"--pyi_out={scratch}")
        for stub in sorted(Path(scratch).rglob("*.pyi")):
            source = str(stub.relative_to(scratch)).replace("_pb2.pyi", ".proto")
            modules[stub.name] = f"# {HEADER.format(source='proto/' + source)}\n" + re.sub(
                r"^from vllm\.[a-z.0-9]+ import",
                f"from {_PACKAGE} import",
                stub.read_text(),
                flags=re.M,
            )
    return modules


def _run(proto_root: Path, sources: list[Path], *options: str) -> None:
    well_known = resources.files("grpc_tools") / "_proto"
    arguments = [
        "protoc",
        f"-I{proto_root}",
        f"-I{well_known}",
        *options,
        *map(str, sorted(sources)),
    ]
    if protoc.main(arguments) != 0:
        raise RuntimeError("protoc failed; its message is above")


def _stem(name: str) -> str:
    return Path(name).stem


def _module(file: descriptor_pb2.FileDescriptorProto) -> str:
    bare = descriptor_pb2.FileDescriptorProto()
    bare.CopyFrom(file)
    bare.ClearField("source_code_info")
    for message in bare.message_type:
        _drop_json_names(message)
    imports = []
    for dependency in file.dependency:
        package = "google.protobuf" if dependency.startswith("google/") else _PACKAGE
        imports.append(f"from {package} import {_stem(dependency)}_pb2  # noqa: F401")
    descriptor = bare.SerializeToString(deterministic=True)
    module = f"{_PACKAGE}.{_stem(file.name)}_pb2"
    pool = "_descriptor_pool.Default()" if file.package.startswith(_OWN) else "_pool"
    lines = [
        f'"""{HEADER.format(source="proto/" + file.name)}"""',
        "",
        "from google.protobuf import descriptor_pool as _descriptor_pool",
        "from google.protobuf.internal import builder as _builder",
        *imports,
        "",
        *_own_pool(file),
        f"DESCRIPTOR = {pool}.AddSerializedFile({descriptor!r})",
        "",
        "_builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())",
        f'_builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "{module}", globals())',
        "",
    ]
    return "\n".join(lines)


def _own_pool(file: descriptor_pb2.FileDescriptorProto) -> list[str]:
    if file.package.startswith(_OWN):
        return []
    files = [f"{_stem(dependency)}_pb2" for dependency in file.dependency]
    return [
        "_pool = _descriptor_pool.DescriptorPool()",
        *(f"_pool.AddSerializedFile({name}.DESCRIPTOR.serialized_pb)" for name in files),
        "",
    ]


def _drop_json_names(message: descriptor_pb2.DescriptorProto) -> None:
    # protoc adds them to a descriptor set; the runtime derives them anyway.
    for field in message.field:
        field.ClearField("json_name")
    for nested in message.nested_type:
        _drop_json_names(nested)
