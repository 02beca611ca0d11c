"""A model's draft against the truth: the pairs of domain adaptation with CPO."""

from earmark.errors import KnobError
from earmark.pairs.relations.relation import (
    NO_ANSWER,
    NO_TRUTH,
    Preferred,
    Verdicts,
    of_candidate,
    of_prompt,
    text_of,
    truth_of,
)
from earmark.records import Candidates
from earmark.text import tokenize
from earmark.text.align import align

DRAFTS = ("first", "all")


def draft_vs_truth(row: Candidates, *, drafts: str = "first", least_edits: float = 0.0) -> Verdicts:
    """Prefer the truth to what the model wrote itself.

    MT domain adaptation with CPO (arXiv 2510.27556): for an entry (x, y*) of a translation memory,
    rejected is the base model's own raw output on x, and chosen is y*. Drafts that equal the truth
    once normalised are left out. Decode greedily, and draft again when the model has changed.

    Inferred: `least_edits`; the paper says nothing of near drafts.

    >>> from earmark.records import Candidate
    >>> row = Candidates("r", [], [Candidate("go home"), Candidate("come")], truth="we go home")
    >>> [(v.chosen.content, v.rejected.content) for v in draft_vs_truth(row)]
    [('we go home', 'go home')]

    Args:
        row: a prompt with the truth and the drafts.
        drafts: first, or all: a pair for each.
        least_edits: leave out drafts with fewer edits than this share of the truth's tokens.

    Raises:
        KnobError: `drafts` is neither, or `least_edits` is below 0.
    """
    if drafts not in DRAFTS or least_edits < 0:
        found = f"drafts={drafts}, least_edits={least_edits}"
        raise KnobError(
            f"draft_vs_truth: expected drafts=first or all, least_edits of 0 or more, found {found}"
        )
    truth = truth_of(row)
    if truth is None or not row.candidates:
        yield of_prompt(NO_TRUTH if truth is None else NO_ANSWER)
        return
    for draft in row.candidates[: 1 if drafts == "first" else None]:
        if least_edits and edit_rate(text_of(truth), text_of(draft)) < least_edits:
            yield of_candidate(f"edits below {least_edits:g} of the truth's tokens", draft)
        else:
            yield Preferred(truth, draft)


def edit_rate(truth: str, draft: str) -> float:
    """Return the edits from one text to the other, as a fraction of the first one's tokens.

    >>> edit_rate("we go home", "we come home")
    0.3333333333333333
    """
    said = tokenize(truth)
    edits = sum(edit.kind != "hit" for edit in align(said, tokenize(draft)))
    return edits / max(1, len(said))
