"""What a detector looks at: truth and hypothesis, their alignment, and counts drawn from it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from earmark.text import tokenize
from earmark.text.align import Edit, align
from earmark.text.language import Language, language_of
from earmark.translators.lexicon import Lexicon, Match, same_stem

Spoken = Literal["zh", "en"]
OTHER: dict[Spoken, Spoken] = {"zh": "en", "en": "zh"}
SPOKEN: tuple[Spoken, ...] = ("zh", "en")

# How long a token takes to say, in syllables of Mandarin; an English word takes about 1.4.
SYLLABLES: dict[Language, float] = {"zh": 1.0, "en": 1.4, "other": 1.0}
# A language is lost when the hypothesis writes at most this many tokens of it for each one said.
LOST_SHARE = 0.25
# What must stand in place of lost words, in syllables for each lost syllable, to be their
# translation: English words become one or two characters, four characters may become one word.
REPLACED = {"zh": 0.25, "en": 0.5}


class Stretch(NamedTuple):
    """A longest stretch without a hit: truth tokens `truth`, hypothesis tokens `hyp` (slices)."""

    truth: slice
    hyp: slice


class Evidence:
    """Truth and hypothesis side by side. Build it once; every detector reads from it.

    `truth` is None when nobody knows it. Tokens and edits may be passed in when they have
    been computed already; they must belong to these texts.
    """

    def __init__(
        self,
        truth: str | None,
        hyp: str,
        *,
        lexicon: Lexicon | None = None,
        edits: Sequence[Edit] | None = None,
        truth_tokens: Sequence[str] | None = None,
        hyp_tokens: Sequence[str] | None = None,
    ) -> None:
        self.truth = truth
        self.hyp = hyp
        self.lexicon = lexicon
        self.truth_tokens = tokenize(truth or "") if truth_tokens is None else truth_tokens
        self.hyp_tokens = tokenize(hyp) if hyp_tokens is None else hyp_tokens
        given = align(self.truth_tokens, self.hyp_tokens) if edits is None else edits
        self.truth_languages = [language_of(token) for token in self.truth_tokens]
        self.hyp_languages = [language_of(token) for token in self.hyp_tokens]
        self._survey(given)

    def _survey(self, edits: Iterable[Edit]) -> None:
        """Count the edits and gather the stretches without a hit, in one pass."""
        self.counts = {"hit": 0, "substitution": 0, "deletion": 0, "insertion": 0}
        self.heard: dict[Language, int] = {"zh": 0, "en": 0, "other": 0}
        self.stretches: list[Stretch] = []
        truth_at = hyp_at = truth_from = hyp_from = 0
        for kind, truth, hyp in edits:
            self.counts[kind] += 1
            if kind == "hit" and truth is not None:
                if truth_at > truth_from or hyp_at > hyp_from:
                    self.stretches.append(
                        Stretch(slice(truth_from, truth_at), slice(hyp_from, hyp_at))
                    )
                truth_from, hyp_from = truth_at + 1, hyp_at + 1
                self.heard[self.truth_languages[truth]] += 1
            truth_at += truth is not None
            hyp_at += hyp is not None
        if truth_at > truth_from or hyp_at > hyp_from:
            self.stretches.append(Stretch(slice(truth_from, truth_at), slice(hyp_from, hyp_at)))

    @property
    def is_exact(self) -> bool:
        """Say whether every token was heard and none added."""
        return not self.stretches

    @cached_property
    def lost(self) -> list[Spoken]:
        """List the languages of the truth that the hypothesis hardly writes any more."""
        return [
            language
            for language in SPOKEN
            if (said := self.truth_languages.count(language))
            and self.hyp_languages.count(language) <= said * LOST_SHARE
        ]

    @cached_property
    def matrix(self) -> Spoken:
        """Name the language that most of the truth is said in."""
        return matrix_of(self.truth_languages)

    @cached_property
    def swaps(self) -> dict[Spoken, "Swap"]:
        """Return what was lost of each language and what the other gained, over the utterance."""
        return {language: self._swap(language, self.stretches) for language in SPOKEN}

    def swap(self, language: Spoken, stretch: Stretch) -> "Swap":
        """Return what was lost of a language and what the other gained in one stretch."""
        return self._swap(language, [stretch])

    def _swap(self, language: Spoken, stretches: Sequence[Stretch]) -> "Swap":
        """Weigh, in syllables, what left one language and what came in the other."""
        lost = gained = 0
        other = OTHER[language]
        for truth, hyp in stretches:
            lost += self.truth_languages[truth].count(language)
            lost -= self.hyp_languages[hyp].count(language)
            gained += self.hyp_languages[hyp].count(other)
            gained -= self.truth_languages[truth].count(other)
        return Swap(language, lost, gained)

    @cached_property
    def found(self) -> dict[Spoken, int]:
        """Count, by language, the truth's tokens that the hypothesis writes somewhere."""
        shared = Counter(self.truth_tokens) & Counter(self.hyp_tokens)
        found: dict[Spoken, int] = {"zh": 0, "en": 0}
        for token, count in shared.items():
            language = language_of(token)
            if language != "other":
                found[language] += count
        return found

    def anchors(self, language: Spoken) -> float | None:
        """Return the share of the truth's words of a language that were written, in any place.

        English words count when they begin alike (hike, hiking). None when the truth has
        fewer than two words of the language, too few to judge by.
        """
        said = self.truth_languages.count(language)
        if said < 2:
            return None
        found = self.found[language]
        if language == "en" and found < said:
            written = {token for token in self.hyp_tokens if language_of(token) == "en"}
            spoken = {token for token in self.truth_tokens if language_of(token) == "en"}
            found += sum(
                any(same_stem(word, other) for other in written) for word in spoken - written
            )
        return found / said

    def match(self, language: Spoken, stretches: Sequence[Stretch] | None = None) -> Match:
        """Look up the truth's unheard words of a language: how many are known, and were translated.

        All that the hypothesis wrote without a hit in these stretches may hold the translation.
        """
        if self.lexicon is None:
            return Match(0, 0)
        looked_at = self.stretches if stretches is None else stretches
        written = [token for _, hyp in looked_at for token in self.hyp_tokens[hyp]]
        known = found = 0
        for truth, _ in looked_at:
            one = self.lexicon.match(self.truth_tokens[truth], written, OTHER[language])
            known, found = known + one.known, found + one.found
        return Match(known, found)


class Swap(NamedTuple):
    """Tokens that a language lost, and tokens that the other gained in their place."""

    language: Spoken
    lost: int
    gained: int

    @property
    def ratio(self) -> float:
        """Return syllables gained for each syllable lost; 0 when nothing was lost."""
        if self.lost <= 0:
            return 0.0
        gained = max(0, self.gained) * SYLLABLES[OTHER[self.language]]
        return gained / (self.lost * SYLLABLES[self.language])

    @property
    def is_replaced(self) -> bool:
        """Say whether enough stands in place of the lost words to be their translation."""
        return self.lost > 0 and self.ratio >= REPLACED[self.language]


def matrix_of(languages: Sequence[Language]) -> Spoken:
    """Name the language that takes longer to say; at a tie, Mandarin.

    >>> matrix_of(["zh", "zh", "en"]), matrix_of(["en", "other", "zh"])
    ('zh', 'en')
    """
    weight = {language: languages.count(language) * SYLLABLES[language] for language in SPOKEN}
    return "en" if weight["en"] > weight["zh"] else "zh"


def syllables(languages: Iterable[Language]) -> float:
    """Estimate how long tokens of these languages take to say, in syllables."""
    return sum(SYLLABLES[language] for language in languages)
