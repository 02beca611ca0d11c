"""What makes a pair usable: its prompt, its answers, its scores. One rule for all steps."""

import math
from collections.abc import Iterator
from typing import Any

from earmark.formats.schema.fields import brief
from earmark.records import Pair

ROLES = ("system", "user", "assistant")
PART_KEYS = {"text": {"type", "text"}, "audio": {"type", "audio", "start_s", "end_s"}}
SPAN = ("start_s", "end_s")
# How other tools mark in a text where sound belongs.
PLACEHOLDER = "<audio>"
_NO_SOUND = (
    f"the text of the prompt says {PLACEHOLDER}, which is no sound; give the clip as a "
    'part {"type": "audio", "audio": PATH}'
)


def form_problems(prompt: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the form of a prompt's messages."""
    for message in prompt:
        if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
            yield (
                "a prompt message should be an object with role and content, found "
                f"{brief(message)}"
            )
            continue
        if message["role"] not in ROLES:
            yield (
                f"the role of a prompt message should be {', '.join(ROLES[:-1])} or {ROLES[-1]}, "
                f"found {brief(message['role'])}"
            )
        content = message["content"]
        if isinstance(content, str):
            if PLACEHOLDER in content:
                yield _NO_SOUND
            continue
        for part in content if isinstance(content, list) else [content]:
            yield from part_problems(part)


def prompt_problems(pair: Pair) -> Iterator[str]:
    """Yield what is wrong with the form of a pair's prompt, and of that of its rejected side."""
    yield from form_problems(pair.prompt)
    if pair.rejected_prompt is not None:
        yield from (f"rejected_prompt: {each}" for each in form_problems(pair.rejected_prompt))


def part_problems(part: Any) -> Iterator[str]:
    """Yield what is wrong with a part of a message."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in PART_KEYS or not isinstance(part.get(kind), str):
        yield (
            'a content part should be {"type": "audio", "audio": PATH} or '
            f'{{"type": "text", "text": ...}}, found {brief(part)}'
        )
        return
    if not part.keys() <= PART_KEYS[kind]:
        unknown = sorted(map(str, part.keys() - PART_KEYS[kind]))
        meant = {"start": "start_s", "end": "end_s"}.get(unknown[0])
        hint = f"did you mean '{meant}', in seconds?" if meant else "remove it"
        known = ", ".join(sorted(PART_KEYS[kind]))
        yield f"unknown key '{unknown[0]}' in a part of type {kind}, which has {known}; {hint}"
    for name in SPAN if len(part) > 2 else ():
        value = part.get(name)
        if value is not None and not is_finite(value):
            yield f"{name} of a clip should be a number of seconds, found {brief(value)}"
    if kind == "text" and PLACEHOLDER in part["text"]:
        yield _NO_SOUND


def audio_parts(prompt: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the audio parts of a prompt that are well formed."""
    for message in prompt:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else []:
            is_audio = isinstance(part, dict) and part.get("type") == "audio"
            if is_audio and isinstance(part.get("audio"), str):
                yield part


def answer_problems(pair: Pair, *, compares: bool = True, single: bool = True) -> Iterator[str]:
    """Yield what is wrong with the answers of a pair.

    Blanks at either end do not count, as chat templates leave them out.

    Args:
        pair: the pair.
        compares: whether rejected answers are used.
        single: whether a rejected answer alone can be used.
    """
    chosen = pair.chosen.strip()
    losers = [loser.strip() for loser in pair.losers] if compares else []
    if not chosen and not single:
        yield "the chosen answer is empty"
    elif not chosen and not losers:
        yield "there is neither a chosen nor a rejected answer; a pair has both"
    for index, loser in enumerate(losers):
        if chosen and loser == chosen:
            yield f"rejected answer {index + 1} equals chosen ({brief(loser)}); remove it"


def score_problems(pair: Pair, criterion: str) -> Iterator[str]:
    """Yield whether a criterion has not one finite number for each candidate, chosen first."""
    numbers, candidates = pair.scores.get(criterion), 1 + len(pair.losers)
    if numbers is None:
        yield f"has no scores for '{criterion}'"
    elif not are_finite(numbers):
        yield f"has scores for '{criterion}' that are not all finite numbers: {brief(numbers)}"
    elif len(numbers) != candidates:
        yield f"has {len(numbers)} scores for '{criterion}', of {candidates} candidates"


def is_finite(value: Any) -> bool:
    """Say whether something is a finite number; true and false are none.

    >>> is_finite(0.5), is_finite(True), is_finite(float("nan"))
    (True, False, False)
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < math.inf


def are_finite(numbers: Any) -> bool:
    """Say whether something is a list of finite numbers.

    JSON as Python reads it has NaN and Infinity too, and 1e999 is infinite.

    >>> are_finite([1, 0.5]), are_finite([1, float("nan")]), are_finite([1, "2"])
    (True, False, False)
    """
    return isinstance(numbers, list) and all(map(is_finite, numbers))
