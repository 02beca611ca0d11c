"""What steps decided about each pair of a file: a byte in memory each, reasons and changes on disk.

A chain runs one step after the other. Each step reads the pairs that the steps before it kept, as
they left them, from the file itself: no pair is in memory longer than it is looked at.
"""

import json
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

import numpy as np

from earmark.curate.settled import with_record
from earmark.formats.schema.fields import parse_row
from earmark.records import Pair

UNSEEN, KEPT, RECORDED, CHANGED, RETURNED, DROPPED, FINAL = range(7)


class Table(Protocol):
    """Pairs that are read by their number, in a file or in memory."""

    @property
    def folder(self) -> Path:
        """Return where relative audio paths start."""
        ...

    def __len__(self) -> int:
        """Return how many pairs there are."""
        ...

    def reading(self) -> AbstractContextManager[Callable[[int], Pair]]:
        """Open the pairs; the result returns a pair by its number."""
        ...


class PairList:
    """Pairs in memory; relative audio paths start at `folder`."""

    def __init__(self, pairs: Sequence[Pair], folder: Path | None = None) -> None:
        self.pairs = pairs
        self.folder = folder or Path()

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        """Yield all pairs."""
        return iter(self.pairs)

    @contextmanager
    def reading(self) -> Iterator[Callable[[int], Pair]]:
        """Open the pairs."""
        yield self.pairs.__getitem__


class Ledger:
    """What one step decided: a code for each pair, and a line on disk for each that has more.

    The line is a reason, the record of a pair that was kept, or the row of one that was changed.
    """

    def __init__(self, count: int) -> None:
        self.codes = bytearray(count)
        handle, name = tempfile.mkstemp(prefix="earmark-")
        self.path = Path(name)
        weakref.finalize(self, self.path.unlink, missing_ok=True)
        self._file: IO[str] = open(handle, "w", encoding="utf-8")  # noqa: SIM115 - closed below

    def put(self, index: int, code: int, said: object = None) -> None:
        """Write down what was decided about a pair; pairs come in their order.

        A code above KEPT has a line: the record, the row of the changed pair, or the reason.
        """
        self.codes[index] = code
        if code > KEPT:
            self._file.write(json.dumps(said, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """End the writing; from now on the ledger is read."""
        self._file.close()

    def lines(self) -> "Lines":
        """Read the lines from the first one."""
        return Lines(self)


class Lines:
    """The lines of a ledger, each found by the number of its pair, in ascending order."""

    def __init__(self, ledger: Ledger) -> None:
        self._codes = ledger.codes
        self._file = _read_lines(ledger.path)
        self._at = 0

    def at(self, index: int) -> Any:
        """Return what was written down about a pair that has a line."""
        for passed in range(self._at, index):
            if self._codes[passed] > KEPT:
                next(self._file)
        self._at = index + 1
        return json.loads(next(self._file))


def _read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file, which is closed with the generator."""
    with open(path, encoding="utf-8", newline="\n") as file:
        yield from file


class Row(NamedTuple):
    """A pair and its number."""

    number: int
    pair: Pair


class State:
    """Which pairs are kept now, which were dropped without return, and by which step."""

    def __init__(self, count: int) -> None:
        self.kept = np.ones(count, bool)
        self.final = np.zeros(count, bool)
        self.dropped_by = np.full(count, -1, np.int16)

    def update(self, ledger: Ledger, number: int) -> None:
        """Enter what the step of this number decided."""
        codes = np.frombuffer(ledger.codes, np.uint8)
        gone = codes >= DROPPED
        self.kept[gone] = False
        self.kept[codes == RETURNED] = True
        self.final |= codes == FINAL
        self.dropped_by[gone] = number
        self.dropped_by[codes == RETURNED] = -1


class View:
    """The pairs with some numbers, as the steps before left them; a `Stream`.

    Iterators that are in step, as those of a chain and of a lazy curator are, parse a row once.
    """

    def __init__(self, pairs: Table, ledgers: Sequence[Ledger], indices: np.ndarray) -> None:
        self._pairs = pairs
        self._ledgers = tuple(ledgers)
        self._indices = indices
        self._last: Row | None = None

    @property
    def folder(self) -> Path:
        """Return where relative audio paths start."""
        return self._pairs.folder

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self._indices)

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs, in order, from the first one."""
        return (row.pair for row in self.rows())

    def rows(self) -> Iterator[Row]:
        """Yield the pairs with their numbers."""
        lines = [ledger.lines() for ledger in self._ledgers]
        with self._pairs.reading() as read:
            # A copy of the numbers as a list would take eight times their memory.
            for at in range(len(self._indices)):
                index, last = int(self._indices[at]), self._last
                if last is None or last.number != index:
                    last = Row(index, self._as_left(read(index), index, lines))
                    self._last = last
                yield last

    def _as_left(self, pair: Pair, index: int, lines: Sequence[Lines]) -> Pair:
        for ledger, said in zip(self._ledgers, lines, strict=True):
            pair = as_decided(pair, ledger.codes[index], said, index)
        return pair


def as_decided(pair: Pair, code: int, lines: Lines, index: int) -> Pair:
    """Return a pair as a step left it."""
    if code in (RECORDED, RETURNED):
        return with_record(pair, lines.at(index))
    if code == CHANGED:
        return parse_row(Pair, lines.at(index), "a changed pair")
    return pair
