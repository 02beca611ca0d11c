"""The answers of a test set as columns of numbers, over which every sum is one line of numpy.

This is for speed alone: `text/codeswitching.py` has the same measures for one text in plain
words, and tests hold the two equal.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from earmark.metrics.answer import Answer
from earmark.records import Counts

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]

Z, E, OTHER = (ord(letter) for letter in "zeo")
LANGUAGE_LETTERS = {"zh": Z, "en": E, "other": OTHER}


def _letters(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Write texts of ASCII letters one after the other as one array of their codes."""
    return np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8)


class Side:
    """The languages of all tokens of one side, and of which utterance each token is."""

    def __init__(self, codes: Sequence[str]) -> None:
        self.utterances = len(codes)
        self.letters = _letters(codes)
        self.lengths = np.array([len(code) for code in codes], dtype=np.int64)
        self.utterance = np.repeat(np.arange(self.utterances), self.lengths)

    def per_utterance(self, tokens: Mask) -> Numbers:
        """Count the marked tokens of each utterance."""
        return np.bincount(self.utterance[tokens], minlength=self.utterances)

    @cached_property
    def zh(self) -> Numbers:
        """Count Mandarin tokens per utterance."""
        return self.per_utterance(self.letters == Z)

    @cached_property
    def en(self) -> Numbers:
        """Count English tokens per utterance."""
        return self.per_utterance(self.letters == E)

    @cached_property
    def is_mixed(self) -> Mask:
        """Mark the utterances that hold both languages."""
        return (self.zh > 0) & (self.en > 0)

    @cached_property
    def _spoken(self) -> Numbers:
        """List the tokens that have a language."""
        return np.flatnonzero(self.letters != OTHER)

    @cached_property
    def _switch(self) -> Mask:
        """Mark, among the tokens with a language, those before which the language switches."""
        letters, utterance = self.letters[self._spoken], self.utterance[self._spoken]
        switch = np.zeros(len(letters), dtype=bool)
        switch[1:] = (letters[1:] != letters[:-1]) & (utterance[1:] == utterance[:-1])
        return switch

    @cached_property
    def switches(self) -> Numbers:
        """Count switches per utterance."""
        at = self.utterance[self._spoken[self._switch]]
        return np.bincount(at, minlength=self.utterances)

    @cached_property
    def near_switch(self) -> Mask:
        """Mark the last token before each switch and the first after it."""
        after = np.flatnonzero(self._switch)
        near = np.zeros(len(self.letters), dtype=bool)
        near[self._spoken[after]] = near[self._spoken[after - 1]] = True
        return near


class Columns:
    """The answers of a test set: both sides, and every slip with its language and its token."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = answers
        self.truth = Side([answer.truth_codes for answer in answers])
        self.hyp = Side([answer.hyp_codes for answer in answers])
        slips = [answer.slips for answer in answers]
        self.kinds = _letters([each.kinds for each in slips])
        self.languages = _letters([each.languages for each in slips])
        self.slip_utterance = np.repeat(np.arange(len(slips)), [len(each.kinds) for each in slips])
        starts = np.cumsum(self.truth.lengths) - self.truth.lengths
        owners = np.array([owner for each in slips for owner in each.owners], dtype=np.int64)
        self.owners = owners + starts[self.slip_utterance]

    def __len__(self) -> int:
        """Count the answers."""
        return len(self.answers)

    def rows(self, tokens: Mask, slips: Mask) -> Numbers:
        """Count slips and tokens of each answer: [answer, (errors, truth tokens)]."""
        errors = np.bincount(self.slip_utterance[slips], minlength=len(self))
        return np.stack([errors, self.truth.per_utterance(tokens)], axis=1)

    @cached_property
    def errors(self) -> Numbers:
        """Count errors and truth tokens of each answer: [answer, (errors, truth tokens)]."""
        errors = np.bincount(self.slip_utterance, minlength=len(self))
        return np.stack([errors, self.truth.lengths], axis=1)

    @cached_property
    def total(self) -> Counts:
        """Count the edits of all answers."""
        everything = np.ones(len(self.truth.letters), dtype=bool)
        return self.counts(everything, np.ones(len(self.kinds), dtype=bool))

    def counts(self, tokens: Mask, slips: Mask) -> Counts:
        """Count edits over the marked tokens of the truth and the marked slips."""
        kinds = self.kinds[slips]
        substitutions, deletions, insertions = (int((kinds == ord(k)).sum()) for k in "SDI")
        hits = int(tokens.sum()) - substitutions - deletions
        return Counts(hits, substitutions, deletions, insertions)

    def language(self, name: str) -> Counts:
        """Count edits of a language's tokens; an insertion is the hypothesis's token's."""
        letter = LANGUAGE_LETTERS[name]
        return self.counts(self.truth.letters == letter, self.languages == letter)

    def points(self) -> dict[str, Counts]:
        """Count edits at the embedded language's tokens, at the rest, and beside a switch.

        As PIER does (arXiv 2501.09512): an insertion belongs to the truth token that follows
        it, at the end to the last one; utterances in one language are left out.

        Departure: the embedded language is the one with fewer tokens in the utterance, English
        where they are even; PIER fixes it to the Latin words.
        """
        truth = self.truth
        mixed = truth.is_mixed[truth.utterance]
        embedded = truth.letters == np.where(truth.zh < truth.en, Z, E)[truth.utterance]
        masks = {
            "embedded": mixed & embedded,
            "rest": mixed & ~embedded,
            "near_switch": truth.near_switch,
        }
        in_mixed = truth.is_mixed[self.slip_utterance]
        # Slips of a truth without tokens have no owner; none of them is in a mixed utterance.
        owners = np.where(in_mixed, self.owners, 0)
        padded = {name: np.append(mask, False) for name, mask in masks.items()}
        return {
            name: self.counts(mask, in_mixed & padded[name][owners]) for name, mask in masks.items()
        }
