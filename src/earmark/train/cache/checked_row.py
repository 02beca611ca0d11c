"""Rows of a cache with a checksum: a row that is not what was written is computed again."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earmark.progress import note

_MARK = b', "crc32": '


def with_checksum(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the checksum of its JSON text as its last field.

    >>> with_checksum({"key": "a"})
    {'key': 'a', 'crc32': 2319174189}
    """
    return {**row, "crc32": zlib.crc32(json.dumps(row, ensure_ascii=False).encode())}


def read_checked(raw: bytes) -> dict[str, Any] | None:
    """Read a line that `with_checksum` made the row of; None where it is anything else."""
    text, mark, checksum = raw.rpartition(_MARK)
    try:
        if not mark or int(checksum.removesuffix(b"}")) != zlib.crc32(text + b"}"):
            return None
        row: dict[str, Any] = json.loads(text + b"}")
    except (ValueError, RecursionError):
        return None
    return row


def note_damaged(path: Path, count: int, what: str) -> None:
    """Say that rows of a cache are not used.

    Args:
        path: the file.
        count: how many.
        what: what is done again, as in "their clips are heard again".
    """
    if count:
        rows = "1 row is" if count == 1 else f"{count} rows are"
        note(f"{path}: {rows} damaged, or of an earlier version of Earmark; {what}")
