r"""Read YAML files as texts: what is written is what is read.

YAML 1.1 reads `no` as false, `3.10` as 3.1 and `010` as 8, takes the last of two equal keys, and
lets an alias stand for a text that holds aliases, so that a hundred bytes hold more than a memory
does. Here every scalar is the text that is written, a key is given once, and there are no aliases;
the caller decides what a text means.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from earmark.errors import InputError, shortened

MOST_BYTES = 4 * 2**20
DEEPEST = 16

# Numbers and nothing, as YAML reads them where they are not quoted.
NULL = re.compile(r"~|(?:null)?", re.IGNORECASE)
NUMBER = re.compile(
    r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|0x[0-9a-f_]+|0[ob][0-7_]+|"
    r"\.(?:[0-9]+|inf|nan))",
    re.IGNORECASE,
)
NOTHING = ("", "~")
PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Text(str):
    """A text of a YAML file, and the line, from 1, that it is in."""

    line: int

    def __new__(cls, value: str, line: int) -> "Text":
        """Make one."""
        text = super().__new__(cls, value)
        text.line = line
        return text


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file: mappings, lists and texts; a value that is left out or `~` is None.

    Raises:
        InputError: the file cannot be read, has more than MOST_BYTES, is not YAML or not UTF-8;
            a key given twice, or one that is a number or null; an alias, a tag, a second document.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: more than {MOST_BYTES // 2**20} MB, too much for a YAML file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}:{line}: expected UTF-8, found byte 0x{content[error.start]:02x}; "
            "convert the file to UTF-8"
        ) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str) -> Any:
    r"""Parse one YAML document; see `read_yaml`.

    >>> parse_yaml("不: no\n版本: 3.10\n了:\n", "words.yaml")
    {'不': 'no', '版本': '3.10', '了': None}
    """
    try:
        return _build(yaml.parse(text, Loader=PARSER), where)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{where}{line}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not YAML: {shortened(' '.join(str(error).split()))}") from error


class _Mapping:
    """A mapping in the making."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.key: Text | None = None

    def add(self, value: Any, where: str) -> None:
        if self.key is not None:
            self.items[self.key] = value
            self.key = None
        elif not isinstance(value, Text):
            raise InputError(f"{where}: expected a name as a key, found a list, a mapping or none")
        elif value in self.items:
            raise InputError(f"{where}: the key '{shortened(value)}' is given twice")
        else:
            self.key = value


def _build(events: Iterator[Any], where: str) -> Any:
    """Build the value of a document from its events, without recursion."""
    document: list[Any] = []
    open_: list[_Mapping | list[Any]] = [document]
    for event in events:
        line = event.start_mark.line + 1
        place = f"{where}:{line}"
        if isinstance(event, yaml.DocumentStartEvent) and document:
            raise InputError(f"{place}: a second document begins; expected one")
        if isinstance(event, yaml.AliasEvent):
            raise InputError(f"{place}: *{event.anchor}: aliases are not read; write it out")
        if getattr(event, "tag", None) not in (None, "!", "tag:yaml.org,2002:str"):
            raise InputError(f"{place}: the tag {event.tag} is not read; remove it")
        if isinstance(event, yaml.ScalarEvent):
            _put(_scalar(event, line, open_[-1], place), open_[-1], place)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(open_) > DEEPEST:
                raise InputError(f"{place}: nested deeper than {DEEPEST} levels")
            open_.append(_Mapping() if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            closed = open_.pop()
            _put(closed.items if isinstance(closed, _Mapping) else closed, open_[-1], place)
    return document[0] if document else None


def _put(value: Any, into: _Mapping | list[Any], place: str) -> None:
    if isinstance(into, list):
        into.append(value)
    else:
        into.add(value, place)


def _scalar(
    event: yaml.ScalarEvent, line: int, into: _Mapping | list[Any], place: str
) -> Text | None:
    """Return what a scalar says; a plain key must not be a number or nothing."""
    plain = event.style in (None, "")
    if plain and isinstance(into, _Mapping) and into.key is None:
        kinds = {"the number": NUMBER, "null:": NULL}
        for kind in (kind for kind, known in kinds.items() if known.fullmatch(event.value)):
            raise InputError(
                f"{place}: expected a name as a key, found {kind} "
                f"'{shortened(event.value)}'; quote it if it is a word"
            )
    if plain and event.value in NOTHING:
        return None
    return Text(event.value, line)
