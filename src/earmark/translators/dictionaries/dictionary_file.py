"""Read a dictionary from a file: TSV or YAML."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError, shortened
from earmark.formats.files.lines import decode_line, numbered_lines
from earmark.strict_yaml import Text, read_yaml
from earmark.text.script import is_han
from earmark.translators.dictionaries.dictionary import Dictionary

LETTER = re.compile(r"[A-Za-z]")


class Entry(NamedTuple):
    """A Mandarin word beside an English one, and the line that has them."""

    zh: str
    en: str
    where: str


def read_dictionary(path: str | Path, name: str | None = None) -> Dictionary:
    """Read a dictionary from a file.

    TSV has one entry a line, `Mandarin<TAB>English`; YAML maps Mandarin to English or to a
    list of English, each of them the text that is written (`no` is the word no). Lines that begin
    with `#` are comments.

    Args:
        path: the file.
        name: what signatures call it; default: the name of the file.

    Raises:
        InputError: the file cannot be read, a line has not two columns, English is first and
            Mandarin second, or there is no entry.
    """
    path = Path(path)
    is_yaml = path.suffix.lower() in (".yaml", ".yml")
    entries = list(_yaml_entries(path) if is_yaml else _tsv_entries(path))
    if not entries:
        raise InputError(f"{path}: no entry; a dictionary has lines `Mandarin<TAB>English`")
    for entry in entries:
        _check_order(entry)
    _check_columns(entries)
    return Dictionary([(entry.zh, entry.en) for entry in entries], name or path.name)


def _check_order(entry: Entry) -> None:
    """Refuse an entry whose columns are not Mandarin and English: nothing would be found in it."""
    zh, en = (any(map(is_han, side)) for side in (entry.zh, entry.en))
    if en and not zh and LETTER.search(entry.zh):
        raise _refused(entry, "swap the columns")
    if en and not LETTER.search(entry.en):
        raise _refused(entry, "write its English, or leave the column empty")


def _check_columns(entries: list[Entry]) -> None:
    """Refuse a file of two columns that are both without Mandarin, or without English."""
    if not any(is_han(char) for entry in entries for char in entry.zh):
        raise _refused(entries[0], "no entry has Mandarin in the first column")
    if all(entry.en.strip() and not LETTER.search(entry.en) for entry in entries):
        raise _refused(entries[0], "no entry has English in the second column")


def _refused(entry: Entry, remedy: str) -> InputError:
    return InputError(
        f"{entry.where}: expected Mandarin first and English second, found "
        f"{shortened(entry.zh, 40)!r} and {shortened(entry.en, 40)!r}; {remedy}"
    )


def _tsv_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a TSV dictionary."""
    for number, raw in numbered_lines(path):
        where = f"{path}:{number}"
        line = decode_line(raw, where)
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 2 or not any(column.strip() for column in columns):
            raise InputError(
                f"{where}: expected Mandarin, a tab and English, found {shortened(line)!r}; "
                "put one entry on each line"
            )
        zh, en = columns
        yield Entry(zh, en, where)


def _yaml_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a YAML dictionary."""
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise InputError(
            f"{path}: expected a mapping of Mandarin to English, such as `会议: meeting`"
        )
    for zh, en in data.items():
        for word in en if isinstance(en, list) else [en]:
            where = f"{path}:{word.line if isinstance(word, Text) else zh.line}"
            if word is not None and not isinstance(word, Text):
                raise InputError(f"{where}: expected English, or a list of it, for '{zh}'")
            yield Entry(zh, word or "", where)
