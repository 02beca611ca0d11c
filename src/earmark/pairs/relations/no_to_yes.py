"""From no to yes: the attempts before a verifier is satisfied against the one that satisfies it."""

from earmark.pairs.relations.relation import (
    NO_ANSWER,
    Criteria,
    Preferred,
    Verdicts,
    of_candidate,
    of_prompt,
)
from earmark.records import Candidates


def no_to_yes(row: Candidates, *, by: Criteria = (), yes: float = 1.0) -> Verdicts:
    """Prefer the first attempt that meets all conditions to each attempt before it.

    SuperIntelliAgent (arXiv 2511.23436): a verifier scores each attempt on every condition of the
    prompt; on a No-to-Yes trajectory each earlier, failing attempt is a rejected answer and the
    final one the chosen. A trajectory that never succeeds is discarded, and a first attempt that
    succeeds makes no pair. Candidates are attempts in their order; what comes after the first
    success is no part of the trajectory.

    >>> from earmark.records import Candidate
    >>> tries = [("a", 0), ("b", 0.5), ("c", 1), ("d", 0)]
    >>> row = Candidates("r", [], [Candidate(text, {"holds": n}) for text, n in tries])
    >>> found = no_to_yes(row, by=("holds",))
    >>> [v.chosen.content + v.rejected.content if len(v) == 2 else v.why for v in found]
    ['ca', 'cb', 'after the first success']

    Args:
        row: a prompt with its attempts, in their order.
        by: the conditions, one criterion each; where none is named, all that the file has.
        yes: a condition is met where its score is at least this.
    """
    met = [all(each.scores[name] >= yes for name in by) for each in row.candidates]
    if True not in met:
        yield of_prompt("no attempt succeeds" if met else NO_ANSWER)
        return
    final = met.index(True)
    if final == 0:
        yield of_prompt("the first attempt succeeds")
    for each in row.candidates[:final]:
        yield Preferred(row.candidates[final], each)
    for each in row.candidates[final + 1 :]:
        yield of_candidate("after the first success", each)
