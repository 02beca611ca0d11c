"""The answer of the data set against a weaker model's: TinyLLM."""

from earmark.pairs.relations.relation import (
    NO_TRUTH,
    MaybeModel,
    Model,
    Preferred,
    SomeCriterion,
    Verdicts,
    heard_as,
    model_of,
    no_score,
    of_candidate,
    of_prompt,
    text_of,
    truth_of,
)
from earmark.records import Candidates

NO_WEAK = "no answer of the weak model"
NO_STRONG = "no answer of the strong model"


def weak_model(
    row: Candidates,
    *,
    weak: Model,
    strong: MaybeModel = "",
    judged: SomeCriterion = "",
    right: float = 1.0,
) -> Verdicts:
    """Prefer the data set's answer, or a strong model's, to that of a weak model.

    TinyLLM (arXiv 2511.22138): chosen is the response of the data set, rejected is TinyLlama's
    response to the same prompt, then validated by hand.

    Inferred: a weak answer is left out where it is empty, equals the chosen one once normalised, or
    is judged right. Departure: a criterion stands for the paper's validation by hand.

    >>> from earmark.records import Candidate
    >>> made = [("f(x=1)", "tiny", 0.0), ("f(y=2)", "tiny", 1.0), ("g()", "big", 0.0)]
    >>> answers = [Candidate(t, {"ast": s}, made_by={"model": m}) for t, m, s in made]
    >>> row = Candidates("r", [], answers, truth="f(y=2)")
    >>> found = weak_model(row, weak="tiny", judged="ast")
    >>> [(v.chosen.content, v.rejected.content) if len(v) == 2 else v.why for v in found]
    [('f(y=2)', 'f(x=1)'), 'judged right']

    Args:
        row: a prompt with its candidates.
        weak: the model (`made_by.model`) whose answers are rejected.
        strong: the model whose first answer is chosen; without, the row's truth.
        judged: a criterion that says whether a weak answer is right.
        right: it is right where its score is at least this.
    """
    if strong:
        chosen = next((c for c in row.candidates if model_of(row, c) == strong), None)
    else:
        chosen = truth_of(row)
    if chosen is None:
        yield of_prompt(NO_STRONG if strong else NO_TRUTH)
        return
    found = [each for each in row.candidates if model_of(row, each) == weak]
    for each in found:
        if not text_of(each).strip():
            yield of_candidate("an empty answer", each)
        elif judged and judged not in each.scores:
            yield of_candidate(no_score(judged), each)
        elif judged and each.scores[judged] >= right:
            yield of_candidate("judged right", each)
        else:
            yield Preferred(heard_as(chosen, each), each)
    if not found:
        yield of_prompt(NO_WEAK)
