"""Keep the pairs of prompts whose refined answer is the best one by both criteria (SPA)."""

from collections.abc import Iterator

from earmark.curate.fields import Missing, unscored
from earmark.curate.prompt_groups import Criteria, best_place, by_prompt, key_of, two_criteria
from earmark.curate.settled import settled
from earmark.curate.verdict import Drop, Keep, Stream, Verdict


def consistency(pairs: Stream, *, criteria: str, missing: Missing = "stop") -> Iterator[Verdict]:
    """Keep pairs of prompts that have an answer strictly above all others on two criteria.

    SPA (arXiv 2511.06222) keeps a prompt where its refined answer is above every sampled one on
    both. Departure: pairs do not say which answer was refined, so any answer may be the best; a
    prompt whose best answer was sampled passes here and not there.

    A pair that passed has a record of it, since later steps may drop its best answer.

    Args:
        pairs: all answers of a prompt count, in one pair or several.
        criteria: two criteria with a plus sign, the one with priority first.
        missing: whether a pair without scores stops the work or is dropped.

    Raises:
        KnobError: not two criteria.

    >>> from earmark.records import Pair
    >>> pair = Pair("p", [], "a", ["b"], scores={"safe": [2, 1], "helpful": [1, 1]})
    >>> [verdict.why for verdict in consistency([pair], criteria="safe+helpful")]
    ['no answer of the prompt is the best by both safe and helpful']
    """
    return _verdicts(pairs, two_criteria(criteria), missing)


def _verdicts(pairs: Stream, criteria: Criteria, missing: Missing) -> Iterator[Verdict]:
    step = {"by": "consistency", "criteria": "+".join(criteria)}
    best = by_prompt(
        pairs,
        criteria,
        missing,
        lambda pair: settled(pair, step) is not None,
        lambda scores: float(best_place(scores) is not None),
    )
    for pair in pairs:
        if settled(pair, step) is not None:
            yield Keep(pair)
        elif drop := next(filter(None, (unscored(pair, name, missing) for name in criteria)), None):
            yield drop
        elif best[key_of(pair)]:
            yield Keep(pair, step)
        else:
            names = " and ".join(criteria)
            yield Drop(pair, f"no answer of the prompt is the best by both {names}")
