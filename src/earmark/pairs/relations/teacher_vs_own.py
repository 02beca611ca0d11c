"""A teacher's answer against the model's own: RBA-Single."""

from earmark.pairs.relations.relation import (
    NO_TRUTH,
    MaybeModel,
    Preferred,
    Verdicts,
    heard_as,
    model_of,
    of_prompt,
    truth_of,
)
from earmark.records import Candidates

NO_TEACHER = "no answer of the teacher"
NO_OWN = "no answer of the model's own"


def teacher_vs_own(row: Candidates, *, teacher: MaybeModel = "", own: MaybeModel = "") -> Verdicts:
    """Prefer the teacher's answer to each of the model's own, both to the clip of the latter.

    RBA-Single (arXiv 2509.03526): chosen is the teacher's answer to the text of the instruction,
    rejected is the model's own answer to a clip of it, for each of the voices. No reward model.

    >>> from earmark.records import Candidate
    >>> heard = [Candidate("hm", audio="v1.flac"), Candidate("what", audio="v2.flac")]
    >>> found = teacher_vs_own(Candidates("r", [], heard, truth="Paris"))
    >>> [(v.chosen.content, v.chosen.audio, v.rejected.content) for v in found]
    [('Paris', 'v1.flac', 'hm'), ('Paris', 'v2.flac', 'what')]

    Args:
        row: a prompt with its candidates.
        teacher: the model (`made_by.model`) whose first answer is chosen; without, the row's truth.
        own: the model whose answers are rejected; without, all but the teacher's.
    """
    if teacher:
        chosen = next((c for c in row.candidates if model_of(row, c) == teacher), None)
    else:
        chosen = truth_of(row)
    if chosen is None:
        yield of_prompt(NO_TEACHER if teacher else NO_TRUTH)
        return
    found = False
    for each in row.candidates:
        name = model_of(row, each)
        if name == own if own else not teacher or name != teacher:
            found = True
            yield Preferred(heard_as(chosen, each), each)
    if not found:
        yield of_prompt(NO_OWN)
