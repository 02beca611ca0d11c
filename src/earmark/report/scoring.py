"""Score a test set for a report: every system once, each compared with the first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from earmark.errors import KnobError, did_you_mean
from earmark.evaluate.bootstrap import STANDARD, Resampling, Unit
from earmark.evaluate.compare import compare
from earmark.evaluate.score import Score, SetAside, score, set_aside_in
from earmark.report.test_set import Outcome, ScoredSet, TestSet
from earmark.text.profiles import Profile
from earmark.translators.dictionaries.choose import DEFAULT
from earmark.translators.dictionaries.dictionary import Dictionary

SFT = "sft"


def score_set(
    test_set: TestSet,
    *,
    profile: str | Profile = "default",
    over: Unit | Literal["auto"] = "auto",
    resampling: Resampling = STANDARD,
    dictionary: str | Path | Dictionary | None = DEFAULT,
    unmatched: Literal["stop", "skip"] = "stop",
    set_aside: SetAside = "leave-out",
    strip_marks: Sequence[str] = (),
    workers: int = 1,
    control: str | None = None,
) -> ScoredSet:
    """Score every system of a test set; the other options are those of `earmark.evaluate.score`.

    `control` is the system that was trained without preference, with which the others are
    compared too; default: the one called `sft`, if there is one after the first.

    Raises:
        InputError: what `score` refuses, or systems whose scores cannot be compared.
        KnobError: `control` is not one of the systems after the first.
    """
    control = control_of(list(test_set.hyps), control)
    scores = {
        system: score(
            test_set.truths,
            hyps,
            profile=profile,
            over=over,
            resampling=resampling,
            dictionary=dictionary,
            unmatched=unmatched,
            set_aside=set_aside,
            workers=workers,
            leave_out=set_aside_in(*test_set.hyps.values()),
            strip_marks=strip_marks,
            progress=True,
        )
        for system, hyps in test_set.hyps.items()
    }
    first, *others = scores
    return ScoredSet(
        test_set,
        profile,
        {system: result.to_dict() for system, result in scores.items()},
        {system: compare(scores[first], scores[system]).to_dict() for system in others},
        _outcomes(scores),
        control,
        {
            system: compare(scores[control], scores[system]).to_dict()
            for system in others
            if control is not None and system != control
        },
    )


def control_of(systems: Sequence[str], control: str | None) -> str | None:
    """Return the control: as named, or the system called `sft`, or None.

    >>> control_of(["base", "SFT", "dpo"], None), control_of(["base", "dpo"], None)
    ('SFT', None)

    Raises:
        KnobError: `control` is not one of the systems after the first.
    """
    others = systems[1:]
    if control is None:
        return next((system for system in others if system.casefold() == SFT), None)
    if control not in others:
        expected = did_you_mean(control, others) if others else "there is no other system"
        raise KnobError(f"the control '{control}' is not a system after the first; {expected}")
    return control


def _outcomes(scores: dict[str, Score]) -> dict[str, dict[str, Outcome]]:
    """Gather what examples are chosen by: utterance id -> system -> outcome."""
    outcomes: dict[str, dict[str, Outcome]] = {}
    for system, result in scores.items():
        for row in result.rows:
            outcomes.setdefault(row.id, {})[system] = Outcome(
                row.counts.errors,
                row.counts.truth_tokens,
                row.failure.label,
                row.failure.detail,
            )
    return outcomes
