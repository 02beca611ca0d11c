"""What a detector looks at: truth and hypothesis, their alignment, and counts drawn from it."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from earmark.failures.mix import OTHER, SPOKEN, Mix, Spoken, Swap, mix_of, swap_of
from earmark.text import tokenize
from earmark.text.align import Block, align_blocks
from earmark.text.codeswitching import language_codes
from earmark.text.language import language_of
from earmark.translators.dictionary import Dictionary, Match, same_stem

# A language is lost when the hypothesis writes at most this many tokens of it for each one said.
LOST_SHARE = 0.25
# Fewer words of a language are too few to judge by whether they were written somewhere.
FEWEST_ANCHORS = 2


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
        lexicon: Dictionary | None = None,
        blocks: Sequence[Block] | None = None,
        truth_tokens: Sequence[str] | None = None,
        hyp_tokens: Sequence[str] | None = None,
    ) -> None:
        self.truth = truth
        self.hyp = hyp
        self.lexicon = lexicon
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
        self.lost: list[Spoken] = [
            language
            for language in SPOKEN
            if 0 < self.said.of(language) * LOST_SHARE >= self.written.of(language)
        ]
        self._anchors: dict[Spoken, float | None] = {}

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

    def swap(self, language: Spoken) -> Swap:
        """Return what a language lost and the other gained over the utterance."""
        return swap_of(language, self.said, self.written)

    def unheard(self) -> Counter[str]:
        """Count the truth's tokens that the hypothesis writes nowhere, not even out of place."""
        spoken = Counter(t for stretch in self.stretches for t in self.truth_tokens[stretch.truth])
        return spoken - Counter(
            t for stretch in self.stretches for t in self.hyp_tokens[stretch.hyp]
        )

    def anchors(self, language: Spoken) -> float | None:
        """Return the share of the truth's words of a language that were written, in any place.

        English words count when they begin alike (hike, hiking). None when the truth has
        fewer than two words of the language.
        """
        if language not in self._anchors:
            self._anchors[language] = self._find_anchors(language)
        return self._anchors[language]

    def _find_anchors(self, language: Spoken) -> float | None:
        """Look for the truth's words of a language all over the hypothesis."""
        said = self.said.of(language)
        if said < FEWEST_ANCHORS:
            return None
        unheard = {t: n for t, n in self.unheard().items() if language_of(t) == language}
        if language == "en":
            written = {token for token in self.hyp_tokens if language_of(token) == "en"}
            alike = [t for t in unheard if any(same_stem(t, other) for other in written)]
            unheard = {t: n for t, n in unheard.items() if t not in alike}
        return 1 - sum(unheard.values()) / said

    def match(self, language: Spoken, stretches: Sequence[Stretch] | None = None) -> Match:
        """Look up the truth's unheard words of a language: how many are known, and translated.

        All that the hypothesis wrote without a hit in these stretches may hold the translation.
        """
        if self.lexicon is None:
            return Match(0, 0)
        looked_at = self.stretches if stretches is None else stretches
        written = [token for stretch in looked_at for token in self.hyp_tokens[stretch.hyp]]
        known = found = 0
        for stretch in looked_at:
            tokens = self.truth_tokens[stretch.truth]
            one = self.lexicon.match(tokens, written, OTHER[language])
            known, found = known + one.known, found + one.found
        return Match(known, found)
