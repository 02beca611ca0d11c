"""How far the length of an answer is from the wanted one. Also the control of every other judge."""

from math import log

from earmark.errors import KnobError
from earmark.judges.judge import Answer, Case, Judge, by_answer, text_of, version_of
from earmark.text import tokenize


def length(*, tokens: int = 0) -> Judge:
    """Score an answer by minus |ln((1 + its tokens) / (1 + the truth's tokens))|.

    Args:
        tokens: the wanted length; 0 takes that of the truth.

    Raises:
        KnobError: a length below 0.
    """
    if tokens < 0:
        raise KnobError(f"tokens should be 0 or more, found {tokens}")

    def one(case: Case, answer: Answer) -> float:
        wanted = tokens or len(tokenize(case.truth))
        return -abs(log((1 + len(tokenize(text_of(answer)))) / (1 + wanted))) + 0.0

    return by_answer("length", version_of(1, tokens=tokens or "truth"), one)
