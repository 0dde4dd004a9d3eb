"""Prints elements.json: what torch says that elements of every dtype are, and how it rounds."""

from __future__ import annotations

import itertools
import json
import random
import struct
from typing import Any

import torch

FLOATS = {
    "f64": (torch.float64, torch.int64),
    "f32": (torch.float32, torch.int32),
    "f16": (torch.float16, torch.int16),
    "bf16": (torch.bfloat16, torch.int16),
    "f8_e4m3fn": (torch.float8_e4m3fn, torch.int8),
    "f8_e5m2": (torch.float8_e5m2, torch.int8),
}
INTEGERS = {
    "s8": torch.int8,
    "s16": torch.int16,
    "s32": torch.int32,
    "s64": torch.int64,
    "u8": torch.uint8,
    "u16": torch.uint16,
    "u32": torch.uint32,
    "u64": torch.uint64,
}
COMPLEX = {"c64": torch.complex64, "c128": torch.complex128}
SPECIAL = [0.0, -0.0, 1.0, -1.5, 0.1, float("inf"), -float("inf"), float("nan")]


def data(tensor: torch.Tensor) -> str:
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist()).hex()


def bits(value: float) -> str:
    return struct.pack(">d", float("nan") if value != value else value).hex()


def doubles(tensor: torch.Tensor) -> list[float]:
    # The 8-bit floats convert to float32 only in some releases of torch.
    wide: list[float] = (
        (tensor if tensor.dtype == torch.float64 else tensor.float()).double().tolist()
    )
    return wide


def vector(dtype: str, tensor: torch.Tensor, values: list[Any], **more: Any) -> dict[str, Any]:
    return {"dtype": dtype, "hex": data(tensor), "values": values} | more


def patterns(dtype: torch.dtype, raw: torch.dtype) -> torch.Tensor:
    """Elements by their bits: every one of 8 bits, else the edges and some more."""
    width = 8 * dtype.itemsize
    if width == 8:
        codes = list(range(256))
    else:
        info = torch.finfo(dtype)
        mantissa = round(-torch.log2(torch.tensor(info.eps)).item())
        hidden = 1 << mantissa
        top = (1 << (width - 1)) - hidden
        codes = [0, 1, hidden - 1, hidden, hidden + 1, top - 1, top]
        chosen = random.Random(width)
        codes += [chosen.randrange(top) for _ in range(24)]
        codes += [code | 1 << (width - 1) for code in codes]
    signed = [code - (1 << width) if code >> (width - 1) else code for code in codes]
    return torch.tensor(signed, dtype=raw).view(dtype)


def elements() -> list[dict[str, Any]]:
    vectors = []
    for name, (dtype, raw) in FLOATS.items():
        every = patterns(dtype, raw)
        vectors.append(vector(name, every, [{"float": bits(value)} for value in doubles(every)]))
    for name, dtype in INTEGERS.items():
        info = torch.iinfo(dtype)
        values = sorted({info.min, info.min + 1, 0, 1, 2, info.max - 1, info.max, info.max // 2})
        tensor = torch.tensor(values, dtype=dtype)
        vectors.append(vector(name, tensor, [{"int": f"{value:x}"} for value in values]))
    vectors.append(vector("pred", torch.tensor([True, False, True]), [True, False, True]))
    for name, dtype in COMPLEX.items():
        tensor = torch.tensor([complex(re, im) for re in SPECIAL for im in SPECIAL], dtype=dtype)
        pairs = torch.view_as_real(tensor).double().tolist()
        vectors.append(vector(name, tensor, [{"complex": list(map(bits, pair))} for pair in pairs]))
    return vectors


def rounded() -> list[dict[str, Any]]:
    """Doubles that are no elements of the dtype, and what torch makes of them."""
    vectors = []
    for name, (dtype, raw) in list(FLOATS.items())[1:]:
        codes = patterns(dtype, raw)
        exact = sorted({value for value in doubles(codes) if abs(value) < float("inf")})
        between = [(low + high) / 2 for low, high in itertools.pairwise(exact)]
        # Beside ties too, by less than a float32 can tell and by more.
        near = [tie * factor for tie in between for factor in (1 + 2**-40, 1 + 2**-20, 1 - 2**-20)]
        chosen = random.Random(name)
        spread = [chosen.gauss(0, 1) * 2.0 ** chosen.randrange(-12, 7) for _ in range(40)]
        limit = exact[-1]
        values = [value for value in between + near + spread if abs(value) <= limit]
        chosen.shuffle(values)
        values = values[:400]
        tensor = torch.tensor(values, dtype=torch.float64).to(dtype)
        vectors.append(vector(name, tensor, [{"float": bits(value)} for value in values]))
    return vectors


def main() -> None:
    parts = []
    for key, vectors in {"elements": elements(), "rounded": rounded()}.items():
        lines = ",\n  ".join(json.dumps(entry) for entry in vectors)
        parts.append(f'"{key}": [\n  {lines}\n]')
    print("{\n" + ",\n".join(parts) + "\n}")


if __name__ == "__main__":
    main()
