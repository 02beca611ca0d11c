"""What a chat model answered, as a mark or a choice. It is untrusted: validated, never executed."""

import re
from typing import Any

from earmark.endpoint.chat import THOUGHTS, Completion
from earmark.errors import InputError
from earmark.judges.judge import Unscored
from earmark.strict_json import parse_json

FENCE = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL | re.IGNORECASE)
MOST_CHARACTERS = 20_000
CHOICES = {"a": 1.0, "b": 0.0, "tie": 0.5}


def mark_of(answer: Completion, low: int, high: int) -> float:
    """Return the mark in an answer.

    >>> mark_of(Completion('{"reason": "good", "score": 9}'), 1, 10)
    9.0

    Raises:
        Unscored: it was cut, is not the wanted JSON, or the mark is out of range.
    """
    found = _object(answer).get("score")
    if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
        raise Unscored(f"'score' should be a number from {low} to {high}, found {_brief(found)}")
    return float(found)


def choice_of(answer: Completion) -> float:
    """Return 1 where A is better, 0 where B is, and ½ for a tie.

    >>> choice_of(Completion('{"reason": "", "better": "B"}'))
    0.0

    Raises:
        Unscored: it was cut, or is not the wanted JSON.
    """
    found = _object(answer).get("better")
    if not isinstance(found, str) or found.strip().lower() not in CHOICES:
        raise Unscored(f"'better' should be A, B or tie, found {_brief(found)}")
    return CHOICES[found.strip().lower()]


def _object(answer: Completion) -> dict[str, Any]:
    """Return the JSON object that an answer is, without a model's thoughts and a Markdown fence."""
    if answer.cut:
        raise Unscored("the judge's answer was cut at its token cap; raise max_tokens")
    if len(answer.text) > MOST_CHARACTERS:
        raise Unscored(f"the judge's answer has more than {MOST_CHARACTERS} characters")
    text = THOUGHTS.sub("", answer.text).strip()
    fenced = FENCE.search(text)
    text = fenced[1] if fenced else text
    try:
        found = parse_json(text, "the judge's answer")
    except InputError as error:
        raise Unscored(f"{error}; found {_brief(text)}") from error
    if not isinstance(found, dict):
        raise Unscored(f"the judge's answer should be a JSON object, found {_brief(found)}")
    return found


def _brief(found: Any) -> str:
    return repr(found)[:80]
