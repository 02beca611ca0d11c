"""Reference log-probabilities, computed once by the route the policy takes, kept on disk.

One JSON line per pair under a hash of everything they depend on: weights, adapter, processor,
number type, token ids, audio. Every process writes a file of its own and reads all of them,
so several may fill the cache at once; a run that was stopped resumes where it was. In memory
is only the place of each row. A row that is not what was written is computed again.
"""

import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np

from earmark.policies.rows.shared_row import Answers
from earmark.storage.append import AppendFile, whole_rows
from earmark.storage.digests import of_values, short_hash
from earmark.train.cache.checked_row import note_damaged, read_checked, with_checksum
from earmark.train.cache.fingerprint import check_owner

# Log-probabilities of one row under one frozen policy: for each candidate its sum alone, or
# those of its tokens.
Logps = list[list[float]]

# So many newly written rows are looked up in a dictionary before they join the sorted ones.
MERGED_AT = 10_000


class Found(NamedTuple):
    """The places of rows: the hash of each one's key, in order, its file, its first byte."""

    hashes: np.ndarray
    files: np.ndarray
    starts: np.ndarray

    @staticmethod
    def of(rows: "array[int]") -> "Found":
        """Put rows in order; of each there are hash, file and start, one after the other."""
        table = np.array(rows, np.int64).reshape(-1, 3)  # [row, hash file start]
        table = table[np.argsort(table[:, 0], kind="stable")]
        # Copies, since a view of a column would keep the whole table in memory.
        return Found(table[:, 0].copy(), table[:, 1].astype(np.int32), table[:, 2].copy())

    def and_more(self, rows: "array[int]") -> "Found":
        """Return these and other rows."""
        more = Found.of(rows)
        hashes, files, starts = (np.concatenate(both) for both in zip(self, more, strict=True))
        order = np.argsort(hashes, kind="stable")
        return Found(hashes[order], files[order], starts[order])


class ReferenceCache:
    """Log-probabilities in nats, one list per pair; for each candidate its sum, or its tokens'.

    They stay on disk; 20 bytes a row are in memory, whatever the row holds.
    """

    def __init__(self, folder: Path, policy_hash: str) -> None:
        self.folder = folder / "reference" / policy_hash
        self.own = self.folder / f"{os.getpid()}-{uuid4().hex[:8]}.jsonl"
        self._file = AppendFile(self.own, "choose another --cache-dir")
        self.files = [self.own]
        self.read_to: dict[Path, int] = {}
        self.found = Found.of(array("q"))
        self.newest: dict[int, tuple[int, int]] = {}
        self.read()

    def __len__(self) -> int:
        """Return the number of rows, counting those twice that two processes computed."""
        return len(self.found.hashes) + len(self.newest)

    def read(self) -> None:
        """Look for what all processes have written by now, and not yet when last asked."""
        rows = array("q")
        for path in sorted(self.folder.glob("*.jsonl")):
            if path != self.own:
                if path not in self.read_to:
                    self.files.append(path)
                for row in self._new_rows(path, self.files.index(path)):
                    rows.extend(row)
        self.found = self.found.and_more(rows)

    def _new_rows(self, path: Path, number: int) -> Iterator[tuple[int, int, int]]:
        """Yield the rows of a file from where it was last read to; a torn last line waits."""
        end, damaged = self.read_to.get(path, 0), 0
        for start, raw in whole_rows(path, end):
            row = read_line(raw)
            if row is not None:
                check_owner(path, row.of, self.folder.name)
                yield short_hash(row.key), number, start
            damaged += row is None
            end = start + len(raw) + 1
        self.read_to[path] = end
        note_damaged(path, damaged, "their reference is computed again")

    def __contains__(self, key: str) -> bool:
        """Return whether a row's log-probabilities are kept."""
        return self.get(key) is not None

    def get(self, key: str) -> Logps | None:
        """Return what is kept of a row, or None where nothing is."""
        hashed = short_hash(key)
        # Different keys may share a 64-bit hash, so all rows of it are looked at.
        first = int(np.searchsorted(self.found.hashes, hashed))
        last = int(np.searchsorted(self.found.hashes, hashed, "right"))
        at = [(self.found.files[i], self.found.starts[i]) for i in range(first, last)]
        for file, start in [*at, *([self.newest[hashed]] if hashed in self.newest else [])]:
            row = line_at(self.files[file], int(start))
            if row is not None and row.key == key:
                return row.logps
        return None

    def add(self, found: Mapping[str, Logps]) -> None:
        """Keep log-probabilities on disk.

        Raises:
            InputError: the disk is full or the folder cannot be written.
        """
        kept = {key: [x if len(x) > 1 else x[0] for x in logps] for key, logps in found.items()}
        rows = ({"of": self.folder.name, "key": key, "logps": x} for key, x in kept.items())
        for key, start in zip(kept, self._file.append(*map(with_checksum, rows)), strict=True):
            self.newest[short_hash(key)] = 0, start
        if len(self.newest) > MERGED_AT:
            places = (x for hashed, place in self.newest.items() for x in (hashed, *place))
            self.found = self.found.and_more(array("q", places))
            self.newest.clear()


class Line(NamedTuple):
    """One row as it is kept; `of` is the hash of the policy that computed it."""

    of: str
    key: str
    logps: Logps


def read_line(raw: bytes) -> Line | None:
    """Read a row; None for anything else, such as one in which a number is not what was kept."""
    row = read_checked(raw.rstrip(b"\n"))
    if row is None:
        return None
    try:
        return Line(str(row["of"]), str(row["key"]), [_numbers(x) for x in row["logps"]])
    except (TypeError, KeyError):
        return None


def line_at(path: Path, start: int) -> Line | None:
    """Read the row that starts at a byte; None where the file is gone or no longer that file."""
    try:
        with open(path, "rb") as file:
            file.seek(start)
            return read_line(file.readline())
    except FileNotFoundError:
        return None


def _numbers(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]


def row_key(sides: Sequence[Answers], clip_keys: Sequence[str], by_token: bool = False) -> str:
    """Hash what a pair's log-probabilities depend on besides the policy, and in what detail.

    Each side's placeholders say how many of the clips are its own.
    """
    parts = [ids for side in sides for ids in (side.prompt, side.candidates)]
    key = of_values(*parts, list(clip_keys))
    return f"{key}/tokens" if by_token else key
