"""Whether the lines of a text begin with ids, with words, or may begin with either."""

import re
from collections.abc import Sequence
from typing import Literal

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.schema.columns import COLUMN_NAMES

Begins = Literal["ids", "words", "either"]

NAME_IT = "append @kaldi to the names of files whose lines begin with ids, @plain to the others"

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


def begin_together(sources: Sequence[Source]) -> Literal["ids", "words"]:
    """Say what the lines of text files that belong together begin with, the truth first.

    Where the first fields are ids in each file and the same in all, they are ids; where they are
    ids in none, they are words. Of a truth that is called `text` they are ids, and so they are in
    files that begin with some of them.

    Raises:
        InputError: they are ids in some, or differ; or they are the same and may be words.
    """
    texts = [all_lines(source) for source in sources]
    begins = [
        "ids" if s.name == "text" else begin_with(t) for s, t in zip(sources, texts, strict=True)
    ]
    firsts = [set(first_fields(lines)) for lines in texts]
    same = all(fields == firsts[0] for fields in firsts)
    known = firsts[0] if sources[0].name == "text" else set()
    if (same and set(begins) == {"ids"}) or all(known.issuperset(fields) for fields in firsts):
        return "ids"
    if "ids" not in begins and not (same and set(begins) == {"either"}):
        return "words"
    names = ", ".join(map(str, sources))
    if "ids" in begins:
        other = next((i for i, f in enumerate(firsts) if f != firsts[0]), 0)
        differ = len(firsts[0] ^ firsts[other])
        raise InputError(
            f"{names}: the lines seem to begin with ids, but {differ} of them are in one file "
            f"only; if they are ids, {NAME_IT}"
        )
    raise InputError(
        f"{names}: the lines begin with the same words in each file, all different, which may be "
        f"ids or what was said; {NAME_IT}"
    )


def all_lines(source: Source) -> list[str]:
    """Return the lines of a text that are not blank."""
    return [text if isinstance(text, str) else "" for _, _, text in source.texts()]
