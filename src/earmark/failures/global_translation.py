"""Translation, global: everything is written in one language (arXiv 2605.23975)."""

from random import Random

from earmark.failures.evidence import LOST_SHARE, Evidence
from earmark.failures.mix import OTHER, SPOKEN, Spoken
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface, surface_of
from earmark.text.language import language_of

# Names stay as they are in any language, so a text counts as one language with a few left over.
LEFT_OVER = 0.05
# The share of the lost words whose meaning must be written in the other language.
LEAST_MEANT = 0.1


def detect(evidence: Evidence) -> bool:
    """Return whether a language of the truth was translated until hardly a word of it is left."""
    return is_translated(evidence) and any(
        evidence.written.of(language) <= LEFT_OVER * evidence.written.total
        and evidence.fates_in(language)["m"] > 0
        for language in SPOKEN
    )


def is_translated(evidence: Evidence) -> bool:
    """Return whether meaning explains a tenth of what was lost, and as much as sound does."""
    fates = evidence.fates
    return fates["m"] >= max(1, fates["x"], LEAST_MEANT * fates.total())


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Translate all into one language, drawn at random; the other if words are unknown.

    None when the translator cannot do either. Speech in one language goes into the other.
    """
    if tools.translator is None:
        return None
    for to in targets(rng):
        said = truth.languages.count(OTHER[to])
        if not said:
            continue
        translation = tools.translator.translate(truth.text, to)
        tokens, left = surface_of(translation.text).tokens, len(translation.unknown)
        is_whole = left <= LEFT_OVER * len(tokens) and left <= said * LOST_SHARE
        if is_whole and any(language_of(token) == to for token in tokens):
            return capitalized_like(truth, translation.text)
    return None


def targets(rng: Random) -> tuple[Spoken, Spoken]:
    """Draw the language to translate into first, and name the other one after it."""
    first = rng.choice(SPOKEN)
    return first, OTHER[first]


def capitalized_like(truth: Surface, text: str) -> str:
    """Begin a text with a capital when the truth does so."""
    return text[:1].upper() + text[1:] if truth.text.lstrip()[:1].isupper() else text
