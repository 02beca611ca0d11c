"""Pairs mined from a model: rejected is what it wrote itself, where the cascade finds a failure.

DiaWhisper-DPO finds a few hundred such pairs worth more than synthetic ones against loops.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.failures import MODES
from earmark.failures.cascade import LABELS, Failure, name_failure
from earmark.pairs.rows import Plan, Rejected, rng_for, rows_of
from earmark.pairs.tally import Tally
from earmark.records import Hypothesis, Pair, Utterance
from earmark.translators.lexicon import Lexicon

FAILURES = ("omission", "translation", "hallucination", "format", "empty")
NO_HYPOTHESIS = "no hypothesis for the utterance"
CUT = "cut at the token cap, so that its failure may be the cap's"


class Mining(NamedTuple):
    """Which labels count as failures, and the lexicon that helps to tell them apart."""

    labels: tuple[str, ...] = FAILURES
    lexicon: Lexicon | None = None


def parse_labels(text: str) -> tuple[str, ...]:
    """Read labels such as `omission,translation`.

    Raises:
        KnobError: a label that the cascade does not give, or `ok`, which is no failure.
    """
    labels = tuple(part.strip() for part in text.split(","))
    known = [label for label in LABELS if label != "ok"]
    for label in labels:
        if label not in known:
            raise KnobError(f"labels: unknown failure '{label}'; {did_you_mean(label, known)}")
    return labels


def mine_pairs(
    utterances: Iterable[Utterance],
    hypotheses: Sequence[Mapping[str, Hypothesis]],
    mining: Mining,
    plan: Plan,
    tally: Tally,
) -> Iterator[Pair]:
    """Yield pairs whose rejected answers are a model's own, with the label and its features.

    `hypotheses` has one mapping, utterance id to hypothesis, for each system. The rejected
    text is the model's raw output when that is known: it is what the model must unlearn. Of
    answers that were cut at the token cap only loops are mined: the cap is how a loop ends, but
    what else such an answer lacks the model may have been about to write.
    """
    for utterance in utterances:
        tally.utterances += 1
        rejected = []
        for system in hypotheses:
            hypothesis = system.get(utterance.id)
            if hypothesis is None:
                tally.drop("any", NO_HYPOTHESIS)
                continue
            raw = hypothesis.raw_text
            truth = utterance.text or ""
            failure = name_failure(truth, hypothesis.text, raw=raw, lexicon=mining.lexicon)
            if failure.label not in mining.labels:
                tally.drop(failure.label, "not a failure that is mined")
                continue
            if hypothesis.cut and mode_name(failure) != "loop":
                tally.drop(failure.label, CUT)
                continue
            written = hypothesis.text if raw is None else raw
            rejected.append(Rejected(written, mode_name(failure), failure._asdict()))
        yield from rows_of(utterance, rejected, plan, rng_for(plan.seed, utterance.id), tally)


def mode_name(failure: Failure) -> str:
    """Return the name of the failure mode that a label and its detail stand for.

    >>> mode_name(Failure("translation", "global", {}))
    'global_translation'
    >>> mode_name(Failure("error", "ordinary", {}))
    'error'
    """
    names = (n for n, m in MODES.items() if (m.label, m.detail) == (failure.label, failure.detail))
    return next(names, failure.label)
