"""Score a test set for a report: every system once, each compared with the first."""

from typing import Literal

from earmark.evaluate.bootstrap import STANDARD, Resampling, Unit
from earmark.evaluate.compare import compare
from earmark.evaluate.score import Score, score
from earmark.report.test_set import Outcome, ScoredSet, TestSet
from earmark.translators.lexicon import Lexicon


def score_set(
    test_set: TestSet,
    *,
    profile: str = "default",
    over: Unit | Literal["auto"] = "auto",
    resampling: Resampling = STANDARD,
    lexicon: Lexicon | None = None,
    unmatched: Literal["stop", "skip"] = "stop",
) -> ScoredSet:
    """Score every system of a test set; the options are those of `earmark.evaluate.score`.

    Raises:
        InputError: what `score` refuses, or systems whose scores cannot be compared.
    """
    scores = {
        system: score(
            test_set.truths,
            hyps,
            profile=profile,
            over=over,
            resampling=resampling,
            lexicon=lexicon,
            unmatched=unmatched,
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
    )


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
