"""Tables that were made once, kept in the user's cache folder: text that loads in a moment.

The first line is JSON: the version of this format, the signature, how many lines each part has,
and a hash of the rest. Then come, one item a line, the words and translations of both directions
and how far each first token reaches. A file that is damaged, or of another version, is made again.
"""

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from earmark.errors import InputError
from earmark.progress import note
from earmark.storage.atomic import write_text
from earmark.storage.cache_folder import cache_folder
from earmark.storage.digests import of_bytes
from earmark.translators.dictionaries.tables import Source, Table
from earmark.translators.translator import Target

FORMAT = 1
DIRECTIONS: tuple[Target, Target] = ("en", "zh")


def compiled(name: str, of: str, make: Callable[[], Source]) -> Source:
    """Return what `make` makes, from the cache if it is there.

    Args:
        name: of the source, for the name of the file.
        of: the hash of what the tables are made of, and of how.
        make: reads the original, which takes longer.
    """
    path = cache_folder("dictionaries") / f"{name}-{FORMAT}-{of}.txt"
    found = read_compiled(path)
    if found is not None:
        return found
    source = make()
    try:
        write_compiled(path, source)
    except InputError as error:
        note(f"{error}; the dictionary '{name}' is compiled again each time")
    return source


def write_compiled(path: Path, source: Source) -> None:
    """Write tables, atomically.

    Raises:
        InputError: the folder cannot be written.
    """
    lines: list[str] = []
    counts: list[int] = []
    for to in DIRECTIONS:
        words, reach = source.tables[to]
        for part in (words, words.values(), reach, map(str, reach.values())):
            before = len(lines)
            lines += part
            counts.append(len(lines) - before)
    body = "\n".join(lines)
    head = {
        "earmark_dictionary": FORMAT,
        "signature": source.signature,
        "lines": counts,
        "hash": of_bytes(body.encode()),
    }
    write_text(path, json.dumps(head, ensure_ascii=False) + "\n" + body)


def read_compiled(path: Path) -> Source | None:
    """Read tables; None where there are none, or none that are whole."""
    try:
        first, _, body = path.read_bytes().partition(b"\n")
        head = json.loads(first)
        if head["earmark_dictionary"] != FORMAT or head["hash"] != of_bytes(body):
            return None
        lines = iter(body.decode().split("\n"))
        parts = [list(islice(lines, count)) for count in head["lines"]]
        signature = str(head["signature"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    tables: dict[Target, Table] = {}
    for place, to in enumerate(DIRECTIONS):
        keys, values, firsts, lengths = parts[4 * place : 4 * place + 4]
        tables[to] = Table(
            dict(zip(keys, values, strict=True)),
            dict(zip(firsts, map(int, lengths), strict=True)),
        )
    return Source(signature, tables)
