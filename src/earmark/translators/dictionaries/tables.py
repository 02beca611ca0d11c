"""The words of one source of translations, in both directions, as flat tables that load fast."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from earmark.text import tokenize
from earmark.text.normalize.simplify import traditional_characters
from earmark.translators.translator import Target

# Between translations of a word, which hold none.
BETWEEN = "\t"
# Those of the Han characters that need no folding.
FIRST_HAN, LAST_HAN = "\u4e00", "\u9fff"


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
    tables: Mapping[Target, Table]


class _Tables(dict[Target, Table]):
    """The tables of entries, each made when it is first needed: finding meanings needs one."""

    def __init__(self, entries: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.entries = entries

    def __missing__(self, to: Target) -> Table:
        entries = self.entries if to == "en" else [(en, zh) for zh, en in self.entries]
        self[to] = made = _table(entries)
        return made


def make_source(entries: Sequence[tuple[str, str]], signature: str) -> Source:
    r"""Make the tables of entries, Mandarin beside English.

    >>> source = make_source([("会议", "meeting"), ("开会", "meeting")], "words")
    >>> source.tables["zh"].words
    {'meeting': '会议\t开会'}
    """
    return Source(signature, _Tables(entries))


def _table(entries: Sequence[tuple[str, str]]) -> Table:
    """Gather the translations of each word, and how far each first token reaches."""
    is_simple = traditional_characters().isdisjoint("".join(said for said, _ in entries))
    words: dict[str, str] = {}
    for said, translation in entries:
        if key := _key(said, is_simple=is_simple):
            written = " ".join(translation.split())
            words[key] = words[key] + BETWEEN + written if key in words else written
    reach: dict[str, int] = {}
    for key in words:
        first, length = key.partition(" ")[0], key.count(" ") + 1
        if reach.get(first, 0) < length:
            reach[first] = length
    return Table(words, reach)


def _key(said: str, *, is_simple: bool) -> str:
    """Return how tables write a word, as `key_of(tokenize(said))`, which takes six times as long.

    `is_simple` says that no Han character can be a Traditional one.

    >>> _key("信用卡", is_simple=True), _key("Credit  card", is_simple=True)
    ('信 用 卡', 'credit card')
    """
    if said.isascii() and said.replace(" ", "").isalpha():
        return " ".join(said.lower().split())
    if is_simple and said and min(said) >= FIRST_HAN and max(said) <= LAST_HAN:
        return " ".join(said)
    return key_of(tokenize(said))


def key_of(tokens: Sequence[str]) -> str:
    """Return how tables write a word.

    >>> key_of(["信", "用", "卡"])
    '信 用 卡'
    """
    return " ".join(tokens)
