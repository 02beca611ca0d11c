"""A pairs file that stays on disk: only the place of each row is in memory.

A million pairs take 24 MB here, whatever their text is. Every row is parsed once when the file
is opened, so that a bad one is found before work begins, and again on demand.
"""

import json
import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from earmark.errors import InputError
from earmark.formats.files.lines import Line, parse_line, write_jsonl
from earmark.formats.files.set_aside import BadRow, skipped_path
from earmark.formats.files.source import AnySource, Source
from earmark.formats.format import Parse
from earmark.formats.reading import as_lines
from earmark.formats.schema.fields import to_row
from earmark.pairs.rules import prompt_problems
from earmark.progress import note, progress_bar
from earmark.records import Pair
from earmark.storage.digests import new_digest, of_values, short_hash


@runtime_checkable
class Pairs(Protocol):
    """What training reads: a list of pairs, or a file of them."""

    def __len__(self) -> int:
        """Return the number of pairs."""
        ...

    def __getitem__(self, index: int, /) -> Pair:
        """Return one pair."""
        ...

    def __iter__(self) -> Iterator[Pair]:
        """Yield all pairs, one in memory at a time."""
        ...


class PairFile:
    """The pairs of a file, in its order; a row is read on demand.

    `parse` makes a pair of a line's object. `places` has for each pair the number of its line, the
    byte where it starts, its length; `digest` is a hash of the lines. `aside` is where bad rows are
    written, None where they stop the work, and `bad` are those found by now.
    """

    def __init__(
        self,
        path: Source,
        parse: Parse,
        places: np.ndarray,
        digest: str,
        aside: Path | None = None,
        bad: Sequence[BadRow] = (),
    ) -> None:
        self.path = path
        self.parse = parse
        self.places = places
        self.digest = digest
        self.aside = aside
        self.bad = bad
        self.state = state_of(os.stat(path))

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.places)

    def __getitem__(self, index: int) -> Pair:
        """Read one pair.

        Raises:
            IndexError: there is no such pair.
            InputError: the file has changed since it was opened.
        """
        return read_pair(self.path, self.parse, self.line(index))

    def __iter__(self) -> Iterator[Pair]:
        """Yield all pairs, one in memory at a time.

        Raises:
            InputError: the file has changed since it was opened.
        """
        with self.reading() as read:
            for index in range(len(self.places)):
                yield read(index)

    @contextmanager
    def reading(self) -> Iterator[Callable[[int], Pair]]:
        """Open the file once for many rows; the result reads a pair by its number.

        Raises:
            InputError: the file has changed since it was opened.
        """
        with self._open() as file:

            def read(index: int) -> Pair:
                number, start, length = self.places[index].tolist()
                file.seek(start)
                return read_pair(self.path, self.parse, Line(number, start, file.read(length)))

            yield read

    @property
    def folder(self) -> Path:
        """Return where relative audio paths start."""
        return self.path.folder

    def line(self, index: int) -> Line:
        """Read the line of one pair."""
        number, start, length = (int(x) for x in self.places[index])
        # Opened each time, so that processes that prepare batches share no file position.
        with self._open() as file:
            file.seek(start)
            return Line(number, start, file.read(length))

    def without(self, reasons: Mapping[int, str]) -> "PairFile":
        """Return the other pairs; write these ones and all earlier bad rows to `aside`.

        Args:
            reasons: what is wrong, by the number of the pair.

        Raises:
            InputError: no pair is left, or the file has changed since it was opened.
        """
        assert self.aside is not None, "bad rows stop the work"
        bad = [*self.bad, *(bad_row(self.path, self.line(i), why) for i, why in reasons.items())]
        write_jsonl(self.aside, map(asdict, sorted(bad, key=lambda row: row.line)))
        left = np.delete(self.places, list(reasons), axis=0)
        note(f"{self.path}: {len(bad)} of {len(bad) + len(left)} rows set aside in {self.aside}")
        if not len(left):
            raise InputError(f"{self.path}: not one usable row; {self.aside} says why")
        digest = of_values(self.digest, sorted(reasons)) if reasons else self.digest
        return PairFile(self.path, self.parse, left, digest, self.aside, bad)

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        with open(self.path, "rb") as file:
            if state_of(os.fstat(file.fileno())) != self.state:
                raise InputError(
                    f"{self.path}: the file has changed since it was opened, so its rows are not "
                    "where they were; run the same command again"
                )
            yield file


def state_of(facts: os.stat_result) -> tuple[int, int]:
    """Return what changes when a file is written: its size, and the time of its last writing."""
    return facts.st_size, facts.st_mtime_ns


class _Seen(NamedTuple):
    """What one pass over a file keeps of each good row: its place, a hash of its id."""

    places: "array[int]"
    ids: "array[int]"


def open_pairs(
    path: AnySource, *, out: str | Path, on_error: Literal["stop", "skip"] = "stop"
) -> PairFile:
    """Check every row of a pairs file, of any format, and keep its place.

    With `skip`, bad rows go to `<out>.skipped.jsonl`.

    Raises:
        InputError: a bad row when `on_error` is "stop", or not one good row in the file.
    """
    bad: list[BadRow] = []
    source, parse = as_lines(Pair, path, bad if on_error == "skip" else None)
    seen = _Seen(array("q"), array("q"))
    digest = new_digest()
    for line in _with_progress(source):
        try:
            pair = parse_pair(source, parse, line)
        except InputError as error:
            if on_error == "stop":
                raise
            bad.append(bad_row(source, line, str(error)))
            continue
        seen.places.extend((line.number, line.start, len(line.raw)))
        seen.ids.append(short_hash(pair.id))
        digest.update(line.raw)
    places = np.asarray(seen.places, np.int64).reshape(-1, 3)
    aside = skipped_path(out) if on_error == "skip" else None
    pairs = PairFile(source, parse, places, digest.hexdigest(), aside, bad)
    twice = repeated_ids(pairs, np.asarray(seen.ids, np.int64))
    if twice and aside is None:
        raise twice[min(twice)]
    if bad or twice:
        pairs = pairs.without({index: str(error) for index, error in twice.items()})
    if not len(pairs):
        raise InputError(f"{source}: not one usable row; expected a pair in each")
    return pairs


def digest_of(pairs: Pairs) -> str:
    """Hash what all pairs are, in their order."""
    if isinstance(pairs, PairFile):
        return pairs.digest
    digest = new_digest()
    for pair in pairs:
        digest.update(json.dumps(to_row(pair)).encode())
    return digest.hexdigest()


def parse_pair(path: Source, parse: Parse, line: Line) -> Pair:
    """Parse one line that nobody has looked at.

    Raises:
        InputError: it is not a pair, or its prompt has no proper form; names file and line.
    """
    where = f"{path}:{line.number}"
    pair = _pair_of(parse_line(line.raw, where), parse, where)
    for problem in prompt_problems(pair):
        raise InputError(f"{where}: pair '{pair.id}': {problem}")
    return pair


def read_pair(path: Source, parse: Parse, line: Line) -> Pair:
    """Parse a line that `parse_pair` has accepted: what it checks of JSON is not checked again.

    Raises:
        InputError: it is not a pair; names file and line.
    """
    return _pair_of(json.loads(line.raw.decode("utf-8")), parse, f"{path}:{line.number}")


def _pair_of(row: Any, parse: Parse, where: str) -> Pair:
    pair = parse(row, where)
    assert isinstance(pair, Pair)
    return pair


def repeated_ids(pairs: PairFile, hashes: np.ndarray) -> dict[int, InputError]:
    """Return the pairs whose id was used earlier in the file, with an error for each.

    Equal hashes are only a reason to look: the ids themselves are compared.
    """
    order = np.argsort(hashes, kind="stable")
    same = hashes[order][1:] == hashes[order][:-1]
    suspects = sorted({*order[1:][same].tolist(), *order[:-1][same].tolist()})
    first_line: dict[str, int] = {}
    found = {}
    for index in suspects:
        line, id_ = int(pairs.places[index][0]), pairs[index].id
        if id_ in first_line:
            found[index] = InputError(
                f"{pairs.path}:{line}: id '{id_}' was already used in line {first_line[id_]}; "
                "ids must be unique"
            )
        first_line.setdefault(id_, line)
    return found


def bad_row(path: Source, line: Line, reason: str) -> BadRow:
    """Return a row that is set aside, as it is in the file."""
    return BadRow(str(path), line.number, line.raw.decode("utf-8", "replace"), reason)


def _with_progress(path: Source) -> Iterator[Line]:
    """Yield the lines of a file while a bar shows how many of its bytes were read."""
    with progress_bar() as bar:
        size = os.path.getsize(path) if os.path.isfile(path) else 0
        task = bar.add_task("reading pairs, bytes", total=size)
        for line in path.lines():
            yield line
            if line.number % 1000 == 0:
                bar.update(task, completed=line.start)
