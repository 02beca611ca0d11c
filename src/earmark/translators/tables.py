"""The words of one source of translations, in both directions, as flat tables that load fast."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from earmark.text import tokenize
from earmark.translators.translator import Target

# Between translations of a word, which hold none.
BETWEEN = "\t"


class Table(NamedTuple):
    """Words and their translations in one direction.

    `words` maps tokens with blanks between them (`信 用 卡`, `credit card`) to translations with
    TABs between them, the one to write first. `reach` has, for a first token, the number of
    tokens of the longest word that begins with it.
    """

    words: dict[str, str]
    reach: dict[str, int]


class Source(NamedTuple):
    """All that one source knows: its signature, and a table for each direction."""

    signature: str
    tables: dict[Target, Table]


def make_source(entries: Iterable[tuple[str, str]], signature: str) -> Source:
    r"""Make the tables of entries, Mandarin beside English.

    >>> source = make_source([("会议", "meeting"), ("开会", "meeting")], "words")
    >>> source.tables["zh"].words
    {'meeting': '会议\t开会'}
    """
    both: dict[Target, dict[str, list[str]]] = {"en": {}, "zh": {}}
    for zh, en in entries:
        _add(both["en"], zh, en)
        _add(both["zh"], en, zh)
    return Source(signature, {to: _table(found) for to, found in both.items()})


def _add(table: dict[str, list[str]], said: str, translation: str) -> None:
    """Enter one word in one direction."""
    if key := key_of(tokenize(said)):
        listed = table.setdefault(key, [])
        if (written := " ".join(translation.split())) not in listed:
            listed.append(written)


def _table(found: dict[str, list[str]]) -> Table:
    """Pack the translations, and find how far each first token reaches."""
    reach: dict[str, int] = {}
    for key in found:
        first, length = key.partition(" ")[0], key.count(" ") + 1
        if reach.get(first, 0) < length:
            reach[first] = length
    return Table({key: BETWEEN.join(listed) for key, listed in found.items()}, reach)


def key_of(tokens: Sequence[str]) -> str:
    """Return how tables write a word.

    >>> key_of(["信", "用", "卡"])
    '信 用 卡'
    """
    return " ".join(tokens)
