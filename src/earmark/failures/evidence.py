"""What a detector looks at: truth and hypothesis, their alignment, and counts drawn from it."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from earmark.failures.mix import SPOKEN, Mix, Spoken, mix_of
from earmark.failures.places import Fate, Place, fates_of
from earmark.failures.spelling import may_differ_in_spelling, written_alike
from earmark.text import tokenize
from earmark.text.align import Block, align_blocks
from earmark.text.codeswitching import language_codes
from earmark.text.language import language_of
from earmark.text.pronunciation import sound_of
from earmark.translators.dictionaries.dictionary import Dictionary

# A language is lost when the hypothesis writes at most this many tokens of it for each one said.
LOST_SHARE = 0.25


class Stretch(NamedTuple):
    """A longest stretch without a hit: where it is in truth and hypothesis, and what is in it."""

    truth: slice
    hyp: slice
    said: Mix
    written: Mix

    @property
    def surplus(self) -> float:
        """Return how much longer what was written is than what was said, in syllables."""
        return self.written.syllables - self.said.syllables


class Evidence:
    """Truth and hypothesis side by side. Build it once; every detector reads from it.

    `truth` is None when it is unknown. Tokens and blocks may be passed in when they have
    been computed already; they must belong to these texts.
    """

    def __init__(
        self,
        truth: str | None,
        hyp: str,
        *,
        dictionary: Dictionary | None = None,
        blocks: Sequence[Block] | None = None,
        truth_tokens: Sequence[str] | None = None,
        hyp_tokens: Sequence[str] | None = None,
    ) -> None:
        self.truth = truth
        self.hyp = hyp
        self.dictionary = dictionary
        self.truth_tokens = tokenize(truth or "") if truth_tokens is None else truth_tokens
        self.hyp_tokens = tokenize(hyp) if hyp_tokens is None else hyp_tokens
        self.truth_codes = language_codes(self.truth_tokens)
        self.hyp_codes = language_codes(self.hyp_tokens)
        self.said, self.written = mix_of(self.truth_codes), mix_of(self.hyp_codes)
        if blocks is None:
            blocks = align_blocks(self.truth_tokens, self.hyp_tokens)
        equal = [block for block in blocks if block[0] == "equal"]
        self.hits = sum(block[2] - block[1] for block in equal)
        self.stretches = self._between(equal)

    def _between(self, equal: Sequence[Block]) -> list[Stretch]:
        """Return the stretches before, between and after the blocks of hits."""
        stretches = []
        truth_from = hyp_from = 0
        ends = len(self.truth_codes), len(self.hyp_codes)
        for _, truth, truth_to, hyp, hyp_to in (*equal, ("equal", ends[0], 0, ends[1], 0)):
            if truth > truth_from or hyp > hyp_from:
                said = mix_of(self.truth_codes[truth_from:truth])
                written = mix_of(self.hyp_codes[hyp_from:hyp])
                places = slice(truth_from, truth), slice(hyp_from, hyp)
                stretches.append(Stretch(*places, said, written))
            truth_from, hyp_from = truth_to, hyp_to
        return stretches

    @property
    def is_mixed(self) -> bool:
        """Return whether the truth is in both languages."""
        return self.said.zh > 0 and self.said.en > 0

    @cached_property
    def lost(self) -> list[Spoken]:
        """Return the languages of the truth of which hardly anything is written."""
        return [
            language
            for language in SPOKEN
            if 0 < self.said.of(language) * LOST_SHARE >= self.written.of(language)
        ]

    @cached_property
    def as_said(self) -> "Evidence":
        """Return the same with what differs in spelling only written alike on both sides."""
        parts = [
            (self.truth_tokens[stretch.truth], self.hyp_tokens[stretch.hyp])
            for stretch in self.stretches
        ]
        if not any(may_differ_in_spelling(chain(*part)) for part in parts):
            return self
        written = [written_alike(*part) for part in parts]
        if all(list(one) == list(other) for one, other in zip(written, parts, strict=True)):
            return self
        truth: list[str] = []
        hyp: list[str] = []
        truth_from = hyp_from = 0
        for stretch, alike in zip(self.stretches, written, strict=True):
            truth += [*self.truth_tokens[truth_from : stretch.truth.start], *alike.truth]
            hyp += [*self.hyp_tokens[hyp_from : stretch.hyp.start], *alike.hyp]
            truth_from, hyp_from = stretch.truth.stop, stretch.hyp.stop
        truth += self.truth_tokens[truth_from:]
        hyp += self.hyp_tokens[hyp_from:]
        return Evidence(
            self.truth, self.hyp, dictionary=self.dictionary, truth_tokens=truth, hyp_tokens=hyp
        )

    @cached_property
    def places(self) -> list[Fate]:
        """Return what became of each stretch, see `places.py`."""
        places = [
            Place(self.truth_tokens[stretch.truth], self.hyp_tokens[stretch.hyp])
            for stretch in self.stretches
        ]
        return fates_of(places, self.dictionary)

    @cached_property
    def fates(self) -> Counter[str]:
        """Count the letters of what became of each lost token; particles are left out."""
        counts = Counter("".join(place.letters for place in self.places))
        del counts["f"]
        return counts

    def fates_in(self, language: Spoken) -> Counter[str]:
        """Count the letters of the truth's tokens of one language."""
        return Counter(
            letter
            for stretch, place in zip(self.stretches, self.places, strict=True)
            for token, letter in zip(self.truth_tokens[stretch.truth], place.letters, strict=True)
            if letter != "f" and language_of(token) == language
        )

    @cached_property
    def share_meant(self) -> float:
        """Return the share explained by meaning, of what was lost or of what was written there."""
        lost = self.fates.total()
        written = sum(stretch.written.total for stretch in self.stretches)
        used = sum(len(place.used) for place in self.places)
        return max(self.fates["m"] / lost if lost else 0.0, used / written if written else 0.0)

    @cached_property
    def tokens_added(self) -> list[str]:
        """Return the hypothesis's tokens, with blanks for those whose meaning was said."""
        tokens = list(self.hyp_tokens)
        for stretch, place in zip(self.stretches, self.places, strict=True):
            for position in place.used:
                tokens[stretch.hyp.start + position] = ""
        return tokens

    @cached_property
    def sounds(self) -> tuple[str, str]:
        """Return how the truth and the hypothesis sound, as phone classes."""
        return sound_of(self.truth_tokens), sound_of(self.hyp_tokens)
