"""Parse JSON from files: nothing ambiguous passes, and nothing that later steps cannot hold."""

import json
import re
from typing import Any

from earmark.errors import InputError

DEEPEST = 64
MOST_DIGITS = 300
SHOWN_KEY = 60

BRACKET_OR_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"?+|[\[{]|[\]}]', re.DOTALL)
HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class _Refused(ValueError):
    """What is wrong with a JSON text that json itself would take."""


def parse_json(text: str, where: str) -> Any:
    r"""Parse one JSON text.

    NaN and Infinity pass, which are not JSON but which Python writes: whether a field may hold
    them is the field's affair.

    Args:
        text: the text.
        where: file and line, for the message.

    Raises:
        InputError: not JSON; a key given twice in one object; a whole number of more than
            MOST_DIGITS digits; brackets nested deeper than DEEPEST; half of a surrogate pair,
            which is no character.

    >>> parse_json('{"id": "a", "id": "b"}', "pairs.jsonl:3")
    Traceback (most recent call last):
    ...
    earmark.errors.InputError: pairs.jsonl:3: the key 'id' is given twice; give each key once
    """
    try:
        _check_depth(text)
        data = _decode(text)
        if HALF_CHARACTER.search(text):
            _check_characters(data)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: not JSON: {error.msg} at column {error.colno}; "
            "each line must be one JSON object"
        ) from error
    except _Refused as error:
        raise InputError(f"{where}: {error}") from error
    return data


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the parser, which recurses, meets it."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for match in BRACKET_OR_TEXT.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > DEEPEST:
            raise _Refused(
                f"nested deeper than {DEEPEST} brackets at column {match.start() + 1}; "
                "no row needs that"
            )


def _decode(text: str) -> Any:
    # `decode` looks for white space around the text, with two patterns a row.
    try:
        data, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError:
        return _DECODER.decode(text)
    return data if end == len(text) else _DECODER.decode(text)


def _object(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        keys = [key for key, _ in items]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Refused(f"the key '{twice[:SHOWN_KEY]}' is given twice; give each key once")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise _Refused(
            f"a number of {len(digits.lstrip('-'))} digits; at most {MOST_DIGITS} can be used"
        )
    return int(digits)


# Made once: to make a parser takes longer than to parse a line.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)


def _check_characters(data: Any) -> None:
    """Refuse half a surrogate pair: it is no character, and no file could hold it."""
    try:
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise _Refused(
            f"\\u{ord(error.object[error.start]):04x} is half of a character (a lone surrogate); "
            "write the text again from its source"
        ) from None
