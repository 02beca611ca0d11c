"""What formats cannot hold: fields, and finer differences; and what comes back instead."""

import json
from collections.abc import Callable, Iterable
from dataclasses import MISSING, replace
from typing import Any

from earmark.formats.schema.fields import FIELDS
from earmark.records import Candidates, Pair, Utterance


def _without_blanks(record: Any) -> Any:
    """Leave out the white space at both ends of the text."""
    text = getattr(record, "text", None)
    return replace(record, text=text.strip()) if isinstance(text, str) else record


def _with_text(record: Any) -> Any:
    """Say that nothing was said where it is not known what was."""
    unknown = isinstance(record, Utterance) and record.text is None
    return replace(record, text="") if unknown else record


def _with_start(record: Any) -> Any:
    """Begin a span that has an end alone at 0."""
    opens = isinstance(record, Utterance) and record.end_s is not None and record.start_s is None
    return replace(record, start_s=0.0) if opens else record


def _first_rejected(record: Any) -> Any:
    several = isinstance(record, Pair) and len(record.losers) > 1
    return replace(record, rejected=record.losers[0]) if several else record


def _not_in_a_list(record: Any) -> Any:
    if not isinstance(record, Pair) or len(record.losers) != 1:
        return record
    return replace(record, rejected=record.losers[0])


def _joined_texts(record: Any) -> Any:
    """Join the texts of a message that follow each other; a lone one is the whole content."""
    if isinstance(record, Candidates):
        return replace(record, prompt=_joined_messages(record.prompt))
    if not isinstance(record, Pair):
        return record
    other = record.rejected_prompt
    return replace(
        record,
        prompt=_joined_messages(record.prompt),
        rejected_prompt=None if other is None else _joined_messages(other),
    )


def _joined_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "content": _joined(each["content"])} for each in messages]


def _joined(content: Any) -> Any:
    if isinstance(content, str):
        return content
    parts: list[dict[str, Any]] = []
    for part in content:
        if part["type"] == "text" and parts and parts[-1]["type"] == "text":
            parts[-1] = {"type": "text", "text": parts[-1]["text"] + part["text"]}
        elif part["type"] != "text" or part["text"]:
            parts.append(part)
    alone = all(part["type"] == "text" for part in parts)
    return "".join(part["text"] for part in parts) if alone else parts


def _without_empty(record: Any) -> Any:
    """Leave out fields, other than the text, that hold an empty text."""
    kept = {name: value for name, value in record.extra.items() if value != ""}
    others = [name for name in FIELDS[type(record)] if name not in ("id", "text")]
    empty = [name for name in others if getattr(record, name) == ""]
    return replace(record, extra=kept, **dict.fromkeys(empty))


def _extra_as_text(record: Any) -> Any:
    """Write values in `extra` that are no texts as JSON."""
    return replace(record, extra={name: as_text(value) for name, value in record.extra.items()})


def as_text(value: Any) -> str:
    """Write a value as text: a text as it is, others as JSON.

    >>> as_text("Penang"), as_text(2.5)
    ('Penang', '2.5')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# What else than a field a format may not hold: what comes back instead of a record.
LOSSES: dict[str, Callable[[Any], Any]] = {
    "blanks at the ends of a text": _without_blanks,
    "the difference between no text and an empty one": _with_text,
    "the difference between no start and a start of 0": _with_start,
    "several rejected answers in one row (they become one row each)": _first_rejected,
    "the difference between one rejected answer and a list of one": _not_in_a_list,
    "how the texts of a message are divided": _joined_texts,
    "the difference between an empty field and none": _without_empty,
    "what in extra is not text (it becomes JSON in a text)": _extra_as_text,
    "the ids (the number of its line is the id of a row)": lambda record: replace(record, id=""),
}
# What a hypothesis loses where only its id and its text can be written.
ONLY_TEXT = (
    *("raw_text", "logprob", "tokens", "made_by", "cut", "set_aside", "extra"),
    "blanks at the ends of a text",
)
BLANKS, NO_TEXT, NO_START, SEVERAL, ONE_IN_A_LIST, TEXT_PARTS, EMPTY, NOT_TEXT, IDS = LOSSES


def without(record: Any, lost: Iterable[str]) -> Any:
    """Return a record as it comes back from a format that loses some things.

    >>> without(Utterance("u1", "好 ", speaker="anna"), ("speaker", BLANKS)).speaker is None
    True
    """
    known = FIELDS[type(record)]
    for name in lost:
        if name in LOSSES:
            record = LOSSES[name](record)
        elif name == "extra":
            record = replace(record, extra={})
        else:
            default, factory = known[name].default, known[name].default_factory
            blank = factory() if default is MISSING and factory is not MISSING else default
            record = replace(record, **{name: blank})
    return record


def lost_of(record: Any, lost: Iterable[str]) -> list[str]:
    """Name what of a record a format loses, where the record has it."""
    return [name for name in lost if without(record, (name,)) != record]
