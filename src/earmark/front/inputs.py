"""What the front door takes: texts, records, rows, a path, or columns of a data frame."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from earmark.errors import InputError, shortened
from earmark.formats.files.moving import moved
from earmark.formats.files.source import HUB, folder_of
from earmark.formats.reading import input_file, read_test
from earmark.formats.schema.fields import brief, parse_row
from earmark.front.files import read_from
from earmark.records import Hypothesis, Record, Utterance

# A path, or texts, records, or rows (dictionaries), in any container that can be iterated.
Given: TypeAlias = str | Path | Iterable[Any]


class Texts(NamedTuple):
    """Texts without ids, matched by their order; `labels` is the index of their frame."""

    texts: list[str]
    labels: list[Any] | None


def records_of(kind: type[Record], given: Given, what: str) -> list[Record]:
    """Return records from a path, records, rows, or a data frame with columns named as fields.

    Raises:
        InputError: says which item is not what was expected.
    """
    found = records_or_texts(kind, given, what)
    if isinstance(found, Texts):
        name = kind.__name__
        raise InputError(f"{what} should be records ({name}), rows or a path, found texts")
    return found


def in_folder(rows: Sequence[Record], given: Given) -> tuple[list[Record], Path]:
    """Return records as seen from the folder of the file that they came from, and that folder.

    Records that came from no file are seen from the current folder, as they are.
    """
    if not isinstance(given, str | Path):
        return list(rows), Path.cwd()
    folder = folder_of(input_file(given)).absolute()
    return [moved(row, Path.cwd(), folder) for row in rows], folder


def test_set(truths: Given, *systems: Given) -> tuple[list[Utterance], list[list[Hypothesis]]]:
    """Return truths and the hypotheses of systems; texts are matched by their order.

    Texts get the ids of the truths, or 1, 2, ... where those are texts too.

    Raises:
        InputError: not as many texts as truths, columns of frames with different indexes, or
            truths without ids for hypotheses with ids.
    """
    paths = [given for given in (truths, *systems) if isinstance(given, str | Path)]
    if len(paths) == 1 + len(systems):
        return _of_files(paths[0], paths[1:])
    said = records_or_texts(Utterance, truths, "truths")
    index = said.labels if isinstance(said, Texts) else None
    written = [records_or_texts(Hypothesis, system, "hypotheses") for system in systems]
    if isinstance(said, Texts):
        said_records = [Utterance(str(n), text) for n, text in enumerate(said.texts, start=1)]
    else:
        said_records = said
    hyps = []
    for system in written:
        if isinstance(system, Texts):
            hyps.append(_in_order(said_records, system, index))
        elif isinstance(said, Texts):
            raise InputError(
                "the truths are texts, which have no ids, and the hypotheses have ids; give "
                "both as texts in the same order, or truths with ids: {id: text}, or records"
            )
        else:
            hyps.append(system)
    return said_records, hyps


def _of_files(
    truth: str | Path, systems: Sequence[str | Path]
) -> tuple[list[Utterance], list[list[Hypothesis]]]:
    """Read files together, since both sides show whether their lines begin with ids."""
    for given in (truth, *systems):
        _check_is_file(given, "truths" if given == truth else "hypotheses")
    files = read_test(truth, systems)
    old, new = files.folder.absolute(), Path.cwd()
    return [moved(row, old, new) for row in files.truths], files.hyps


def _in_order(
    truths: Sequence[Utterance], system: Texts, index: list[Any] | None
) -> list[Hypothesis]:
    """Give texts the ids of the truths, in their order."""
    if len(system.texts) != len(truths):
        raise InputError(
            f"there are {len(truths)} truths and {len(system.texts)} hypotheses; texts are "
            'matched by their order, so give one for each truth, "" where nothing was written'
        )
    if index is not None and system.labels is not None and index != system.labels:
        raise InputError(
            "truths and hypotheses are columns of frames whose indexes differ, so that their order "
            "does not say which belong together; join the frames first, or give lists"
        )
    pairs = zip(truths, system.texts, strict=True)
    return [Hypothesis(truth.id, text) for truth, text in pairs]


def records_or_texts(kind: type[Record], given: Given, what: str) -> list[Record] | Texts:
    """Return records, or texts where the items are texts.

    Raises:
        InputError: says which item is not what was expected.
    """
    if isinstance(given, str | Path):
        return _read(kind, given, what)
    if isinstance(given, Mapping):
        return [parse_row(kind, row, f"{what}: {row['id']!r}") for row in _rows_by_id(given, what)]
    items: Iterable[Any] = given
    if hasattr(given, "columns") and hasattr(given, "to_dict"):
        items = _rows_of_frame(given)
    elif not hasattr(given, "__iter__"):
        raise InputError(f"{what} should be a list or a path, found {type(given).__name__}")
    listed = list(items)
    if not listed:
        raise InputError(f"{what}: the list is empty; expected at least one")
    if isinstance(listed[0], str):
        return Texts([_text(item, n, what) for n, item in enumerate(listed, 1)], _index(given))
    return [_record(kind, item, n, what) for n, item in enumerate(listed, 1)]


def _read(kind: type[Record], given: str | Path, what: str) -> list[Record]:
    """Read a file."""
    _check_is_file(given, what)
    return read_from(given, kind)


def _check_is_file(given: str | Path, what: str) -> None:
    """Refuse a text that names no file, which may have been meant as a text.

    Raises:
        InputError: there is no such file.
    """
    file = str(input_file(given))
    if file.startswith(HUB) or os.path.exists(file):
        return
    hint = f"; {what} as texts are given as a list" if isinstance(given, str) else ""
    raise InputError(f"{shortened(file)}: cannot be read: No such file or directory{hint}")


def _rows_by_id(given: Mapping[Any, Any], what: str) -> list[dict[str, Any]]:
    """Return rows from a mapping of ids to texts."""
    for id_, text in given.items():
        if not isinstance(id_, str) or not isinstance(text, str):
            raise InputError(
                f"{what}: a mapping should have ids and texts, found {brief(id_)}: {brief(text)}"
            )
    return [{"id": id_, "text": text} for id_, text in given.items()]


def _rows_of_frame(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a data frame; its empty cells are left out."""
    rows = frame.to_dict("records")
    return [{k: v for k, v in row.items() if not is_missing(v)} for row in rows]


def is_missing(value: Any) -> bool:
    """Say whether a cell is empty: None, or a number that does not equal itself.

    >>> is_missing(float("nan")), is_missing(None), is_missing("")
    (True, True, False)
    """
    return value is None or type(value).__name__ == "NAType" or _is_nan(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value


def _index(given: Any) -> list[Any] | None:
    """Return the index of a column of a data frame; None of anything else."""
    index = getattr(given, "index", None)
    return None if index is None or callable(index) else list(index)


def _text(item: Any, number: int, what: str) -> str:
    if not isinstance(item, str):
        hint = '; where nothing was written give ""' if is_missing(item) else ""
        raise InputError(f"{what}: item {number} should be a text, found {brief(item)}{hint}")
    return item


def _record(kind: type[Record], item: Any, number: int, what: str) -> Record:
    """Return a record from a record or a row."""
    if isinstance(item, kind):
        return item
    if isinstance(item, Mapping):
        return parse_row(kind, dict(item), f"{what}: item {number}")
    raise InputError(
        f"{what}: item {number} should be a text, a {kind.__name__} or a row of one, "
        f"found {type(item).__name__} {brief(item)}"
    )
