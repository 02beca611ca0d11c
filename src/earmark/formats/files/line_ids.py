"""Whether the lines of a text begin with ids, with words, or may begin with either."""

import re
from collections.abc import Sequence
from typing import Literal

from earmark.formats.files.source import Source
from earmark.formats.schema.columns import COLUMN_NAMES

Begins = Literal["ids", "words", "either"]

# A digit and a letter or a sign, a number, or an underscore; no word of a transcript is all these.
MOST = 0.9
ID = re.compile(r"(?=.*[A-Za-z_./:-])(?=.*[0-9_]).+|[0-9]+", re.DOTALL)


def first_fields(lines: Sequence[str]) -> list[str]:
    r"""Return what each line begins with: up to a tab, where all lines have one, or to a blank.

    >>> first_fields(["utt 1\t我们 go", "utt 2\tok"]), first_fields(["u1 a\tb", "u2"])
    (['utt 1', 'utt 2'], ['u1', 'u2'])
    """
    if has_tabs(lines):
        return [line.split("\t", 1)[0].strip() for line in lines]
    return [line.split(maxsplit=1)[0] for line in lines if line.strip()]


def has_tabs(lines: Sequence[str]) -> bool:
    """Say whether there is a tab between id and text: in each line, with something before it."""
    return bool(lines) and all("\t" in line and line.split("\t", 1)[0].strip() for line in lines)


def begin_with(lines: Sequence[str]) -> Begins:
    """Say what lines of text begin with.

    Ids are known by a tab after each, or by a digit or underscore in each. A few that are no ids,
    or that are given twice, leave the others what they are: reading names them. First words that
    all differ and have no digit may be ids too, unless one has letters beyond ASCII, as names of
    recordings hardly do.

    >>> begin_with(["S01-0001 我 今 天", "S01-0002 好"]), begin_with(["我们 go", "we go"])
    ('ids', 'words')
    >>> begin_with(["anna good", "ben bad"]), begin_with(["we go", "we stay"])
    ('either', 'words')
    """
    firsts = first_fields(lines)
    most = MOST * len(firsts)
    if not firsts or len(set(firsts)) < most:
        return "words"
    if has_tabs(lines):
        return "ids"
    ids = [first for first in firsts if ID.fullmatch(first)]
    if len(ids) >= most and (len(ids) > 1 or not ids[0].isdecimal()):
        return "ids"
    differ = len(set(firsts)) == len(firsts)
    return "either" if differ and all(first.isascii() for first in firsts) else "words"


def text_begins_with(source: Source) -> Begins | None:
    """Say what the first lines of a text begin with; None of what is no text.

    A file that is called `text` is Kaldi's. A first line that names columns is neither.
    """
    if not source.is_text or source.begins_as_json:
        return None
    if source.name == "text":
        return "ids"
    named = source.suffix == ".csv" or COLUMN_NAMES & set(source.first_lines[0].split("\t"))
    return "either" if named else begin_with(source.first_lines)
