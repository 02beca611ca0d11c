"""Pairs mined from a model: rejected is what it wrote itself, where the cascade finds a failure.

Failures are mined whatever their size, ordinary and phonetic errors where there are many.

DiaWhisper-DPO finds a few hundred such pairs worth more than synthetic ones against loops.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.failures import MODES
from earmark.failures.cascade import LABELS, Failure, name_failure
from earmark.failures.choose import NO_MODES, choose_mode, try_out
from earmark.failures.evidence import Evidence
from earmark.failures.features import features_of
from earmark.failures.mode import Mode
from earmark.failures.surface import surface_of
from earmark.pairs.defaults import LEAST_ERRORS, MINED
from earmark.pairs.rows import Plan, Rejected, rng_for, rows_of
from earmark.pairs.tally import Tally
from earmark.records import Hypothesis, Pair, Utterance
from earmark.text.align import Block, align_blocks
from earmark.text.normalize.traditional import in_script_of
from earmark.translators.dictionaries.dictionary import Dictionary

FEW_ERRORS = "fewer errors than the least share"
# What is wrong with these is their form, which a truth's style would hide.
STYLES_OF_THEIR_OWN = ("format", "empty")
NO_HYPOTHESIS = "no hypothesis for the utterance"
SET_ASIDE = "set aside when it was transcribed"
CUT = "cut at the token cap, so that its failure may be the cap's"


class Mining(NamedTuple):
    """Which labels count as failures, and the dictionary that helps to distinguish them.

    Answers whose label is `error` are mined where their mixed error rate, a fraction, is at least
    `least_errors`. `own` are failure modes of the user's own, by name; they are looked for before
    the others. With `match_style`, rejected answers have case, punctuation, spacing and script of
    the truth, so that training does not learn those.
    """

    labels: tuple[str, ...] = MINED
    dictionary: Dictionary | None = None
    own: Mapping[str, Mode] = NO_MODES
    least_errors: float = LEAST_ERRORS
    match_style: bool = False

    def knobs(self) -> dict[str, Any]:
        """Return what is kept of it in each pair's `made_by`."""
        knobs: dict[str, Any] = {"labels": [*self.labels, *self.own]}
        if "error" in self.labels:
            knobs["least_errors"] = self.least_errors
        if self.match_style:
            knobs["match_style"] = True
        if self.dictionary is not None:
            knobs["dictionary"] = self.dictionary.signature
        return knobs


def make_mining(
    labels: Sequence[str],
    dictionary: Dictionary | None = None,
    own: Mapping[str, Mode] = NO_MODES,
    *,
    least_errors: float = LEAST_ERRORS,
    match_style: bool = False,
) -> Mining:
    """Sort labels into those of the cascade and modes of the user's own (`module:name`).

    Raises:
        KnobError: an unknown label, a mode that does not detect what it imitates, or a least
            share of errors that is negative or not finite.
    """
    if not 0 <= least_errors < math.inf:
        raise KnobError(
            f"--least-errors {least_errors}: expected a rate, 0 or more (0.2 is one error in five "
            "words or characters)"
        )
    found = {label: choose_mode(label) for label in labels if ":" in label}
    found |= own
    for name, mode in found.items():
        try_out(name, mode)
    known = check_labels([each for each in labels if ":" not in each])
    return Mining(known, dictionary, found, least_errors, match_style)


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
        written = (system.get(utterance.id) for system in hypotheses)
        rejected = [
            one
            for hypothesis in written
            if (one := _rejected(utterance.text or "", hypothesis, mining, tally)) is not None
        ]
        yield from rows_of(utterance, rejected, plan, rng_for(plan.seed, utterance.id), tally)


def _rejected(
    truth: str, hypothesis: Hypothesis | None, mining: Mining, tally: Tally
) -> Rejected | None:
    """Return what a system wrote as a rejected answer; None, tallied, where it is not mined."""
    if hypothesis is None or hypothesis.set_aside is not None:
        tally.drop("any", NO_HYPOTHESIS if hypothesis is None else SET_ASIDE)
        return None
    mode = own_mode(truth, hypothesis.text, mining)
    if mode is not None:
        failure = failure_of(mining.own[mode], truth, hypothesis.text, mining.dictionary)
        why = None
    else:
        failure, errors = _named(truth, hypothesis, mining.dictionary)
        why = _why_not(failure, errors, mining)
    name = mode or mode_name(failure)
    if why is None and hypothesis.cut and name != "loop":
        why = CUT
    if why is not None:
        tally.drop(failure.label, why)
        return None
    if mining.match_style and failure.label not in STYLES_OF_THEIR_OWN:
        text = in_style_of(truth, hypothesis.text)
    else:
        text = hypothesis.text if hypothesis.raw_text is None else hypothesis.raw_text
    return Rejected(text, name, failure._asdict())


def in_style_of(truth: str, answer: str) -> str:
    """Write an answer with the truth's case, punctuation, spacing and script; its words stay.

    >>> in_style_of("我们 go home", "我们 Go to a home."), in_style_of("這個 design", "这个丢赛")
    ('我们 go to a home', '這個丟賽')
    """
    return in_script_of(truth, surface_of(truth).dress(answer))


def _named(
    truth: str, hypothesis: Hypothesis, dictionary: Dictionary | None
) -> tuple[Failure, float]:
    """Name the failure of an answer; return it with its mixed error rate."""
    said, written = surface_of(truth).tokens, surface_of(hypothesis.text).tokens
    blocks = align_blocks(said, written)
    failure = name_failure(
        truth,
        hypothesis.text,
        raw=hypothesis.raw_text,
        dictionary=dictionary,
        blocks=blocks,
        truth_tokens=said,
        hyp_tokens=written,
    )
    return failure, count_errors(blocks) / max(1, len(said))


def count_errors(blocks: Sequence[Block]) -> int:
    """Count the edits of an alignment.

    >>> count_errors([("equal", 0, 1, 0, 1), ("replace", 1, 2, 1, 2), ("insert", 2, 2, 2, 4)])
    3
    """
    return sum(max(t1 - t0, h1 - h0) for tag, t0, t1, h0, h1 in blocks if tag != "equal")


def _why_not(failure: Failure, errors: float, mining: Mining) -> str | None:
    """Return why an answer is not mined; None where it is."""
    if failure.label not in mining.labels:
        return "not a failure that is mined"
    return FEW_ERRORS if failure.label == "error" and errors < mining.least_errors else None


def own_mode(truth: str, hyp: str, mining: Mining) -> str | None:
    """Return the first of the user's own failure modes that an answer has."""
    if not mining.own:
        return None
    evidence = Evidence(truth, hyp, dictionary=mining.dictionary)
    return next((name for name, mode in mining.own.items() if mode.detect(evidence)), None)


def failure_of(mode: Mode, truth: str, hyp: str, dictionary: Dictionary | None) -> Failure:
    """Name a failure after a mode of the user's own."""
    evidence = Evidence(truth, hyp, dictionary=dictionary)
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
