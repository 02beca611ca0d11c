"""An input as the user named it: where its bytes are, what it begins with, its rows."""

import json
import os
from collections.abc import Callable, Iterator
from copy import copy
from functools import cached_property
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from earmark.errors import InputError
from earmark.formats.files.lines import (
    DAMAGE,
    Drained,
    Line,
    decode_line,
    open_bytes,
    parse_line,
    placed_lines,
    reopenable,
    unpacked,
    unreadable,
)

HEAD_BYTES = 1 << 16
LOOKED_AT_ROWS = 20
BOM = b"\xef\xbb\xbf"
# A data set of the hub: hf:OWNER/NAME:SPLIT.
HUB = "hf:"
SOUNDS = "~/.cache/earmark/sounds"


class Raw(NamedTuple):
    """A JSON object of a file: its place, its line or position from 1, its text, its value.

    `value` is an InputError where the text is not JSON.
    """

    where: str
    number: int
    text: bytes
    value: Any


def folder_of(path: str | Path) -> Path:
    """Return where relative audio paths of a file start: its folder, or the path if it is one.

    Rows of a pipe or of the hub have no folder; theirs start where the command runs.
    """
    if os.path.isdir(path):
        return Path(path)
    return Path(path).parent if os.path.isfile(path) else Path()


def sound_cache() -> Path:
    """Return where sound that comes as bytes is written, unless a folder is named."""
    return Path(SOUNDS).expanduser()


class Source:
    """A file, a folder, a pipe or a data set of the hub that records are read from.

    `str` gives its name for messages; `open` finds its bytes, as often as needed. `sounds` is
    where sound that comes as bytes is written; None leaves such sound out.
    """

    def __init__(self, path: str | Path, sounds: str | Path | None = SOUNDS) -> None:
        self.named = Path(path)
        self.is_hub = str(path).startswith(HUB)
        self.sounds = None if sounds is None else Path(sounds).expanduser()
        self._at: Path | Drained = self.named if self.is_hub else reopenable(self.named)

    def __str__(self) -> str:
        """Return the name of the input."""
        return str(self.named)

    def __fspath__(self) -> str:
        """Return where the bytes are."""
        return os.fspath(self._at)

    @property
    def is_folder(self) -> bool:
        """Say whether it is a folder."""
        return not self.is_hub and self.named.is_dir()

    @property
    def folder(self) -> Path:
        """Return where relative audio paths start."""
        return Path() if self.is_hub else folder_of(self.named)

    @property
    def name(self) -> str:
        """Return the file's name without .gz, in lower case.

        >>> Source("data/Cuts.jsonl.gz").name
        'cuts.jsonl'
        """
        return self.named.name.lower().removesuffix(".gz")

    @property
    def suffix(self) -> str:
        """Return the suffix of `name`."""
        return Path(self.name).suffix

    def unpack(self) -> "Source":
        """Make the bytes a plain file, in which any place can be read: a gzip file is copied."""
        self._at = unpacked(self._at)
        return self

    def converted(self, write: Callable[[Path], object]) -> "Source":
        """Return a source of the same name whose bytes are what `write` puts into a file."""
        other = copy(self)
        for name in ("head", "first_lines", "first_objects", "is_text"):
            other.__dict__.pop(name, None)
        other._at = Drained(self, BytesIO())
        write(Path(other._at))
        return other

    def locate(self, audio: str) -> str:
        """Return a path, of a tool whose paths start where it runs, as ours start: at the folder.

        A path that is there from here alone is made absolute.
        """
        here = Path(audio)
        beside = (self.folder / audio).exists() or not here.exists()
        return audio if beside else str(here.resolve())

    @cached_property
    def head(self) -> bytes:
        """Return the first bytes; none of a folder or of the hub.

        Raises:
            InputError: the file cannot be read.
        """
        if self.is_folder or self.is_hub:
            return b""
        try:
            with open_bytes(self) as file:
                return file.read(HEAD_BYTES)
        except DAMAGE as error:
            raise unreadable(self, error) from error

    @cached_property
    def first_lines(self) -> list[str]:
        """Return the whole lines among the first bytes, blank ones left out, as far as UTF-8."""
        lines = self.head.removeprefix(BOM).splitlines()
        whole = lines[:-1] if len(self.head) == HEAD_BYTES and len(lines) > 1 else lines
        return [line.decode("utf-8", "replace") for line in whole if line.strip()]

    @cached_property
    def is_text(self) -> bool:
        """Say whether the first bytes are text: UTF-8, if perhaps with a bad byte somewhere."""
        return bool(self.first_lines) and b"\0" not in self.head

    @property
    def is_array(self) -> bool:
        """Say whether the file is one JSON array."""
        return self._begin == "["

    @cached_property
    def first_objects(self) -> list[dict[str, Any]]:
        """Return the JSON objects among the first rows; none where the file holds no JSON."""
        if not self.begins_as_json:
            return []
        first = islice(self.objects(), LOOKED_AT_ROWS)
        return [raw.value for raw in first if isinstance(raw.value, dict)]

    @property
    def begins_as_json(self) -> bool:
        """Say whether the first character opens an object or an array."""
        return self._begin in ("{", "[")

    @property
    def _begin(self) -> str:
        """Return the first character that is no white space."""
        return self.head.removeprefix(BOM).decode("utf-8", "replace").lstrip()[:1]

    def lines(self) -> Iterator[Line]:
        """Yield the lines, blank ones left out."""
        return placed_lines(self)

    def objects(self) -> Iterator[Raw]:
        """Yield the JSON values of the file, one a line or those of one array.

        Raises:
            InputError: the file cannot be read, or begins as an array and is none.
        """
        if self.is_array:
            yield from self.items()
            return
        name = str(self)
        for number, _, text in placed_lines(self):
            where = f"{name}:{number}"
            try:
                value = parse_line(text, where)
            except InputError as error:
                value = error
            yield Raw(where, number, text, value)

    def items(self, key: str | None = None) -> Iterator[Raw]:
        """Yield the items of the JSON array that a file is, or that its one object has as `key`.

        Raises:
            InputError: the file cannot be read, or has no such array.
        """
        try:
            with open_bytes(self) as file:
                whole = file.read()
        except DAMAGE as error:
            raise unreadable(self, error) from error
        items = parse_line(whole.removeprefix(BOM), str(self))
        if key is not None:
            items = items.get(key) if isinstance(items, dict) else None
        if not isinstance(items, list):
            what = "one JSON array" if key is None else f"one JSON object with an array '{key}'"
            raise InputError(f"{self}: expected {what}")
        for number, item in enumerate(items, start=1):
            text = json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")
            yield Raw(f"{self}: item {number}", number, text, item)

    def texts(self) -> Iterator[tuple[int, bytes, str | InputError]]:
        """Yield number, bytes and text of the lines; an InputError for a line that is not UTF-8."""
        for number, _, raw in placed_lines(self):
            try:
                yield number, raw, decode_line(raw, f"{self}:{number}")
            except InputError as error:
                yield number, raw, error


AnySource: TypeAlias = str | Path | Source
