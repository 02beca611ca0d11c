"""Pairs mined from a model: rejected is what it wrote itself, where the cascade finds a failure.

DiaWhisper-DPO finds a few hundred such pairs worth more than synthetic ones against loops.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.failures import MODES
from earmark.failures.cascade import LABELS, Failure, name_failure
from earmark.failures.choose import NO_MODES, choose_mode, try_out
from earmark.failures.evidence import Evidence
from earmark.failures.features import features_of
from earmark.failures.mode import Mode
from earmark.pairs.rows import Plan, Rejected, rng_for, rows_of
from earmark.pairs.tally import Tally
from earmark.records import Hypothesis, Pair, Utterance
from earmark.translators.dictionary import Dictionary

FAILURES = ("omission", "translation", "hallucination", "format", "empty")
NO_HYPOTHESIS = "no hypothesis for the utterance"
SET_ASIDE = "set aside when it was transcribed"
CUT = "cut at the token cap, so that its failure may be the cap's"


class Mining(NamedTuple):
    """Which labels count as failures, and the lexicon that helps to distinguish them.

    `own` are failure modes of the user's own, by name; they are looked for before the others.
    """

    labels: tuple[str, ...] = FAILURES
    lexicon: Dictionary | None = None
    own: Mapping[str, Mode] = NO_MODES

    @property
    def names(self) -> list[str]:
        """Return all that is mined, by name."""
        return [*self.labels, *self.own]


def make_mining(
    labels: Sequence[str], lexicon: Dictionary | None = None, own: Mapping[str, Mode] = NO_MODES
) -> Mining:
    """Sort labels into those of the cascade and modes of the user's own (`module:name`).

    Raises:
        KnobError: an unknown label, or a mode that does not detect what it imitates.
    """
    found = {label: choose_mode(label) for label in labels if ":" in label}
    found |= own
    for name, mode in found.items():
        try_out(name, mode)
    return Mining(check_labels([each for each in labels if ":" not in each]), lexicon, found)


def parse_labels(text: str) -> tuple[str, ...]:
    """Read labels such as `omission,translation`, or `module:name` of a mode of the user's own.

    Raises:
        KnobError: a label that the cascade does not give, or `ok`, which is no failure.
    """
    labels = tuple(part.strip() for part in text.split(","))
    check_labels([label for label in labels if ":" not in label])
    return labels


def check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return labels of the cascade.

    Raises:
        KnobError: a label that the cascade does not give, or `ok`, which is no failure.
    """
    known = [label for label in LABELS if label != "ok"]
    for label in labels:
        if label not in known:
            raise KnobError(f"labels: unknown failure '{label}'; {did_you_mean(label, known)}")
    return tuple(labels)


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
            if hypothesis.set_aside is not None:
                tally.drop("any", SET_ASIDE)
                continue
            raw = hypothesis.raw_text
            truth = utterance.text or ""
            mode = own_mode(truth, hypothesis.text, mining)
            if mode is not None:
                failure = failure_of(mining.own[mode], truth, hypothesis.text, mining.lexicon)
            else:
                failure = name_failure(truth, hypothesis.text, raw=raw, lexicon=mining.lexicon)
                if failure.label not in mining.labels:
                    tally.drop(failure.label, "not a failure that is mined")
                    continue
            name = mode or mode_name(failure)
            if hypothesis.cut and name != "loop":
                tally.drop(failure.label, CUT)
                continue
            written = hypothesis.text if raw is None else raw
            rejected.append(Rejected(written, name, failure._asdict()))
        yield from rows_of(utterance, rejected, plan, rng_for(plan.seed, utterance.id), tally)


def own_mode(truth: str, hyp: str, mining: Mining) -> str | None:
    """Return the first of the user's own failure modes that an answer has."""
    if not mining.own:
        return None
    evidence = Evidence(truth, hyp, lexicon=mining.lexicon)
    return next((name for name, mode in mining.own.items() if mode.detect(evidence)), None)


def failure_of(mode: Mode, truth: str, hyp: str, lexicon: Dictionary | None) -> Failure:
    """Name a failure after a mode of the user's own."""
    evidence = Evidence(truth, hyp, lexicon=lexicon)
    return Failure(mode.label, mode.detail, features_of(evidence))


def mode_name(failure: Failure) -> str:
    """Return the name of the failure mode that a label and its detail stand for.

    >>> mode_name(Failure("translation", "global", {}))
    'global_translation'
    >>> mode_name(Failure("error", "ordinary", {}))
    'error'
    """
    names = (n for n, m in MODES.items() if (m.label, m.detail) == (failure.label, failure.detail))
    return next(names, failure.label)
