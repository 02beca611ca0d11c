"""What a relation is given and yields: a row of candidates, pairs, and reasons for no pair.

A knob that names a criterion or a model says so by its annotation; its value is then looked for in
the file before work begins, and candidates without that criterion are left out, each counted.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Annotated, NamedTuple, TypeAlias

from earmark.errors import InputError
from earmark.records import Candidate, Candidates

# Kinds of knobs. A criterion that is not named is the only one that the file has; criteria that are
# not named are all of them; a criterion or a model that may be left out is then "". Candidates
# without a criterion are left out before a relation sees them, except those of `SomeCriterion`.
Criterion = Annotated[str, "criterion"]
MaybeCriterion = Annotated[str, "criterion or none"]
SomeCriterion = Annotated[str, "criterion of some"]
Criteria = Annotated[tuple[str, ...], "criteria"]
Model = Annotated[str, "model"]
MaybeModel = Annotated[str, "model or none"]

NO_TRUTH = "the truth is not known"
ONE_ONLY = "one candidate only"
NO_ANSWER = "no candidate"
SAME_SCORE = "equal scores"


class Preferred(NamedTuple):
    """A pair: the candidate that is chosen and the one that is rejected."""

    chosen: Candidate
    rejected: Candidate


class Unpaired(NamedTuple):
    """Why something gives no pair: a whole prompt, one candidate, or two of them (a pair)."""

    why: str
    what: str = "pair"
    candidate: Candidate | None = None


Verdicts: TypeAlias = Iterator[Preferred | Unpaired]


def of_prompt(why: str) -> Unpaired:
    """Say why a prompt gives no pair."""
    return Unpaired(why, "prompt")


def of_candidate(why: str, candidate: Candidate) -> Unpaired:
    """Say why a candidate is in no pair."""
    return Unpaired(why, "candidate", candidate)


def no_score(criterion: str) -> str:
    """Say that a candidate has no score for a criterion."""
    return f"no score for '{criterion}'"


def too_few(row: Candidates) -> str | None:
    """Say that there is nothing to compare; None where there are two candidates or more.

    >>> too_few(Candidates("r", [], [Candidate("yes")]))
    'one candidate only'
    """
    if len(row.candidates) > 1:
        return None
    return ONE_ONLY if row.candidates else NO_ANSWER


def each_two(row: Candidates) -> Iterator[tuple[Candidate, Candidate]]:
    """Yield each two candidates of a row, in their order."""
    return combinations(row.candidates, 2)


def truth_of(row: Candidates) -> Candidate | None:
    """Return the truth as a candidate; None where it is not known or empty."""
    if row.truth is None or not row.truth.strip():
        return None
    return Candidate(row.truth, made_by={"truth": True})


def model_of(row: Candidates, candidate: Candidate) -> str:
    """Return the name of the model that wrote a candidate; "" where it is not known.

    It is `made_by["model"]` of the candidate, else of the row.

    >>> row = Candidates("r", [], [Candidate("yes")], made_by={"model": "qwen"})
    >>> model_of(row, row.candidates[0]), model_of(row, Candidate("no", made_by={"model": "tiny"}))
    ('qwen', 'tiny')
    """
    return str(candidate.made_by.get("model") or row.made_by.get("model") or "")


def heard_as(candidate: Candidate, other: Candidate) -> Candidate:
    """Return a candidate as an answer to the clip that another one answers."""
    return candidate if candidate.audio == other.audio else replace(candidate, audio=other.audio)


def text_of(candidate: Candidate) -> str:
    """Return what a candidate says.

    Raises:
        InputError: it has a part that is not text.
    """
    if isinstance(candidate.content, str):
        return candidate.content
    texts = [part.get("text") for part in candidate.content if part.get("type") == "text"]
    if len(texts) < len(candidate.content) or not all(isinstance(text, str) for text in texts):
        raise InputError("an answer that is not text alone, which a pair cannot hold")
    return "".join(map(str, texts))
