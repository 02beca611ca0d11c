"""BLEU of one answer, by sacrebleu."""

from typing import Any

from earmark.judges.judge import Judge
from earmark.judges.text.overlap import sacrebleu_judge


def bleu(*, tokenize: str = "zh") -> Judge:
    """Score an answer by sentence BLEU against the right answers, from 0 to 1 (sacrebleu).

    With the effective order, since a short answer has no 4-gram.

    Args:
        tokenize: sacrebleu's tokenizer; `zh` splits Han characters and treats the rest as `13a`.

    Raises:
        ImportError: sacrebleu is not installed.
    """

    def make(metrics: Any) -> Any:
        return metrics.BLEU(tokenize=tokenize, effective_order=True)

    return sacrebleu_judge("bleu", make)
