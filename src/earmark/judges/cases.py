"""From records to what judges are given, and their scores back into records."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.judges.judge import Answer, Case
from earmark.records import Candidate, Candidates, Pair

Judged = Candidates | Pair
Scores = Mapping[str, float]
# The field in which a row names the right answer, and that with its other names.
TRUTH, ALIASES = "truth", "aliases"
CHOSEN = "chosen"


def case_of(record: Judged, folder: Path = Path(), truth: str = TRUTH) -> Case:
    """Return what judges are given of a record.

    Args:
        record: candidates, or a pair whose answers are judged alike, the chosen one first.
        folder: where relative paths start.
        truth: the field that has the right answer, looked for in the record, its annotations and
            its extra fields; `chosen` takes the chosen answer of a pair.

    Raises:
        InputError: a truth that is not a text, or aliases that are not a list of texts.
    """
    facts = {**record.annotations, **record.extra}
    answers = _of_pair(record) if isinstance(record, Pair) else _of_candidates(record)
    return Case(
        record.id,
        record.prompt,
        answers,
        _truths(record, facts, truth),
        record.language,
        facts,
        folder,
    )


def _truths(record: Judged, facts: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the right answers that a record names."""
    if name == CHOSEN and isinstance(record, Pair):
        main: Any = record.chosen
    elif name == TRUTH and isinstance(record, Candidates) and record.truth is not None:
        main = record.truth
    else:
        main = facts.get(name)
    others = facts.get(ALIASES, [])
    if not isinstance(others, list) or not all(isinstance(each, str) for each in others):
        raise InputError(f"'{record.id}': '{ALIASES}' should be a list of texts")
    if not isinstance(main, str | None):
        raise InputError(f"'{record.id}': '{name}' should be a text, found {str(main)[:80]!r}")
    return tuple(dict.fromkeys([*([] if main is None else [main]), *others]))


def _of_pair(pair: Pair) -> tuple[Answer, ...]:
    other = pair.rejected_prompt
    return (Answer(pair.chosen), *(Answer(loser, prompt=other) for loser in pair.losers))


def _of_candidates(record: Candidates) -> tuple[Answer, ...]:
    return tuple(_answer(each, record) for each in record.candidates)


def _answer(candidate: Candidate, record: Candidates) -> Answer:
    """Return the text and the sounds of a candidate, and its own prompt if it has one."""
    prompt = None if candidate.audio is None else _heard(candidate.audio, record)
    if isinstance(candidate.content, str):
        return Answer(candidate.content, prompt=prompt)
    texts = [part["text"] for part in candidate.content if isinstance(part.get("text"), str)]
    sounds = tuple(part for part in candidate.content if isinstance(part.get("audio"), str))
    return Answer("".join(texts) if texts else None, sounds, prompt)


def _heard(audio: str, record: Candidates) -> list[dict[str, Any]]:
    """Return a prompt with another clip in the place of its only one.

    Raises:
        InputError: it has none, or several.
    """
    clips = [part for message in record.prompt for part in _audio_parts(message)]
    if len(clips) != 1:
        raise InputError(
            f"'{record.id}': a candidate answers the clip {audio}, but the prompt has {len(clips)} "
            "clips; expected one, whose place it takes"
        )
    clip = {"type": "audio", "audio": audio}
    return [
        message
        if not isinstance(message.get("content"), list)
        else {**message, "content": [clip if p is clips[0] else p for p in message["content"]]}
        for message in record.prompt
    ]


def _audio_parts(message: Mapping[str, Any]) -> list[Any]:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return [part for part in parts if isinstance(part, dict) and part.get("type") == "audio"]


def with_scores(record: Judged, scores: Sequence[Scores], signatures: Mapping[str, str]) -> Judged:
    """Return a record with the scores of its answers, and what gave them.

    Scores of the same criteria that it had are replaced, or removed where there is none now. A
    pair has the scores of a criterion for all of its answers or not at all.

    >>> pair = Pair("p", [], "good", "bad", scores={"loop": [0.0, -1.0]})
    >>> with_scores(pair, [{"script": 0.0}, {"script": -0.5}], {"script": "v:1"}).scores
    {'loop': [0.0, -1.0], 'script': [0.0, -0.5]}
    """
    made_by = {**record.made_by, "judges": {**record.made_by.get("judges", {}), **signatures}}
    if isinstance(record, Pair):
        whole = {
            name: [each[name] for each in scores]
            for name in signatures
            if all(name in each for each in scores)
        }
        return replace(
            record, scores={**_others(record.scores, signatures), **whole}, made_by=made_by
        )
    answers = zip(record.candidates, scores, strict=True)
    scored = [replace(c, scores={**_others(c.scores, signatures), **new}) for c, new in answers]
    return replace(record, candidates=scored, made_by=made_by)


def _others(scores: Mapping[str, Any], signatures: Mapping[str, str]) -> dict[str, Any]:
    """Return the scores of criteria that are not judged now."""
    return {name: value for name, value in scores.items() if name not in signatures}


def criteria_of(record: Judged) -> set[str]:
    """Return the criteria by which a record has scores."""
    if isinstance(record, Pair):
        return set(record.scores)
    return {name for candidate in record.candidates for name in candidate.scores}
