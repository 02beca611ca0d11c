"""What an annotation may be: Magpie's names and scales, and a check of what a model answered.

UltraMix (arXiv 2511.10985) annotates with the tags of Magpie (arXiv 2406.08464): a task of twelve,
difficulty and input quality on scales of five. Departure: transcription and translation are tasks
here too, and names are in lower case.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from earmark.curate.annotated import DIFFICULTIES, QUALITIES
from earmark.display import visible
from earmark.endpoint.chat import THOUGHTS
from earmark.errors import InputError
from earmark.formats.schema.fields import brief
from earmark.pairs.rules import is_finite
from earmark.strict_json import parse_json

TASKS = (
    "transcription",
    "translation",
    "information seeking",
    "reasoning",
    "planning",
    "editing",
    "coding",
    "math",
    "role playing",
    "data analysis",
    "creative writing",
    "advice seeking",
    "brainstorming",
    "others",
)
# Names that Magpie and models use for the same.
OTHER_NAMES = {"coding & debugging": "coding", "coding and debugging": "coding", "other": "others"}
SAFETIES = ("safe", "unsafe")
ANNOTATED_BY = "annotated_by"
# An answer longer than this holds more than was requested.
MOST_CHARACTERS = 4000
MOST_TEXT = 300
LEAST_SCORE, MOST_SCORE = 1.0, 10.0
_FENCE = re.compile(r"\A\s*```(?:json)?\s*|\s*```\s*\Z")
_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z -]{1,30}")


def object_in(answer: str) -> dict[str, Any]:
    r"""Return the JSON object that a model answered, which is data and nothing else.

    Thoughts before it and a code fence around it are left out.

    Raises:
        InputError: it is too long, or is not one JSON object.

    >>> object_in('<think>hm</think>```json\n{"score": 3}\n```')
    {'score': 3}
    """
    text = _FENCE.sub("", THOUGHTS.sub("", answer).strip()).strip()
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the answer has {len(text)} characters, expected a JSON object of at most "
            f"{MOST_CHARACTERS}"
        )
    found = parse_json(text, "the answer")
    if not isinstance(found, dict):
        raise InputError(f"the answer should be a JSON object, found {brief(found)}")
    return found


def annotations_in(answer: str) -> dict[str, str]:
    """Return the annotations that a model answered; texts are shortened and made visible.

    Raises:
        InputError: not a JSON object, or a field that is missing or not on its scale.

    >>> annotations_in('{"task_category": "Math", "difficulty": "easy", "input_quality": "good", '
    ...                '"language": "English", "safety": "safe"}')["task"]
    'math'
    """
    found = object_in(answer)
    task = str(found.get("task_category", "")).strip().lower()
    annotations = {
        "task": _one_of("task_category", OTHER_NAMES.get(task, task), TASKS),
        "difficulty": _one_of("difficulty", found.get("difficulty"), DIFFICULTIES),
        "input_quality": _one_of("input_quality", found.get("input_quality"), QUALITIES),
        "language": _language(found.get("language")),
        "safety": _one_of("safety", found.get("safety"), SAFETIES),
    }
    for name in ("intent", "knowledge", "quality_explanation"):
        if isinstance(found.get(name), str) and found[name].strip():
            annotations[name] = short_text(found[name])
    return annotations


def score_in(answer: str) -> float:
    """Return the score that a model gave to one answer.

    Raises:
        InputError: not a JSON object with a score from LEAST_SCORE to MOST_SCORE.

    >>> score_in('{"score": 7}')
    7.0
    """
    score: Any = object_in(answer).get("score")
    if not is_finite(score) or not LEAST_SCORE <= score <= MOST_SCORE:
        raise InputError(
            f"score should be a number from {LEAST_SCORE:g} to {MOST_SCORE:g}, found {brief(score)}"
        )
    return float(score)


def short_text(text: str, most: int = MOST_TEXT) -> str:
    r"""Return a text of bounded length in one line, with nothing that acts on a terminal.

    >>> short_text("two\nlines " + "x" * 9, most=12)
    'two lines xx...'
    """
    line = " ".join(visible(text[: 4 * most]).split())
    return line if len(line) <= most else line[:most] + "..."


def _one_of(name: str, value: Any, scale: tuple[str, ...]) -> str:
    found = value.strip().lower() if isinstance(value, str) else value
    if found not in scale:
        raise InputError(f"{name} should be one of: {', '.join(scale)}; found {brief(value)}")
    return str(found)


def _language(value: Any) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value.strip()):
        raise InputError(f"language should be the name of a language, found {brief(value)}")
    return value.strip().lower()


def as_json(values: Mapping[str, Any]) -> str:
    """Write values for a prompt, as JSON in one line."""
    return json.dumps(values, ensure_ascii=False)
