"""Rows that could not be used: what they were, why, and where they are kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from earmark.formats.files.lines import write_jsonl
from earmark.progress import note
from earmark.storage.destination import is_special
from earmark.storage.outputs import beside

LISTED = 5


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be used: the file, the line (from 1), the raw line, the reason."""

    path: str
    line: int
    raw: str
    reason: str


def skipped_path(out: str | Path) -> Path:
    """Return where rows set aside on the way to `out` are kept.

    >>> skipped_path("pairs.jsonl").name
    'pairs.jsonl.skipped.jsonl'
    """
    return beside(out, ".skipped.jsonl")


def write_aside(bad: Sequence[BadRow], out: str | Path, path: object, good: int) -> None:
    """Write rows that were set aside on the way to `out`, and note how many of how many."""
    kept = skipped_path(out)
    write_jsonl(kept, map(asdict, bad))
    where = f"set aside in {kept}" if not is_special(kept) else f"left out: {_reasons(bad)}"
    note(f"{path}: {len(bad)} of {len(bad) + good} rows {where}")


def _reasons(bad: Sequence[BadRow]) -> str:
    """List why rows were left out, where no file keeps the reasons."""
    more = f"; and {len(bad) - LISTED} more" if len(bad) > LISTED else ""
    return "; ".join(row.reason for row in bad[:LISTED]) + more
