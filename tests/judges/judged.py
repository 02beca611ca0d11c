"""What the tests of judges share: cases, and the scores that a judge gives them."""

from earmark.judges.choose import chosen_judges
from earmark.judges.judge import Answer, Case


def case(*answers, truths=(), prompt=(), **facts):
    truths = (truths,) if isinstance(truths, str) else tuple(truths)
    made = tuple(a if isinstance(a, Answer) else Answer(a) for a in answers)
    return Case("row", list(prompt), made, truths, facts=facts)


def scores(by, *answers, truths=(), **more):
    """Return what a judge gives the answers of one case."""
    (chosen,) = chosen_judges(by)
    (found,) = chosen.judge.score([case(*answers, truths=truths, **more)])
    return list(found)
