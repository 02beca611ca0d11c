"""Make the pairs of rows of candidates by a relation; all that gives no pair is counted."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from earmark import __version__
from earmark.errors import InputError, KnobError
from earmark.failures.surface import surface_of
from earmark.formats.schema.fields import FIELDS, to_row
from earmark.pairs.candidates.choose import Relation
from earmark.pairs.relations.relation import Preferred, Unpaired, no_score, text_of
from earmark.pairs.rows import SAME_AS_CHOSEN
from earmark.pairs.rules import audio_parts, form_problems, is_finite
from earmark.pairs.tally import Tally
from earmark.records import Candidate, Candidates, Pair

SAME_PAIR = "the same as another pair of the prompt once normalised"
EMPTY = "the chosen answer is empty"

# Which answers are equal: those of the same words, as scoring has them, or of the same characters.
EQUAL: dict[str, Callable[[str], Any]] = {
    "words": lambda text: tuple(surface_of(text).tokens),
    "characters": lambda text: " ".join(unicodedata.normalize("NFKC", text).split()),
}


class Lost(NamedTuple):
    """A prompt or a candidate (its number, from 1) that is in no pair, and why."""

    id: str
    candidate: int | None
    why: str

    def as_row(self) -> dict[str, Any]:
        """Return what is written of it."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def new_tally() -> Tally:
    """Return a tally of prompts and of what is counted of them: pairs, candidates, prompts."""
    return Tally(counted="counted", noun="prompts")


def check_equal(equal_by: str) -> None:
    """Refuse a way to compare answers that is not there.

    Raises:
        KnobError: names those that are.
    """
    if equal_by not in EQUAL:
        raise KnobError(f"equal_by should be {' or '.join(EQUAL)}, found '{equal_by}'")


def check_row(row: Candidates, where: str) -> None:
    """Refuse a row that no pair should be made of.

    Raises:
        InputError: a prompt of another form, a score that is not finite, or clips of candidates for
            a prompt that has not one place for them.
    """
    for problem in form_problems(row.prompt):
        raise InputError(f"{where}: {problem}")
    for number, each in enumerate(row.candidates, start=1):
        for criterion, score in each.scores.items():
            if not is_finite(score):
                raise InputError(
                    f"{where}: candidate {number}: its score for '{criterion}' should be a finite "
                    f"number, found {score!r}; leave the criterion out where a judge failed"
                )
    if any(each.audio for each in row.candidates) and len([*audio_parts(row.prompt)]) != 1:
        raise InputError(
            f"{where}: its candidates have clips of their own ('audio'), which take the place of "
            f"the one in the prompt; the prompt has {len([*audio_parts(row.prompt)])}, expected 1"
        )


def relate(
    rows: Iterable[Candidates],
    relation: Relation,
    tally: Tally,
    *,
    equal_by: str = "words",
    lost: Callable[[Lost], None] = lambda lost: None,
) -> Iterator[Pair]:
    """Yield the pairs of rows; count each prompt, candidate and two candidates without, and why.

    Args:
        rows: candidates, checked by `check_row`.
        relation: which are preferred to which, its knobs settled.
        tally: what is counted.
        equal_by: which answers are equal and never paired, a key of EQUAL.
        lost: is called with each prompt and candidate that is left out.
    """
    key = EQUAL[equal_by]
    for row in rows:
        tally.utterances += 1

        def drop(verdict: Unpaired, row: Candidates = row) -> None:
            tally.drop(verdict.what, verdict.why)
            if verdict.what != "pair":
                lost(Lost(row.id, _number_of(row, verdict.candidate), verdict.why))

        yield from _pairs(row, _preferred(row, relation, drop), relation, tally, key)


def _number_of(row: Candidates, candidate: Candidate | None) -> int | None:
    """Return the number of a candidate in its row, from 1; None of what is no candidate there.

    One that a relation has given another clip is found by all else.
    """
    if candidate is None:
        return None
    same = (n for n, each in enumerate(row.candidates, start=1) if each is candidate)
    alike = (
        n
        for n, each in enumerate(row.candidates, start=1)
        if replace(each, audio=candidate.audio) == candidate
    )
    found = next(same, None)
    return next(alike, None) if found is None else found


def _preferred(
    row: Candidates, relation: Relation, drop: Callable[[Unpaired], None]
) -> Iterator[Preferred]:
    """Yield what a relation prefers among the candidates that have what it needs."""
    usable = []
    for each in row.candidates:
        why = _unusable(each, relation)
        if why is None:
            usable.append(each)
        else:
            drop(Unpaired(why, "candidate", each))
    for verdict in relation(replace(row, candidates=usable)):
        if isinstance(verdict, Preferred):
            yield verdict
        elif isinstance(verdict, Unpaired):
            drop(verdict)
        else:
            raise InputError(
                f"relation '{relation.name}' should yield Preferred(chosen, rejected) or "
                f"Unpaired(why), found {type(verdict).__name__} (row '{row.id}')"
            )


def _unusable(candidate: Candidate, relation: Relation) -> str | None:
    """Say why a candidate takes no part; None where it does."""
    missing = next((name for name in relation.criteria if name not in candidate.scores), None)
    if missing is not None:
        return no_score(missing)
    try:
        text_of(candidate)
    except InputError as error:
        return str(error)
    return None


def _pairs(
    row: Candidates,
    preferred: Iterable[Preferred],
    relation: Relation,
    tally: Tally,
    key: Callable[[str], Any],
) -> Iterator[Pair]:
    """Yield the pairs of a row, each once; answers that are equal once normalised never pair."""
    seen, made_by = set(), _made_by(row, relation)
    for chosen, rejected in preferred:
        texts = text_of(chosen), text_of(rejected)
        keys = [
            (key(text), each.audio) for text, each in zip(texts, (chosen, rejected), strict=True)
        ]
        if not texts[0].strip():
            tally.drop("pair", EMPTY)
        elif keys[0][0] == keys[1][0] or texts[0].strip() == texts[1].strip():
            tally.drop("pair", SAME_AS_CHOSEN)
        elif tuple(keys) in seen:
            tally.drop("pair", SAME_PAIR)
        else:
            seen.add(tuple(keys))
            tally.write("pair")
            tally.pairs += 1
            sides = {"chosen": _said_of(row, chosen), "rejected": _said_of(row, rejected)}
            yield _pair(row, chosen, rejected, len(seen), {**made_by, **sides})


def _made_by(row: Candidates, relation: Relation) -> dict[str, Any]:
    """Return what the pairs of a row keep of how they were made."""
    knobs = {k: list(v) if isinstance(v, tuple) else v for k, v in relation.knobs.items()}
    return {
        "builder": "from-candidates",
        "relation": relation.name,
        **({"knobs": knobs} if knobs else {}),
        **({"sampled": row.made_by} if row.made_by else {}),
        "version": __version__,
    }


def _said_of(row: Candidates, candidate: Candidate) -> dict[str, Any]:
    """Return what a pair keeps of one of its sides that has no field of its own there."""
    said = to_row(replace(candidate, content="", scores={}, audio=None))
    said.pop("content")
    number = _number_of(row, candidate)
    return said if number is None else {"candidate": number, **said}


def _pair(
    row: Candidates, chosen: Candidate, rejected: Candidate, number: int, made_by: dict[str, Any]
) -> Pair:
    """Write a pair of two candidates of a row; what is known of the row goes with it."""
    prompt, other = prompt_of(row, chosen), prompt_of(row, rejected)
    both = [name for name in chosen.scores if name in rejected.scores]
    extra = {f"row_{k}" if k in FIELDS[Pair] else k: value for k, value in row.extra.items()}
    if row.truth is not None:
        extra["truth"] = row.truth
    return Pair(
        id=f"{row.id}/{number}",
        prompt=prompt,
        chosen=text_of(chosen),
        rejected=text_of(rejected),
        failure_modes=[] if text_of(rejected).strip() else ["empty"],
        scores={name: [chosen.scores[name], rejected.scores[name]] for name in both},
        language=row.language,
        source=row.source,
        made_by=made_by,
        rejected_prompt=None if other == prompt else other,
        annotations=row.annotations,
        extra=extra,
    )


def prompt_of(row: Candidates, candidate: Candidate) -> list[dict[str, Any]]:
    """Return the prompt that a candidate answers: the row's, with the clip that it was heard from.

    >>> row = Candidates("r", [{"role": "user", "content": [{"type": "audio", "audio": "a"}]}], [])
    >>> prompt_of(row, Candidate("yes", audio="b"))
    [{'role': 'user', 'content': [{'type': 'audio', 'audio': 'b'}]}]
    """
    parts = list(audio_parts(row.prompt))
    if candidate.audio is None or (parts and parts[0]["audio"] == candidate.audio):
        return row.prompt
    clip = {"type": "audio", "audio": candidate.audio}
    return [
        {**message, "content": [clip if part in parts else part for part in message["content"]]}
        if isinstance(message["content"], list)
        else message
        for message in row.prompt
    ]
