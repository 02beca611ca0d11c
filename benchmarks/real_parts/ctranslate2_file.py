"""Read the tensors of a CTranslate2 `model.bin`, without CTranslate2.

Little-endian: u32 version, name of the model class, u32 revision, u32 count; for each tensor its
name, u8 rank, u32 for each axis, u8 number type, u32 bytes, data; then u32 count of aliases, each
of two names. A name is u16 length, bytes, and a closing NUL that the length counts.
"""

import struct
from typing import Any

import numpy as np

from earmark.errors import InputError

NUMBERS = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
READ_VERSION = 6


def read_tensors(raw: bytes, name: str = "model.bin") -> dict[str, np.ndarray]:
    """Return all tensors by their names; an alias is the tensor that it stands for.

    Raises:
        InputError: another layout, or the file ends too early or too late.
    """
    reader = _Reader(raw)
    try:
        version = reader.number("I")
        if version != READ_VERSION:
            raise InputError(f"{name}: expected layout {READ_VERSION}, found {version}")
        reader.text()
        reader.number("I")
        tensors = dict(reader.tensor() for _ in range(reader.number("I")))
        for _ in range(reader.number("I")):
            alias, meant = reader.text(), reader.text()
            tensors[alias] = tensors[meant]
    except (struct.error, KeyError, ValueError) as error:
        raise InputError(f"{name}: not a whole CTranslate2 model: {error}") from error
    if reader.at != len(raw):
        raise InputError(f"{name}: {len(raw) - reader.at} bytes are left over at its end")
    return tensors


class _Reader:
    """A place in the bytes of a file."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def number(self, form: str) -> Any:
        """Read one number of a form of `struct`."""
        (value,) = struct.unpack_from(f"<{form}", self.raw, self.at)
        self.at += struct.calcsize(form)
        return value

    def text(self) -> str:
        """Read a name."""
        length = self.number("H")
        self.at += length
        return self.raw[self.at - length : self.at - 1].decode()

    def tensor(self) -> tuple[str, np.ndarray]:
        """Read a tensor and its name."""
        name = self.text()
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind = NUMBERS[self.number("B")]
        size = self.number("I")
        values = np.frombuffer(self.raw[self.at : self.at + size], dtype=kind)
        self.at += size
        return name, values.reshape(shape)
