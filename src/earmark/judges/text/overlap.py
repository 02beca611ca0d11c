"""Sentence scores of sacrebleu, an optional package, with its own signature."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from earmark.judges.judge import Answer, Case, Judge, Unscored, by_answer, text_of, version_of

PER_CENT = 100


def sacrebleu_judge(name: str, make: Callable[[Any], Any]) -> Judge:
    """Make a judge from a metric of sacrebleu's; scores are fractions of 1.

    Args:
        name: of the judge.
        make: from sacrebleu's `metrics` to the metric.

    Raises:
        ImportError: sacrebleu is not installed.
    """
    metric = make(import_module("sacrebleu.metrics"))

    def one(case: Case, answer: Answer) -> float:
        if not any(truth.strip() for truth in case.truths):
            raise Unscored("no truth with a word is known; give the row a field 'truth'")
        found = metric.sentence_score(text_of(answer), list(case.truths))
        return min(1.0, float(found.score) / PER_CENT)  # 100.00000000000004 occurs

    # The number of references differs from row to row, and the signature wants one.
    metric.num_refs = "var"
    return by_answer(name, version_of(1, sacrebleu=metric.get_signature()), one)
