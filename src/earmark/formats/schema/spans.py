"""Spans as start and length, where ours are start and end."""

import math
from typing import Any

from earmark.errors import InputError
from earmark.records import Hypothesis, Utterance


def length_of(start_s: float, end_s: float) -> float:
    """Return the length that, added to the start, gives the end.

    To the last bit where a double can: where start and length lie half a step of the end's grid
    apart, sums round to even steps only, and an odd end is missed by one step (4e-15 s at 18 s).

    >>> 0.1 + length_of(0.1, 0.7) == 0.7
    True
    """
    length_s = end_s - start_s
    for _ in range(4):
        if start_s + length_s == end_s:
            break
        length_s = math.nextafter(length_s, math.inf if start_s + length_s < end_s else 0.0)
    return length_s


def seconds(value: Any, where: str, name: str) -> float:
    """Return a time in seconds.

    Raises:
        InputError: it is not a finite number.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) < 1e9:
        raise InputError(f"{where}: '{name}' should be a number of seconds, found {value!r}")
    return value


def check_whole(utterance: Utterance, format: str) -> None:
    """Refuse a span, for formats that have none.

    Raises:
        InputError: the utterance is a span of its recording.
    """
    if utterance.start_s is not None or utterance.end_s is not None:
        raise InputError(
            f"utterance '{utterance.id}' is a span of a recording (start_s, end_s), which {format} "
            "cannot hold: the whole recording would be heard. Cut the clips into files first"
        )


def audio_of(utterance: Utterance, format: str) -> str:
    """Return the path of an utterance's sound.

    Raises:
        InputError: it has none, and the format needs one.
    """
    if not utterance.audio:
        raise InputError(f"utterance '{utterance.id}' has no audio; {format} needs a path")
    return utterance.audio


def text_of(record: Utterance | Hypothesis, format: str) -> str:
    """Return the text of a record.

    Raises:
        InputError: an utterance has none, and the format cannot say so.
    """
    if record.text is None:
        raise InputError(f"utterance '{record.id}' has no text; {format} needs one")
    return record.text
