"""Hashes of files, values and texts: one function (BLAKE2b) unless another is given, one length."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from earmark.storage.regular import open_regular

DIGEST_BYTES = 16


def new_digest() -> "hashlib.blake2b":
    """Return an empty hash, to be filled by its `update`."""
    return hashlib.blake2b(digest_size=DIGEST_BYTES)


def of_bytes(raw: bytes) -> str:
    """Hash bytes.

    >>> of_bytes(b"")
    'cae66941d9efbd404e4d88758ea67670'
    """
    return hashlib.blake2b(raw, digest_size=DIGEST_BYTES).hexdigest()


def of_values(*values: Any) -> str:
    """Hash JSON values.

    >>> of_values("a", 1) == of_values("a", 1), of_values("a", 1) == of_values("a1")
    (True, False)
    """
    return of_bytes(json.dumps(values, sort_keys=True, ensure_ascii=False).encode())


def of_file(path: str | Path, new: Callable[[], Any] = new_digest) -> str:
    """Hash the bytes of a file.

    Args:
        path: the file.
        new: makes an empty hash, with `update` and `hexdigest`.

    Raises:
        InputError: a pipe or a device.
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, new).hexdigest()


def short_hash(text: str) -> int:
    """Hash a text to a signed 64-bit number; equal hashes are only a reason to look."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
