"""Whether an answer is a right one, word by word, as spoken question answering compares them."""

from earmark.judges.judge import Answer, Case, Judge, Unscored, by_answer, text_of, version_of
from earmark.judges.text.spoken_answer import answer_tokens


def exact_match() -> Judge:
    """Score an answer by 1 if it is a right one once both are normalised, else by 0."""
    return by_answer("exact_match", version_of(1), _one)


def _one(case: Case, answer: Answer) -> float:
    if not case.truths:
        raise Unscored("no truth is known; give the row a field 'truth'")
    written = answer_tokens(text_of(answer))
    return float(any(answer_tokens(truth) == written for truth in case.truths))
