"""Whether an answer repeats itself as the truth does not (`earmark.text.loops`)."""

from earmark.judges.judge import Answer, Case, Judge, by_answer, text_of, version_of
from earmark.text import tokenize
from earmark.text.loops import is_loop


def loop() -> Judge:
    """Score an answer that loops by -1, any other by 0; without a truth, repetition alone counts.

    What the truth repeats may be repeated.
    """
    return by_answer("loop", version_of(1), _one)


def _one(case: Case, answer: Answer) -> float:
    text, truth = text_of(answer), case.truths[0] if case.truths else ""
    return -1.0 if is_loop(text, tokenize(text), truth, tokenize(truth)) else 0.0
