"""A user's own list of what is written in place of what, on both sides, before counting.

A file has two columns with a TAB between them: what may be written, and what takes its place,
which may be nothing. Lines that begin with `# ` are comments.

    gonna	going to
    [breath]
    诶呀	哎呀
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from earmark.errors import InputError
from earmark.formats.files.lines import decode_line, numbered_lines

PLAIN = re.compile(r"[\w' ]+")


@dataclass(frozen=True)
class Mapping:
    """Entries from what is written to what takes its place, and a name for the signature.

    An entry of letters, digits and blanks is looked up token by token, so that spacing, case and
    script do not matter; one with other characters, such as `[breath]`, is looked up in the text,
    case apart.
    """

    name: str
    entries: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Return the name and a fingerprint of the entries."""
        lines = "\n".join(f"{old}\t{new}" for old, new in sorted(self.entries))
        return f"{self.name}@{blake2b(lines.encode(), digest_size=4).hexdigest()}"

    @cached_property
    def _in_text(self) -> tuple[re.Pattern[str], dict[str, str]] | None:
        """Return a pattern of the entries that are looked up in the text, and what they become."""
        marks = {old.casefold(): new for old, new in self.entries if not PLAIN.fullmatch(old)}
        if not marks:
            return None
        longest_first = sorted(marks, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE), marks

    def in_text(self, text: str) -> str:
        """Replace the entries that are looked up in the text.

        >>> Mapping("mine", (("[breath]", ""),)).in_text("好[Breath]的")
        '好  的'
        """
        if self._in_text is None:
            return text
        pattern, marks = self._in_text
        return pattern.sub(lambda match: f" {marks.get(match[0].casefold(), '')} ", text)

    @property
    def plain(self) -> list[tuple[str, str]]:
        """Return the entries that are looked up token by token."""
        return [(old, new) for old, new in self.entries if PLAIN.fullmatch(old)]


class Phrases:
    """Phrases of tokens and what takes their place; the longest that fits is taken.

    >>> Phrases([(["gonna"], ["going", "to"])]).replace(["i", "gonna", "go"])
    ['i', 'going', 'to', 'go']
    """

    def __init__(self, phrases: Iterable[tuple[list[str], list[str]]]) -> None:
        self._starting: dict[str, list[tuple[list[str], list[str]]]] = {}
        for old, new in sorted(phrases, key=lambda pair: -len(pair[0])):
            self._starting.setdefault(old[0], []).append((old, new))

    def replace(self, tokens: list[str]) -> list[str]:
        """Replace every phrase, from the left, once."""
        if self._starting.keys().isdisjoint(tokens):
            return tokens
        replaced: list[str] = []
        place = 0
        while place < len(tokens):
            for old, new in self._starting.get(tokens[place], ()):
                if tokens[place : place + len(old)] == old:
                    replaced += new
                    place += len(old)
                    break
            else:
                replaced.append(tokens[place])
                place += 1
        return replaced


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping from a file of two columns.

    Raises:
        InputError: the file cannot be read, a line without exactly one TAB or with nothing
            before it, the same entry twice, or no entry.
    """
    entries: dict[str, str] = {}
    for number, raw in numbered_lines(path):
        line = decode_line(raw, f"{path}:{number}").rstrip("\r\n")
        if line.startswith("# "):
            continue
        old, *new = line.split("\t")
        if len(new) != 1 or not old.strip():
            raise InputError(
                f"{path}:{number}: expected what is written, a TAB, and what takes its place "
                f"(it may be empty); found {line[:60]!r}"
            )
        key = old.strip().casefold()
        if key in entries:
            raise InputError(f"{path}:{number}: '{old.strip()}' occurs twice; keep one line")
        entries[key] = new[0].strip()
    if not entries:
        raise InputError(f"{path}: it has no entry; expected lines of two columns with a TAB")
    name = re.sub(r"[^\w.-]", "_", Path(path).name)
    return Mapping(name, tuple(entries.items()))
