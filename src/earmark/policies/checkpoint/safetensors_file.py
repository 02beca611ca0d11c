"""Read the header of a safetensors file and check it against the file; numpy, no torch.

The file is 8 bytes (the header's length, little-endian), the header in JSON, and the numbers of
all tensors without gaps. Source: github.com/huggingface/safetensors, section Format.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from earmark.errors import InputError
from earmark.storage.regular import open_regular

# Bytes of one number. What packs several numbers into a byte is quantised, so it is not here.
ITEM_BYTES = {
    **{"F64": 8, "F32": 4, "F16": 2, "BF16": 2},
    **{"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1},
    **{"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "C64": 8},
}
# The bits of a floating-point number's exponent: all are set in infinite numbers and in NaN.
EXPONENT: dict[str, np.ndarray] = {
    "F64": np.array(0x7FF0_0000_0000_0000, "<u8"),
    "F32": np.array(0x7F80_0000, "<u4"),
    "F16": np.array(0x7C00, "<u2"),
    "BF16": np.array(0x7F80, "<u2"),
}
LONGEST_HEADER_BYTES = 100_000_000
CHUNK_BYTES = 1 << 22
METADATA = "__metadata__"


class Stored(NamedTuple):
    """A tensor in a file: name, number type, shape, its first byte and the one after its last."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_header(path: Path) -> list[Stored]:
    """Return the tensors of a safetensors file, in the order in which they are stored.

    Raises:
        InputError: the file is cut off, or its header does not describe it.
    """
    size = path.stat().st_size
    with open_regular(path) as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > min(size - 8, LONGEST_HEADER_BYTES):
            raise _broken(path, f"not safetensors, or cut off ({size} bytes)")
        raw = file.read(length)
    try:
        header = json.loads(raw, object_pairs_hook=_unique)
        entries = {name: value for name, value in header.items() if name != METADATA}
        tensors = [_entry(name, value, 8 + length) for name, value in entries.items()]
    except (ValueError, AttributeError, RecursionError) as error:
        raise _broken(path, f"its header is not safetensors: {error}") from error
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end))
    expected = 8 + length
    for tensor in tensors:
        if tensor.start != expected:
            raise _broken(
                path,
                f"its header is not safetensors: {tensor.name} should start at byte {expected}, "
                f"where the tensor before it ends, and starts at {tensor.start}",
            )
        expected = tensor.end
    if size != expected:
        raise _broken(path, f"cut off: expected {expected} bytes, found {size}")
    return tensors


def _broken(path: Path, why: str) -> InputError:
    return InputError(f"{path}: {why}; copy the file again")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object in which a name is there twice, of which JSON would keep the last.

    Raises:
        ValueError: names it.
    """
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' is there twice")
    return made


def _entry(name: str, value: Any, first: int) -> Stored:
    """Read what the header says of one tensor; `first` is the byte at which numbers start.

    Raises:
        ValueError: it makes no sense.
    """
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name} should have dtype, shape and data_offsets, found {value!r:.80}")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise ValueError(f"{name} has the dtype {dtype!r}; expected {', '.join(EXPONENT)}")
    if not _is_counts(shape) or not _is_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"{name} has the shape {shape!r:.80} and the offsets {offsets!r:.80}")
    size = prod(shape) * ITEM_BYTES[dtype]
    if offsets[1] - offsets[0] != size:
        raise ValueError(f"{name} should take {size} bytes, found the offsets {offsets}")
    return Stored(name, dtype, tuple(shape), first + offsets[0], first + offsets[1])


def _is_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def not_finite(path: Path, tensors: Sequence[Stored]) -> str | None:
    """Name the first tensor that holds NaN or an infinite number, or return None.

    What is known of a file is kept until the file changes.
    """
    stat = path.stat()
    return _not_finite(path.resolve(), tuple(tensors), stat.st_size, stat.st_mtime_ns)


@cache
def _not_finite(path: Path, tensors: tuple[Stored, ...], size: int, changed_ns: int) -> str | None:
    with open(path, "rb", buffering=0) as file:
        for tensor in tensors:
            if tensor.dtype not in EXPONENT:
                continue
            exponent = EXPONENT[tensor.dtype]
            for numbers in _chunks(file, tensor, exponent.dtype):
                np.bitwise_and(numbers, exponent, out=numbers)
                if numbers.max() == exponent:
                    return tensor.name
    return None


def _chunks(file: Any, tensor: Stored, dtype: np.dtype) -> Iterator[np.ndarray]:
    """Yield the numbers of a tensor, a few million at a time, in one buffer."""
    buffer = np.empty(CHUNK_BYTES // dtype.itemsize, dtype)
    file.seek(tensor.start)
    left = (tensor.end - tensor.start) // dtype.itemsize
    while left > 0:
        numbers = buffer[: min(left, len(buffer))]
        view = numbers.view(np.uint8).data
        read = 0
        while read < len(view):
            count = file.readinto(view[read:])
            if not count:
                raise InputError(f"{file.name}: it became shorter while it was read")
            read += count
        yield numbers
        left -= len(numbers)
