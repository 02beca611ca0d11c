"""chrF of one answer, by sacrebleu."""

from typing import Any

from earmark.judges.judge import Judge
from earmark.judges.text.overlap import sacrebleu_judge


def chrf(*, word_order: int = 0) -> Judge:
    """Score an answer by sentence chrF against the right answers, from 0 to 1 (sacrebleu).

    Args:
        word_order: 0 is chrF, 2 is chrF++.

    Raises:
        ImportError: sacrebleu is not installed.
    """

    def make(metrics: Any) -> Any:
        return metrics.CHRF(word_order=word_order)

    return sacrebleu_judge("chrf", make)
