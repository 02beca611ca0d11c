"""Keep the pairs about which all criteria agree."""

from collections.abc import Iterator

from earmark.curate.fields import Missing, names_in, scores_of, unscored
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import KnobError
from earmark.records import Pair


def unanimous(
    pairs: Stream, *, criteria: str = "", margin: float = 0.0, missing: Missing = "stop"
) -> Iterator[Verdict]:
    """Keep pairs whose chosen answer is above every rejected one by every criterion.

    Strict Pareto dominance, as GenSR-Pref (arXiv 2508.17229) builds its pairs.

    Args:
        pairs: each needs scores for the criteria.
        criteria: names of scores with plus signs; nothing takes all that a pair has.
        margin: how far above the chosen answer must be at least; equal is never enough.
        missing: whether a pair without scores stops the work or is dropped.

    Raises:
        KnobError: a margin below 0.

    >>> pair = Pair("p", [], "a", "b", scores={"safe": [2, 1], "helpful": [1, 1]})
    >>> [verdict.why for verdict in unanimous([pair], criteria="safe+helpful")]
    ['helpful does not put the chosen answer first: 1 against 1']
    """
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not margin >= 0:
        raise KnobError(f"margin should be a number from 0, found {margin!r}")
    return (_judge(pair, names_in(criteria), margin, missing) for pair in pairs)


def _judge(pair: Pair, criteria: tuple[str, ...], margin: float, missing: Missing) -> Verdict:
    names = criteria or tuple(sorted(pair.scores))
    if not names:
        return Drop(pair, "has no scores")
    for name in names:
        if drop := unscored(pair, name, missing):
            return drop
        chosen, rejected = scores_of(pair, name)
        ahead = chosen - max(rejected)
        if ahead <= 0 or ahead < margin:
            first = (
                "put the chosen answer first" if ahead <= 0 else f"set the sides {margin:g} apart"
            )
            return Drop(pair, f"{name} does not {first}: {chosen:g} against {max(rejected):g}")
    return Keep(pair)
